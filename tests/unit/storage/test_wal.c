/* test_wal.c - requests in log files: all that was durable comes back, a torn end is cut. */
#include "base/alloc.h"
#include "storage/keys.h"
#include "storage/wal.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	char *dir;
	struct wal l;
	struct err e;
};

static int set_up(void **state)
{
	struct world *x = calloc(1, sizeof(*x));

	x->dir = tmp_make();
	x->l.fd = -1;
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct world *x = *state;

	wal_close(&x->l);
	tmp_remove(x->dir);
	free(x);
	return 0;
}

static void create(struct world *x, uint64_t number)
{
	assert_ok(wal_create(&x->l, x->dir, number, &x->e), &x->e);
}

/* The i-th request: a body of i bytes, a list of i % 5 bytes. */
static void make_body(int i, char body[], char list[])
{
	memset(body, 'a' + i % 26, (size_t)i);
	memset(list, i % 5, (size_t)i % 5);
}

static int append(struct world *x, int i)
{
	char body[4096], list[8];
	struct wal_record r = { .kind = i % 2 ? WAL_REQUEST : WAL_SAMPLES,
				.received_ms = -i * INT64_C(1000000007) };

	make_body(i, body, list);
	r.body = slice_of(body, (size_t)i);
	r.list = slice_of(list, (size_t)i % 5);
	return wal_append(&x->l, &r, &x->e);
}

static void append_all(struct world *x, int n)
{
	for (int i = 0; i < n; i++)
		assert_ok(append(x, i), &x->e);
}

struct seen {
	int n;
	int stop_at;
};

static int see(void *ctx, const struct wal_record *r, struct err *e)
{
	struct seen *s = ctx;
	char body[4096], list[8];

	if (s->stop_at && s->n == s->stop_at)
		return err_set(e, ERR_INVALID, "enough");
	make_body(s->n, body, list);
	if (r->kind != (s->n % 2 ? WAL_REQUEST : WAL_SAMPLES) ||
	    r->received_ms != -s->n * INT64_C(1000000007) ||
	    !slice_eq(r->body, slice_of(body, (size_t)s->n)) ||
	    !slice_eq(r->list, slice_of(list, (size_t)s->n % 5)))
		return err_set(e, ERR_INVALID, "record %d is another one", s->n);
	s->n++;
	return 0;
}

static void expect(struct world *x, int n, uint64_t want_end, uint64_t want_size)
{
	struct seen s = { 0 };
	uint64_t end, size;

	assert_ok(wal_read(x->l.path, x->l.number, see, &s, &end, &size, &x->e), &x->e);
	assert_int_equal(s.n, n);
	assert_int_equal(end, want_end);
	assert_int_equal(size, want_size);
}

static void expect_corrupt(struct world *x, const char *part)
{
	struct seen s = { 0 };
	uint64_t end, size;

	assert_fails(wal_read(x->l.path, x->l.number, see, &s, &end, &size, &x->e), &x->e,
		     ERR_CORRUPT, part);
}

static void flip(struct world *x, uint64_t at, int mask)
{
	char b;

	assert_int_equal(pread(x->l.fd, &b, 1, (off_t)at), 1);
	b ^= (char)mask;
	assert_int_equal(pwrite(x->l.fd, &b, 1, (off_t)at), 1);
}

/* --- writing and reading ------------------------------------------------------------------ */

static void records_come_back_in_their_order(void **state)
{
	struct world *x = *state;
	struct stat st;

	create(x, 7);
	assert_has(x->l.path, "/log/00000007.log");
	expect(x, 0, WAL_HEAD_BYTES, WAL_HEAD_BYTES);
	append_all(x, 200);
	assert_int_equal(x->l.written % 8, 0);
	assert_int_equal(stat(x->l.path, &st), 0);
	assert_int_equal(st.st_size, x->l.written);
	assert_int_equal(st.st_mode & 0777, 0600);
	expect(x, 200, x->l.written, x->l.written);
}

static void who_reads_can_end_it(void **state)
{
	struct world *x = *state;
	struct seen s = { .stop_at = 3 };
	uint64_t end, size;

	create(x, 1);
	append_all(x, 9);
	assert_fails(wal_read(x->l.path, 1, see, &s, &end, &size, &x->e), &x->e, ERR_INVALID,
		     ": enough");
	assert_has(x->e.text, "00000001.log, byte ");
	assert_int_equal(s.n, 3);
}

