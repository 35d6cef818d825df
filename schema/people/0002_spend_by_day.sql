-- SPDX-License-Identifier: ISC
--
-- What an account has spent, day by day, counted from the ledger as far as
-- somebody has looked.  All of it can be counted again.
CREATE TABLE spend (
	account_id INTEGER NOT NULL,
	day INTEGER NOT NULL,			-- since 1970, UTC
	orders INTEGER NOT NULL,		-- that were placed
	charged_nano INTEGER NOT NULL,		-- amount, of these
	refunded_nano INTEGER NOT NULL,		-- amount, of whichever
	PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

-- How far that is.
CREATE TABLE spend_counted (
	account_id INTEGER PRIMARY KEY,
	txn_id INTEGER NOT NULL,		-- the last one that is in it
	posted_at INTEGER NOT NULL		-- time of that one
) STRICT;
