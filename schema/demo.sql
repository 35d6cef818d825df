-- SPDX-License-Identifier: ISC
--
-- The catalogue that "latchkey demo" sells.

INSERT INTO service (id, name, type, category, description, rate_micro,
	min, max, refill, cancel, dripfeed) VALUES
	(1, 'Flyers A6, 135 g, both sides', 'Default', 'Printing',
	 'Printed from the file behind the link, by the piece.',
	 90000000, 50, 100000, 1, 1, 0),
	(2, 'Stickers 5 cm, die cut', 'Default', 'Printing',
	 'By the piece; runs spread a delivery over days.',
	 120000000, 100, 50000, 0, 1, 1),
	(3, 'Business cards, 250, matt', 'Package', 'Printing',
	 'One package of 250.', 14900000, 1, 1, 0, 1, 0),
	(4, 'Name badges from a list', 'Custom Comments', 'Printing',
	 'One badge for each line.', 850000000, 1, 5000, 0, 1, 0),
	(5, 'Translation, English to German', 'Default', 'Translation',
	 'By the word, checked by a second translator.',
	 95000000, 100, 200000, 1, 1, 0),
	(6, 'Translation of a certificate', 'Package', 'Translation',
	 'One page, certified.', 39000000, 1, 1, 0, 0, 0),
	(7, 'Transcription, clear speech', 'Default', 'Transcription',
	 'By the minute of audio behind the link.',
	 1100000000, 5, 6000, 1, 1, 0),
	(8, 'Subtitles of new episodes', 'Subscriptions', 'Transcription',
	 'Minutes of every new episode of a feed.',
	 1600000000, 5, 120, 0, 1, 0),
	(9, 'Keyword research', 'SEO', 'Text',
	 'By the keyword.', 400000000, 10, 1000, 0, 1, 0),
	(10, 'Proofreading', 'Default', 'Text',
	 'By the word.', 12500000, 100, 500000, 1, 1, 0);
