/*
 * test_index.c - parts and memory indexes: what is asked of them is what a list of all
 * series would say.
 */
#include "base/alloc.h"
#include "base/crc32c.h"
#include "storage/index.h"
#include "storage/index_part.h"
#include "tests/lib/assert.h"

#include <pthread.h>
#include <stdlib.h>

enum { SERIES = 3000, TEXTS = 64 };

/* --- made series ---------------------------------------------------------------------- */

static uint64_t seed = 42;

static uint32_t chance(uint32_t n)
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

static void add_label(struct made *s, const char *name, const char *value)
{
	s->l[s->n++] = (struct label){ slice_str(name), slice_str(value) };
}

/* Names in order; sometimes absent; one of very many values, one of few, one of one. */
static void make_series(struct made *s, uint32_t id)
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

static bool has_gap(uint32_t id)
{
	return id % 97 < 5 || (id > 500 && id < 560);
}

static void add_all(struct fixture *f, struct memory_index *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct made *s = &f->s[i];

		assert_ok(memory_index_add(m, s->id, s->l, s->n, s->statistic, &f->e), &f->e);
	}
}

static void build_part(struct fixture *f, size_t at, const struct index_set *from,
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
static void make_part(struct fixture *f, size_t at, size_t from, size_t to)
{
	struct memory_index *m = memory_index_new(&f->e);
	struct index_set x = { .memories = &m, .nmemories = 1, .max_id = UINT32_MAX };

	assert_non_null(m);
	add_all(f, m, from, to);
	build_part(f, at, &x, NULL, NULL);
	memory_index_unref(m);
}

static int open_index(void **state)
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

static int close_index(void **state)
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

static struct slice value_of(const struct made *s, struct slice name)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(s->l[i].name, name))
			return s->l[i].value;
	return slice_str("");
}

static bool meets(const struct made *s, const struct matcher *m, size_t nm)
{
	for (size_t i = 0; i < nm; i++)
		if (!matcher_holds(&m[i], value_of(s, m[i].name)))
			return false;
	return true;
}

static void show(const struct matcher *m, size_t nm)
{
	static const char *ops[] = { "=", "!=", "=~", "!~" };

	for (size_t i = 0; i < nm; i++)
		print_error("  %.*s%s\"%.*s\"\n", SLICE_FMT(m[i].name), ops[m[i].op],
			    SLICE_FMT(m[i].value));
}

static void assert_selects(struct fixture *f, const struct matcher *m, size_t nm)
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

static void assert_texts(const struct slice *out, size_t n, const char **want, size_t nwant)
{
	for (size_t i = 0; i < n && i < nwant; i++)
		assert_slice(out[i], want[i]);
	assert_int_equal(n, nwant);
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static size_t unique(struct slice *l, size_t n)
{
	size_t kept = 0;

	qsort(l, n, sizeof(*l), by_text);
	for (size_t i = 0; i < n; i++)
		if (!kept || !slice_eq(l[kept - 1], l[i]))
			l[kept++] = l[i];
	return kept;
}

/* Names (`name` NULL) or values of what meets the matchers. */
static void assert_lists(struct fixture *f, const char *name, const struct matcher *m, size_t nm)
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

/* --- made matchers ------------------------------------------------------------------------------
 */

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

static int compile(void **state)
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

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		regex_free(compiled[i]);
	return 0;
}

static void make_matcher(struct matcher *m)
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

/* --- tests
 * ------------------------------------------------------------------------------------------ */

static void any_matchers_give_what_a_naive_filter_gives(void **state)
{
	struct fixture *f = *state;
	struct matcher m[4];

	for (int round = 0; round < 6000; round++) {
		struct arena_mark mark = arena_mark(&f->a);
		size_t nm = chance(4);

		for (size_t i = 0; i < nm; i++)
			make_matcher(&m[i]);
		f->set.max_id = chance(3) ? UINT32_MAX : chance(3200);
		assert_selects(f, m, nm);
		arena_reset(&f->a, mark);
	}
}

static void every_single_matcher_gives_what_a_naive_filter_gives(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < 7; k++) {
		struct matcher m = { .name = slice_str(names[k]) };

		for (size_t i = 0; i < 11 * 2; i++) {
			m.op = i % 2 ? MATCH_EQ : MATCH_NE;
			m.value = slice_str(values[i / 2]);
			assert_selects(f, &m, 1);
		}
		for (size_t i = 0; i < 2 * sizeof(patterns) / sizeof(patterns[0]); i++) {
			m.op = i % 2 ? MATCH_RE : MATCH_NRE;
			m.value = slice_str(patterns[i / 2]);
			m.re = compiled[i / 2];
			assert_selects(f, &m, 1);
		}
	}
}

