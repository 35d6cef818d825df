-- SPDX-License-Identifier: ISC
--
-- Webhooks: endpoints, the events queued for them, and what became of each.
-- An event that no endpoint of its account wants is never stored.

-- Events about an order are numbered within it, wanted or not.
ALTER TABLE orders ADD COLUMN event_seq INTEGER NOT NULL DEFAULT 1;

-- An amount; falling below it queues balance.low.  0: never.
ALTER TABLE account ADD COLUMN low_balance_nano INTEGER NOT NULL DEFAULT 0;

-- Endpoints.
CREATE TABLE webhook (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES account (id),
	api_key_id INTEGER NOT NULL,		-- the key that added it
	url TEXT NOT NULL,			-- '' once it is removed
	events INTEGER NOT NULL,		-- sum of 1 << enum event_type
	status INTEGER NOT NULL,		-- enum webhook_status
	reason TEXT,				-- in words, why not active
	secret BLOB NOT NULL,			-- sealed
	hint TEXT NOT NULL,			-- the secret's last characters
	old_secret BLOB,			-- sealed; the one before
	old_until INTEGER,			-- time; the old one signs till then
	created_at INTEGER NOT NULL,		-- time
	last_success_at INTEGER,		-- time; NULL: never
	last_failure_at INTEGER,		-- time; NULL: never
	failing_since INTEGER,			-- time; NULL: the last one succeeded
	blocked_since INTEGER,			-- time; NULL: its address is public
	not_before INTEGER NOT NULL DEFAULT 0,	-- time; nothing is sent before
	notice INTEGER NOT NULL DEFAULT 0	-- enum webhook_notice, to be mailed
) STRICT;
CREATE INDEX webhook_account ON webhook (account_id);

-- What happened.  Bodies are the exact bytes that are sent.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES account (id),
	name TEXT NOT NULL UNIQUE,		-- evt_..., its id on the wire
	subject TEXT NOT NULL UNIQUE,		-- what it tells of: never queued twice
	type INTEGER NOT NULL,			-- enum event_type
	body TEXT NOT NULL,			-- JSON
	created_at INTEGER NOT NULL		-- time
) STRICT;

-- An event on its way to an endpoint.
CREATE TABLE delivery (
	event_id INTEGER NOT NULL REFERENCES event (id),
	webhook_id INTEGER NOT NULL,
	order_id INTEGER,			-- goes in order; NULL: of no order
	status INTEGER NOT NULL,		-- enum delivery_status
	attempts INTEGER NOT NULL DEFAULT 0,	-- that failed
	next_at INTEGER NOT NULL,		-- time of the next; end of a lease
	leased INTEGER NOT NULL DEFAULT 0,	-- flag: a sender has it
	done_at INTEGER,			-- time of the last attempt
	PRIMARY KEY (event_id, webhook_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (webhook_id, next_at)
	WHERE status = 1;
CREATE INDEX delivery_failed ON delivery (webhook_id, done_at)
	WHERE status = 3;
CREATE INDEX delivery_order ON delivery (webhook_id, order_id)
	WHERE status = 1 AND order_id IS NOT NULL;

-- What was tried.
CREATE TABLE attempt (
	webhook_id INTEGER NOT NULL,
	seq INTEGER NOT NULL,			-- from 1, within the endpoint
	event_id INTEGER NOT NULL,
	outcome INTEGER NOT NULL,		-- enum attempt_outcome
	attempted_at INTEGER NOT NULL,		-- time
	duration_ms INTEGER NOT NULL,
	http_status INTEGER,			-- NULL: no answer
	error TEXT,				-- in words; NULL: none
	answer TEXT,				-- its beginning, of a failure
	next_at INTEGER,			-- time of the next; NULL: none
	PRIMARY KEY (webhook_id, seq)
) STRICT, WITHOUT ROWID;
