/* test_spool.c - large buffers, in memory and beside it. */
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"
#include "tests/lib/tmp.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/spool.h"
#include "base/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

enum { LARGE = 20 << 20, LINE = 64 };

static int set_up(void **state)
{
	struct err e;

	*state = tmp_make();
	assert_ok(spool_set_folder(*state, 0, &e), &e);
	return 0;
}

static int tear_down(void **state)
{
	spool_set_folder(NULL, 0, NULL);
	tmp_remove(*state);
	return 0;
}

/* Lines that tell where they stand. */
static void fill(struct buf *b, size_t bytes)
{
	for (size_t i = 0; b->n < bytes && !b->failed; i++)
		buf_printf(b, "%0*zu\n", LINE - 1, i);
}

static void assert_filled(struct slice s)
{
	char want[LINE + 1];

	for (size_t i = 0; i < s.n / LINE; i++) {
		snprintf(want, sizeof(want), "%0*zu\n", LINE - 1, i);
		assert_memory_equal(s.p + i * LINE, want, LINE);
	}
}

static size_t entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	return n;
}

static void what_is_small_stays_in_memory(void **state)
{
	struct buf b;

	(void)state;
	buf_init_large(&b, LARGE);
	fill(&b, SPOOL_MEMORY_BYTES - LINE);
	assert_null(b.spool);
	buf_release(&b);
}

static void what_is_large_lies_in_a_file_without_a_name(void **state)
{
	struct err e;
	struct buf b;

	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_ok(buf_check(&b, &e), &e);
	assert_non_null(b.spool);
	assert_int_equal(b.n, LARGE);
	assert_filled(buf_all(&b));
	assert_int_equal(entries(*state), 0);
	buf_release(&b);
	fill(&b, LARGE); /* it is a large one again */
	assert_non_null(b.spool);
	buf_release(&b);
}

static void without_a_folder_all_is_in_memory(void **state)
{
	struct buf b;

	(void)state;
	spool_set_folder(NULL, 0, NULL);
	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_null(b.spool);
	assert_filled(buf_all(&b));
	buf_release(&b);
}

static void the_limit_of_a_large_buffer_is_exact(void **state)
{
	struct err e;
	struct buf b;

	(void)state;
	buf_init_large(&b, LARGE - 5);
	fill(&b, LARGE);
	assert_fails(buf_check(&b, &e), &e, ERR_LIMIT, "more than the allowed 20971515 bytes");
	assert_int_equal(b.n, LARGE - LINE);
	buf_release(&b);
}

static void what_was_left_behind_is_still_there(void **state)
{
	struct slice rest, step = { 0 };
	struct err e;
	struct buf b;
	size_t n = 0;

	(void)state;
	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_ok(buf_check(&b, &e), &e);
	for (rest = buf_all(&b); spool_step(&rest, &step); n += step.n)
		assert_memory_equal(step.p, b.p + n, step.n);
	assert_int_equal(n, LARGE);
	spool_leave(buf_all(&b));
	spool_leave(slice_of(b.p + LARGE - 1, SIZE_MAX / 2)); /* no further than there is */
	assert_filled(buf_all(&b));
	buf_release(&b);
}

static void other_memory_is_never_left(void **state)
{
	char *p = malloc(LARGE);

	(void)state;
	memset(p, 'x', LARGE);
	spool_leave(slice_of(p, LARGE));
	for (size_t i = 0; i < LARGE; i += 512)
		assert_int_equal(p[i], 'x');
	free(p);
}

