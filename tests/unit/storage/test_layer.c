/* test_layer.c - tables of segments, runs in files, partitions in LMDB: all there or an error. */
#include "base/alloc.h"
#include "base/crc32c.h"
#include "storage/keys.h"
#include "storage/layout.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };

enum { SEGMENTS = 6, PER_SEGMENT = 4 };

struct world {
	char *dir;
	struct db *db;
	struct segment_writer *w;
	struct segment_reader r;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));
	struct db_options o;

	x->dir = tmp_make();
	x->w = segment_writer_new(&x->e);
	segment_reader_init(&x->r);
	o = (struct db_options){ .dir = x->dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };
	x->db = db_open(&o, &x->e);
	*state = x;
	assert_non_null(x->db);
	assert_ok(db_make_tables(x->db, &x->e), &x->e);
	return x->w ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *x = *state;

	segment_writer_free(x->w);
	segment_reader_release(&x->r);
	db_close(x->db);
	tmp_remove(x->dir);
	free(x);
	return 0;
}

/* The i-th segment: four series, 100 apart from those of the next one. */
static void make_segment(struct world *x, int i, enum segment_kind kind, struct slice *bytes,
			 struct segment_entry *entry)
{
	segment_begin(x->w, kind);
	for (int k = 0; k < PER_SEGMENT; k++) {
		char times[32], values[32];
		struct chunk c;

		snprintf(times, sizeof(times), "times %d", i);
		snprintf(values, sizeof(values), "values %d.%d", i, k);
		c = (struct chunk){ .series = (uint32_t)(i * 100 + k + 1),
				    .count = 3,
				    .first_ms = i * 1000 - 2000,
				    .last_ms = i * 1000 - 1000,
				    .encoding = 1,
				    .times = slice_str(times),
				    .attributes = slice_str(""),
				    .values = slice_str(values) };
		assert_int_equal(segment_add(x->w, &c, &x->e), 1);
	}
	assert_ok(segment_finish(x->w, bytes, entry, &x->e), &x->e);
}

static struct layer *make_run(struct world *x, uint64_t from, uint64_t number, int segments)
{
	struct run_writer w;
	struct layer *l;

	assert_ok(run_create(&w, x->dir, from, number, &x->e), &x->e);
	for (int i = 0; i < segments; i++) {
		struct segment_entry entry;
		struct slice bytes;

		make_segment(x, i, SEGMENT_SAMPLES, &bytes, &entry);
		assert_ok(run_add(&w, bytes, &entry, &x->e), &x->e);
	}
	l = run_finish(&w, &x->e);
	if (!l)
		fail_msg("no run: %s", x->e.text);
	return l;
}

static uint32_t put_partition(struct world *x, struct db_txn *t, enum segment_kind kind,
			      uint32_t number, uint64_t order)
{
	struct segment_entry entries[SEGMENTS];
	uint32_t crc;

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		struct slice bytes;

		make_segment(x, (int)i, kind, &bytes, &entries[i]);
		assert_ok(partition_put_segment(t, number, i, bytes, &x->e), &x->e);
	}
	assert_ok(partition_put(t, kind, number, order, entries, SEGMENTS, &crc, &x->e), &x->e);
	return crc;
}

/* All segments of a layer can be read and are those that were written. */
static void expect_whole(struct world *x, const struct layer *l, struct db_txn *t, int segments)
{
	assert_int_equal(l->nsegments, segments);
	assert_int_equal(l->samples, segments * PER_SEGMENT * 3);
	for (uint32_t i = 0; i < l->nsegments; i++) {
		struct slice bytes;
		struct chunk c;

		assert_int_equal(l->segments[i].first_series, i * 100 + 1);
		assert_int_equal(l->segments[i].last_series, i * 100 + PER_SEGMENT);
		assert_int_equal(l->segments[i].first_ms, (int)i * 1000 - 2000);
		assert_int_equal(l->segments[i].chunks, PER_SEGMENT);
		assert_ok(layer_segment(l, t, i, &bytes, &x->e), &x->e);
		assert_ok(segment_open(&x->r, bytes, &x->e), &x->e);
		for (uint32_t k = 0; k < PER_SEGMENT; k++) {
			char values[32];

			snprintf(values, sizeof(values), "values %u.%u", i, k);
			assert_int_equal(segment_next(&x->r, &all, &c, &x->e), 1);
			assert_int_equal(c.series, i * 100 + k + 1);
			assert_slice(c.values, values);
		}
	}
}

