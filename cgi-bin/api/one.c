/* SPDX-License-Identifier: ISC */
/*
 * A program of one action; the Makefile says which.
 */
#include "call.h"

#define PASTE(a, b) a##b
#define ACTION_OF(name) PASTE(action_, name)
#define TEXT(name) #name
#define TEXT_OF(name) TEXT(name)

extern const struct action ACTION_OF(ACTION);

int
main(void)
{
	static const struct action *const actions[] = { &ACTION_OF(ACTION) };

	return call_main(TEXT_OF(ACTION), actions, 1);
}
