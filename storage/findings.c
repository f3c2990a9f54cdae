/*
 * findings.c - see findings.h: what the writer does with findings.
 *
 * Most series have none, so an append costs one search of `finding_cells` for each of its series,
 * and nothing while no finding pends and nothing is doubted. What is found there is gathered
 * before anything is written: a cursor does not survive a change.
 */
#include "storage/findings.h"

#include "base/counter.h"
#include "storage/keys.h"
#include "storage/ledger.h"
#include "storage/store_impl.h"
#include "storage/walk.h"

#include <inttypes.h>

enum { CELL_BYTES = 8 }; /* CRC and zeros: the key says all */

/* --- records ------------------------------------------------------------------------------ */

static int put_finding(struct db_txn *t, const struct finding *f, struct err *e)
{
	uint8_t key[KEY_FINDING_BYTES];
	struct buf value;
	int rc;

	buf_init(&value, FINDING_RECORD_MAX);
	finding_print(f, &value);
	put_be64(key, f->id);
	rc = buf_check(&value, e);
	if (rc == 0)
		rc = record_put(t, DB_FINDINGS, key_slice(key, sizeof(key)), (uint8_t *)value.p,
				value.n, e);
	buf_release(&value);
	return rc;
}

/* The next step of one whose events have room for it. */
static int step(struct db_txn *t, struct finding_counts *counts, struct finding *f,
		const struct finding_event *v, struct err *e)
{
	f->events[f->nevents++] = *v;
	counts->of[f->state]--;
	f->state = v->to;
	counts->of[f->state]++;
	return put_finding(t, f, e);
}

static bool same_bits(double a, double b)
{
	uint64_t x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return x == y;
}

/* --- those of a span of a series ------------------------------------------------------------ */

struct span {
	struct finding *list;
	size_t n, cap;
};

static int gather_ids(struct finding_writer *w, uint32_t series, int64_t from_ms, int64_t to_ms,
		      struct span *out, struct err *e)
{
	struct finding first = { .series = series, .stamp_ms = from_ms };
	uint8_t key[KEY_FINDING_CELL_BYTES];
	struct walk walk;
	int rc = walk_open(&walk, w->t, DB_FINDING_CELLS, sizeof(key), e);

	if (rc < 0)
		return -1;
	finding_cell_key(&first, key);
	rc = walk_seek(&walk, key_slice(key, sizeof(key)), e);
	while (rc == 0 && walk.at.there && get_be32(walk.at.key.p) == series &&
	       get_be_time(walk.at.key.p + 4) <= to_ms) {
		void *p = arena_grow(w->arena, out->list, out->n, &out->cap, out->n + 1,
				     sizeof(*out->list));

		if (!p) {
			rc = err_set(e, ERR_LIMIT, "too many findings of one series");
			break;
		}
		out->list = p;
		out->list[out->n++] = (struct finding){ .id = finding_of_cell(walk.at.key) };
		rc = walk_next(&walk, e);
	}
	walk_close(&walk);
	return rc;
}

static int gather(struct finding_writer *w, const struct finding_cell *cells, size_t n,
		  struct span *out, struct err *e)
{
	*out = (struct span){ 0 };
	if (w->counts->last == 0)
		return 0;
	if (gather_ids(w, cells[0].series, cells[0].stamp_ms, cells[n - 1].stamp_ms, out, e) < 0)
		return -1;
	for (size_t i = 0; i < out->n; i++) {
		uint64_t id = out->list[i].id;

		switch (finding_get(w->t, id, w->arena, &out->list[i], NULL, e)) {
		case 1:
			break;
		case 0:
			return err_set(e, ERR_CORRUPT, "finding %" PRIu64 " is missing", id);
		default:
			return -1;
		}
	}
	return 0;
}

/* --- corrected by a later vintage ------------------------------------------------------------ */

/* The last observation of that stamp; NULL: none. */
static const struct finding_cell *last_of(const struct finding_cell *cells, size_t n,
					  int64_t stamp_ms)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cells[mid].stamp_ms <= stamp_ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && cells[low - 1].stamp_ms == stamp_ms ? &cells[low - 1] : NULL;
}

static int correct(struct finding_writer *w, const struct finding_cell *cells, size_t n,
		   struct span *s, struct err *e)
{
	const struct submission *by = &w->a->submission;