static void names_and_values_are_those_of_what_matches(void **state)
{
	struct fixture *f = *state;
	struct matcher m[3];

	for (int round = 0; round < 400; round++) {
		struct arena_mark mark = arena_mark(&f->a);
		size_t nm = chance(3);

		for (size_t i = 0; i < nm; i++)
			make_matcher(&m[i]);
		f->set.max_id = chance(3) ? UINT32_MAX : chance(3200);
		assert_lists(f, NULL, m, nm);
		assert_lists(f, names[chance(7)], m, nm);
		arena_reset(&f->a, mark);
	}
}

static void every_series_is_found_by_its_labels_and_by_its_id(void **state)
{
	struct fixture *f = *state;
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

static void what_is_not_there_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct made s = f->s[10];
	const struct labels *ls;
	uint32_t id = 7;

	assert_ok(index_find(&f->set, s.l, s.n - 1, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	s.l[0].value = slice_str("other");
	assert_ok(index_find(&f->set, s.l, s.n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	/* A gap in a part, between the parts and behind all; 0. */
	assert_fails(index_series(&f->set, 520, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 520");
	assert_fails(index_series(&f->set, 100000, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 100000");
	assert_fails(index_series(&f->set, 0, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series 0");
	for (uint32_t i = 1; i < 3200; i++)
		if (has_gap(i))
			assert_int_equal(index_series(&f->set, i, &f->a, &ls, NULL, &f->e), -1);
}

static void later_series_are_not_seen(void **state)
{
	struct fixture *f = *state;
	const struct made *last = &f->s[1499], *next = &f->s[1500], *newest = &f->s[2999];
	const struct labels *ls;
	uint32_t id;

	f->set.max_id = last->id;
	assert_ok(index_find(&f->set, last->l, last->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, last->id);
	assert_ok(index_find(&f->set, next->l, next->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	assert_ok(index_find(&f->set, newest->l, newest->n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	assert_fails(index_series(&f->set, next->id, &f->a, &ls, NULL, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no series");
}

/* --- merging
 * ------------------------------------------------------------------------------------------ */

static bool drop_some(void *ctx, uint32_t id)
{
	const uint32_t *modulus = ctx;

	return id % *modulus == 0 || (id > 1200 && id < 1400);
}

static void forget_dropped(struct fixture *f, uint32_t modulus)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		uint32_t id = f->s[i].id;

		if (drop_some(&modulus, id))
			continue;
		/* Texts of its own lie in the series. */
		f->s[kept] = f->s[i];
		for (size_t k = 0; k < f->s[kept].n; k++) {
			ptrdiff_t in = f->s[i].l[k].value.p - (char *)&f->s[i];
			ptrdiff_t name_in = f->s[i].l[k].name.p - (char *)&f->s[i];

			if (in >= 0 && in < (ptrdiff_t)sizeof(f->s[i]))
				f->s[kept].l[k].value.p = (char *)&f->s[kept] + in;
			if (name_in >= 0 && name_in < (ptrdiff_t)sizeof(f->s[i]))
				f->s[kept].l[k].name.p = (char *)&f->s[kept] + name_in;
		}
		kept++;
	}
	f->n = kept;
}

static void check_all(struct fixture *f)
{
	struct matcher m[2];

	every_series_is_found_by_its_labels_and_by_its_id((void **)&f);
	for (int round = 0; round < 500; round++) {
		struct arena_mark mark = arena_mark(&f->a);

		make_matcher(&m[0]);
		make_matcher(&m[1]);
		assert_selects(f, m, chance(3));
		arena_reset(&f->a, mark);
	}
	assert_lists(f, NULL, NULL, 0);
	assert_lists(f, "hostname", NULL, 0);
	assert_lists(f, "n", NULL, 0);
}

static void parts_and_memories_merge_into_one_part(void **state)
{
	struct fixture *f = *state;

	build_part(f, 3, &f->set, NULL, NULL);
	assert_int_equal(f->parts[3].series, SERIES);
	assert_int_equal(f->parts[3].first_id, f->s[0].id);
	assert_int_equal(f->parts[3].last_id, f->s[SERIES - 1].id);
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	check_all(f);
}

static void merging_leaves_out_what_is_dropped(void **state)
{
	struct fixture *f = *state;
	uint32_t modulus = 3;

	build_part(f, 3, &f->set, drop_some, &modulus);
	forget_dropped(f, modulus);
	assert_int_equal(f->parts[3].series, f->n);
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	check_all(f);
}

static void merging_ends_where_the_reader_sees_no_further(void **state)
{
	struct fixture *f = *state;

	f->set.max_id = f->s[2500].id;
	build_part(f, 3, &f->set, NULL, NULL);
	f->n = 2501;
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	check_all(f);
}

static void merging_the_same_twice_gives_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf again;

	build_part(f, 3, &f->set, NULL, NULL);
	buf_init(&again, 64 << 20);
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	assert_ok(index_part_build(&f->set, NULL, NULL, &again, &f->e), &f->e);
	assert_int_equal(again.n, f->blobs[3].n);
	assert_memory_equal(again.p, f->blobs[3].p, again.n);
	buf_release(&again);
}

static bool drop_all(void *ctx, uint32_t id)
{
	(void)ctx;
	(void)id;
	return true;
}

static void nothing_left_is_no_part(void **state)
{
	struct fixture *f = *state;
	struct index_set none = { .max_id = UINT32_MAX };
	struct buf out;
	uint32_t *ids;
	size_t n = 9;

	buf_init(&out, 1 << 20);
	assert_ok(index_part_build(&f->set, drop_all, NULL, &out, &f->e), &f->e);
	assert_int_equal(out.n, 0);
	assert_ok(index_part_build(&none, NULL, NULL, &out, &f->e), &f->e);
	assert_int_equal(out.n, 0);
	assert_ok(index_select(&none, NULL, 0, &f->a, &ids, &n, &f->e), &f->e);
	assert_int_equal(n, 0);
	buf_release(&out);
}

static void a_part_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	buf_init(&out, 10000);
	assert_fails(index_part_build(&f->set, NULL, NULL, &out, &f->e), &f->e, ERR_LIMIT,
		     "building an index part: ");
	assert_int_equal(out.n, 0);
	buf_release(&out);
}

static void a_memory_that_became_a_part_meanwhile_is_not_seen_twice(void **state)
{
	struct fixture *f = *state;
	uint32_t *ids;
	size_t n;

	/* Series 2200 to 2699 are in part 3 and in the first memory. */
	make_part(f, 3, 2200, 2700);
	f->set.nparts = 4;
	assert_ok(index_select(&f->set, NULL, 0, &f->a, &ids, &n, &f->e), &f->e);
	assert_int_equal(n, SERIES);
	check_all(f);
}

/* --- memory indexes
 * ---------------------------------------------------------------------------------------- */

static void truncating_takes_series_back(void **state)
{
	struct fixture *f = *state;
	struct memory_index *m = f->memories[1];
	uint32_t id;

	assert_int_equal(memory_index_count(m), 300);
	memory_index_truncate(m, f->s[2799].id);
	assert_int_equal(memory_index_count(m), 100);
	assert_int_equal(memory_index_first(m), f->s[2700].id);
	assert_int_equal(memory_index_last(m), f->s[2799].id);
	assert_ok(index_find(&f->set, f->s[2800].l, f->s[2800].n, &id, NULL, &f->e), &f->e);
	assert_int_equal(id, 0);
	f->n = 2800;
	check_all(f);
	/* The same ids may come again with other labels. */
	for (size_t i = 2800; i < SERIES; i++)
		make_series(&f->s[i], f->s[i].id);
	add_all(f, m, 2800, SERIES);
	f->n = SERIES;
	check_all(f);
	memory_index_truncate(m, 0);
	assert_int_equal(memory_index_count(m), 0);
	assert_int_equal(memory_index_last(m), 0);
	f->n = 2700;
	check_all(f);
}

static void adding_takes_no_more_than_64_labels(void **state)
{
	struct fixture *f = *state;
	struct label l[65];
	char text[65][8];
	const struct labels *ls;
	uint32_t last = f->s[SERIES - 1].id;

	for (int i = 0; i < 65; i++) {
		snprintf(text[i], sizeof(text[i]), "l%02d", i);
		l[i] = (struct label){ slice_str(text[i]), slice_str("v") };
	}
	assert_fails(memory_index_add(f->memories[1], last + 1, l, 65, false, &f->e), &f->e,
		     ERR_LIMIT, "65 labels, more than 64");
	assert_ok(memory_index_add(f->memories[1], last + 1, l, 64, false, &f->e), &f->e);
	build_part(f, 3, &f->set, NULL, NULL);
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	assert_ok(index_series(&f->set, last + 1, &f->a, &ls, NULL, &f->e), &f->e);
	assert_int_equal(ls->n, 64);
}

static void a_memory_index_without_memory_stays_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct memory_index *m;
	long failed = 0;

	memory_index_unref(f->memories[0]);
	m = f->memories[0] = memory_index_new(&f->e);
	f->set = (struct index_set){ NULL, 0, f->memories, 1, UINT32_MAX };
	for (size_t i = 0; i < 600; i++) {
		const struct made *s = &f->s[i];
		long k = 0;

		for (;; k++) {
			int rc;

			mem_fail_after(k, 1);
			rc = memory_index_add(m, s->id, s->l, s->n, s->statistic, &f->e);
			mem_fail_after(-1, 0);
			if (rc == 0)
				break;
			assert_int_equal(f->e.code, ERR_MEMORY);
			assert_int_equal(memory_index_count(m), i);
		}
		failed += k;
	}
	assert_true(failed > 100);
	f->n = 600;
	check_all(f);
}

static void building_without_memory_is_an_error(void **state)
{
	struct fixture *f = *state;
	uint32_t modulus = 5;
	long held, k = 0;
	int rc;

	mem_count(1);
	for (;; k += 1 + k / 16) {
		struct buf out;

		buf_init(&out, 64 << 20);
		held = mem_held();
		mem_fail_after(k, 1);
		rc = index_part_build(&f->set, drop_some, &modulus, &out, &f->e);
		mem_fail_after(-1, 0);
		if (rc < 0)
			assert_true(f->e.code == ERR_MEMORY || f->e.code == ERR_LIMIT);
		buf_release(&out);
		/* Blocks that arenas keep are held, too. */
		assert_true(mem_held() - held <= 16);
		if (rc == 0)
			break;
	}
	assert_true(k > 20);
}

static void an_arena_that_is_full_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct matcher m = { MATCH_RE, slice_str("n"), slice_str("[0-9]+5"), compiled[19] };
	struct arena small;
	struct slice *out;
	uint32_t *ids;
	size_t n;

	arena_init(&small, 600);
	assert_fails(index_select(&f->set, &m, 1, &small, &ids, &n, &f->e), &f->e, ERR_LIMIT,
		     "needs more memory than is allowed");
	assert_fails(index_label_values(&f->set, slice_str("n"), NULL, 0, &small, &out, &n, &f->e),
		     &f->e, ERR_LIMIT, "needs more memory than is allowed");
	arena_release(&small);
}

/* --- cardinality
 * -----------------------------------------------------------------------------------------------
 */

static void cardinality_counts_all_segments(void **state)
{
	struct fixture *f = *state;
	struct index_cardinality c;
	struct slice *names_list, *values_list;
	uint64_t pairs = 0, in_metrics = 0;
	size_t n, nv;

	assert_ok(index_cardinality(&f->set, 3, &f->a, &c, &f->e), &f->e);
	assert_int_equal(c.series, SERIES);
	assert_ok(index_label_names(&f->set, NULL, 0, &f->a, &names_list, &n, &f->e), &f->e);
	assert_int_equal(c.names, n);
	for (size_t i = 0; i < n; i++) {
		assert_ok(index_label_values(&f->set, names_list[i], NULL, 0, &f->a, &values_list,
					     &nv, &f->e),
			  &f->e);
		pairs += nv;
	}
	assert_int_equal(c.pairs, pairs);
	assert_int_equal(c.nmetrics, 3);
	assert_true(c.metrics[0].n >= c.metrics[1].n && c.metrics[1].n >= c.metrics[2].n);
	assert_slice(c.label_values[0].name, "n");
	assert_int_equal(c.label_values[0].n, SERIES);
	assert_slice(c.label_values[1].name, "hostname");
	assert_int_equal(c.label_values[1].n, 150);
	assert_slice(c.label_bytes[0].name, "hostname");
	assert_slice(c.label_pairs[0].name, "always=1");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < f->n; k++)
			in_metrics += slice_eq(value_of(&f->s[k], slice_str("__name__")),
					       c.metrics[i].name);
	assert_int_equal(in_metrics, c.metrics[0].n + c.metrics[1].n + c.metrics[2].n);
	f->set.max_id = 0;
	assert_ok(index_cardinality(&f->set, 3, &f->a, &c, &f->e), &f->e);
	assert_int_equal(c.series, 0);
	assert_int_equal(c.pairs, 0);
	assert_int_equal(c.nmetrics, 0);
}

/* --- damage
 * --------------------------------------------------------------------------------------------------------
 */

static void opening_refuses_what_is_not_a_part(void **state)
{
	struct fixture *f = *state;
	struct slice blob = buf_all(&f->blobs[0]);
	struct index_part p;

	assert_fails(index_part_open(slice_of(blob.p, 100), NULL, &p, &f->e), &f->e, ERR_CORRUPT,
		     "not a part of an index (100 bytes)");
	assert_fails(index_part_open(slice_of(blob.p, blob.n - 4), NULL, &p, &f->e), &f->e,
		     ERR_CORRUPT, "should be");
	f->blobs[0].p[30] ^= 1;
	assert_fails(index_part_open(blob, NULL, &p, &f->e), &f->e, ERR_CORRUPT,
		     "the checksum of an index part's head is wrong");
	f->blobs[0].p[30] ^= 1;
	f->blobs[0].p[8] = 9;
	{
		uint32_t crc = crc32c(0, blob.p, PART_HEAD_BYTES - 4);

		for (int i = 0; i < 4; i++)
			f->blobs[0].p[PART_HEAD_BYTES - 4 + i] = (char)(crc >> 8 * i);
	}
	assert_fails(index_part_open(blob, NULL, &p, &f->e), &f->e, ERR_UNSUPPORTED,
		     "an index part has format 9, this program knows up to 1");
	f->blobs[0].p[0] ^= 1;
	assert_fails(index_part_open(blob, NULL, &p, &f->e), &f->e, ERR_CORRUPT,
		     "not a part of an index");
}

static int ask_everything(struct fixture *f)
{
	struct matcher m = { MATCH_RE, slice_str("hostname"), slice_str(".*7"), compiled[12] };
	const struct labels *ls;
	struct index_cardinality c;
	struct arena a;
	struct slice *out;
	uint32_t *ids, id;
	size_t n;
	int rc;

	arena_init(&a, 8 << 20);
	rc = index_select(&f->set, &m, 1, &a, &ids, &n, &f->e);
	for (size_t i = 0; rc == 0 && i < 1000; i++) {
		rc = index_find(&f->set, f->s[i].l, f->s[i].n, &id, NULL, &f->e);
		if (rc == 0)
			rc = index_series(&f->set, f->s[i].id, &a, &ls, NULL, &f->e);
	}
	if (rc == 0)
		rc = index_label_names(&f->set, &m, 1, &a, &out, &n, &f->e);
	if (rc == 0)
		rc = index_cardinality(&f->set, 5, &a, &c, &f->e);
	arena_release(&a);
	return rc;
}

static void a_flipped_byte_is_never_an_answer(void **state)
{
	struct fixture *f = *state;

	f->set = (struct index_set){ f->parts, 1, NULL, 0, UINT32_MAX };
	assert_ok(ask_everything(f), &f->e);
	for (int round = 0; round < 60; round++) {
		size_t at = PART_HEAD_BYTES + chance((uint32_t)f->blobs[0].n - PART_HEAD_BYTES - 4);

		f->blobs[0].p[at] ^= (char)(1 << chance(8));
		index_verified_free(f->verified[0]);
		f->verified[0] = index_verified_new(f->blobs[0].n, &f->e);
		assert_ok(index_part_open(buf_all(&f->blobs[0]), f->verified[0], &f->parts[0],
					  &f->e),
			  &f->e);
		if (ask_everything(f) == 0)
			fail_msg("a flip at %zu of %zu was not noticed", at, f->blobs[0].n);
		assert_int_equal(f->e.code, ERR_CORRUPT);
		assert_has(f->e.text, "the checksum of block 1 of");
		assert_fails(index_part_verify(&f->parts[0], &f->e), &f->e, ERR_CORRUPT,
			     "index part of series");
		make_part(f, 0, 0, 1000);
	}
}

/* Series whose hashes under the first seed begin in the same twentieth of the table. */
static void labels_that_collide_on_purpose_are_found_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct memory_index *m = memory_index_new(&f->e);
	struct index_set x = { .memories = &m, .nmemories = 1, .max_id = UINT32_MAX };
	char text[16];
	struct label l = { slice_str("n"), slice_str("") };
	uint32_t id = 0, found;

	for (uint32_t i = 0; id < 2000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		l.value = slice_str(text);
		if (index_hash(&l, 1, 1) >> 59 == 0)
			assert_ok(memory_index_add(m, ++id, &l, 1, false, &f->e), &f->e);
	}
	build_part(f, 3, &x, NULL, NULL);
	memory_index_unref(m);
	assert_true(f->parts[3].hash_seed != 1);
	f->set = (struct index_set){ &f->parts[3], 1, NULL, 0, UINT32_MAX };
	assert_ok(index_find(&f->set, &l, 1, &found, NULL, &f->e), &f->e);
	assert_int_equal(found, 2000);
}

/* --- threads
 * ------------------------------------------------------------------------------------------------------------
 */

struct reader {
	pthread_t thread;
	struct fixture *f;
	atomic_bool *stop;
	int rc;
	size_t rounds;
	struct err e;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct index_set x = r->f->set;
	struct matcher m[2] = {
		{ MATCH_RE, slice_str("hostname"), slice_str(".*7"), compiled[12] },
		{ MATCH_NE, slice_str("zone"), slice_str("东区") },
	};

	x.max_id = r->f->s[2799].id;
	do {
		struct arena a;
		uint32_t *ids;
		size_t n;

		arena_init(&a, 8 << 20);
		r->rc = index_select(&x, m, 2, &a, &ids, &n, &r->e);
		for (size_t i = 1; r->rc == 0 && i < n; i++)
			if (ids[i] <= ids[i - 1] || ids[i] > x.max_id)
				r->rc = -1;
		arena_release(&a);
		r->rounds++;
	} while (r->rc == 0 && !atomic_load(r->stop));
	return NULL;
}

static void readers_go_on_while_series_are_added_and_taken_back(void **state)
{
	struct fixture *f = *state;
	struct reader r[2];
	atomic_bool stop = false;

	memory_index_truncate(f->memories[1], f->s[2799].id);
	for (int i = 0; i < 2; i++) {
		r[i] = (struct reader){ .f = f, .stop = &stop };
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_on, &r[i]), 0);
	}
	for (int round = 0; round < 50; round++) {
		add_all(f, f->memories[1], 2800, SERIES);
		memory_index_truncate(f->memories[1], f->s[2799 + round % 3].id);
		memory_index_truncate(f->memories[1], f->s[2799].id);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		assert_ok(r[i].rc, &r[i].e);
		assert_true(r[i].rounds > 0);
	}
}

static void plain_questions(void **state)
{
	struct fixture *f = *state;
	struct matcher cpu = { MATCH_EQ, slice_str("__name__"), slice_str("cpu") };
	const char *zones[] = { "n", "north\nwest", "东区", "西区" };
	const char *all[] = { "__name__", "always", "hostname", "n", "zone" };
	struct slice *out;
	size_t n;

	assert_ok(index_label_values(&f->set, slice_str("zone"), &cpu, 1, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_texts(out, n, zones, 4);
	f->set.max_id = 30;
	assert_ok(index_label_names(&f->set, NULL, 0, &f->a, &out, &n, &f->e), &f->e);
	assert_texts(out, n, all, 5);
	assert_ok(index_label_values(&f->set, slice_str("nope"), NULL, 0, &f->a, &out, &n, &f->e),
		  &f->e);
	assert_int_equal(n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_index, close_index)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(plain_questions),
		T(any_matchers_give_what_a_naive_filter_gives),
		T(every_single_matcher_gives_what_a_naive_filter_gives),
		T(names_and_values_are_those_of_what_matches),
		T(every_series_is_found_by_its_labels_and_by_its_id),
		T(what_is_not_there_is_not_found),
		T(later_series_are_not_seen),
		T(parts_and_memories_merge_into_one_part),
		T(merging_leaves_out_what_is_dropped),
		T(merging_ends_where_the_reader_sees_no_further),
		T(merging_the_same_twice_gives_the_same_bytes),
		T(nothing_left_is_no_part),
		T(a_part_over_the_limit_is_refused),
		T(a_memory_that_became_a_part_meanwhile_is_not_seen_twice),
		T(truncating_takes_series_back),
		T(adding_takes_no_more_than_64_labels),
		T(a_memory_index_without_memory_stays_as_it_was),
		T(building_without_memory_is_an_error),
		T(an_arena_that_is_full_is_an_error),
		T(cardinality_counts_all_segments),
		T(opening_refuses_what_is_not_a_part),
		T(a_flipped_byte_is_never_an_answer),
		T(labels_that_collide_on_purpose_are_found_all_the_same),
		T(readers_go_on_while_series_are_added_and_taken_back),
	};

	return cmocka_run_group_tests(tests, compile, forget);
}
