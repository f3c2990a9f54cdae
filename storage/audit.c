/*
 * audit.c - see audit.h.
 *
 * The chain is walked once, in the order of its entries. What an entry should say
 * about a submission is printed anew from the submission's record and the figures
 * themselves and compared as text, so no field can be forgotten. The digests of the
 * figures are worked out for a window of submissions at a time, because figures lie
 * in the order of series: each window costs one pass over them.
 */
#include "storage/audit.h"

#include "base/alloc.h"
#include "storage/audit_figures.h"
#include "storage/digest.h"
#include "storage/findings.h"
#include "storage/refused_records.h"
#include "storage/ledger.h"
#include "storage/originals.h"
#include "storage/submission.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdlib.h>

enum { WINDOW = 100000 }; /* about 14 MB */

/* What later entries say of a submission. */
enum end { RELEASED = 1, RETURNED = 2, END_BITS = 2, ENDS_IN_BYTE = 4 };

/* The figures of one submission. */
struct rows {
	struct digest digest;
	uint32_t n;
	bool there; /* its record could be read */
	int64_t received_ms, released_ms;
};

struct audit {
	struct db_txn *t;
	struct audit_teller tell;
	struct audit_sum *sum;
	struct state state;
	struct audit_figures figures;
	bool has_figures;
	struct rows *rows;      /* of submissions first … first + window - 1 */
	uint64_t first, window; /* first 0: no window yet */
	uint8_t *owes;          /* enum end bits a submission: an entry that says so must come */
	uint64_t next;          /* submission whose entry comes next */
	uint64_t acts;          /* answers and acceptances met */
	uint8_t last[SHA256_BYTES];
	const uint8_t *wanted;
	bool met; /* `wanted` */
	struct original_follow original;
	struct buf text;
	struct err failed; /* no memory to look at an original: no fault of the store */
};

#define fault(a, ...) audit_tell(&(a)->tell, __VA_ARGS__)

/* Calls `each` for every record of a table; it tells faults itself. */
typedef void each_record(struct audit *a, struct slice key, struct slice value);

static int scan(struct audit *a, enum db_table table, size_t key_bytes, each_record *each,
		uint64_t *n, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	int rc;

	*n = 0;
	if (db_cursor_open(a->t, table, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, how, &key, &value, e)) == 1) {
		how = DB_NEXT;
		++*n;
		if (key.n != key_bytes)
			fault(a, "table \"%s\": record %" PRIu64 " has a key of %zu bytes",
			      db_table_name(table), *n, key.n);
		else
			each(a, key, value);
	}
	db_cursor_close(c);
	return rc < 0 ? -1 : 0;
}

/* --- figures ---------------------------------------------------------------------------- */

static struct rows *rows_in_window(struct audit *a, uint64_t sequence)
{
	if (sequence < a->first || sequence - a->first >= a->window)
		return NULL;
	return &a->rows[sequence - a->first];
}

static void tell_figure(struct audit *a, const struct labels *ls, const struct figure *f,
			const char *why)
{
	char name[SERIES_TEXT], at[TIME_TEXT];

	fault(a, "%s: the figure of %s %s", series_text(ls, name), time_text(f->stamp_ms, at), why);
}

/* When a figure was received and released is its submission's, unless its known-from was given.
 * What was not released when the figure was written is looked up in the submission. */
static void compare_times(struct audit *a, const struct rows *r, const struct labels *ls,
			  const struct figure *f)
{
	int64_t want = f->known == KNOWN_GIVEN ? f->known_from_ms : r->released_ms;
	int64_t is = f->released_ms ? f->released_ms : r->released_ms;

	if (f->received_ms != r->received_ms)
		tell_figure(a, ls, f, "was received at another time than its submission");
	if (is != want)
		tell_figure(a, ls, f, "is released at another time than its submission");
}

/* What is wrong with one is told in the first pass, or in the one of its window. */
static void look_at_figure(void *ctx, uint32_t series, const struct labels *ls,
			   const struct figure *f)
{
	struct audit *a = ctx;
	struct rows *r = rows_in_window(a, f->sequence);

	a->sum->figures += a->first == 1;
	if (r) {
		r->n++;
		digest_add(&r->digest, series, ls, f);
		if (r->there)
			compare_times(a, r, ls, f);
	} else if (a->first == 1 && (f->sequence < 1 || f->sequence > a->state.sequence)) {
		tell_figure(a, ls, f, "names a submission that does not exist");
	}
}

