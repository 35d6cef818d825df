/* SPDX-License-Identifier: ISC */
/*
 * The types of services that the wire knows: which fields an order of each
 * takes and where its quantity comes from.  A new type is a new row.
 */
#ifndef LATCHKEY_SERVICE_TYPE_H
#define LATCHKEY_SERVICE_TYPE_H

#include <stddef.h>

enum quantity_source {
	QUANTITY_FIELD,   /* the field "quantity" */
	QUANTITY_PACKAGE, /* one, at the price of one */
	QUANTITY_LINES,   /* the lines of the type's list field */
	QUANTITY_POSTS    /* "max" for each of "posts" and "old_posts" */
};

/* How the value of a field of an order is checked. */
enum field_kind {
	FIELD_LINK,   /* http(s), at most 1000 bytes */
	FIELD_WORD,   /* one line, at most 500 bytes */
	FIELD_TEXT,   /* lines, bounded by the body */
	FIELD_NUMBER, /* a whole number from 0 to 10^9 */
	FIELD_DATE    /* d/m/Y, a day that exists */
};

struct service_field {
	const char *name;
	enum field_kind kind;
};

/* Needed only where another field has a value. */
struct field_condition {
	const char *field;
	const char *value;
};

enum { SERVICE_TYPE_FIELDS = 8 };

struct service_type_field {
	const char *name; /* NULL ends the list */
	int optional;
	struct field_condition needed_if; /* field NULL: always */
};

struct service_type {
	const char *name;
	enum quantity_source quantity;
	const char *lines; /* for QUANTITY_LINES */
	int dripfeed;      /* may take runs */
	struct service_type_field fields[SERVICE_TYPE_FIELDS];
};

/* All types; ends with a name of NULL. */
extern const struct service_type service_types[];

/* All fields that any type takes; ends with a name of NULL. */
extern const struct service_field service_fields[];

/* The type of that exact name, or NULL. */
const struct service_type *service_type_find(const char *name);

#endif
