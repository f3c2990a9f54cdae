/*
 * check.c - store_check(): reads everything and says what is wrong.
 *
 * LMDB believes its page headers; a damaged one may end the process that reads
 * it. So a child reads and reports line by line through a pipe, and its sudden end
 * is a fault like any other. The child is forked, hence: call this from a program
 * without other threads (`parkwatch check store`).
 *
 * Nothing is written, not even a lock file, unless a writer is running: then its
 * lock table is used, like any reader does.
 *
 * Looked at: the index parts, block by block; every partition and run, chunk by chunk, unpacked;
 * the fresh figures; the log files; the submissions, the ledger and the originals. Compared: how
 * many parts and partitions the state record knows, what each table of segments says of each
 * segment, how many figures each submission kept. Each fault names series, time and cause.
 */
#include "storage/store.h"

#include "base/alloc.h"
#include "base/remote_write.h"
#include "base/snappy.h"
#include "storage/disk.h"
#include "storage/ledger.h"
#include "storage/lockfile.h"
#include "storage/log_mark.h"
#include "storage/log_samples.h"
#include "storage/originals.h"
#include "storage/refused_records.h"
#include "storage/store_impl.h"
#include "storage/submission.h"
#include "storage/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_ARENA = 64 << 20 };

struct checker {
	const char *dir;
	FILE *to; /* the pipe */
	struct db_txn *t;
	struct state state;
	bool beside_writer;
	uint32_t *kept;                  /* [sequence - 1]: figures found */
	uint32_t *refused;               /* likewise: refused ones */
	struct original_follow original; /* the piece before */
	struct err starved;              /* there was no memory to look at something */

	/* to name series */
	struct index_part *parts;
	struct index_verified **verified;
	char **copies;
	size_t nparts;
	struct memory_index *memory;
	struct arena arena;

	struct columns_scratch *scratch;
	struct figure_packer *packer;
	int64_t *times;
	double *values;
	struct figure *figures;
};

/* Lines of the pipe: "F" a fault, "E" the end of trying, "D" done. */
static void fault(struct checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct checker *c, const char *fmt, ...)
{
	va_list ap;

	fputc('F', c->to);
	va_start(ap, fmt);
	vfprintf(c->to, fmt, ap);
	va_end(ap);
	fputc('\n', c->to);
}

/* Without memory nothing is known of the store; the check as a whole fails then. */
static bool starved(struct checker *c, const struct err *why)
{
	if (why->code != ERR_MEMORY)
		return false;
	c->starved = *why;
	return true;
}

/* --- names ------------------------------------------------------------------------------ */

static const char *name_of(struct checker *c, uint32_t id, char out[SERIES_TEXT])
{
	struct memory_index *const memories[] = { c->memory };
	struct index_set set = { c->parts, c->nparts, memories, c->memory ? 1 : 0, UINT32_MAX };
	struct arena_mark mark = arena_mark(&c->arena);
	const struct labels *ls;
	struct err e;

	if (index_series(&set, id, &c->arena, &ls, NULL, &e) == 0)
		series_text(ls, out);
	else
		snprintf(out, SERIES_TEXT, "series %u", id);
	arena_reset(&c->arena, mark);
	return out;
}

static int check_part(struct checker *c, struct slice key, struct slice value, struct err *e)
{
	struct index_part *p = &c->parts[c->nparts];
	char *copy = NULL;
	struct err why;

	if (key.n != KEY_PART_BYTES) {
		fault(c, "table \"parts\": a key of %zu bytes", key.n);
		return 0;
	}
	/* The map does not align what is small. */
	copy = mem_alloc(value.n + 1);
	if (!copy)
		return err_set(e, ERR_MEMORY, "no memory to check the index");
	memcpy(copy, value.p, value.n);
	c->copies[c->nparts] = copy;
	c->verified[c->nparts] = index_verified_new(value.n, e);
	if (!c->verified[c->nparts]) {
		mem_free(copy);
		return -1;
	}
	if (index_part_open(slice_of(copy, value.n), c->verified[c->nparts], p, &why) < 0 ||
	    index_part_verify(p, &why) < 0) {
		if (!starved(c, &why))
			fault(c, "part %u of the index: %s", get_be32(key.p), why.text);
		index_verified_free(c->verified[c->nparts]);
		mem_free(copy);
		return 0;
	}
	c->nparts++;
	return 0;
}

