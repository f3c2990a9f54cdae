/*
 * facts.h - what targets that decode tables share: a sink that looks at all it is given.
 *
 * Places start at 1, texts lie within reach, and a value that is given is never a missing one.
 */
#ifndef TESTS_FUZZ_FACTS_H
#define TESTS_FUZZ_FACTS_H

#include "collectors/cells.h"
#include "collectors/decode.h"

#include "fuzz.h"
#include "tests/lib/axes.h"

/* Reads every byte, so that a sanitizer sees one that is out of reach. */
static inline void touch(struct slice s)
{
	static volatile size_t sum;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
}

static inline int on_fact(void *ctx, const struct fact *f, struct err *e)
{
	(void)ctx;
	(void)e;
	for (int i = 0; i < AXES; i++)
		touch(f->text[i]);
	MUST(f->at[AXIS_VALUE].line > 0 && f->at[AXIS_VALUE].column > 0 &&
	     (f->withheld || !cell_missing(f->text[AXIS_VALUE])));
	return 0;
}

static inline int on_row(void *ctx, unsigned line, struct err *e)
{
	(void)ctx;
	(void)e;
	MUST(line > 0);
	return 0;
}

static inline void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				const char *text)
{
	(void)ctx;
	MUST(line > 0 && (column > 0 || why == REFUSED_LAYOUT)); /* 0: of a whole row */
	touch(slice_str(text));
}

typedef int (*decoder_fn)(struct slice body, const struct layout *l, struct arena *a,
			  const struct fact_sink *sink, struct err *e);

/* The first byte picks one of the layouts. */
static inline void decode_any(decoder_fn decoder, const uint8_t *data, size_t n,
			      const struct layout *layouts, size_t nlayouts)
{
	struct fact_sink sink = { NULL, on_fact, on_complaint, on_row, NULL };
	struct arena a;
	struct err e;

	if (n < 1)
		return;
	arena_init(&a, 16 << 20);
	decoder(slice_of((const char *)data + 1, n - 1), &layouts[data[0] % nlayouts], &a, &sink,
		&e);
	arena_release(&a);
}

#endif
