/*
 * made_series.h - an index of three parts and two memory indexes over made series, and what a list
 * of all series says to the same questions.
 */
#ifndef TESTS_UNIT_STORAGE_MADE_SERIES_H
#define TESTS_UNIT_STORAGE_MADE_SERIES_H

#include "base/alloc.h"
#include "storage/index.h"
#include "storage/index_part.h"
#include "tests/lib/assert.h"

#include <stdlib.h>

enum { SERIES = 3000 };

/* --- made series ---------------------------------------------------------------------- */

static uint64_t seed = 42;

static inline uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed % n);
}

/* A series as the naive side knows it; texts are static or in `text`. */
struct made {
	uint32_t id;
	bool statistic;
	size_t n;
	struct label l[6];
	char text[3][16];
};

struct fixture {
	struct made *s;
	size_t n;
	struct index_part parts[4];
	struct index_verified *verified[4];
	struct buf blobs[4];
	struct memory_index *memories[2];
	struct index_set set;
	struct arena a;
	struct err e;
};

static inline void add_label(struct made *s, const char *name, const char *value)
{
	s->l[s->n++] = (struct label){ slice_str(name), slice_str(value) };
}

/* Names in order; sometimes absent; one of very many values, one of few, one of one. */
static inline void make_series(struct made *s, uint32_t id)
{
	static const char *names[] = { "cpu", "memory", "disk", "cpu_total", "" };
	static const char *zones[] = { "东区", "西区", "north\nwest", "n" };
	const char *name = names[chance(5)];

	*s = (struct made){ .id = id, .statistic = chance(3) == 0 };
	if (*name)
		add_label(s, "__name__", name);
	if (chance(4))
		add_label(s, "always", "1");
	snprintf(s->text[0], sizeof(s->text[0]), "host_%u", id / 10 % 150);
	add_label(s, "hostname", s->text[0]);
	snprintf(s->text[1], sizeof(s->text[1]), "%u", id);
	add_label(s, "n", s->text[1]);
	if (chance(50) == 0) {
		snprintf(s->text[2], sizeof(s->text[2]), "z_%u", id);
		add_label(s, s->text[2], "rare");
	}
	if (chance(2))
		add_label(s, "zone", zones[chance(4)]);
}

static inline bool has_gap(uint32_t id)
{
	return id % 97 < 5 || (id > 500 && id < 560);
}

static inline void add_all(struct fixture *f, struct memory_index *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct made *s = &f->s[i];

		assert_ok(memory_index_add(m, s->id, s->l, s->n, s->statistic, &f->e), &f->e);
	}
}

static inline void build_part(struct fixture *f, size_t at, const struct index_set *from,
			      bool (*drop)(void *, uint32_t), void *ctx)
{
	buf_release(&f->blobs[at]);
	buf_init(&f->blobs[at], 64 << 20);
	assert_ok(index_part_build(from, drop, ctx, &f->blobs[at], &f->e), &f->e);
	index_verified_free(f->verified[at]);
	f->verified[at] = index_verified_new(f->blobs[at].n, &f->e);
	assert_non_null(f->verified[at]);
	assert_ok(index_part_open(buf_all(&f->blobs[at]), f->verified[at], &f->parts[at], &f->e),
		  &f->e);
	assert_ok(index_part_verify(&f->parts[at], &f->e), &f->e);
}

/* Series [from, to) become part `at`. */
static inline void make_part(struct fixture *f, size_t at, size_t from, size_t to)
{
	struct memory_index *m = memory_index_new(&f->e);
	struct index_set x = { .memories = &m, .nmemories = 1, .max_id = UINT32_MAX };

	assert_non_null(m);
	add_all(f, m, from, to);
	build_part(f, at, &x, NULL, NULL);
	memory_index_unref(m);
}

static inline int open_index(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint32_t id = 0;

	mem_count(1);
	seed = 42;
	f->s = calloc(SERIES, sizeof(*f->s));
	for (f->n = 0; f->n < SERIES; f->n++) {
		do
			id++;
		while (has_gap(id));
		make_series(&f->s[f->n], id);
	}
	arena_init(&f->a, 64 << 20);
	for (int i = 0; i < 2; i++)
		f->memories[i] = memory_index_new(&f->e);
	make_part(f, 0, 0, 1000);
	make_part(f, 1, 1000, 1700);
	make_part(f, 2, 1700, 2200);
	add_all(f, f->memories[0], 2200, 2700);
	add_all(f, f->memories[1], 2700, SERIES);
	f->set = (struct index_set){ f->parts, 3, f->memories, 2, UINT32_MAX };
	*state = f;
	return 0;
}

static inline int close_index(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		buf_release(&f->blobs[i]);
		index_verified_free(f->verified[i]);
	}
	memory_index_unref(f->memories[0]);
	memory_index_unref(f->memories[1]);
	arena_release(&f->a);
	free(f->s);
	free(f);
	return 0;
}

/* --- the naive side ------------------------------------------------------------------------ */

static inline struct slice value_of(const struct made *s, struct slice name)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(s->l[i].name, name))
			return s->l[i].value;
	return slice_str("");
}

static inline bool meets(const struct made *s, const struct matcher *m, size_t nm)
{
	for (size_t i = 0; i < nm; i++)
		if (!matcher_holds(&m[i], value_of(s, m[i].name)))
			return false;
	return true;
}

