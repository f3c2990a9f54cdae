/* test_tokens.c - tokens: who they are of, how long, and their file. */
#include "base/log.h"
#include "collectors/tokens_file.h"
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>
#include <unistd.h>

static const struct date today = { 2026, 11, 25 };

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD   "parkwatch-tokens\t1\n"

static struct tokens *parse(const char *text, struct err *e)
{
	return tokens_parse(slice_str(text), e);
}

static void refused(const char *text, enum err_code code, const char *part)
{
	struct err e = { 0 };
	struct tokens *t = parse(text, &e);

	if (t)
		fail_msg("taken: %s", text);
	if (e.code != code || !strstr(e.text, part))
		fail_msg("\"%s\" (%s) lacks \"%s\"", e.text, err_code_name(e.code), part);
}

static void a_token_that_was_made_is_found_by_its_secret_only(void **state)
{
	struct token_wish w = { .owner = "land", .units = "jiahe,yishan" };
	char secret[TOKEN_SECRET];
	struct token k;
	const struct token *found;
	struct err e;
	struct tokens *t = tokens_new(&e);

	(void)state;
	assert_ok(tokens_add(t, &w, today, secret, &k, &e), &e);
	assert_int_equal(strlen(secret), 46);
	assert_true(slice_starts(slice_str(secret), "pw_"));
	found = tokens_find(t, slice_str(secret), today);
	assert_non_null(found);
	assert_string_equal(found->owner, "land");
	assert_int_equal(found->rights.nunits, 2);
	assert_string_equal(found->rights.units[1], "yishan");
	assert_int_equal(found->rights.nindicators, 0);
	secret[20] ^= 1;
	assert_null(tokens_find(t, slice_str(secret), today));
	assert_null(tokens_find(t, slice_str(""), today));
	tokens_unref(t);
}

static void a_token_works_through_its_last_day(void **state)
{
	struct token_wish w = { .owner = "land", .last_day = "2026-11-25" };
	char secret[TOKEN_SECRET];
	struct token k;
	struct err e;
	struct tokens *t = tokens_new(&e);

	(void)state;
	assert_ok(tokens_add(t, &w, today, secret, &k, &e), &e);
	assert_non_null(tokens_find(t, slice_str(secret), today));
	assert_null(tokens_find(t, slice_str(secret), (struct date){ 2026, 11, 26 }));
	w.last_day = "2026-11-24";
	assert_fails(tokens_add(t, &w, today, secret, &k, &e), &e, ERR_INVALID, "is over");
	w.last_day = "2027-02-30";
	assert_fails(tokens_add(t, &w, today, secret, &k, &e), &e, ERR_INVALID, "last day: ");
	tokens_unref(t);
}

static void an_owner_has_two_live_tokens_and_no_third(void **state)
{
	struct token_wish w = { .owner = "land", .last_day = "2026-11-25" };
	struct date tomorrow = { 2026, 11, 26 };
	char secret[TOKEN_SECRET];
	struct token k;
	struct err e;
	struct tokens *t = tokens_new(&e);

	(void)state;
	assert_ok(tokens_add(t, &w, today, secret, &k, &e), &e);
	w.last_day = NULL;
	assert_ok(tokens_add(t, &w, today, secret, &k, &e), &e);
	assert_fails(tokens_add(t, &w, today, secret, &k, &e), &e, ERR_LIMIT,
		     "'land' has two live tokens");
	assert_has(e.text, k.id);
	w.owner = "statistics";
	assert_ok(tokens_add(t, &w, today, secret, &k, &e), &e);
	/* One that is over does not count. */
	w.owner = "land";
	assert_ok(tokens_add(t, &w, tomorrow, secret, &k, &e), &e);
	assert_ok(tokens_remove(t, k.id, &e), &e);
	assert_fails(tokens_remove(t, k.id, &e), &e, ERR_NOT_FOUND, "there is no token");
	assert_int_equal(t->n, 3);
	tokens_unref(t);
}

