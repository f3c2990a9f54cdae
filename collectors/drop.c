/*
 * drop.c - one pass over a drop folder.
 *
 *     drop_attempt ─▶ scan ─▶ ┌ read ─▶ intake ─▶ move ┐ ─▶ feed_finish
 *                    (job)    └─(job)─── next file ─(job)┘
 *
 * Files are taken one after the other. What is wrong with a file is said beside
 * it in rejected/ and does not hold up the next; what is wrong with the folder or
 * the store fails the attempt and leaves the files where they are. In a folder that keeps
 * its files what came of one is written down (drop_state.h) instead of moving it.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/text.h"

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* Complaints are at most BATCH_COMPLAINTS_MAX sentences. */
enum { REASONS_BYTES = 4 << 20 };

struct drop {
	struct feed *feed;
	struct job job;
	bool job_started;
	int64_t asked_mono_ms; /* when the job was started */
	struct drop_folder folder;
	size_t next;             /* of folder.ready */
	bool changed;            /* something was stored in this pass */
	struct err failure;      /* the first that is no file's own fault */
	struct err last_refusal; /* of the last file that went to rejected/ */
	bool said_keeping, said_empty;
	struct drop_counts { /* of the files that are kept */
		size_t known, rejected;
		struct err last; /* why the one was that was taken last */
		int64_t last_ms;
	} counts;

	/* what the running job works on */
	int64_t now_ms, mono_ms;
	struct err err;

	/* the file in hand */
	const struct drop_entry *file;
	char *path; /* owned */
	enum drop_took took;
	enum drop_place place;
	struct err reason; /* why all of it was refused */
	bool hashed;
	uint8_t sha256[SHA256_BYTES];  /* of a file that is kept */
	const struct drop_known *same; /* has these bytes, and was taken */
	const char *result;            /* for the counter */
};

static void next_file(struct drop *d);
static void start_move(struct drop *d, enum drop_place place);

int drop_new(struct feed *f, struct err *e)
{
	const struct feed_config *c = &f->config;
	struct drop *d;

	if (c->keep == KEEP_ALWAYS && !f->collector->o.state_dir)
		return err_set(e, ERR_UNSUPPORTED, "feed %s: there is no place for what is kept",
			       c->name);
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return err_set(e, ERR_MEMORY, "feed %s: not enough memory", f->config.name);
	d->feed = f;
	d->folder = (struct drop_folder){
		.path = c->folder,
		.pattern = c->pattern,
		.settle_ms = c->settle_ms,
		.keep = (enum drop_keep)c->keep,
		.state_dir = f->collector->o.state_dir,
		.feed = c->name,
	};
	drop_folder_init(&d->folder);
	f->drop = d;
	return 0;
}

void drop_free(struct drop *d)
{
	if (!d)
		return;
	mem_free(d->path);
	drop_folder_release(&d->folder);
	mem_free(d);
}

/* --- ends ------------------------------------------------------------------------------ */

static void put_down(struct drop *d)
{
	intake_release(&d->feed->intake);
	mem_free(d->path);
	d->path = NULL;
	d->file = NULL;
}

/* Perhaps it is the place where a share should be. That place may well be writable. */
static bool is_emptied(const struct drop *d)
{
	return d->counts.known && !d->folder.nfiles;
}

/* What is to be read in the status of a folder that keeps its files, after a restart, too. */
static struct err kept_error(const struct drop *d)
{
	const struct drop_counts *c = &d->counts;
	const struct drop_folder *o = &d->folder;
	struct err e = { 0 };

	if (o->beyond)
		err_set(&e, ERR_LIMIT,
			"the folder has %zu files more than the %d that are looked at", o->beyond,
			DROP_ENTRIES_MAX);
	else if (is_emptied(d))
		err_set(&e, ERR_NOT_FOUND,
			"the folder is empty, and %zu files of it are known: is the share mounted?",
			c->known);
	else if (c->rejected) {
		e = c->last;
		err_wrap(&e, "%zu of %zu files were rejected, the last", c->rejected, c->known);
	}
	return e;
}

static void finish(struct drop *d)
{
	struct feed *f = d->feed;
	struct err failure = d->failure;

	put_down(d);
	if (failure.code != ERR_NONE) {
		feed_finish(f, ATTEMPT_FAILED, &failure, false);
		return;
	}
	/* A file in rejected/ is no failure of the feed, but stays to be read in the status. */
	f->error = d->folder.keeping || is_emptied(d) ? kept_error(d) : d->last_refusal;
	feed_finish(f, d->changed ? ATTEMPT_CHANGED : ATTEMPT_UNCHANGED, NULL, d->changed);
}

static void finish_cancelled(struct drop *d)
{
	put_down(d);
	feed_finish(d->feed, ATTEMPT_CANCELLED, NULL, false);
}

