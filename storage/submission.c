/* submission.c - see submission.h. */
#include "storage/submission.h"

#include "storage/keys.h"
#include "storage/walk.h"

/* Fixed part, then three texts, each with its length in two bytes before it. */
enum { FIXED_BYTES = 56, RECORD_MAX = FIXED_BYTES + 3 * (2 + SUBMISSION_TEXT_MAX) };

static int check_text(const char *text, const char *what, struct err *e)
{
	if (text && strlen(text) > SUBMISSION_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "the %s of a submission is longer than %d bytes", what,
			       SUBMISSION_TEXT_MAX);
	return 0;
}

int submission_check(const struct submission *s, struct err *e)
{
	if (check_text(s->source, "source", e) < 0 || check_text(s->owner, "owner", e) < 0 ||
	    check_text(s->origin, "origin", e) < 0)
		return -1;
	return 0;
}

static size_t put_text(uint8_t *p, const char *text)
{
	struct slice s = slice_str(text);

	put_le16(p, (uint16_t)s.n);
	memcpy(p + 2, s.p, s.n);
	return 2 + s.n;
}

int submission_put(struct db_txn *t, const struct submission *s, uint32_t unchanged, struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES], v[RECORD_MAX];
	size_t n = FIXED_BYTES;

	key_submission(key, s->sequence);
	memset(v, 0, FIXED_BYTES);
	v[4] = s->trusted;
	put_le64(v + 8, (uint64_t)s->received_ms);
	put_le64(v + 16, (uint64_t)s->released_ms);
	put_le64(v + 24, s->body_hash);
	put_le64(v + 32, s->body_bytes);
	put_le32(v + 40, s->refused);
	put_le32(v + 44, s->kept);
	put_le32(v + 48, unchanged);
	n += put_text(v + n, s->source);
	n += put_text(v + n, s->owner);
	n += put_text(v + n, s->origin);
	return record_put(t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), v, n, e);
}

static bool get_text(struct slice *in, struct slice *out)
{
	size_t n;

	if (in->n < 2)
		return false;
	n = get_le16(in->p);
	*in = slice_skip(*in, 2);
	if (n > in->n)
		return false;
	*out = slice_of(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

int submission_read(struct slice value, struct submission_view *out, struct err *e)
{
	const char *v = value.p;
	struct slice rest;

	if (value.n < FIXED_BYTES)
		return record_bad(e, DB_SUBMISSIONS, "it is too short");
	out->s = (struct submission){
		.trusted = v[4] != 0,
		.received_ms = (int64_t)get_le64(v + 8),
		.released_ms = (int64_t)get_le64(v + 16),
		.body_hash = get_le64(v + 24),
		.body_bytes = get_le64(v + 32),
		.refused = get_le32(v + 40),
		.kept = get_le32(v + 44),
	};
	out->unchanged = get_le32(v + 48);
	rest = slice_skip(value, FIXED_BYTES);
	if (!get_text(&rest, &out->source) || !get_text(&rest, &out->owner) ||
	    !get_text(&rest, &out->origin) || rest.n != 0)
		return record_bad(e, DB_SUBMISSIONS, "its texts have the wrong length");
	return 0;
}

/* 1, 0, -1. What it gives points into the map. */
static int fetch(struct db_txn *t, uint64_t sequence, struct slice *value,
		 struct submission_view *out, struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES];
	int rc;

	key_submission(key, sequence);
	rc = record_get(t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), value, e);
	if (rc != 1)
		return rc;
	if (submission_read(*value, out, e) < 0)
		return -1;
	out->s.sequence = sequence;
	return 1;
}

int submission_released(struct db_txn *t, uint64_t sequence, int64_t *released_ms, struct err *e)
{
	struct submission_view view = { 0 };
	struct slice value;
	int rc = fetch(t, sequence, &value, &view, e);

	if (rc == 1)
		*released_ms = view.s.released_ms;
	return rc;
}

int submission_get(struct db_txn *t, uint64_t sequence, struct arena *a, struct submission *out,
		   struct err *e)
{
	struct submission_view view = { 0 };
	struct slice value;
	int rc = fetch(t, sequence, &value, &view, e);

	if (rc != 1)
		return rc;
	*out = view.s;
	out->source = arena_strndup(a, view.source.p, view.source.n);
	out->owner = arena_strndup(a, view.owner.p, view.owner.n);
	out->origin = arena_strndup(a, view.origin.p, view.origin.n);
	if (!out->source || !out->owner || !out->origin)
		return err_set(e, ERR_LIMIT, "reading a submission needs more than %zu KiB",
			       a->limit >> 10);
	return 1;
}

int submission_set_released(struct db_txn *t, uint64_t sequence, int64_t released_ms, struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES], copy[RECORD_MAX];
	struct submission_view view = { 0 };
	struct slice value;
	char when[TIME_TEXT];
	int rc = fetch(t, sequence, &value, &view, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no submission %llu",
			       (unsigned long long)sequence);
	if (view.s.released_ms == released_ms)
		return 0;
	if (view.s.released_ms != 0)
		return err_set(e, ERR_EXISTS, "submission %llu was released at %s already",
			       (unsigned long long)sequence, time_text(view.s.released_ms, when));
	if (value.n > sizeof(copy))
		return record_bad(e, DB_SUBMISSIONS, "it is too long");
	memcpy(copy, value.p, value.n);
	put_le64(copy + 16, (uint64_t)released_ms);
	key_submission(key, sequence);
	return record_put(t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), copy, value.n, e);
}
