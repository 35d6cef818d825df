/* SPDX-License-Identifier: ISC */
/*
 * The actions of the API, one a file of their name.
 */
#ifndef LATCHKEY_ACTIONS_H
#define LATCHKEY_ACTIONS_H

#include "action.h"

extern const struct action action_services;
extern const struct action action_add;
extern const struct action action_status;
extern const struct action action_refill;
extern const struct action action_refill_status;
extern const struct action action_cancel;
extern const struct action action_balance;
extern const struct action action_webhook_add;
extern const struct action action_webhook_list;
extern const struct action action_webhook_update;
extern const struct action action_webhook_remove;
extern const struct action action_webhook_rotate;
extern const struct action action_webhook_test;
extern const struct action action_webhook_deliveries;
extern const struct action action_webhook_resend;

#endif
