/*
 * num.h - numbers from and to text, the same in every locale.
 *
 * Reading is correctly rounded (glibc's strtod on a text we have checked
 * ourselves; it would also take hex, "inf" and the locale's comma). Printing is
 * the shortest text that reads back bit for bit.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum { NUM_TEXT = 360 }; /* room for any double in positional notation */

/* A factor kept exact: value × mul / div × 10^shift. 亿元 to yuan is {8,1,1},
 * % to ratio {-2,1,1}, 亩 to m² {0,2000,3}. */
struct num_scale {
	int shift;
	uint32_t mul, div;
};

#define NUM_SCALE_ONE ((struct num_scale){ 0, 1, 1 })

/* [+-]digits[.digits][e[+-]digits], the whole text, ASCII. No NaN, no infinity,
 * no hex. ERR_INVALID; ERR_LIMIT when the value overflows ("1e999"). */
int num_parse(struct slice text, double *v, struct err *e);

/* As num_parse(), scaled in decimal text before it becomes binary: 12.34 with
 * {8,1,1} is exactly 1234000000. With mul/div other than 1 the decimal product is
 * exact and the quotient is carried to 40 digits, then rounded once. */
int num_parse_scaled(struct slice text, struct num_scale s, double *v, struct err *e);

/* Prometheus' text format: as num_parse() plus NaN, Inf, +Inf, -Inf in any case. */
int num_parse_prom(struct slice text, double *v, struct err *e);

int num_parse_i64(struct slice text, int64_t *v, struct err *e);

/* Shortest round trip in positional notation as Go's 'f', -1 (Prometheus' JSON):
 * 1234000000, 0.1, -0, NaN, +Inf. Returns the length; NUL-terminated. */
size_t num_print(double v, char out[NUM_TEXT]);
/* Shortest round trip as Go's 'g', -1 (exposition format): 1.234e+09, 0.1. */
size_t num_print_g(double v, char out[NUM_TEXT]);

/* Equal bit for bit: NaN payloads and -0.0 count. */
bool num_same(double a, double b);

/* Prometheus' staleness mark, the NaN that ends a series at once, is the one with these bits. */
#define STALE_BITS UINT64_C(0x7ff0000000000002)

static inline double stale_mark(void)
{
	const uint64_t bits = STALE_BITS;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static inline bool is_stale_mark(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits == STALE_BITS;
}

#endif
