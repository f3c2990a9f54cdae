/*
 * xlsx_package.c - which part of a workbook is what.
 *
 * The relationships of the package name the workbook, those of the workbook name its sheets,
 * shared texts and styles (ECMA-376 part 2, 6.5); file names mean nothing. A type of
 * relationship is known by its last word, since the beginning differs between transitional
 * and strict files. The workbook lists its sheets in their order and says which are hidden
 * (part 1, 18.2.19 and 18.2.20).
 */
#include "base/text.h"
#include "collectors/formats/xlsx_private.h"

struct relation {
	struct slice id, type;
	const char *part;
	struct relation *next;
};

struct relations {
	struct xlsx *x;
	const char *of; /* the part they belong to, "" for the package */
	struct relation *list;
	unsigned n;
};

/* A sheet as the workbook lists it. */
struct listed {
	struct xlsx *x;
	const struct relation *relations;
	unsigned n; /* charts included */
	bool met;   /* a <workbook> of SpreadsheetML */
};

/* --- names of parts ------------------------------------------------------------------ */

/* Takes the last segment off. */
static size_t parent(const char *path, size_t n)
{
	while (n && path[n - 1] != '/')
		n--;
	return n ? n - 1 : 0;
}

/* "../a/b.xml" in "xl/workbook.xml" is "a/b.xml"; "/xl/c.xml" is "xl/c.xml" wherever it stands.
 * NULL on no memory. */
static const char *resolve(struct arena *a, const char *of, struct slice target)
{
	char *out = arena_alloc(a, strlen(of) + target.n + 2);
	size_t n = target.n && target.p[0] == '/' ? 0 : parent(of, strlen(of));

	if (!out)
		return NULL;
	memcpy(out, of, n);
	while (target.n) {
		const char *slash = memchr(target.p, '/', target.n);
		struct slice part =
			slice_of(target.p, slash ? (size_t)(slash - target.p) : target.n);

		target = slice_skip(target, slash ? part.n + 1 : part.n);
		if (slice_is(part, "..")) {
			n = parent(out, n);
		} else if (part.n && !slice_is(part, ".")) {
			if (n)
				out[n++] = '/';
			memcpy(out + n, part.p, part.n);
			n += part.n;
		}
	}
	out[n] = '\0';
	return out;
}

/* "xl/_rels/workbook.xml.rels" for "xl/workbook.xml". */
static const char *relations_part(struct arena *a, const char *of)
{
	size_t dir = parent(of, strlen(of));

	return arena_printf(a, "%.*s%s_rels/%s.rels", (int)dir, of, dir ? "/" : "",
			    of + dir + (dir ? 1 : 0));
}

/* --- relationships --------------------------------------------------------------------- */

static int on_relation(void *ctx, struct xml_name name, const struct xml_attrs *attrs,
		       struct err *e)
{
	struct relations *r = ctx;
	struct slice id, type, target, mode;
	struct relation *one;

