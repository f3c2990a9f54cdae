/* test_inflate.c - packed bodies: whole, cut, damaged, and far too large. */
#include "tests/lib/assert.h"
#include "base/inflate.h"
#include "tests/lib/starve.h"

struct fixture {
	struct buf packed, out;
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	buf_init(&f.packed, 64 << 20);
	buf_init(&f.out, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->packed);
	buf_release(&f->out);
	return 0;
}

/* The text as Python's zlib.compress() packs it. */
static const char zlib_form[] = "\x78\x9c\x2b\x48\x2c\xca\x2e\x4f\x2c\x49\xce\x50\x28\x80\xb1\xb8"
				"\x00\x54\xac\x07\xb5";
static const char plain_text[] = "parkwatch parkwatch\n";

static struct slice zlib_slice(void)
{
	return slice_of(zlib_form, sizeof(zlib_form) - 1);
}

static struct slice bare_slice(void)
{
	return slice_of(zlib_form + 2, sizeof(zlib_form) - 1 - 6);
}

static void pack(struct fixture *f, const char *text, size_t n)
{
	buf_clear(&f->packed);
	assert_ok(deflate_body(slice_of(text, n), &f->packed, &f->e), &f->e);
}

static void gzip_comes_back_whole(void **state)
{
	struct fixture *f = *state;
	static char text[300000];
	unsigned seed = 5;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1664525u + 1013904223u;
		text[i] = (char)('a' + (seed >> 24) % 20);
	}
	pack(f, text, sizeof(text));
	assert_true(f->packed.n < sizeof(text) * 3 / 4);
	assert_memory_equal(f->packed.p, "\x1f\x8b", 2);
	buf_puts(&f->out, "before:");
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e), &f->e);
	assert_int_equal(f->out.n, 7 + sizeof(text));
	assert_memory_equal(f->out.p, "before:", 7);
	assert_memory_equal(f->out.p + 7, text, sizeof(text));
}

static void an_empty_text_survives(void **state)
{
	struct fixture *f = *state;

	pack(f, NULL, 0);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e), &f->e);
	assert_int_equal(f->out.n, 0);
}

static void encodings_are_told_by_name(void **state)
{
	struct fixture *f = *state;
	struct slice text = slice_str(plain_text);

	pack(f, plain_text, strlen(plain_text));
	assert_ok(inflate_body(buf_all(&f->packed), slice_str(" GZip"), 100, &f->out, &f->e),
		  &f->e);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("x-gzip"), 100, &f->out, &f->e),
		  &f->e);
	assert_ok(inflate_body(text, slice_str(""), 100, &f->out, &f->e), &f->e);
	assert_ok(inflate_body(text, slice_str("identity"), 100, &f->out, &f->e), &f->e);
	assert_int_equal(f->out.n, 4 * strlen(plain_text));
	assert_fails(inflate_body(text, slice_str("br"), 100, &f->out, &f->e), &f->e,
		     ERR_UNSUPPORTED, "content encoding \"br\" is none of gzip, deflate, identity");
}

static void deflate_is_taken_in_both_forms(void **state)
{
	struct fixture *f = *state;

	assert_ok(inflate_body(zlib_slice(), slice_str("deflate"), 100, &f->out, &f->e), &f->e);
	assert_slice(buf_all(&f->out), plain_text);
	buf_clear(&f->out);
	assert_ok(inflate_body(bare_slice(), slice_str("deflate"), 100, &f->out, &f->e), &f->e);
	assert_slice(buf_all(&f->out), plain_text);
}

static void a_stream_cut_anywhere_is_refused(void **state)
{
	struct fixture *f = *state;
	char want[64];

	pack(f, plain_text, strlen(plain_text));
	buf_puts(&f->out, "kept");
	for (size_t n = 0; n < f->packed.n; n++) {
		snprintf(want, sizeof(want), "gzip data ends after %zu bytes", n);
		assert_fails(inflate_body(slice_of(f->packed.p, n), slice_str("gzip"), 100, &f->out,
					  &f->e),
			     &f->e, ERR_INVALID, want);
		assert_slice(buf_all(&f->out), "kept");
	}
}

static void several_members_are_one_body(void **state)
{
	struct fixture *f = *state;

	pack(f, "one ", 4);
	assert_ok(deflate_body(slice_str("two"), &f->packed, &f->e), &f->e);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e), &f->e);
	assert_slice(buf_all(&f->out), "one two");
	buf_puts(&f->packed, "junk");
	assert_fails(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e),
		     &f->e, ERR_INVALID, "4 bytes follow the end of the gzip data");
	assert_slice(buf_all(&f->out), "one two");
}

static void a_flipped_byte_is_seen(void **state)
{
	struct fixture *f = *state;

	pack(f, plain_text, strlen(plain_text));
	for (size_t i = 10; i < f->packed.n; i++) {
		f->packed.p[i] ^= 0x10;
		assert_int_equal(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out,
					      &f->e),
				 -1);
		assert_int_equal(f->out.n, 0);
		f->packed.p[i] ^= 0x10;
	}
	f->packed.p[f->packed.n - 5] ^= 1; /* the checksum */
	assert_fails(inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e),
		     &f->e, ERR_INVALID, "gzip data is damaged near byte");
	assert_has(f->e.text, "incorrect data check");
}

