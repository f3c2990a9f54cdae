/*
 * The feeds of a configuration: what each key means, and what is said of a mistake.
 */
#include "tests/lib/assert.h"
#include "tests/lib/schemes.h"

#include "collectors/feed_private.h"
#include "tests/lib/tmp.h"

struct fixture {
	struct arena a;
	struct diags d;
	struct feed_config *feeds;
	size_t n;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.a, 8 << 20);
	diags_init(&f.d, &f.a, 200);
	f.feeds = NULL;
	f.n = 0;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->a);
	return 0;
}

/* The list under `feeds:`, from line 1 on. */
static int read_feeds(struct fixture *f, const char *text)
{
	struct yaml_node *root = yaml_parse(slice_str(text), "city.yaml", &f->a, &f->d);

	assert_non_null(root);
	return feed_configs_read(root, "/etc/pw", &f->a, &f->d, &f->feeds, &f->n);
}

static const struct feed_config *read_one(struct fixture *f, const char *text)
{
	if (read_feeds(f, text) < 0)
		fail_msg("%s:%u:%u: %s", f->d.list[0].file, f->d.list[0].line, f->d.list[0].column,
			 f->d.list[0].text);
	assert_int_equal(f->n, 1);
	return &f->feeds[0];
}

static void assert_said(const struct fixture *f, unsigned line, unsigned column, const char *part)
{
	for (size_t i = 0; i < f->d.n; i++)
		if (f->d.list[i].line == line && f->d.list[i].column == column &&
		    strstr(f->d.list[i].text, part))
			return;
	for (size_t i = 0; i < f->d.n; i++)
		print_error("%u:%u: %s\n", f->d.list[i].line, f->d.list[i].column,
			    f->d.list[i].text);
	fail_msg("nothing at %u:%u says \"%s\"", line, column, part);
}

static void a_url_feed_has_its_defaults(void **state)
{
	const struct feed_config *c =
		read_one(*state, "- name: land\n"
				 "  url: http://10.1.2.3:8080/land.csv\n"
				 "  format: csv\n"
				 "  layout:\n"
				 "    unit: {column: 园区}\n"
				 "    indicator: {is: land_supply_square_meters}\n"
				 "    period: {header: true}\n");

	assert_string_equal(c->name, "land");
	assert_string_equal(c->url, "http://10.1.2.3:8080/land.csv");
	assert_null(c->folder);
	assert_string_equal(c->owner, "");
	assert_int_equal(c->format, FORMAT_CSV);
	assert_int_equal(c->encoding, TEXT_AUTO);
	assert_int_equal(c->class, UNIT_PARK);
	assert_false(c->trusted);
	assert_false(c->hold);
	assert_int_equal(c->every_ms, 600000);
	assert_int_equal(c->backoff_max_ms, 3600000);
	assert_int_equal(c->timeout_ms, 30000);
	assert_int_equal(c->body_limit, 16 << 20);
	assert_int_equal(c->rows_limit, 1000000);
	assert_int_equal(c->panel_questions, 20);
	assert_int_equal(c->redirects, 0);
	assert_f64(c->jitter, 0.1);
	assert_null(c->headers[0]);
	assert_int_equal(c->layout.unit.where, AXIS_COLUMN);
	assert_string_equal(c->layout.unit.columns[0], "园区");
	assert_int_equal(c->layout.indicator.where, AXIS_FIXED);
	assert_string_equal(c->layout.indicator.text, "land_supply_square_meters");
	assert_int_equal(c->layout.period.where, AXIS_HEADER);
	assert_int_equal(c->layout.value.where, AXIS_NONE);
	assert_int_equal(c->line, 1);
}

static void what_is_fixed_may_have_headings_joined_to_it(void **state)
{
	const struct feed_config *c = read_one(*state, "- name: nbs\n"
						       "  folder: drop/nbs\n"
						       "  format: xlsx\n"
						       "  layout:\n"
						       "    unit: {column: 园区}\n"
						       "    indicator: {is: 税收, header: true}\n"
						       "    period: {title: 时间}\n");

	assert_int_equal(c->layout.indicator.where, AXIS_FIXED);
	assert_true(c->layout.indicator.headed);
	assert_string_equal(c->layout.indicator.text, "税收");
	assert_false(c->layout.period.headed);
	c = read_one(*state, "- name: nbs\n"
			     "  folder: drop/nbs\n"
			     "  format: xlsx\n"
			     "  layout:\n"
			     "    unit: {column: 园区}\n"
			     "    indicator: {title: 指标, header_row: 2}\n"
			     "    header_rows: 2\n"
			     "    period: {in_title: true}\n");
	assert_int_equal(c->layout.indicator.where, AXIS_TITLE);
	assert_true(c->layout.indicator.headed);
	assert_int_equal(c->layout.indicator.row, 2);
}

