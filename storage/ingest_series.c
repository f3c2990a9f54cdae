/*
 * ingest_series.c - which series a set of labels is; see ingest_impl.h.
 *
 * Only label sets never seen before come here. The index is asked, a series gets its id, and the
 * catalogue says whether it may take plain samples.
 */
#include "storage/ingest_impl.h"

#include "base/counter.h"
#include "base/text.h"

void ingest_refuse(struct resolving *r, const char *reason, uint64_t n, const struct err *why)
{
	counter_add_for(C_STORE_REFUSED, slice_str(reason), (double)n);
	if (!r->w)
		return;
	r->w->refused += n;
	if (r->w->bad.code == ERR_NONE)
		r->w->bad = *why;
}

static const char *text_of(const struct label *l, size_t n, char out[SERIES_TEXT])
{
	struct err e;
	struct labels *ls = labels_intern(l, n, &e);

	snprintf(out, SERIES_TEXT, "a series");
	if (ls)
		series_text(ls, out);
	labels_unref(ls);
	return out;
}

void ingest_say_statistic(const struct label *l, size_t n, struct err *why)
{
	char text[SERIES_TEXT];

	err_set(why, ERR_INVALID,
		"%s is a statistic and cannot take plain samples (remote write is not named as a "
		"source of its family)",
		text_of(l, n, text));
}

void ingest_refuse_stamp(struct resolving *r, const struct label *l, size_t n, int64_t t_ms)
{
	bool early = t_ms < STAMP_EARLIEST_MS;
	char at[TIME_TEXT], text[SERIES_TEXT];
	struct err why;

	err_set(&why, ERR_INVALID, "%s at %s: %s", text_of(l, n, text), time_text(t_ms, at),
		early ? "before the year 0" : "more than 10 minutes in the future");
	ingest_refuse(r, early ? "past" : "future", 1, &why);
}

static int say_plain(const struct label *l, size_t n, struct err *e)
{
	char text[SERIES_TEXT];

	return err_set(e, ERR_INVALID,
		       "%s is a statistic now and has plain samples: export, delete and import it",
		       text_of(l, n, text));
}

bool ingest_is_failure(const struct err *e)
{
	return e->code == ERR_MEMORY || e->code == ERR_CORRUPT || e->code == ERR_IO;
}

/* Sets what the slot is. Takes the labels, which a statistic must have; without, one is refused. */
static void classify(struct head_slot *slot, struct labels *take, bool statistic,
		     struct series_kind kind)
{
	slot->class = !statistic ? SERIES_PLAIN : take ? SERIES_STATISTIC : SERIES_REFUSED;
	slot->months = kind.months;
	slot->preliminary = kind.preliminary;
	if (slot->class == SERIES_STATISTIC && !slot->labels)
		slot->labels = take;
	else
		labels_unref(take);
}

int ingest_meet(struct resolving *r, const struct label *l, size_t n, struct head_hash hash,
		uint32_t after, uint32_t *key, struct err *e)
{
	struct store *s = r->s;
	struct labels *labels = NULL;
	struct series_kind kind = { .class = SERIES_PLAIN };
	struct head_slot *slot;
	bool statistic;
	uint32_t id;

	if (r->w && s->opt.classify)
		kind = s->opt.classify(s->opt.classify_ctx, l, n);
	if (kind.class == SERIES_REFUSED) {
		ingest_say_statistic(l, n, e);
		return -1;
	}
	/* Before there is a key: one of a statistic without labels could never be used. */
	if (kind.class == SERIES_STATISTIC && !(labels = labels_intern(l, n, e)))
		return -1;
	if (store_find_or_add(s, &r->view, l, n, kind.class == SERIES_STATISTIC, &id, &statistic,
			      e) < 0 ||
	    (kind.class == SERIES_STATISTIC && !statistic && say_plain(l, n, e) < 0) ||
	    head_add(&s->head, hash, after, id, key, e) < 0) {
		labels_unref(labels);
		return -1;
	}
	slot = &s->head.slots[s->head.keys[*key].slot];
	classify(slot, labels, statistic, kind);
	if (slot->class != SERIES_REFUSED)
		return 0;
	ingest_say_statistic(l, n, e);
	return -1;
}
