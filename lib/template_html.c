/* SPDX-License-Identifier: ISC */
/*
 * Where in HTML a variable stands.  The tokenizer of the HTML standard
 * (section 13.2.5), cut down to the HTML that is written here: attributes in
 * quotes, no spaces around "=", nothing that would need another kind of
 * escaping.  Since a section ends at a place like the one where it began,
 * one pass over the template knows all the pages that it can make.
 */
#include "template_parse.h"

#include <string.h>
#include <strings.h>

enum { WORD_MAX = 24 }; /* longer names are none that we know */

enum state {
	IN_TEXT,
	IN_OPEN,      /* behind "<" */
	IN_DECLARE,   /* <!DOCTYPE, or the begin of a comment */
	IN_COMMENT,   /* until "-->" */
	IN_TAG_NAME,  /* of an element */
	IN_TAG,       /* behind a space: an attribute may begin */
	IN_TAG_AFTER, /* a space must come before an attribute */
	IN_TAG_SLASH, /* "/" in it: ">" must come */
	IN_ATTR_NAME,
	IN_ATTR_EQUALS, /* behind "=" */
	IN_VALUE,
	IN_END_NAME,  /* of an end tag */
	IN_END_TAG,   /* spaces before its ">" */
	IN_WORDS,     /* what title and textarea have: text, no elements */
	IN_WORDS_OPEN /* "<" there */
};

/* What a value of an attribute may have in it. */
enum value {
	VALUE_TEXT,
	VALUE_URL,
	VALUE_FIXED, /* no variables */
};

/* How far a URL's literal beginning holds it, from worst to best. */
enum url {
	URL_BEGIN,
	URL_OTHER, /* a scheme that is not ours, or nothing that we know */
	URL_WORD,  /* a scheme, or the first part of a path */
	URL_SLASH, /* "/": another could make a host of what follows */
	URL_HTTP,  /* "https:", then the slashes */
	URL_HOST,  /* the host of an absolute one */
	URL_HELD   /* in a path, a query or a fragment */
};

/* A place in HTML. */
struct place {
	enum state state;
	int ntags;       /* tags so far: tells one from another */
	int nattributes; /* likewise, in the tag */
	char quote;
	enum value value;
	enum url url;
	int is_end;  /* an end tag */
	size_t seen; /* characters of "--" that were there */
	char element[WORD_MAX];
	char word[WORD_MAX]; /* name or scheme that is being read */
	size_t len;
};

struct checker {
	struct place at;
	struct place open[TEMPLATE_DEPTH_MAX];
	size_t nopen;
	int line;
	struct template_fault *fault;
};