static inline void show(const struct matcher *m, size_t nm)
{
	static const char *ops[] = { "=", "!=", "=~", "!~" };

	for (size_t i = 0; i < nm; i++)
		print_error("  %.*s%s\"%.*s\"\n", SLICE_FMT(m[i].name), ops[m[i].op],
			    SLICE_FMT(m[i].value));
}

static inline void assert_selects(struct fixture *f, const struct matcher *m, size_t nm)
{
	uint32_t *ids;
	size_t n, at = 0;

	if (index_select(&f->set, m, nm, &f->a, &ids, &n, &f->e) < 0)
		fail_msg("select failed: %s", f->e.text);
	for (size_t i = 0; i < f->n && f->s[i].id <= f->set.max_id; i++) {
		if (!meets(&f->s[i], m, nm))
			continue;
		if (at >= n || ids[at] != f->s[i].id) {
			show(m, nm);
			fail_msg("series %u is missing, place %zu of %zu", f->s[i].id, at, n);
		}
		at++;
	}
	if (at != n) {
		show(m, nm);
		fail_msg("%zu series, not %zu", n, at);
	}
}

static inline int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static inline size_t unique(struct slice *l, size_t n)
{
	size_t kept = 0;

	qsort(l, n, sizeof(*l), by_text);
	for (size_t i = 0; i < n; i++)
		if (!kept || !slice_eq(l[kept - 1], l[i]))
			l[kept++] = l[i];
	return kept;
}

/* Names (`name` NULL) or values of what meets the matchers. */
static inline void assert_lists(struct fixture *f, const char *name, const struct matcher *m,
				size_t nm)
{
	struct slice *want = calloc(f->n * 6, sizeof(*want)), *out;
	size_t nwant = 0, n;

	for (size_t i = 0; i < f->n && f->s[i].id <= f->set.max_id; i++) {
		const struct made *s = &f->s[i];

		if (!meets(s, m, nm))
			continue;
		for (size_t k = 0; k < s->n; k++)
			if (!name || slice_is(s->l[k].name, name))
				want[nwant++] = name ? s->l[k].value : s->l[k].name;
	}
	nwant = unique(want, nwant);
	if (name)
		assert_ok(index_label_values(&f->set, slice_str(name), m, nm, &f->a, &out, &n,
					     &f->e),
			  &f->e);
	else
		assert_ok(index_label_names(&f->set, m, nm, &f->a, &out, &n, &f->e), &f->e);
	for (size_t i = 0; i < n && i < nwant; i++)
		if (!slice_eq(out[i], want[i])) {
			show(m, nm);
			fail_msg("%.*s, not %.*s", SLICE_FMT(out[i]), SLICE_FMT(want[i]));
		}
	if (n != nwant)
		show(m, nm);
	assert_int_equal(n, nwant);
	free(want);
}

/* Every series, by its labels and by its id. */
static inline void assert_finds_all(struct fixture *f)
{
	const struct labels *ls;
	uint32_t id;
	bool statistic;

	for (size_t i = 0; i < f->n; i++) {
		const struct made *s = &f->s[i];

		assert_ok(index_find(&f->set, s->l, s->n, &id, &statistic, &f->e), &f->e);
		assert_int_equal(id, s->id);
		assert_int_equal(statistic, s->statistic);
		assert_ok(index_series(&f->set, s->id, &f->a, &ls, &statistic, &f->e), &f->e);
		assert_int_equal(statistic, s->statistic);
		assert_int_equal(ls->n, s->n);
		for (size_t k = 0; k < s->n; k++)
			assert_true(slice_eq(ls->l[k].name, s->l[k].name) &&
				    slice_eq(ls->l[k].value, s->l[k].value));
	}
}

/* --- made matchers ------------------------------------------------------------------------- */

static const char *const names[] = { "__name__", "always", "hostname", "n", "zone", "z_7", "nope" };
static const char *const values[] = {
	"", "cpu", "cpu_total", "1", "host_7", "host_12", "东区", "rare", "nothing", "1234", "n",
};
static const char *const patterns[] = {
	"",           ".*",           ".+",
	"cpu",        "cpu|disk",     "cpu.*",
	"cpu.+",      "host_1.*",     "(a|b)",
	"host_[0-9]", "|cpu",         "1?",
	".*7",        "host_(1|2).*", "东.*",
	".*区",       "(?i)CPU",      "n",
	"north.west", "[0-9]+5",      "host_3|host_4|",
	"()|rare",    "1.*",          "[^0-9]*",
	"nothing.*",  "(|x)y",        "host_1[0-4]+",
	"^cpu$",
};
static struct regex *compiled[sizeof(patterns) / sizeof(patterns[0])];

static inline int compile(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		compiled[i] = regex_new(slice_str(patterns[i]), &e);
		if (!compiled[i])
			return -1;
	}
	return 0;
}

static inline int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		regex_free(compiled[i]);
	return 0;
}

static inline void make_matcher(struct matcher *m)
{
	m->op = (enum matcher_op)chance(4);
	m->name = slice_str(names[chance(7)]);
	if (m->op == MATCH_EQ || m->op == MATCH_NE) {
		m->value = slice_str(values[chance(11)]);
	} else {
		size_t i = chance(sizeof(patterns) / sizeof(patterns[0]));

		m->value = slice_str(patterns[i]);
		m->re = compiled[i];
	}
}

#define INDEX_TEST(t) cmocka_unit_test_setup_teardown(t, open_index, close_index)

#endif
