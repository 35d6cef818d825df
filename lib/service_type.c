/* SPDX-License-Identifier: ISC */
/*
 * The service types of the wire.  The fields are those of published panel
 * documentation; see htdocs/developers/orders.html.
 */
#include "service_type.h"

#include <string.h>

#define ALWAYS(field)              \
	{                          \
		field, 0,          \
		{                  \
			NULL, NULL \
		}                  \
	}
#define OPTIONAL(field)            \
	{                          \
		field, 1,          \
		{                  \
			NULL, NULL \
		}                  \
	}
#define IF(field, other, is)      \
	{                         \
		field, 1,         \
		{                 \
			other, is \
		}                 \
	}
#define END                        \
	{                          \
		NULL, 0,           \
		{                  \
			NULL, NULL \
		}                  \
	}

const struct service_field service_fields[] = {
	{ "link", FIELD_LINK },
	{ "quantity", FIELD_NUMBER },
	{ "comments", FIELD_TEXT },
	{ "usernames", FIELD_TEXT },
	{ "hashtags", FIELD_TEXT },
	{ "keywords", FIELD_TEXT },
	{ "groups", FIELD_TEXT },
	{ "username", FIELD_WORD },
	{ "hashtag", FIELD_WORD },
	{ "media", FIELD_WORD },
	{ "answer_number", FIELD_NUMBER },
	{ "country", FIELD_WORD },
	{ "device", FIELD_WORD },
	{ "type_of_traffic", FIELD_WORD },
	{ "google_keyword", FIELD_WORD },
	{ "referring_url", FIELD_WORD },
	{ "runs", FIELD_NUMBER },
	{ "interval", FIELD_NUMBER },
	{ "min", FIELD_NUMBER },
	{ "max", FIELD_NUMBER },
	{ "posts", FIELD_NUMBER },
	{ "old_posts", FIELD_NUMBER },
	{ "delay", FIELD_NUMBER },
	{ "expiry", FIELD_DATE },
	{ NULL, FIELD_WORD },
};

const struct service_type service_types[] = {
	{ "Default", QUANTITY_FIELD, NULL, 1,
	    { ALWAYS("link"), ALWAYS("quantity"), OPTIONAL("runs"),
		OPTIONAL("interval"), END } },
	{ "Package", QUANTITY_PACKAGE, NULL, 0, { ALWAYS("link"), END } },
	{ "Custom Comments", QUANTITY_LINES, "comments", 0,
	    { ALWAYS("link"), ALWAYS("comments"), END } },
	{ "Custom Comments Package", QUANTITY_PACKAGE, NULL, 0,
	    { ALWAYS("link"), ALWAYS("comments"), END } },
	{ "Mentions", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("usernames"), ALWAYS("quantity"), END } },
	{ "Mentions Custom List", QUANTITY_LINES, "usernames", 0,
	    { ALWAYS("link"), ALWAYS("usernames"), END } },
	{ "Mentions Hashtag", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("hashtag"), ALWAYS("quantity"), END } },
	{ "Mentions with Hashtags", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("usernames"), ALWAYS("hashtags"),
		ALWAYS("quantity"), END } },
	{ "Mentions User Followers", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("username"), ALWAYS("quantity"), END } },
	{ "Mentions Media Likers", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("media"), ALWAYS("quantity"), END } },
	{ "Comment Likes", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("username"), ALWAYS("quantity"), END } },
	{ "Comment Replies", QUANTITY_LINES, "comments", 0,
	    { ALWAYS("link"), ALWAYS("username"), ALWAYS("comments"), END } },
	{ "Poll", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("quantity"), ALWAYS("answer_number"),
		END } },
	{ "SEO", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("quantity"), ALWAYS("keywords"), END } },
	{ "Invites from Groups", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("quantity"), ALWAYS("groups"), END } },
	{ "Web Traffic", QUANTITY_FIELD, NULL, 0,
	    { ALWAYS("link"), ALWAYS("quantity"), ALWAYS("country"),
		ALWAYS("device"), ALWAYS("type_of_traffic"),
		IF("google_keyword", "type_of_traffic", "1"),
		IF("referring_url", "type_of_traffic", "2"), END } },
	{ "Subscriptions", QUANTITY_POSTS, NULL, 0,
	    { ALWAYS("username"), ALWAYS("min"), ALWAYS("max"),
		OPTIONAL("posts"), OPTIONAL("old_posts"), OPTIONAL("delay"),
		OPTIONAL("expiry"), END } },
	{ NULL, QUANTITY_FIELD, NULL, 0, { END } },
};

const struct service_type *
service_type_find(const char *name)
{
	const struct service_type *type;

	if (name == NULL)
		return NULL;
	for (type = service_types; type->name != NULL; type++)
		if (strcmp(type->name, name) == 0)
			return type;
	return NULL;
}