static void note_failure(struct drop *d, const struct err *e)
{
	if (d->failure.code == ERR_NONE)
		d->failure = *e;
}

static bool start_job(struct drop *d, void (*work)(struct job *),
		      void (*done)(struct job *, enum job_end))
{
	struct err e;

	d->job.work = work;
	d->job.done = done;
	d->err = (struct err){ 0 };
	if (job_start(feed_loop(d->feed), &d->job, JOB_FOLDER, &e) < 0) {
		note_failure(d, &e);
		return false;
	}
	d->job_started = true;
	d->asked_mono_ms = clock_mono(loop_clock(feed_loop(d->feed)));
	return true;
}

int64_t drop_silent_ms(const struct feed *f)
{
	const struct drop *d = f->drop;

	return d && d->job_started ? clock_mono(loop_clock(feed_loop(f))) - d->asked_mono_ms : 0;
}

/* Whether the pass goes on; it was finished if not. */
static bool job_ended(struct drop *d, enum job_end how)
{
	d->job_started = false;
	if (how != JOB_CANCELLED && !d->feed->collector->closing)
		return true;
	finish_cancelled(d);
	return false;
}

/* --- scan --------------------------------------------------------------------------------- */

static void count_one(struct drop_counts *c, const struct drop_known *k)
{
	char shown[TEXT_SHOWN];

	c->known++;
	c->rejected += k->result == RESULT_REJECTED;
	if (k->result != RESULT_REJECTED || k->taken_ms < c->last_ms)
		return;
	c->last_ms = k->taken_ms;
	err_set(&c->last, ERR_INVALID, "%s: %s", text_shown(slice_str(k->name), shown), k->reason);
}

/* In the job: there may be many. */
static void count_kept(struct drop *d)
{
	const struct map_entry *m;

	d->counts = (struct drop_counts){ 0 };
	for (size_t i = 0; (m = map_next(&d->folder.state.known, &i));)
		count_one(&d->counts, m->value);
}

static void scan_work(struct job *j)
{
	struct drop *d = container_of(j, struct drop, job);

	if (drop_folder_scan(&d->folder, d->now_ms, d->mono_ms, &d->err) == 0)
		count_kept(d);
}

/* Each once, when it begins. */
static void log_keeping(struct drop *d)
{
	const struct drop_folder *o = &d->folder;
	bool empty = is_emptied(d);

	if (o->damaged)
		log_event(LOG_WARN, "what is known of a folder's files is damaged",
			  log_s("feed", d->feed->config.name), log_s("file", o->state.path),
			  log_i("lines", (int64_t)o->damaged));
	if (o->keeping && !d->said_keeping && o->why.code != ERR_NONE)
		log_event(LOG_WARN, "files and their reasons stay unmoved",
			  log_s("feed", d->feed->config.name), log_err(&o->why));
	d->said_keeping = o->keeping;
	if (empty && !d->said_empty)
		log_event(LOG_WARN, "folder is empty", log_s("feed", d->feed->config.name),
			  log_s("folder", o->path), log_i("known", (int64_t)d->counts.known));
	d->said_empty = empty;
}

static void on_scanned(struct job *j, enum job_end how)
{
	struct drop *d = container_of(j, struct drop, job);

	if (!job_ended(d, how))
		return;
	if (d->err.code != ERR_NONE) {
		note_failure(d, &d->err);
		finish(d);
		return;
	}
	if (d->folder.trouble.code != ERR_NONE)
		note_failure(d, &d->folder.trouble);
	log_keeping(d);
	next_file(d);
}

void drop_attempt(struct feed *f)
{
	struct drop *d = f->drop;

	d->next = 0;
	d->changed = false;
	d->failure = (struct err){ 0 };
	d->now_ms = loop_now(feed_loop(f));
	d->mono_ms = clock_mono(loop_clock(feed_loop(f)));
	if (!start_job(d, scan_work, on_scanned))
		finish(d);
}

/* --- read ------------------------------------------------------------------------------------ */

static void read_work(struct job *j)
{
	struct drop *d = container_of(j, struct drop, job);

	d->took = drop_file_read(&d->folder, d->file, (size_t)d->feed->config.body_limit,
				 &d->feed->intake.body, &d->err);
	if (!d->folder.keeping || d->took != DROP_TAKEN)
		return;
	sha256_of(buf_all(&d->feed->intake.body), d->sha256);
	d->hashed = true;
	d->same = drop_state_same(&d->folder.state, d->sha256);
}

/* Where a refusal is decided: the feed's books, and the way to rejected/. */
static void refuse(struct drop *d, const struct err *why)
{
	char shown[TEXT_SHOWN];

	d->reason = *why;
	d->last_refusal = *why;
	err_wrap(&d->last_refusal, "%s was rejected", text_shown(slice_str(d->file->name), shown));
	start_move(d, DROP_REJECTED);
}