static void what_is_printed_reads_back(void **state)
{
	static const char text[] =
		HEAD "00000001\t" HASH_A "\t统计局, 一科\t2026-11-25\t2027-06-30\tjiahe,"
		     "yishan\toutput_yuan\n"
		     "00000002\t" HASH_B "\tland\t2026-11-25\t-\t*\t*\n";
	struct buf out;
	struct err e;
	struct tokens *t = parse(text, &e);

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->n, 2);
	buf_init(&out, 1 << 20);
	tokens_print(t, &out);
	assert_slice(buf_all(&out), text);
	buf_release(&out);
	tokens_unref(t);
}

static void a_file_with_any_mistake_is_refused_with_its_line(void **state)
{
	(void)state;
	refused("", ERR_INVALID, "cut off");
	refused("parkwatch-tokens\t2\n", ERR_UNSUPPORTED, "line 1");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\t*\t*", ERR_INVALID, "cut off");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\t*\n", ERR_INVALID,
		"line 2: id, hash");
	refused(HEAD "\n", ERR_INVALID, "line 2");
	refused(HEAD "0000000G\t" HASH_A "\tland\t2026-11-25\t-\t*\t*\n", ERR_INVALID,
		"line 2: id '0000000G'");
	refused(HEAD "00000001\t" HASH_A "\t\t2026-11-25\t-\t*\t*\n", ERR_INVALID, "owner");
	refused(HEAD "00000001\t" HASH_A "\t land\t2026-11-25\t-\t*\t*\n", ERR_INVALID, "blanks");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-13-25\t-\t*\t*\n", ERR_INVALID, "day made");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\tnever\t*\t*\n", ERR_INVALID,
		"last day");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\ta,,b\t*\n", ERR_INVALID, "units");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\t*\ta,*\n", ERR_INVALID,
		"indicators");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\t*\t*\n"
		     "00000001\t" HASH_B "\tland\t2026-11-25\t-\t*\t*\n",
		ERR_INVALID, "line 3: token 00000001 is there twice");
	refused(HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\t*\t*\n"
		     "00000002\t" HASH_A "\tland\t2026-11-25\t-\t*\t*\n",
		ERR_INVALID, "twice");
}

static void a_secret_that_stands_in_the_file_is_not_repeated(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(parse(HEAD "00000001\tpw_secretsecret\tland\t2026-11-25\t-\t*\t*\n", &e));
	assert_null(strstr(e.text, "secretsecret"));
	assert_has(e.text, "line 2: the hash is not 64 digits");
}

/* --- the file ------------------------------------------------------------------------------ */

struct made {
	char secret[TOKEN_SECRET];
	struct token k;
};

static int make(void *ctx, struct tokens *t, struct err *e)
{
	struct token_wish w = { .owner = "land" };
	struct made *m = ctx;

	return tokens_add(t, &w, today, m->secret, &m->k, e);
}

static int fail_to_change(void *ctx, struct tokens *t, struct err *e)
{
	(void)ctx;
	t->n = 0;
	return err_set(e, ERR_INVALID, "no");
}

static void the_file_is_private_and_holds_no_secret(void **state)
{
	char *dir = tmp_make(), *text;
	const char *path = tmp_path(dir, "tokens");
	struct made m;
	struct stat st;
	struct err e;
	struct tokens *t;
	size_t n;

	(void)state;
	t = tokens_load(path, &e);
	assert_non_null(t); /* a missing file has none */
	assert_int_equal(t->n, 0);
	tokens_unref(t);
	assert_ok(tokens_change(path, make, &m, &e), &e);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	text = tmp_read(path, &n);
	assert_null(strstr(text, m.secret));
	assert_null(strstr(text, m.secret + 3));
	free(text);
	assert_fails(tokens_change(path, fail_to_change, NULL, &e), &e, ERR_INVALID, "no");
	t = tokens_load(path, &e);
	assert_int_equal(t->n, 1);
	assert_non_null(tokens_find(t, slice_str(m.secret), today));
	tokens_unref(t);
	assert_int_equal(access(tmp_path(dir, "tokens.new"), F_OK), -1);
	tmp_remove(dir);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
	char *dir = tmp_make();
	const char *path = tmp_path(dir, "tokens");
	struct made m;
	struct err e;

	(void)state;
	assert_ok(tokens_change(path, make, &m, &e), &e);
	chmod(path, 0640);
	assert_null(tokens_load(path, &e));
	assert_has(e.text, "chmod 600");
	assert_int_equal(symlink(path, tmp_path(dir, "link")), 0);
	assert_null(tokens_load(tmp_path(dir, "link"), &e));
	tmp_remove(dir);
}

