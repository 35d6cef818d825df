/* SPDX-License-Identifier: ISC */
/*
 * A text as a QR code (ISO/IEC 18004:2015: bytes, medium error correction,
 * versions 1 to 13), in the form that a page can draw it: the path of an SVG
 * image.
 */
#ifndef LATCHKEY_QR_H
#define LATCHKEY_QR_H

#include "rc.h"

enum {
	QR_TEXT_MAX = 331, /* bytes */
	QR_QUIET = 4       /* modules that stay light on each side */
};

/*
 * Makes the code of a text.  *path (owned by the caller, who wipes it if the
 * text is secret) draws its dark modules, each 1 by 1, into a square of
 * *size by *size that has the quiet zone in it.  RC_INVALID for a text that
 * is empty or too long, RC_FAIL (logged) without memory; *path is then NULL.
 */
enum rc qr_path(const char *text, char **path, int *size);

#endif