static void steps_do_not_change_what_is_found(void **state)
{
	uint8_t by_steps[SHA256_BYTES], at_once[SHA256_BYTES];
	const char needle[] = "\xef\xbf\xbd";
	struct sha256 h;
	struct err e;
	struct buf b;

	(void)state;
	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_ok(buf_check(&b, &e), &e);
	sha256_of(buf_all(&b), by_steps);
	sha256_init(&h);
	sha256_add(&h, b.p, b.n);
	sha256_end(&h, at_once);
	assert_memory_equal(by_steps, at_once, SHA256_BYTES);
	assert_true(hash_bytes(b.p, b.n) == hash_bytes(b.p, b.n));
	assert_int_equal(utf8_bad_at(buf_all(&b)), -1);
	assert_false(utf8_has_replacement(buf_all(&b)));
	/* Over the border of two steps. */
	memcpy(b.p + 3 * SPOOL_STEP_BYTES - 1, needle, 3);
	assert_true(utf8_has_replacement(buf_all(&b)));
	assert_int_equal(utf8_bad_at(buf_all(&b)), -1);
	b.p[3 * SPOOL_STEP_BYTES] = 'x';
	assert_int_equal(utf8_bad_at(buf_all(&b)), 3 * SPOOL_STEP_BYTES - 1);
	assert_false(utf8_has_replacement(buf_all(&b)));
	buf_release(&b);
}

static void a_full_disk_is_an_error_of_the_append(void **state)
{
	struct err e;
	struct buf b;

	(void)state;
	buf_init_large(&b, LARGE);
	tmp_limit(9 << 20);
	fill(&b, LARGE);
	tmp_unlimit();
	assert_fails(buf_check(&b, &e), &e, ERR_FULL, "no space left on the disk");
	assert_true(b.n < 9 << 20);
	assert_filled(buf_all(&b));
	buf_release(&b);
}

static void a_reserve_on_the_disk_is_left_free(void **state)
{
	struct err e;
	struct buf b;

	assert_ok(spool_set_folder(*state, UINT64_MAX, &e), &e);
	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_fails(buf_check(&b, &e), &e, ERR_FULL, "no space left on the disk");
	assert_true(b.n <= SPOOL_MEMORY_BYTES);
	assert_filled(buf_all(&b));
	buf_release(&b);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	struct err e;
	struct buf b;

	assert_ok(spool_set_folder(tmp_path(*state, "missing"), 0, &e), &e);
	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_fails(buf_check(&b, &e), &e, ERR_IO, "a temporary file");
	buf_release(&b);
}

/* Mappings of files in the folder; those that are let go aside are gone in the end. */
static size_t mapped(const char *dir)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	size_t n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, dir) != NULL;
	fclose(maps);
	return n;
}

static void nothing_of_a_released_one_stays_mapped(void **state)
{
	struct buf b;

	buf_init_large(&b, LARGE);
	fill(&b, LARGE);
	assert_int_equal(mapped(*state), 1);
	buf_release(&b);
	for (int i = 0; i < 10000 && mapped(*state); i++)
		usleep(1000);
	assert_int_equal(mapped(*state), 0);
}

static void each_allocation_may_fail(void **state)
{
	struct err e;
	struct buf b;
	struct starve s = { .keeps_nothing = true };

	(void)state;
	while (starve_again(&s)) {
		buf_init_large(&b, LARGE);
		starve_begin(&s);
		fill(&b, LARGE);
		starve_end(&s, buf_check(&b, &e) == 0, &e);
		buf_release(&b);
	}
	assert_true(s.failed > 0);
}

#define SPOOL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(what_is_small_stays_in_memory),
		SPOOL_TEST(what_is_large_lies_in_a_file_without_a_name),
		SPOOL_TEST(without_a_folder_all_is_in_memory),
		SPOOL_TEST(the_limit_of_a_large_buffer_is_exact),
		SPOOL_TEST(what_was_left_behind_is_still_there),
		SPOOL_TEST(other_memory_is_never_left),
		SPOOL_TEST(steps_do_not_change_what_is_found),
		SPOOL_TEST(a_full_disk_is_an_error_of_the_append),
		SPOOL_TEST(a_reserve_on_the_disk_is_left_free),
		SPOOL_TEST(a_folder_that_is_not_there_is_an_error),
		SPOOL_TEST(nothing_of_a_released_one_stays_mapped),
		SPOOL_TEST(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
