/* SPDX-License-Identifier: ISC */
/*
 * Fuzzes PHC strings: what is read is written again as it was, and names a
 * hash that can be made without much memory or time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[PHC_LEN + 64], again[PHC_LEN];
	size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	struct phc phc;

	memcpy(text, data, len);
	text[len] = '\0';
	if (phc_parse(text, &phc) != RC_OK)
		return 0;
	must(phc_format(&phc, again, sizeof(again)) == RC_OK);
	must(strcmp(text, again) == 0);
	must(phc.cost.memory_kib >= 8 * phc.cost.lanes);
	must(phc.cost.memory_kib <= 65536);
	must(phc.cost.passes >= 1 && phc.cost.passes <= 16);
	must(phc.cost.lanes >= 1 && phc.cost.lanes <= 4);
	must(phc.salt_len >= 8 && phc.salt_len <= sizeof(phc.salt));
	must(phc.hash_len >= 16 && phc.hash_len <= sizeof(phc.hash));
	return 0;
}
