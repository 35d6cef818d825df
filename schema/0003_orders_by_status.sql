-- SPDX-License-Identifier: ISC
--
-- Indexes for lists of an account's orders, by status, service and link, each
-- in the order of ids within one status: a list of several statuses merges
-- them.  orders_link also finds the unfinished orders of a link.
DROP INDEX orders_account;
DROP INDEX orders_open;
CREATE INDEX orders_status ON orders (account_id, status);
CREATE INDEX orders_service ON orders (account_id, service_id, status);
CREATE INDEX orders_link ON orders (account_id, link_hash, status);

-- Requests to cancel that the operator has not answered.
CREATE INDEX orders_cancel ON orders (account_id, cancel_requested_at)
	WHERE cancel_requested_at IS NOT NULL;
