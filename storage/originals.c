/* originals.c - see originals.h. */
#include "storage/originals.h"

#include "base/spool.h"
#include "base/zstd.h"
#include "storage/keys.h"
#include "storage/walk.h"

#include <inttypes.h>

enum {
	HEAD_BYTES = 32,
	PAYLOAD_MAX = ORIGINAL_VALUE_MAX - HEAD_BYTES,
	PIECES_MAX = ORIGINAL_MAX_BYTES / PAYLOAD_MAX + 1,
	AS_IT_CAME = 1,
	PACKED = 2,
	SWEEP_MAX = 256, /* pieces deleted in one go */
};

static void make_key(uint8_t key[KEY_ORIGINAL_BYTES], const uint8_t sha256[SHA256_BYTES],
		     uint32_t piece)
{
	memcpy(key, sha256, SHA256_BYTES);
	put_be32(key + SHA256_BYTES, piece);
}

static int bad(const char *why, struct err *e)
{
	record_bad(e, DB_ORIGINALS, why);
	return -1;
}

int original_read(struct slice key, struct slice value, struct original_piece *out, struct err *e)
{
	const char *v = value.p;

	if (key.n != KEY_ORIGINAL_BYTES || value.n <= HEAD_BYTES || value.n > ORIGINAL_VALUE_MAX)
		return bad("it has the wrong length", e);
	*out = (struct original_piece){
		.sha256 = (const uint8_t *)key.p,
		.number = get_be32(key.p + SHA256_BYTES),
		.pieces = get_le32(v + 8),
		.packed = v[4] == PACKED,
		.bytes = get_le64(v + 16),
		.submission = get_le64(v + 24),
		.payload = slice_skip(value, HEAD_BYTES),
	};
	if ((v[4] != AS_IT_CAME && v[4] != PACKED) || v[5] || v[6] || v[7] || get_le32(v + 12))
		return bad("it has the wrong form", e);
	if (out->number >= out->pieces || out->pieces > PIECES_MAX || out->bytes == 0 ||
	    out->bytes > ORIGINAL_MAX_BYTES ||
	    (out->number + 1 < out->pieces && out->payload.n != PAYLOAD_MAX))
		return bad("its numbers cannot be", e);
	return 0;
}

/* --- writing ------------------------------------------------------------------------- */

uint32_t original_draft_pieces(const struct original_draft *d)
{
	return (uint32_t)((d->bytes.n + PAYLOAD_MAX - 1) / PAYLOAD_MAX);
}

static int put_pieces(struct db_txn *t, const struct original_draft *d, uint64_t submission,
		      uint32_t from, uint32_t to, struct err *e)
{
	uint8_t head[HEAD_BYTES] = { 0 }, key[KEY_ORIGINAL_BYTES];
	struct buf value;
	int rc = 0;

	head[4] = d->is_packed ? PACKED : AS_IT_CAME;
	put_le32(head + 8, original_draft_pieces(d));
	put_le64(head + 16, d->plain_bytes);
	put_le64(head + 24, submission);
	buf_init(&value, ORIGINAL_VALUE_MAX);
	for (uint32_t i = from; i < to && rc == 0; i++) {
		struct slice rest = slice_skip(d->bytes, (size_t)i * PAYLOAD_MAX);

		rest.n = rest.n < PAYLOAD_MAX ? rest.n : PAYLOAD_MAX;
		buf_clear(&value);
		buf_put(&value, head, sizeof(head));
		buf_slice(&value, rest);
		spool_leave(rest);
		make_key(key, d->sha256, i);
		rc = buf_check(&value, e);
		if (rc == 0)
			rc = record_put(t, DB_ORIGINALS, key_slice(key, sizeof(key)),
					(uint8_t *)value.p, value.n, e);
	}
	buf_release(&value);
	return rc < 0 ? err_wrap(e, "keeping an original") : 0;
}

/* What does not become smaller, such as an archive, is kept as it is. */
int original_draft_make(struct original_draft *d, const uint8_t sha256[SHA256_BYTES],
			struct slice body, struct err *e)
{
	struct err why = { 0 };

