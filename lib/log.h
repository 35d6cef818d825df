/* SPDX-License-Identifier: ISC */
/*
 * One line an event to stderr or to whoever keeps the log instead:
 * "latchkey add[incident]: cannot ...".  Never a key, a secret or a body.
 */
#ifndef LATCHKEY_LOG_H
#define LATCHKEY_LOG_H

#include <stddef.h>

/* The id that ties an answer to its log lines: 16 hex digits and NUL. */
enum { LOG_INCIDENT_LEN = 17 };

/* Names the program in every line; the string is kept, not copied. */
void log_program(const char *name);

/*
 * From now on lines go to sink(arg, line, len), each with its line feed, and
 * only those that it does not take (false) to stderr.  NULL: all to stderr.
 */
void log_to(int (*sink)(void *arg, const char *line, size_t len), void *arg);

/* Draws a new incident id, for the next call. */
void log_incident_new(void);

/* The current incident id; "-" before the first one is drawn. */
const char *log_incident(void);

/*
 * Writes one line (verb first, lower case, no full stop).  Control bytes
 * become '?', a line is cut at 1000 bytes, errno is kept.
 */
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
