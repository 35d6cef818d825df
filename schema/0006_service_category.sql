-- SPDX-License-Identifier: ISC
--
-- The services of a category that are on sale, by id; and which categories
-- there are, by a step from one to the next.
CREATE INDEX service_category ON service (category) WHERE active = 1;