static int get_submission(struct audit *a, uint64_t sequence, struct submission_view *view,
			  struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES];
	struct slice value;
	int rc;

	key_submission(key, sequence);
	rc = record_get(a->t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), &value, e);
	if (rc != 1)
		return rc;
	if (submission_read(value, view, e) < 0)
		return -1;
	view->s.sequence = sequence;
	return 1;
}

static int read_window(struct audit *a, uint64_t first, struct err *e)
{
	a->first = first;
	for (uint64_t i = 0; i < a->window; i++) {
		struct rows *r = &a->rows[i];
		struct submission_view view = { 0 };
		struct err why;

		*r = (struct rows){ .there = first + i <= a->state.sequence &&
					     get_submission(a, first + i, &view, &why) == 1 };
		r->received_ms = view.s.received_ms;
		r->released_ms = view.s.released_ms;
		digest_init(&r->digest);
	}
	return audit_figures_walk(&a->figures, first == 1, look_at_figure, a, e);
}

/* --- entries ------------------------------------------------------------------------------ */

/* 1: *view is good; 0: told. */
static int need_submission(struct audit *a, uint64_t sequence, struct submission_view *view)
{
	struct err e = { 0 };
	int rc = get_submission(a, sequence, view, &e);

	if (rc == 0)
		fault(a, "submission %" PRIu64 " is missing", sequence);
	if (rc < 0)
		fault(a, "submission %" PRIu64 ": %s", sequence, e.text);
	return rc == 1;
}

static void need_original(struct audit *a, const struct submission *s)
{
	struct original_piece p;
	char hex[SHA256_HEX];
	struct err e = { 0 };
	int rc = original_find(a->t, s->body_sha256, &p, &e);

	sha256_hex(s->body_sha256, hex);
	if (rc == 0)
		fault(a, "submission %" PRIu64 ": its original %s is missing", s->sequence, hex);
	else if (rc < 0)
		fault(a, "submission %" PRIu64 ": its original %s: %s", s->sequence, hex, e.text);
	else if (p.bytes != s->body_bytes)
		fault(a,
		      "submission %" PRIu64 ": its original %s has %" PRIu64 " bytes, not %" PRIu64,
		      s->sequence, hex, p.bytes, s->body_bytes);
}

static void compare_texts(struct audit *a, const struct ledger_view *v)
{
	struct slice want = buf_all(&a->text), is = v->text;

	while (is.n && want.n) {
		const char *x = memchr(is.p, '\n', is.n), *y = memchr(want.p, '\n', want.n);
		struct slice one = slice_of(is.p, x ? (size_t)(x - is.p) : is.n);
		struct slice two = slice_of(want.p, y ? (size_t)(y - want.p) : want.n);

		if (!slice_eq(one, two)) {
			fault(a,
			      "submission %" PRIu64 ": entry %" PRIu64
			      " says \"%.*s\", the records say \"%.*s\"",
			      v->submission, v->number, SLICE_FMT(slice_cut(one, 200)),
			      SLICE_FMT(slice_cut(two, 200)));
			return;
		}
		is = slice_skip(is, one.n + (x != NULL));
		want = slice_skip(want, two.n + (y != NULL));
	}
	if (is.n || want.n)
		fault(a, "submission %" PRIu64 ": entry %" PRIu64 " has other lines", v->submission,
		      v->number);
}

static unsigned owed(const struct audit *a, uint64_t sequence)
{
	unsigned shift = sequence % ENDS_IN_BYTE * END_BITS;

	return a->owes[sequence / ENDS_IN_BYTE] >> shift & (RELEASED | RETURNED);
}

/* Turns these bits over. */
static void change_owed(struct audit *a, uint64_t sequence, unsigned ends)
{
	a->owes[sequence / ENDS_IN_BYTE] ^= (uint8_t)(ends << sequence % ENDS_IN_BYTE * END_BITS);
}

