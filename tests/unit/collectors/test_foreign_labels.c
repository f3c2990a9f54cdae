/*
 * test_foreign_labels.c - what a source says never takes the place of what we say.
 *
 * Pages of samples and tables of figures are made at random of names and values that are chosen to
 * be in the way: our own labels, what they are renamed to, what comes close, what is quoted. What
 * must become of each line is worked out here from how it was made. The same numbers in every run;
 * a million lines in all.
 */
#include "base/map.h"
#include "collectors/samples.h"
#include "tests/unit/collectors/documents.h"

enum {
	PAGES = 200,
	PAGE_LINES = 1000,
	ROUNDS = 4, /* without and with honor_labels, each without and with a cache */
	TABLES = 20,
	TABLE_ROWS = 10000,
	OWN_MAX = 6, /* labels of a line */
	LONG = LABEL_VALUE_MAX_BYTES + 1,
};

#define FEED     "node"
#define INSTANCE "h:9100"

/* xorshift64*: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static size_t below(uint64_t *state, size_t n)
{
	return (size_t)((next_random(state) >> 32) * n >> 32);
}

/* --- lines of a page -------------------------------------------------------------------------- */

/* As it is written on the page and what it means. */
struct word {
	const char *written, *meant;
};

static const struct word names[] = {
	{ "job", "job" },
	{ "instance", "instance" },
	{ "\"job\"", "job" },
	{ "\"instance\"", "instance" },
	{ "exported_job", "exported_job" },
	{ "exported_instance", "exported_instance" },
	{ "exported_exported_job", "exported_exported_job" },
	{ "\"exported_exported_instance\"", "exported_exported_instance" },
	{ "__name__", "__name__" },
	{ "\"__name__\"", "__name__" },
	{ "feed", "feed" },
	{ "owner", "owner" },
	{ "park", "park" },
	{ "freq", "freq" },
	{ "basis", "basis" },
	{ "le", "le" },
	{ "__address__", "__address__" },
	{ "__period__", "__period__" },
	{ "Job", "Job" },
	{ "_job", "_job" },
	{ "job_", "job_" },
	{ "\"job \"", "job " },
	{ "\" job\"", " job" },
	{ "\"job\\n\"", "job\n" },
	{ "\"jo\\\\b\"", "jo\\b" },
	{ "\"job=\\\"node\\\"\"", "job=\"node\"" },
	{ "\"\xef\xbd\x8a\xef\xbd\x8f\xef\xbd\x82\"", "\xef\xbd\x8a\xef\xbd\x8f\xef\xbd\x82" },
	{ "\"作业\"", "作业" },
	{ "\"\"", "" },
	{ "a", "a" },
	{ "b", "b" },
	{ "c", "c" },
};

static char long_value[LONG + 1];

static const struct word values[] = {
	{ "", "" },         { FEED, FEED },         { INSTANCE, INSTANCE },
	{ "evil", "evil" }, { "evil:1", "evil:1" }, { "x\\\",job=\\\"evil", "x\",job=\"evil" },
	{ "\\n", "\n" },    { "\\\\", "\\" },       { "甲河", "甲河" },
	{ "1", "1" },       { FEED " ", FEED " " }, { long_value, long_value },
};

/* The first five are said by the scrape itself, the sixth is a family of the catalogue. */
static const struct word metrics[] = {
	{ "up", "up" },
	{ "scrape_duration_seconds", "scrape_duration_seconds" },
	{ "scrape_samples_scraped", "scrape_samples_scraped" },
	{ "scrape_samples_post_metric_relabeling", "scrape_samples_post_metric_relabeling" },
	{ "scrape_series_added", "scrape_series_added" },
	{ "park_output_yuan", "park_output_yuan" },
	{ "temp", "temp" },
	{ "job", "job" },
	{ "up_", "up_" },
	{ "up:sum", "up:sum" },
	{ "UP", "UP" },
	{ "park_light", "park_light" },
};

