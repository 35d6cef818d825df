/* SPDX-License-Identifier: ISC */
/*
 * Short texts that people give.  C1 controls are refused like C0: some
 * terminals obey them.
 */
#include "text.h"

#include <stdint.h>
#include <string.h>

/*
 * Reads one character of UTF-8 (RFC 3629) at s; gives its length in bytes,
 * 0 if it is malformed, overlong, a surrogate or above U+10FFFF.  A NUL ends
 * any sequence that it interrupts.
 */
static size_t
utf8_char(const unsigned char *s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;

	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	*c = s[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fu);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

/* C0, DEL and C1. */
static int
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* True if s is at most max bytes of characters that are no controls. */
static int
is_text(const char *s, size_t max, int lines)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c = 0;
	size_t n;

	if (strnlen(s, max + 1) > max)
		return 0;
	for (; *p != '\0'; p += n) {
		if ((n = utf8_char(p, &c)) == 0)
			return 0;
		if (lines && (c == '\n' || c == '\t'))
			continue;
		if (is_control(c))
			return 0;
	}
	return 1;
}

int
text_is_line(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len == 0 || s[0] == ' ' || s[len - 1] == ' ')
		return 0;
	return is_text(s, max, 0);
}

int
text_is_block(const char *s, size_t max)
{
	return is_text(s, max, 1);
}

size_t
text_cut(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	/* Back over what a character goes on with (RFC 3629, section 3). */
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

int
text_count(const char *s, size_t len, size_t *n)
{
	/* Room for the rest of a character that the end cuts. */
	unsigned char buf[4];
	size_t i, chars = 0, one, left;
	uint32_t c = 0;

	*n = 0;
	for (i = 0; i < len; i += one, chars++) {
		left = len - i < sizeof(buf) ? len - i : sizeof(buf);
		memset(buf, 0, sizeof(buf));
		memcpy(buf, s + i, left);
		if (buf[0] == '\0' || (one = utf8_char(buf, &c)) == 0)
			return 0;
	}
	*n = chars;
	return 1;
}

void
text_clean(const char *s, size_t max, char *out)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = 0, n, i;
	uint32_t c = 0;

	while (*p == ' ')
		p++;
	for (; *p != '\0' && len < max; p += n) {
		n = utf8_char(p, &c);
		if (n == 0 || is_control(c)) {
			n = n == 0 ? 1 : n;
			out[len++] = '?';
			continue;
		}
		if (len + n > max)
			break;
		for (i = 0; i < n; i++)
			out[len++] = (char)p[i];
	}
	while (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

int
text_email(const char *s, char out[TEXT_EMAIL_MAX + 1])
{
	static const char local[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				    ".!#$%&'*+-/=?^_`{|}~";
	static const char domain[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strnlen(s, TEXT_EMAIL_MAX + 1), i, at;

	if (len > TEXT_EMAIL_MAX)
		return 0;
	for (i = 0; i < len; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a')
						    : s[i];
	out[len] = '\0';
	at = strspn(out, local);
	/* As an argument a hyphen would make an option of it. */
	if (out[0] == '-' || at == 0 || at >= len || out[at] != '@')
		return 0;
	i = at + 1;
	return out[i] != '\0' && out[i] != '.' && out[i] != '-' &&
	       i + strspn(out + i, domain) == len && out[len - 1] != '.' &&
	       out[len - 1] != '-';
}
