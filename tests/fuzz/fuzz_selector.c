/*
 * fuzz_selector.c - any text as a selector and as a series.
 *
 * An error is a sentence with a place. Of what is read, texts lie in the input or the arena; a
 * series that is read and printed reads as the same labels.
 */
#include "daemon/selector.h"
#include "fuzz.h"

static void must_be_matchers(const struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
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
	buf_init(&text, SELECTOR_MAX_BYTES);
	labels_print(ls, &text);
	MUST(series_parse(buf_all(&text), a, again, &nagain, &e) == 0);
	MUST(nagain == n);
	for (size_t i = 0; i < n; i++)
		MUST(slice_eq(l[i].name, again[i].name) && slice_eq(l[i].value, again[i].value));
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice_of((const char *)data, n);
	struct label l[LABELS_MAX];
	struct selector s;
	struct arena a;
	struct err e;
	size_t count;

	arena_init(&a, 4 << 20);
	if (selector_parse(text, &a, &s, &e) == 0) {
		must_be_matchers(&s);
		selector_release(&s);
	} else {
		must_say_why(&e);
		MUST(s.n == 0);
	}
	if (series_parse(text, &a, l, &count, &e) == 0)
		must_print_the_same(l, count, &a);
	else
		must_say_why(&e);
	arena_release(&a);
	return 0;
}
