/*
 * decoded.h - what a decoder gave, written down line by line, for the tests of one decoder each.
 *
 *     2:4 甲河|产值|2026年9月|12.3|        a fact: place, unit, indicator, period, value, flag
 *     3:4 甲河|产值|2026年9月||c withheld   … of a figure that is kept secret
 *     !3:1 layout: …                       a complaint
 */
#ifndef TESTS_UNIT_COLLECTORS_DECODED_H
#define TESTS_UNIT_COLLECTORS_DECODED_H

#include "collectors/decode.h"
#include "tests/lib/assert.h"

#include <stdio.h>
#include <stdlib.h>

struct out {
	char text[16384];
	size_t n;
	unsigned rows;
	struct err e;
	int rc;
};

static inline void say(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	o->n += (size_t)vsnprintf(o->text + o->n, sizeof(o->text) - o->n, fmt, ap);
	va_end(ap);
	assert_true(o->n < sizeof(o->text));
}

static inline void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				const char *text)
{
	say(ctx, "!%u:%u %s: %s\n", line, column, refusal_name(why), text);
}

static inline int on_fact(void *ctx, const struct fact *f, struct err *e)
{
	(void)e;
	say(ctx, "%u:%u %.*s|%.*s|%.*s|%.*s|%.*s%s\n", f->at[AXIS_VALUE].line,
	    f->at[AXIS_VALUE].column, SLICE_FMT(f->text[AXIS_UNIT]),
	    SLICE_FMT(f->text[AXIS_INDICATOR]), SLICE_FMT(f->text[AXIS_PERIOD]),
	    SLICE_FMT(f->text[AXIS_VALUE]), SLICE_FMT(f->text[AXIS_FLAG]),
	    f->withheld ? " withheld" : "");
	return 0;
}

static inline int on_row(void *ctx, unsigned line, struct err *e)
{
	struct out *o = ctx;

	(void)line;
	(void)e;
	o->rows++;
	return 0;
}

typedef int (*decoder_fn)(struct slice body, const struct layout *l, struct arena *a,
			  const struct fact_sink *sink, struct err *e);

/* To be freed with free(). The body is copied to its exact size, so that a byte too far is seen. */
static inline struct out *decode_with(decoder_fn decoder, struct slice body, struct layout layout)
{
	struct out *o = calloc(1, sizeof(*o));
	struct fact_sink sink = { NULL, on_fact, on_complaint, on_row, o };
	char *exact = malloc(body.n + 1);
	struct arena a;

	assert_non_null(o);
	assert_non_null(exact);
	memcpy(exact, body.p, body.n);
	arena_init(&a, 8 << 20);
	o->rc = decoder(slice_of(exact, body.n), &layout, &a, &sink, &o->e);
	arena_release(&a);
	free(exact);
	return o;
}

#endif
