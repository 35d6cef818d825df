/* SPDX-License-Identifier: ISC */
/*
 * A small strict reader of comma-separated values (RFC 4180): fields in
 * quotes may hold commas, line ends and doubled quotes; every record has as
 * many fields as the first.  Lines end in LF or CRLF; a byte order mark at
 * the beginning is passed over.
 */
#ifndef LATCHKEY_CSV_H
#define LATCHKEY_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rc.h"

enum {
	CSV_FIELDS_MAX = 64,   /* fields of a record */
	CSV_RECORD_MAX = 65536 /* bytes of a record, a NUL a field included */
};

struct csv;

/*
 * Makes a reader of in, which stays the caller's.  RC_FAIL (logged) without
 * memory.
 */
enum rc csv_new(FILE *in, struct csv **csv);

/* Frees; NULL is fine. */
void csv_free(struct csv *csv);

/*
 * Reads the next record.  RC_NOT_FOUND at the end; RC_INVALID if it is
 * malformed (csv_what says how), which ends reading; RC_FAIL (logged) if in
 * cannot be read.
 */
enum rc csv_next(struct csv *csv);

/* Fields of the record. */
size_t csv_count(const struct csv *csv);

/* Field i, from 0; "" past the last.  Borrowed until the next csv_next. */
const char *csv_field(const struct csv *csv, size_t i);

/* The line, from 1, on which the record began. */
int64_t csv_line(const struct csv *csv);

/* After RC_INVALID: what is wrong, in a few words (static text). */
const char *csv_what(const struct csv *csv);

#endif