static void a_file_of_another_number_or_kind_is_refused(void **state)
{
	struct world *x = *state;
	struct seen s = { 0 };
	uint64_t end, size;
	struct wal again;

	create(x, 3);
	append_all(x, 3);
	assert_fails(wal_read(x->l.path, 4, see, &s, &end, &size, &x->e), &x->e, ERR_CORRUPT,
		     "byte 0: this is no log file, or its head is damaged");
	for (uint64_t at = 0; at < 20; at++) {
		flip(x, at, 1);
		expect_corrupt(x, "its head is damaged");
		flip(x, at, 1);
	}
	assert_fails(wal_read(tmp_path(x->dir, "nothing"), 4, see, &s, &end, &size, &x->e), &x->e,
		     ERR_NOT_FOUND, "cannot read ");
	/* Nothing is written over. */
	assert_int_equal(wal_create(&again, x->dir, 3, &x->e), -1);
	assert_has(x->e.text, "cannot make ");
	expect(x, 3, x->l.written, x->l.written);
}

static void a_request_that_is_too_large_is_refused(void **state)
{
	struct world *x = *state;
	struct wal_record r = { .body = slice_of("", WAL_RECORD_MAX) }; /* never looked at */

	create(x, 1);
	assert_fails(wal_append(&x->l, &r, &x->e), &x->e, ERR_LIMIT, "is too large");
	expect(x, 0, WAL_HEAD_BYTES, WAL_HEAD_BYTES);
}

/* --- torn ends ------------------------------------------------------------------------------- */

/* What a SIGKILL or a power cut may leave of the last record. */
static void a_torn_end_is_cut_wherever_it_is_torn(void **state)
{
	struct world *x = *state;
	uint64_t whole, last, end, size;
	struct seen s;

	create(x, 1);
	append_all(x, 20);
	whole = x->l.written;
	assert_ok(append(x, 20), &x->e);
	last = x->l.written;
	for (uint64_t cut = last - 1; cut > whole; cut--) {
		assert_int_equal(ftruncate(x->l.fd, (off_t)cut), 0);
		s = (struct seen){ 0 };
		assert_ok(wal_read(x->l.path, 1, see, &s, &end, &size, &x->e), &x->e);
		assert_int_equal(size, cut);
		/* Padding that is missing takes nothing away. */
		assert_true(s.n == 20 ? end == whole : (s.n == 21 && end == cut && last - cut < 8));
	}
	assert_ok(wal_cut(x->l.path, whole, &x->e), &x->e);
	expect(x, 20, whole, whole);
	/* It can be written on. */
	x->l.written = whole;
	assert_ok(append(x, 20), &x->e);
	expect(x, 21, last, last);
}

static void a_file_without_a_whole_head_has_no_records(void **state)
{
	struct world *x = *state;

	create(x, 1);
	for (int n = WAL_HEAD_BYTES - 1; n >= 0; n--) {
		assert_int_equal(ftruncate(x->l.fd, n), 0);
		expect(x, 0, 0, (uint64_t)n);
	}
}

static void garbage_behind_the_end_is_cut(void **state)
{
	struct world *x = *state;
	uint64_t whole;
	char noise[300];

	create(x, 1);
	append_all(x, 5);
	whole = x->l.written;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7919 >> 3);
	assert_int_equal(pwrite(x->l.fd, noise, sizeof(noise), (off_t)whole), sizeof(noise));
	expect(x, 5, whole, whole + sizeof(noise));
	memset(noise, 0, sizeof(noise));
	assert_int_equal(pwrite(x->l.fd, noise, sizeof(noise), (off_t)whole), sizeof(noise));
	expect(x, 5, whole, whole + sizeof(noise));
}

/* --- damage ----------------------------------------------------------------------------------- */

static void sync_all(struct world *x)
{
	assert_ok(wal_sync(x->l.fd, x->l.written, x->l.path, &x->e), &x->e);
	atomic_store(&x->l.durable, x->l.written);
}

