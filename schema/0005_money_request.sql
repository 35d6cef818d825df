-- SPDX-License-Identifier: ISC
--
-- Requests of account holders to pay money in or out, by hand of the
-- operator.  A withdrawal's amount is held by the house while it is open.
CREATE TABLE money_request (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES account (id),
	kind INTEGER NOT NULL,			-- enum money_request_kind
	status INTEGER NOT NULL,		-- enum money_request_status
	amount_nano INTEGER NOT NULL		-- amount
		CHECK (amount_nano > 0),
	how TEXT NOT NULL,			-- the owner's words: from or to where
	note TEXT,				-- the operator's words
	txn_id INTEGER REFERENCES txn (id),	-- of the wallet; NULL: none yet
	end_txn_id INTEGER REFERENCES txn (id),	-- ended the holding; NULL: none
	created_at INTEGER NOT NULL,		-- time
	updated_at INTEGER NOT NULL		-- time of the last move
) STRICT;
CREATE INDEX money_request_account ON money_request (account_id, id);
CREATE INDEX money_request_open ON money_request (account_id)
	WHERE status = 1;
