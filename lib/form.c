/* SPDX-License-Identifier: ISC */
/*
 * Bodies and query strings as one list of fields.  A body is copied once and
 * decoded in place, since no decoding makes it longer; fields point into the
 * copy.  Every byte of input passes through add(), which checks it.
 */
#include "form.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "secret.h"

enum {
	BOUNDARY_MAX = 70, /* bytes; RFC 2046, section 5.1.1 */
	NUMBER_TEXT_LEN = 32
};

/* Memory that fields point into. */
struct block {
	struct block *next;
	size_t len;
	char text[];
};

struct field {
	const char *name;
	const char *value; /* without white space around it */
	const char *sent;  /* with it */
};

struct form {
	struct block *blocks;
	struct field *fields;
	size_t n, room;
};

static const char MALFORMED_ESCAPE[] = "bad % escape";
static const char MALFORMED_NUL[] = "NUL byte";
static const char MALFORMED_UTF8[] = "invalid UTF-8";
static const char MALFORMED_COUNT[] = "too many fields";
static const char MALFORMED_BOUNDARY[] = "bad multipart boundary";
static const char MALFORMED_PART[] = "bad multipart part";
static const char MALFORMED_FILE[] = "a file where a field belongs";
static const char MALFORMED_JSON[] = "bad JSON";
static const char MALFORMED_NESTED[] = "JSON is not one flat object";

enum rc
form_new(struct form **form)
{
	*form = calloc(1, sizeof(**form));
	if (*form != NULL)
		return RC_OK;
	log_err("cannot make a form: out of memory");
	return RC_FAIL;
}

void
form_free(struct form *form)
{
	struct block *block;

	if (form == NULL)
		return;
	while ((block = form->blocks) != NULL) {
		form->blocks = block->next;
		secret_wipe(block->text, block->len);
		free(block);
	}
	free(form->fields);
	free(form);
}

/* A copy of len bytes, with a NUL behind, that lives as long as the form. */
static char *
keep(struct form *form, const char *bytes, size_t len)
{
	struct block *block = malloc(sizeof(*block) + len + 1);

	if (block == NULL) {
		log_err("cannot read a form: out of memory");
		return NULL;
	}
	if (len > 0)
		memcpy(block->text, bytes, len);
	block->text[len] = '\0';
	block->len = len;
	block->next = form->blocks;
	form->blocks = block;
	return block->text;
}

/*
 * The length of the UTF-8 sequence at s (RFC 3629, section 4: no overlong
 * form, no surrogate, nothing above U+10FFFF), 0 if it is none.
 */
static size_t
utf8_sequence(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (len < n || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static enum rc
check_text(const char *s, size_t len, const char **what)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		if (*p == '\0') {
			*what = MALFORMED_NUL;
			return RC_INVALID;
		}
		n = utf8_sequence(p, len);
		if (n == 0) {
			*what = MALFORMED_UTF8;
			return RC_INVALID;
		}
	}
	return RC_OK;
}

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * A text without the white space on both of its ends: the text itself where
 * it has none at its end, or a copy, since it is kept as it was sent, too.
 */
static const char *
trim(struct form *form, const char *s, size_t len)
{
	const char *begin = s, *end = s + len;

	while (begin < end && is_space(*begin))
		begin++;
	while (end > begin && is_space(end[-1]))
		end--;
	return *end == '\0' ? begin : keep(form, begin, (size_t)(end - begin));
}

/* What clients send for "nothing". */
static int
is_absent(const char *value, size_t len)
{
	static const struct {
		const char *text;
		size_t len;
	} absent[] = { { "", 0 }, { "undefined", 9 }, { "null", 4 },
		{ "NaN", 3 } };
	size_t i;

	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (absent[i].len == len &&
		    memcmp(absent[i].text, value, len) == 0)
			return 1;
	return 0;
}

/* Adds one field; name and value live in a block and end in NUL. */
static enum rc
add(struct form *form, char *name, size_t name_len, char *value,
    size_t value_len, const char **what)
{
	struct field *grown;
	size_t room;

	if (check_text(name, name_len, what) != RC_OK ||
	    check_text(value, value_len, what) != RC_OK)
		return RC_INVALID;
	if (form->n == FORM_FIELDS_MAX) {
		*what = MALFORMED_COUNT;
		return RC_INVALID;
	}
	if (form->n == form->room) {
		room = form->room == 0 ? 16 : form->room * 2;
		grown = realloc(form->fields, room * sizeof(*form->fields));
		if (grown == NULL) {
			log_err("cannot read a form: out of memory");
			return RC_FAIL;
		}
		form->fields = grown;
		form->room = room;
	}
	form->fields[form->n].name = name;
	form->fields[form->n].sent = value;
	form->fields[form->n].value = trim(form, value, value_len);
	if (form->fields[form->n].value == NULL)
		return RC_FAIL;
	form->n++;
	return RC_OK;
}

