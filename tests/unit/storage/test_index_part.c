/* test_index_part.c - building parts of an index, merging them, damaged ones; memory indexes. */
#include "base/crc32c.h"
#include "tests/unit/storage/made_series.h"

/* --- merging --------------------------------------------------------------------------- */

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

	assert_finds_all(f);
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

/* --- memory indexes -------------------------------------------------------------------- */

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

/* --- damage ---------------------------------------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(parts_and_memories_merge_into_one_part),
		INDEX_TEST(merging_leaves_out_what_is_dropped),
		INDEX_TEST(merging_ends_where_the_reader_sees_no_further),
		INDEX_TEST(merging_the_same_twice_gives_the_same_bytes),
		INDEX_TEST(nothing_left_is_no_part),
		INDEX_TEST(a_part_over_the_limit_is_refused),
		INDEX_TEST(a_memory_that_became_a_part_meanwhile_is_not_seen_twice),
		INDEX_TEST(truncating_takes_series_back),
		INDEX_TEST(adding_takes_no_more_than_64_labels),
		INDEX_TEST(a_memory_index_without_memory_stays_as_it_was),
		INDEX_TEST(building_without_memory_is_an_error),
		INDEX_TEST(opening_refuses_what_is_not_a_part),
		INDEX_TEST(a_flipped_byte_is_never_an_answer),
		INDEX_TEST(labels_that_collide_on_purpose_are_found_all_the_same),
	};

	return cmocka_run_group_tests(tests, compile, forget);
}