static int check_parts(struct checker *c, struct err *e)
{
	struct db_cursor *cursor;
	struct slice key, value;
	uint64_t entries, n = 0;
	int rc;

	if (db_entries(c->t, DB_PARTS, &entries, e) < 0 ||
	    db_cursor_open(c->t, DB_PARTS, &cursor, e) < 0)
		return -1;
	c->parts = mem_zalloc((entries + 1) * sizeof(*c->parts));
	c->verified = mem_zalloc((entries + 1) * sizeof(*c->verified));
	c->copies = mem_zalloc((entries + 1) * sizeof(*c->copies));
	rc = c->parts && c->verified && c->copies
		     ? 1
		     : err_set(e, ERR_MEMORY, "no memory to check the index");
	while (rc == 1 && n < entries &&
	       (rc = db_move(cursor, n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		n++;
		if (check_part(c, key, value, e) < 0)
			rc = -1;
	}
	db_cursor_close(cursor);
	if (rc >= 0 && n != c->state.parts)
		fault(c, "%" PRIu64 " parts of the index are there, %u should be", n,
		      c->state.parts);
	return rc < 0 ? -1 : 0;
}

/* --- chunks ------------------------------------------------------------------------------- */

static void fault_chunk(struct checker *c, const struct chunk *k, const char *where,
			const char *why)
{
	char name[SERIES_TEXT], a[TIME_TEXT], b[TIME_TEXT];

	fault(c, "%s, %s to %s, %s: %s", name_of(c, k->series, name), time_text(k->first_ms, a),
	      time_text(k->last_ms, b), where, why);
}

static int unpack_samples(struct checker *c, const struct chunk *k, struct err *e)
{
	if (k->count > COLUMN_SAMPLES_MAX)
		return err_set(e, ERR_CORRUPT, "%u samples are too many", k->count);
	if (times_unpack(k->times, k->count, c->times, c->scratch, e) < 0 ||
	    values_unpack((enum value_encoding)k->encoding, k->values, k->count, c->values,
			  c->scratch, e) < 0)
		return -1;
	for (uint32_t i = 1; i < k->count; i++)
		if (c->times[i] <= c->times[i - 1])
			return err_set(e, ERR_CORRUPT, "its times do not rise");
	if (c->times[0] != k->first_ms || c->times[k->count - 1] != k->last_ms)
		return err_set(e, ERR_CORRUPT, "its times are not those of its description");
	return 0;
}

static int unpack_figures(struct checker *c, const struct chunk *k, struct err *e)
{
	if (figures_unpack(c->packer, k, c->figures, e) < 0)
		return -1;
	for (uint32_t i = 0; i < k->count; i++) {
		const struct figure *f = &c->figures[i];

		if (i > 0 && figure_cmp(&c->figures[i - 1], f) > 0)
			return err_set(e, ERR_CORRUPT, "its figures are out of order");
		if (f->sequence < 1 || f->sequence > c->state.sequence)
			return err_set(e, ERR_CORRUPT,
				       "a figure names submission %" PRIu64
				       ", which does not exist",
				       f->sequence);
		if (!figure_is_sound(f->value, f->flags))
			return err_set(e, ERR_CORRUPT,
				       f->flags & FIGURE_SUPPRESSED
					       ? "a suppressed figure has a value"
					       : "a figure is no finite number");
		c->kept[f->sequence - 1]++;
	}
	return 0;
}

static void check_chunk(struct checker *c, enum segment_kind kind, const struct chunk *k,
			const char *where)
{
	struct err e;

	if ((kind == SEGMENT_SAMPLES ? unpack_samples(c, k, &e) : unpack_figures(c, k, &e)) < 0 &&
	    !starved(c, &e))
		fault_chunk(c, k, where, e.text);
}

static void check_segment(struct checker *c, struct segment_reader *r, enum segment_kind kind,
			  const char *where)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };
	struct chunk k = { 0 };

	if (r->kind != kind)
		fault(c, "%s: it holds another kind of series", where);
	while (r->kind == kind && r->at.left > 0) {
		uint32_t left = r->at.left;
		struct err e;

		if (segment_next(r, &all, &k, &e) == 1) {
			check_chunk(c, kind, &k, where);
		} else if (starved(c, &e)) {
			return;
		} else if (r->at.left < left) {
			fault_chunk(c, &k, where, e.text);
		} else {
			fault(c, "%s: %s", where, e.text);
			return;
		}
	}
}

