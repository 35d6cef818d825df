/* SPDX-License-Identifier: ISC */
/*
 * The web server's side of FastCGI.  Section numbers are those of the
 * specification 1.0.
 */
#include "fcgi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Section 3.3. */
void
fcgi_put_id(FILE *f, int type, int id, const void *content, size_t len)
{
	(void)fprintf(f, "%c%c%c%c%c%c%c%c", 1, type, id >> 8, id & 0xff,
	    (int)(len >> 8), (int)(len & 0xff), 0, 0);
	(void)fwrite(content, 1, len, f);
}

void
fcgi_put(FILE *f, int type, const void *content, size_t len)
{
	fcgi_put_id(
	    f, type, type < FCGI_GET_VALUES ? FCGI_ID : 0, content, len);
}

/* Section 5.1. */
void
fcgi_put_begin(FILE *f, int keep)
{
	const char content[8] = { 0, 1, (char)keep };

	fcgi_put(f, FCGI_BEGIN, content, sizeof(content));
}

/* Section 3.4. */
static void
put_length(FILE *f, size_t len)
{
	if (len > 127)
		(void)fprintf(f, "%c%c%c", (int)(len >> 24 | 0x80),
		    (int)(len >> 16 & 0xff), (int)(len >> 8 & 0xff));
	(void)fputc((int)(len & 0xff), f);
}

void
fcgi_put_params(FILE *f, const char *const vars[])
{
	char *text, *at;
	size_t len, n;
	FILE *pairs = open_memstream(&text, &len);

	if (pairs == NULL)
		abort();
	for (; *vars != NULL; vars++) {
		n = strcspn(*vars, "=");
		put_length(pairs, n);
		put_length(pairs, strlen(*vars) - n - 1);
		(void)fprintf(pairs, "%.*s%s", (int)n, *vars, *vars + n + 1);
	}
	(void)fclose(pairs);
	for (at = text; len > 0; at += n, len -= n) {
		n = len < FCGI_PIECE ? len : FCGI_PIECE;
		fcgi_put(f, FCGI_PARAMS, at, n);
	}
	fcgi_put(f, FCGI_PARAMS, "", 0);
	free(text);
}

void
fcgi_put_body(FILE *f, const void *body, size_t len)
{
	const char *at = body;
	size_t n;

	for (; len > 0; at += n, len -= n) {
		n = len < 65535 ? len : 65535;
		fcgi_put(f, FCGI_STDIN, at, n);
	}
	fcgi_put(f, FCGI_STDIN, "", 0);
}

int
fcgi_write(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_all(int fd, void *buf, size_t len)
{
	char *to = buf;

	while (len > 0) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

enum fcgi_end
fcgi_read(int fd, FILE *out, FILE *err, int *protocol)
{
	unsigned char h[8], content[65535 + 255];
	size_t len;

	while (read_all(fd, h, sizeof(h)) == 0) {
		len = (size_t)(h[4] << 8 | h[5]);
		if (h[0] != 1 || read_all(fd, content, len + h[6]) != 0)
			break;
		if (h[1] == FCGI_STDOUT) {
			(void)fwrite(content, 1, len, out);
		} else if (h[1] == FCGI_STDERR) {
			(void)fwrite(content, 1, len, err);
		} else if (h[1] == FCGI_END && len == 8) {
			if (protocol != NULL)
				*protocol = content[4];
			return memcmp(content, "\0\0\0\0\0", 5) == 0
				   ? FCGI_WHOLE
				   : FCGI_REFUSED;
		} else {
			break;
		}
	}
	return FCGI_CUT;
}
