-- SPDX-License-Identifier: ISC
--
-- The people's database: who may log in, and how.  It lies beside the main
-- one and belongs to pages alone; programs of the API never open it.  Times
-- are UTC seconds since 1970.  An account_id is an account of the main
-- database, where no reference can be declared.

-- Account holders: how they log in and what they like.  An account that was
-- made by the operator has no row until it gets a password.
CREATE TABLE person (
	account_id INTEGER PRIMARY KEY,
	password TEXT,				-- PHC string; NULL: none yet
	password_at INTEGER,			-- time it was set
	time_zone TEXT NOT NULL DEFAULT 'UTC'	-- IANA name
) STRICT;

-- The second factor: a secret for one-time passwords.
CREATE TABLE second_factor (
	account_id INTEGER PRIMARY KEY,
	secret BLOB NOT NULL,			-- sealed
	last_step INTEGER NOT NULL DEFAULT 0,	-- of the last code taken
	created_at INTEGER NOT NULL,		-- time
	confirmed_at INTEGER			-- time; NULL: not yet on
) STRICT;

-- Recovery codes, each good once in place of the second factor.
CREATE TABLE recovery_code (
	account_id INTEGER NOT NULL,
	mac BLOB NOT NULL,			-- HMAC-SHA-256 of the code
	PRIMARY KEY (account_id, mac)
) STRICT, WITHOUT ROWID;

-- Sessions.  A token itself is never stored.
CREATE TABLE session (
	id INTEGER PRIMARY KEY AUTOINCREMENT,	-- never that of an older one
	account_id INTEGER NOT NULL,
	hash BLOB NOT NULL UNIQUE,		-- SHA-256 of the token
	stage INTEGER NOT NULL			-- enum session_stage
		CHECK (stage BETWEEN 1 AND 2),
	address TEXT NOT NULL,			-- it was started from
	agent TEXT NOT NULL,			-- the browser's words
	created_at INTEGER NOT NULL,		-- time of the log-in
	seen_at INTEGER NOT NULL		-- time, to a minute
) STRICT;
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_seen ON session (seen_at);
CREATE INDEX session_created ON session (created_at);

-- What was mailed to prove that somebody reads an address.  A token itself
-- is never stored.
CREATE TABLE mail_token (
	hash BLOB PRIMARY KEY,			-- SHA-256 of the token
	kind INTEGER NOT NULL			-- enum mail_token_kind
		CHECK (kind BETWEEN 1 AND 3),
	account_id INTEGER NOT NULL,		-- 0: a sign-up has none yet
	email TEXT NOT NULL,			-- where it was sent, lower case
	name TEXT NOT NULL,			-- of a sign-up; address before
	created_at INTEGER NOT NULL,		-- time
	expires_at INTEGER NOT NULL		-- time
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_token_email ON mail_token (email, kind, created_at);
CREATE INDEX mail_token_account ON mail_token (account_id)
	WHERE account_id > 0;
CREATE INDEX mail_token_expires ON mail_token (expires_at);

-- What may not be tried as often as one likes.
CREATE TABLE guess (
	subject BLOB PRIMARY KEY,		-- enum guess_kind, and of whom
	failures INTEGER NOT NULL		-- in a row
		CHECK (failures >= 0),
	failed_at INTEGER NOT NULL		-- time of the last
) STRICT, WITHOUT ROWID;
CREATE INDEX guess_age ON guess (failed_at);

-- The security history.
CREATE TABLE audit (
	account_id INTEGER NOT NULL,
	seq INTEGER NOT NULL,			-- from 1, within the account
	happened_at INTEGER NOT NULL,		-- time
	what INTEGER NOT NULL,			-- enum audit_what
	address TEXT NOT NULL,			-- it came from; '': the operator
	note TEXT NOT NULL,			-- what it was about, or ''
	PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_age ON audit (happened_at);

-- Forms that must not take effect twice, once they have.
CREATE TABLE form_used (
	account_id INTEGER NOT NULL,
	id BLOB NOT NULL,			-- random, of the form
	used_at INTEGER NOT NULL,		-- time
	PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX form_used_age ON form_used (used_at);

-- Services that an account holder keeps at hand.
CREATE TABLE favourite (
	account_id INTEGER NOT NULL,
	service_id INTEGER NOT NULL,		-- of the main database
	PRIMARY KEY (account_id, service_id)
) STRICT, WITHOUT ROWID;
