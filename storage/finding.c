/*
 * finding.c - see finding.h and findings.h: words, filters, and the record.
 *
 * The record's fixed head, then texts with their lengths before them, then the events.
 */
#include "storage/findings.h"

#include "base/text.h"
#include "storage/keys.h"
#include "storage/walk.h"

#include <inttypes.h>

enum {
	HEAD_BYTES = 64,
	AT_OPENING = 8,
	EVENT_BYTES = 32,
	TEXTS = 10,
	FORM = 1,
};

static const struct slice key_counts = { "findings", 8 };

/* --- words ----------------------------------------------------------------------------- */

static const char *const state_names[FINDING_STATES] = { "open", "answered", "accepted",
							 "corrected" };

const char *finding_state_name(enum finding_state s)
{
	return state_names[s];
}

bool finding_state_parse(struct slice word, enum finding_state *out)
{
	for (int i = 0; i < FINDING_STATES; i++) {
		if (!slice_is(word, state_names[i]))
			continue;
		*out = (enum finding_state)i;
		return true;
	}
	return false;
}

const char *finding_text_fault(struct slice text, size_t max)
{
	if (text.n > max)
		return "is too long";
	if (utf8_bad_at(text) >= 0)
		return "is not UTF-8";
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			return "has a control character";
	}
	return NULL;
}

static bool is_any_or(struct slice want, const char *text)
{
	return want.n == 0 || slice_is(want, text);
}

static bool is_any_of(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return n == 0;
}

bool finding_fits(const struct finding *f, const struct finding_wanted *w)
{
	return (!w->states || w->states & 1U << f->state) && (!w->before || f->id < w->before) &&
	       is_any_or(w->source, f->source) && is_any_or(w->owner, f->owner) &&
	       is_any_or(w->unit, f->unit) && is_any_or(w->indicator, f->indicator) &&
	       is_any_or(w->period, f->period) && is_any_or(w->reason, f->reason) &&
	       is_any_of(w->units, w->nunits, f->unit) &&
	       is_any_of(w->indicators, w->nindicators, f->indicator);
}

/* --- the record -------------------------------------------------------------------------- */

static int bad(const char *why, struct err *e)
{
	return record_bad(e, DB_FINDINGS, why);
}

