/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes the form of an API key: any bytes as a key; and any bytes given the
 * prefix and a checksum, which is a key if and only if they are base62.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char BASE62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { BODY = API_KEY_LEN - API_KEY_CHECK_LEN };

static void
must(int condition)
{
	if (!condition)
		abort();
}

/* CRC-32 as its definition has it: the remainder of a division. */
static uint32_t
divide(const uint8_t *data, size_t size)
{
	uint32_t rest = 0xffffffff;
	size_t i;

	for (i = 0; i < size * 8; i++) {
		uint32_t bit = (uint32_t)data[i / 8] >> i % 8 & 1;

		rest = (rest & 1) != bit ? rest >> 1 ^ 0xedb88320 : rest >> 1;
	}
	return ~rest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char key[API_KEY_LEN], check[API_KEY_CHECK_LEN];
	uint64_t value = 0;
	size_t i, room;
	int base62 = 1;

	(void)api_key_well_formed((const char *)data, size);

	api_key_checksum((const char *)data, size, check);
	for (i = 0; i < sizeof(check); i++) {
		const char *digit = memchr(BASE62, check[i], 62);

		must(digit != NULL);
		value = value * 62 + (uint64_t)(digit - BASE62);
	}
	must(value == divide(data, size));

	memset(key, '0', sizeof(key));
	memcpy(key, API_KEY_PREFIX, API_KEY_PREFIX_LEN);
	room = BODY - API_KEY_PREFIX_LEN;
	memcpy(key + API_KEY_PREFIX_LEN, data, size < room ? size : room);
	for (i = API_KEY_PREFIX_LEN; i < BODY; i++)
		base62 &= memchr(BASE62, key[i], 62) != NULL;
	api_key_checksum(key, BODY, key + BODY);
	must((api_key_well_formed(key, sizeof(key)) != 0) == base62);
	if (size > 0) {
		key[data[0] % API_KEY_LEN] ^= 1;
		must(!api_key_well_formed(key, sizeof(key)));
	}
	return 0;
}