enum { REPORTS = 5, CATALOGUED = 5 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct own {
	struct slice name, value;
};

struct line {
	uint8_t metric, n;
	struct own own[OWN_MAX];
};

static struct slice meant(const struct word *w)
{
	return slice_str(w->meant);
}

/* What is in the way comes often; the long value seldom. */
static void put_label(struct buf *page, struct line *l, uint64_t *seed)
{
	const struct word *name =
		&names[below(seed, 4) ? below(seed, COUNT(names)) : below(seed, 8)];
	const struct word *value = &values[below(seed, COUNT(values) - !!below(seed, 50))];

	l->own[l->n++] = (struct own){ meant(name), meant(value) };
	buf_puts(page, name->written);
	buf_puts(page, "=\"");
	buf_puts(page, value->written);
	buf_puts(page, "\",");
}

static void put_line(struct buf *page, struct line *l, size_t number, uint64_t *seed)
{
	size_t n = below(seed, OWN_MAX + 1);
	bool quoted = below(seed, 4) == 0;

	l->metric = (uint8_t)below(seed, COUNT(metrics));
	l->n = 0;
	if (!quoted)
		buf_puts(page, metrics[l->metric].written);
	buf_putc(page, '{');
	if (quoted)
		buf_printf(page, "\"%s\",", metrics[l->metric].written);
	while (l->n < n)
		put_label(page, l, seed);
	buf_printf(page, "} %zu\n", number);
}

/* --- what must become of them ------------------------------------------------------- */

static const struct own *own_of(const struct line *l, struct slice name)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->own[i].name, name))
			return &l->own[i];
	return NULL;
}

static bool can_be_read(const struct line *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!l->own[i].name.n || slice_is(l->own[i].name, LABEL_NAME) ||
		    l->own[i].value.n == LONG || own_of(l, l->own[i].name) != &l->own[i])
			return false;
	return true;
}

static bool is_ours(struct slice name)
{
	return slice_is(name, "job") || slice_is(name, "instance");
}

/* The value that the label has in the end: ours, unless labels are honored and there is one. */
static struct slice ours(const struct line *l, const char *name, const char *value, bool honor)
{
	const struct own *o = honor ? own_of(l, slice_str(name)) : NULL;

	return o ? o->value : slice_str(value);
}

/* A series that the scrape itself writes. */
static bool is_report(const struct line *l, bool honor)
{
	size_t others = 0;

	for (size_t i = 0; i < l->n; i++)
		others += l->own[i].value.n && !(honor && is_ours(l->own[i].name));
	return l->metric < REPORTS && !others && slice_is(ours(l, "job", FEED, honor), FEED) &&
	       slice_is(ours(l, "instance", INSTANCE, honor), INSTANCE);
}

static bool is_kept(const struct line *l, bool honor)
{
	return can_be_read(l) && l->metric != CATALOGUED && !is_report(l, honor);
}

/* Whether what the source said under a name of ours stands under exported_…, in nobody else's
 * place. */
static bool is_exported(const struct labels *ls, const struct line *l, const struct own *o)
{
	static const char more[] = "exported_exported_exported_";
	char name[64];

	for (size_t n = 9; n < sizeof(more); n += 9) {
		snprintf(name, sizeof(name), "%.*s%.*s", (int)n, more, SLICE_FMT(o->name));
		if (!own_of(l, slice_str(name)))
			return slice_eq(labels_get(ls, slice_str(name)), o->value);
	}
	return false;
}

static void check_labels(const struct labels *ls, const struct line *l, bool honor)
{
	struct slice job = ours(l, "job", FEED, honor);
	struct slice instance = ours(l, "instance", INSTANCE, honor);
	size_t n = 1 + !!job.n + !!instance.n;

	assert_true(slice_eq(labels_name(ls), meant(&metrics[l->metric])));
	assert_true(slice_eq(labels_get(ls, slice_str("job")), job));
	assert_true(slice_eq(labels_get(ls, slice_str("instance")), instance));
	for (size_t i = 0; i < l->n; i++) {
		const struct own *o = &l->own[i];

		if (!o->value.n || (honor && is_ours(o->name)))
			continue;
		n++;
		if (is_ours(o->name))
			assert_true(is_exported(ls, l, o));
		else
			assert_true(slice_eq(labels_get(ls, o->name), o->value));
	}
	assert_int_equal(ls->n, n); /* so none has taken the place of another */
}

/* Each sample has the number of its line for a value. */
static size_t check_page(const struct batch *b, const struct line *lines, bool honor)
{
	size_t at = 0, refused = 0;

	for (size_t i = 0; i < PAGE_LINES; i++) {
		if (!is_kept(&lines[i], honor)) {
			refused++;
			continue;
		}
		assert_true(at < b->nsamples);
		assert_f64(b->samples[at].value, (double)i);
		check_labels(b->samples[at++].labels, &lines[i], honor);
	}
	assert_int_equal(at, b->nsamples);
	assert_int_equal(refused, b->refused);
	return refused;
}

