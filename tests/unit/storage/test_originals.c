/* test_originals.c - documents are kept once, whole, and only as themselves. */
#include "storage/keys.h"
#include "storage/walk.h"
#include "tests/lib/starve.h"
#include "tests/unit/storage/behind.h"
#include "tests/unit/storage/books.h"

static struct submission submission_of(struct fixture *f, uint64_t sequence)
{
	struct snapshot *v = must_snapshot(f->s);
	struct submission s;

	assert_ok(snapshot_submission(v, sequence, &f->arena, &s, &f->e), &f->e);
	snapshot_close(v);
	return s;
}

static void assert_original(struct fixture *f, const uint8_t *sha256, struct slice want)
{
	struct snapshot *v = must_snapshot(f->s);
	struct buf out;

	buf_init(&out, want.n);
	assert_ok(snapshot_original(v, sha256, &out, &f->e), &f->e);
	assert_true(slice_eq(buf_all(&out), want));
	buf_release(&out);
	snapshot_close(v);
}

static void a_document_comes_back_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	static const char body[] = "园区,2026年10月\r\n甲河,12.3\r\n";
	struct submission s;
	uint8_t want[SHA256_BYTES];

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 1000, body, NULL, &f->e), &f->e);
	reopen(f);
	s = submission_of(f, 1);
	sha256_of(slice_str(body), want);
	assert_true(s.has_original);
	assert_memory_equal(s.body_sha256, want, SHA256_BYTES);
	assert_int_equal(s.body_bytes, strlen(body));
	assert_string_equal(s.address, "10.1.2.3:443");
	assert_string_equal(s.reason, "");
	assert_int_equal(s.entry, 1);
	assert_original(f, want, slice_str(body));
	labels_unref(ls);
}

/* Sizes around the ends of pieces, of bytes that pack and bytes that do not. */
static void any_size_is_cut_into_pieces_and_put_together(void **state)
{
	enum { PIECE = ORIGINAL_VALUE_MAX - 32 };
	static const size_t sizes[] = { 1,         2,         PIECE - 1,     PIECE,
					PIECE + 1, 2 * PIECE, 5 * PIECE + 7, 9 << 20 };
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (int packs = 0; packs < 2; packs++) {
			char *body = noise(sizes[i], 99 + i);
			uint8_t sha256[SHA256_BYTES];
			uint64_t seed = 7;

			for (size_t k = 0; k < sizes[i]; k++)
				body[k] = packs ? 'x' : (char)(random_next(&seed) >> 32);
			assert_ok(hand_in_bytes(f->s, ls, 1, (double)i, 1000, 1000,
						slice_of(body, sizes[i]), NULL, &f->e),
				  &f->e);
			sha256_of(slice_of(body, sizes[i]), sha256);
			assert_original(f, sha256, slice_of(body, sizes[i]));
			free(body);
		}
	}
	labels_unref(ls);
}

static uint64_t pieces_in(struct fixture *f)
{
	struct db *db;
	struct db_txn *t;
	uint64_t n;

	store_close(f->s);
	db = db_open(&(struct db_options){ .dir = f->dir, .mode = DB_READ_ALONE }, &f->e);
	assert_ok(db_read_begin(db, &t, &f->e), &f->e);
	assert_ok(db_entries(t, DB_ORIGINALS, &n, &f->e), &f->e);
	db_read_end(t);
	db_close(db);
	f->s = must_open(f->dir);
	return n;
}

static void the_same_document_is_kept_once(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	char *large = noise(2500000, 5);

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 1000, large, NULL, &f->e), &f->e);
	assert_int_equal(pieces_in(f), 2);
	assert_ok(hand_in(f->s, ls, 1, 1, 2000, 2000, large, NULL, &f->e), &f->e);
	assert_ok(hand_in(f->s, ls, 1, 2, 3000, 3000, large, NULL, &f->e), &f->e);
	assert_int_equal(pieces_in(f), 2);
	assert_true(submission_of(f, 3).has_original);
	free(large);
	labels_unref(ls);
}

static char *random_bytes(size_t n, uint64_t seed)
{
	char *p = malloc(n);

	assert_non_null(p);
	for (size_t k = 0; k < n; k++)
		p[k] = (char)(random_next(&seed) >> 32);
	return p;
}

static void assert_whole(struct fixture *f)
{
	store_close(f->s);
	assert_sound(f->dir);
	f->s = must_open(f->dir);
}

