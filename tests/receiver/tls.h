/* SPDX-License-Identifier: ISC */
/*
 * A certificate authority that lives as long as the receiver, and servers'
 * certificates, one good and others each bad in its own way.
 */
#ifndef LATCHKEY_TESTS_TLS_H
#define LATCHKEY_TESTS_TLS_H

enum tls_cert {
	TLS_GOOD = 0,    /* for what the list of names in tls.c says */
	TLS_SELF_SIGNED, /* for the same, signed by itself */
	TLS_EXPIRED,     /* for the same, until yesterday */
	TLS_NOT_YET,     /* for the same, from tomorrow on */
	TLS_WRONG_NAME,  /* for another.test only */
	TLS_CERTS
};

struct ssl_ctx_st;

/*
 * Makes the authority, writes its certificate to ca_path, and gives a
 * server's context for every certificate.  0, or -1 with words on stderr.
 */
int tls_make(const char *ca_path, struct ssl_ctx_st *ctx[TLS_CERTS]);

#endif