/* Released when it came, as the entry says; else later, and then another entry says so. */
static int64_t released_at_first(struct audit *a, const struct ledger_view *v,
				 const struct submission *s)
{
	struct slice said;
	bool not_yet = ledger_field(v->text, "released", &said) && slice_is(said, "not yet");

	change_owed(a, s->sequence,
		    owed(a, s->sequence) ^ ((not_yet && s->released_ms ? RELEASED : 0) |
					    (s->returned_ms ? RETURNED : 0)));
	return not_yet ? 0 : s->released_ms;
}

static int check_submission(struct audit *a, const struct ledger_view *v, struct err *e)
{
	struct submission_view view = { 0 };
	uint8_t kept[SHA256_BYTES];
	struct ledger_facts facts = {
		.number = v->number, .submission = &view, .kept_sha256 = kept, .previous = a->last
	};
	struct rows *r;

	if (v->submission != a->next)
		fault(a,
		      "entry %" PRIu64 " is about submission %" PRIu64 ", %" PRIu64 " comes next",
		      v->number, v->submission, a->next);
	a->next = v->submission + 1;
	if (v->submission > a->state.sequence || !need_submission(a, v->submission, &view))
		return 0;
	if (!rows_in_window(a, v->submission) && read_window(a, v->submission, e) < 0)
		return -1;
	r = rows_in_window(a, v->submission);
	digest_end(&r->digest, kept);
	if (r->n != view.s.kept)
		fault(a, "submission %" PRIu64 " kept %u figures, %u are there", v->submission,
		      view.s.kept, r->n);
	if (view.s.entry != v->number)
		fault(a, "submission %" PRIu64 " names entry %" PRIu64 ", its entry is %" PRIu64,
		      v->submission, view.s.entry, v->number);
	facts.released_ms = released_at_first(a, v, &view.s);
	buf_clear(&a->text);
	ledger_print_submission(&facts, &a->text);
	if (buf_check(&a->text, e) < 0)
		return -1;
	compare_texts(a, v);
	if (view.s.has_original)
		need_original(a, &view.s);
	return 0;
}

static void check_end(struct audit *a, const struct ledger_view *v)
{
	bool release = v->kind == LEDGER_RELEASE;
	unsigned end = release ? RELEASED : RETURNED;
	struct submission_view view = { 0 };
	char text[TIME_TEXT];
	struct slice said = { 0 };

	if (v->submission >= a->next || v->submission > a->state.sequence ||
	    !(owed(a, v->submission) & end)) {
		fault(a, "entry %" PRIu64 ": submission %" PRIu64 " is not %s by it", v->number,
		      v->submission, release ? "released" : "returned");
		return;
	}
	change_owed(a, v->submission, end);
	if (!need_submission(a, v->submission, &view))
		return;
	time_text(release ? view.s.released_ms : view.s.returned_ms, text);
	if (!ledger_field(v->text, "time", &said) || !slice_is(said, text))
		fault(a, "entry %" PRIu64 ": submission %" PRIu64 " was %s at %s, not at %.*s",
		      v->number, v->submission, release ? "released" : "returned", text,
		      SLICE_FMT(slice_cut(said, 60)));
}

/* The number in a line; 0: there is none. */
static uint64_t number_of(struct slice text, const char *name)
{
	char digits[24] = "";
	struct slice said;

	if (!ledger_field(text, name, &said) || said.n >= sizeof(digits))
		return 0;
	memcpy(digits, said.p, said.n);
	return strtoull(digits, NULL, 10);
}

static const struct finding_event *event_of_entry(const struct finding *f, uint64_t entry)
{
	for (size_t i = 0; i < f->nevents; i++)
		if (f->events[i].entry == entry)
			return &f->events[i];
	return NULL;
}

