/*
 * store.h - the store: series, figures with every vintage, plain samples.
 *
 * One folder, one process at a time: an LMDB environment, and beside it short log files and runs
 * of samples that are not packed yet. Two kinds of series, decided by what is written to
 * them first:
 *
 *   statistic   observations: a value of a period, and every later value of the
 *               same period beside it (a vintage). Nothing is ever overwritten.
 *   plain       samples: a value at a time; a later write for the same time replaces.
 *
 * Times are milliseconds since 1970 UTC, any sign, in any order. Values are doubles kept bit
 * for bit (NaN payloads and -0.0 too).
 *
 * Writing: store_append() queues observations from any thread for the writer thread, which takes
 * all that waits into one transaction. store_write() takes remote write requests: it
 * decodes and applies one on the calling thread, and a sync thread acknowledges groups of
 * them. What `done` reports as kept survives SIGKILL and a power cut, and is seen by every
 * snapshot opened afterwards. A packer thread moves samples from the log to runs and from
 * there, with figures, into partitions.
 *
 * Reading: a snapshot is a consistent view; any thread, many at once, never
 * waits for the writer. It has a deadline because an old one makes the file
 * grow. Everything read is checksummed: a damaged record is ERR_CORRUPT with its
 * series and time, never a figure.
 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "base/observation.h"
#include "base/sha256.h"
#include "storage/cardinality.h"
#include "storage/finding.h"
#include "storage/refused.h"

#include <stdatomic.h>
#include <stdio.h>

struct store;
struct snapshot;

enum series_class {
	SERIES_PLAIN,
	SERIES_STATISTIC,
	SERIES_REFUSED, /* a catalogued family that this source may not touch */
};

struct series_kind {
	enum series_class class;
	uint8_t months;   /* that a value of a statistic covers */
	bool preliminary; /* may be known before its period ends */
};

struct store_options {
	const char *dir;    /* made when missing, mode 0700 */
	uint64_t map_bytes; /* address space reserved; 0: 64 GiB, less where the system says no */
	unsigned max_snapshots; /* reader slots; 0: 254 */
	size_t queue_bytes;     /* waiting appends; 0: 256 MiB */
	bool read_only; /* for tools beside a running daemon: no threads, nothing is changed */
	uint64_t
		seal_samples; /* samples in memory before they are sealed; 0: 600,000, more for many
			       * series. Bounds memory, log, and the time to open after a crash */
	uint64_t pack_samples; /* samples in runs before they are packed; 0: 32 million */
	uint64_t pack_figures; /* fresh figures before they are packed; 0: 65,536 */
	/* What a series is that remote write brings for the first time; any thread, without locks
	 * that wait for the store. NULL: all are plain. */
	struct series_kind (*classify)(void *ctx, const struct label *l, size_t n);
	void *classify_ctx;
	/* Called once, on the writer thread, when a sync or meta write failed: nothing is
	 * acknowledged any more and the process should end and start anew. */
	void (*failed)(void *ctx, const struct err *why);
	void *ctx;
};

/* ERR_UNSUPPORTED: written by a newer version, or a network file system. ERR_BUSY: another
 * process has it. ERR_CORRUPT names what is damaged. */
struct store *store_open(const struct store_options *o, struct err *e);
/* Commits what waits (every `done` is called), closes. No snapshot may be open. */
void store_close(struct store *s);

/* --- writing ----------------------------------------------------------------- */

struct original_draft; /* the store's own */

/* Who handed something in: one record, and one entry of the ledger, for each append that brings
 * observations or was refused as a whole. */
