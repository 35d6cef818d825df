/* SPDX-License-Identifier: ISC */
/*
 * The contract of the API as tables: what is sent, and what must come back.
 *
 * In bodies, paths and headers $NAME stands for what the test has under that
 * name (keys, ids of orders in a known state, a link that no other row
 * uses).  An expected body is compared byte by byte after the same
 * replacement, but $ID stands for any id and * for anything.
 */
#ifndef LATCHKEY_TESTS_CONTRACT_H
#define LATCHKEY_TESTS_CONTRACT_H

#include <stddef.h>

enum { CONTRACT_HEADERS = 3 };

struct contract_row {
	const char *name;   /* states the fact */
	const char *method; /* as in struct http_call, from here */
	const char *path;
	const char *type;
	const char *headers[CONTRACT_HEADERS];
	const char *body;
	size_t pad; /* bytes of the body, made up with a last field */
	int chunked;
	int http10;
	int expect;
	int http;           /* expected status; 0: 200 */
	int strict;         /* the same with http_status = strict; 0: as http */
	const char *answer; /* expected body */
	const char *header; /* an expected header, "Name: value" */
	const char *then;   /* a second body; $LAST is the id just answered */
	const char *then_answer;
};

/* Ends with a name of NULL. */
extern const struct contract_row contract_rows[];

/* Every service type, with a service of it in the tests' catalogue. */
struct contract_type {
	const char *type;
	int service;
	const char *fields;   /* all that it requires, a valid body */
	const char *optional; /* more that it takes; may be NULL */
	const char *charge;   /* of an order with these, as status says */
	const char *remains;
};

/* Ends with a type of NULL. */
extern const struct contract_type contract_types[];

/* The tests' catalogue, for "latchkey service import". */
extern const char contract_catalog[];

#endif
