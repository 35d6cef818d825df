/* SPDX-License-Identifier: ISC */
/*
 * The way of a call, from the web server to its answer:
 *
 *   request and body -> address's rate -> key -> key's and tier's rate
 *     -> action -> answer
 */
#ifndef LATCHKEY_CALL_H
#define LATCHKEY_CALL_H

#include <stddef.h>

#include "action.h"

/*
 * What main() of a program of the API is: answers one call, or where a
 * FastCGI server has started it one after the other, each with one of the n
 * actions, and gives the exit status.  With one action the field "action"
 * may be missing.  Whatever goes wrong, an answer leaves.
 */
int call_main(
    const char *program, const struct action *const actions[], size_t n);

#endif