static double double_of(const char *p)
{
	uint64_t bits = get_le64(p);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static void put_double(uint8_t *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_le64(p, bits);
}

static void put_text(struct buf *out, const char *text)
{
	uint8_t n[2];

	put_le16(n, (uint16_t)strlen(text));
	buf_put(out, n, sizeof(n));
	buf_puts(out, text);
}

static void put_event(struct buf *out, const struct finding_event *v)
{
	uint8_t head[EVENT_BYTES] = { 0 };

	head[0] = (uint8_t)v->to;
	put_le16(head + 2, (uint16_t)strlen(v->by));
	put_le16(head + 4, (uint16_t)strlen(v->text));
	put_le64(head + 8, (uint64_t)v->t_ms);
	put_le64(head + 16, v->submission);
	put_le64(head + 24, v->entry);
	buf_put(out, head, sizeof(head));
	buf_puts(out, v->by);
	buf_puts(out, v->text);
}

void finding_print(const struct finding *f, struct buf *out)
{
	const char *const texts[TEXTS] = {
		f->reason, f->unit,   f->indicator, f->freq, f->basis,
		f->period, f->source, f->owner,     f->text, f->text_zh
	};
	uint8_t head[HEAD_BYTES] = { 0 };

	head[4] = FORM;
	head[5] = (uint8_t)f->state;
	put_le16(head + 6, (uint16_t)f->nevents);
	put_le32(head + 8, f->series);
	put_le64(head + 16, (uint64_t)f->stamp_ms);
	put_le64(head + 24, (uint64_t)f->known_from_ms);
	put_double(head + 32, f->value);
	put_double(head + 40, f->against);
	put_le64(head + 48, f->submission);
	put_le64(head + 56, (uint64_t)f->opened_ms);
	buf_put(out, head, sizeof(head));
	for (int i = 0; i < TEXTS; i++)
		put_text(out, texts[i]);
	for (size_t i = 0; i < f->nevents; i++)
		put_event(out, &f->events[i]);
}

static bool take(struct slice *rest, size_t n, struct slice *out)
{
	if (rest->n < n)
		return false;
	*out = slice_of(rest->p, n);
	*rest = slice_skip(*rest, n);
	return true;
}

static bool take_text(struct slice *rest, struct slice *out)
{
	struct slice n;

	return take(rest, 2, &n) && take(rest, get_le16(n.p), out);
}

void finding_opening(struct slice value, uint8_t sha256[SHA256_BYTES])
{
	struct slice rest = slice_skip(value, HEAD_BYTES), text;

	for (int i = 0; i < TEXTS; i++)
		if (!take_text(&rest, &text))
			break;
	sha256_of(slice_of(value.p + AT_OPENING, value.n - AT_OPENING - rest.n), sha256);
}

/* What is left of a record, and room for its texts with a NUL behind each. */
struct parsing {
	struct slice rest;
	char *room;
};

static const char *keep(struct parsing *p, struct slice text)
{
	char *to = p->room;

	if (memchr(text.p, '\0', text.n))
		return NULL;
	memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	p->room += text.n + 1;
	return to;
}

static bool read_texts(struct parsing *p, struct finding *f)
{
	const char **const texts[TEXTS] = { &f->reason, &f->unit,   &f->indicator, &f->freq,
					    &f->basis,  &f->period, &f->source,    &f->owner,
					    &f->text,   &f->text_zh };
	struct slice text;

	for (int i = 0; i < TEXTS; i++)
		if (!take_text(&p->rest, &text) || !(*texts[i] = keep(p, text)))
			return false;
	return true;
}

static bool read_event(struct parsing *p, struct finding_event *out)
{
	struct slice head, by, text;
	uint8_t to;

	if (!take(&p->rest, EVENT_BYTES, &head) || !take(&p->rest, get_le16(head.p + 2), &by) ||
	    !take(&p->rest, get_le16(head.p + 4), &text))
		return false;
	to = (uint8_t)head.p[0];
	if (to == FINDING_OPEN || to >= FINDING_STATES || head.p[1] || head.p[6] || head.p[7])
		return false;
	*out = (struct finding_event){ .to = (enum finding_state)to,
				       .t_ms = (int64_t)get_le64(head.p + 8),
				       .submission = get_le64(head.p + 16),
				       .entry = get_le64(head.p + 24) };
	out->by = keep(p, by);
	out->text = keep(p, text);
	return out->by && out->text;
}

/* The state is that of the last event, and behind an end there is none. */
static bool read_events(struct parsing *p, struct finding *f)
{
	enum finding_state is = FINDING_OPEN;

	for (size_t i = 0; i < f->nevents; i++) {
		if (!finding_pends(is) || !read_event(p, &f->events[i]))
			return false;
		is = f->events[i].to;
	}
	return is == f->state;
}

int finding_read(struct slice key, struct slice value, struct arena *a, struct finding *out,
		 struct err *e)
{
	const char *v = value.p;
	struct parsing p;

	if (key.n != KEY_FINDING_BYTES || value.n < HEAD_BYTES || value.n > FINDING_RECORD_MAX)
		return bad("it has the wrong length", e);
	*out = (struct finding){
		.id = get_be64(key.p),
		.state = (enum finding_state)(uint8_t)v[5],
		.nevents = get_le16(v + 6),
		.series = get_le32(v + 8),
		.stamp_ms = (int64_t)get_le64(v + 16),
		.known_from_ms = (int64_t)get_le64(v + 24),
		.value = double_of(v + 32),
		.against = double_of(v + 40),
		.submission = get_le64(v + 48),
		.opened_ms = (int64_t)get_le64(v + 56),
	};
	if (v[4] != FORM || (uint8_t)v[5] >= FINDING_STATES || get_le32(v + 12) ||
	    out->nevents > FINDING_EVENTS_MAX || !out->id || !out->series)
		return bad("it has the wrong form", e);
	p.rest = slice_skip(value, HEAD_BYTES);
	p.room = arena_alloc(a, p.rest.n + TEXTS + 2 * out->nevents);
	/* One more: for the writer to put another behind them. */
	out->events = arena_array(a, out->nevents + 1, sizeof(*out->events));
	if (!p.room || !out->events)
		return err_set(e, ERR_LIMIT, "findings need more than %zu MiB", a->limit >> 20);
	if (!read_texts(&p, out) || !read_events(&p, out) || p.rest.n)
		return bad("its texts or events have the wrong form", e);
	return 0;
}

/* --- keys and counts ---------------------------------------------------------------------- */

int finding_get(struct db_txn *t, uint64_t id, struct arena *a, struct finding *out,
		struct slice *value, struct err *e)
{
	uint8_t key[KEY_FINDING_BYTES];
	struct slice v;
	int rc;

	put_be64(key, id);
	rc = record_get(t, DB_FINDINGS, key_slice(key, sizeof(key)), &v, e);
	if (rc != 1)
		return rc;
	if (value)
		*value = v;
	return finding_read(key_slice(key, sizeof(key)), v, a, out, e) < 0 ? -1 : 1;
}

void finding_cell_key(const struct finding *f, uint8_t key[KEY_FINDING_CELL_BYTES])
{
	put_be32(key, f->series);
	put_be_time(key + 4, f->stamp_ms);
	put_be64(key + 12, f->id);
}

uint64_t finding_of_cell(struct slice key)
{
	return get_be64(key.p + 12);
}

int finding_counts_get(struct db_txn *t, struct finding_counts *out, struct err *e)
{
	struct slice value;
	uint64_t sum = 0;
	int rc = record_get(t, DB_META, key_counts, &value, e);

	*out = (struct finding_counts){ 0 };
	if (rc <= 0)
		return rc;
	if (value.n != FINDING_COUNTS_BYTES || get_le32(value.p + 4))
		return record_bad(e, DB_META, "the counts of findings have the wrong form");
	out->last = get_le64(value.p + 8);
	for (int i = 0; i < FINDING_STATES; i++) {
		out->of[i] = get_le64(value.p + 16 + 8 * i);
		sum += out->of[i];
	}
	return sum == out->last ? 0 : record_bad(e, DB_META, "the counts of findings disagree");
}

int findings_check_count(struct db_txn *t, const struct finding_counts *c, struct err *e)
{
	static const enum db_table tables[] = { DB_FINDINGS, DB_FINDING_CELLS };
	uint64_t n;

	for (int i = 0; i < 2; i++) {
		if (db_entries(t, tables[i], &n, e) < 0)
			return -1;
		if (n != c->last)
			return err_set(e, ERR_CORRUPT,
				       "the table \"%s\" has %" PRIu64
				       " records, it must have %" PRIu64,
				       db_table_name(tables[i]), n, c->last);
	}
	return 0;
}

int finding_counts_put(struct db_txn *t, const struct finding_counts *c, struct err *e)
{
	uint8_t value[FINDING_COUNTS_BYTES] = { 0 };

	put_le64(value + 8, c->last);
	for (int i = 0; i < FINDING_STATES; i++)
		put_le64(value + 16 + 8 * i, c->of[i]);
	return record_put(t, DB_META, key_counts, value, sizeof(value), e);
}