static enum rc
wrong(struct checker *c, const char *why)
{
	return template_fault(c->fault, c->line, "%s", why);
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == ':' || c == '.';
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* --- words ---------------------------------------------------------------- */

static void
word_begin(struct place *at, char c)
{
	at->len = 0;
	at->word[at->len++] = c;
	at->word[at->len] = '\0';
}

/* What is too long is cut, and so equals no word that we know. */
static void
word_add(struct place *at, char c)
{
	if (at->len < WORD_MAX - 1) {
		at->word[at->len++] = c;
		at->word[at->len] = '\0';
	}
}

static int
is_one_of(const char *word, const char *const list[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcasecmp(word, list[i]) == 0)
			return 1;
	return 0;
}

#define IS_ONE_OF(word, list) \
	is_one_of(word, list, sizeof(list) / sizeof((list)[0]))

/* Elements whose content is no HTML, or not what it seems. */
static const char *const refused_elements[] = { "style", "iframe", "frame",
	"object", "embed", "applet", "base", "xmp", "plaintext", "noembed",
	"noframes", "animate", "animatetransform", "animatemotion", "set",
	"math", "foreignobject" };

/* Elements that have text but no elements in them; a script not even text. */
static const char *const word_elements[] = { "title", "textarea", "script" };

/* Attributes that no page has: the policy for content would not obey. */
static const char *const refused_attributes[] = { "style", "srcdoc",
	"http-equiv", "xml:base" };

/* Attributes that hold a URL. */
static const char *const url_attributes[] = { "href", "src", "action",
	"formaction", "cite", "poster", "data", "background", "longdesc",
	"usemap", "manifest", "icon", "profile", "xlink:href" };

/* Attributes that hold several of them, or code. */
static const char *const fixed_attributes[] = { "srcset", "imagesrcset", "ping",
	"archive", "integrity", "nonce", "rel", "sandbox" };

static enum rc
begin_value(struct checker *c, char quote)
{
	struct place *at = &c->at;

	at->state = IN_VALUE;
	at->quote = quote;
	at->value = VALUE_TEXT;
	at->url = URL_BEGIN;
	if (IS_ONE_OF(at->word, url_attributes))
		at->value = VALUE_URL;
	else if (IS_ONE_OF(at->word, fixed_attributes))
		at->value = VALUE_FIXED;
	at->len = 0;
	return RC_OK;
}

/* At the end of an attribute's name. */
static enum rc
end_attribute(struct checker *c)
{
	const struct place *at = &c->at;

	if (strncasecmp(at->word, "on", 2) == 0)
		return wrong(c, "an event handler: scripts are files");
	if (strcasecmp(at->word, "style") == 0)
		return wrong(c, "a style attribute: styles are files");
	if (IS_ONE_OF(at->word, refused_attributes))
		return wrong(c, "an attribute that pages do not have");
	return RC_OK;
}

static enum rc
end_element_name(struct checker *c)
{
	struct place *at = &c->at;

	if (strcasecmp(at->word, "style") == 0)
		return wrong(c, "a style element: styles are files");
	if (IS_ONE_OF(at->word, refused_elements))
		return wrong(c, "an element that pages do not have");
	memcpy(at->element, at->word, sizeof(at->element));
	return RC_OK;
}

/* At the ">" of a start tag. */
static void
end_tag(struct place *at)
{
	at->state = IS_ONE_OF(at->element, word_elements) ? IN_WORDS : IN_TEXT;
}

/* --- URLs ----------------------------------------------------------------- */

/* Behind "scheme:". */
static enum url
after_scheme(struct place *at)
{
	at->len = 0;
	if (strcasecmp(at->word, "http") == 0 ||
	    strcasecmp(at->word, "https") == 0)
		return URL_HTTP;
	return strcasecmp(at->word, "mailto") == 0 ? URL_HELD : URL_OTHER;
}

static enum url
next_url(struct place *at, char c)
{
	switch (at->url) {
	case URL_BEGIN:
		if (c == '/')
			return URL_SLASH;
		if (c == '?' || c == '#')
			return URL_HELD;
		word_begin(at, c);
		return is_word(c) ? URL_WORD : URL_OTHER;
	case URL_WORD:
		if (c == ':')
			return after_scheme(at);
		if (c == '/' || c == '?' || c == '#')
			return URL_HELD;
		word_add(at, c);
		return is_word(c) ? URL_WORD : URL_OTHER;
	case URL_SLASH:
		at->len = 0;
		if (c == '/')
			return URL_HOST;
		return is_word(c) || c == '?' || c == '#' ? URL_HELD
							  : URL_OTHER;
	case URL_HTTP:
		if (c != '/')
			return URL_OTHER;
		if (++at->len < 2)
			return URL_HTTP;
		at->len = 0;
		return URL_HOST;
	case URL_HOST:
		/* Browsers take more slashes for two. */
		if (at->len > 0 && (c == '/' || c == '?' || c == '#'))
			return URL_HELD;
		at->len = 1;
		return is_word(c) ? URL_HOST : URL_OTHER;
	case URL_OTHER:
	case URL_HELD:
		break;
	}
	return at->url;
}

/* --- characters ----------------------------------------------------------- */

static enum rc
in_open(struct checker *c, char ch)
{
	struct place *at = &c->at;

	at->ntags++;
	at->nattributes = 0;
	at->is_end = 0;
	at->element[0] = '\0';
	if (ch == '!') {
		at->state = IN_DECLARE;
		at->seen = 0;
		at->len = 0;
		at->word[0] = '\0';
	} else if (ch == '/') {
		at->state = IN_END_NAME;
		at->len = 0;
		at->word[0] = '\0';
	} else if (is_letter(ch)) {
		at->state = IN_TAG_NAME;
		word_begin(at, ch);
	} else {
		return wrong(c, "a < that begins no tag: &lt; is meant");
	}
	return RC_OK;
}

static enum rc
in_declare(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if (at->len == 0 && ch == '-') {
		if (++at->seen == 2) {
			at->state = IN_COMMENT;
			at->seen = at->len = 0;
		}
		return RC_OK;
	}
	if (ch == '>' && at->seen == 0 &&
	    strcasecmp(at->word, "doctype html") == 0) {
		at->state = IN_TEXT;
		return RC_OK;
	}
	word_add(at, ch);
	if (at->seen > 0 || strncasecmp(at->word, "doctype html", at->len) != 0)
		return wrong(c, "neither <!DOCTYPE html> nor a comment");
	return RC_OK;
}

static enum rc
in_comment(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if ((ch == '>' && at->len == at->seen && at->len < 2) ||
	    (ch == '!' && at->seen >= 2))
		return wrong(c, "a comment that browsers end elsewhere");
	if (ch == '>' && at->seen >= 2)
		at->state = IN_TEXT;
	at->seen = ch == '-' ? at->seen + 1 : 0;
	at->len++;
	return RC_OK;
}

/* In a start tag, outside of names and values. */
static enum rc
in_tag(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if (at->state == IN_TAG_SLASH && ch != '>')
		return wrong(c, "a / in a tag");
	if (ch == '>') {
		end_tag(at);
	} else if (ch == '/') {
		at->state = IN_TAG_SLASH;
	} else if (is_space(ch)) {
		at->state = IN_TAG;
	} else if (at->state == IN_TAG_AFTER) {
		return wrong(c, "no space before an attribute");
	} else if (is_letter(ch)) {
		at->state = IN_ATTR_NAME;
		at->nattributes++;
		word_begin(at, ch);
	} else {
		return wrong(c, "an attribute's name that is not letters, or "
				"a space beside its =");
	}
	return RC_OK;
}

static enum rc
in_name(struct checker *c, char ch)
{
	struct place *at = &c->at;
	enum rc rc;

	if (is_word(ch)) {
		word_add(at, ch);
		return RC_OK;
	}
	rc = at->state == IN_TAG_NAME ? end_element_name(c) : end_attribute(c);
	if (rc != RC_OK)
		return rc;
	if (at->state == IN_ATTR_NAME && ch == '=') {
		at->state = IN_ATTR_EQUALS;
		return RC_OK;
	}
	at->state = IN_TAG_AFTER;
	return in_tag(c, ch);
}

static enum rc
in_value(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if (ch == at->quote)
		at->state = IN_TAG_AFTER;
	else if (at->value == VALUE_URL)
		at->url = next_url(at, ch);
	return RC_OK;
}

static enum rc
in_end(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if (at->state == IN_END_NAME && is_word(ch)) {
		word_add(at, ch);
		return RC_OK;
	}
	if (at->len == 0 || (ch != '>' && !is_space(ch)))
		return wrong(c, "an end tag that is more than a name");
	at->state = ch == '>' ? IN_TEXT : IN_END_TAG;
	return RC_OK;
}

static int
is_script(const struct place *at)
{
	return strcasecmp(at->element, "script") == 0;
}

/* In title and textarea "<" begins their end, or is written &lt;. */
static enum rc
in_words(struct checker *c, char ch)
{
	struct place *at = &c->at;

	if (at->state == IN_WORDS) {
		if (ch == '<') {
			at->state = IN_WORDS_OPEN;
			at->len = 0;
			at->word[0] = '\0';
		} else if (is_script(at)) {
			return wrong(c, "a script in a page: scripts are "
					"files");
		}
		return RC_OK;
	}
	if (at->len == 0 && ch == '/') {
		word_begin(at, ch);
		return RC_OK;
	}
	if (at->len > 0 && is_word(ch)) {
		word_add(at, ch);
		return RC_OK;
	}
	if (at->len == 0 || strcasecmp(at->word + 1, at->element) != 0 ||
	    ch != '>')
		return wrong(c, "a < in a title or a text area");
	at->state = IN_TEXT;
	return RC_OK;
}

static enum rc
next(struct checker *c, char ch)
{
	switch (c->at.state) {
	case IN_TEXT:
		if (ch == '<')
			c->at.state = IN_OPEN;
		return RC_OK;
	case IN_OPEN:
		return in_open(c, ch);
	case IN_DECLARE:
		return in_declare(c, ch);
	case IN_COMMENT:
		return in_comment(c, ch);
	case IN_TAG_NAME:
	case IN_ATTR_NAME:
		return in_name(c, ch);
	case IN_TAG:
	case IN_TAG_AFTER:
	case IN_TAG_SLASH:
		return in_tag(c, ch);
	case IN_ATTR_EQUALS:
		if (ch != '"' && ch != '\'')
			return wrong(c, "an attribute without quotes");
		return begin_value(c, ch);
	case IN_VALUE:
		return in_value(c, ch);
	case IN_END_NAME:
	case IN_END_TAG:
		return in_end(c, ch);
	case IN_WORDS:
	case IN_WORDS_OPEN:
		return in_words(c, ch);
	}
	return RC_OK;
}

static enum rc
text(struct checker *c, const struct template_node *node)
{
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; rc == RC_OK && i < node->len; i++) {
		rc = next(c, node->text[i]);
		if (node->text[i] == '\n')
			c->line++;
	}
	return rc;
}

