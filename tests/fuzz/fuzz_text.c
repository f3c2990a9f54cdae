/*
 * fuzz_text.c - any bytes through encodings, widths, keys and what is shown of them.
 *
 * Whatever comes out is UTF-8; trimming and folding done twice are done once, and a key
 * is its own key in the end.
 */
#include "tests/fuzz/fuzz.h"

static void check_decoded(struct slice body, enum text_encoding from)
{
	struct buf out;
	struct err e;

	buf_init(&out, 1 << 20);
	if (text_decode(body, from, &out, &e) < 0)
		must_say_why(&e);
	else
		MUST(utf8_bad_at(buf_all(&out)) < 0);
	buf_release(&out);
	buf_init(&out, 10);
	if (text_decode(body, from, &out, &e) < 0)
		must_say_why(&e);
	MUST(out.n <= 10);
	buf_release(&out);
}

static void check_folds(struct slice s, bool good, struct arena *a)
{
	bool folded, again;
	struct slice narrow = text_fold_width(s, a, &folded);

	MUST(narrow.n <= s.n && (folded || slice_eq(narrow, s)));
	MUST(!good || utf8_bad_at(narrow) < 0);
	if (good)
		MUST(slice_eq(text_fold_width(narrow, a, &again), narrow) && !again);
}

static void check_key(struct slice s, bool good, struct arena *a)
{
	struct slice key = text_key(s, a), twice;

	MUST(!good == !key.p);
	if (!key.p)
		return;
	MUST(utf8_bad_at(key) < 0);
	/* A blank that is dropped may bring accents together that only then have an order. */
	twice = text_key(key, a);
	MUST(twice.p && slice_eq(text_key(twice, a), twice));
}

static void check_parts(struct slice s)
{
	struct slice trimmed = text_trim(s);
	char shown[TEXT_SHOWN];

	MUST(lies_within(trimmed, s));
	MUST(slice_eq(text_trim(trimmed), trimmed));
	must_be_sentence(text_shown(s, shown));
	MUST(text_column(s, s.n) <= s.n + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice_of((const char *)data, n);
	long bad = utf8_bad_at(s);
	struct arena a;

	MUST(bad < (long)n);
	if (bad >= 0)
		MUST(utf8_bad_at(slice_of(s.p, (size_t)bad)) < 0);
	else
		MUST(utf8_bad_at(slice_cut(s, n / 2)) < 0 && text_detect(s) == TEXT_UTF8);
	arena_init(&a, 16 << 20);
	check_decoded(s, TEXT_AUTO);
	check_decoded(s, TEXT_UTF8);
	check_decoded(s, TEXT_GB18030);
	check_folds(s, bad < 0, &a);
	check_key(s, bad < 0, &a);
	check_parts(s);
	arena_release(&a);
	return 0;
}
