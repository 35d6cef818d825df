/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes short texts: lines and blocks are what jansson takes for a string
 * less its control characters; an address of mail has nothing that a header
 * or a shell gives a meaning to; a time is its own text, or digits.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1000 };

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* True for UTF-8 without controls, line feed and tab excepted. */
static int
is_block(const char *s, size_t len)
{
	json_t *string = json_stringn(s, len);
	int is_good = string != NULL;
	size_t i;

	json_decref(string);
	for (i = 0; is_good && i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\n' || c == '\t')
			continue;
		is_good = c >= ' ' && c != 0x7f &&
			  !(c == 0xc2 && (unsigned char)s[i + 1] < 0xa0);
	}
	return is_good;
}

static void
look_at_text(const char *s, size_t len)
{
	int block = is_block(s, len);
	int line = block && len > 0 && s[0] != ' ' && s[len - 1] != ' ' &&
		   s[strcspn(s, "\n\t")] == '\0';

	must(text_is_block(s, TEXT_MAX) == block);
	must(text_is_line(s, TEXT_MAX) == line);
	must(text_is_block(s, len) == block);
	must(text_is_line(s, len) == line);
	if (len > 0) {
		must(!text_is_block(s, len - 1));
		must(!text_is_line(s, len - 1));
	}
}

static void
look_at_email(const char *s)
{
	char out[TEXT_EMAIL_MAX + 1], again[TEXT_EMAIL_MAX + 1];
	const char *at;

	if (!text_email(s, out))
		return;
	must(strlen(out) == strlen(s) && strlen(s) <= TEXT_EMAIL_MAX);
	must(text_is_line(out, TEXT_EMAIL_MAX));
	must(out[0] != '-' && strpbrk(out, " \"(),:;<>[]\\") == NULL);
	at = strchr(out, '@');
	must(at != NULL && at > out && at[1] != '\0');
	must(at[1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789.-")] ==
	     '\0');
	must(text_email(out, again) && strcmp(out, again) == 0);
}

static void
look_at_time(const char *s)
{
	char buf[TIMESTAMP_LEN];
	int64_t seconds = -1, again = -1;

	if (timestamp_parse(s, &seconds) != RC_OK) {
		must(seconds == 0);
		return;
	}
	must(seconds >= 0 && seconds <= 253402300799);
	(void)timestamp_format(seconds, buf);
	must(s[strspn(s, "0123456789")] == '\0' || strcmp(s, buf) == 0);
	must(timestamp_parse(buf, &again) == RC_OK && again == seconds);
}

/* Any number is written, and read again if it is a year of four digits. */
static void
look_at_number(int64_t seconds)
{
	char buf[TIMESTAMP_LEN];
	int64_t again = -1;

	(void)timestamp_format(seconds, buf);
	must(strlen(buf) < sizeof(buf));
	if (seconds >= 0 && seconds <= 253402300799) {
		must(timestamp_parse(buf, &again) == RC_OK);
		must(again == seconds);
	} else {
		must(timestamp_parse(buf, &again) == RC_INVALID);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];
	int64_t number;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	look_at_text(text, strlen(text));
	look_at_email(text);
	look_at_time(text);
	if (size < sizeof(number))
		return 0;
	memcpy(&number, data, sizeof(number));
	look_at_number(number);
	look_at_number((int64_t)((uint64_t)number % 253402300800));
	return 0;
}