enum rc
form_add(struct form *form, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	char *kept_name, *kept_value;
	const char *what;

	kept_name = keep(form, name, name_len);
	kept_value = keep(form, value, value_len);
	if (kept_name == NULL || kept_value == NULL)
		return RC_FAIL;
	return add(form, kept_name, name_len, kept_value, value_len, &what);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes s in place; *len becomes the new length. */
static enum rc
decode(char *s, size_t *len, const char **what)
{
	size_t from, to = 0;

	for (from = 0; from < *len; from++) {
		int high, low;

		if (s[from] == '+') {
			s[to++] = ' ';
			continue;
		}
		if (s[from] != '%') {
			s[to++] = s[from];
			continue;
		}
		high = *len - from > 2 ? hex_digit(s[from + 1]) : -1;
		low = *len - from > 2 ? hex_digit(s[from + 2]) : -1;
		if (high < 0 || low < 0) {
			*what = MALFORMED_ESCAPE;
			return RC_INVALID;
		}
		s[to++] = (char)(high << 4 | low);
		from += 2;
	}
	*len = to;
	s[to] = '\0';
	return RC_OK;
}

/*
 * Splits and decodes text, which lives in a block of the form, into fields.
 * For a query string the fields that a body has are left out, and "key" is
 * only noticed.
 */
static enum rc
parse_urlencoded(struct form *form, char *text, size_t len, int *query_key,
    const char **what)
{
	const size_t body_fields = form->n;
	char *end = text + len, *pair = text, *next;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && pair < end; pair = next + 1) {
		char *value;
		size_t name_len, value_len, i;

		next = memchr(pair, '&', (size_t)(end - pair));
		if (next == NULL)
			next = end;
		if (next == pair)
			continue;
		value = memchr(pair, '=', (size_t)(next - pair));
		name_len = (size_t)((value != NULL ? value : next) - pair);
		value = value != NULL ? value + 1 : next;
		value_len = (size_t)(next - value);
		if (decode(pair, &name_len, what) != RC_OK ||
		    decode(value, &value_len, what) != RC_OK)
			return RC_INVALID;
		if (query_key != NULL) {
			if (strcmp(pair, "key") == 0) {
				*query_key = 1;
				continue;
			}
			for (i = 0; i < body_fields; i++)
				if (strcmp(form->fields[i].name, pair) == 0 &&
				    !is_absent(form->fields[i].value,
					strlen(form->fields[i].value)))
					break;
			if (i < body_fields)
				continue;
		}
		rc = add(form, pair, name_len, value, value_len, what);
	}
	return rc;
}

enum rc
form_parse_query(struct form *form, const char *query, size_t len, int *has_key,
    const char **what)
{
	char *text;

	*has_key = 0;
	if (len == 0)
		return RC_OK;
	text = keep(form, query, len);
	if (text == NULL)
		return RC_FAIL;
	return parse_urlencoded(form, text, len, has_key, what);
}

/* Where the value of a parameter ("; name=value") begins, or NULL. */
static const char *
find_parameter(const char *header, const char *name)
{
	size_t len = strlen(name);
	const char *p = header;

	while ((p = strchr(p, ';')) != NULL) {
		p += 1 + strspn(p + 1, " \t");
		if (strncasecmp(p, name, len) == 0 && p[len] == '=')
			return p + len + 1;
	}
	return NULL;
}

/*
 * Copies the value of a parameter, quoted or not, to buf.  RC_NOT_FOUND if
 * it is not there, empty or does not fit.
 */
static enum rc
copy_parameter(const char *header, const char *name, char *buf, size_t size)
{
	const char *p = find_parameter(header, name);
	size_t len;

	if (p == NULL)
		return RC_NOT_FOUND;
	if (*p == '"') {
		p++;
		len = strcspn(p, "\"\\");
		if (p[len] != '"')
			return RC_NOT_FOUND;
	} else {
		len = strcspn(p, "; \t");
	}
	if (len == 0 || len >= size)
		return RC_NOT_FOUND;
	memcpy(buf, p, len);
	buf[len] = '\0';
	return RC_OK;
}

/*
 * Reads the header lines of a part, cut into strings in place: its
 * Content-Disposition gives the field's name.
 */
static enum rc
part_name(char *headers, char name[], size_t size, const char **what)
{
	static const char DISPOSITION[] = "content-disposition:";
	char *line, *rest = headers;

	name[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (strncasecmp(line, DISPOSITION, sizeof(DISPOSITION) - 1) !=
		    0)
			continue;
		if (find_parameter(line, "filename") != NULL ||
		    find_parameter(line, "filename*") != NULL) {
			*what = MALFORMED_FILE;
			return RC_INVALID;
		}
		(void)copy_parameter(line, "name", name, size);
	}
	if (name[0] != '\0')
		return RC_OK;
	*what = MALFORMED_PART;
	return RC_INVALID;
}