/* --- tags of Mustache ----------------------------------------------------- */

static enum rc
variable(struct checker *c)
{
	const struct place *at = &c->at;

	if (at->state == IN_TEXT || (at->state == IN_WORDS && !is_script(at)))
		return RC_OK;
	if (at->state == IN_WORDS)
		return wrong(c, "a variable in a script");
	if (at->state == IN_ATTR_EQUALS)
		return wrong(c, "a variable as an attribute without quotes");
	if (at->state == IN_COMMENT || at->state == IN_DECLARE)
		return wrong(c, "a variable in a comment");
	if (at->state != IN_VALUE)
		return wrong(c, "a variable in the name of an element or of "
				"an attribute");
	if (at->value == VALUE_FIXED)
		return wrong(c, "a variable in an attribute that takes none");
	if (at->value == VALUE_TEXT || at->url == URL_HELD)
		return RC_OK;
	return wrong(c, "a variable at the start of a URL");
}

/* A name that a section follows is at its end. */
static enum rc
end_name(struct checker *c)
{
	enum rc rc = RC_OK;

	if (c->at.state == IN_TAG_NAME)
		rc = end_element_name(c);
	else if (c->at.state == IN_ATTR_NAME)
		rc = end_attribute(c);
	else
		return RC_OK;
	c->at.state = IN_TAG_AFTER;
	return rc;
}

