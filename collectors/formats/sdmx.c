/*
 * sdmx.c - see sdmx.h.
 */
#include "collectors/cells.h"
#include "collectors/formats/sdmx_table.h"

/* XML in UTF-16 begins with a mark of its byte order. */
static bool is_xml(struct slice start)
{
	return slice_starts(start, "<") || slice_starts(start, "\xff\xfe") ||
	       slice_starts(start, "\xfe\xff");
}

int sdmx_read(struct slice body, struct arena *a, const struct sdmx_options *o,
	      const struct row_sink *sink, struct err *e)
{
	struct sdmx_table *t = arena_alloc(a, sizeof(*t));
	struct slice start = cell_trim(body);

	if (!t)
		return err_set(e, ERR_LIMIT, "no room to read the message");
	sdmx_table_init(t, a, o, sink);
	if (start.n == 0)
		return err_set(e, ERR_INVALID, "the document is empty");
	if (is_xml(start))
		return sdmx_ml_read(body, t, e);
	if (*start.p == '{')
		return sdmx_json_read(body, t, e);
	return sdmx_csv_read(body, t, e);
}