/* --- tables --------------------------------------------------------------------------------- */

static void a_table_comes_back(void **state)
{
	struct world *x = *state;
	const struct segment_entry list[] = {
		{ 1, 1, INT64_MIN, INT64_MAX, 32, 0xffffffff, 1, 1 },
		{ 1, 500, -5, 7, SEGMENT_MAX_BYTES, 1, 499, UINT32_MAX },
		{ 500, UINT32_MAX, INT64_MAX, INT64_MAX, 77, 0, 3, 9 },
		{ UINT32_MAX, UINT32_MAX, INT64_MIN, INT64_MIN, 1, 2, 3, 4 },
	};
	struct layer *l;
	struct buf b;

	for (uint32_t n = 0; n <= 4; n++) {
		buf_init(&b, 1 << 20);
		segments_write(list, n, &b);
		l = layer_of_segments(SEGMENT_SAMPLES, 5, 6, NULL, 0, &x->e);
		assert_non_null(l);
		mem_free(l->segments);
		assert_ok(segments_read(l, buf_all(&b), &x->e), &x->e);
		assert_int_equal(l->nsegments, n);
		for (uint32_t i = 0; i < n; i++)
			assert_memory_equal(&l->segments[i], &list[i], sizeof(list[i]));
		layer_unref(l);
		/* No byte may be missing, none too many. */
		for (size_t cut = 0; cut < b.n; cut++) {
			l = layer_of_segments(SEGMENT_SAMPLES, 5, 6, NULL, 0, &x->e);
			assert_non_null(l);
			mem_free(l->segments);
			l->segments = NULL;
			assert_fails(segments_read(l, slice_of(b.p, cut), &x->e), &x->e,
				     ERR_CORRUPT, "the table of segments is damaged");
			layer_unref(l);
		}
		buf_putc(&b, 0);
		l = layer_of_segments(SEGMENT_SAMPLES, 5, 6, NULL, 0, &x->e);
		assert_non_null(l);
		mem_free(l->segments);
		l->segments = NULL;
		assert_fails(segments_read(l, buf_all(&b), &x->e), &x->e, ERR_CORRUPT,
			     "is damaged");
		layer_unref(l);
		buf_release(&b);
	}
}

static void the_first_segment_of_a_series_is_found(void **state)
{
	struct world *x = *state;
	const struct segment_entry list[] = {
		{ .first_series = 2, .last_series = 5 },
		{ .first_series = 5, .last_series = 5 },
		{ .first_series = 5, .last_series = 9 },
		{ .first_series = 20, .last_series = UINT32_MAX },
	};
	struct layer *l = layer_of_segments(SEGMENT_SAMPLES, 1, 1, list, 4, &x->e);

	assert_non_null(l);
	assert_int_equal(layer_find(l, 0), 0);
	assert_int_equal(layer_find(l, 5), 0);
	assert_int_equal(layer_find(l, 6), 2);
	assert_int_equal(layer_find(l, 10), 3);
	assert_int_equal(layer_find(l, UINT32_MAX), 3);
	assert_int_equal(l->first_series, 2);
	assert_true(l->last_series == UINT32_MAX);
	layer_unref(l);
	l = layer_of_segments(SEGMENT_SAMPLES, 1, 1, list, 3, &x->e);
	assert_non_null(l);
	assert_int_equal(layer_find(l, 10), 3); /* none */
	layer_unref(l);
	layer_unref(NULL);
}

/* --- runs ------------------------------------------------------------------------------------- */