static void a_folder_feed_is_looked_at_every_five_seconds(void **state)
{
	const struct feed_config *c = read_one(*state, "- name: nbs\n"
						       "  folder: drop/nbs\n"
						       "  pattern: '*.csv'\n"
						       "  format: csv\n"
						       "  encoding: gbk\n"
						       "  class: any\n"
						       "  release: hold\n"
						       "  layout:\n"
						       "    unit: {title: 地区}\n"
						       "    indicator: {column: 指标}\n"
						       "    period: {header: true}\n");

	assert_string_equal(c->folder, "/etc/pw/drop/nbs");
	assert_string_equal(c->pattern, "*.csv");
	assert_int_equal(c->encoding, TEXT_GB18030);
	assert_int_equal(c->class, UNIT_CLASSES);
	assert_true(c->hold);
	assert_int_equal(c->every_ms, 5000);
	assert_int_equal(c->backoff_max_ms, 60000);
	assert_int_equal(c->settle_ms, 2000);
	assert_int_equal(c->keep, KEEP_AUTO);
	assert_int_equal(c->layout.unit.where, AXIS_TITLE);
	assert_string_equal(c->layout.unit.text, "地区");
}

static void every_key_is_read(void **state)
{
	const struct feed_config *c =
		read_one(*state, "- name: laus\n"
				 "  url: https://stat.example/laus\n"
				 "  owner: labour\n"
				 "  format: csv\n"
				 "  encoding: utf-8\n"
				 "  class: county\n"
				 "  units: [alabama, alaska]\n"
				 "  names:\n"
				 "    emp: employment_persons\n"
				 "    固定资产投资: {code: investment_yuan, measure: 万元}\n"
				 "  trusted: true\n"
				 "  working_day: 5\n"
				 "  freq: Q\n"
				 "  every: 30m\n"
				 "  jitter: 0\n"
				 "  backoff_max: 2h\n"
				 "  timeout: 5s\n"
				 "  body_limit: 2MiB\n"
				 "  rows_limit: 5000\n"
				 "  panel_questions: 100\n"
				 "  redirects: 3\n"
				 "  ca_file: ca.pem\n"
				 "  headers: ['X-Key: abc', 'Accept: text/csv']\n"
				 "  layout:\n"
				 "    delimiter: tab\n"
				 "    unit: {column: '#2'}\n"
				 "    period: {columns: [year, month], join: '-'}\n"
				 "    indicator: {header: true}\n"
				 "    flag: {is: provisional}\n"
				 "    ignore: [fips]\n");

	assert_string_equal(c->owner, "labour");
	assert_int_equal(c->class, UNIT_COUNTY);
	assert_int_equal(c->units.n, 2);
	assert_string_equal(c->units.list[1], "alaska");
	assert_int_equal(c->nnames, 2);
	assert_string_equal(c->names[0].text, "emp");
	assert_string_equal(c->names[0].code, "employment_persons");
	assert_null(c->names[0].measure);
	assert_string_equal(c->names[1].text, "固定资产投资");
	assert_string_equal(c->names[1].code, "investment_yuan");
	assert_string_equal(c->names[1].measure, "万元");
	assert_true(c->trusted);
	assert_int_equal(c->working_day, 5);
	assert_int_equal(c->freq, FREQ_QUARTER);
	assert_int_equal(c->every_ms, 1800000);
	assert_f64(c->jitter, 0);
	assert_int_equal(c->backoff_max_ms, 7200000);
	assert_int_equal(c->timeout_ms, 5000);
	assert_int_equal(c->body_limit, 2 << 20);
	assert_int_equal(c->rows_limit, 5000);
	assert_int_equal(c->panel_questions, 100);
	assert_int_equal(feed_document(c).panel_questions, 100);
	assert_int_equal(c->redirects, 3);
	assert_string_equal(c->ca_file, "/etc/pw/ca.pem");
	assert_string_equal(c->headers[0], "X-Key: abc");
	assert_string_equal(c->headers[1], "Accept: text/csv");
	assert_null(c->headers[2]);
	assert_int_equal(c->layout.delimiter, '\t');
	assert_int_equal(c->layout.period.ncolumns, 2);
	assert_string_equal(c->layout.period.columns[1], "month");
	assert_string_equal(c->layout.period.join, "-");
	assert_int_equal(c->layout.nignore, 1);
	assert_string_equal(c->layout.ignore[0], "fips");
	assert_int_equal(c->layout.flag.where, AXIS_FIXED);
}

