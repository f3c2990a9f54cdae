/*
 * xlsx_merge.c - merged cells, found before the rows.
 *
 * <mergeCells> stands behind <sheetData> (ECMA-376 part 1, 18.3.1.55 and 18.3.1.99), and a row
 * cannot be told before it is known what is repeated in it. So the sheet is unpacked once
 * before: expat reads up to the tag <sheetData>, what lies between is only searched for the
 * tag that closes it, and expat goes on there:
 *
 *     <worksheet …> … <sheetData>   rows rows rows   </sheetData> … <mergeCells> …
 *     \________ expat _________/                     \__________ expat ___________/
 *
 * That costs the unpacking and little more. On the same occasion all of the part is checked
 * before the first row is given.
 *
 * Regions that lie over the row stand in a list; in a sheet as it should be they do not overlap.
 */
#include "base/text.h"
#include "collectors/formats/xlsx_private.h"

#include <stdlib.h>

static const char sheet_data[] = "sheetData";

enum {
	WORD_BYTES = sizeof(sheet_data) - 1,
	CLOSING_BYTES = 64, /* "</prefix:sheetData", the longest looked for */
};

struct reading {
	struct xlsx *x;
	struct xlsx_merges *m;
	struct xlsx_stream stream;
	bool opened; /* expat has told <sheetData>, and the piece ends there */
	bool closed; /* it was <sheetData/> */
};

/* --- places ----------------------------------------------------------------------------- */

bool xlsx_place(struct slice ref, unsigned *column, unsigned *row)
{
	unsigned c = 0, r = 0;
	size_t i = 0, letters;

	for (; i < ref.n && ref.p[i] >= 'A' && ref.p[i] <= 'Z' && c <= ROW_CELLS_MAX; i++)
		c = c * 26 + (unsigned)(ref.p[i] - 'A' + 1);
	letters = i;
	for (; i < ref.n && ref.p[i] >= '0' && ref.p[i] <= '9' && r <= XLSX_ROWS_MAX; i++)
		r = r * 10 + (unsigned)(ref.p[i] - '0');
	*column = c;
	*row = r;
	return letters && i > letters && i == ref.n && c <= ROW_CELLS_MAX && r >= 1 &&
	       r <= XLSX_ROWS_MAX;
}

/* "A1:B2"; a region of one cell or with its corners mixed up covers nothing. */
static bool read_region(struct slice ref, struct xlsx_region *out)
{
	const char *colon = ref.n ? memchr(ref.p, ':', ref.n) : NULL;
	size_t n = colon ? (size_t)(colon - ref.p) : 0;

	*out = (struct xlsx_region){ .text = slice_of("", 0) };
	return colon && xlsx_place(slice_of(ref.p, n), &out->left, &out->top) &&
	       xlsx_place(slice_skip(ref, n + 1), &out->right, &out->bottom) &&
	       out->right >= out->left && out->bottom >= out->top;
}

/* --- what expat tells --------------------------------------------------------------------- */

static int add_region(struct reading *r, const struct xml_attrs *attrs, struct err *e)
{
	struct xlsx_merges *m = r->m;
	struct xlsx_region region;
	struct slice ref;
	void *grown;

	xml_attr(attrs, "ref", &ref);
	if (!read_region(ref, &region))
		return 0;
	if (m->n == XLSX_REGIONS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d merged cells", XLSX_REGIONS_MAX);
	grown = arena_grow(r->x->a, m->list, m->n, &m->cap, m->n + 1, sizeof(*m->list));
	if (!grown)
		return xlsx_no_room(r->x, "its merged cells", e);
	m->list = grown;
	m->list[m->n++] = region;
	return 0;
}

static int on_start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct reading *r = ctx;

	if (!xlsx_is_main(name.ns))
		return 0;
	if (slice_is(name.local, sheet_data))
		r->opened = xml_at_piece_end(r->stream.xml);
	else if (slice_is(name.local, "mergeCell"))
		return add_region(r, attrs, e);
	return 0;
}