	if (!slice_is(name.local, "Relationship") || !xml_attr(attrs, "Id", &id) ||
	    !xml_attr(attrs, "Type", &type) || !xml_attr(attrs, "Target", &target))
		return 0;
	if (xml_attr(attrs, "TargetMode", &mode) && slice_is(mode, "External"))
		return 0;
	if (r->n++ == ZIP_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d relationships", ZIP_ENTRIES_MAX);
	one = arena_new(r->x->a, struct relation);
	if (one) {
		one->id = arena_slice(r->x->a, id);
		one->type = arena_slice(r->x->a, type);
		one->part = resolve(r->x->a, r->of, target);
	}
	if (!one || !one->id.p || !one->type.p || !one->part)
		return xlsx_no_room(r->x, "its relationships", e);
	one->next = r->list;
	r->list = one;
	return 0;
}

static int read_relations(struct xlsx *x, const char *of, struct relations *r, struct err *e)
{
	const struct xml_handler h = { .start = on_relation, .ctx = r };
	const char *part = relations_part(x->a, of);

	*r = (struct relations){ .x = x, .of = of };
	if (!part)
		return xlsx_no_room(x, "its relationships", e);
	return xlsx_parse(x, part, &h, e);
}

static const struct relation *by_type(const struct relation *r, const char *last_word)
{
	while (r && !slice_ends(r->type, last_word))
		r = r->next;
	return r;
}

/* --- the workbook ------------------------------------------------------------------------ */

static int add_sheet(struct listed *l, const struct xml_attrs *attrs, struct err *e)
{
	struct xlsx *x = l->x;
	const struct relation *r = l->relations;
	struct slice id, name, state;
	char shown[TEXT_SHOWN];
	void *grown;

	if (l->n++ == XLSX_SHEETS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d sheets", XLSX_SHEETS_MAX);
	xml_attr(attrs, "name", &name);
	xml_attr(attrs, "id", &id);
	xml_attr(attrs, "state", &state);
	while (r && !slice_eq(r->id, id))
		r = r->next;
	if (!r)
		return err_set(e, ERR_INVALID, "sheet %s has no part", text_shown(name, shown));
	if (!slice_ends(r->type, "/worksheet")) /* a chart, a dialogue, a macro */
		return 0;
	name = arena_slice(x->a, text_trim(name));
	grown = arena_grow(x->a, x->sheets, x->nsheets, &x->sheets_cap, x->nsheets + 1,
			   sizeof(*x->sheets));
	if (!name.p || !grown)
		return xlsx_no_room(x, "its list of sheets", e);
	x->sheets = grown;
	x->sheets[x->nsheets++] = (struct xlsx_sheet_part){
		.name = name,
		.part = r->part,
		.hidden = slice_is(state, "hidden") || slice_is(state, "veryHidden"),
	};
	return 0;
}

static int on_workbook(void *ctx, struct xml_name name, const struct xml_attrs *attrs,
		       struct err *e)
{
	struct listed *l = ctx;

	if (!xlsx_is_main(name.ns))
		return 0;
	if (slice_is(name.local, "workbook"))
		l->met = true;
	else if (slice_is(name.local, "workbookPr"))
		l->x->date1904 = xlsx_is_true(attrs, "date1904");
	else if (slice_is(name.local, "sheet"))
		return add_sheet(l, attrs, e);
	return 0;
}

static int read_workbook(struct xlsx *x, const struct relation *relations, struct err *e)
{
	struct listed l = { .x = x, .relations = relations };
	const struct xml_handler h = { .start = on_workbook, .ctx = &l };
	char shown[TEXT_SHOWN];

	if (xlsx_parse(x, x->workbook, &h, e) < 0)
		return -1;
	if (l.met)
		return 0;
	return err_set(e, ERR_INVALID, "part %s is no workbook",
		       text_shown(slice_str(x->workbook), shown));
}

/* --- what else it may be -------------------------------------------------------------------- */

static int no_workbook(struct xlsx *x, struct err *e)
{
	if (zip_archive_has(x->zip, "mimetype") && zip_archive_has(x->zip, "content.xml"))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is an OpenDocument file (.ods); save it as .xlsx");
	if (zip_archive_has(x->zip, "[Content_Types].xml"))
		return err_set(e, ERR_INVALID, "this Office file holds no workbook");
	return err_set(e, ERR_INVALID, "this is a ZIP archive but no workbook");
}

static int check_name(const char *workbook, struct err *e)
{
	if (slice_ends(slice_str(workbook), ".bin"))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is a binary workbook (.xlsb); save it as .xlsx");
	if (slice_starts(slice_str(workbook), "word/") || slice_starts(slice_str(workbook), "ppt/"))
		return err_set(e, ERR_UNSUPPORTED,
			       "this is a text document or a presentation, no workbook");
	return 0;
}

int xlsx_find_parts(struct xlsx *x, struct err *e)
{
	const struct relation *to;
	struct relations r;

	if (!zip_archive_has(x->zip, "_rels/.rels"))
		return no_workbook(x, e);
	if (read_relations(x, "", &r, e) < 0)
		return -1;
	to = by_type(r.list, "/officeDocument");
	if (!to)
		return no_workbook(x, e);
	x->workbook = to->part;
	if (check_name(x->workbook, e) < 0 || read_relations(x, x->workbook, &r, e) < 0)
		return -1;
	to = by_type(r.list, "/sharedStrings");
	x->strings_part = to ? to->part : NULL;
	to = by_type(r.list, "/styles");
	x->styles_part = to ? to->part : NULL;
	return read_workbook(x, r.list, e);
}