static void on_intake(struct intake *in, enum intake_end how)
{
	struct feed *f = in->feed;
	struct drop *d = f->drop;

	switch (how) {
	case INTAKE_STORED:
		feed_book(f, in, how);
		d->changed = true;
		d->last_refusal = (struct err){ 0 };
		start_move(d, DROP_ACCEPTED);
		break;
	case INTAKE_REFUSED:
		feed_book(f, in, INTAKE_REFUSED);
		refuse(d, &in->err);
		break;
	case INTAKE_FAILED:
		note_failure(d, &in->err);
		/* A store that is full or busy would say so for the next file, too. */
		if (in->err.code == ERR_FULL || in->err.code == ERR_BUSY)
			finish(d);
		else
			next_file(d);
		break;
	case INTAKE_CANCELLED:
	case INTAKE_NOTHING: /* never: such a file is refused */
	case INTAKE_SAME:    /* never: nothing is known beforehand of a file */
		finish_cancelled(d);
		break;
	}
}

static bool is_gzip_name(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && !strcasecmp(name + n - 3, ".gz");
}

/* A full or busy store fails the attempt; the file stays where it is. */
static void start_intake(struct drop *d, const struct err *refused)
{
	struct feed *f = d->feed;
	const struct collector_options *o = &f->collector->o;
	struct intake *in = &f->intake;
	struct err e;

	in->done = on_intake;
	in->handed_in = true;
	in->origin = d->path;
	in->now_ms = loop_now(o->loop);
	in->catalogue = o->catalogue(o->catalogue_ctx);
	strcpy(in->encoding, is_gzip_name(d->file->name) ? "gzip" : "");
	if ((refused ? intake_start_refused(in, refused, &e) : intake_start(in, &e)) < 0) {
		note_failure(d, &e);
		finish(d);
	}
}

static void on_read(struct job *j, enum job_end how)
{
	struct drop *d = container_of(j, struct drop, job);

	if (!job_ended(d, how))
		return;
	switch (d->took) {
	case DROP_TAKEN:
		if (d->same)
			start_move(d, DROP_ACCEPTED);
		else
			start_intake(d, NULL);
		break;
	case DROP_REFUSE:
		start_intake(d, &d->err);
		break;
	case DROP_LATER:
		if (d->err.code != ERR_NONE)
			note_failure(d, &d->err);
		/* fall through */
	case DROP_GONE:
		next_file(d);
		break;
	}
}

/* What was taken before only has to go: the folder has become writable, or the file is no longer
 * held by somebody else. */
static void move_taken(struct drop *d)
{
	const struct drop_known *k = d->file->known;

	if (d->file->stuck) {
		start_move(d, d->file->place);
		return;
	}
	if (*k->reason)
		err_set(&d->reason, ERR_INVALID, "%s", k->reason);
	start_move(d, k->result == RESULT_REJECTED ? DROP_REJECTED : DROP_ACCEPTED);
}

static void next_file(struct drop *d)
{
	struct feed *f = d->feed;

	put_down(d);
	f->stage = STAGE_FETCHING;
	if (feed_ending(f) || d->next >= d->folder.nready) {
		finish(d);
		return;
	}
	d->file = d->folder.ready[d->next++];
	d->path = mem_alloc(strlen(f->config.folder) + strlen(d->file->name) + 2);
	if (!d->path) {
		err_set(&d->failure, ERR_MEMORY, "not enough memory for a file's name");
		finish(d);
		return;
	}
	sprintf(d->path, "%s/%s", f->config.folder, d->file->name);
	f->intake.feed = f;
	d->reason = (struct err){ 0 };
	d->same = NULL;
	d->hashed = false;
	if (d->file->known || d->file->stuck) {
		move_taken(d);
		return;
	}
	if (!start_job(d, read_work, on_read))
		finish(d);
}

/* --- move ------------------------------------------------------------------------------------- */

