/* SPDX-License-Identifier: ISC */
/*
 * The table of the API's errors and the way from a result to one of its
 * rows.  The documentation's table is tested against this one.
 */
#include "error.h"

#include <stdio.h>
#include <string.h>

static const struct error_row errors[ERROR_COUNT] = {
	[ERROR_KEY] = { RC_DENIED, 200, 401, "Invalid API key" },
	[ERROR_KEY_PLACE] = { RC_DENIED, 200, 401,
	    "The API key belongs in the request body, in the field key" },
	[ERROR_SUSPENDED] = { RC_DENIED, 200, 403, "Account suspended" },
	[ERROR_REQUEST] = { RC_INVALID, 200, 400, "Incorrect request" },
	[ERROR_BODY] = { RC_INVALID, 200, 400, "Malformed request body:" },
	[ERROR_MISSING] = { RC_INVALID, 200, 400,
	    "Missing required parameter:" },
	[ERROR_PARAMETER] = { RC_INVALID, 200, 400, "Incorrect parameter:" },
	[ERROR_SERVICE] = { RC_NOT_FOUND, 200, 404, "Incorrect service ID" },
	[ERROR_LESS] = { RC_INVALID, 200, 400, "Quantity less than minimal" },
	[ERROR_MORE] = { RC_INVALID, 200, 400, "Quantity more than maximum" },
	[ERROR_QUANTITY] = { RC_INVALID, 200, 400, "Incorrect quantity" },
	[ERROR_FUNDS] = { RC_INVALID, 200, 400, "Not enough funds on balance" },
	[ERROR_LINK] = { RC_INVALID, 200, 400, "Bad link" },
	[ERROR_LINK_ACTIVE] = { RC_INVALID, 200, 400,
	    "You have active order with this link. "
	    "Please wait until order being completed." },
	[ERROR_REQUEST_ID] = { RC_INVALID, 200, 400,
	    "request_id was used with other fields" },
	[ERROR_ORDER] = { RC_NOT_FOUND, 200, 404, "Incorrect order ID" },
	[ERROR_REFILL] = { RC_NOT_FOUND, 200, 404, "Refill not found" },
	[ERROR_REFILL_OFF] = { RC_INVALID, 200, 400,
	    "Refill is disabled for this service" },
	[ERROR_REFILL_STATE] = { RC_INVALID, 200, 400,
	    "Order cannot be refilled" },
	[ERROR_REFILL_SOON] = { RC_INVALID, 200, 400,
	    "The order was completed or refill was requested "
	    "less than 24 hours ago" },
	[ERROR_REFILL_CAP] = { RC_INVALID, 200, 400,
	    "Refill limit reached for this order" },
	[ERROR_CANCEL] = { RC_INVALID, 200, 400, "Order cannot be canceled" },
	[ERROR_TOO_MANY] = { RC_INVALID, 200, 400, "Maximum 100 orders" },
	[ERROR_WEBHOOK] = { RC_NOT_FOUND, 200, 404, "Webhook not found" },
	[ERROR_WEBHOOK_LIMIT] = { RC_INVALID, 200, 400,
	    "Webhook limit reached" },
	[ERROR_WEBHOOK_HTTPS] = { RC_INVALID, 200, 400,
	    "Webhook URL must be https" },
	[ERROR_WEBHOOK_PUBLIC] = { RC_INVALID, 200, 400,
	    "Webhook URL must be public" },
	[ERROR_WEBHOOK_INACTIVE] = { RC_INVALID, 200, 400,
	    "Webhook is not active" },
	[ERROR_EVENT_TYPE] = { RC_INVALID, 200, 400, "Unknown event:" },
	[ERROR_EVENT] = { RC_NOT_FOUND, 200, 404, "Event not found" },
	[ERROR_RATE] = { RC_LIMITED, 429, 429, "Rate limit exceeded" },
	[ERROR_METHOD] = { RC_INVALID, 405, 405,
	    "Method not allowed, use POST" },
	[ERROR_SIZE] = { RC_INVALID, 413, 413, "Request body too large" },
	[ERROR_TYPE] = { RC_INVALID, 415, 415, "Unsupported content type" },
	[ERROR_BUSY] = { RC_BUSY, 503, 503, "Service temporarily unavailable" },
	[ERROR_INTERNAL] = { RC_FAIL, 500, 500, "Internal error" },
};

const struct error_row *
error_row(enum error error)
{
	if (error <= ERROR_NONE || error >= ERROR_COUNT)
		error = ERROR_INTERNAL;
	return &errors[error];
}

enum rc
error_set(struct why *why, enum error error, const char *arg)
{
	if (why != NULL) {
		why->error = error;
		(void)snprintf(
		    why->arg, sizeof(why->arg), "%s", arg != NULL ? arg : "");
	}
	return error_row(error)->rc;
}

enum error
error_of(enum rc rc, const struct why *why)
{
	if (why != NULL && why->error != ERROR_NONE &&
	    error_row(why->error)->rc == rc)
		return why->error;
	switch (rc) {
	case RC_BUSY:
		return ERROR_BUSY;
	case RC_LIMITED:
		return ERROR_RATE;
	case RC_INVALID:
		return ERROR_REQUEST;
	case RC_OK:
	case RC_DENIED:
	case RC_NOT_FOUND:
	case RC_FAIL:
		break;
	}
	return ERROR_INTERNAL;
}

void
error_text(enum error error, const char *arg, char buf[ERROR_TEXT_LEN])
{
	int with_arg = arg != NULL && arg[0] != '\0';

	(void)snprintf(buf, ERROR_TEXT_LEN, "%s%s%s", error_row(error)->text,
	    with_arg ? " " : "", with_arg ? arg : "");
}