	*d = (struct original_draft){ .bytes = body, .plain_bytes = body.n };
	memcpy(d->sha256, sha256, SHA256_BYTES);
	buf_init_large(&d->packed, body.n ? body.n - 1 : 0);
	if (body.n > 1 && zstd_pack(body, &d->packed, &why) == 0) {
		d->bytes = buf_all(&d->packed);
		d->is_packed = true;
	} else if (why.code != ERR_NONE && why.code != ERR_LIMIT) {
		if (e)
			*e = why;
		return err_wrap(e, "keeping an original");
	}
	return 0;
}

void original_draft_release(struct original_draft *d)
{
	buf_release(&d->packed);
}

/* 1: it is there already. 0: it is not, or damaged. */
static int is_there(struct db_txn *t, const uint8_t *sha256, struct err *e)
{
	struct original_piece first;
	struct err why = { 0 };
	int rc = original_find(t, sha256, &first, &why);

	if (rc >= 0 || why.code == ERR_CORRUPT)
		return rc == 1;
	if (e)
		*e = why;
	return -1;
}

int original_put(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct slice body,
		 uint64_t submission, struct err *e)
{
	int rc = is_there(t, sha256, e);
	struct original_draft d;

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = original_draft_make(&d, sha256, body, e);
	if (rc == 0)
		rc = put_pieces(t, &d, submission, 0, original_draft_pieces(&d), e);
	original_draft_release(&d);
	return rc;
}

int original_put_pieces(struct db_txn *t, const struct original_draft *d, uint32_t from,
			uint32_t to, struct err *e)
{
	int rc = is_there(t, d->sha256, e);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	return put_pieces(t, d, 0, from, to, e);
}

int original_put_first(struct db_txn *t, const struct original_draft *d, uint64_t submission,
		       struct err *e)
{
	int rc = is_there(t, d->sha256, e);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	return put_pieces(t, d, submission, 0, 1, e);
}

/* --- what a submission that did not come has left ---------------------------------------- */

struct sweep {
	uint8_t whole[SHA256_BYTES]; /* of the last first piece */
	const uint8_t *spared;
	uint8_t keys[SWEEP_MAX][KEY_ORIGINAL_BYTES];
	size_t n;
};

static void sweep_look(struct sweep *w, struct slice key, struct slice value)
{
	struct original_piece p;
	struct err e;

	if (key.n != KEY_ORIGINAL_BYTES || get_be32(key.p + SHA256_BYTES) == 0) {
		memcpy(w->whole, key.p, key.n < SHA256_BYTES ? key.n : SHA256_BYTES);
		return;
	}
	if (memcmp(key.p, w->whole, SHA256_BYTES) == 0 ||
	    memcmp(key.p, w->spared, SHA256_BYTES) == 0 || value.n < HEAD_BYTES ||
	    get_le64(value.p + 24) != 0)
		return;
	/* What is damaged is left to be told of. */
	if (record_good(key, value) && original_read(key, value, &p, &e) == 0)
		memcpy(w->keys[w->n++], key.p, KEY_ORIGINAL_BYTES);
}

int original_sweep(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct err *e)
{
	struct sweep w = { .spared = sha256 };
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	int rc;

	if (db_cursor_open(t, DB_ORIGINALS, &c, e) < 0)
		return -1;
	while (w.n < SWEEP_MAX && (rc = db_move(c, how, &key, &value, e)) == 1) {
		how = DB_NEXT;
		sweep_look(&w, key, value);
	}
	db_cursor_close(c);
	if (w.n < SWEEP_MAX && rc < 0)
		return -1;
	for (size_t i = 0; i < w.n; i++)
		if (db_del(t, DB_ORIGINALS, key_slice(w.keys[i], KEY_ORIGINAL_BYTES), e) < 0)
			return -1;
	return 0;
}

/* --- reading --------------------------------------------------------------------------- */

static int fetch(struct db_txn *t, const uint8_t *sha256, uint32_t number,
		 struct original_piece *out, struct err *e)
{
	uint8_t key[KEY_ORIGINAL_BYTES];
	struct slice value;
	int rc;