	for (size_t i = 0; i < s->n; i++) {
		struct finding *f = &s->list[i];
		const struct finding_cell *c = last_of(cells, n, f->stamp_ms);
		struct finding_event v = { .to = FINDING_CORRECTED,
					   .t_ms = by->received_ms,
					   .by = "",
					   .text = "",
					   .submission = by->sequence };

		if (!finding_pends(f->state) || !c || c->known_from_ms < f->known_from_ms ||
		    same_bits(w->a->obs[c->row].value, f->value))
			continue;
		if (step(w->t, w->counts, f, &v, e) < 0)
			return -1;
	}
	return 0;
}

/* --- opened by a doubt ------------------------------------------------------------------------ */

/* The first doubt of that row; NULL: none. */
static const struct doubt *doubts_of(const struct append *a, size_t row)
{
	size_t low = 0, high = a->ndoubts;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (a->doubts[mid].row < row)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->ndoubts && a->doubts[low].row == row ? &a->doubts[low] : NULL;
}

/* Whether somebody was asked already, and the answer still counts. */
static bool is_known(const struct span *s, const struct finding_cell *c, const struct doubt *d,
		     double value)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct finding *f = &s->list[i];

		if (f->stamp_ms == c->stamp_ms && f->state != FINDING_CORRECTED &&
		    same_bits(f->value, value) && strcmp(f->reason, d->reason) == 0)
			return true;
	}
	return false;
}

static int open_finding(struct finding_writer *w, const struct finding_cell *c,
			const struct doubt *d, struct err *e)
{
	const struct submission *by = &w->a->submission;
	struct finding f = {
		.id = w->counts->last + 1,
		.series = c->series,
		.stamp_ms = c->stamp_ms,
		.known_from_ms = c->known_from_ms,
		.value = w->a->obs[c->row].value,
		.against = d->against,
		.submission = by->sequence,
		.opened_ms = by->received_ms,
		.reason = d->reason,
		.unit = d->unit,
		.indicator = d->indicator,
		.freq = d->freq,
		.basis = d->basis,
		.period = d->period,
		.source = by->source ? by->source : "",
		.owner = by->owner ? by->owner : "",
		.text = d->text,
		.text_zh = d->text_zh,
	};
	uint8_t key[KEY_FINDING_CELL_BYTES], value[CELL_BYTES] = { 0 };

	finding_cell_key(&f, key);
	if (put_finding(w->t, &f, e) < 0 ||
	    record_put(w->t, DB_FINDING_CELLS, key_slice(key, sizeof(key)), value, sizeof(value),
		       e) < 0)
		return -1;
	w->counts->last++;
	w->counts->of[FINDING_OPEN]++;
	w->a->opened++;
	return 0;
}

static bool is_room(const struct finding_writer *w)
{
	return w->a->opened < FINDINGS_OF_APPEND_MAX &&
	       w->counts->of[FINDING_OPEN] + w->counts->of[FINDING_ANSWERED] < FINDINGS_PENDING_MAX;
}

/* Whether it was said before of the same figure: one question is enough. */
static bool is_said(const struct doubt *first, const struct doubt *d)
{
	for (; first < d; first++)
		if (strcmp(first->reason, d->reason) == 0)
			return true;
	return false;
}

static int open_all(struct finding_writer *w, const struct finding_cell *c, const struct span *s,
		    struct err *e)
{
	const struct doubt *end = w->a->doubts + w->a->ndoubts;
	const struct doubt *first = doubts_of(w->a, c->row);

	for (const struct doubt *d = first; d && d < end && d->row == c->row; d++) {
		if (is_said(first, d) || is_known(s, c, d, w->a->obs[c->row].value))
			continue;
		if (!is_room(w))
			w->a->not_opened++;
		else if (open_finding(w, c, d, e) < 0)
			return -1;
	}
	return 0;
}

int findings_settle(struct finding_writer *w, const struct finding_cell *cells, size_t n,
		    struct err *e)
{
	struct arena_mark mark = arena_mark(w->arena);
	struct span s;
	int rc = 0;

	if (!w->a->ndoubts && !w->counts->of[FINDING_OPEN] && !w->counts->of[FINDING_ANSWERED])
		return 0;
	rc = gather(w, cells, n, &s, e);
	if (rc == 0)
		rc = correct(w, cells, n, &s, e);
	for (size_t i = 0; i < n && rc == 0 && w->a->ndoubts; i++)
		rc = open_all(w, &cells[i], &s, e);
	arena_reset(w->arena, mark);
	return rc < 0 ? err_wrap(e, "findings") : 0;
}