struct submission {
	uint64_t sequence;   /* out: given by the writer, from 1, without gaps */
	const char *source;  /* feed or token name */
	const char *owner;   /* department or unit that answers for it; may be "" */
	const char *origin;  /* URL or file name */
	const char *address; /* network address of the sender; may be "" */
	const char *reason;  /* why it was refused as a whole; else "" */
	int64_t received_ms;
	int64_t released_ms; /* 0: not released yet */
	int64_t returned_ms; /* out: 0, or when it was given back; then it is never released */
	bool trusted;        /* may give known_from_ms; such a figure is released from then on */
	/* Refused as a whole: without observations, with a reason. One whose source's last
	 * submission was refused for the same reason with the same bytes adds nothing: it
	 * gets that one's sequence. */
	bool rejected;
	bool has_original; /* out, when read: the bytes are kept */
	struct slice body; /* as they came; kept for ever. Empty: there is no original */
	/* Of the document as it came, also when it is not handed over here. All zero: the writer
	 * works it out of `body`. */
	uint8_t body_sha256[SHA256_BYTES];
	uint64_t body_bytes; /* of the document; with a body the writer sets it */
	uint32_t refused;    /* figures of the document that were refused */
	uint32_t kept;       /* out */
	uint32_t cells;      /* out: of the refused ones, those of which a refused.h was kept */
	uint64_t entry;      /* out: number of its entry in the ledger */
	/* private */
	struct original_draft *draft; /* of a large body: what is still to be written */
};

struct write_task; /* the store's own */
struct write;

struct append {
	struct submission submission;  /* texts and body borrowed until done */
	const struct observation *obs; /* borrowed until done, labels too */
	size_t nobs;
	/* Rows rise. Each opens a finding (storage/finding.h) unless it is one already. Borrowed.
	 */
	const struct doubt *doubts;
	size_t ndoubts;
	/* Also with a submission that is refused as a whole. Borrowed. */
	const struct refused_cell *cells;
	size_t ncells;
	const struct plain_sample *samples;
	size_t nsamples;
	/* On a thread of the store, exactly once, after the commit or its failure. */
	void (*done)(struct append *a);
	void *ctx;
	bool patient; /* of samples: see struct write */
	bool hurried; /* of samples: ERR_BUSY rather than a wait while others are sealed */

	/* out, from done on */
	struct err err; /* ERR_NONE: all of it is durable. Else nothing of it was written. */
	uint32_t fresh, revised,
		unchanged;           /* observations: first value, new vintage, same as known */
	uint32_t opened, not_opened; /* findings; not_opened: a limit was reached */

	/* private */
	struct append *next;
	int (*task)(struct append *a, struct write_task *t, struct err *e);
	void (*committed)(struct append *a);
	size_t task_bytes;
};

/* Samples among it go the way of store_write(), on the calling thread, which also writes a body of
 * more than 4 MiB before its submission and waits for that: neither belongs on the loop.
 * -1 and no `done`: ERR_BUSY (queue full), ERR_IO (the store failed), ERR_INVALID (an observation
 * for a plain series or the reverse, known_from without trust, NaN or infinite figure that is not
 * suppressed, a suppressed one with a value). */
int store_append(struct store *s, struct append *a, struct err *e);

/* One remote write request (Prometheus' 1.0: snappy block, protobuf). */
struct write {
	struct slice body; /* as it came; borrowed until done */
	int64_t received_ms;
	/* Of the submission, for statistics in it; NULL counts as "". Its original is not kept,
	 * only the hash of `body` is. */
	const char *source, *origin, *address;
	/* On a thread of the store or the calling one, exactly once, perhaps before store_write()
	 * has returned. What was refused is named in `err` (ERR_INVALID) though the rest is kept.
	 */
	void (*done)(struct write *w);
	void *ctx;
	/* Nobody waits for the answer: it may come a fifth of a second later, together with
	 * others'. */
	bool patient;
	bool hurried; /* ERR_BUSY rather than a wait */

	/* out, from done on */
	struct err err;
	uint64_t samples; /* kept */
	uint64_t refused;

	/* private */
	struct write *next;
	struct wal *wal;
	uint64_t upto;
	struct err bad; /* the first that was refused */
	atomic_uint parts;
	struct err failed;
};

/* Decodes and applies on the calling thread, which may wait a little while samples are sealed:
 * not on the loop. -1 and no `done`: ERR_INVALID or ERR_LIMIT (nothing of it can be used),
 * ERR_BUSY, ERR_FULL, ERR_IO. Samples more than 10 minutes behind `received_ms` in the future or
 * before STAMP_EARLIEST_MS, of series with bad labels, and of families that classify() refuses are
 * refused alone. */
int store_write(struct store *s, struct write *w, struct err *e);

/* Deletes the samples of all plain series that meet the matchers, with times in [from, to]; a
 * series without any sample left is forgotten. Waits until it is done, which may mean writing
 * partitions anew: not on the loop. ERR_INVALID when a statistic is among them or no matcher is
 * given. */
