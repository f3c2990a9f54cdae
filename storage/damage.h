/*
 * damage.h - fresh figures that cannot be read: which periods of which series they were of.
 *
 * A damaged record of the table "fresh" stays where it is and nothing in it is used. Each segment
 * in it has a checksum of its own over the list of its chunks; where that is good, series and
 * times of what is lost are known, and what older submissions say of these periods is not shown
 * either: it may have been corrected. What is not known so is counted.
 *
 * Made while a store is opened, then read by any thread.
 */
#ifndef STORAGE_DAMAGE_H
#define STORAGE_DAMAGE_H

#include "base/err.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lost_periods {
	uint32_t series;
	int64_t first_ms, last_ms;
};

struct damage {
	atomic_uint refs;
	uint64_t records; /* damaged ones */
	uint64_t vague;   /* of these, where not all that is lost is known */
	struct lost_periods *list;
	size_t n, cap;
};

struct damage *damage_new(struct err *e);
struct damage *damage_ref(struct damage *d); /* NULL is nothing */
void damage_unref(struct damage *d);

/* Adds a damaged record of a submission that kept so many figures; 0: nobody knows. ERR_MEMORY. */
int damage_add(struct damage *d, struct slice value, uint64_t kept, struct err *e);
/* Whether a period is among what is lost. `d` may be NULL. */
bool damage_covers(const struct damage *d, uint32_t series, int64_t stamp_ms);

#endif
