/* SPDX-License-Identifier: ISC */
/*
 * services: the catalogue.  Written row by row, so that thousands of
 * services take no more memory than their text.
 */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "catalog.h"
#include "json_out.h"
#include "money.h"
#include "number.h"

struct listing {
	struct json_out json;
	size_t n;
};

static enum rc
describe(void *arg, const struct service *service)
{
	struct listing *listing = arg;
	struct json_out *out = &listing->json;
	char rate[MONEY_TEXT_LEN], number[NUMBER_TEXT_LEN];

	if (listing->n++ > 0)
		json_out_raw(out, ",", 1);
	json_out_int(out, '{', "service", service->id);
	json_out_member(out, ',', "name", service->name);
	json_out_member(out, ',', "type", service->type->name);
	json_out_member(out, ',', "category", service->category);
	json_out_member(
	    out, ',', "rate", money_format_rate(service->rate_micro, rate));
	json_out_member(out, ',', "min", number_format(service->min, number));
	json_out_member(out, ',', "max", number_format(service->max, number));
	json_out_flag(out, ',', "refill", service->refill);
	json_out_flag(out, ',', "cancel", service->cancel);
	json_out_flag(out, ',', "dripfeed", service->dripfeed);
	json_out_member(out, ',', "desc", service->description);
	json_out_raw(out, "}", 1);
	return RC_OK;
}

/* Writes the catalogue, and notes the state of the database it is of. */
static enum rc
write_all(struct call *call, FILE *out, struct db_state *state)
{
	struct listing listing;
	enum rc rc;

	rc = db_begin(call->db, DB_READ);
	if (rc != RC_OK)
		return rc;
	if (state != NULL)
		db_note_state(call->db, state);
	json_out_begin(&listing.json, out);
	listing.n = 0;
	json_out_raw(&listing.json, "[", 1);
	rc = catalog_each(call->db, 0, describe, &listing);
	json_out_raw(&listing.json, "]", 1);
	json_out_flush(&listing.json);
	return db_end(call->db, rc);
}

/* Writes it to be kept for later calls. */
static enum rc
renew(struct call *call, struct action_kept *kept)
{
	FILE *out;
	enum rc rc;

	action_kept_clear(kept);
	out = open_memstream(&kept->text, &kept->len);
	if (out == NULL)
		return action_no_memory();
	rc = write_all(call, out, &kept->state);
	if (fclose(out) != 0 && rc == RC_OK)
		rc = action_no_memory();
	if (rc != RC_OK)
		action_kept_clear(kept);
	return rc;
}

/* It is the same for everybody, so a process of many calls keeps it. */
static enum rc
services(struct call *call)
{
	struct action_kept *kept = call->kept;
	enum rc rc = RC_OK;

	if (kept == NULL)
		return write_all(call, call->out, NULL);
	if (!db_is_as(call->db, &kept->state))
		rc = renew(call, kept);
	if (rc == RC_OK)
		(void)fwrite(kept->text, 1, kept->len, call->out);
	return rc;
}

const struct action action_services = { "services", NULL, NULL, services,
	DB_READ };