static void json_has_pointers_and_keys(void **state)
{
	const struct feed_config *c = read_one(*state, "- name: api\n"
						       "  url: http://a.example/x\n"
						       "  format: json\n"
						       "  layout:\n"
						       "    rows: /data/rows\n"
						       "    unit: {pointer: /park/id}\n"
						       "    period: {pointers: [/y, /m]}\n"
						       "    indicator: {keys: true}\n"
						       "    ignore: [id]\n");

	assert_string_equal(c->layout.rows, "/data/rows");
	assert_int_equal(c->layout.unit.where, AXIS_COLUMN);
	assert_string_equal(c->layout.unit.columns[0], "/park/id");
	assert_int_equal(c->layout.period.ncolumns, 2);
	assert_int_equal(c->layout.indicator.where, AXIS_HEADER);
}

#define API(paging)                                                                                \
	"- name: api\n"                                                                            \
	"  url: http://a.example/x\n"                                                              \
	"  format: json\n"                                                                         \
	"  paging: " paging "\n"                                                                   \
	"  layout:\n"                                                                              \
	"    rows: /value\n"                                                                       \
	"    unit: {pointer: u}\n"                                                                 \
	"    period: {pointer: t}\n"                                                               \
	"    indicator: {is: x}\n"                                                                 \
	"    value: {pointer: v}\n"

static void an_answer_may_come_in_pages(void **state)
{
	const struct feed_config *c;

	c = read_one(*state, API("{kind: page, parameter: page, pages: /0/pages}"));
	assert_int_equal(c->paging.kind, PAGING_PAGE);
	assert_string_equal(c->paging.parameter, "page");
	assert_string_equal(c->paging.pages, "/0/pages");
	assert_string_equal(c->paging.rows, "/value");
	assert_int_equal(c->paging.first, 1);
	assert_int_equal(c->paging.most, 1000);
	/* All pages are one document, an array of them. */
	assert_string_equal(c->layout.rows, "/*/value");

	c = read_one(*state,
		     API("{kind: offset, parameter: $skip, size_parameter: $top, size: 100, "
			 "total: /count, most: 7}"));
	assert_int_equal(c->paging.kind, PAGING_OFFSET);
	assert_int_equal(c->paging.first, 0);
	assert_int_equal(c->paging.size, 100);
	assert_int_equal(c->paging.most, 7);

	c = read_one(*state, API("{kind: next, next: /@odata.nextLink}"));
	assert_int_equal(c->paging.kind, PAGING_NEXT);
	assert_string_equal(c->paging.next, "/@odata.nextLink");
	/* One without. */
	c = read_one(*state, "- {name: node, url: 'http://a.example/x', format: prometheus}\n");
	assert_int_equal(c->paging.kind, PAGING_NONE);
}

