/*
 * fuzz_tokens.c - any bytes as the file of tokens.
 *
 * What is taken prints as the same bytes, so nothing in it was guessed; what is not
 * has a sentence. No secret opens it.
 */
#include "collectors/tokens.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice_of((const char *)data, n);
	struct err e = { 0 };
	struct tokens *t = tokens_parse(text, &e);
	struct buf out;

	if (!t) {
		must_say_why(&e);
		return 0;
	}
	buf_init(&out, TOKENS_FILE_MAX);
	tokens_print(t, &out);
	MUST(slice_eq(buf_all(&out), text));
	for (size_t i = 0; i < t->n; i++) {
		MUST(strlen(t->list[i].id) == TOKEN_ID - 1);
		MUST(utf8_bad_at(slice_str(t->list[i].owner)) < 0);
	}
	MUST(!tokens_find(t, text, (struct date){ 2026, 11, 25 }));
	buf_release(&out);
	tokens_unref(t);
	return 0;
}