static void a_bad_record_that_was_durable_is_an_error_with_its_place(void **state)
{
	struct world *x = *state;
	uint64_t at;
	char part[64];

	create(x, 1);
	append_all(x, 10);
	at = x->l.written;
	assert_ok(append(x, 10), &x->e);
	sync_all(x);
	expect(x, 11, x->l.written, x->l.written);
	snprintf(part, sizeof(part), "byte %d: the record is damaged although it had been durable",
		 (int)at);
	for (uint64_t k = at; k < at + WAL_RECORD_HEAD + 10; k++) { /* not the padding */
		flip(x, k, 0x20);
		expect_corrupt(x, part);
		flip(x, k, 0x20);
	}
	/* In the middle as well. */
	flip(x, WAL_HEAD_BYTES, 1);
	expect_corrupt(x, "byte 40: the record is damaged");
	flip(x, WAL_HEAD_BYTES, 1);
	expect(x, 11, x->l.written, x->l.written);
}

/* The head's mark may be lost in a power cut; later records say what was durable before them. */
static void a_later_record_knows_what_was_durable(void **state)
{
	struct world *x = *state;
	const uint64_t at = WAL_HEAD_BYTES;
	char mark[16];

	create(x, 1);
	append_all(x, 4);
	sync_all(x);
	assert_ok(append(x, 4), &x->e);
	for (int way = 0; way < 2; way++) {
		memset(mark, way ? 0xff : 0, sizeof(mark));
		assert_int_equal(pwrite(x->l.fd, mark, sizeof(mark), 24), 16);
		expect(x, 5, x->l.written, x->l.written);
		flip(x, at, 1);
		expect_corrupt(x, "byte 40: the record is damaged");
		flip(x, at, 1);
	}
}

static void what_was_never_durable_may_be_torn_in_any_order(void **state)
{
	struct world *x = *state;
	uint64_t durable;

	create(x, 1);
	append_all(x, 4);
	sync_all(x);
	durable = x->l.written;
	for (int i = 4; i < 8; i++)
		assert_ok(append(x, i), &x->e);
	/* A power cut may keep a later page and lose an earlier one. */
	flip(x, durable + 4, 1);
	expect(x, 4, durable, x->l.written);
}

static void a_file_that_lost_durable_bytes_is_an_error(void **state)
{
	struct world *x = *state;

	create(x, 1);
	append_all(x, 10);
	sync_all(x);
	assert_int_equal(ftruncate(x->l.fd, (off_t)x->l.written - 8), 0);
	expect_corrupt(x, "the record is damaged although it had been durable");
	assert_int_equal(ftruncate(x->l.fd, WAL_HEAD_BYTES), 0);
	expect_corrupt(x, "byte 40: the file is cut off");
}

/* --- faults ------------------------------------------------------------------------- */

static void a_full_disk_leaves_the_file_as_it_was(void **state)
{
	struct world *x = *state;
	uint64_t before;

	create(x, 1);
	append_all(x, 100);
	before = x->l.written;
	/* Room for half of it, then for nothing. */
	for (size_t room = 16; room + 16 > 0; room -= 16) {
		tmp_limit(before + room);
		assert_fails(append(x, 100), &x->e, ERR_FULL, "No space left on device");
		assert_int_equal(x->l.written, before);
		assert_int_equal(tmp_size(x->l.path), before);
	}
	tmp_unlimit();
	assert_ok(append(x, 100), &x->e);
	expect(x, 101, x->l.written, x->l.written);
}