static void a_run_comes_back(void **state)
{
	struct world *x = *state;

	for (int n = 0; n <= SEGMENTS; n += 3) {
		struct layer *l = make_run(x, 3, 5 + (uint64_t)n, n);

		expect_whole(x, l, NULL, n);
		layer_unref(l);
		l = run_open(x->dir, 5 + (uint64_t)n, &x->e);
		assert_non_null(l);
		expect_whole(x, l, NULL, n);
		assert_true(l->run);
		assert_int_equal(l->from, 3);
		assert_int_equal(l->number, 5 + n);
		assert_int_equal(l->order, 5 + n);
		assert_int_not_equal(access(tmp_path(x->dir, "runs/00000005.new"), F_OK), 0);
		layer_unref(l);
	}
	assert_null(run_open(x->dir, 99, &x->e));
	assert_int_equal(x->e.code, ERR_NOT_FOUND);
	assert_ok(run_remove(x->dir, 5, &x->e), &x->e);
	assert_ok(run_remove(x->dir, 5, &x->e), &x->e); /* twice does no harm */
	assert_null(run_open(x->dir, 5, &x->e));
}

/* Until all of it is durable there is no run of that name. */
static void an_unfinished_run_is_none(void **state)
{
	struct world *x = *state;
	struct run_writer w;
	struct segment_entry entry;
	struct slice bytes;

	assert_ok(run_create(&w, x->dir, 1, 1, &x->e), &x->e);
	make_segment(x, 0, SEGMENT_SAMPLES, &bytes, &entry);
	assert_ok(run_add(&w, bytes, &entry, &x->e), &x->e);
	assert_null(run_open(x->dir, 1, &x->e));
	assert_int_equal(access(tmp_path(x->dir, "runs/00000001.new"), F_OK), 0);
	run_abandon(&w);
	assert_int_not_equal(access(tmp_path(x->dir, "runs/00000001.new"), F_OK), 0);
}

static void a_full_disk_leaves_no_run(void **state)
{
	struct world *x = *state;

	for (size_t room = 0; room < 1400; room += 100) {
		struct layer *l = NULL;
		struct run_writer w;
		int rc;

		tmp_limit(room);
		rc = run_create(&w, x->dir, 1, 1, &x->e);
		for (int i = 0; i < SEGMENTS && rc == 0; i++) {
			struct segment_entry entry;
			struct slice bytes;

			make_segment(x, i, SEGMENT_SAMPLES, &bytes, &entry);
			rc = run_add(&w, bytes, &entry, &x->e);
			if (rc < 0)
				run_abandon(&w);
		}
		if (rc == 0)
			l = run_finish(&w, &x->e);
		tmp_unlimit();
		if (l) {
			expect_whole(x, l, NULL, SEGMENTS);
			layer_unref(l);
			assert_true(room > 500);
			continue;
		}
		assert_true(x->e.code == ERR_FULL || x->e.code == ERR_IO);
		assert_int_not_equal(access(tmp_path(x->dir, "runs/00000001.run"), F_OK), 0);
		assert_int_not_equal(access(tmp_path(x->dir, "runs/00000001.new"), F_OK), 0);
	}
}

/* Whether the run is read and right: -1 an error, 0 right. Anything else fails the test. */
static int try_run(struct world *x)
{
	struct layer *l = run_open(x->dir, 1, &x->e);
	int rc = 0;

	if (!l) {
		assert_int_equal(x->e.code, ERR_CORRUPT);
		assert_has(x->e.text, "run 1: ");
		return -1;
	}
	assert_int_equal(l->nsegments, SEGMENTS);
	for (uint32_t i = 0; i < l->nsegments && rc == 0; i++) {
		struct slice bytes;
		struct chunk c;

		rc = layer_segment(l, NULL, i, &bytes, &x->e);
		if (rc == 0)
			rc = segment_open(&x->r, bytes, &x->e);
		for (uint32_t k = 0; k < PER_SEGMENT && rc == 0; k++) {
			char values[32];

			snprintf(values, sizeof(values), "values %u.%u", i, k);
			rc = segment_next(&x->r, &all, &c, &x->e) == 1 ? 0 : -1;
			if (rc == 0)
				assert_slice(c.values, values);
		}
	}
	layer_unref(l);
	return rc;
}