/* What the finding must say, in the words of the entry. */
static bool is_act(struct audit *a, const struct ledger_view *v, const struct finding *f,
		   const struct finding_event *x, struct slice value)
{
	uint8_t opening[SHA256_BYTES], previous[SHA256_BYTES];
	const struct ledger_act act = {
		.kind = x->to == FINDING_ANSWERED ? LEDGER_ANSWER : LEDGER_ACCEPTANCE,
		.submission = f->submission,
		.finding = f->id,
		.opening_sha256 = opening,
		.t_ms = x->t_ms,
		.by = x->by,
		.text = x->text,
	};

	if (!sha256_parse(slice_of((const char *)v->previous_hex, SHA256_HEX - 1), previous))
		return false;
	finding_opening(value, opening);
	buf_clear(&a->text);
	ledger_print_act(&act, v->number, previous, &a->text);
	return a->text.n == v->text.n && memcmp(a->text.p, v->text.p, v->text.n) == 0;
}

static int check_act(struct audit *a, const struct ledger_view *v, struct err *e)
{
	uint64_t id = number_of(v->text, "finding");
	const struct finding_event *x;
	struct finding f;
	struct slice value;
	struct arena arena;
	struct err why;
	int rc;

	arena_init(&arena, 2 * FINDING_RECORD_MAX);
	rc = finding_get(a->t, id, &arena, &f, &value, &why);
	if (rc < 0 && why.code != ERR_CORRUPT) {
		*e = why;
	} else if (rc != 1) {
		fault(a, "entry %" PRIu64 ": finding %" PRIu64 " is %s", v->number, id,
		      rc == 0 ? "missing" : "damaged");
		rc = 0;
	} else {
		rc = 0;
		x = event_of_entry(&f, v->number);
		if (!x || !is_act(a, v, &f, x, value))
			fault(a, "entry %" PRIu64 ": finding %" PRIu64 " does not say so",
			      v->number, id);
		else
			a->acts++;
	}
	arena_release(&arena);
	return rc;
}

/* Steps of people whose entry was not met. */
static int check_acts(struct audit *a, struct err *e)
{
	struct db_cursor *c;
	struct slice key, value;
	uint64_t n = 0, acts = 0;
	struct arena arena;
	int rc;

	arena_init(&arena, 2 * FINDING_RECORD_MAX);
	if (db_cursor_open(a->t, DB_FINDINGS, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, n++ ? DB_NEXT : DB_FIRST, &key, &value, e)) == 1) {
		struct arena_mark mark = arena_mark(&arena);
		struct finding f;
		struct err why;

		if (!record_good(key, value) || finding_read(key, value, &arena, &f, &why) < 0)
			fault(a, "finding %" PRIu64 " of the table is damaged", n);
		else
			for (size_t i = 0; i < f.nevents; i++)
				acts += f.events[i].to != FINDING_CORRECTED;
		arena_reset(&arena, mark);
	}
	db_cursor_close(c);
	arena_release(&arena);
	if (rc == 0 && acts != a->acts)
		fault(a, "findings have %" PRIu64 " answers and acceptances, the ledger %" PRIu64,
		      acts, a->acts);
	return rc;
}

static int check_entry(struct audit *a, const struct ledger_view *v, struct err *e)
{
	uint8_t is[SHA256_BYTES];
	char hex[SHA256_HEX];

	sha256_of(v->text, is);
	if (memcmp(is, v->hash, SHA256_BYTES) != 0)
		fault(a, "entry %" PRIu64 " does not have the hash it says", v->number);
	if (memcmp(v->previous_hex, sha256_hex(a->last, hex), SHA256_HEX - 1) != 0)
		fault(a, "entry %" PRIu64 " does not follow the one before it", v->number);
	a->met = a->met || (a->wanted && memcmp(is, a->wanted, SHA256_BYTES) == 0);
	if (v->kind == LEDGER_SUBMISSION || v->kind == LEDGER_REJECTED) {
		if (check_submission(a, v, e) < 0)
			return -1;
	} else if (v->kind == LEDGER_ANSWER || v->kind == LEDGER_ACCEPTANCE) {
		if (check_act(a, v, e) < 0)
			return -1;
	} else {
		check_end(a, v);
	}
	memcpy(a->last, is, SHA256_BYTES);
	return 0;
}

