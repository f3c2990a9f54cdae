/*
 * ledger.c - see ledger.h.
 *
 * An entry is made as text first; what is stored is that text, so that what is
 * verified later is byte for byte what was hashed.
 */
#include "storage/ledger.h"

#include "base/text.h"
#include "storage/keys.h"
#include "storage/originals.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ENTRY_HEAD_BYTES = 40, AT_HASH = 8 };

static const struct slice key_head = { "ledger", 6 };
static const char title[] = "parkwatch ledger entry ";
static const char previous_name[] = "previous: ";

/* Of the last line: its name, 64 digits, line feed. */
enum { PREVIOUS_BYTES = sizeof(previous_name) - 1 + SHA256_HEX - 1 + 1 };

static const char *const kind_names[] = { "",       "submission", "rejected",  "release",
					  "return", "answer",     "acceptance" };

static int bad(const char *why, struct err *e)
{
	record_bad(e, DB_LEDGER, why);
	return -1;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

/* --- text ------------------------------------------------------------------------------ */

static void put_escaped(struct buf *out, struct slice s)
{
	long broken = utf8_bad_at(s);

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((long)i == broken) {
			long next = utf8_bad_at(slice_skip(s, i + 1));

			buf_printf(out, "\\x%02x", c);
			broken = next < 0 ? -1 : next + (long)i + 1;
		} else if (c < 0x20 || c == 0x7f || c == '\\') {
			buf_printf(out, "\\x%02x", c);
		} else {
			buf_putc(out, (char)c);
		}
	}
}

static void put_field(struct buf *out, const char *name, struct slice value)
{
	buf_puts(out, name);
	buf_putc(out, ':');
	if (value.n)
		buf_putc(out, ' ');
	put_escaped(out, value);
	buf_putc(out, '\n');
}

static void put_number(struct buf *out, const char *name, uint64_t n)
{
	buf_printf(out, "%s: %" PRIu64 "\n", name, n);
}

static void put_time(struct buf *out, const char *name, int64_t t_ms)
{
	char text[TIME_TEXT];

	buf_printf(out, "%s: %s\n", name, time_text(t_ms, text));
}

static void put_hash(struct buf *out, const char *name, const uint8_t *sha256)
{
	char hex[SHA256_HEX];

	buf_printf(out, "%s: %s\n", name, sha256 ? sha256_hex(sha256, hex) : "none");
}

static void put_title(struct buf *out, uint64_t number, enum ledger_kind kind, uint64_t submission)
{
	buf_printf(out, "%s%" PRIu64 "\n", title, number);
	put_field(out, "kind", slice_str(kind_names[kind]));
	put_number(out, "submission", submission);
}

void ledger_print_submission(const struct ledger_facts *f, struct buf *out)
{
	const struct submission_view *v = f->submission;
	const struct submission *s = &v->s;

	put_title(out, f->number, s->rejected ? LEDGER_REJECTED : LEDGER_SUBMISSION, s->sequence);
	put_time(out, "received", s->received_ms);
	if (f->released_ms)
		put_time(out, "released", f->released_ms);
	else
		put_field(out, "released", slice_str("not yet"));
	put_field(out, "source", v->source);
	put_field(out, "owner", v->owner);
	put_field(out, "origin", v->origin);
	put_field(out, "address", v->address);
	put_field(out, "reason", v->reason);
	put_field(out, "trusted", slice_str(s->trusted ? "yes" : "no"));
	put_number(out, "kept", s->kept);
	put_hash(out, "kept-sha256", f->kept_sha256);
	put_number(out, "unchanged", v->unchanged);
	put_number(out, "refused", s->refused);
	put_number(out, "body-bytes", s->body_bytes);
	put_hash(out, "body-sha256",
		 all_zero(s->body_sha256, SHA256_BYTES) ? NULL : s->body_sha256);
	put_hash(out, "original-sha256", s->has_original ? s->body_sha256 : NULL);
	put_hash(out, "previous", f->previous);
}

/* --- reading --------------------------------------------------------------------------- */

/* A line "PREFIX number": decimal, no sign, no leading zero. */
static bool take_number(struct slice *rest, const char *prefix, uint64_t *out)
{
	size_t i = strlen(prefix);

	if (!slice_starts(*rest, prefix) || i >= rest->n || rest->p[i] == '0')
		return false;
	for (*out = 0; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(rest->p[i] - '0'), out))
			return false;
	if (i >= rest->n || rest->p[i] != '\n')
		return false;
	*rest = slice_skip(*rest, i + 1);
	return *out != 0;
}

static bool take_line(struct slice *rest, const char *line)
{
	if (!slice_starts(*rest, line))
		return false;
	*rest = slice_skip(*rest, strlen(line));
	return true;
}

static bool take_kind(struct slice *rest, enum ledger_kind kind)
{
	char line[32];

	snprintf(line, sizeof(line), "kind: %s\n", kind_names[kind]);
	return take_line(rest, line);
}