static void every_flipped_byte_of_a_run_is_noticed_or_means_nothing(void **state)
{
	struct world *x = *state;
	char path[4096], *file, *copy;
	unsigned harmless = 0;
	size_t n;

	layer_unref(make_run(x, 1, 1, SEGMENTS));
	snprintf(path, sizeof(path), "%s/runs/00000001.run", x->dir);
	file = tmp_read(path, &n);
	copy = malloc(n);
	for (size_t at = 0; at < n; at++) {
		memcpy(copy, file, n);
		copy[at] ^= (char)(1 << at % 8);
		tmp_write(path, copy, n);
		harmless += try_run(x) == 0;
	}
	/* Words of zeros at the head's and the file's end, padding between segments. */
	assert_true(harmless <= 8 + SEGMENTS * 7);
	for (size_t cut = 0; cut < n; cut += 7) {
		tmp_write(path, file, cut);
		assert_int_equal(try_run(x), -1);
	}
	tmp_write(path, file, n);
	assert_int_equal(try_run(x), 0);
	/* Another run's file under this name. */
	layer_unref(make_run(x, 2, 2, SEGMENTS));
	assert_int_equal(rename(tmp_path(x->dir, "runs/00000002.run"), path), 0);
	assert_int_equal(try_run(x), -1);
	assert_has(x->e.text, "run 1: this is no run, or its head is damaged");
	free(copy);
	free(file);
}

/* --- partitions --------------------------------------------------------------------- */

static void partitions_come_back_by_their_order(void **state)
{
	struct world *x = *state;
	static const uint64_t orders[] = { 30, 10, 20 };
	uint32_t crc[3], n, again;
	struct layer **list;
	struct db_txn *t;

	assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
	for (uint32_t i = 0; i < 3; i++)
		crc[i] = put_partition(x, t, i == 1 ? SEGMENT_FIGURES : SEGMENT_SAMPLES, i + 1,
				       orders[i]);
	assert_ok(db_write_commit(t, &x->e), &x->e);
	assert_ok(db_read_begin(x->db, &t, &x->e), &x->e);
	assert_ok(partitions_load(t, &list, &n, &x->e), &x->e);
	assert_int_equal(n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(list[i]->order, (i + 1) * 10);
		assert_int_equal(orders[list[i]->number - 1], list[i]->order);
		assert_int_equal(list[i]->kind,
				 list[i]->number == 2 ? SEGMENT_FIGURES : SEGMENT_SAMPLES);
		assert_int_equal(list[i]->crc, crc[list[i]->number - 1]);
		assert_ok(partition_crc(t, list[i]->number, &again, &x->e), &x->e);
		assert_int_equal(again, list[i]->crc);
		assert_false(list[i]->run);
		expect_whole(x, list[i], t, SEGMENTS);
		layer_unref(list[i]);
	}
	mem_free(list);
	assert_fails(partition_crc(t, 9, &again, &x->e), &x->e, ERR_CORRUPT, "one is missing");
	db_read_end(t);
}

static void a_missing_or_exchanged_segment_is_noticed(void **state)
{
	struct world *x = *state;
	uint8_t key[KEY_SEGMENT_BYTES];
	struct segment_entry entry;
	struct layer **list;
	struct slice bytes;
	struct db_txn *t;
	uint32_t n;

	assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
	put_partition(x, t, SEGMENT_SAMPLES, 4, 1);
	key_segment(key, 4, 2);
	assert_ok(db_del(t, DB_SEGMENTS, key_slice(key, sizeof(key)), &x->e), &x->e);
	/* A good one, but of another place. */
	make_segment(x, 5, SEGMENT_SAMPLES, &bytes, &entry);
	assert_ok(partition_put_segment(t, 4, 3, bytes, &x->e), &x->e);
	assert_ok(partition_put_segment(t, 4, 4, slice_of(bytes.p, 2), &x->e), &x->e);
	assert_ok(partitions_load(t, &list, &n, &x->e), &x->e);
	assert_int_equal(n, 1);
	assert_ok(layer_segment(list[0], t, 1, &bytes, &x->e), &x->e);
	assert_fails(layer_segment(list[0], t, 2, &bytes, &x->e), &x->e, ERR_CORRUPT,
		     "segment 2 of partition 4 (series 201 to 204) is missing");
	assert_fails(
		layer_segment(list[0], t, 3, &bytes, &x->e), &x->e, ERR_CORRUPT,
		"segment 3 of partition 4 (series 301 to 304) is not the one that was written");
	assert_fails(layer_segment(list[0], t, 4, &bytes, &x->e), &x->e, ERR_CORRUPT,
		     "is not the one that was written");
	layer_unref(list[0]);
	mem_free(list);
	db_write_abort(t);
}