/* Adds the part between begin and end; both are cut into strings. */
static enum rc
parse_part(struct form *form, char *begin, char *end, const char **what)
{
	char name[128];
	char *kept, *value;
	enum rc rc;

	value = memmem(begin, (size_t)(end - begin), "\r\n\r\n", 4);
	if (value == NULL) {
		*what = MALFORMED_PART;
		return RC_INVALID;
	}
	*value = '\0';
	/* What stands behind a NUL would not be seen below. */
	if (strlen(begin) != (size_t)(value - begin)) {
		*what = MALFORMED_NUL;
		return RC_INVALID;
	}
	value += 4;
	*end = '\0';
	rc = part_name(begin, name, sizeof(name), what);
	if (rc != RC_OK)
		return rc;
	kept = keep(form, name, strlen(name));
	if (kept == NULL)
		return RC_FAIL;
	return add(
	    form, kept, strlen(kept), value, (size_t)(end - value), what);
}

static enum rc
parse_multipart(struct form *form, const char *content_type, const char *body,
    size_t len, const char **what)
{
	char mark[BOUNDARY_MAX + 5] = "\r\n--";
	char *text, *part, *end, *limit;
	size_t mark_len;
	enum rc rc;

	*what = MALFORMED_BOUNDARY;
	if (copy_parameter(
		content_type, "boundary", mark + 4, BOUNDARY_MAX + 1) != RC_OK)
		return RC_INVALID;
	mark_len = strlen(mark);
	text = keep(form, body, len);
	if (text == NULL)
		return RC_FAIL;
	limit = text + len;
	/* The first boundary may stand at the very beginning. */
	if (len >= mark_len - 2 && memcmp(text, mark + 2, mark_len - 2) == 0)
		part = text + mark_len - 2;
	else {
		part = memmem(text, len, mark, mark_len);
		if (part == NULL)
			return RC_INVALID;
		part += mark_len;
	}
	for (;;) {
		if (limit - part >= 2 && memcmp(part, "--", 2) == 0)
			return RC_OK;
		part += strspn(part, " \t");
		if (limit - part < 2 || memcmp(part, "\r\n", 2) != 0)
			return RC_INVALID;
		part += 2;
		end = memmem(part, (size_t)(limit - part), mark, mark_len);
		if (end == NULL)
			return RC_INVALID;
		rc = parse_part(form, part, end, what);
		if (rc != RC_OK)
			return rc;
		*what = MALFORMED_BOUNDARY;
		part = end + mark_len;
	}
}

/* Adds one value that is not an object or array. */
static enum rc
add_scalar(
    struct form *form, const char *name, const json_t *value, const char **what)
{
	char number[NUMBER_TEXT_LEN];
	const char *text = NULL;
	double real;

	*what = MALFORMED_NESTED;
	switch (json_typeof(value)) {
	case JSON_STRING:
		text = json_string_value(value);
		break;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(value));
		text = number;
		break;
	case JSON_REAL:
		/* Longer integers gain an exponent, which no field takes. */
		real = json_real_value(value);
		(void)snprintf(number, sizeof(number), "%.*g",
		    real < 1e15 && real > -1e15 ? 15 : 17, real);
		text = number;
		break;
	case JSON_TRUE:
		text = "true";
		break;
	case JSON_FALSE:
		text = "false";
		break;
	case JSON_NULL:
		text = "";
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	if (text == NULL)
		return RC_INVALID;
	if (form->n == FORM_FIELDS_MAX)
		*what = MALFORMED_COUNT;
	return form_add(form, name, text);
}

/* The form has its copies; a key is not left in freed memory. */
static void
wipe_strings(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (json_is_string(value))
			secret_wipe((void *)(uintptr_t)json_string_value(value),
			    json_string_length(value));
	}
}

/* An item of a list; one that is no value is garbage of that item alone. */
static enum rc
add_item(
    struct form *form, const char *name, const json_t *value, const char **what)
{
	if (!json_is_object(value) && !json_is_array(value))
		return add_scalar(form, name, value, what);
	if (form->n == FORM_FIELDS_MAX)
		*what = MALFORMED_COUNT;
	return form_add(form, name, "[]");
}

/* An array becomes fields "name[]". */
static enum rc
add_array(
    struct form *form, const char *name, const json_t *array, const char **what)
{
	char list[128];
	enum rc rc = RC_OK;
	size_t i;