/* --- answered, accepted ------------------------------------------------------------- */

static bool is_repeated(const struct finding *f, const struct finding_act *act)
{
	const struct finding_event *last = f->nevents ? &f->events[f->nevents - 1] : NULL;

	return last && last->to == act->to && strcmp(last->by, act->by) == 0 &&
	       strcmp(last->text, act->text) == 0;
}

static int may_act(const struct finding *f, const struct finding_act *act, struct err *e)
{
	if (!finding_pends(f->state))
		return err_set(e, ERR_EXISTS, "finding %" PRIu64 " is %s already", f->id,
			       finding_state_name(f->state));
	if (act->to == FINDING_ACCEPTED && f->state != FINDING_ANSWERED)
		return err_set(e, ERR_EXISTS, "finding %" PRIu64 " has not been answered yet",
			       f->id);
	/* One place remains for the end. */
	if (act->to == FINDING_ANSWERED && f->nevents + 2 > FINDING_EVENTS_MAX)
		return err_set(e, ERR_LIMIT, "finding %" PRIu64 " has %zu answers already", f->id,
			       f->nevents);
	return 0;
}

static int act_on(struct db_txn *t, struct finding_counts *counts, struct finding *f,
		  struct slice value, const struct finding_act *act, struct err *e)
{
	struct finding_event v = {
		.to = act->to, .t_ms = act->t_ms, .by = act->by, .text = act->text
	};
	uint8_t opening[SHA256_BYTES];
	struct ledger_act entry = {
		.kind = act->to == FINDING_ANSWERED ? LEDGER_ANSWER : LEDGER_ACCEPTANCE,
		.submission = f->submission,
		.finding = f->id,
		.opening_sha256 = opening,
		.t_ms = act->t_ms,
		.by = act->by,
		.text = act->text,
	};

	finding_opening(value, opening);
	if (ledger_act(t, &entry, &v.entry, e) < 0)
		return -1;
	return step(t, counts, f, &v, e);
}

int finding_act(struct db_txn *t, struct finding_counts *counts, const struct finding_act *act,
		struct err *e)
{
	struct finding f;
	struct slice value;
	struct arena a;
	int rc;

	arena_init(&a, 2 * FINDING_RECORD_MAX);
	rc = finding_get(t, act->finding, &a, &f, &value, e);
	if (rc == 0)
		rc = err_set(e, ERR_NOT_FOUND, "there is no finding %" PRIu64, act->finding);
	else if (rc == 1 && is_repeated(&f, act))
		rc = 0;
	else if (rc == 1)
		rc = may_act(&f, act, e) < 0 ? -1 : act_on(t, counts, &f, value, act, e);
	arena_release(&a);
	return rc;
}

/* --- from outside ------------------------------------------------------------------- */

struct act_task {
	struct append a;
	const struct finding_act *act;
};

static int act_task(struct append *a, struct write_task *t, struct err *e)
{
	return finding_act(t->t, t->findings, ((struct act_task *)a)->act, e);
}

static int check_act(const struct finding_act *act, struct err *e)
{
	const char *why = finding_text_fault(slice_str(act->text), FINDING_TEXT_MAX);

	if (why)
		return err_set(e, ERR_INVALID, "the text %s", why);
	why = finding_text_fault(slice_str(act->by), FINDING_BY_MAX);
	if (why)
		return err_set(e, ERR_INVALID, "the name of who writes %s", why);
	if (act->to == FINDING_ANSWERED && !*act->text)
		return err_set(e, ERR_INVALID, "an answer has a text");
	if (act->to != FINDING_ANSWERED && act->to != FINDING_ACCEPTED)
		return err_set(e, ERR_INVALID, "a finding is answered or accepted");
	return 0;
}

int store_act_on_finding(struct store *s, const struct finding_act *act, struct err *e)
{
	struct act_task t = { .act = act };

	if (check_act(act, e) < 0)
		return -1;
	if (s->opt.read_only)
		return err_set(e, ERR_REFUSED, "the store in %s was opened for reading only",
			       s->dir);
	t.a.task = act_task;
	t.a.task_bytes = FINDING_RECORD_MAX;
	return writer_do(s, &t.a, e);
}

void finding_counts_show(const struct finding_counts *c)
{
	for (int i = 0; i < FINDING_STATES; i++)
		counter_set_for(C_FINDINGS, slice_str(finding_state_name((enum finding_state)i)),
				(double)c->of[i]);
}