static int
is_in_tag(const struct place *at)
{
	return at->state == IN_TAG || at->state == IN_TAG_AFTER;
}

static enum rc
section(struct checker *c)
{
	enum rc rc = end_name(c);

	if (rc != RC_OK)
		return rc;
	if (!is_in_tag(&c->at) && c->at.state != IN_TEXT &&
	    c->at.state != IN_WORDS && c->at.state != IN_VALUE)
		return wrong(c, "a section that begins in a name, an end tag "
				"or a comment");
	c->open[c->nopen++] = c->at;
	return RC_OK;
}

/* Both ways, through the section and past it, go on from here. */
static enum rc
section_end(struct checker *c)
{
	const struct place *open = &c->open[--c->nopen];
	struct place *at = &c->at;
	int is_name = at->state == IN_ATTR_NAME;
	enum rc rc = end_name(c);

	if (rc != RC_OK)
		return rc;
	/* Written twice, it would be one name with what the section begins. */
	if (is_name && open->state != IN_TAG_AFTER)
		return wrong(c, "a section that ends in a name and does not "
				"begin with a space");
	if (is_in_tag(open) && is_in_tag(at) && open->ntags == at->ntags) {
		if (open->state != at->state)
			at->state = IN_TAG_AFTER;
		return RC_OK;
	}
	if (open->state != at->state ||
	    (at->state != IN_TEXT && open->ntags != at->ntags) ||
	    (at->state == IN_VALUE && open->nattributes != at->nattributes))
		return wrong(c, "a section that ends at another kind of place "
				"than it begins");
	if (at->state == IN_VALUE && at->value == VALUE_URL &&
	    at->url != open->url)
		at->url = URL_OTHER;
	return RC_OK;
}

enum rc
template_html(const struct template_nodes *nodes, struct template_fault *fault)
{
	struct checker c = { .fault = fault };
	const struct template_node *node;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; rc == RC_OK && i < nodes->n; i++) {
		node = &nodes->list[i];
		c.line = node->line;
		switch (node->kind) {
		case TEMPLATE_TEXT:
			rc = text(&c, node);
			break;
		case TEMPLATE_VARIABLE:
			rc = variable(&c);
			break;
		case TEMPLATE_SECTION:
		case TEMPLATE_INVERTED:
			rc = section(&c);
			break;
		case TEMPLATE_END:
			rc = section_end(&c);
			break;
		case TEMPLATE_PARTIAL:
			if (c.at.state != IN_TEXT)
				rc = wrong(&c, "a partial that is not in text");
			break;
		}
	}
	if (rc == RC_OK && c.at.state != IN_TEXT)
		return wrong(&c, "a tag that does not end");
	return rc;
}
