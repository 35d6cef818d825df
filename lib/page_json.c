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

	return seconds == 0
		   ? json_null()
		   : json_pack("{s:s}", "utc", timestamp_format(seconds, buf));
}

/* The time that an object is, if it is one of ours. */
static enum rc
tell_time(json_t *object, const struct zone *zone)
{
	const char *utc = json_string_value(json_object_get(object, "utc"));
	char text[ZONE_TEXT_LEN];
	int64_t seconds;

	if (utc == NULL || timestamp_parse(utc, &seconds) != RC_OK)
		return RC_OK;
	if (json_object_set_new(object, "text",
		json_string(zone_format(zone, seconds, text))) == 0)
		return RC_OK;
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}

/* Models are as deep as our own pages make them: four or five levels. */
enum rc
page_json_tell_times(json_t *model, const struct zone *zone)
{
	enum rc rc = RC_OK;
	const char *name;
	json_t *value;
	size_t i;

	json_array_foreach(model, i, value)
	{
		if (rc == RC_OK)
			rc = page_json_tell_times(value, zone);
	}
	json_object_foreach(model, name, value)
	{
		if (rc == RC_OK)
			rc = page_json_tell_times(value, zone);
	}
	return rc == RC_OK && json_is_object(model) ? tell_time(model, zone)
						    : rc;
}

enum rc
page_json_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return RC_OK;
	log_err("cannot make a page: out of memory");
	return RC_FAIL;
}