int store_delete(struct store *s, const struct matcher *m, size_t nm, int64_t from_ms,
		 int64_t to_ms, uint64_t *samples, struct err *e);

/* How long and how much is kept of plain series; statistics are kept for ever. */
struct retention {
	const char *families; /* metric name, '*' in it for any run of characters */
	int64_t age_ms;       /* 0: any; older samples go */
	uint64_t bytes; /* 0: any; the oldest go when the packed samples of all these families take
			   more */
};

/* Takes copies; the first rule that fits a family counts. Kept to every hour, partition by
 * partition: what a partition holds goes when most of its time is over. */
int store_set_retention(struct store *s, const struct retention *rules, size_t n, struct err *e);
/* Now, at this time; waits. */
int store_retain(struct store *s, int64_t now_ms, struct err *e);

/* Forgets what series were classified as: classify() is asked anew. */
void store_reclassify(struct store *s);

/* Seals and packs all there is, so that no log is left; waits for it. */
int store_flush(struct store *s, struct err *e);

/* Releases all observations of a submission at `released_ms`: one small transaction.
 * Waits for the commit; not on the loop. */
int store_release(struct store *s, uint64_t sequence, int64_t released_ms, struct err *e);
/* The same with the name of who did it, for the ledger. */
int store_release_by(struct store *s, uint64_t sequence, int64_t released_ms, const char *by,
		     struct err *e);
/* Gives a submission that was not released back: it never will be. */
int store_return(struct store *s, uint64_t sequence, int64_t returned_ms, const char *by,
		 const char *reason, struct err *e);

/* Answers a finding or accepts its answer, with an entry of the ledger in the same transaction.
 * Waits for the commit; not on the loop. The same once more changes nothing. ERR_NOT_FOUND,
 * ERR_EXISTS (its state does not allow it), ERR_INVALID (texts), ERR_LIMIT. */
int store_act_on_finding(struct store *s, const struct finding_act *act, struct err *e);

/* --- reading ------------------------------------------------------------------ */

struct series_ref {
	uint32_t id;
	bool statistic;
	/* In the arena; what snapshot_find() was given; NULL from snapshot_select_by_id(). Their
	 * texts are the snapshot's: whoever needs them longer takes labels_copy(). Not for
	 * labels_ref(). */
	const struct labels *labels;
};

/* One value of one period. */
struct vintage {
	int64_t stamp_ms;
	double value;
	int64_t known_from_ms, received_ms, released_ms; /* released 0: not yet */
	uint64_t submission;
	uint8_t months, flags;
	uint16_t ordinal; /* 1 for the first release of this period, 2 … */
	uint16_t count;   /* releases of this period seen by the view */
};

/* Since when a released one can be seen. */
static inline int64_t vintage_seen_ms(const struct vintage *v)
{
	return v->released_ms > v->known_from_ms ? v->released_ms : v->known_from_ms;
}

/* Which value of a period is wanted. */
struct view {
	int64_t as_of_ms; /* known and released until then; INT64_MAX: whatever is now */
	unsigned release; /* 0: the latest; n: the n-th release */
	bool suppressed;  /* one that is suppressed is given too; its value is no number. Without it
			   * its period looks as if nothing had come, whatever was said before */
};

#define VIEW_LATEST ((struct view){ .as_of_ms = INT64_MAX, .release = 0 })

/* Taken in microseconds. After `deadline_ms` (0: 5 s) it may be closed by force: reads then give
 * ERR_TIMEOUT. One thread at a time. ERR_LIMIT when all reader slots are taken. */
struct snapshot *snapshot_open(struct store *s, int64_t deadline_ms, struct err *e);
void snapshot_close(struct snapshot *v);

/* Series that meet all matchers, by labels in order; in the arena. n may be 0. */
int snapshot_select(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		    struct series_ref **out, size_t *n, struct err *e);
/* The same by id, rising, the order in which they are read fastest, and without their labels:
 * snapshot_labels() reads those that are wanted. */
int snapshot_select_by_id(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			  struct series_ref **out, size_t *n, struct err *e);
/* Labels of `n` series by id, which rise (not strictly); in the arena. With `names` (nnames of
 * them, sorted, none twice) only those of these names. ERR_NOT_FOUND. */
