/* SPDX-License-Identifier: ISC */
/*
 * Changing the catalogue.  A service is read into a draft, the operator's
 * words are laid over it, the whole is checked and written: what an edit may
 * leave behind is what an addition may make.
 */
#include "catalog_admin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "csv.h"
#include "money.h"
#include "number.h"
#include "service_type.h"
#include "text.h"

/* A service on its way; texts are borrowed from the words or the row. */
struct draft {
	const char *name;
	const char *type;
	const char *category;
	const char *desc;
	int64_t rate_micro;
	int64_t min;
	int64_t max;
	int64_t refill;
	int64_t cancel;
	int64_t dripfeed;
	int64_t active;
};

enum { ID_MAX = 2147483647 }; /* known clients keep ids in 32 bits */

static const char *const column_names[CATALOG_COLUMNS] = {
	[CATALOG_ID] = "id",
	[CATALOG_NAME] = "name",
	[CATALOG_TYPE] = "type",
	[CATALOG_CATEGORY] = "category",
	[CATALOG_RATE] = "rate",
	[CATALOG_MIN] = "min",
	[CATALOG_MAX] = "max",
	[CATALOG_REFILL] = "refill",
	[CATALOG_CANCEL] = "cancel",
	[CATALOG_DRIPFEED] = "dripfeed",
	[CATALOG_DESC] = "desc",
	[CATALOG_ACTIVE] = "active",
};

const char *
catalog_admin_column(enum catalog_column column)
{
	return column_names[column];
}

static enum rc
refuse(
    struct catalog_fault *fault, enum catalog_column column, const char *what)
{
	fault->line = 0;
	fault->column = column_names[column];
	fault->what = what;
	return RC_INVALID;
}

static enum rc
read_flag(const struct catalog_words *words, enum catalog_column column,
    int64_t *flag, struct catalog_fault *fault)
{
	static const char *const off[] = { "0", "false", "no" };
	static const char *const on[] = { "1", "true", "yes" };
	const char *s = words->column[column];
	size_t i;

	if (s == NULL)
		return RC_OK;
	for (i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (strcasecmp(s, off[i]) == 0 || strcasecmp(s, on[i]) == 0) {
			*flag = strcasecmp(s, on[i]) == 0;
			return RC_OK;
		}
	}
	return refuse(fault, column, "must be yes or no");
}

static enum rc
read_pieces(const struct catalog_words *words, enum catalog_column column,
    int64_t *pieces, struct catalog_fault *fault)
{
	const char *s = words->column[column];

	if (s == NULL ||
	    number_parse(s, strlen(s), 1, CATALOG_PIECES_MAX, pieces) == RC_OK)
		return RC_OK;
	return refuse(
	    fault, column, "must be a whole number from 1 to 1000000000");
}

/* Lays the words over the draft. */
static enum rc
read_words(const struct catalog_words *words, struct draft *draft,
    struct catalog_fault *fault)
{
	const char *const *column = words->column;
	const char *rate = column[CATALOG_RATE];
	enum rc rc;

	if (column[CATALOG_NAME] != NULL)
		draft->name = column[CATALOG_NAME];
	if (column[CATALOG_TYPE] != NULL)
		draft->type = column[CATALOG_TYPE];
	if (column[CATALOG_CATEGORY] != NULL)
		draft->category = column[CATALOG_CATEGORY];
	if (column[CATALOG_DESC] != NULL)
		draft->desc = column[CATALOG_DESC];
	if (rate != NULL &&
	    money_parse_rate(rate, strlen(rate), &draft->rate_micro) != RC_OK)
		return refuse(fault, CATALOG_RATE,
		    "must be a decimal with at most six places");
	if ((rc = read_pieces(words, CATALOG_MIN, &draft->min, fault)) !=
		RC_OK ||
	    (rc = read_pieces(words, CATALOG_MAX, &draft->max, fault)) !=
		RC_OK ||
	    (rc = read_flag(words, CATALOG_REFILL, &draft->refill, fault)) !=
		RC_OK ||
	    (rc = read_flag(words, CATALOG_CANCEL, &draft->cancel, fault)) !=
		RC_OK ||
	    (rc = read_flag(
		 words, CATALOG_DRIPFEED, &draft->dripfeed, fault)) != RC_OK ||
	    (rc = read_flag(words, CATALOG_ACTIVE, &draft->active, fault)) !=
		RC_OK)
		return rc;
	return RC_OK;
}

/* The numbers of a draft that has all of its texts. */
static enum rc
check_numbers(struct draft *draft, const struct service_type *type,
    struct catalog_fault *fault)
{
	int package = type->quantity == QUANTITY_PACKAGE;
	int64_t charge = 0;