	make_key(key, sha256, number);
	rc = record_get(t, DB_ORIGINALS, key_slice(key, sizeof(key)), &value, e);
	if (rc != 1)
		return rc;
	if (original_read(key_slice(key, sizeof(key)), value, out, e) < 0)
		return -1;
	out->sha256 = sha256;
	return 1;
}

int original_find(struct db_txn *t, const uint8_t sha256[SHA256_BYTES],
		  struct original_piece *first, struct err *e)
{
	return fetch(t, sha256, 0, first, e);
}

/* Pieces behind the first, each fitting it. */
static int gather(struct db_txn *t, const struct original_piece *first, struct buf *out,
		  struct err *e)
{
	struct original_piece p = *first;

	for (uint32_t i = 0;;) {
		buf_slice(out, p.payload);
		if (++i == first->pieces)
			return buf_check(out, e);
		switch (fetch(t, first->sha256, i, &p, e)) {
		case 1:
			break;
		case 0:
			return bad("a piece of an original is missing", e);
		default:
			return -1;
		}
		if (p.pieces != first->pieces || p.packed != first->packed ||
		    p.bytes != first->bytes)
			return bad("the pieces of an original do not belong together", e);
	}
}

static int decode(struct db_txn *t, const struct original_piece *first, struct buf *out,
		  struct err *e)
{
	struct buf packed;
	struct err why;
	int rc;

	if (!first->packed)
		return gather(t, first, out, e);
	buf_init(&packed, (size_t)first->pieces * PAYLOAD_MAX);
	rc = gather(t, first, &packed, e);
	if (rc == 0 && zstd_unpack(buf_all(&packed), out, &why) < 0) {
		rc = -1;
		if (why.code == ERR_MEMORY && e)
			*e = why;
		else
			bad("an original does not unpack", e);
	}
	buf_release(&packed);
	return rc;
}

static int check(const struct original_piece *first, struct slice got, struct err *e)
{
	uint8_t is[SHA256_BYTES];

	if (got.n != first->bytes)
		return bad("an original has the wrong length", e);
	sha256_of(got, is);
	if (memcmp(is, first->sha256, SHA256_BYTES) != 0)
		return bad("an original is not the one its hash stands for", e);
	return 0;
}

int original_get(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct buf *out,
		 struct err *e)
{
	struct original_piece first;
	size_t start = out->n;
	int rc = original_find(t, sha256, &first, e);

	if (rc != 1)
		return rc;
	if (first.bytes > out->limit - start)
		return err_set(e, ERR_LIMIT,
			       "an original of %" PRIu64 " bytes is more than the allowed %zu",
			       first.bytes, out->limit);
	rc = decode(t, &first, out, e);
	if (rc == 0)
		rc = check(&first, slice_of(out->p + start, out->n - start), e);
	if (rc < 0)
		out->n = start;
	return rc < 0 ? -1 : 1;
}

int original_follow(struct original_follow *f, const struct original_piece *p, struct err *e)
{
	bool same = p && f->pieces && memcmp(f->sha256, p->sha256, SHA256_BYTES) == 0;
	bool was_whole = f->next == f->pieces;

	if (same && p->number == f->next && p->pieces == f->pieces && p->packed == f->packed &&
	    p->bytes == f->bytes && (p->submission == f->submission || p->submission == 0)) {
		f->next++;
		return 0;
	}
	/* Nobody's yet: its first piece would have come with a submission. */
	if (p && p->number > 0 && p->submission == 0 && !same && was_whole)
		return 0;
	*f = (struct original_follow){ 0 };
	if (p) {
		memcpy(f->sha256, p->sha256, SHA256_BYTES);
		f->next = p->number + 1;
		f->pieces = p->pieces;
		f->packed = p->packed;
		f->bytes = p->bytes;
		f->submission = p->submission;
	}
	if (same)
		return bad("the pieces of an original do not belong together", e);
	if (!was_whole || (p && p->number != 0))
		return bad("a piece of an original is missing", e);
	return 0;
}