static size_t scrape_pages(struct documents *d, bool honor, struct scrape_cache *cache,
			   uint64_t seed)
{
	static struct line lines[PAGE_LINES];
	struct scrape s = { .honor_labels = honor, .cache = cache };
	struct document doc = { .format = FORMAT_PROMETHEUS,
				.feed = FEED,
				.instance = INSTANCE,
				.scrape = &s,
				.now_ms = NOW_MS };
	size_t refused = 0;
	struct buf page;

	buf_init(&page, 16 << 20);
	for (int k = 0; k < PAGES; k++) {
		buf_clear(&page);
		for (size_t i = 0; i < PAGE_LINES; i++)
			put_line(&page, &lines[i], i, &seed);
		doc.body = buf_all(&page);
		assert_ok(documents_decode(d, &doc), &d->e);
		refused += check_page(d->b, lines, honor);
	}
	buf_release(&page);
	return refused;
}

static void no_label_of_a_page_takes_the_place_of_ours(void **state)
{
	struct documents *d = *state;

	memset(long_value, 'x', LONG);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct scrape_cache *cache = round % 2 ? scrape_cache_new(&d->e) : NULL;
		size_t refused = scrape_pages(d, round / 2, cache, 4711 + round);

		/* Enough of both. */
		assert_in_range(refused, PAGES * PAGE_LINES / 5, PAGES * PAGE_LINES * 4 / 5);
		scrape_cache_free(cache);
	}
}

/* --- figures ------------------------------------------------------------------------ */

static const char *const units[] = {
	"甲河",
	"甲河产业集聚区",
	"jiahe",
	"乙山",
	"东县",
	"甲河\"\",park=\"\"yishan",
	"park",
	"",
	"{park=\"\"yishan\"\"}",
	"jiahe,yishan",
	"=甲河",
	"老园",
};
static const char *const indicators[] = {
	"总产值", "税收",   "output_yuan", "park_output_yuan",           "__name__",
	"up",     "用电量", "tax_yuan",    "output_yuan{job=\"\"x\"\"}", "",
};
static const char *const foreign[] = { "yishan", "evil", "Q", "up", "park_tax_yuan", "" };

/* The same period has the same value: rows that disagree would all be refused. */
static void put_row(struct buf *table, uint64_t *seed)
{
	size_t month = 2 + below(seed, 9);

	buf_printf(table, "\"%s\",\"%s\",2026-%zu,%zu", units[below(seed, COUNT(units))],
		   indicators[below(seed, COUNT(indicators))], month, month);
	for (int i = 0; i < 6; i++)
		buf_printf(table, ",%s", foreign[below(seed, COUNT(foreign))]);
	buf_putc(table, '\n');
}

/* The token may write one indicator, the feed one unit: one series is left. */
static void no_text_of_a_table_becomes_a_label(void **state)
{
	static const char *const park[] = { "jiahe" };
	static const char *const code[] = { "output_yuan" };
	const struct token_rights rights = { .indicators = code, .nindicators = 1 };
	const struct layout layout = { .unit = COLUMN("单位"),
				       .indicator = COLUMN("指标"),
				       .period = COLUMN("期"),
				       .value = COLUMN("值") };
	struct documents *d = *state;
	struct document doc = { .format = FORMAT_CSV,
				.layout = &layout,
				.class = UNIT_PARK,
				.units = park,
				.nunits = 1,
				.rights = &rights,
				.feed = "land",
				.now_ms = NOW_MS };
	struct labels *only =
		catalogue_series(catalogue_unit(d->cat, slice_str("jiahe")),
				 catalogue_indicator(d->cat, slice_str("output_yuan")), &d->e);
	uint64_t seed = 4711;
	size_t kept = 0;
	struct buf table;

	assert_non_null(only);
	buf_init(&table, 64 << 20);
	for (int k = 0; k < TABLES; k++) {
		buf_clear(&table);
		buf_puts(&table, "单位,指标,期,值,park,job,__name__,freq,owner,feed\n");
		for (int i = 0; i < TABLE_ROWS; i++)
			put_row(&table, &seed);
		doc.body = buf_all(&table);
		assert_ok(documents_decode(d, &doc), &d->e);
		for (size_t i = 0; i < d->b->nobs; i++)
			assert_ptr_equal(d->b->obs[i].labels, only);
		assert_int_equal(d->b->nsamples, 0);
		kept += d->b->nobs;
	}
	buf_release(&table);
	labels_unref(only);
	assert_int_equal(kept, TABLES * 9); /* of each month one */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_standard, close_standard)
	const struct CMUnitTest tests[] = {
		T(no_label_of_a_page_takes_the_place_of_ours),
		T(no_text_of_a_table_becomes_a_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
