/* SPDX-License-Identifier: ISC */
/*
 * Words that passwords are made of again and again; for password_check.
 */
#ifndef LATCHKEY_PASSWORD_WORDS_H
#define LATCHKEY_PASSWORD_WORDS_H

enum { PASSWORD_WORD_LEN = 16 }; /* of the longest, NUL included */

/* All of them, of three bytes or more; an empty one ends the list. */
extern const char password_words[][PASSWORD_WORD_LEN];

#endif