static void describe(struct checker *c, const struct layer *l, uint32_t i, const char *why)
{
	const struct segment_entry *s = &l->segments[i];
	char first[SERIES_TEXT], last[SERIES_TEXT], a[TIME_TEXT], b[TIME_TEXT];

	fault(c, "%s to %s, %s to %s: %s", name_of(c, s->first_series, first),
	      name_of(c, s->last_series, last), time_text(s->first_ms, a), time_text(s->last_ms, b),
	      why);
}

static void check_layer(struct checker *c, const struct layer *l)
{
	struct segment_reader r;
	char where[96];

	segment_reader_init(&r);
	for (uint32_t i = 0; i < l->nsegments; i++) {
		struct slice bytes;
		struct err e;

		snprintf(where, sizeof(where), "segment %u of %s %u", i,
			 l->run ? "run" : "partition", l->number);
		if (layer_segment(l, c->t, i, &bytes, &e) == 0 && segment_open(&r, bytes, &e) == 0)
			check_segment(c, &r, l->kind, where);
		else if (!starved(c, &e))
			describe(c, l, i, e.text);
	}
	segment_reader_release(&r);
}

/* --- partitions ------------------------------------------------------------------------------- */

static int check_partitions(struct checker *c, struct err *e)
{
	struct layer **list;
	uint64_t segments = 0, entries;
	uint32_t n, digest = 0, orphans = 0;

	if (partitions_load(c->t, &list, &n, e) < 0 ||
	    db_entries(c->t, DB_SEGMENTS, &entries, e) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		check_layer(c, list[i]);
		segments += list[i]->nsegments;
		digest ^= list[i]->crc;
		layer_unref(list[i]);
	}
	mem_free(list);
	if (n != c->state.partitions || digest != c->state.digest)
		fault(c, "%u partitions are there, %u should be, or one is an old one", n,
		      c->state.partitions);
	for (;; orphans++) { /* what a crash left of one that was being made */
		uint8_t key[KEY_SEGMENT_BYTES];
		struct slice value;
		int rc;

		key_segment(key, c->state.next_partition, orphans);
		rc = db_get(c->t, DB_SEGMENTS, key_slice(key, sizeof(key)), &value, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
	}
	if (entries != segments + orphans)
		fault(c, "%" PRIu64 " segments are there, %" PRIu64 " should be", entries,
		      segments + orphans);
	return 0;
}

/* --- fresh figures ------------------------------------------------------------------ */

static int seen_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		     struct err *e)
{
	struct checker *c = ctx;

	/* For names in faults only: one that comes late or twice is left out. */
	if (id <= memory_index_last(c->memory))
		return 0;
	return memory_index_add(c->memory, id, l, n, statistic, e);
}

static int seen_chunk(void *ctx, const struct chunk *k, struct err *e)
{
	(void)e;
	check_chunk(ctx, SEGMENT_FIGURES, k, "not packed yet");
	return 0;
}

/* What a damaged record says of what is lost with it. */
static int lost_chunk(void *ctx, const struct chunk *k, const char *why, struct err *e)
{
	(void)e;
	fault_chunk(ctx, k, "not packed yet",
		    why ? why : "it lies in a damaged record, so it is not shown");
	return 0;
}

static void check_damaged(struct checker *c, struct slice key, struct slice value)
{
	struct err why = { 0 };

	fault(c, "figures of submission %" PRIu64 ": the checksum is wrong",
	      key.n == KEY_SUBMISSION_BYTES ? get_be64(key.p) : 0);
	if (fresh_record_salvage(value, lost_chunk, c, &why) < 0)
		starved(c, &why);
}