static int on_end(void *ctx, struct xml_name name, struct err *e)
{
	struct reading *r = ctx;

	(void)e;
	if (slice_is(name.local, sheet_data))
		r->closed = true;
	return 0;
}

/* --- the way through a sheet ---------------------------------------------------------------- */

static struct slice rest(const struct xlsx_stream *s)
{
	return slice_of(s->bytes + s->at, s->n - s->at);
}

static const char *find_word(struct slice s)
{
	return memmem(s.p, s.n, sheet_data, WORD_BYTES);
}

/* Feeds up to the '>' behind the next "sheetData". 1: it was fed. 0: more bytes are needed. */
static int feed_head(struct reading *r, struct err *e)
{
	struct xlsx_stream *s = &r->stream;
	struct slice bytes = rest(s);
	const char *word = find_word(bytes), *end;
	size_t n;

	if (!word) {
		n = bytes.n < WORD_BYTES ? 0 : bytes.n - WORD_BYTES;
		return xlsx_stream_feed(s, n, e) < 0 ? -1 : 0;
	}
	n = (size_t)(word - bytes.p);
	end = memchr(word, '>', bytes.n - n);
	if (end)
		n = (size_t)(end - bytes.p) + 1;
	else if (bytes.n - n >= ZIP_PIECE_BYTES) /* too long for the window */
		n = bytes.n;
	return xlsx_stream_feed(s, n, e) < 0 ? -1 : end != NULL;
}

/* Where "</sheetData" or "</x:sheetData" begins, given where the word is; NULL when it is another
 * tag. */
static const char *closing_tag(struct slice s, const char *word)
{
	const char *p = word;

	while (p > s.p && word - p < CLOSING_BYTES && p[-1] != '<' && p[-1] != '>')
		p--;
	if (p == s.p || p[-1] != '<' || p == word || *p != '/')
		return NULL;
	return p + 1 == word || word[-1] == ':' ? p - 1 : NULL;
}

/* Goes to the tag that closes <sheetData>. 1: there we are. 0: more bytes are needed. */
static int skip_rows(struct xlsx_stream *s)
{
	struct slice bytes = rest(s), at = bytes;
	const char *word, *tag;

	while ((word = find_word(at))) {
		tag = closing_tag(bytes, word);
		if (tag) {
			s->at += (size_t)(tag - bytes.p);
			return 1;
		}
		at = slice_skip(at, (size_t)(word - at.p) + WORD_BYTES);
	}
	if (bytes.n > CLOSING_BYTES + WORD_BYTES)
		s->at += bytes.n - CLOSING_BYTES - WORD_BYTES;
	return 0;
}

/* What is in the window. 1: go on with it; 0: more bytes are needed. */
static int read_window(struct reading *r, bool *skipped, struct err *e)
{
	if (!r->opened)
		return feed_head(r, e);
	if (!r->closed && !*skipped) {
		*skipped = skip_rows(&r->stream) == 1;
		return *skipped;
	}
	return xlsx_stream_feed(&r->stream, r->stream.n - r->stream.at, e) < 0 ? -1 : 0;
}

static int read_part(struct reading *r, struct err *e)
{
	struct xlsx_stream *s = &r->stream;
	bool skipped = false;
	int got, more;

	while ((got = xlsx_stream_fill(s, e)) > 0) {
		do
			more = read_window(r, &skipped, e);
		while (more > 0);
		if (more < 0)
			return -1;
	}
	if (got < 0 || (!r->opened && xlsx_stream_feed(s, s->n - s->at, e) < 0))
		return -1;
	return xlsx_stream_finish(s, e);
}

static int by_place(const void *a, const void *b)
{
	const struct xlsx_region *x = a, *y = b;

	if (x->top != y->top)
		return x->top < y->top ? -1 : 1;
	return x->left < y->left ? -1 : x->left > y->left;
}

