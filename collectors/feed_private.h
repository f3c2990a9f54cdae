/*
 * feed_private.h - what the sources of a feed share: the feed itself, the intake of
 * one document, and the two kinds of attempt.
 *
 * collector.c owns the feeds, feed.c is the life of one; an attempt belongs to fetch.c (a URL) or
 * drop.c (a folder, with drop_files.c for the file system); both hand what they got to
 * intake.c. Everything here is on the loop's thread except the work of jobs, which
 * touches only the struct its job is embedded in and what is immutable meanwhile
 * (the feed's configuration).
 */
#ifndef COLLECTORS_FEED_PRIVATE_H
#define COLLECTORS_FEED_PRIVATE_H

#include "collectors/drop_files.h"
#include "collectors/feed.h"
#include "collectors/progress.h"
#include "collectors/samples.h"
#include "collectors/schedule.h"

struct feed;
struct intake;
struct hand_in;
struct secrets;

#define SUBMIT_PATH "/api/v1/submit"

/* --- configuration -------------------------------------------------------------- */

/* A copy of all texts and lists in `a`. ERR_MEMORY. */
int feed_config_copy(const struct feed_config *from, struct arena *a, struct feed_config *to,
		     struct err *e);
/* `paging:`, which also makes the layout's rows those of all pages. Mistakes are added to `d`; -1
 * only when there is no memory. */
int feed_paging_read(const struct yaml_node *map, struct paging *out, struct layout *l,
		     struct arena *a, struct diags *d);
/* Whether both mean the same; where they were written does not count. */
bool feed_config_same(const struct feed_config *a, const struct feed_config *b);

enum { BOMB_RATIO = 100 }; /* plain bytes for one packed, at most */

/* --- intake: one document from bytes to the store -------------------------------- */

enum intake_what {
	INTAKE_DOCUMENT,
	INTAKE_DOWN, /* a scrape that failed before there was a document */
	INTAKE_GONE, /* the last of a feed: its series have ended */
};

enum intake_end {
	INTAKE_STORED,    /* durable; `err` may hold what was wrong with the rest */
	INTAKE_NOTHING,   /* understood, and there was nothing in it */
	INTAKE_SAME,      /* the bytes of the last processed document: not decoded */
	INTAKE_REFUSED,   /* for good: none of it could be kept */
	INTAKE_FAILED,    /* this time; nothing is lost, it is tried again */
	INTAKE_CANCELLED, /* the collector is closing */
};

struct intake {
	struct job job;
	struct feed *feed;
	enum intake_what what;
	/* On the loop, exactly once. What the intake holds is there until intake_release(). */
	void (*done)(struct intake *in, enum intake_end how);

	/* in */
	struct buf body; /* as it came, owned */
	char content_type[128];
	char encoding[32];  /* Content-Encoding */
	const char *origin; /* URL or path, borrowed */
	char address[64];   /* of the sender; "" */
	/* A file: what cannot be used is refused rather than asked for again, that it has no
	 * figures too, and the original is the file with its packing. */
	bool handed_in;
	bool dry_run;                      /* looked at and not stored */
	const struct token_rights *rights; /* what may be in it, besides the feed's; NULL: all */
	int64_t now_ms;                    /* of the attempt */
	double fetch_seconds;
	bool known; /* known_hash is that of the last processed document */
	uint64_t known_hash;
	struct catalogue *catalogue; /* a reference */

	/* out */
	struct batch *batch; /* may be NULL */
	struct err err;
	uint64_t hash, bytes; /* of the unpacked body */
	bool same;
	bool unpack_failed; /* err is about the packing, not what was packed */
	size_t own;         /* samples in the batch that are not the document's */
	uint64_t kept, refused, suspect, submission;
	uint32_t fresh, revised, unchanged;
	double decode_seconds;
	struct progress progress; /* while the job runs */
	size_t refused_told;      /* with portions before */
	bool store_failed;        /* err says why the store did not take a part */
	bool at_store;            /* the job has given its samples away, the store answers */
	enum intake_end how;      /* once the store has answered */
	size_t waiting_bytes;     /* of the collector's that are ours */
	bool decoding, answered;  /* the loop's: the job is under way, the store has answered */
	struct emitted answer;
	struct buf original; /* a statistic's document as it came, until it is stored */
	uint8_t original_sha256[SHA256_BYTES];
	struct emit_request request;
};

