/* SPDX-License-Identifier: ISC */
/*
 * services: the catalogue.  Written row by row, so that thousands of
 * services take no more memory than their text.
 */
#include <stdio.h>

#include "actions.h"
#include "catalog.h"
#include "money.h"

struct listing {
	struct call *call;
	size_t n;
};

static enum rc
describe(void *arg, const struct service *service)
{
	struct listing *listing = arg;
	char rate[MONEY_TEXT_LEN], min[24], max[24];

	(void)snprintf(min, sizeof(min), "%lld", (long long)service->min);
	(void)snprintf(max, sizeof(max), "%lld", (long long)service->max);
	(void)fputs(listing->n++ == 0 ? "" : ",", listing->call->out);
	return action_answer(listing->call,
	    json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b,"
		      " s:s}",
		"service", (json_int_t)service->id, "name", service->name,
		"type", service->type->name, "category", service->category,
		"rate", money_format_rate(service->rate_micro, rate), "min",
		min, "max", max, "refill", service->refill, "cancel",
		service->cancel, "dripfeed", service->dripfeed, "desc",
		service->description));
}

static enum rc
services(struct call *call)
{
	struct listing listing = { call, 0 };
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	(void)fputs("[", call->out);
	rc = catalog_each(call->db, 0, describe, &listing);
	(void)fputs("]", call->out);
	return db_end(call->db, rc);
}

const struct action action_services = { "services", NULL, NULL, services };