/* One line of `text`, whatever it is. */
static void put_line(struct buf *b, const char *text)
{
	for (; *text; text++)
		buf_putc(b, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
	buf_putc(b, '\n');
}

/* The sentence about the whole file is often a complaint already. */
static bool is_said(const struct batch *b, const char *text)
{
	for (size_t i = 0; b && i < b->ncomplaints; i++)
		if (strstr(text, b->complaints[i].text))
			return true;
	return false;
}

static void write_reasons(const struct drop *d, struct buf *out)
{
	const struct batch *b = d->feed->intake.batch;
	const struct err *whole = d->reason.code != ERR_NONE ? &d->reason : &d->feed->intake.err;

	if (whole->code != ERR_NONE && !is_said(b, whole->text)) {
		buf_printf(out, "1:1: %s: ", err_code_name(whole->code));
		put_line(out, whole->text);
	}
	for (size_t i = 0; b && i < b->ncomplaints; i++) {
		const struct complaint *c = &b->complaints[i];

		buf_printf(out, "%s: %s: ", c->place, refusal_name(c->why));
		put_line(out, c->text);
		buf_puts(out, "    ");
		put_line(out, c->text_zh);
	}
	if (b && b->refused + b->suspect > b->ncomplaints && b->ncomplaints >= BATCH_COMPLAINTS_MAX)
		buf_printf(out, "… and %zu more\n", b->refused + b->suspect - b->ncomplaints);
}

/* One sentence for what is written down; "" when nothing was refused. */
static void first_reason(const struct drop *d, struct err *out)
{
	const struct intake *in = &d->feed->intake;
	const struct batch *b = in->batch;

	*out = d->reason.code != ERR_NONE ? d->reason : in->err;
	if (out->code == ERR_NONE && b && b->refused && b->ncomplaints)
		err_set(out, ERR_INVALID, "at %s: %s", b->complaints[0].place,
			b->complaints[0].text);
}

static enum drop_result result_of(const struct drop *d)
{
	const struct intake *in = &d->feed->intake;

	if (d->place == DROP_REJECTED)
		return RESULT_REJECTED;
	return in->refused || in->err.code != ERR_NONE ? RESULT_PARTLY : RESULT_ACCEPTED;
}

/* Under the name it has; the rest is as of the file with the same bytes, or new. */
static void record(struct drop *d)
{
	struct err reason = { 0 };
	struct drop_known k = { .result = RESULT_ACCEPTED, .taken_ms = d->now_ms };

	if (d->file->known || d->file->stuck) {
		d->result = NULL; /* it was to be moved at last, and may not */
		return;
	}
	if (d->same) {
		k.submission = d->same->submission;
		d->result = "same";
	} else {
		first_reason(d, &reason);
		k.submission = d->feed->intake.submission;
		k.result = result_of(d);
	}
	k.reason = reason.code == ERR_NONE ? "" : reason.text;
	/* A move that was not permitted comes too late for a hash before the intake. */
	memcpy(k.sha256, d->hashed ? d->sha256 : d->feed->intake.original_sha256, SHA256_BYTES);
	drop_file_record(&d->folder, d->file, &k, &d->err);
	count_kept(d);
}

/* The file has gone where it belongs, or, when that is not permitted, is known. */
static void move_or_record(struct drop *d, struct slice reasons)
{
	struct drop_state *s = &d->folder.state;

	if (drop_file_move(&d->folder, d->file, d->place, reasons, &d->err) == 0) {
		/* This is no empty place of a share: what is missing is not coming back. */
		drop_state_forget_missing(s, INT64_MAX);
		if (drop_state_find(s, d->file->name))
			drop_state_forget(s, d->file->name, &d->err);
	} else if (d->folder.keeping) {
		d->err = (struct err){ 0 };
		record(d);
	} else {
		drop_file_stuck(&d->folder, d->file, d->place, reasons);
	}
}

static void move(struct drop *d)
{
	struct buf reasons;

	if (d->file->stuck) {
		move_or_record(d, d->file->reasons);
		return;
	}
	buf_init(&reasons, REASONS_BYTES);
	write_reasons(d, &reasons);
	if (reasons.failed != ERR_MEMORY)
		move_or_record(d, buf_all(&reasons));
	else
		buf_check(&reasons, &d->err);
	buf_release(&reasons);
}

static void move_work(struct job *j)
{
	struct drop *d = container_of(j, struct drop, job);

	if (d->folder.keeping)
		record(d);
	else
		move(d);
}

static void on_moved(struct job *j, enum job_end how)
{
	struct drop *d = container_of(j, struct drop, job);

	if (!job_ended(d, how))
		return;
	if (d->err.code != ERR_NONE) {
		note_failure(d, &d->err);
		d->result = "failed";
	}
	if (d->result)
		counter_add_for(C_FILES_TAKEN, slice_str(d->result), 1);
	next_file(d);
}

static void start_move(struct drop *d, enum drop_place place)
{
	/* A closing collector starts nothing: the file is taken again, equal figures are free. */
	if (d->feed->collector->closing) {
		finish_cancelled(d);
		return;
	}
	d->place = place;
	d->result = place == DROP_ACCEPTED ? "accepted" : "rejected";
	d->feed->stage = STAGE_STORING;
	if (!start_job(d, move_work, on_moved))
		finish(d);
}

void drop_cancel(struct feed *f)
{
	struct drop *d = f->drop;

	if (d->job_started)
		job_cancel(feed_loop(f), &d->job);
	else
		intake_cancel(&f->intake);
}