/* Takes a zeroed intake with what is under "in" filled in; `done` follows, also with
 * INTAKE_CANCELLED. -1 (ERR_BUSY, ERR_MEMORY): it did not begin and `done` is not called. */
int intake_start(struct intake *in, struct err *e);
/* For a file that is refused unread: stores that it was, with `why`. -1 as above. */
int intake_start_refused(struct intake *in, const struct err *why, struct err *e);
void intake_cancel(struct intake *in);
void intake_release(struct intake *in);
/* Whether an error is the document's own fault, so that trying again cannot help. */
bool intake_for_good(enum err_code code);

/* --- pages: answers of one attempt, made into one document ------------------------- */

enum pages_end {
	PAGES_MORE, /* the next is to be fetched from pages_url() */
	PAGES_ALL,  /* pages_take() */
	PAGES_FAILED,
	PAGES_CANCELLED,
};

struct pages;
typedef void (*pages_done)(struct feed *f, enum pages_end how, const struct err *err);

int pages_begin(struct feed *f, struct err *e);
const char *pages_url(const struct feed *f);
size_t pages_room(const struct feed *f); /* bytes the next page may have */
/* Takes the answer's body and reads it in a job; `done` follows on the loop. -1: it does not. */
int pages_read(struct feed *f, struct http_fetch *h, pages_done done, struct err *e);
/* The document, for the caller to own; the pages end. */
struct buf pages_take(struct feed *f);
bool pages_cancel(struct feed *f); /* false: no page is being read */
void pages_end(struct feed *f);    /* nothing when there are none */

/* --- secrets: what a request carries that nobody else may see ------------------------ */

enum secrets_end { SECRETS_READ, SECRETS_FAILED, SECRETS_CANCELLED };

typedef void (*secrets_done)(struct feed *f, enum secrets_end how, const struct err *err);

/* Reads the files anew in a job; `done` follows on the loop. -1: it does not. */
int secrets_read(struct feed *f, secrets_done done, struct err *e);
/* All headers of a request, until secrets_end(). */
const char *const *secrets_headers(const struct feed *f);
bool secrets_cancel(struct feed *f); /* false: none are being read */
void secrets_end(struct feed *f);    /* overwrites and frees; nothing when there are none */

/* --- a feed ----------------------------------------------------------------------- */

enum feed_stage { STAGE_WAITING, STAGE_FETCHING, STAGE_DECODING, STAGE_STORING };

/* How an attempt went, for feed_finish(). */
enum attempt_result {
	ATTEMPT_CHANGED, /* something new was stored */
	ATTEMPT_UNCHANGED,
	ATTEMPT_REFUSED, /* the document was refused for good */
	ATTEMPT_FAILED,
	ATTEMPT_CANCELLED, /* counts as none */
};

enum { FEED_COMPLAINTS = 20 };

/* What was last processed; a body equal to it needs no second look. */
struct processed {
	bool valid;
	uint64_t hash;
	uint64_t catalogue; /* version it was read with */
	int64_t again_ms;   /* look again from here on although equal; 0: no need */
	struct err verdict; /* why it was refused, as a whole */
	char etag[256], last_modified[64];
};

struct feed {
	struct collector *collector;
	struct arena arena; /* the configuration's copy and what is made of it */
	struct feed_config config;
	struct schedule schedule;
	const char *instance; /* host:port of the URL */
	const char *const *request_headers;
	struct timer timer;
	bool timer_held;
	bool removed; /* ends after its attempt */
	bool said_gone;
	enum feed_stage stage;

	/* the attempt under way */
	bool busy;
	int64_t attempt_ms;
	struct http_fetch fetch;
	struct arena url_arena; /* the URL that was asked, when it is not the feed's */
	bool asked_part;        /* for what is newer than good_ms only */
	struct intake intake;
	struct secrets *secrets;  /* of the attempt's requests; owned */
	struct pages *pages;      /* of a feed with `paging`, while fetching; owned */
	struct hand_in *hand_ins; /* of a feed with `submit` */
	struct drop *drop;        /* a folder's memory between scans; owned */
	struct err attempt_err;   /* kept while up = 0 is stored */
	struct series_quota *quota;
	/* Of samples. The attempt's job alone touches the cache, or the loop while there is none.
	 */
	struct relabel *relabel;
	struct scrape_cache *cache;