static void files_are_found_by_their_numbers(void **state)
{
	struct world *x = *state;
	static const char *const names[] = {
		"00000012.log",
		"00000003.log",
		"123456789.log",
		"00000004.log.tmp",
		"x0000005.log",
		"00000006.new",
		"99999999999999999999999.log",
	};
	uint64_t *numbers;
	size_t n;
	char path[4096];

	assert_ok(numbered_files(x->dir, "log", ".log", &numbers, &n, &x->e), &x->e);
	assert_int_equal(n, 0);
	assert_null(numbers);
	create(x, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/log/%s", x->dir, names[i]);
		tmp_write(path, "", 0);
	}
	assert_ok(numbered_files(x->dir, "log", ".log", &numbers, &n, &x->e), &x->e);
	assert_int_equal(n, 4);
	assert_int_equal(numbers[0], 1);
	assert_int_equal(numbers[1], 3);
	assert_int_equal(numbers[2], 12);
	assert_int_equal(numbers[3], 123456789);
	mem_free(numbers);
	mem_fail_after(0, 0);
	assert_fails(numbered_files(x->dir, "log", ".log", &numbers, &n, &x->e), &x->e, ERR_MEMORY,
		     "no memory to look into ");
	mem_fail_after(-1, 0);
	assert_ok(numbered_path(path, "/d", "runs", 5, ".run", &x->e), &x->e);
	assert_string_equal(path, "/d/runs/00000005.run");
}

/* --- beside a writer ---------------------------------------------------------------- */

struct writing {
	struct world *x;
	atomic_bool stop;
};

static void *write_on(void *arg)
{
	struct writing *w = arg;

	for (int i = 0; i < 2000 && !atomic_load(&w->stop); i++) {
		struct wal_record r = { .kind = WAL_REQUEST,
					.received_ms = i,
					.body = slice_str("a request") };
		struct err e;

		if (wal_append(&w->x->l, &r, &e) < 0 ||
		    wal_sync(w->x->l.fd, w->x->l.written, w->x->l.path, &e) < 0)
			return w;
		atomic_store(&w->x->l.durable, w->x->l.written);
	}
	return NULL;
}

static int count(void *ctx, const struct wal_record *r, struct err *e)
{
	(void)r;
	(void)e;
	++*(int *)ctx;
	return 0;
}

static void a_file_that_grows_can_be_read(void **state)
{
	struct world *x = *state;
	struct writing w = { .x = x };
	pthread_t thread;
	void *failed;
	int last = 0;

	create(x, 1);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	for (int i = 0; i < 3000 && last < 1999; i++) {
		uint64_t end, size;
		int n = 0;

		assert_ok(wal_read(x->l.path, 1, count, &n, &end, &size, &x->e), &x->e);
		assert_true(n >= last);
		last = n;
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, &failed);
	assert_null(failed);
}

/* A writer that starts again cuts a torn end off, and seals the file. */
static void a_file_that_is_held_is_read_although_it_is_cut_and_removed(void **state)
{
	struct world *x = *state;
	struct seen s = { 0 };
	struct wal_held h;
	uint64_t whole, end;

	create(x, 1);
	append_all(x, 3);
	whole = x->l.written;
	assert_ok(wal_sync(x->l.fd, whole, x->l.path, &x->e), &x->e);
	assert_int_equal(ftruncate(x->l.fd, (off_t)whole + (1 << 20)), 0);
	assert_ok(wal_hold(x->l.path, 1, &h, &x->e), &x->e);
	assert_ok(wal_cut(x->l.path, whole, &x->e), &x->e);
	assert_int_equal(unlink(x->l.path), 0);
	assert_ok(wal_read_held(&h, x->l.path, see, &s, &end, &x->e), &x->e);
	assert_int_equal(s.n, 3);
	assert_int_equal(end, whole);
	wal_let_go(&h);
	assert_fails(wal_hold(x->l.path, 1, &h, &x->e), &x->e, ERR_NOT_FOUND, "cannot read ");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_come_back_in_their_order),
		TEST(who_reads_can_end_it),
		TEST(a_file_of_another_number_or_kind_is_refused),
		TEST(a_request_that_is_too_large_is_refused),
		TEST(a_torn_end_is_cut_wherever_it_is_torn),
		TEST(a_file_without_a_whole_head_has_no_records),
		TEST(garbage_behind_the_end_is_cut),
		TEST(a_bad_record_that_was_durable_is_an_error_with_its_place),
		TEST(a_later_record_knows_what_was_durable),
		TEST(what_was_never_durable_may_be_torn_in_any_order),
		TEST(a_file_that_lost_durable_bytes_is_an_error),
		TEST(a_full_disk_leaves_the_file_as_it_was),
		TEST(files_are_found_by_their_numbers),
		TEST(a_file_that_grows_can_be_read),
		TEST(a_file_that_is_held_is_read_although_it_is_cut_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