static bool read_text(struct ledger_view *v)
{
	uint8_t previous[SHA256_BYTES];
	struct slice rest = v->text, last;
	uint64_t number;

	if (!take_number(&rest, title, &number) || number != v->number ||
	    !take_kind(&rest, v->kind) || !take_number(&rest, "submission: ", &v->submission))
		return false;
	if (rest.n < PREVIOUS_BYTES)
		return false;
	last = slice_skip(rest, rest.n - PREVIOUS_BYTES);
	v->previous_hex = (const uint8_t *)last.p + sizeof(previous_name) - 1;
	/* It is a line of its own: something ends before it. */
	return last.p[-1] == '\n' && slice_starts(last, previous_name) &&
	       last.p[last.n - 1] == '\n' &&
	       sha256_parse(slice_of((const char *)v->previous_hex, SHA256_HEX - 1), previous);
}

int ledger_read(struct slice key, struct slice value, struct ledger_view *out, struct err *e)
{
	const char *v = value.p;
	uint8_t kind;

	if (key.n != KEY_LEDGER_BYTES || value.n <= ENTRY_HEAD_BYTES ||
	    value.n > ENTRY_HEAD_BYTES + LEDGER_TEXT_MAX)
		return bad("it has the wrong length", e);
	kind = (uint8_t)v[4];
	if (kind < LEDGER_SUBMISSION || kind > LEDGER_ACCEPTANCE || v[5] || v[6] || v[7])
		return bad("it has the wrong form", e);
	*out = (struct ledger_view){
		.number = get_be64(key.p),
		.kind = (enum ledger_kind)kind,
		.hash = (const uint8_t *)v + AT_HASH,
		.text = slice_skip(value, ENTRY_HEAD_BYTES),
	};
	return read_text(out) ? 0 : bad("its text has the wrong form", e);
}

bool ledger_field(struct slice text, const char *name, struct slice *out)
{
	size_t n = strlen(name);

	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		struct slice line = slice_of(text.p, end ? (size_t)(end - text.p) : text.n);

		if (slice_starts(line, name) && line.n > n && line.p[n] == ':') {
			*out = slice_skip(line,
					  line.n > n + 1 && line.p[n + 1] == ' ' ? n + 2 : n + 1);
			return true;
		}
		text = slice_skip(text, line.n + (end != NULL));
	}
	return false;
}

int ledger_get(struct db_txn *t, uint64_t number, struct ledger_view *out, struct err *e)
{
	uint8_t key[KEY_LEDGER_BYTES];
	struct slice value;
	int rc;

	put_be64(key, number);
	rc = record_get(t, DB_LEDGER, key_slice(key, sizeof(key)), &value, e);
	if (rc != 1)
		return rc;
	return ledger_read(key_slice(key, sizeof(key)), value, out, e) < 0 ? -1 : 1;
}

int ledger_head_get(struct db_txn *t, struct ledger_head *out, struct err *e)
{
	struct slice value;
	int rc = record_get(t, DB_META, key_head, &value, e);

	*out = (struct ledger_head){ 0 };
	if (rc <= 0)
		return rc;
	if (value.n != LEDGER_HEAD_BYTES || get_le32(value.p + 4) || get_le64(value.p + 8) == 0)
		return record_bad(e, DB_META, "the ledger's head has the wrong form");
	out->entries = get_le64(value.p + 8);
	memcpy(out->hash, value.p + 16, SHA256_BYTES);
	return 0;
}

int ledger_check_count(struct db_txn *t, struct err *e)
{
	struct ledger_head head;
	uint64_t n;

	if (ledger_head_get(t, &head, e) < 0 || db_entries(t, DB_LEDGER, &n, e) < 0)
		return -1;
	if (n != head.entries)
		return err_set(e, ERR_CORRUPT,
			       "the table \"ledger\" has %" PRIu64
			       " records, it must have %" PRIu64,
			       n, head.entries);
	return 0;
}

/* --- writing ---------------------------------------------------------------------------- */

/* An entry being made: the record's head, then the text. */
struct draft {
	struct ledger_head head; /* before it */
	enum ledger_kind kind;
	struct buf record;
};

static int draft_begin(struct draft *d, struct db_txn *t, enum ledger_kind kind, struct err *e)
{
	static const uint8_t zero[ENTRY_HEAD_BYTES];

	d->kind = kind;
	buf_init(&d->record, ENTRY_HEAD_BYTES + LEDGER_TEXT_MAX);
	buf_put(&d->record, zero, sizeof(zero));
	return ledger_head_get(t, &d->head, e);
}

static int put_head(struct db_txn *t, const struct ledger_head *head, struct err *e)
{
	uint8_t value[LEDGER_HEAD_BYTES] = { 0 };

	put_le64(value + 8, head->entries);
	memcpy(value + 16, head->hash, SHA256_BYTES);
	return record_put(t, DB_META, key_head, value, sizeof(value), e);
}

