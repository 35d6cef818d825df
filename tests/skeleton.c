/* SPDX-License-Identifier: ISC */
/*
 * A reader of HTML that has nothing in common with the one that it is to
 * judge: lenient as a browser, where that one is strict.
 */
#include "skeleton.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_LEN = 64 };

static const char *const urls[] = { "href", "src", "action", "formaction",
	"cite", "poster", "data", "background", "longdesc", "usemap",
	"manifest", "icon", "profile", "xlink:href", "srcset", "ping" };

static const char *const codes[] = { "style", "srcdoc", "http-equiv", "rel" };

/* Elements whose content is no markup: in full, or text alone. */
static const char *const raws[] = { "script", "style", "iframe", "noembed",
	"noframes", "xmp" };
static const char *const words[] = { "title", "textarea" };

static int
is_in(const char *name, const char *const list[], size_t n)
{
	while (n > 0)
		if (strcasecmp(name, list[--n]) == 0)
			return 1;
	return 0;
}

#define IS_IN(name, list) is_in(name, list, sizeof(list) / sizeof((list)[0]))

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* --- URLs ----------------------------------------------------------------- */

/* The character that a reference to one begins with; *len of it. */
static int
decode(const char *s, size_t *len)
{
	static const struct {
		const char *text;
		int c;
	} names[] = { { "&amp;", '&' }, { "&quot;", '"' }, { "&lt;", '<' },
		{ "&gt;", '>' }, { "&colon;", ':' }, { "&sol;", '/' },
		{ "&bsol;", '\\' }, { "&Tab;", '\t' }, { "&NewLine;", '\n' } };
	size_t i;
	char *end;
	long c;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*len = strlen(names[i].text);
		if (strncmp(s, names[i].text, *len) == 0)
			return names[i].c;
	}
	*len = 1;
	if (s[0] != '&' || s[1] != '#')
		return (unsigned char)s[0];
	c = s[2] == 'x' || s[2] == 'X' ? strtol(s + 3, &end, 16)
				       : strtol(s + 2, &end, 10);
	if (c <= 0 || c > 0x7f)
		return '&';
	*len = (size_t)(end - s) + (*end == ';');
	return (int)c;
}

/* As the parser of URLs sees it: decoded, without what that passes over. */
static char *
plain_url(const char *value)
{
	char *url = malloc(strlen(value) + 1), *to = url;
	size_t len;
	int c;

	if (url == NULL)
		abort();
	for (; *value != '\0'; value += len) {
		c = decode(value, &len);
		if (c == '\t' || c == '\n' || c == '\r' ||
		    (to == url && c <= ' '))
			continue;
		*to++ = (char)c;
	}
	*to = '\0';
	return url;
}

static void
put_url(FILE *out, const char *value)
{
	char *url = plain_url(value), *rest = url;
	size_t n = strspn(url,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-"
	    ".");

	if (is_letter(url[0]) && url[n] == ':') {
		rest = url + n + 1;
		if (strncasecmp(url, "https:", 6) != 0 &&
		    strncasecmp(url, "http:", 5) != 0 &&
		    strncasecmp(url, "mailto:", 7) != 0)
			(void)fprintf(out, " code(%s)", url);
		(void)fprintf(out, " scheme(%.*s)", (int)n, url);
		if (strncasecmp(url, "http", 4) == 0)
			(void)fprintf(out, " host(%.*s)",
			    (int)strcspn(rest + strspn(rest, "/\\"), "/\\?#"),
			    rest + strspn(rest, "/\\"));
	} else if (strspn(url, "/\\") >= 2) {
		rest = url + strspn(url, "/\\");
		(void)fprintf(
		    out, " host(%.*s)", (int)strcspn(rest, "/\\?#"), rest);
	}
	free(url);
}

/* --- tags ----------------------------------------------------------------- */

