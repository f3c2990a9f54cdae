/* test_buf.c - buffers with a limit, and the allocation hooks behind them. */
#include "tests/lib/assert.h"
#include "base/alloc.h"
#include "base/buf.h"

static void appends_add_up(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1000);
	buf_puts(&b, "park ");
	buf_putc(&b, '7');
	buf_slice(&b, slice_str(": "));
	buf_printf(&b, "%d of %s", 3, "区");
	buf_put(&b, NULL, 0);
	assert_ok(buf_check(&b, &e), &e);
	assert_slice(buf_all(&b), "park 7: 3 of 区");
	buf_release(&b);
	assert_int_equal(b.n, 0);
}

static void the_limit_is_exact(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 10);
	buf_puts(&b, "12345");
	buf_printf(&b, "%s", "67890");
	assert_ok(buf_check(&b, &e), &e);
	assert_slice(buf_all(&b), "1234567890");
	buf_putc(&b, 'x');
	assert_fails(buf_check(&b, &e), &e, ERR_LIMIT, "more than the allowed 10 bytes");
	assert_int_equal(b.n, 10);
	buf_release(&b);
}

static void nothing_is_added_after_a_failure(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 10);
	buf_puts(&b, "12345678");
	buf_puts(&b, "901");
	buf_puts(&b, "9");
	buf_printf(&b, "9");
	buf_putc(&b, '9');
	assert_null(buf_room(&b, 1));
	assert_slice(buf_all(&b), "12345678");
	assert_fails(buf_check(&b, &e), &e, ERR_LIMIT, "10 bytes");
	buf_clear(&b);
	assert_ok(buf_check(&b, &e), &e);
	buf_puts(&b, "again");
	assert_slice(buf_all(&b), "again");
	buf_release(&b);
}

static void printf_grows_far_beyond_the_room(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 100000);
	buf_puts(&b, "ab");
	buf_printf(&b, "%050000d", 7);
	assert_ok(buf_check(&b, &e), &e);
	assert_int_equal(b.n, 50002);
	assert_int_equal(b.p[50001], '7');
	assert_int_equal(b.p[2], '0');
	buf_printf(&b, "%050000d", 7);
	assert_fails(buf_check(&b, &e), &e, ERR_LIMIT, "100000 bytes");
	assert_int_equal(b.n, 50002);
	buf_release(&b);
}

static void room_is_written_by_the_caller(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++) {
		p = buf_room(&b, 100);
		memset(p, 'a' + i % 26, 100);
		buf_added(&b, 99);
	}
	assert_int_equal(b.n, 99000);
	assert_int_equal(b.p[98999], 'a' + 999 % 26);
	assert_null(buf_room(&b, SIZE_MAX));
	buf_release(&b);
}

static void an_empty_limit_holds_nothing(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 0);
	buf_printf(&b, "%s", "");
	assert_ok(buf_check(&b, &e), &e);
	buf_putc(&b, 'x');
	assert_fails(buf_check(&b, &e), &e, ERR_LIMIT, "allowed 0 bytes");
	buf_release(&b);
}

static void no_memory_keeps_what_is_there(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_puts(&b, "kept");
	mem_fail_after(0, 0);
	buf_printf(&b, "%05000d", 1);
	mem_fail_after(-1, 0);
	assert_fails(buf_check(&b, &e), &e, ERR_MEMORY, "no memory for more than 4 bytes");
	assert_slice(buf_all(&b), "kept");
	buf_release(&b);
}

static void the_hook_fails_the_chosen_allocation(void **state)
{
	void *p[4];

	(void)state;
	mem_fail_after(2, 0);
	for (int i = 0; i < 4; i++)
		p[i] = mem_alloc(10);
	assert_non_null(p[0]);
	assert_non_null(p[1]);
	assert_null(p[2]);
	assert_non_null(p[3]);
	mem_fail_after(0, 1);
	assert_null(mem_zalloc(1));
	assert_null(mem_realloc(p[0], 100));
	assert_null(mem_strdup("x"));
	mem_fail_after(-1, 0);
	for (int i = 0; i < 4; i++)
		mem_free(p[i]);
}

static void what_is_held_is_counted(void **state)
{
	char *a, *b;

	(void)state;
	mem_count(1);
	a = mem_strdup("one");
	b = mem_realloc(NULL, 0);
	b = mem_realloc(b, 100);
	assert_string_equal(a, "one");
	assert_int_equal(mem_held(), 2);
	mem_free(a);
	mem_free(b);
	mem_free(NULL);
	assert_int_equal(mem_held(), 0);
	mem_count(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_add_up),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(nothing_is_added_after_a_failure),
		cmocka_unit_test(printf_grows_far_beyond_the_room),
		cmocka_unit_test(room_is_written_by_the_caller),
		cmocka_unit_test(an_empty_limit_holds_nothing),
		cmocka_unit_test(no_memory_keeps_what_is_there),
		cmocka_unit_test(the_hook_fails_the_chosen_allocation),
		cmocka_unit_test(what_is_held_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