static int draft_put(struct draft *d, struct db_txn *t, struct err *e)
{
	struct ledger_head next = { .entries = d->head.entries + 1 };
	uint8_t key[KEY_LEDGER_BYTES];

	if (buf_check(&d->record, e) < 0)
		return err_wrap(e, "making an entry of the ledger");
	sha256_of(slice_skip(buf_all(&d->record), ENTRY_HEAD_BYTES), next.hash);
	d->record.p[4] = (char)d->kind;
	memcpy(d->record.p + AT_HASH, next.hash, SHA256_BYTES);
	put_be64(key, next.entries);
	if (record_put(t, DB_LEDGER, key_slice(key, sizeof(key)), (uint8_t *)d->record.p,
		       d->record.n, e) < 0)
		return -1;
	return put_head(t, &next, e);
}

static void know_body(struct submission *s)
{
	s->has_original = s->body.n > 0;
	if (!s->has_original)
		return;
	s->body_bytes = s->body.n;
	if (all_zero(s->body_sha256, SHA256_BYTES))
		sha256_of(s->body, s->body_sha256);
}

static void draft_submission(struct draft *d, const struct submission *s, uint32_t unchanged,
			     const uint8_t *kept_sha256)
{
	struct submission_view view = {
		.s = *s,
		.unchanged = unchanged,
		.source = slice_str(s->source),
		.owner = slice_str(s->owner),
		.origin = slice_str(s->origin),
		.address = slice_str(s->address),
		.reason = slice_str(s->reason),
	};
	struct ledger_facts facts = { .number = s->entry,
				      .submission = &view,
				      .released_ms = s->released_ms,
				      .kept_sha256 = kept_sha256,
				      .previous = d->head.hash };

	ledger_print_submission(&facts, &d->record);
}

int ledger_submit(struct db_txn *t, struct submission *s, uint32_t unchanged,
		  const uint8_t kept_sha256[SHA256_BYTES], struct err *e)
{
	struct draft d;
	int rc = draft_begin(&d, t, s->rejected ? LEDGER_REJECTED : LEDGER_SUBMISSION, e);

	s->entry = d.head.entries + 1;
	know_body(s);
	if (rc == 0 && s->body.n)
		rc = s->draft ? original_put_first(t, s->draft, s->sequence, e)
			      : original_put(t, s->body_sha256, s->body, s->sequence, e);
	if (rc == 0) {
		draft_submission(&d, s, unchanged, kept_sha256);
		rc = draft_put(&d, t, e);
	}
	if (rc == 0)
		rc = submission_put(t, s, unchanged, e);
	buf_release(&d.record);
	return rc;
}

int ledger_repeats(struct db_txn *t, uint64_t last, struct submission *s, struct err *e)
{
	know_body(s);
	s->released_ms = 0;
	return submission_repeats(t, last, s, &s->sequence, e);
}

int ledger_reject(struct db_txn *t, struct submission *s, struct err *e)
{
	uint8_t nothing[SHA256_BYTES];

	sha256_of(slice_str(""), nothing);
	return ledger_submit(t, s, 0, nothing, e);
}

static int note(struct db_txn *t, enum ledger_kind kind, uint64_t sequence, int64_t t_ms,
		const char *by, const char *reason, struct err *e)
{
	struct draft d;
	int rc = draft_begin(&d, t, kind, e);

	put_title(&d.record, d.head.entries + 1, kind, sequence);
	put_time(&d.record, "time", t_ms);
	put_field(&d.record, "by", slice_str(by));
	put_field(&d.record, "reason", slice_str(reason));
	put_hash(&d.record, "previous", d.head.hash);
	if (rc == 0)
		rc = draft_put(&d, t, e);
	buf_release(&d.record);
	return rc;
}

int ledger_release(struct db_txn *t, uint64_t sequence, int64_t released_ms, const char *by,
		   struct err *e)
{
	int rc = submission_set_released(t, sequence, released_ms, e);

	return rc == 1 ? note(t, LEDGER_RELEASE, sequence, released_ms, by, "", e) : rc;
}

int ledger_return(struct db_txn *t, uint64_t sequence, int64_t returned_ms, const char *by,
		  const char *reason, struct err *e)
{
	int rc = submission_set_returned(t, sequence, returned_ms, e);

	return rc == 1 ? note(t, LEDGER_RETURN, sequence, returned_ms, by, reason, e) : rc;
}

void ledger_print_act(const struct ledger_act *act, uint64_t number, const uint8_t *previous,
		      struct buf *out)
{
	put_title(out, number, act->kind, act->submission);
	put_time(out, "time", act->t_ms);
	put_number(out, "finding", act->finding);
	put_hash(out, "opening-sha256", act->opening_sha256);
	put_field(out, "by", slice_str(act->by));
	put_field(out, "text", slice_str(act->text));
	put_hash(out, "previous", previous);
}

int ledger_act(struct db_txn *t, const struct ledger_act *act, uint64_t *entry, struct err *e)
{
	struct draft d;
	int rc = draft_begin(&d, t, act->kind, e);

	*entry = d.head.entries + 1;
	ledger_print_act(act, *entry, d.head.hash, &d.record);
	if (rc == 0)
		rc = draft_put(&d, t, e);
	buf_release(&d.record);
	return rc;
}