static void a_full_disk_leaves_the_file_as_it_was(void **state)
{
	char *dir = tmp_make(), *before, *after;
	const char *path = tmp_path(dir, "tokens");
	struct made m;
	struct err e;
	size_t n;

	(void)state;
	assert_ok(tokens_change(path, make, &m, &e), &e);
	before = tmp_read(path, &n);
	tmp_limit(n);
	assert_int_equal(tokens_change(path, make, &m, &e), -1);
	tmp_unlimit();
	after = tmp_read(path, &n);
	assert_string_equal(before, after);
	assert_int_equal(access(tmp_path(dir, "tokens.new"), F_OK), -1);
	free(before);
	free(after);
	tmp_remove(dir);
}

static void the_book_sees_a_change_after_a_second(void **state)
{
	char *dir = tmp_make();
	const char *path = tmp_path(dir, "tokens");
	struct token_book b;
	struct made m;
	struct err e;
	struct tokens *t;

	(void)state;
	assert_ok(token_book_init(&b, path, &e), &e);
	t = token_book_get(&b, 1000, &e);
	assert_int_equal(t->n, 0);
	tokens_unref(t);
	assert_ok(tokens_change(path, make, &m, &e), &e);
	t = token_book_get(&b, 1999, &e);
	assert_int_equal(t->n, 0);
	tokens_unref(t);
	t = token_book_get(&b, 2000, &e);
	assert_int_equal(t->n, 1);
	tokens_unref(t);
	/* Broken: nobody has a token until it is whole again. */
	tmp_write(path, "x", 1);
	assert_null(token_book_get(&b, 3000, &e));
	assert_has(e.text, "cut off");
	unlink(path);
	t = token_book_get(&b, 4000, &e);
	assert_int_equal(t->n, 0);
	tokens_unref(t);
	assert_ok(tokens_change(path, make, &m, &e), &e);
	assert_ok(token_book_reload(&b, path, &e), &e);
	t = token_book_get(&b, 4001, &e);
	assert_int_equal(t->n, 1);
	tokens_unref(t);
	token_book_release(&b);
	tmp_remove(dir);
}

static void without_memory_nothing_is_half_done(void **state)
{
	static const char text[] = HEAD "00000001\t" HASH_A "\tland\t2026-11-25\t-\ta,b\tc\n";
	struct starve s = { .one_only = true };
	struct tokens *t = NULL;
	struct err e;

	(void)state;
	while (starve_again(&s)) {
		starve_begin(&s);
		t = parse(text, &e);
		starve_end(&s, t != NULL, &e);
	}
	assert_true(s.failed > 0);
	assert_int_equal(t->n, 1);
	tokens_unref(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_that_was_made_is_found_by_its_secret_only),
		cmocka_unit_test(a_token_works_through_its_last_day),
		cmocka_unit_test(an_owner_has_two_live_tokens_and_no_third),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(a_file_with_any_mistake_is_refused_with_its_line),
		cmocka_unit_test(a_secret_that_stands_in_the_file_is_not_repeated),
		cmocka_unit_test(the_file_is_private_and_holds_no_secret),
		cmocka_unit_test(a_file_that_others_may_read_is_refused),
		cmocka_unit_test(a_full_disk_leaves_the_file_as_it_was),
		cmocka_unit_test(the_book_sees_a_change_after_a_second),
		cmocka_unit_test(without_memory_nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