static int walk_entries(struct audit *a, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	uint64_t n = 0;
	int rc;

	if (db_cursor_open(a->t, DB_LEDGER, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, how, &key, &value, e)) == 1) {
		struct ledger_view v;
		struct err why = { 0 };

		how = DB_NEXT;
		n++;
		if (key.n != KEY_LEDGER_BYTES || !record_good(key, value))
			fault(a, "entry %" PRIu64 " is damaged: the checksum is wrong", n);
		else if (get_be64(key.p) != n)
			fault(a, "entry %" PRIu64 " stands where %" PRIu64 " should",
			      get_be64(key.p), n);
		else if (ledger_read(key, value, &v, &why) < 0)
			fault(a, "entry %" PRIu64 ": %s", n, why.text);
		else if (check_entry(a, &v, e) < 0) {
			rc = -1;
			break;
		}
	}
	db_cursor_close(c);
	a->sum->entries = n;
	return rc < 0 ? -1 : 0;
}

/* --- originals --------------------------------------------------------------------------- */

static void check_whole(struct audit *a, const struct original_piece *p)
{
	struct submission_view view = { 0 };
	char hex[SHA256_HEX];
	struct err e = { 0 };
	struct buf plain;

	sha256_hex(p->sha256, hex);
	buf_init(&plain, ORIGINAL_MAX_BYTES);
	if (original_get(a->t, p->sha256, &plain, &e) < 0) {
		if (e.code == ERR_MEMORY)
			a->failed = e;
		else
			fault(a, "original %s: %s", hex, e.text);
	}
	buf_release(&plain);
	if (get_submission(a, p->submission, &view, &e) != 1 || !view.s.has_original ||
	    memcmp(view.s.body_sha256, p->sha256, SHA256_BYTES) != 0)
		fault(a, "original %s: it did not come with submission %" PRIu64, hex,
		      p->submission);
	a->sum->originals++;
}

static void look_at_original(struct audit *a, struct slice key, struct slice value)
{
	struct original_piece p;
	char hex[SHA256_HEX];
	struct err e = { 0 };

	sha256_hex((const uint8_t *)key.p, hex);
	if (!record_good(key, value))
		fault(a, "original %s is damaged: the checksum is wrong", hex);
	else if (original_read(key, value, &p, &e) < 0 || original_follow(&a->original, &p, &e) < 0)
		fault(a, "original %s: %s", hex, e.text);
	else if (p.number == 0)
		check_whole(a, &p);
}

/* --- all of it ------------------------------------------------------------------------------ */

static int read_heads(struct audit *a, struct err *e)
{
	struct slice value;
	int rc = db_get(a->t, DB_META, key_format, &value, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's format record is missing");
	if (rc < 0 || format_read(value, e) < 0)
		return -1;
	rc = db_get(a->t, DB_META, key_state, &value, e);
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "the store's state record is missing");
	if (rc < 0 || state_read(value, &a->state, e) < 0)
		return -1;
	return ledger_head_get(a->t, &a->sum->head, e);
}

static int prepare(struct audit *a, struct err *e)
{
	buf_init(&a->text, LEDGER_TEXT_MAX);
	a->next = 1;
	if (read_heads(a, e) < 0)
		return -1;
	a->window = a->state.sequence < WINDOW ? a->state.sequence + 1 : WINDOW;
	a->rows = mem_alloc((size_t)a->window * sizeof(*a->rows));
	a->owes = mem_zalloc((size_t)(a->state.sequence / ENDS_IN_BYTE + 1));
	if (!a->rows || !a->owes)
		return err_set(e, ERR_MEMORY, "no memory for the audit");
	a->has_figures = true;
	return audit_figures_open(&a->figures, a->t, &a->state, a->tell, e);
}

static void release(struct audit *a)
{
	if (a->has_figures)
		audit_figures_close(&a->figures);
	mem_free(a->rows);
	mem_free(a->owes);
	buf_release(&a->text);
}