	/* health */
	struct schedule_state times; /* last_change_ms: of the schedule, see feed_finish() */
	struct processed processed;
	int64_t good_ms, full_ms; /* begin of the last attempt that went well; for all there is */
	int64_t last_success_ms, last_change_ms, next_ms, failing_since_ms;
	uint64_t kept_total, refused_total, bytes_total;
	struct feed_document document;
	struct feed_attempt attempts[FEED_ATTEMPTS]; /* a ring; the newest is before next_attempt */
	size_t nattempts, next_attempt;
	struct feed_attempt brought; /* by the attempt under way: its bytes and figures */
	struct err error;  /* of the last attempt; of a folder: also the last rejected file */
	struct err logged; /* the failure that was logged last */
	uint64_t logged_refused;
	struct arena complaints_arena;
	struct complaint complaints[FEED_COMPLAINTS];
	size_t ncomplaints;
};

struct collector {
	struct collector_options o;
	struct feed **feeds;
	size_t nfeeds;
	struct feed **leaving; /* removed, with an attempt under way */
	size_t nleaving, leaving_cap;
	size_t waiting_bytes; /* of bodies that were fetched and are not read yet */
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

enum { FEED_COMPLAINTS_BYTES = 1 << 20 };

static inline struct slice feed_name(const struct feed *f)
{
	return slice_str(f->config.name);
}

static inline struct loop *feed_loop(const struct feed *f)
{
	return f->collector->o.loop;
}

/* --- feed.c, feed_books.c, collector.c ----------------------------------------------- */

struct feed *feed_new(struct collector *c, const struct feed_config *config, struct err *e);
void feed_free(struct feed *f);
/* Sets when the next attempt is due, and the timer. */
void feed_plan(struct feed *f);
/* Begins an attempt, unless one is under way. */
void feed_begin(struct feed *f);
/* The end of a feed that was removed or whose collector is closing. */
void collector_leave(struct feed *f);
struct feed *feed_of_name(struct collector *c, const char *name); /* or NULL */

/* The end of an attempt, the last thing it calls: sets health, counters and the next due time, and
 * frees a feed that was removed. `err` is why it failed or was refused (else NULL). `changed`: the
 * body differed from the one known before. */
void feed_finish(struct feed *f, enum attempt_result how, const struct err *err, bool changed);
/* Books a document that was decided on: counters, totals, complaints for the status, the log. */
void feed_book(struct feed *f, const struct intake *in, enum intake_end how);
/* Whether the feed should begin nothing further in this attempt. */
static inline bool feed_ending(const struct feed *f)
{
	return f->removed || f->collector->closing;
}

/* Begin an attempt of each kind; they end in feed_finish(). Cancelling asks for it. */
void fetch_attempt(struct feed *f);
void fetch_cancel(struct feed *f);
/* Begins the last attempt of a feed that is removed, which says that its series have ended; false:
 * there is nothing to say. It ends in feed_finish(). */
bool fetch_say_gone(struct feed *f);
int drop_new(struct feed *f, struct err *e);
void drop_free(struct drop *d); /* NULL is nothing */
void drop_attempt(struct feed *f);
/* For how long the folder has not answered what it was asked last; 0: nothing is asked. */
int64_t drop_silent_ms(const struct feed *f);
void drop_cancel(struct feed *f);

/* --- handed in ---------------------------------------------------------------------------- */

/* A document that its owner brings; several of one feed may be under way. */
struct hand_in {
	struct intake intake; /* body, content_type, encoding, origin, address, dry_run, rights */
	const char *owner;    /* of the token; as all texts borrowed until ended() */
	/* On the loop, in this order, each exactly once: what came of it, with the intake's results
	 * to look at; then it is nobody's any more. */
	void (*tell)(struct hand_in *h, enum intake_end how);
	void (*ended)(struct hand_in *h);
	struct hand_in *prev, *next;
};

/* A zeroed hand_in with the above filled in. -1: it did not begin, nothing is called, and the
 * intake is still the caller's. ERR_NOT_FOUND: no such feed; ERR_REFUSED: it is another owner's;
 * ERR_LIMIT: too large; ERR_BUSY, ERR_MEMORY: not now. */
int hand_in_start(struct collector *c, const char *feed, struct hand_in *h, struct err *e);
/* Asks all of the feed's to end. */
void hand_in_cancel(struct feed *f);

/* For hand_in.c: a document was decided on; nothing is under way any more, and `f` may be gone. */
void feed_handed_in(struct feed *f, const struct intake *in, enum intake_end how);
void feed_rest(struct feed *f);

#endif