static int check_fresh(struct checker *c, struct err *e)
{
	const struct fresh_visitor visitor = { seen_name, seen_chunk, c };
	struct db_cursor *cursor;
	struct slice key, value;
	uint64_t n = 0;
	int rc;

	if (db_cursor_open(c->t, DB_FRESH, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		struct err why = { 0 };

		n++;
		if (key.n != KEY_SUBMISSION_BYTES || !record_good(key, value))
			check_damaged(c, key, value);
		else if (get_be64(key.p) <= c->state.packed_sequence)
			fault(c, "figures of submission %" PRIu64 " should have been packed",
			      get_be64(key.p));
		else if (fresh_record_read(value, &visitor, &why) < 0 && !starved(c, &why))
			fault(c, "figures of submission %" PRIu64 ": %s", get_be64(key.p),
			      why.text);
	}
	db_cursor_close(cursor);
	return rc;
}

/* --- submissions -------------------------------------------------------------------- */

static void check_submission(struct checker *c, struct slice key, struct slice value)
{
	uint64_t sequence = get_be64(key.p);
	struct submission_view view;
	struct err e;

	if (!record_good(key, value))
		fault(c, "submission %" PRIu64 " is damaged: the checksum is wrong", sequence);
	else if (sequence < 1 || sequence > c->state.sequence)
		fault(c, "submission %" PRIu64 ": the store knows only %" PRIu64, sequence,
		      c->state.sequence);
	else if (submission_read(value, &view, &e) < 0)
		fault(c, "submission %" PRIu64 ": %s", sequence, e.text);
	else if (view.s.kept != c->kept[sequence - 1])
		fault(c, "submission %" PRIu64 " kept %u figures, %u are there", sequence,
		      view.s.kept, c->kept[sequence - 1]);
	else if (view.s.cells != c->refused[sequence - 1])
		fault(c, "submission %" PRIu64 " names %u refused figures, %u are there", sequence,
		      view.s.cells, c->refused[sequence - 1]);
}

static void refused_fault(void *ctx, const char *text)
{
	fault(ctx, "%s", text);
}

static int check_refused(struct checker *c, struct err *e)
{
	return refused_count(c->t, c->state.sequence, c->refused, refused_fault, c, e);
}

static void check_entry(struct checker *c, struct slice key, struct slice value)
{
	uint64_t number = get_be64(key.p);
	struct ledger_view view;
	struct err e;

	if (!record_good(key, value))
		fault(c, "entry %" PRIu64 " of the ledger is damaged: the checksum is wrong",
		      number);
	else if (ledger_read(key, value, &view, &e) < 0)
		fault(c, "entry %" PRIu64 " of the ledger: %s", number, e.text);
	else if (view.submission > c->state.sequence)
		fault(c,
		      "entry %" PRIu64 " of the ledger names submission %" PRIu64
		      ", which does not exist",
		      number, view.submission);
}

static void check_original(struct checker *c, struct slice key, struct slice value)
{
	struct original_piece p;
	char hex[SHA256_HEX];
	struct err e;

	sha256_hex((const uint8_t *)key.p, hex);
	if (!record_good(key, value))
		fault(c, "original %s is damaged: the checksum is wrong", hex);
	else if (original_read(key, value, &p, &e) < 0 || original_follow(&c->original, &p, &e) < 0)
		fault(c, "original %s: %s", hex, e.text);
}

/* Calls `each` for every record of a table; *n of them. */
static int scan(struct checker *c, enum db_table table, size_t key_bytes,
		void (*each)(struct checker *c, struct slice key, struct slice value), uint64_t *n,
		struct err *e)
{
	struct db_cursor *cursor;
	struct slice key, value;
	int rc;

	*n = 0;
	if (db_cursor_open(c->t, table, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, *n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		++*n;
		if (key.n != key_bytes)
			fault(c, "table \"%s\": record %" PRIu64 " has a key of %zu bytes",
			      db_table_name(table), *n, key.n);
		else
			each(c, key, value);
	}
	db_cursor_close(cursor);
	return rc;
}

static int check_submissions(struct checker *c, struct err *e)
{
	uint64_t n;

	if (scan(c, DB_SUBMISSIONS, KEY_SUBMISSION_BYTES, check_submission, &n, e) < 0)
		return -1;
	if (n != c->state.sequence)
		fault(c, "%" PRIu64 " submissions are there, %" PRIu64 " should be", n,
		      c->state.sequence);
	return 0;
}

static int check_ledger(struct checker *c, struct err *e)
{
	struct err why;
	uint64_t n;

	if (scan(c, DB_LEDGER, KEY_LEDGER_BYTES, check_entry, &n, e) < 0)
		return -1;
	if (ledger_check_count(c->t, &why) < 0)
		fault(c, "%s", why.text);
	if (scan(c, DB_ORIGINALS, KEY_ORIGINAL_BYTES, check_original, &n, e) < 0)
		return -1;
	if (original_follow(&c->original, NULL, &why) < 0)
		fault(c, "the last original: %s", why.text);
	return 0;
}

/* What the checks of findings count. */
struct findings_met {
	struct finding_counts is;
	uint64_t reached; /* by series and period */
};

static int check_finding(struct checker *c, struct slice key, struct slice value,
			 struct findings_met *met, struct err *e)
{
	struct arena_mark mark = arena_mark(&c->arena);
	uint8_t cell[KEY_FINDING_CELL_BYTES];
	struct finding f;
	struct slice at;
	struct err why;
	int rc = 0;

	met->is.last++;
	if (!record_good(key, value)) {
		fault(c, "finding %" PRIu64 " is damaged: the checksum is wrong", get_be64(key.p));
	} else if (finding_read(key, value, &c->arena, &f, &why) < 0) {
		fault(c, "finding %" PRIu64 ": %s", get_be64(key.p), why.text);
	} else {
		met->is.of[f.state]++;
		finding_cell_key(&f, cell);
		rc = record_get(c->t, DB_FINDING_CELLS, key_slice(cell, sizeof(cell)), &at, e);
		met->reached += rc == 1;
		if (rc == 0)
			fault(c, "finding %" PRIu64 " is not listed by series and period", f.id);
		if (f.id != met->is.last)
			fault(c, "a finding before %" PRIu64 " is missing", f.id);
		if (f.submission > c->state.sequence)
			fault(c,
			      "finding %" PRIu64 " names submission %" PRIu64
			      ", which does not exist",
			      f.id, f.submission);
	}
	arena_reset(&c->arena, mark);
	return rc < 0 ? -1 : 0;
}

static int walk_findings(struct checker *c, struct findings_met *met, struct err *e)
{
	struct db_cursor *cursor;
	struct slice key, value;
	uint64_t n = 0;
	int rc;

	if (db_cursor_open(c->t, DB_FINDINGS, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, n++ ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		if (key.n != KEY_FINDING_BYTES)
			fault(c, "table \"findings\": record %" PRIu64 " has a key of %zu bytes", n,
			      key.n);
		else if (check_finding(c, key, value, met, e) < 0)
			break;
	}
	db_cursor_close(cursor);
	return rc == 0 ? 0 : -1;
}

static int check_findings(struct checker *c, struct err *e)
{
	struct findings_met met = { 0 };
	struct finding_counts said;
	uint64_t cells;

	if (finding_counts_get(c->t, &said, e) < 0 || walk_findings(c, &met, e) < 0 ||
	    db_entries(c->t, DB_FINDING_CELLS, &cells, e) < 0)
		return -1;
	if (memcmp(&said, &met.is, sizeof(said)) != 0)
		fault(c, "%" PRIu64 " findings are there, %" PRIu64 " should be, by states too",
		      met.is.last, said.last);
	if (cells != met.reached)
		fault(c,
		      "%" PRIu64 " findings are listed by series and period, %" PRIu64 " are there",
		      cells, met.reached);
	return 0;
}

static int check_metadata(struct checker *c, struct err *e)
{
	struct db_cursor *cursor;
	struct slice key, value;
	uint64_t n = 0;
	int rc;

	if (db_cursor_open(c->t, DB_METADATA, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, n++ ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1)
		if (!record_good(key, value))
			fault(c, "metadata of %.*s: the checksum is wrong",
			      key.n > 256 ? 256 : (int)key.n, key.p);
	db_cursor_close(cursor);
	return rc;
}

/* --- files -------------------------------------------------------------------------- */

/* Beside a writer files come and go. */
static bool may_be_gone(const struct checker *c, const struct err *e)
{
	return c->beside_writer && e->code == ERR_NOT_FOUND;
}

/* What is wrong with a file is a fault; having no memory to look is not. */
static int tell_file(struct checker *c, const struct err *why, struct err *e)
{
	if (why->code == ERR_MEMORY) {
		if (e)
			*e = *why;
		return -1;
	}
	if (!may_be_gone(c, why))
		fault(c, "%s", why->text);
	return 0;
}

/* Beside a writer files come and go. */
static void missed(struct checker *c, bool runs, uint64_t from, uint64_t to)
{
	struct err why;

	numbers_missing(runs, from, to, &why);
	if (!c->beside_writer)
		fault(c, "%s", why.text);
}

static int check_runs(struct checker *c, uint64_t *covered, struct err *e)
{
	uint64_t *numbers;
	size_t n;
	int rc = 0;

	*covered = c->state.packed_run;
	if (numbered_files(c->dir, "runs", ".run", &numbers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct layer *l;
		struct err why;

		if (numbers[i] <= c->state.packed_run)
			continue;
		l = run_open(c->dir, numbers[i], &why);
		if (!l)
			rc = tell_file(c, &why, e);
		if (l) {
			if (l->from > *covered + 1)
				missed(c, true, *covered + 1, l->from - 1);
			check_layer(c, l);
		}
		layer_unref(l);
		*covered = numbers[i];
	}
	mem_free(numbers);
	return rc;
}

struct log_check {
	struct rw_reader *reader;
	struct buf raw;
	uint64_t named; /* series in the file */
};

static int check_named(void *ctx, struct slice labels, struct err *e)
{
	struct label l[LABELS_MAX];
	size_t n;

	(void)ctx;
	return rw_labels(labels, l, &n, e);
}

static int check_logged(void *ctx, const struct wal_record *r, struct err *e)
{
	static const struct log_samples_visitor v = { .series = check_named };
	struct log_check *k = ctx;
	struct rw_request request;

	if (r->kind == WAL_SAMPLES)
		return log_samples_read(r, &v, &k->named, e);
	buf_clear(&k->raw);
	if (snappy_decode(r->body, remote_write_defaults.raw_bytes, &k->raw, e) < 0)
		return -1;
	return rw_read(k->reader, buf_all(&k->raw), &remote_write_defaults, &request, e);
}

/* Beside a writer the last one may have come or gone since. */
static void check_last_log(struct checker *c, uint64_t have)
{
	uint64_t marked;
	struct err why;

	if (c->beside_writer)
		return;
	if (log_mark_read(c->dir, &marked, &why) < 0 || log_mark_check(marked, have, &why) < 0)
		fault(c, "%s", why.text);
}

static int check_log(struct log_check *k, const char *path, uint64_t number, uint64_t marked,
		     struct err *e)
{
	struct wal_held h;
	uint64_t end;
	int rc;

	k->named = 0;
	if (wal_hold(path, number, &h, e) < 0)
		return -1;
	rc = wal_never_begun(&h, marked, path, e);
	if (rc == 0)
		rc = wal_read_held(&h, path, check_logged, k, &end, e);
	wal_let_go(&h);
	return rc < 0 ? -1 : 0;
}

static int check_logs(struct checker *c, uint64_t covered, struct err *e)
{
	struct log_check k = { .reader = rw_reader_new(e) };
	uint64_t *numbers = NULL, marked;
	size_t n = 0;
	int rc = k.reader ? 0 : -1;

	/* Before the files: beside a writer both go on. When it is damaged all files count. */
	if (rc == 0 && log_mark_read(c->dir, &marked, NULL) < 0)
		marked = UINT64_MAX;
	if (rc == 0)
		rc = numbered_files(c->dir, "log", ".log", &numbers, &n, e);
	buf_init(&k.raw, 2 * remote_write_defaults.raw_bytes);
	for (size_t i = 0; i < n && rc == 0; i++) {
		char path[4096];
		struct err why;

		if (numbers[i] <= covered)
			continue;
		if (numbers[i] != covered + 1)
			missed(c, false, covered + 1, numbers[i] - 1);
		covered = numbers[i];
		rc = numbered_path(path, c->dir, "log", numbers[i], ".log", e);
		if (rc == 0 && check_log(&k, path, numbers[i], marked, &why) < 0)
			rc = tell_file(c, &why, e);
	}
	if (rc == 0)
		check_last_log(c, covered);
	buf_release(&k.raw);
	rw_reader_free(k.reader);
	mem_free(numbers);
	return rc;
}

/* --- all of it ---------------------------------------------------------------------- */

static int read_heads(struct checker *c, struct err *e)
{
	struct slice value;
	int rc = db_get(c->t, DB_META, key_format, &value, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's format record is missing");
	if (rc < 0 || format_read(value, e) < 0)
		return -1;
	rc = db_get(c->t, DB_META, key_state, &value, e);
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	return rc < 0 ? -1 : state_read(value, &c->state, e);
}

static int prepare(struct checker *c, struct err *e)
{
	const size_t room = COLUMN_SAMPLES_MAX + COLUMN_SLACK;

	arena_init(&c->arena, CHECK_ARENA);
	c->kept = mem_zalloc((size_t)(c->state.sequence + 1) * sizeof(*c->kept));
	c->refused = mem_zalloc((size_t)(c->state.sequence + 1) * sizeof(*c->refused));
	c->times = mem_alloc(room * sizeof(*c->times));
	c->values = mem_alloc(room * sizeof(*c->values));
	c->figures = mem_alloc(room * sizeof(*c->figures));
	c->memory = memory_index_new(e);
	c->scratch = columns_scratch_new(e);
	c->packer = figure_packer_new(e);
	if (c->kept && c->refused && c->times && c->values && c->figures && c->memory &&
	    c->scratch && c->packer)
		return 0;
	return err_set(e, ERR_MEMORY, "no memory to check the store");
}

/* Whether keys rise, and whether a search from the root comes to each record that the walk along
 * the leaves is at: a key changed in a branch page misleads searches only. One fault for a row of
 * them. */
static int check_reach(struct checker *c, enum db_table table, struct err *e)
{
	uint8_t last[LABEL_NAME_MAX_BYTES];
	struct slice key, value, found, before = { 0 };
	struct db_cursor *cursor;
	uint64_t n = 0, entries;
	bool missed = false;
	int rc;

	if (db_entries(c->t, table, &entries, e) < 0 || db_cursor_open(c->t, table, &cursor, e) < 0)
		return -1;
	while ((rc = db_move(cursor, n ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		struct err why;

		n++;
		if (n > 1 && slice_cmp(before, key) >= 0)
			fault(c, "table \"%s\": record %" PRIu64 " is out of order",
			      db_table_name(table), n);
		if (db_get(c->t, table, key, &found, &why) == 1 && found.p == value.p) {
			missed = false;
		} else if (!missed) {
			missed = true;
			fault(c,
			      "table \"%s\", record %" PRIu64 ": a search does not find it: a page "
			      "that leads to it is damaged",
			      db_table_name(table), n);
		}
		before = slice_of((const char *)last, key.n < sizeof(last) ? key.n : sizeof(last));
		memcpy(last, key.p, before.n);
	}
	db_cursor_close(cursor);
	if (rc == 0 && n != entries)
		fault(c, "table \"%s\": %" PRIu64 " records are there, %" PRIu64 " should be",
		      db_table_name(table), n, entries);
	return rc;
}

static int check_tables(struct checker *c, struct err *e)
{
	uint64_t covered;

	for (int i = 0; i < DB_TABLES; i++)
		if (check_reach(c, (enum db_table)i, e) < 0)
			return -1;

	if (read_heads(c, e) < 0 || prepare(c, e) < 0 || check_parts(c, e) < 0 ||
	    check_fresh(c, e) < 0 || check_partitions(c, e) < 0 || check_refused(c, e) < 0 ||
	    check_submissions(c, e) < 0 || check_metadata(c, e) < 0 || check_findings(c, e) < 0 ||
	    check_ledger(c, e) < 0 || check_runs(c, &covered, e) < 0)
		return -1;
	return check_logs(c, covered, e);
}

static void release_checker(struct checker *c)
{
	for (size_t i = 0; i < c->nparts; i++) {
		index_verified_free(c->verified[i]);
		mem_free(c->copies[i]);
	}
	mem_free(c->parts);
	mem_free(c->verified);
	mem_free(c->copies);
	memory_index_unref(c->memory);
	columns_scratch_free(c->scratch);
	figure_packer_free(c->packer);
	mem_free(c->times);
	mem_free(c->values);
	mem_free(c->figures);
	mem_free(c->kept);
	mem_free(c->refused);
	arena_release(&c->arena);
}

/* --- child and parent --------------------------------------------------------------- */

/* What could not be read on is a fault too, once the store itself was open. */
static void check_in_child(const char *dir, bool alone, FILE *to)
{
	struct db_options o = { .dir = dir, .mode = alone ? DB_READ_ALONE : DB_READ };
	struct checker c = { .dir = dir, .to = to, .beside_writer = !alone };
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	int rc = -1;

	if (db && db_read_begin(db, &c.t, &e) == 0) {
		rc = check_tables(&c, &e);
		release_checker(&c);
		db_read_end(c.t);
	}
	db_close(db);
	if (rc == 0 && c.starved.code != ERR_NONE) {
		e = c.starved;
		rc = -1;
	}
	if (rc < 0 && e.code == ERR_CORRUPT) {
		fault(&c, "%s", e.text);
		rc = 0;
	}
	if (rc < 0)
		fprintf(to, "E%d %s\n", e.code, e.text);
	else
		fprintf(to, "D\n");
}

static long collect(FILE *from, FILE *to, bool *ended, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	long faults = 0;
	ssize_t n;

	*ended = false;
	while ((n = getline(&line, &cap, from)) > 0) {
		line[n - 1] = '\0';
		if (line[0] == 'F') {
			fprintf(to, "%s\n", line + 1);
			faults++;
		} else if (line[0] == 'D') {
			*ended = true;
		} else if (line[0] == 'E') {
			char *text;
			long code = strtol(line + 1, &text, 10);

			*ended = true;
			faults = err_set(e, (enum err_code)code, "%s", text + (*text == ' '));
			break;
		}
	}
	free(line);
	return faults;
}

static void tell_end(FILE *to, int signal)
{
	if (signal == SIGBUS)
		fprintf(to,
			"reading ended with signal %d: data.mdb is cut off, or the disk does "
			"not give all of it\n",
			signal);
	else
		fprintf(to, "reading ended with signal %d: the pages of data.mdb are damaged\n",
			signal);
}

static long check_with_child(const char *dir, bool alone, FILE *to, struct err *e)
{
	int ends[2], status = 0;
	FILE *from;
	bool ended = false;
	long faults;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot check the store");
	fflush(to);
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_sys(e, errno, "cannot check the store");
	}
	if (child == 0) {
		static const int falls[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
		FILE *pipe_to = fdopen(ends[1], "w");

		/* Nobody would be told, and it has inherited the locks of whoever asked. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A handler of the program would go on with the program. */
		for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
			signal(falls[i], SIG_DFL);
		if (pipe_to) {
			check_in_child(dir, alone, pipe_to);
			fflush(pipe_to);
		}
		_exit(0);
	}
	close(ends[1]);
	from = fdopen(ends[0], "r");
	faults = from ? collect(from, to, &ended, e) : err_sys(e, errno, "cannot check the store");
	if (from)
		fclose(from);
	else
		close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (faults >= 0 && !ended) {
		tell_end(to, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		faults++;
	}
	return faults;
}

long store_check(const char *dir, FILE *to, struct err *e)
{
	struct err why = { 0 };
	bool marked, busy;
	long faults;
	int lock;

	if (disk_folder_open(dir, false, e) < 0)
		return -1;
	lock = lockfile_take_existing(dir, &why);
	busy = lock < 0 && why.code == ERR_BUSY;
	if (lock < 0 && !busy && why.code != ERR_NONE) {
		if (e)
			*e = why;
		return -1;
	}
	why = (struct err){ .code = ERR_NONE };
	if (version_check(dir, &marked, &why) == 0 && busy && !marked)
		err_set(&why, ERR_NOT_FOUND, "there is no store in %s yet, it is being made", dir);
	if (why.code == ERR_NONE) {
		faults = check_with_child(dir, !busy, to, e);
	} else if (why.code == ERR_CORRUPT) {
		fprintf(to, "%s\n", why.text);
		faults = 1;
	} else {
		faults = -1;
		if (e)
			*e = why;
	}
	lockfile_release(lock);
	return faults;
}
