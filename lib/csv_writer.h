/* SPDX-License-Identifier: ISC */
/*
 * A writer of comma-separated values (RFC 4180) for spreadsheets: every text
 * that somebody else has chosen is made so that no program takes it for a
 * formula.
 *
 * Text that could begin a cell with = + - or @ (or their full-width forms)
 * gets an apostrophe before that character.  A cell also begins where a
 * program that splits at semicolons or tabs would see one, as those of many
 * countries do, and after a line end inside quotes.
 *
 * Failures to write are the stream's: look at ferror(out) at the end.
 */
#ifndef LATCHKEY_CSV_WRITER_H
#define LATCHKEY_CSV_WRITER_H

#include <stdint.h>
#include <stdio.h>

struct csv_writer {
	FILE *out;     /* the caller's */
	int in_record; /* a cell was written since the last line end */
};

/*
 * Begins a file: a byte order mark, by which spreadsheets know UTF-8, and
 * the names of the columns, which end with NULL.
 */
void csv_writer_begin(
    struct csv_writer *csv, FILE *out, const char *const columns[]);

/* Writes a cell of anybody's text in UTF-8, defused; NULL is empty. */
void csv_writer_text(struct csv_writer *csv, const char *text);

/*
 * Writes a cell that this program has made of digits, letters and .:-+ alone,
 * as it is: an amount, a time, a name from a table.  NULL is empty.
 */
void csv_writer_plain(struct csv_writer *csv, const char *text);

/* Writes a cell with a number. */
void csv_writer_int(struct csv_writer *csv, int64_t n);

/* Ends the record. */
void csv_writer_end(struct csv_writer *csv);

#endif
