/* vintage.c - see vintage.h. */
#include "storage/vintage.h"

#include "base/num.h"

struct vintage vintage_of(const struct figure *f, int64_t released_ms)
{
	return (struct vintage){
		.stamp_ms = f->stamp_ms,
		.value = f->value,
		.known_from_ms = f->known_from_ms,
		.received_ms = f->received_ms,
		.released_ms = released_ms,
		.submission = f->sequence,
		.months = f->months,
		.flags = f->flags,
	};
}

bool vintage_visible(const struct vintage *v, int64_t as_of_ms)
{
	return v->released_ms != 0 && v->released_ms <= as_of_ms && v->known_from_ms <= as_of_ms;
}

static uint16_t saturate(size_t n)
{
	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

bool vintage_pick(const struct vintage *group, size_t n, struct view view, struct vintage *out)
{
	size_t seen = 0, ordinal = 0;
	const struct vintage *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!vintage_visible(&group[i], view.as_of_ms))
			continue;
		seen++;
		if (view.release == 0 || seen == view.release) {
			best = &group[i];
			ordinal = seen;
		}
	}
	if (!best || (best->flags & FIGURE_SUPPRESSED && !view.suppressed))
		return false;
	*out = *best;
	out->ordinal = saturate(ordinal);
	out->count = saturate(seen);
	return true;
}

void vintage_number(struct vintage *group, size_t n)
{
	size_t released = 0;

	for (size_t i = 0; i < n; i++)
		group[i].ordinal = group[i].released_ms ? saturate(++released) : 0;
	for (size_t i = 0; i < n; i++)
		group[i].count = saturate(released);
}

bool vintage_repeats(const struct figure *f, int64_t f_released_ms, const struct figure *before,
		     int64_t before_released_ms)
{
	if (!num_same(f->value, before->value) || f->months != before->months ||
	    f->flags != before->flags)
		return false;
	if (f->sequence == before->sequence && f_released_ms == before_released_ms)
		return true;
	return before_released_ms != 0 &&
	       (f_released_ms == 0 || before_released_ms <= f_released_ms);
}
