/* SPDX-License-Identifier: ISC */
/*
 * Values of models.
 */
#include "page_json.h"

#include "log.h"
#include "timestamp.h"

json_t *
page_json_time(int64_t seconds)
{
	char buf[TIMESTAMP_LEN];

	return seconds == 0 ? json_null()
			    : json_string(timestamp_format(seconds, buf));
}

enum rc
page_json_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return RC_OK;
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}
