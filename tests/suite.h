/* SPDX-License-Identifier: ISC */
/*
 * What every test program has in common: a program is one Check suite, and
 * its main() is one line.  How it is run (CK_FORK, CK_RUN_CASE, time limits)
 * is told by Check's own environment variables.
 */
#ifndef LATCHKEY_TESTS_SUITE_H
#define LATCHKEY_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* main() of a program that runs the Suite that make_suite() returns. */
#define SUITE_MAIN(make_suite)                                    \
	int main(void)                                            \
	{                                                         \
		SRunner *runner = srunner_create(make_suite());   \
		int failed;                                       \
                                                                  \
		srunner_run_all(runner, CK_ENV);                  \
		failed = srunner_ntests_failed(runner);           \
		srunner_free(runner);                             \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

/* The number of rows of a table. */
#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

#endif
