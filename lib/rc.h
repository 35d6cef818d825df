/* SPDX-License-Identifier: ISC */
/*
 * How a function of the library ended.  What a caller of the API is told
 * about a failure is the business of error.h.
 */
#ifndef LATCHKEY_RC_H
#define LATCHKEY_RC_H

enum rc {
	RC_OK = 0,
	RC_INVALID,   /* the caller's mistake; the answer says which */
	RC_DENIED,    /* key or session unknown, expired or revoked */
	RC_NOT_FOUND, /* no such thing in this account; no further row */
	RC_LIMITED,   /* over a limit */
	RC_BUSY,      /* locked or full past the budget: try again later */
	RC_FAIL       /* our fault, already logged */
};

#endif
