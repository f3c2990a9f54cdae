/*
 * documents.h - what the tests of documents share: a catalogue, a clock, one decoded document.
 *
 * The standard catalogue has two parks, a county and indicators of each form. "Now"
 * is 2026-11-23 12:00 in Shanghai unless a test says otherwise.
 */
#ifndef TESTS_UNIT_COLLECTORS_DOCUMENTS_H
#define TESTS_UNIT_COLLECTORS_DOCUMENTS_H

#include "collectors/mapping.h"
#include "tests/lib/assert.h"
#include "tests/lib/axes.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>

#define STANDARD_CATALOGUE                                                                                \
	"units:\n"                                                                                        \
	"  - {id: jiahe, class: park, name: 甲河, aliases: [甲河产业集聚区]}\n"                  \
	"  - {id: yishan, class: park, name: 乙山}\n"                                                   \
	"  - {id: oldpark, class: park, name: 老园, to: 2025-12-31}\n"                                  \
	"  - {id: dongxian, class: county, name: 东县}\n"                                               \
	"releases:\n"                                                                                     \
	"  - {id: m, freq: M, working_day: 10, january: false}\n"                                         \
	"  - {id: mj, freq: M, working_day: 10}\n"                                                        \
	"  - {id: q, freq: Q, working_day: 15}\n"                                                         \
	"indicators:\n"                                                                                   \
	"  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: ytd,\n"                 \
	"     release: m, min: 0, max: 100000, unit_slip: true}\n"                                        \
	"  - {code: tax_yuan, name: 税收, measure: 万元, freq: M, form: period,\n"                    \
	"     release: m, unit_slip: true}\n"                                                             \
	"  - {code: power_joules, name: 用电量, measure: 千瓦时, freq: M,\n"                        \
	"     form: period, release: mj, preliminary: true}\n"                                            \
	"  - {code: margin_ratio, name: 利润率, measure: \"%\", freq: M, form: ytd, release: m}\n"     \
	"  - {code: productivity_yuan_per_person, name: 劳动生产率, measure: 万元/人, freq: M,\n" \
	"     form: ytd, release: m}\n"                                                                   \
	"  - {code: output_growth_ratio, name: 增速, measure: \"%\", freq: M, form: growth,\n"          \
	"     basis: ytd, release: m}\n"                                                                  \
	"  - {code: staff_persons, name: 从业人员, measure: 人, freq: Q, form: level,\n"             \
	"     release: q}\n"                                                                              \
	"  - {code: funds_yuan, name: 到位资金, measure: 亿元, freq: Q, form: ytd,\n"               \
	"     release: q}\n"

/* 2026-11-23T12:00:00+08:00 */
#define NOW_MS 1795406400000

struct documents {
	const struct zone *zone; /* the catalogue's */
	struct catalogue *cat;
	struct batch *b;
	struct err e;
	struct history history;
	/* what `history` answers: of the series of this unit and indicator, of any when NULL */
	struct kept {
		const char *unit, *code;
		const char *period;
		double value;
	} stored[64];
	size_t nstored;
	unsigned asked, opened;
};

static inline int documents_open_history(void *ctx, void **at, struct err *e)
{
	struct documents *d = ctx;

	(void)e;
	d->opened++;
	*at = d;
	return 0;
}

static inline void documents_close_history(void *at)
{
	struct documents *d = at;

	d->opened--;
}

static inline bool documents_is_of(const struct documents *d, const struct kept *s,
				   const struct labels *labels)
{
	struct labels *wanted;
	bool same;

	if (!s->unit)
		return true;
	wanted = catalogue_series(catalogue_unit(d->cat, slice_str(s->unit)),
				  catalogue_indicator(d->cat, slice_str(s->code)), NULL);
	same = wanted == labels;
	labels_unref(wanted);
	return same;
}

/* `stored` is written down in the order of periods. */
static inline int documents_past(void *at, const struct labels *labels, int64_t from_ms,
				 int64_t to_ms, struct arena *a, struct past **out, size_t *n,
				 struct err *e)
{
	struct documents *d = at;

	d->asked++;
	*n = 0;
	*out = arena_array(a, d->nstored + 1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_LIMIT, "no room");
	for (size_t k = 0; k < d->nstored; k++) {
		struct period p;
		int64_t stamp_ms;

		if (period_parse(slice_str(d->stored[k].period), &p, e) < 0)
			return -1;
		stamp_ms = period_stamp(p, d->zone);
		if (stamp_ms >= from_ms && stamp_ms <= to_ms &&
		    documents_is_of(d, &d->stored[k], labels))
			(*out)[(*n)++] = (struct past){ stamp_ms, d->stored[k].value };
	}
	return 0;
}