static void check_ends(struct audit *a)
{
	const struct ledger_head *head = &a->sum->head;
	struct err e = { 0 };

	if (a->sum->entries != head->entries)
		fault(a, "%" PRIu64 " entries are there, the head says %" PRIu64, a->sum->entries,
		      head->entries);
	if (memcmp(a->last, head->hash, SHA256_BYTES) != 0)
		fault(a, "the last entry is not the one that the head names");
	if (a->next != a->state.sequence + 1)
		fault(a, "%" PRIu64 " submissions have entries, the store knows %" PRIu64,
		      a->next - 1, a->state.sequence);
	for (uint64_t n = 1; n <= a->state.sequence; n++)
		if (owed(a, n))
			fault(a,
			      "submission %" PRIu64 ": no entry says that it was released or "
			      "returned later",
			      n);
	if (original_follow(&a->original, NULL, &e) < 0)
		fault(a, "the last original: %s", e.text);
	if (a->wanted && !a->met)
		fault(a, "the hash that was given is not in the chain");
}

static int check_counts(struct audit *a, struct err *e)
{
	if (db_entries(a->t, DB_SUBMISSIONS, &a->sum->submissions, e) < 0)
		return -1;
	if (a->sum->submissions != a->state.sequence)
		fault(a, "%" PRIu64 " submissions are there, %" PRIu64 " should be",
		      a->sum->submissions, a->state.sequence);
	return 0;
}

static void refused_fault(void *ctx, const char *text)
{
	struct audit *a = ctx;

	fault(a, "%s", text);
}

static int compare_refused(struct audit *a, const uint32_t *there, struct err *e)
{
	for (uint64_t n = 1; n <= a->state.sequence; n++) {
		struct submission_view view = { 0 };
		uint8_t key[KEY_SUBMISSION_BYTES];
		struct slice value;
		struct err why;

		key_submission(key, n);
		if (db_get(a->t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), &value, e) < 0)
			return -1;
		/* One that is missing or damaged was told already. */
		if (value.p && submission_read(value, &view, &why) == 0 &&
		    view.s.cells != there[n - 1])
			fault(a, "submission %" PRIu64 " names %u refused figures, %u are there", n,
			      view.s.cells, there[n - 1]);
	}
	return 0;
}

/* They are in no entry: what was refused can be found again in the original. */
static int check_refused(struct audit *a, struct err *e)
{
	uint32_t *there = mem_zalloc((size_t)(a->state.sequence + 1) * sizeof(*there));
	int rc;

	if (!there)
		return err_set(e, ERR_MEMORY, "no memory to count refused figures");
	rc = refused_count(a->t, a->state.sequence, there, refused_fault, a, e);
	if (rc == 0)
		rc = compare_refused(a, there, e);
	mem_free(there);
	return rc;
}

static int audit(struct audit *a, struct err *e)
{
	uint64_t n;

	if (prepare(a, e) < 0 || check_counts(a, e) < 0 || read_window(a, 1, e) < 0 ||
	    walk_entries(a, e) < 0 || check_acts(a, e) < 0 || check_refused(a, e) < 0 ||
	    scan(a, DB_ORIGINALS, KEY_ORIGINAL_BYTES, look_at_original, &n, e) < 0)
		return -1;
	if (a->failed.code != ERR_NONE) {
		*e = a->failed;
		return -1;
	}
	check_ends(a);
	return 0;
}

int audit_walk(struct db_txn *t, const uint8_t *wanted, FILE *pipe, struct audit_sum *out,
	       struct err *e)
{
	struct audit a = { .t = t,
			   .tell = { .pipe = pipe, .faults = &out->faults },
			   .sum = out,
			   .wanted = wanted };
	int rc;

	*out = (struct audit_sum){ 0 };
	rc = audit(&a, e);
	release(&a);
	return rc;
}

static int audit_work(struct db_txn *t, void *ctx, FILE *pipe, struct err *e)
{
	struct audit_sum sum;
	char hex[SHA256_HEX];

	if (audit_walk(t, ctx, pipe, &sum, e) < 0)
		return -1;
	apart_say(pipe, "%" PRIu64 " submissions, %" PRIu64 " figures, %" PRIu64 " originals",
		  sum.submissions, sum.figures, sum.originals);
	apart_say(pipe, "head %s", sha256_hex(sum.head.hash, hex));
	apart_say(pipe, "%" PRIu64 " entries, %" PRIu64 " faults", sum.entries, sum.faults);
	return 0;
}

long store_audit(const char *dir, const uint8_t *wanted, FILE *to, struct err *e)
{
	return apart_read(dir, audit_work, (void *)(uintptr_t)wanted, to, e);
}