int xlsx_merges_read(struct xlsx *x, const char *part, struct xlsx_merges *m, struct err *e)
{
	struct reading r = { .x = x, .m = m };
	const struct xml_handler h = { on_start, on_end, NULL, &r };
	char shown[TEXT_SHOWN];
	int result;

	*m = (struct xlsx_merges){ 0 };
	if (xlsx_stream_open(&r.stream, x, part, &h, e) < 0)
		return -1;
	xml_forget_places(r.stream.xml);
	result = read_part(&r, e);
	xlsx_stream_close(&r.stream);
	if (result < 0)
		return err_wrap(e, "part %s, around its rows", text_shown(slice_str(part), shown));
	if (m->n)
		qsort(m->list, m->n, sizeof(*m->list), by_place);
	return 0;
}

/* --- over the rows ------------------------------------------------------------------ */

static int too_much_padding(struct err *e)
{
	return err_set(e, ERR_LIMIT,
		       "more than %d cells are only gaps, or repeat the text of a merged cell",
		       XLSX_PADDING_MAX);
}

int xlsx_pad(struct xlsx *x, unsigned line, size_t *have, size_t n, struct err *e)
{
	if (n <= *have)
		return 0;
	if (x->padding + (n - *have) > XLSX_PADDING_MAX)
		return too_much_padding(e);
	x->padding += n - *have;
	for (; *have < n; ++*have)
		x->cells[*have] = (struct cell){
			.text = slice_of("", 0),
			.line = line,
			.column = (unsigned)*have + 1,
		};
	return 0;
}

/* A region begins in this row: its text stays as long as rows are under it. */
static int take_text(struct xlsx *x, struct xlsx_region *g, const struct row *row, struct err *e)
{
	if (g->left > row->n)
		return 0;
	g->text = row->cells[g->left - 1].text;
	if (!g->text.n || g->bottom == g->top)
		return 0;
	g->text = arena_slice(x->a, g->text);
	return g->text.p ? 0 : xlsx_no_room(x, "its merged cells", e);
}

/* Regions that begin above this row or in it; those that are over go. */
static int open_regions(struct xlsx *x, struct xlsx_merges *m, const struct row *row, struct err *e)
{
	for (struct xlsx_region **at = &m->open; *at;) {
		if ((*at)->bottom < row->line)
			*at = (*at)->below;
		else
			at = &(*at)->below;
	}
	for (; m->next < m->n && m->list[m->next].top <= row->line; m->next++) {
		struct xlsx_region *g = &m->list[m->next];

		if (g->bottom < row->line)
			continue;
		if (g->top == row->line && take_text(x, g, row, e) < 0)
			return -1;
		g->below = m->open;
		m->open = g;
	}
	return 0;
}

/* Where the first cell is empty the others are, too, whatever they held before they were merged. */
static int cover(struct xlsx *x, const struct xlsx_region *g, struct row *row, struct err *e)
{
	size_t from = g->top == row->line ? g->left : g->left - 1;

	if (g->text.n && xlsx_pad(x, row->line, &row->n, g->right, e) < 0)
		return -1;
	/* Where it covers nothing the look costs all the same, and there may be a million of them.
	 */
	if (from >= row->n && ++x->padding > XLSX_PADDING_MAX)
		return too_much_padding(e);
	for (size_t c = from; c < g->right && c < row->n; c++) {
		if (++x->padding > XLSX_PADDING_MAX)
			return too_much_padding(e);
		row->cells[c] = (struct cell){
			.text = g->text,
			.line = g->text.n ? g->top : row->line,
			.column = g->text.n ? g->left : (unsigned)c + 1,
			.repeated = g->text.n > 0,
		};
	}
	return 0;
}

int xlsx_merges_apply(struct xlsx *x, struct xlsx_merges *m, struct row *row, struct err *e)
{
	if (open_regions(x, m, row, e) < 0)
		return -1;
	for (const struct xlsx_region *g = m->open; g; g = g->below)
		if (cover(x, g, row, e) < 0)
			return -1;
	return 0;
}