/* The disk is full when five of nine pieces are written. */
static void pieces_of_a_submission_that_did_not_come_are_no_fault_and_go(void **state)
{
	enum { LARGE = 9 << 20 };
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	char *one = random_bytes(LARGE, 1), *two = random_bytes(LARGE, 2);
	uint8_t sha256[SHA256_BYTES];

	tmp_limit(tmp_size(tmp_path(f->dir, "data.mdb")) + (6 << 20));
	assert_fails(hand_in_bytes(f->s, ls, 1, 1, 1000, 1000, slice_of(one, LARGE), NULL, &f->e),
		     &f->e, ERR_FULL, "");
	tmp_unlimit();
	assert_int_equal(pieces_in(f), 4);
	assert_whole(f);
	/* Another sweeps them out, the same would have written them again. */
	assert_ok(hand_in_bytes(f->s, ls, 1, 1, 1000, 1000, slice_of(two, LARGE), NULL, &f->e),
		  &f->e);
	assert_int_equal(pieces_in(f), 10);
	assert_ok(hand_in_bytes(f->s, ls, 1, 2, 2000, 2000, slice_of(one, LARGE), NULL, &f->e),
		  &f->e);
	assert_int_equal(pieces_in(f), 20);
	sha256_of(slice_of(one, LARGE), sha256);
	assert_original(f, sha256, slice_of(one, LARGE));
	assert_whole(f);
	free(one);
	free(two);
	labels_unref(ls);
}

static void without_a_body_there_is_no_original(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct snapshot *v;
	uint8_t sha256[SHA256_BYTES] = { 1 };
	struct buf out;

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 1000, NULL, NULL, &f->e), &f->e);
	assert_false(submission_of(f, 1).has_original);
	assert_int_equal(pieces_in(f), 0);
	v = must_snapshot(f->s);
	buf_init(&out, 100);
	assert_fails(snapshot_original(v, sha256, &out, &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no original 0100000000000000");
	snapshot_close(v);
	labels_unref(ls);
}

static void a_reader_states_how_much_it_takes(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct snapshot *v;
	struct append a;
	struct buf out;

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 1000, "12345678", &a, &f->e), &f->e);
	v = must_snapshot(f->s);
	buf_init(&out, 7);
	assert_fails(snapshot_original(v, a.submission.body_sha256, &out, &f->e), &f->e, ERR_LIMIT,
		     "an original of 8 bytes is more than the allowed 7");
	snapshot_close(v);
	labels_unref(ls);
}

static void a_damaged_original_is_never_shown_and_is_healed_when_it_comes_again(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	static const char body[] = "month,value\n1,1\n";
	uint8_t sha256[SHA256_BYTES], key[KEY_ORIGINAL_BYTES] = { 0 };
	struct snapshot *v;
	struct buf out;

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 1000, body, NULL, &f->e), &f->e);
	store_close(f->s);
	sha256_of(slice_str(body), sha256);
	memcpy(key, sha256, SHA256_BYTES);
	damage_record(f->dir, DB_ORIGINALS, key, sizeof(key), 1);
	f->s = must_open(f->dir);
	buf_init(&out, 1000);
	v = must_snapshot(f->s);
	assert_fails(snapshot_original(v, sha256, &out, &f->e), &f->e, ERR_CORRUPT,
		     "damaged record in table \"originals\": the checksum is wrong");
	assert_int_equal(out.n, 0);
	snapshot_close(v);
	assert_ok(hand_in(f->s, ls, 1, 1, 2000, 2000, body, NULL, &f->e), &f->e);
	assert_original(f, sha256, slice_str(body));
	buf_release(&out);
	labels_unref(ls);
}

static void no_memory_is_an_error_and_nothing_is_kept_of_it(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct store_status st;
	struct starve s = { .one_only = true };

	while (starve_again(&s)) {
		struct err e = { 0 };
		int rc;

		starve_begin(&s);
		rc = hand_in(f->s, ls, 2, (double)s.failed, 1000, 1000, "month,value\n1,1\n", NULL,
			     &e);
		starve_end(&s, rc == 0, &e);
		store_status(f->s, &st);
		assert_int_equal(st.submissions, rc == 0);
	}
	assert_true(s.failed > 5);
	labels_unref(ls);
}

/* What each test leaves is audited too. */
static int close_audited(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	assert_audited(f->dir);
	f->s = must_open(f->dir);
	return fixture_close(state);
}

#undef STORE_TEST
#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, close_audited)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_document_comes_back_byte_for_byte),
		STORE_TEST(any_size_is_cut_into_pieces_and_put_together),
		STORE_TEST(the_same_document_is_kept_once),
		STORE_TEST(without_a_body_there_is_no_original),
		STORE_TEST(a_reader_states_how_much_it_takes),
		STORE_TEST(pieces_of_a_submission_that_did_not_come_are_no_fault_and_go),
		STORE_TEST(a_damaged_original_is_never_shown_and_is_healed_when_it_comes_again),
		STORE_TEST(no_memory_is_an_error_and_nothing_is_kept_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