static void paging_that_cannot_be_is_said(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *why;
	} cases[] = {
		{ API("next"), 11, "'paging' is a map with 'kind': page, offset or next" },
		{ API("{next: /a}"), 11, "'kind'" },
		{ API("{kind: all}"), 18, "one of: next, offset, page" },
		{ API("{kind: next}"), 11, "kind next needs 'next', the pointer to the link" },
		{ API("{kind: page}"), 11, "kind page needs 'parameter', its name in the query" },
		{ API("{kind: offset, parameter: ''}"), 11,
		  "kind offset needs 'parameter', its name in the query" },
		{ API("{kind: next, next: /a, parameter: p}"), 45,
		  "'parameter' is not for kind next" },
		{ API("{kind: offset, parameter: p, pages: /p}"), 47,
		  "'pages' is not for kind offset" },
		{ API("{kind: page, parameter: p, next: /p}"), 44, "'next' is not for kind page" },
		{ API("{kind: next, next: a}"), 30, "'next' is a JSON pointer such as /total" },
		{ API("{kind: page, parameter: p, size_parameter: n}"), 54,
		  "'size_parameter' is a name in the query and needs 'size'" },
		{ API("{kind: page, parameter: p, pages: /a, total: /b}"), 56,
		  "either 'pages' or 'total' says how much there is, not both" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_feeds(f, cases[i].text), -1);
		assert_said(f, 4, cases[i].column, cases[i].why);
	}
	assert_int_equal(read_feeds(f,
				    "- {name: a, folder: b, format: csv, paging: {kind: next}}\n"),
			 -1);
	assert_said(f, 1, 45, "'paging' is only for a feed with 'url'");
	assert_said(f, 1, 45, "'paging' is only for format json");
	assert_int_equal(read_feeds(f, "- name: api\n"
				       "  url: http://a.example/x\n"
				       "  format: json\n"
				       "  paging: {kind: offset, parameter: p}\n"
				       "  layout: {rows: /a/*/b, unit: {pointer: u}, period: "
				       "{pointer: t}, indicator: {is: x}, value: {pointer: v}}\n"),
			 -1);
	assert_said(
		f, 4, 11,
		"rows are counted to find the next page, which a '*' in the layout's 'rows' does "
		"not allow");
}

static void prometheus_needs_no_layout(void **state)
{
	const struct feed_config *c = read_one(*state, "- {name: node, format: prometheus, "
						       "url: 'http://127.0.0.1:9100/metrics', "
						       "every: 15s}\n");

	assert_int_equal(c->format, FORMAT_PROMETHEUS);
	assert_int_equal(c->every_ms, 15000);
	assert_int_equal(c->series_limit, 200000);
}

static void samples_have_prometheus_words(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "- name: node\n"
				   "  format: prometheus\n"
				   "  url: http://h:9100/metrics\n"
				   "  honor_labels: true\n"
				   "  honor_timestamps: false\n"
				   "  track_timestamps_staleness: true\n"
				   "  sample_limit: 500\n"
				   "  series_limit: 1000\n"
				   "  metric_relabel_configs:\n"
				   "    - {source_labels: [a, b], target_label: c}\n";
	const struct feed_config *c = read_one(f, text);
	struct feed_config copy;
	struct err e;

	assert_true(c->honor_labels && !c->honor_timestamps && c->track_timestamps_staleness);
	assert_int_equal(c->sample_limit, 500);
	assert_int_equal(c->series_limit, 1000);
	assert_int_equal(c->nmetric_relabel_configs, 1);
	assert_string_equal(c->metric_relabel_configs[0].source_labels.list[1], "b");
	assert_int_equal(feed_config_copy(c, &f->a, &copy, &e), 0);
	assert_true(feed_config_same(c, &copy));
	copy.series_limit++;
	assert_false(feed_config_same(c, &copy));
	copy.series_limit--;
	copy.metric_relabel_configs[0].separator = ",";
	assert_false(feed_config_same(c, &copy));
	assert_int_equal(read_feeds(f,
				    "- {name: a, url: 'http://h/', format: csv, sample_limit: 1}\n"
				    "- {name: b, submit: true, owner: o, format: prometheus}\n"),
			 -1);
	assert_said(f, 1, 58, "'sample_limit' is only for format prometheus");
	assert_said(f, 2, 45, "format prometheus is polled by 'url'; the others are handed in");
	assert_int_equal(f->d.n, 3);
}

/* Every feed stands on a line of its own. */
static void other_schemes_are_refused_each_at_its_place(void **state)
{
	struct fixture *f = *state;
	static char text[64 << 10];
	size_t n = 0;

	for (size_t i = 0; i < OTHER_SCHEMES; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "- {name: f%02zu, format: prometheus, url: '%s'}\n"
				      "- {name: p%02zu, format: prometheus, proxy_url: '%s', url: "
				      "'http://land.example/'}\n",
				      i, other_schemes[i].url, i, other_schemes[i].url);
	assert_int_equal(read_feeds(f, text), -1);
	for (size_t i = 0; i < OTHER_SCHEMES; i++) {
		char want[128];

		snprintf(want, sizeof(want), "scheme '%s' refused: only http and https are fetched",
			 other_schemes[i].scheme);
		assert_said(f, (unsigned)(2 * i + 1), 40, want);
		assert_said(f, (unsigned)(2 * i + 2), 46, want);
	}
	assert_int_equal(f->d.n, (size_t)2 * OTHER_SCHEMES);
}