static void plain_text_is_not_gzip(void **state)
{
	struct fixture *f = *state;

	assert_fails(inflate_body(slice_str("<html>an error page</html>"), slice_str("gzip"), 100,
				  &f->out, &f->e),
		     &f->e, ERR_INVALID, "gzip data is damaged near byte");
}

static void a_bomb_is_refused_before_it_is_unpacked(void **state)
{
	struct fixture *f = *state;
	static char zeros[8 << 20];

	pack(f, zeros, sizeof(zeros)); /* about 230 to 1 */
	buf_release(&f->out);
	buf_init(&f->out, 64 << 20);
	assert_fails(inflate_body(buf_all(&f->packed), slice_str("gzip"), 20, &f->out, &f->e),
		     &f->e, ERR_LIMIT, "refused as a bomb");
	assert_int_equal(f->out.n, 0);
	assert_true(f->out.cap < 2 << 20);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 2000, &f->out, &f->e),
		  &f->e);
	assert_int_equal(f->out.n, sizeof(zeros));
}

static void small_bodies_may_be_dense(void **state)
{
	struct fixture *f = *state;
	static char zeros[(64 << 10) + 1];

	pack(f, zeros, 64 << 10);
	assert_true(f->packed.n < 400);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 10, &f->out, &f->e), &f->e);
	assert_int_equal(f->out.n, 64 << 10);
	pack(f, zeros, sizeof(zeros));
	assert_fails(inflate_body(buf_all(&f->packed), slice_str("gzip"), 10, &f->out, &f->e),
		     &f->e, ERR_LIMIT, "unpack to more than 65536: refused as a bomb");
}

static void the_limit_of_the_buffer_is_exact(void **state)
{
	struct fixture *f = *state;
	static char text[100000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 3);
	pack(f, text, sizeof(text));
	buf_release(&f->out);
	buf_init(&f->out, sizeof(text));
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 1000, &f->out, &f->e),
		  &f->e);
	assert_int_equal(f->out.n, sizeof(text));
	buf_release(&f->out);
	buf_init(&f->out, sizeof(text) - 1);
	assert_fails(inflate_body(buf_all(&f->packed), slice_str("gzip"), 1000, &f->out, &f->e),
		     &f->e, ERR_LIMIT, "gzip data unpacks to more than the allowed 99999 bytes");
	assert_fails(inflate_body(slice_of(text, sizeof(text)), slice_str(""), 1000, &f->out,
				  &f->e),
		     &f->e, ERR_LIMIT, "99999 bytes");
}

static void pieces_pack_to_one_stream(void **state)
{
	struct fixture *f = *state;
	static char text[200000];
	struct packer *p = packer_new(&f->e);
	unsigned seed = 7;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1664525u + 1013904223u;
		text[i] = (char)('a' + (seed >> 24) % 4);
	}
	assert_non_null(p);
	buf_clear(&f->packed);
	for (size_t n = 1; at + n < sizeof(text); at += n, n = n * 3 + 1)
		assert_ok(packer_add(p, slice_of(text + at, n), false, &f->packed, &f->e), &f->e);
	assert_ok(packer_add(p, slice_of(NULL, 0), false, &f->packed, &f->e), &f->e);
	assert_ok(packer_add(p, slice_of(text + at, sizeof(text) - at), true, &f->packed, &f->e),
		  &f->e);
	packer_free(p);
	assert_ok(inflate_body(buf_all(&f->packed), slice_str("gzip"), 1000, &f->out, &f->e),
		  &f->e);
	assert_int_equal(f->out.n, sizeof(text));
	assert_memory_equal(f->out.p, text, sizeof(text));
}

static void packing_keeps_to_the_limit_too(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->packed);
	buf_init(&f->packed, 20);
	assert_fails(deflate_body(slice_str(plain_text), &f->packed, &f->e), &f->e, ERR_LIMIT,
		     "20 bytes");
	assert_int_equal(f->packed.n, 0);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct fixture *f = *state;
	struct starve s = { .keeps_nothing = true };

	pack(f, plain_text, strlen(plain_text));
	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = inflate_body(buf_all(&f->packed), slice_str("gzip"), 100, &f->out, &f->e);
		starve_end(&s, rc == 0, &f->e);
		buf_release(&f->out);
	}
	assert_true(s.failed >= 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(gzip_comes_back_whole),
		T(an_empty_text_survives),
		T(encodings_are_told_by_name),
		T(deflate_is_taken_in_both_forms),
		T(a_stream_cut_anywhere_is_refused),
		T(several_members_are_one_body),
		T(a_flipped_byte_is_seen),
		T(plain_text_is_not_gzip),
		T(a_bomb_is_refused_before_it_is_unpacked),
		T(small_bodies_may_be_dense),
		T(the_limit_of_the_buffer_is_exact),
		T(pieces_pack_to_one_stream),
		T(packing_keeps_to_the_limit_too),
		T(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
