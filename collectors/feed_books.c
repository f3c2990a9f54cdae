/*
 * feed_books.c - a document's place in the books of its feed: totals, counters, complaints for the
 * status, the log. See feed_private.h.
 */
#include "collectors/feed_private.h"

#include "base/counter.h"
#include "base/log.h"

static void keep_complaints(struct feed *f, const struct batch *b)
{
	size_t n = b && b->ncomplaints < FEED_COMPLAINTS ? b->ncomplaints : FEED_COMPLAINTS;

	arena_release(&f->complaints_arena);
	arena_init(&f->complaints_arena, FEED_COMPLAINTS_BYTES);
	f->ncomplaints = 0;
	for (size_t i = 0; b && i < n; i++) {
		struct complaint c = b->complaints[i];

		c.text = arena_strdup(&f->complaints_arena, c.text);
		c.text_zh = arena_strdup(&f->complaints_arena, c.text_zh);
		c.place = arena_strdup(&f->complaints_arena, c.place);
		if (!c.text || !c.text_zh || !c.place)
			return;
		f->complaints[f->ncomplaints++] = c;
	}
}

static void count_reasons(const struct batch *b)
{
	for (int r = 0; r < REFUSALS; r++)
		if (b->count[r])
			counter_add_for(refusal_keeps((enum refusal)r) ? C_ROWS_SUSPECT
								       : C_ROWS_REFUSED,
					slice_str(refusal_name((enum refusal)r)),
					(double)b->count[r]);
}

/* A scrape every 15 seconds is no event; one that begins to lose samples is. */
static void log_document(struct feed *f, const struct intake *in, enum intake_end how)
{
	bool scrape = f->config.format == FORMAT_PROMETHEUS;
	enum log_level level = in->refused ? LOG_WARN : LOG_INFO;
	/* Of new series there may be some more each time; log_series() has said it. */
	uint64_t refused = in->refused - in->batch->count[REFUSED_SERIES];

	const struct log_field fields[] = {
		log_s("feed", f->config.name),
		log_s("origin", in->origin),
		log_i("kept", (int64_t)in->kept),
		log_i("refused", (int64_t)in->refused),
		log_i("suspect", (int64_t)in->suspect),
		log_i("new", in->fresh),
		log_i("revised", in->revised),
		log_i("unchanged", in->unchanged),
		log_i("submission", (int64_t)in->submission),
		log_err(&in->err), /* the last: only where there is one */
	};
	size_t n = sizeof(fields) / sizeof(*fields) - (in->err.code == ERR_NONE);

	if (scrape && refused == f->logged_refused)
		level = LOG_DEBUG;
	f->logged_refused = refused;
	log_write(how == INTAKE_REFUSED ? LOG_WARN : level,
		  how == INTAKE_REFUSED ? "document rejected" : "document accepted", fields, n);
}

static void log_series(const struct feed *f)
{
	struct series_count c = series_quota_count(f->quota);

	counter_set_for(C_FEED_SERIES, feed_name(f), (double)c.n);
	if (series_quota_is_news(f->quota))
		log_event(LOG_WARN, "new series refused: the feed has brought too many today",
			  log_s("feed", f->config.name), log_i("series", (int64_t)c.n),
			  log_i("series_limit", (int64_t)c.most));
}

static void keep_document(struct feed *f, const struct intake *in)
{
	f->document = (struct feed_document){
		.at_ms = loop_now(feed_loop(f)),
		.bytes = in->bytes,
		.rows = in->batch->rows,
		.kept = in->kept,
		.refused = in->refused,
		.suspect = in->suspect,
		.submission = in->submission,
		.fresh = in->fresh,
		.revised = in->revised,
		.unchanged = in->unchanged,
		.fetch_seconds = in->fetch_seconds,
		.decode_seconds = in->decode_seconds,
	};
	for (int r = 0; r < REFUSALS; r++)
		f->document.count[r] = in->batch->count[r];
	f->brought.bytes += in->bytes;
	f->brought.kept += in->kept;
	f->brought.refused += in->refused;
}

void feed_book(struct feed *f, const struct intake *in, enum intake_end how)
{
	struct slice name = feed_name(f);

	if (!in->batch)
		return;
	keep_document(f, in);
	f->kept_total += in->kept;
	f->refused_total += in->refused;
	f->bytes_total += in->bytes;
	counter_add_for(C_ROWS_KEPT, name, (double)in->kept);
	counter_add_for(C_ROWS_REFUSED_FEED, name, (double)in->refused);
	counter_add_for(C_ROWS_SUPPRESSED, name, (double)in->batch->suppressed);
	counter_add_for(C_FEED_BYTES, name, (double)in->bytes);
	count_reasons(in->batch);
	keep_complaints(f, in->batch);
	log_series(f);
	log_document(f, in, how);
}