static void one_look_shows_all_mistakes(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "- name: a b\n"                           /* 1 */
				   "  url: file:///etc/passwd\n"             /* 2 */
				   "  format: cvs\n"                         /* 3 */
				   "- name: two\n"                           /* 4 */
				   "  url: http://x.example/\n"              /* 5 */
				   "  folder: /srv/drop\n"                   /* 6 */
				   "  format: csv\n"                         /* 7 */
				   "- name: two\n"                           /* 8 */
				   "  format: prometheus\n"                  /* 9 */
				   "  layout: {}\n"                          /* 10 */
				   "- name: three\n"                         /* 11 */
				   "  folder: /srv/drop\n"                   /* 12 */
				   "  timeout: 5s\n"                         /* 13 */
				   "  working_day: 3\n"                      /* 14 */
				   "  every: 5\n"                            /* 15 */
				   "  format: csv\n"                         /* 16 */
				   "  layout:\n"                             /* 17 */
				   "    unit: {header: true}\n"              /* 18 */
				   "    indicator: {header: true}\n"         /* 19 */
				   "    period: {column: a, is: b}\n"        /* 20 */
				   "    value: {column: v}\n"                /* 21 */
				   "- just text\n"                           /* 22 */
				   "- name: four\n"                          /* 23 */
				   "  url: http://x.example/\n"              /* 24 */
				   "  settle: 5s\n"                          /* 25 */
				   "  freq: M\n"                             /* 26 */
				   "  headers: ['Host: evil', 'no colon']\n" /* 27 */
				   "  names: {a: {measure: 万元}, b: ''}\n"  /* 28 */
				   "  format: json\n"                        /* 29 */
				   "  layout:\n"                             /* 30 */
				   "    unit: {pointer: /a~b}\n"             /* 31 */
				   "    indicator: {is: x, join: '-'}\n"     /* 32 */
				   "    period: {column: p}\n"               /* 33 */
				   "    delimiter: ';'\n"                    /* 34 */
				   "    ignore: [z]\n";                      /* 35 */

	assert_int_equal(read_feeds(f, text), -1);
	assert_said(f, 1, 9, "name 'a b': 1 to 64 letters, digits");
	assert_said(f, 2, 8, "file");
	assert_said(f, 3, 11, "one of: csv, easyquery, json");
	assert_said(f, 6, 11, "a feed has either 'url' or 'folder', not both");
	assert_said(f, 4, 3, "format csv needs 'layout'");
	assert_said(f, 8, 9, "feed 'two' is already in line 4");
	assert_said(f, 8, 3, "a feed needs 'url', 'folder' or 'submit: true'");
	assert_said(f, 10, 11, "'layout' is only for formats of figures");
	assert_said(f, 13, 12, "'timeout' is only for a feed with 'url'");
	assert_said(f, 14, 16, "'working_day' is only for a feed with 'url'");
	assert_said(f, 14, 16, "'working_day' needs 'freq'");
	assert_said(f, 15, 10, "a duration such as 30s");
	assert_said(f, 18, 5, "only one of unit, indicator and period can be {header: true}");
	assert_said(
		f, 20, 13,
		"exactly one of: is, column, columns, header, header_row, title, in_title, sheet");
	assert_said(f, 21, 12, "with {header: true} the values are the cells themselves");
	assert_said(f, 22, 3, "a feed is a map of keys");
	assert_said(f, 25, 11, "'settle' is only for a feed with 'folder'");
	assert_said(f, 26, 9, "'freq' needs 'working_day'");
	assert_said(f, 27, 13, "this header is set by parkwatch itself");
	assert_said(f, 27, 27, "a header is written 'Name: value'");
	assert_said(f, 28, 14, "'code'");
	assert_said(f, 28, 32, "the indicator's code is empty");
	assert_said(f, 31, 11, "'/a~b' is no JSON pointer");
	assert_said(f, 32, 16, "'join' is only for 'pointers'");
	assert_said(f, 33, 14, "column");
	assert_said(f, 34, 16, "'delimiter' is only for csv");
	assert_said(f, 35, 13, "'ignore' is only for a layout with {keys: true}");
	assert_said(f, 31, 5, "'value' is needed: {pointer: …}");
}

static void a_url_with_a_password_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_feeds(f, "- {name: a, format: prometheus, url: 'http://u:p@x/'}\n"),
			 -1);
	assert_int_equal(f->d.n, 1);
	assert_int_equal(f->d.list[0].line, 1);
}