static void a_dropped_partition_leaves_nothing(void **state)
{
	struct world *x = *state;
	uint64_t n, records;
	struct db_txn *t;

	assert_ok(db_write_begin(x->db, &t, &x->e), &x->e);
	put_partition(x, t, SEGMENT_SAMPLES, 1, 1);
	put_partition(x, t, SEGMENT_SAMPLES, 2, 2);
	/* What a longer attempt left behind those of this one. */
	assert_ok(partition_drop_segments(t, 2, 4, &x->e), &x->e);
	assert_ok(db_entries(t, DB_SEGMENTS, &n, &x->e), &x->e);
	assert_int_equal(n, SEGMENTS + 4);
	assert_ok(partition_drop(t, 1, &x->e), &x->e);
	assert_ok(db_entries(t, DB_SEGMENTS, &n, &x->e), &x->e);
	assert_ok(db_entries(t, DB_PARTITIONS, &records, &x->e), &x->e);
	assert_int_equal(n, 4);
	assert_int_equal(records, 1);
	/* One that has no record yet. */
	assert_ok(partition_drop(t, 7, &x->e), &x->e);
	assert_ok(partition_drop(t, 2, &x->e), &x->e);
	assert_ok(db_entries(t, DB_SEGMENTS, &n, &x->e), &x->e);
	assert_int_equal(n, 0);
	db_write_abort(t);
}

/* --- layouts ------------------------------------------------------------------------ */

static bool has_number(const struct layer *l, const void *ctx)
{
	return l->number == *(const uint32_t *)ctx;
}

static void layers_lie_in_the_order_in_which_they_count(void **state)
{
	struct world *x = *state;
	struct layout *l = layout_new(&x->e), *copy;
	static const uint64_t orders[] = { 20, 10, 30 };
	const uint32_t gone = 2;

	assert_non_null(l);
	for (uint64_t i = 4; i <= 5; i++)
		assert_ok(layout_add_layer(l, make_run(x, i, i, 1), &x->e), &x->e);
	for (uint32_t i = 0; i < 3; i++)
		assert_ok(layout_add_layer(l,
					   layer_of_segments(SEGMENT_SAMPLES, i + 1, orders[i],
							     NULL, 0, &x->e),
					   &x->e),
			  &x->e);
	assert_ok(layout_add_layer(l, layer_of_segments(SEGMENT_FIGURES, 9, 1, NULL, 0, &x->e),
				   &x->e),
		  &x->e);
	assert_int_equal(l->nsamples, 5);
	assert_int_equal(l->npartitions, 3);
	assert_int_equal(l->nfigures, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(l->samples[i]->order, (i + 1) * 10);
	assert_int_equal(l->samples[3]->number, 4);
	assert_int_equal(l->samples[4]->number, 5);
	/* A copy lives on by itself. */
	copy = layout_copy(l, &x->e);
	assert_non_null(copy);
	layout_drop_layers(copy, has_number, &gone);
	assert_int_equal(copy->nsamples, 4);
	assert_int_equal(copy->npartitions, 2);
	assert_int_equal(l->nsamples, 5);
	layout_unref(l);
	assert_int_equal(copy->samples[2]->number, 4);
	expect_whole(x, copy->samples[2], NULL, 1);
	layout_unref(copy);
	layout_unref(NULL);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_comes_back),
		TEST(the_first_segment_of_a_series_is_found),
		TEST(a_run_comes_back),
		TEST(an_unfinished_run_is_none),
		TEST(a_full_disk_leaves_no_run),
		TEST(every_flipped_byte_of_a_run_is_noticed_or_means_nothing),
		TEST(partitions_come_back_by_their_order),
		TEST(a_missing_or_exchanged_segment_is_noticed),
		TEST(a_dropped_partition_leaves_nothing),
		TEST(layers_lie_in_the_order_in_which_they_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
