-- SPDX-License-Identifier: ISC
--
-- The first schema.  Times are UTC seconds since 1970, amounts nano-units
-- (1e-9) of the panel's currency, rates micro-units (1e-6) for 1000 pieces,
-- flags 0 or 1.  Comments are taken out when this is built in: SQLite keeps
-- the text of a table and reads it at every start of a program.

-- Rate tiers: what an account may call.
CREATE TABLE tier (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,		-- Standard, Reseller, ...
	calls_per_minute INTEGER NOT NULL	-- over all keys of an account
		CHECK (calls_per_minute > 0)
) STRICT;

INSERT INTO tier (id, name, calls_per_minute) VALUES
	(1, 'Standard', 200),
	(2, 'Reseller', 600),
	(3, 'Agency', 3000);

-- Customers.  The balance caches the sum of the wallet's entries.
CREATE TABLE account (
	id INTEGER PRIMARY KEY,			-- also the wallet's ledger_id
	email TEXT NOT NULL UNIQUE,		-- lower case
	name TEXT NOT NULL,			-- as shown to operators
	tier_id INTEGER NOT NULL REFERENCES tier (id),
	suspended_at INTEGER,			-- time; NULL: active
	balance_nano INTEGER NOT NULL DEFAULT 0	-- amount
		CHECK (balance_nano >= 0),
	created_at INTEGER NOT NULL		-- time
) STRICT;

-- API keys.  A key itself is never stored.
CREATE TABLE api_key (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES account (id),
	public_id TEXT NOT NULL UNIQUE,		-- 8 base62, part of the key
	mac BLOB NOT NULL,			-- HMAC-SHA-256 of the key
	label TEXT NOT NULL,			-- the owner's words
	created_at INTEGER NOT NULL,		-- time
	last_used_at INTEGER,			-- time, to 5 minutes; NULL: never
	revoked_at INTEGER,			-- time; NULL: active
	revoked_why TEXT			-- in words; NULL: active
) STRICT;
CREATE INDEX api_key_account ON api_key (account_id);

-- The catalogue.
CREATE TABLE service (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	type TEXT NOT NULL,			-- a name of service_types
	category TEXT NOT NULL,
	description TEXT NOT NULL DEFAULT '',
	rate_micro INTEGER NOT NULL		-- rate; of one for packages
		CHECK (rate_micro >= 0),
	min INTEGER NOT NULL CHECK (min > 0),	-- pieces of one order
	max INTEGER NOT NULL CHECK (max >= min), -- pieces of one order
	refill INTEGER NOT NULL,		-- flag: refills may be asked for
	cancel INTEGER NOT NULL,		-- flag: orders can be canceled
	dripfeed INTEGER NOT NULL,		-- flag: runs are taken
	active INTEGER NOT NULL DEFAULT 1	-- flag: on sale
) STRICT;

-- Orders.
CREATE TABLE orders (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES account (id),
	service_id INTEGER NOT NULL REFERENCES service (id),
	status INTEGER NOT NULL			-- enum order_status
		CHECK (status BETWEEN 1 AND 6),
	link TEXT,				-- NULL: the type has none
	link_hash INTEGER,			-- of link, which is found by it
	quantity INTEGER NOT NULL CHECK (quantity > 0), -- pieces, all runs
	remains INTEGER NOT NULL		-- pieces to be delivered
		CHECK (remains BETWEEN 0 AND quantity),
	start_count INTEGER NOT NULL DEFAULT 0,	-- pieces before delivery
	price_micro INTEGER NOT NULL,		-- rate when it was placed
	charge_nano INTEGER NOT NULL		-- amount after refunds
		CHECK (charge_nano >= 0),
	details TEXT,				-- JSON of the type's other fields
	request_id TEXT,			-- the caller's; NULL: none
	request_hash BLOB,			-- of the fields sent with it
	created_at INTEGER NOT NULL,		-- time
	updated_at INTEGER NOT NULL,		-- time of the last move
	cancel_requested_at INTEGER		-- time; NULL: not requested
) STRICT;
CREATE INDEX orders_account ON orders (account_id, id);
CREATE INDEX orders_open ON orders (account_id, service_id, link_hash)
	WHERE status < 4;
CREATE UNIQUE INDEX orders_request ON orders (account_id, request_id)
	WHERE request_id IS NOT NULL;

-- The history of orders: a row a move.  An order starts as Pending at its
-- created_at, which takes no row.
CREATE TABLE order_move (
	order_id INTEGER NOT NULL REFERENCES orders (id),
	seq INTEGER NOT NULL,			-- from 1, within the order
	moved_at INTEGER NOT NULL,		-- time
	from_status INTEGER NOT NULL,		-- enum order_status
	to_status INTEGER NOT NULL,		-- enum order_status
	actor INTEGER NOT NULL,			-- enum order_actor
	note TEXT,				-- the operator's words
	PRIMARY KEY (order_id, seq)
) STRICT, WITHOUT ROWID;

-- Refills of orders.
CREATE TABLE refill (
	id INTEGER PRIMARY KEY,
	order_id INTEGER NOT NULL REFERENCES orders (id),
	account_id INTEGER NOT NULL REFERENCES account (id),
	status INTEGER NOT NULL			-- enum refill_status
		CHECK (status BETWEEN 1 AND 5),
	created_at INTEGER NOT NULL,		-- time
	updated_at INTEGER NOT NULL		-- time of the last move
) STRICT;
CREATE INDEX refill_order ON refill (order_id);

-- Transactions of the ledger.
CREATE TABLE txn (
	id INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,			-- enum ledger_kind
	order_id INTEGER REFERENCES orders (id), -- NULL: not about an order
	posted_at INTEGER NOT NULL,		-- time
	note TEXT				-- the operator's words
) STRICT;

-- Their entries; those of one transaction sum to zero.  Kept in the order of
-- statements, so that a wallet's need no index of their own.
CREATE TABLE entry (
	ledger_id INTEGER NOT NULL,		-- account.id, or LEDGER_... < 0
	txn_id INTEGER NOT NULL REFERENCES txn (id),
	amount_nano INTEGER NOT NULL,		-- amount, signed
	PRIMARY KEY (ledger_id, txn_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER txn_fixed BEFORE UPDATE ON txn BEGIN
	SELECT RAISE(ABORT, 'a transaction is never changed');
END;
CREATE TRIGGER txn_kept BEFORE DELETE ON txn BEGIN
	SELECT RAISE(ABORT, 'a transaction is never deleted');
END;
CREATE TRIGGER entry_fixed BEFORE UPDATE ON entry BEGIN
	SELECT RAISE(ABORT, 'an entry is never changed');
END;
CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN
	SELECT RAISE(ABORT, 'an entry is never deleted');
END;
