/*
 * fuzz_selector.c - any text as a selector and as a series.
 *
 * An error is a sentence. A series that is read and printed reads as the same labels.
 */
#include "fuzz.h"
#include "query/parse.h"

static void must_be_matchers(const struct node_selector *s)
{
	for (size_t i = 0; i < s->nm; i++) {
		const struct matcher *m = &s->m[i];

		MUST(utf8_bad_at(m->name) < 0 && utf8_bad_at(m->value) < 0);
		MUST((m->re != NULL) == (m->op == MATCH_RE || m->op == MATCH_NRE));
		if (m->re)
			MUST(slice_eq(regex_pattern(m->re), m->value));
		matcher_holds(m, slice_str("x"));
	}
}

static void must_print_the_same(const struct label *l, size_t n, struct arena *a)
{
	const struct labels *ls = labels_in_arena(a, l, n);
	struct label again[LABELS_MAX];
	struct buf text;
	struct err e;
	size_t nagain;

	MUST(ls);
	buf_init(&text, SERIES_TEXT_MAX_BYTES);
	labels_print(ls, &text);
	MUST(parse_series(buf_all(&text), a, again, &nagain, &e) == 0);
	MUST(nagain == n);
	for (size_t i = 0; i < n; i++)
		MUST(slice_eq(l[i].name, again[i].name) && slice_eq(l[i].value, again[i].value));
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice_of((const char *)data, n);
	struct label l[LABELS_MAX];
	struct expr x;
	struct arena a;
	struct err e;
	size_t count;

	arena_init(&a, 4 << 20);
	if (parse_selector(text, &a, &x, &e) == 0) {
		must_be_matchers(&x.root->selector);
		expr_release(&x);
	} else {
		must_say_why(&e);
		MUST(x.nregexes == 0);
	}
	if (parse_series(text, &a, l, &count, &e) == 0)
		must_print_the_same(l, count, &a);
	else
		must_say_why(&e);
	arena_release(&a);
	return 0;
}