int snapshot_labels(struct snapshot *v, const uint32_t *ids, size_t n, const struct slice *names,
		    size_t nnames, struct arena *a, const struct labels **out, struct err *e);
/* The ids alone, rising. */
int snapshot_ids(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
		 uint32_t **ids, size_t *n, struct err *e);
/* ERR_NOT_FOUND when there is no such series. */
int snapshot_find(struct snapshot *v, const struct labels *labels, struct series_ref *out,
		  struct err *e);

/* The series with this id, as snapshot_ids() gives them; labels in the arena. ERR_NOT_FOUND. */
int snapshot_series(struct snapshot *v, uint32_t id, struct arena *a, struct series_ref *out,
		    struct err *e);

/* One vintage for each stamp in [from, to] that the view can see, by stamp. */
int snapshot_figures(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct view view, struct arena *a, struct vintage **out, size_t *n,
		     struct err *e);
/* The last figure with stamp <= `at_ms` that the view gives; *found tells. */
int snapshot_last_figure(struct snapshot *v, uint32_t series, int64_t at_ms, struct view view,
			 struct vintage *out, bool *found, struct err *e);
/* All vintages of one stamp in the order they became known, unreleased and suppressed ones too. */
int snapshot_vintages(struct snapshot *v, uint32_t series, int64_t stamp_ms, struct arena *a,
		      struct vintage **out, size_t *n, struct err *e);
/* The same of all stamps in [from, to], by stamp. */
int snapshot_history(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct vintage **out, size_t *n, struct err *e);

/* Which figures and releases there are: two snapshots with equal versions show the same. */
struct figures_version {
	uint64_t opening;  /* of the store, in this process */
	uint64_t sequence; /* of the last submission that is shown */
	uint64_t entries;  /* of the ledger */
};
int snapshot_figures_version(struct snapshot *v, struct figures_version *out, struct err *e);

/* Samples of one series, rising in time. */
struct samples {
	const int64_t *t_ms;
	const double *value;
	size_t n;
	bool numbers; /* no value is a NaN */
};

/* Samples of a plain series with t in [from, to]; both arrays in the arena. */
int snapshot_samples(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
		     struct arena *a, struct samples *out, struct err *e);

/* Whether there is one with t in [from, to]; far cheaper than to read them. */
int snapshot_has_sample(struct snapshot *v, uint32_t series, int64_t from_ms, int64_t to_ms,
			bool *has, struct err *e);

/* For many series by several threads: a reader of a snapshot's own for each thread, best asked for
 * series in rising order. Values lie in the arena, times in the reader until it is asked again.
 * Closed before the snapshot is. */
struct snapshot_reader;
struct snapshot_reader *snapshot_reader_open(struct snapshot *v, struct err *e);
int snapshot_reader_samples(struct snapshot_reader *r, uint32_t series, int64_t from_ms,
			    int64_t to_ms, struct arena *a, struct samples *out, struct err *e);
/* Of each of `n` plain series, rising, the last sample with t in [from, to]: its time, INT64_MIN
 * where there is none (from_ms is above that), and value. */
int snapshot_reader_last(struct snapshot_reader *r, const uint32_t *series, size_t n,
			 int64_t from_ms, int64_t to_ms, int64_t *t_ms, double *value,
			 struct err *e);
/* Of a series that is a statistic (struct series_ref). */
int snapshot_reader_figures(struct snapshot_reader *r, uint32_t series, int64_t from_ms,
			    int64_t to_ms, struct view view, struct arena *a, struct vintage **out,
			    size_t *n, struct err *e);
int snapshot_reader_last_figure(struct snapshot_reader *r, uint32_t series, int64_t at_ms,
				struct view view, struct vintage *out, bool *found, struct err *e);
void snapshot_reader_close(struct snapshot_reader *r);

/* Sorted; only of series that meet the matchers. */
int snapshot_label_names(struct snapshot *v, const struct matcher *m, size_t nm, struct arena *a,
			 struct slice **out, size_t *n, struct err *e);
int snapshot_label_values(struct snapshot *v, struct slice name, const struct matcher *m, size_t nm,
			  struct arena *a, struct slice **out, size_t *n, struct err *e);