	if ((size_t)snprintf(list, sizeof(list), "%s[]", name) >=
	    sizeof(list)) {
		*what = MALFORMED_NESTED;
		return RC_INVALID;
	}
	for (i = 0; rc == RC_OK && i < json_array_size(array); i++)
		rc = add_item(form, list, json_array_get(array, i), what);
	return rc;
}

static enum rc
parse_json(struct form *form, const char *body, size_t len, const char **what)
{
	json_error_t error;
	json_t *root, *value;
	const char *name;
	enum rc rc = RC_OK;

	/*
	 * A name twice would hide a second key.  An integer beyond 64 bits is
	 * a bad value, not a bad body: it becomes a number that no field takes.
	 */
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL &&
	    json_error_code(&error) == json_error_numeric_overflow)
		root = json_loadb(body, len,
		    JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (root == NULL) {
		*what = MALFORMED_JSON;
		return RC_INVALID;
	}
	if (!json_is_object(root)) {
		*what = MALFORMED_NESTED;
		rc = RC_INVALID;
		goto out;
	}
	json_object_foreach(root, name, value)
	{
		if (json_is_array(value))
			rc = add_array(form, name, value, what);
		else
			rc = add_scalar(form, name, value, what);
		if (rc != RC_OK)
			break;
	}
out:
	wipe_strings(root);
	json_decref(root);
	return rc;
}

enum rc
form_type(const char *content_type, enum form_type *type)
{
	static const struct {
		const char *name;
		enum form_type type;
	} types[] = {
		{ "application/x-www-form-urlencoded", FORM_URLENCODED },
		{ "multipart/form-data", FORM_MULTIPART },
		{ "application/json", FORM_JSON },
	};
	size_t len, i;

	/* Just so nearly every client sends it. */
	if (strcmp(content_type, types[0].name) == 0) {
		*type = types[0].type;
		return RC_OK;
	}
	content_type += strspn(content_type, " \t");
	len = strcspn(content_type, "; \t");
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == len &&
		    strncasecmp(content_type, types[i].name, len) == 0) {
			*type = types[i].type;
			return RC_OK;
		}
	return RC_INVALID;
}

enum rc
form_parse(struct form *form, const char *content_type, const char *body,
    size_t len, const char **what)
{
	enum form_type type;
	char *text;

	*what = "unknown content type";
	if (form_type(content_type, &type) != RC_OK)
		return RC_INVALID;
	switch (type) {
	case FORM_URLENCODED:
		text = keep(form, body, len);
		if (text == NULL)
			return RC_FAIL;
		return parse_urlencoded(form, text, len, NULL, what);
	case FORM_MULTIPART:
		return parse_multipart(form, content_type, body, len, what);
	case FORM_JSON:
		return parse_json(form, body, len, what);
	}
	return RC_INVALID;
}

/* The last field of a name, or NULL. */
static const struct field *
find(const struct form *form, const char *name)
{
	size_t i;

	for (i = form->n; i-- > 0;)
		if (strcmp(form->fields[i].name, name) == 0)
			return &form->fields[i];
	return NULL;
}

const char *
form_get(const struct form *form, const char *name)
{
	const struct field *field = find(form, name);

	if (field == NULL || is_absent(field->value, strlen(field->value)))
		return NULL;
	return field->value;
}

const char *
form_get_sent(const struct form *form, const char *name)
{
	const struct field *field = find(form, name);

	return field != NULL && field->sent[0] != '\0' ? field->sent : NULL;
}

size_t
form_count(const struct form *form, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < form->n; i++)
		n += strcmp(form->fields[i].name, name) == 0;
	return n;
}

/* True for "name", "name[]" and "name[0]". */
static int
is_of_list(const char *field, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(field, name, len) != 0)
		return 0;
	field += len;
	if (*field == '\0')
		return 1;
	if (*field != '[')
		return 0;
	field += 1 + strspn(field + 1, "0123456789");
	return strcmp(field, "]") == 0;
}

size_t
form_list(const struct form *form, const char *name, size_t max,
    void (*each)(void *arg, const char *value, size_t len), void *arg)
{
	size_t i, len, n = 0;
	const char *item, *end;

	for (i = 0; i < form->n; i++) {
		if (!is_of_list(form->fields[i].name, name))
			continue;
		for (item = form->fields[i].value;; item = end + 1) {
			while (is_space(*item))
				item++;
			end = item;
			while (*end != '\0' && *end != ',')
				end++;
			len = (size_t)(end - item);
			while (len > 0 && is_space(item[len - 1]))
				len--;
			if (!is_absent(item, len)) {
				if (n < max && each != NULL)
					each(arg, item, len);
				n++;
			}
			if (*end == '\0')
				break;
		}
	}
	return n;
}
