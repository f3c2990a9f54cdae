/*
 * vintage.h - what was known of a period, and when: the rules that choose among the values
 * of one period.
 *
 * The vintages of a period are ordered as they became known: by known-from, then
 * by submission, then by row. Pure functions, any thread.
 */
#ifndef STORAGE_VINTAGE_H
#define STORAGE_VINTAGE_H

#include "storage/figure.h"
#include "storage/store.h"

/* `released_ms` is that of the record or of its submission; ordinal and count stay 0. */
struct vintage vintage_of(const struct figure *f, int64_t released_ms);

/* Known and released until `as_of_ms`. */
bool vintage_visible(const struct vintage *v, int64_t as_of_ms);

/* The one of the `n` vintages of a period that the view wants, with its ordinal and
 * the count; false when it sees none, fewer releases than it asks for, or one without a value and
 * the view wants values only. */
bool vintage_pick(const struct vintage *group, size_t n, struct view view, struct vintage *out);

/* Numbers the released ones; an unreleased one has ordinal 0. */
void vintage_number(struct vintage *group, size_t n);

/* Whether `f` adds nothing to `before`, the vintage that precedes it: value, months
 * and flags are equal bit for bit, and `before` is public no later than `f`. A draft
 * that was handed in earlier does not swallow its signed copy: else releasing the
 * second submission would release nothing. */
bool vintage_repeats(const struct figure *f, int64_t f_released_ms, const struct figure *before,
		     int64_t before_released_ms);

#endif