	if (draft->rate_micro < 0)
		return refuse(fault, CATALOG_RATE, "is missing");
	if (package && draft->min == 0)
		draft->min = 1;
	if (package && draft->max == 0)
		draft->max = 1;
	if (draft->min == 0)
		return refuse(fault, CATALOG_MIN, "is missing");
	if (draft->max == 0)
		return refuse(fault, CATALOG_MAX, "is missing");
	if (draft->max < draft->min)
		return refuse(fault, CATALOG_MAX, "is less than the minimum");
	if (package && draft->max != 1)
		return refuse(
		    fault, CATALOG_MAX, "must be 1: the type is a package");
	if (money_charge(draft->rate_micro, package ? 1000 : draft->max,
		&charge) != RC_OK)
		return refuse(fault, CATALOG_RATE,
		    "makes an order of the maximum too expensive to count");
	if (draft->dripfeed && !type->dripfeed)
		return refuse(
		    fault, CATALOG_DRIPFEED, "is not possible with this type");
	return RC_OK;
}

static enum rc
check(struct draft *draft, struct catalog_fault *fault)
{
	const struct service_type *type;

	if (draft->name == NULL)
		return refuse(fault, CATALOG_NAME, "is missing");
	if (!text_is_line(draft->name, TEXT_TITLE_MAX))
		return refuse(fault, CATALOG_NAME,
		    "must be one line of at most 500 bytes");
	if (draft->category == NULL)
		return refuse(fault, CATALOG_CATEGORY, "is missing");
	if (!text_is_line(draft->category, TEXT_NAME_MAX))
		return refuse(fault, CATALOG_CATEGORY,
		    "must be one line of at most 200 bytes");
	if (!text_is_block(draft->desc, TEXT_BLOCK_MAX))
		return refuse(
		    fault, CATALOG_DESC, "must be text of at most 10000 bytes");
	if (draft->type == NULL)
		return refuse(fault, CATALOG_TYPE, "is missing");
	if ((type = service_type_find(draft->type)) == NULL)
		return refuse(fault, CATALOG_TYPE,
		    "is none of the service types, as in \"Default\"");
	return check_numbers(draft, type, fault);
}

static enum rc
read_id(const char *s, int64_t *id, struct catalog_fault *fault)
{
	if (number_parse(s, strlen(s), 1, ID_MAX, id) == RC_OK)
		return RC_OK;
	return refuse(
	    fault, CATALOG_ID, "must be a whole number from 1 to 2147483647");
}

static const char SQL_TAKEN[] = "SELECT COUNT(*) FROM service WHERE id = $1";

static const char SQL_ADD[] =
    "INSERT INTO service (id, name, type, category, description, rate_micro,"
    " min, max, refill, cancel, dripfeed, active)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

enum rc
catalog_admin_add(struct db *db, const struct catalog_words *words, int64_t *id,
    struct catalog_fault *fault)
{
	struct draft draft = { .desc = "", .rate_micro = -1, .active = 1 };
	int64_t asked = 0, taken = 0;
	enum rc rc;

	*id = 0;
	if (words->column[CATALOG_ID] != NULL) {
		rc = read_id(words->column[CATALOG_ID], &asked, fault);
		if (rc != RC_OK)
			return rc;
	}
	if ((rc = read_words(words, &draft, fault)) != RC_OK ||
	    (rc = check(&draft, fault)) != RC_OK)
		return rc;
	if (asked != 0) {
		rc = db_one(db, SQL_TAKEN, DB_ARGS(DB_INT(asked)), &taken);
		if (rc != RC_OK)
			return rc;
		if (taken != 0)
			return RC_LIMITED;
	}
	rc = db_run(db, SQL_ADD,
	    DB_ARGS(asked != 0 ? DB_INT(asked) : DB_NULL, DB_TEXT(draft.name),
		DB_TEXT(draft.type), DB_TEXT(draft.category),
		DB_TEXT(draft.desc), DB_INT(draft.rate_micro),
		DB_INT(draft.min), DB_INT(draft.max), DB_INT(draft.refill),
		DB_INT(draft.cancel), DB_INT(draft.dripfeed),
		DB_INT(draft.active)));
	if (rc == RC_OK)
		*id = db_last_id(db);
	return rc;
}

static const char SQL_READ[] =
    "SELECT name, type, category, description, rate_micro, min, max,"
    " refill, cancel, dripfeed, active FROM service WHERE id = $1";

static const char SQL_EDIT[] =
    "UPDATE service SET name = $1, type = $2, category = $3,"
    " description = $4, rate_micro = $5, min = $6, max = $7, refill = $8,"
    " cancel = $9, dripfeed = $10, active = $11 WHERE id = $12";