static void
put_value(FILE *out, const char *name, const char *begin, const char *end)
{
	char *value = strndup(begin, (size_t)(end - begin));

	if (value == NULL)
		abort();
	if (strncasecmp(name, "on", 2) == 0 || IS_IN(name, codes))
		(void)fprintf(out, " code(%s)", value);
	if (IS_IN(name, urls))
		put_url(out, value);
	free(value);
}

/* A name up to what ends it; it is copied in lower case, cut if need be. */
static const char *
read_name(const char *s, const char *ends, char name[NAME_LEN])
{
	size_t n = 0;

	for (; *s != '\0' && !is_space(*s) && strchr(ends, *s) == NULL; s++)
		if (n < NAME_LEN - 1)
			name[n++] = *s;
	name[n] = '\0';
	return s;
}

/* An attribute, from its first character. */
static const char *
read_attribute(FILE *out, const char *s)
{
	char name[NAME_LEN];
	const char *begin = s, *end;

	/* A first "=" belongs to the name. */
	s = read_name(s + 1, "/>=", name);
	(void)fprintf(out, " %.*s", (int)(s - begin), begin);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(s - begin), begin);
	while (is_space(*s))
		s++;
	if (*s != '=')
		return s;
	for (s++; is_space(*s);)
		s++;
	if (*s == '"' || *s == '\'') {
		end = strchr(s + 1, *s);
		if (end == NULL)
			end = s + strlen(s);
		put_value(out, name, s + 1, end);
		return *end != '\0' ? end + 1 : end;
	}
	begin = s;
	s = read_name(s, ">", name);
	(void)fprintf(out, " bare(%.*s)", (int)(s - begin), begin);
	return s;
}

/* The end tag of an element whose content is no markup, or the end. */
static const char *
find_end(const char *s, const char *name)
{
	size_t len = strlen(name);

	for (; *s != '\0'; s++)
		if (s[0] == '<' && s[1] == '/' &&
		    strncasecmp(s + 2, name, len) == 0 &&
		    (is_space(s[2 + len]) || s[2 + len] == '/' ||
			s[2 + len] == '>'))
			break;
	return s;
}

/* A tag, from behind its "<" (and "/"). */
static const char *
read_tag(FILE *out, const char *s, int is_end)
{
	char name[NAME_LEN];
	const char *begin = s, *end;

	s = read_name(s, "/>", name);
	(void)fprintf(
	    out, "\n%s%.*s", is_end ? "/" : "", (int)(s - begin), begin);
	while (*s != '\0' && *s != '>') {
		if (is_space(*s) || *s == '/')
			s++;
		else
			s = read_attribute(out, s);
	}
	if (*s == '\0')
		return s;
	s++;
	if (is_end || (!IS_IN(name, raws) && !IS_IN(name, words)))
		return s;
	end = find_end(s, name);
	if (IS_IN(name, raws))
		(void)fprintf(out, " code(%.*s)", (int)(end - s), s);
	return end;
}

/* A comment or a declaration, from behind its "<!" or "<?". */
static const char *
read_comment(FILE *out, const char *s)
{
	const char *begin = s, *end = NULL, *other;

	if (strncmp(s, "-->", 3) == 0 || strncmp(s, "--->", 4) == 0) {
		end = strchr(s, '>');
	} else if (strncmp(s, "--", 2) == 0) {
		end = strstr(s + 2, "-->");
		other = strstr(s + 2, "--!>");
		if (other != NULL && (end == NULL || other < end))
			end = other;
		end = end != NULL ? strchr(end, '>') : NULL;
	} else {
		end = strchr(s, '>');
	}
	if (end == NULL)
		end = s + strlen(s);
	(void)fprintf(out, "\n!%.*s", (int)(end - begin), begin);
	return *end != '\0' ? end + 1 : end;
}

char *
skeleton_of(const char *page)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	while ((page = strchr(page, '<')) != NULL) {
		page++;
		if (is_letter(*page))
			page = read_tag(out, page, 0);
		else if (*page == '/' && is_letter(page[1]))
			page = read_tag(out, page + 1, 1);
		else if (*page == '!' || *page == '?' || *page == '/')
			page = read_comment(out, page + 1);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}