static void two_feeds_do_not_take_the_same_files(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"- {name: a, folder: in, format: csv, layout: &l {unit: {is: u}, "
		"indicator: {is: i}, period: {header: true}}}\n"
		"- {name: b, folder: in, format: csv, layout: *l}\n"
		"- {name: c, folder: in, pattern: 'c*', format: csv, layout: *l}\n";

	assert_int_equal(read_feeds(f, text), -1);
	assert_int_equal(f->d.n, 1);
	assert_said(f, 2, 21, "the feed in line 1 takes the same files");
}

static void a_feed_that_is_handed_in_has_an_owner_and_no_times(void **state)
{
	struct fixture *f = *state;
	const struct feed_config *c =
		read_one(f, "- name: land\n"
			    "  submit: true\n"
			    "  owner: land\n"
			    "  format: csv\n"
			    "  layout: {unit: {column: a}, period: {column: b},"
			    " indicator: {header: true}}\n");

	assert_true(c->submit);
	assert_null(c->url);
	assert_null(c->folder);
	assert_int_equal(read_feeds(f, "- name: land\n"
				       "  submit: true\n"
				       "  url: http://10.1.2.3/\n"
				       "  every: 1h\n"
				       "  format: prometheus\n"),
			 -1);
	assert_said(f, 1, 3, "a feed with 'submit' needs 'owner'");
	assert_said(f, 3, 8, "'url' is only for a feed that is polled");
	assert_said(f, 4, 10, "'every' is only for a feed that is polled");
	assert_said(f, 5, 11, "the others are handed in");
}

static void marks_of_what_is_kept_secret_are_texts(void **state)
{
	struct fixture *f = *state;
	const struct feed_config *c =
		read_one(f, "- name: land\n"
			    "  folder: in\n"
			    "  format: csv\n"
			    "  layout: {unit: {column: a}, period: {column: b},"
			    " indicator: {header: true}, confidentiality: {column: 密级},"
			    " suppressed: [c, '*']}\n");

	assert_int_equal(c->layout.nsuppressed, 2);
	assert_string_equal(c->layout.suppressed[1], "*");
	assert_int_equal(c->layout.confidentiality.where, AXIS_COLUMN);
	assert_int_equal(read_feeds(f, "- name: land\n"
				       "  folder: in\n"
				       "  format: csv\n"
				       "  layout:\n"
				       "    unit: {column: a}\n"
				       "    period: {column: b}\n"
				       "    indicator: {header: true}\n"
				       "    confidentiality: {header: true}\n"
				       "    suppressed: ['-1', '', ' x']\n"),
			 -1);
	assert_said(f, 8, 22, "'confidentiality' is {column: …} or {is: …}");
	assert_said(f, 9, 17, "'-1' is a number and no mark");
	assert_said(f, 9, 17, "a mark is a text without blanks around it, not ''");
	assert_said(f, 9, 17, "a mark is a text without blanks around it, not ' x'");
}

static void feeds_must_be_a_list(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_feeds(f, "name: x\n"), -1);
	assert_said(f, 1, 1, "'feeds' is a list");
}

static const char sample[] =
	"- name: land\n"
	"  url: http://10.1.2.3:8080/land.csv\n"
	"  format: csv\n"
	"  units: [a, b]\n"
	"  names: {x: y}\n"
	"  headers: ['X-Key: abc']\n"
	"  layout: {unit: {column: u}, indicator: {is: i}, period: {columns: [a, "
	"b]}, value: {column: v}}\n";

static const char structure[] =
	"<m:Structure xmlns:m='m' xmlns:s='s' xmlns:c='c'><m:Structures><s:Codelists>"
	"<s:Codelist id='CL_AREA' agencyID='A'><s:Code id='P1'><c:Name xml:lang='zh'>甲河</c:Name>"
	"</s:Code></s:Codelist></s:Codelists></m:Structures></m:Structure>";

#define SDMX_FEED                                                                                  \
	"- name: land\n"                                                                           \
	"  url: http://h/x\n"                                                                      \
	"  format: sdmx\n"                                                                         \
	"  layout: {unit: {column: AREA.name}, indicator: {is: a}}\n"