static inline void documents_store(struct documents *d, const char *unit, const char *code,
				   const char *period, double value)
{
	assert_true(d->nstored < 64);
	d->stored[d->nstored++] = (struct kept){ unit, code, period, value };
}

static inline struct documents *documents_open(const char *yaml, const char *path)
{
	struct documents *d = calloc(1, sizeof(*d));
	struct catalogue_options o = { .hours = { 9 * 60, 17 * 60 } };
	char *dir = tmp_make();
	struct arena arena;
	struct diags diags;

	assert_non_null(d);
	o.zone = zone_open("Asia/Shanghai", &d->e);
	if (!o.zone)
		fail_msg("%s", d->e.text);
	if (yaml) {
		path = tmp_path(dir, "catalogue.yaml");
		tmp_write(path, yaml, strlen(yaml));
	}
	arena_init(&arena, 64 << 20);
	diags_init(&diags, &arena, 20);
	d->cat = catalogue_load(&path, 1, &o, &diags);
	diags_print(&diags, stderr);
	assert_non_null(d->cat);
	d->zone = catalogue_zone(d->cat);
	arena_release(&arena);
	tmp_remove(dir);
	d->history = (struct history){ documents_open_history, documents_past,
				       documents_close_history, d };
	return d;
}

static inline void documents_close(struct documents *d)
{
	batch_free(d->b);
	catalogue_unref(d->cat);
	free(d);
}

/* Setup and teardown of a group: the standard catalogue. */

static inline int open_standard(void **state)
{
	*state = documents_open(STANDARD_CATALOGUE, NULL);
	return 0;
}

static inline int close_standard(void **state)
{
	documents_close(*state);
	return 0;
}

/* A fresh batch, then the document. */
static inline int documents_decode(struct documents *d, const struct document *doc)
{
	int rc;

	batch_free(d->b);
	d->b = batch_new(256 << 20, &d->e);
	assert_non_null(d->b);
	rc = document_decode(doc, d->cat, &d->history, d->b, &d->e);
	assert_int_equal(d->opened, 0);
	return rc;
}

/* The figure of the unit, indicator and period, or NULL. */
static inline const struct observation *documents_figure(struct documents *d, const char *unit,
							 const char *indicator, const char *period)
{
	const struct unit *u = catalogue_unit(d->cat, slice_str(unit));
	const struct indicator *i = catalogue_indicator(d->cat, slice_str(indicator));
	const struct observation *found = NULL;
	struct labels *labels;
	struct period p;

	assert_non_null(u);
	assert_non_null(i);
	assert_ok(period_parse(slice_str(period), &p, &d->e), &d->e);
	labels = catalogue_series(u, i, &d->e);
	assert_non_null(labels);
	for (size_t k = 0; k < d->b->nobs; k++) {
		if (d->b->obs[k].labels != labels ||
		    d->b->obs[k].stamp_ms != period_stamp(p, d->zone))
			continue;
		assert_null(found);
		found = &d->b->obs[k];
	}
	labels_unref(labels);
	return found;
}

#define assert_figure(d, unit, indicator, period, want)                                            \
	do {                                                                                       \
		const struct observation *o_ = documents_figure(d, unit, indicator, period);       \
		if (!o_)                                                                           \
			fail_msg("no figure of %s %s %s", unit, indicator, period);                \
		else                                                                               \
			assert_f64(o_->value, want);                                               \
	} while (0)

/* The n-th complaint in full. */
#define assert_complaint(d, n, why_, line_, column_, text_)                                        \
	do {                                                                                       \
		const struct complaint *c_;                                                        \
		if ((d)->b->ncomplaints <= (n))                                                    \
			fail_msg("only %zu complaints", (d)->b->ncomplaints);                      \
		c_ = &(d)->b->complaints[n];                                                       \
		if (c_->why != (why_) || c_->line != (line_) || c_->column != (column_) ||         \
		    strcmp(c_->text, text_) != 0)                                                  \
			fail_msg("complaint %u:%u %s: %s", c_->line, c_->column,                   \
				 refusal_name(c_->why), c_->text);                                 \
	} while (0)

/* Path of a file of the shared real data; NULL, loudly, when it is not there. */
static inline const char *shared_path(const char *name)
{
	const char *root = getenv("PARKWATCH_SHARED");
	const char *path = tmp_path(root ? root : "../shared", name);
	FILE *f = fopen(path, "rb");

	if (!f) {
		fprintf(stderr,
			"\n*** SKIPPED: %s is not there; set PARKWATCH_SHARED to the folder with "
			"the real data ***\n\n",
			path);
		return NULL;
	}
	fclose(f);
	return path;
}

#endif