/* What there is most of, at most `top` of each (storage/index.h); texts in the arena. */
int snapshot_cardinality(struct snapshot *v, size_t top, struct arena *a,
			 struct index_cardinality *out, struct err *e);

/* Of samples and figures, packed or not; first > last: there are none. What a series has in memory
 * counts as one chunk. Walks through what is in memory. */
struct stored_extent {
	int64_t first_ms, last_ms;
	uint64_t chunks;
};
int snapshot_extent(struct snapshot *v, struct stored_extent *out, struct err *e);

/* What senders told of metric families, by family; texts in the arena. */
struct family_metadata {
	struct slice family, help, unit;
	int type; /* enum rw_type (base/remote_write.h) */
};
int snapshot_metadata(struct snapshot *v, struct arena *a, struct family_metadata **out, size_t *n,
		      struct err *e);

/* ERR_NOT_FOUND past the last. Texts in the arena. */
int snapshot_submission(struct snapshot *v, uint64_t sequence, struct arena *a,
			struct submission *out, struct err *e);

/* --- findings --------------------------------------------------------------------- */

/* ERR_NOT_FOUND. In the arena. */
int snapshot_finding(struct snapshot *v, uint64_t id, struct arena *a, struct finding *out,
		     struct err *e);
/* Those that are wanted, newest first; *more: there are others behind the limit. */
int snapshot_findings(struct snapshot *v, const struct finding_wanted *want, struct arena *a,
		      struct finding **out, size_t *n, bool *more, struct err *e);

/* --- the ledger ----------------------------------------------------------------- */

enum ledger_kind {
	LEDGER_SUBMISSION = 1,
	LEDGER_REJECTED,
	LEDGER_RELEASE,
	LEDGER_RETURN,
	LEDGER_ANSWER,    /* to a finding */
	LEDGER_ACCEPTANCE /* of an answer */
};

/* One link of the chain. */
struct ledger_entry {
	uint64_t number; /* from 1, without gaps */
	enum ledger_kind kind;
	uint64_t submission;
	const char *text;           /* its canonical form, see storage/ledger.h */
	uint8_t hash[SHA256_BYTES]; /* SHA-256 of the text */
};

/* What proves everything before it; printed in bulletins. */
struct ledger_head {
	uint64_t entries;
	uint8_t hash[SHA256_BYTES]; /* of the last entry; all zero before the first */
};

int store_ledger_head(struct store *s, struct ledger_head *out, struct err *e);
int snapshot_ledger_head(struct snapshot *v, struct ledger_head *out, struct err *e);
/* ERR_NOT_FOUND past the last. The text lies in the arena. */
int snapshot_ledger(struct snapshot *v, uint64_t number, struct arena *a, struct ledger_entry *out,
		    struct err *e);
/* Appends the bytes of an original to `out`, whose limit holds. ERR_NOT_FOUND; ERR_CORRUPT when
 * they are not those that the hash stands for. */
int snapshot_original(struct snapshot *v, const uint8_t sha256[SHA256_BYTES], struct buf *out,
		      struct err *e);

/* --- state and care ------------------------------------------------------------ */

struct store_status {
	uint64_t series;      /* as far as known: some may have been given a number in vain */
	uint64_t submissions; /* sequence of the last */
	uint64_t used_bytes, map_bytes, file_bytes;
	uint64_t disk_free_bytes;
	uint64_t commits;                      /* grows with every transaction */
	uint64_t head_samples, log_bytes;      /* not sealed yet */
	uint64_t runs, run_bytes, run_samples; /* sealed, not packed yet */
	uint64_t partitions, packed_samples, packed_bytes;
	uint64_t fresh_figures, fresh_bytes; /* bytes: in memory */
	uint64_t packed_figures, figure_bytes;
	uint64_t index_parts, index_bytes;
	uint64_t damaged; /* records of fresh figures that were set apart when it was opened */
	unsigned snapshots;
	bool writable;
	char why[240]; /* when not writable */
};

void store_status(struct store *s, struct store_status *out);

/* Reads everything in the folder without changing it and prints one line a fault to `to`, naming
 * series, time and cause. Returns the number of faults, -1 when it cannot be opened. */
long store_check(const char *dir, FILE *to, struct err *e);

#endif
