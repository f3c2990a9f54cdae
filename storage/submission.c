/* submission.c - see submission.h. */
#include "storage/submission.h"

#include "storage/keys.h"
#include "storage/originals.h"
#include "storage/walk.h"

/* Fixed part, then five texts, each with its length in two bytes before it. */
enum {
	FIXED_BYTES = 96,
	TEXTS = 5,
	RECORD_MAX = FIXED_BYTES + TEXTS * (2 + SUBMISSION_TEXT_MAX),
	AT_RELEASED = 16,
	AT_RETURNED = 24,
	AT_SHA256 = 64,
	/* How far back the last submission of a source is looked for. */
	LOOK_BACK = 10000,
};

enum { IS_TRUSTED = 1, IS_REJECTED = 2, HAS_ORIGINAL = 4, ALL_FLAGS = 7 };

static int check_text(const char *text, const char *what, struct err *e)
{
	if (text && strlen(text) > SUBMISSION_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "the %s of a submission is longer than %d bytes", what,
			       SUBMISSION_TEXT_MAX);
	return 0;
}

int submission_check(const struct submission *s, size_t nobs, struct err *e)
{
	if (check_text(s->source, "source", e) < 0 || check_text(s->owner, "owner", e) < 0 ||
	    check_text(s->origin, "origin", e) < 0 || check_text(s->address, "address", e) < 0 ||
	    check_text(s->reason, "reason", e) < 0)
		return -1;
	if (s->body.n > ORIGINAL_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "an original of %zu bytes is more than %d MiB",
			       s->body.n, ORIGINAL_MAX_BYTES >> 20);
	if (s->rejected && nobs)
		return err_set(e, ERR_INVALID, "a rejected submission brings observations");
	if (s->rejected != (s->reason && *s->reason))
		return err_set(e, ERR_INVALID,
			       s->rejected ? "a rejected submission needs a reason"
					   : "only a rejected submission has a reason");
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
	const char *texts[TEXTS] = { s->source, s->owner, s->origin, s->address, s->reason };
	uint8_t key[KEY_SUBMISSION_BYTES], v[RECORD_MAX];
	size_t n = FIXED_BYTES;

	key_submission(key, s->sequence);
	memset(v, 0, FIXED_BYTES);
	v[4] = (uint8_t)((s->trusted ? IS_TRUSTED : 0) | (s->rejected ? IS_REJECTED : 0) |
			 (s->has_original ? HAS_ORIGINAL : 0));
	put_le64(v + 8, (uint64_t)s->received_ms);
	put_le64(v + AT_RELEASED, (uint64_t)s->released_ms);
	put_le64(v + 32, s->entry);
	put_le64(v + 40, s->body_bytes);
	put_le32(v + 48, s->refused);
	put_le32(v + 52, s->kept);
	put_le32(v + 56, unchanged);
	put_le32(v + 60, s->cells);
	memcpy(v + AT_SHA256, s->body_sha256, SHA256_BYTES);
	for (size_t i = 0; i < TEXTS; i++)
		n += put_text(v + n, texts[i]);
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

static void read_fixed(const char *v, struct submission *s)
{
	uint8_t flags = (uint8_t)v[4];

	*s = (struct submission){
		.trusted = flags & IS_TRUSTED,
		.rejected = flags & IS_REJECTED,
		.has_original = flags & HAS_ORIGINAL,
		.received_ms = (int64_t)get_le64(v + 8),
		.released_ms = (int64_t)get_le64(v + AT_RELEASED),
		.returned_ms = (int64_t)get_le64(v + AT_RETURNED),
		.entry = get_le64(v + 32),
		.body_bytes = get_le64(v + 40),
		.refused = get_le32(v + 48),
		.kept = get_le32(v + 52),
		.cells = get_le32(v + 60),
	};
	memcpy(s->body_sha256, v + AT_SHA256, SHA256_BYTES);
}

int submission_read(struct slice value, struct submission_view *out, struct err *e)
{
	const char *v = value.p;
	struct slice rest, *texts[TEXTS] = { &out->source, &out->owner, &out->origin, &out->address,
					     &out->reason };

	if (value.n < FIXED_BYTES)
		return record_bad(e, DB_SUBMISSIONS, "it is too short");
	if ((uint8_t)v[4] & ~ALL_FLAGS || v[5] || v[6] || v[7])
		return record_bad(e, DB_SUBMISSIONS, "it has the wrong form");
	read_fixed(v, &out->s);
	out->unchanged = get_le32(v + 56);
	rest = slice_skip(value, FIXED_BYTES);
	for (size_t i = 0; i < TEXTS; i++)
		if (!get_text(&rest, texts[i]))
			return record_bad(e, DB_SUBMISSIONS, "its texts have the wrong length");
	if (rest.n != 0)
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

static int copy_texts(const struct submission_view *view, struct arena *a, struct submission *out,
		      struct err *e)
{
	out->source = arena_strndup(a, view->source.p, view->source.n);
	out->owner = arena_strndup(a, view->owner.p, view->owner.n);
	out->origin = arena_strndup(a, view->origin.p, view->origin.n);
	out->address = arena_strndup(a, view->address.p, view->address.n);
	out->reason = arena_strndup(a, view->reason.p, view->reason.n);
	if (!out->source || !out->owner || !out->origin || !out->address || !out->reason)
		return err_set(e, ERR_LIMIT, "reading a submission needs more than %zu KiB",
			       a->limit >> 10);
	return 0;
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
	return copy_texts(&view, a, out, e) < 0 ? -1 : 1;
}

/* --- what happens to it later --------------------------------------------------------- */

static int check_open(const struct submission *s, struct err *e)
{
	unsigned long long sequence = s->sequence;
	char when[TIME_TEXT];

	if (s->rejected)
		return err_set(e, ERR_INVALID, "submission %llu was rejected when it came",
			       sequence);
	if (s->released_ms != 0)
		return err_set(e, ERR_EXISTS, "submission %llu was released at %s already",
			       sequence, time_text(s->released_ms, when));
	if (s->returned_ms != 0)
		return err_set(e, ERR_EXISTS, "submission %llu was returned at %s already",
			       sequence, time_text(s->returned_ms, when));
	return 0;
}

static int set_time(struct db_txn *t, uint64_t sequence, size_t at, int64_t t_ms, struct err *e)
{
	uint8_t key[KEY_SUBMISSION_BYTES], copy[RECORD_MAX];
	struct submission_view view = { 0 };
	struct slice value;
	int rc = fetch(t, sequence, &value, &view, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no submission %llu",
			       (unsigned long long)sequence);
	if ((int64_t)get_le64(value.p + at) == t_ms && t_ms != 0)
		return 0;
	if (check_open(&view.s, e) < 0)
		return -1;
	if (value.n > sizeof(copy))
		return record_bad(e, DB_SUBMISSIONS, "it is too long");
	memcpy(copy, value.p, value.n);
	put_le64(copy + at, (uint64_t)t_ms);
	key_submission(key, sequence);
	if (record_put(t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), copy, value.n, e) < 0)
		return -1;
	return 1;
}

int submission_set_released(struct db_txn *t, uint64_t sequence, int64_t released_ms, struct err *e)
{
	return set_time(t, sequence, AT_RELEASED, released_ms, e);
}

int submission_set_returned(struct db_txn *t, uint64_t sequence, int64_t returned_ms, struct err *e)
{
	return set_time(t, sequence, AT_RETURNED, returned_ms, e);
}

int submission_repeats(struct db_txn *t, uint64_t last, const struct submission *s,
		       uint64_t *sequence, struct err *e)
{
	for (uint64_t n = last; n > 0 && last - n < LOOK_BACK; n--) {
		struct submission_view view = { 0 };
		struct slice value;
		int rc = fetch(t, n, &value, &view, e);

		if (rc < 0 && e && e->code != ERR_CORRUPT)
			return -1;
		if (rc != 1) /* nobody can say: it is on record once more */
			return 0;
		if (!slice_eq(view.source, slice_str(s->source)))
			continue;
		*sequence = n;
		return view.s.rejected && slice_eq(view.reason, slice_str(s->reason)) &&
		       view.s.has_original == s->has_original &&
		       slice_eq(view.origin, slice_str(s->origin)) &&
		       memcmp(view.s.body_sha256, s->body_sha256, SHA256_BYTES) == 0;
	}
	return 0;
}
