/*
 * figure.h - one value of one period, and chunks of them.
 *
 * A figure's place among the values of its period is when it became known: by
 * known-from, then by submission, then by row.
 *
 * In a chunk the figures of one series lie in the order of period and place. The times column
 * holds the stamps, the values column the values (columns.h), the attributes column
 * everything else:
 *
 *   varint submissions; for each, by number: varint its number less that of the one before (0),
 *     varint zigzag received less that of the one before (0),
 *     varint 0 when it is not released, else 1 + zigzag(released - received)
 *   four columns of integers (columns.h), each with varint bytes before it: which of these
 *     submissions, months, flags, kind of known-from
 *   for each figure whose known-from is not its submission's received:
 *     varint zigzag known-from less that received
 *
 * Pure functions, any thread.
 */
#ifndef STORAGE_FIGURE_H
#define STORAGE_FIGURE_H

#include "base/arena.h"
#include "storage/columns.h"
#include "storage/segment.h"

enum known_kind {
	KNOWN_RECEIVED, /* since it was received */
	KNOWN_MOVED,    /* our clock, moved up behind what it corrects */
	KNOWN_GIVEN,    /* from outside; released from then on */
};

struct figure {
	int64_t stamp_ms;
	int64_t known_from_ms;
	uint64_t sequence;
	int64_t received_ms;
	int64_t released_ms; /* 0: not when it was written; its submission knows */
	double value;
	uint32_t row; /* place in its append */
	uint8_t months, flags;
	uint8_t known; /* enum known_kind */
};

/* By stamp, known-from, sequence, row: -1, 0, 1. */
int figure_cmp(const struct figure *a, const struct figure *b);
void figures_sort(struct figure *f, size_t n);

enum { FIGURES_MAX = COLUMN_SAMPLES_MAX };

/* Room and scratch for packing and unpacking, one thread at a time. */
struct figure_packer;
struct figure_packer *figure_packer_new(struct err *e);
void figure_packer_free(struct figure_packer *p);

/* Packs up to FIGURES_MAX sorted figures of a series. What *c points to is the packer's until the
 * next call. */
int figures_pack(struct figure_packer *p, uint32_t series, const struct figure *f, size_t n,
		 struct chunk *c, struct err *e);
/* Unpacks a verified chunk; `out` has room for c->count. Rows number the figures as they lie. */
int figures_unpack(struct figure_packer *p, const struct chunk *c, struct figure *out,
		   struct err *e);
/* The stamps alone, for chunks that share them: `t` has room for c->count and COLUMN_SLACK. */
int figures_unpack_times(struct figure_packer *p, const struct chunk *c, int64_t *t, struct err *e);
/* Everything but stamps and values of the figures [from, to), from < to, into the packer. */
int figures_unpack_attributes(struct figure_packer *p, const struct chunk *c, uint32_t from,
			      uint32_t to, struct err *e);
/* Those figures, of the chunk whose stamps are `t` and whose attributes from `from` to `to` were
 * the last that the packer unpacked. */
int figures_unpack_part(struct figure_packer *p, const struct chunk *c, const int64_t *t,
			uint32_t from, uint32_t to, struct figure *out, struct err *e);

#endif
