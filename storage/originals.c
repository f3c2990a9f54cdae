/* originals.c - see originals.h. */
#include "storage/originals.h"

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

struct encoded {
	struct slice bytes;
	uint8_t encoding;
	uint64_t plain_bytes, submission;
};

static int put_pieces(struct db_txn *t, const uint8_t *sha256, const struct encoded *x,
		      struct buf *value, struct err *e)
{
	uint32_t pieces = (uint32_t)((x->bytes.n + PAYLOAD_MAX - 1) / PAYLOAD_MAX);
	uint8_t head[HEAD_BYTES] = { 0 }, key[KEY_ORIGINAL_BYTES];

	head[4] = x->encoding;
	put_le32(head + 8, pieces);
	put_le64(head + 16, x->plain_bytes);
	put_le64(head + 24, x->submission);
	for (uint32_t i = 0; i < pieces; i++) {
		struct slice rest = slice_skip(x->bytes, (size_t)i * PAYLOAD_MAX);

		buf_clear(value);
		buf_put(value, head, sizeof(head));
		buf_put(value, rest.p, rest.n < PAYLOAD_MAX ? rest.n : PAYLOAD_MAX);
		make_key(key, sha256, i);
		if (buf_check(value, e) < 0 ||
		    record_put(t, DB_ORIGINALS, key_slice(key, sizeof(key)), (uint8_t *)value->p,
			       value->n, e) < 0)
			return -1;
	}
	return 0;
}

/* What does not become smaller, such as an archive, is kept as it is. */
static int encode(struct slice body, struct buf *packed, struct encoded *x, struct err *e)
{
	struct err why = { 0 };

	if (body.n > 1 && zstd_pack(body, packed, &why) == 0) {
		x->bytes = buf_all(packed);
		x->encoding = PACKED;
	} else if (why.code == ERR_NONE || why.code == ERR_LIMIT) {
		x->bytes = body;
		x->encoding = AS_IT_CAME;
	} else {
		if (e)
			*e = why;
		return -1;
	}
	return 0;
}

int original_put(struct db_txn *t, const uint8_t sha256[SHA256_BYTES], struct slice body,
		 uint64_t submission, struct err *e)
{
	struct encoded x = { .plain_bytes = body.n, .submission = submission };
	struct original_piece first;
	struct buf packed, value;
	int rc = original_find(t, sha256, &first, e);

	if (rc == 1 || (rc < 0 && e && e->code != ERR_CORRUPT))
		return rc == 1 ? 0 : -1;
	buf_init(&packed, body.n ? body.n - 1 : 0);
	buf_init(&value, ORIGINAL_VALUE_MAX);
	rc = encode(body, &packed, &x, e);
	if (rc == 0)
		rc = put_pieces(t, sha256, &x, &value, e);
	buf_release(&value);
	buf_release(&packed);
	return rc < 0 ? err_wrap(e, "keeping an original") : 0;
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
	    p->bytes == f->bytes && p->submission == f->submission) {
		f->next++;
		return 0;
	}
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
