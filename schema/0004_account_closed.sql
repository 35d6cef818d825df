-- SPDX-License-Identifier: ISC
--
-- Accounts that their owners have closed.

-- A time; NULL: open.  One that is closed is suspended as well.
ALTER TABLE account ADD COLUMN closed_at INTEGER;
