/*
 * observation.h - one reported figure and one plain sample, on their way to the store.
 *
 * Collectors make them, storage keeps them, neither knows the other.
 */
#ifndef BASE_OBSERVATION_H
#define BASE_OBSERVATION_H

#include "base/labels.h"

#include <math.h>
#include <string.h>

enum figure_flag {
	FIGURE_PROVISIONAL = 1 << 0,
	FIGURE_REVISED = 1 << 1, /* the source says so */
	FIGURE_ESTIMATED = 1 << 2,
	FIGURE_ZERO = 1 << 3,    /* a confirmed zero */
	FIGURE_SUSPECT = 1 << 4, /* kept, but a check complained */
	/* In, and kept secret: the value is figure_no_value(). Others are always finite. */
	FIGURE_SUPPRESSED = 1 << 5,
};

/* The value of a suppressed figure, always these bits: a NaN, so that who forgets the flag shows no
 * number. */
static inline double figure_no_value(void)
{
	const uint64_t bits = UINT64_C(0x7ff8000000000000);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* Whether value and flags belong together: a number, or none and suppressed. */
static inline bool figure_is_sound(double value, uint8_t flags)
{
	return flags & FIGURE_SUPPRESSED ? isnan(value) && !(flags & FIGURE_ZERO) : isfinite(value);
}

/* A value of a period of a statistic. */
struct observation {
	struct labels *labels;
	int64_t stamp_ms;      /* of its period: 00:00 local time of the last day */
	double value;          /* base unit */
	uint8_t months;        /* covered: 1, 2 for January-February, 3 … ; 0: a day */
	uint8_t flags;         /* enum figure_flag */
	int64_t known_from_ms; /* 0: when received. Else only from a trusted source */
};

/* Why a figure that is kept was doubted; the store makes a finding of it. Texts are UTF-8. */
struct doubt {
	size_t row;         /* of the observations that it comes with */
	const char *reason; /* the edit: "ytd_falls" */
	const char *unit, *indicator, *freq, *basis, *period;
	double against; /* what it was held against, base unit; NaN: nothing single */
	const char *text, *text_zh;
};

/* A figure that came and was refused, of which unit, indicator and period were understood. */
struct refused_cell {
	struct labels *labels;
	int64_t stamp_ms;
	const char *reason; /* the word of the edit or fault: "range" */
};

/* Stamps from outside lie in the years 0 to 9999. The rest are mistakes of the unit, or somebody
 * who tries the ends of the numbers. */
#define STAMP_EARLIEST_MS (-62167219200000)
#define STAMP_LATEST_MS   253402300799999

/* A value at a time of a plain series. */
struct plain_sample {
	struct labels *labels;
	int64_t t_ms;
	double value;
};

#endif
