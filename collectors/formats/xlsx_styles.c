/*
 * xlsx_styles.c - number formats of cells (ECMA-376 part 1, 18.8).
 *
 * A cell names a style by its index in <cellXfs>; that names a format by its id, and the code
 * of the id stands in <numFmts>, which comes before, unless it is built in.
 */
#include "collectors/formats/xlsx_private.h"

enum { FORMATS = 65536 };

struct reading {
	struct xlsx *x;
	uint8_t *kinds; /* enum sheet_format of each id */
	bool in_formats, in_styles;
};

static unsigned number_of(const struct xml_attrs *attrs, const char *local)
{
	struct slice text;
	int64_t v;

	if (!xml_attr(attrs, local, &text) || num_parse_i64(text, &v, NULL) < 0 || v < 0 ||
	    v >= FORMATS)
		return 0; /* "General" */
	return (unsigned)v;
}

static int add_style(struct reading *r, unsigned format, struct err *e)
{
	struct xlsx *x = r->x;
	void *grown;

	if (x->nstyles == XLSX_STYLES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d styles of cells", XLSX_STYLES_MAX);
	grown = arena_grow(x->a, x->styles, x->nstyles, &x->styles_cap, x->nstyles + 1, 1);
	if (!grown)
		return xlsx_no_room(x, "its styles", e);
	x->styles = grown;
	x->styles[x->nstyles++] = r->kinds[format];
	return 0;
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct reading *r = ctx;
	struct slice code;
	unsigned id;

	if (!xlsx_is_main(name.ns))
		return 0;
	if (slice_is(name.local, "numFmts")) {
		r->in_formats = true;
	} else if (slice_is(name.local, "cellXfs")) {
		r->in_styles = true;
	} else if (r->in_formats && slice_is(name.local, "numFmt")) {
		id = number_of(attrs, "numFmtId");
		xml_attr(attrs, "formatCode", &code);
		if (id)
			r->kinds[id] = (uint8_t)sheet_format_kind(id, code);
	} else if (r->in_styles && slice_is(name.local, "xf")) {
		return add_style(r, number_of(attrs, "numFmtId"), e);
	}
	return 0;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct reading *r = ctx;

	(void)e;
	if (slice_is(name.local, "numFmts"))
		r->in_formats = false;
	else if (slice_is(name.local, "cellXfs"))
		r->in_styles = false;
	return 0;
}

int xlsx_styles_read(struct xlsx *x, struct err *e)
{
	struct reading r = { .x = x };
	const struct xml_handler h = { on_start, on_end, NULL, &r };

	if (!x->styles_part)
		return 0;
	r.kinds = arena_zalloc(x->a, FORMATS);
	if (!r.kinds)
		return xlsx_no_room(x, "its styles", e);
	for (unsigned id = 0; id < 64; id++) /* the built-in ones end at 58 */
		r.kinds[id] = (uint8_t)sheet_format_kind(id, slice_of("", 0));
	return xlsx_parse(x, x->styles_part, &h, e);
}