static void a_structure_message_is_read_with_the_configuration(void **state)
{
	struct fixture *f = *state;
	const struct feed_config *c;
	struct feed_config copy;
	struct arena own;
	char *dir = tmp_make(), yaml[2048];
	struct err e;

	tmp_write(tmp_path(dir, "areas.xml"), structure, sizeof(structure) - 1);
	snprintf(yaml, sizeof(yaml), SDMX_FEED "  structure: %s/areas.xml\n", dir);
	c = read_one(f, yaml);
	assert_slice(c->structure, structure);
	assert_slice(feed_document(c).structure, structure);
	arena_init(&own, 1 << 20);
	assert_ok(feed_config_copy(c, &own, &copy, &e), &e);
	assert_true(feed_config_same(c, &copy));
	/* Another message in the same file is another feed: its documents are read anew. */
	copy.structure.n--;
	assert_false(feed_config_same(c, &copy));
	arena_release(&own);
	tmp_remove(dir);
}

static void a_structure_that_cannot_be_used_is_said(void **state)
{
	struct fixture *f = *state;
	char *dir = tmp_make(), yaml[4096];

	tmp_write(tmp_path(dir, "empty.xml"), "<a/>", 4);
	snprintf(yaml, sizeof(yaml),
		 SDMX_FEED
		 "  structure: %s/empty.xml\n"
		 "- name: b\n  url: http://h/x\n  format: sdmx\n"
		 "  layout: {unit: {column: AREA}, indicator: {is: a}}\n"
		 "  structure: not-there.xml\n"
		 "- name: c\n  url: http://h/x\n  format: csv\n"
		 "  layout: {unit: {column: a}, period: {column: b}, indicator: {is: a}}\n"
		 "  structure: x.xml\n",
		 dir);
	assert_int_equal(read_feeds(f, yaml), -1);
	assert_said(f, 5, 14, "the message holds no data structure, code list or concept");
	assert_said(f, 10, 14, "structure 'not-there.xml': cannot be opened");
	assert_said(f, 15, 14, "'structure' is only for format sdmx");
	tmp_remove(dir);
}

static void a_copy_is_the_same_and_stands_alone(void **state)
{
	struct fixture *f = *state;
	struct feed_config copy;
	struct arena own;
	struct err e;

	arena_init(&own, 1 << 20);
	assert_ok(feed_config_copy(read_one(f, sample), &own, &copy, &e), &e);
	assert_true(feed_config_same(&f->feeds[0], &copy));
	assert_ptr_not_equal(copy.layout.period.columns[1], f->feeds[0].layout.period.columns[1]);
	assert_string_equal(copy.layout.period.columns[1], "b");
	assert_string_equal(copy.headers[0], "X-Key: abc");
	copy.line = 99;
	assert_true(feed_config_same(&f->feeds[0], &copy));
	copy.names[0].measure = "";
	assert_false(feed_config_same(&f->feeds[0], &copy));
	copy.names[0].measure = NULL;
	copy.redirects = 1;
	assert_false(feed_config_same(&f->feeds[0], &copy));
	copy.redirects = 0;
	copy.keep = KEEP_NEVER;
	assert_false(feed_config_same(&f->feeds[0], &copy));
	arena_release(&own);
}

static void a_copy_without_memory_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct feed_config copy;
	struct arena own;
	struct err e;

	arena_init(&own, 16);
	assert_fails(feed_config_copy(read_one(f, sample), &own, &copy, &e), &e, ERR_MEMORY,
		     "feed land");
	arena_release(&own);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_url_feed_has_its_defaults),
		T(what_is_fixed_may_have_headings_joined_to_it),
		T(a_folder_feed_is_looked_at_every_five_seconds),
		T(every_key_is_read),
		T(json_has_pointers_and_keys),
		T(an_answer_may_come_in_pages),
		T(paging_that_cannot_be_is_said),
		T(prometheus_needs_no_layout),
		T(samples_have_prometheus_words),
		T(other_schemes_are_refused_each_at_its_place),
		T(one_look_shows_all_mistakes),
		T(a_url_with_a_password_is_refused),
		T(two_feeds_do_not_take_the_same_files),
		T(a_feed_that_is_handed_in_has_an_owner_and_no_times),
		T(marks_of_what_is_kept_secret_are_texts),
		T(feeds_must_be_a_list),
		T(a_structure_message_is_read_with_the_configuration),
		T(a_structure_that_cannot_be_used_is_said),
		T(a_copy_is_the_same_and_stands_alone),
		T(a_copy_without_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
