/* SPDX-License-Identifier: ISC */
/*
 * Certificates on P-256, made anew at every start: nothing that could expire
 * or be trusted by mistake is kept in the tree.
 */
#include "tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { DAY = 24 * 3600, YEARS = 3650 * DAY };

/* Two dots at least: a wildcard right below the top is honoured nowhere. */
static const char NAMES[] =
    "IP:127.0.0.1,IP:::1,DNS:localhost,DNS:*.hooks.test,"
    "DNS:*.hooks.localhost,DNS:hook1.test,DNS:hook2.test,DNS:hook3.test,"
    "DNS:hook4.test,DNS:hook5.test,DNS:hook6.test,DNS:hook7.test,"
    "DNS:hook8.test";

static const struct kind {
	const char *names;
	long from, to; /* seconds from now */
	int self_signed;
} kinds[TLS_CERTS] = {
	[TLS_GOOD] = { NAMES, -YEARS / 10, YEARS, 0 },
	[TLS_SELF_SIGNED] = { NAMES, -YEARS / 10, YEARS, 1 },
	[TLS_EXPIRED] = { NAMES, -YEARS / 10, -DAY, 0 },
	[TLS_NOT_YET] = { NAMES, DAY, YEARS, 0 },
	[TLS_WRONG_NAME] = { "DNS:another.test", -YEARS / 10, YEARS, 0 },
};

static int
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	int ok;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

/* All but the extensions and the signature. */
static X509 *
begin(EVP_PKEY *key, const char *name, long from, long to, X509 *issuer)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *subject;

	if (cert == NULL)
		return NULL;
	subject = X509_get_subject_name(cert);
	if (X509_set_version(cert, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), from) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), to) != NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(cert,
		issuer != NULL ? X509_get_subject_name(issuer) : subject) ==
		1 &&
	    X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

static X509 *
make_authority(EVP_PKEY *key)
{
	X509 *cert = begin(key, "Receiver's authority", -YEARS, YEARS, NULL);

	if (cert != NULL &&
	    add_extension(cert, cert, NID_basic_constraints,
		"critical,CA:TRUE,pathlen:0") &&
	    add_extension(
		cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
	    X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static X509 *
make_leaf(const struct kind *kind, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *cert = begin(key, "receiver", kind->from, kind->to,
	    kind->self_signed ? NULL : ca);
	X509 *issuer = kind->self_signed ? cert : ca;

	if (cert != NULL &&
	    add_extension(
		cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(
		cert, issuer, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") &&
	    add_extension(cert, issuer, NID_subject_alt_name, kind->names) &&
	    add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
	    add_extension(cert, issuer, NID_authority_key_identifier,
		kind->self_signed ? "keyid" : "keyid:always") &&
	    X509_sign(cert, kind->self_signed ? key : ca_key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* Sessions are resumed by tickets, as any server does by default. */
static SSL_CTX *
make_context(const struct kind *kind, X509 *ca, EVP_PKEY *ca_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key != NULL ? make_leaf(kind, key, ca, ca_key) : NULL;
	SSL_CTX *ctx = cert != NULL ? SSL_CTX_new(TLS_server_method()) : NULL;

	if (ctx != NULL && (SSL_CTX_use_certificate(ctx, cert) != 1 ||
			       SSL_CTX_use_PrivateKey(ctx, key) != 1)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	if (ctx != NULL) {
		(void)SSL_CTX_set_mode(
		    ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
			     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			     SSL_MODE_RELEASE_BUFFERS);
		(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
		(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
		SSL_CTX_set_read_ahead(ctx, 1);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static int
write_cert(const char *path, X509 *cert)
{
	FILE *file = fopen(path, "we");
	int ok = file != NULL && PEM_write_X509(file, cert) == 1;

	if (file != NULL)
		ok = fclose(file) == 0 && ok;
	return ok;
}

int
tls_make(const char *ca_path, SSL_CTX *ctx[TLS_CERTS])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *ca = key != NULL ? make_authority(key) : NULL;
	int ok = ca != NULL && write_cert(ca_path, ca), i;

	for (i = 0; ok && i < TLS_CERTS; i++) {
		ctx[i] = make_context(&kinds[i], ca, key);
		ok = ctx[i] != NULL;
	}
	if (!ok) {
		(void)fprintf(stderr, "receiver: cannot make %s\n", ca_path);
		ERR_print_errors_fp(stderr);
	}
	X509_free(ca);
	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}