enum rc
catalog_admin_edit(struct db *db, int64_t id, const struct catalog_words *words,
    struct catalog_fault *fault)
{
	struct db_rows *rows = NULL;
	struct draft draft;
	enum rc rc;

	rc = db_query(db, SQL_READ, DB_ARGS(DB_INT(id)), &rows);
	if (rc != RC_OK || (rc = db_next(rows)) != RC_OK)
		goto out;
	draft = (struct draft){
		.name = db_text(rows, 0),
		.type = db_text(rows, 1),
		.category = db_text(rows, 2),
		.desc = db_text(rows, 3),
		.rate_micro = db_int(rows, 4),
		.min = db_int(rows, 5),
		.max = db_int(rows, 6),
		.refill = db_int(rows, 7),
		.cancel = db_int(rows, 8),
		.dripfeed = db_int(rows, 9),
		.active = db_int(rows, 10),
	};
	if ((rc = read_words(words, &draft, fault)) != RC_OK ||
	    (rc = check(&draft, fault)) != RC_OK)
		goto out;
	/* The row that lends its texts stays open until this is done. */
	rc = db_run(db, SQL_EDIT,
	    DB_ARGS(DB_TEXT(draft.name), DB_TEXT(draft.type),
		DB_TEXT(draft.category), DB_TEXT(draft.desc),
		DB_INT(draft.rate_micro), DB_INT(draft.min), DB_INT(draft.max),
		DB_INT(draft.refill), DB_INT(draft.cancel),
		DB_INT(draft.dripfeed), DB_INT(draft.active), DB_INT(id)));
out:
	db_done(&rows);
	return rc;
}

/* Where a file has its columns: field of each, or -1. */
struct layout {
	int field[CATALOG_COLUMNS];
};

static enum rc
read_header(struct csv *csv, struct layout *layout, struct catalog_fault *fault)
{
	size_t i, c;

	for (c = 0; c < CATALOG_COLUMNS; c++)
		layout->field[c] = -1;
	for (i = 0; i < csv_count(csv); i++) {
		for (c = 0; c < CATALOG_COLUMNS; c++)
			if (strcmp(csv_field(csv, i), column_names[c]) == 0)
				break;
		if (c == CATALOG_COLUMNS) {
			fault->what = "the header names an unknown column";
			return RC_INVALID;
		}
		if (layout->field[c] >= 0)
			return refuse(fault, (enum catalog_column)c,
			    "is named twice in the header");
		layout->field[c] = (int)i;
	}
	return RC_OK;
}

static void
read_cells(const struct csv *csv, const struct layout *layout,
    struct catalog_words *words)
{
	size_t c;

	for (c = 0; c < CATALOG_COLUMNS; c++) {
		words->column[c] = NULL;
		if (layout->field[c] < 0)
			continue;
		words->column[c] = csv_field(csv, (size_t)layout->field[c]);
		if (words->column[c][0] == '\0' && c != CATALOG_DESC)
			words->column[c] = NULL;
	}
}

/* Adds or changes the service of one row. */
static enum rc
import_row(struct db *db, const struct catalog_words *words, int64_t *added,
    int64_t *changed, struct catalog_fault *fault)
{
	int64_t id = 0;
	enum rc rc;

	if (words->column[CATALOG_ID] != NULL) {
		rc = read_id(words->column[CATALOG_ID], &id, fault);
		if (rc != RC_OK)
			return rc;
		rc = catalog_admin_edit(db, id, words, fault);
		if (rc == RC_OK)
			++*changed;
		if (rc != RC_NOT_FOUND)
			return rc;
	}
	rc = catalog_admin_add(db, words, &id, fault);
	if (rc == RC_OK)
		++*added;
	return rc;
}

enum rc
catalog_admin_import(struct db *db, FILE *in, int64_t *added, int64_t *changed,
    struct catalog_fault *fault)
{
	struct csv *csv = NULL;
	struct catalog_words words;
	struct layout layout;
	enum rc rc;

	*added = *changed = 0;
	*fault = (struct catalog_fault){ .what = "" };
	if ((rc = csv_new(in, &csv)) != RC_OK)
		goto out;
	if ((rc = csv_next(csv)) == RC_NOT_FOUND) {
		fault->what = "the file is empty";
		rc = RC_INVALID;
	}
	if (rc == RC_OK)
		rc = read_header(csv, &layout, fault);
	while (rc == RC_OK && (rc = csv_next(csv)) == RC_OK) {
		read_cells(csv, &layout, &words);
		rc = import_row(db, &words, added, changed, fault);
	}
	if (rc == RC_NOT_FOUND)
		rc = RC_OK;
	if (rc != RC_OK) {
		fault->line = csv_line(csv);
		if (csv_what(csv)[0] != '\0')
			fault->what = csv_what(csv);
	}
out:
	csv_free(csv);
	return rc;
}
