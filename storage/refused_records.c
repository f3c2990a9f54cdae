/*
 * refused_records.c - see refused_records.h.
 *
 * Records of one series have the CRC of its labels in front of their keys and so lie together, by
 * stamp; those of another one with the same CRC lie among them and are told apart by the labels
 * themselves.
 */
#include "storage/refused_records.h"

#include "base/crc32c.h"
#include "storage/walk.h"

#include <inttypes.h>
#include <stdio.h>

/* crc 4, form 1, bytes of the reason 1, 0 2, received 8, the reason, the labels */
enum { HEAD_BYTES = 16, FORM = 1, AT_RECEIVED = 8, RECORD_MAX = 1 << 20 };

/* --- records ------------------------------------------------------------------------------- */

static void put_text(struct buf *out, struct slice s)
{
	uint8_t n[2];

	put_le16(n, (uint16_t)s.n);
	buf_put(out, n, sizeof(n));
	buf_slice(out, s);
}

int refused_labels(const struct labels *ls, struct buf *out, struct err *e)
{
	uint8_t n[2];

	put_le16(n, (uint16_t)ls->n);
	buf_put(out, n, sizeof(n));
	for (uint32_t i = 0; i < ls->n; i++) {
		put_text(out, ls->l[i].name);
		put_text(out, ls->l[i].value);
	}
	return buf_check(out, e);
}

void refused_key(uint8_t key[KEY_REFUSED_BYTES], struct slice labels, int64_t stamp_ms,
		 uint64_t submission, uint16_t place)
{
	put_be32(key, crc32c(0, labels.p, labels.n));
	put_be_time(key + 4, stamp_ms);
	put_be64(key + 12, submission);
	key[20] = (uint8_t)(place >> 8);
	key[21] = (uint8_t)place;
}

static int bad(const char *why, struct err *e)
{
	return record_bad(e, DB_REFUSED, why);
}

/* Whether the bytes are labels from end to end. */
static bool are_labels(struct slice s)
{
	size_t texts;

	if (s.n < 2)
		return false;
	texts = 2 * (size_t)get_le16(s.p);
	for (s = slice_skip(s, 2); texts > 0; texts--) {
		size_t n = s.n < 2 ? s.n : (size_t)get_le16(s.p) + 2;

		if (s.n < 2 || n > s.n)
			return false;
		s = slice_skip(s, n);
	}
	return s.n == 0;
}

int refused_read(struct slice key, struct slice value, struct refused_view *out, struct err *e)
{
	const uint8_t *v = (const uint8_t *)value.p;
	uint8_t again[KEY_REFUSED_BYTES];
	size_t reason;

	if (key.n != KEY_REFUSED_BYTES || value.n < HEAD_BYTES || v[4] != FORM || v[6] || v[7])
		return bad("it has the wrong form", e);
	reason = v[5];
	if (reason == 0 || reason > REFUSED_REASON_MAX || value.n - HEAD_BYTES < reason)
		return bad("its reason has the wrong length", e);
	*out = (struct refused_view){
		.stamp_ms = get_be_time(key.p + 4),
		.received_ms = (int64_t)get_le64(v + AT_RECEIVED),
		.submission = get_be64(key.p + 12),
		.reason = slice_of(value.p + HEAD_BYTES, reason),
		.labels = slice_skip(value, HEAD_BYTES + reason),
	};
	if (!are_labels(out->labels))
		return bad("its labels have the wrong length", e);
	refused_key(again, out->labels, out->stamp_ms, out->submission, 0);
	if (memcmp(again, key.p, 4) != 0)
		return bad("its labels are not those of its key", e);
	return 0;
}

/* --- written ------------------------------------------------------------------------------- */

/* How many there are of this figure already. */
static int count_of_cell(struct db_txn *t, struct slice labels, int64_t stamp_ms, size_t *n,
			 struct err *e)
{
	uint8_t key[KEY_REFUSED_BYTES];
	struct refused_view r;
	struct walk walk;
	int rc = walk_open(&walk, t, DB_REFUSED, sizeof(key), e);

	*n = 0;
	refused_key(key, labels, stamp_ms, 0, 0);
	if (rc == 0)
		rc = walk_seek(&walk, key_slice(key, sizeof(key)), e);
	while (rc == 0 && walk.at.there && memcmp(walk.at.key.p, key, 12) == 0) {
		if (refused_read(walk.at.key, walk.at.value, &r, e) < 0) {
			rc = -1;
			break;
		}
		*n += slice_eq(r.labels, labels);
		rc = walk_next(&walk, e);
	}
	walk_close(&walk);
	return rc;
}

static int put_one(struct db_txn *t, const uint8_t *key, int64_t received_ms,
		   const struct refused_cell *c, struct slice labels, struct buf *value,
		   struct err *e)
{
	uint8_t head[HEAD_BYTES] = { 0 };

	head[4] = FORM;
	head[5] = (uint8_t)strlen(c->reason);
	put_le64(head + AT_RECEIVED, (uint64_t)received_ms);
	buf_clear(value);
	buf_put(value, head, sizeof(head));
	buf_puts(value, c->reason);
	buf_slice(value, labels);
	if (buf_check(value, e) < 0)
		return -1;
	return record_put(t, DB_REFUSED, key_slice(key, KEY_REFUSED_BYTES), (uint8_t *)value->p,
			  value->n, e);
}

static int put_cell(struct db_txn *t, uint64_t submission, int64_t received_ms,
		    const struct refused_cell *c, struct slice labels, struct buf *value,
		    uint32_t *kept, struct err *e)
{
	uint8_t key[KEY_REFUSED_BYTES];
	size_t there;

	if (count_of_cell(t, labels, c->stamp_ms, &there, e) < 0)
		return -1;
	if (there >= REFUSED_OF_CELL_MAX)
		return 0;
	refused_key(key, labels, c->stamp_ms, submission, (uint16_t)*kept);
	if (put_one(t, key, received_ms, c, labels, value, e) < 0)
		return -1;
	++*kept;
	return 0;
}

int refused_put(struct db_txn *t, uint64_t submission, int64_t received_ms,
		const struct refused_cell *cells, size_t n, uint32_t *kept, struct err *e)
{
	struct buf labels, value;
	int rc = 0;

	buf_init(&labels, RECORD_MAX);
	buf_init(&value, RECORD_MAX);
	*kept = 0;
	for (size_t i = 0; i < n && i < REFUSED_OF_APPEND_MAX && rc == 0; i++) {
		buf_clear(&labels);
		rc = refused_labels(cells[i].labels, &labels, e);
		if (rc == 0)
			rc = put_cell(t, submission, received_ms, &cells[i], buf_all(&labels),
				      &value, kept, e);
	}
	buf_release(&labels);
	buf_release(&value);
	return rc < 0 ? err_wrap(e, "refused figures") : 0;
}

/* --- checked ------------------------------------------------------------------------------- */

static void look_at(struct slice key, struct slice value, uint64_t last, uint32_t *kept,
		    void (*fault)(void *ctx, const char *text), void *ctx)
{
	struct refused_view r = { 0 };
	char text[128];
	struct err why;

	if (!record_good(key, value)) {
		fault(ctx, "a refused figure is damaged: the checksum is wrong");
	} else if (refused_read(key, value, &r, &why) < 0) {
		fault(ctx, why.text);
	} else if (r.submission < 1 || r.submission > last) {
		snprintf(text, sizeof(text),
			 "a refused figure names submission %" PRIu64 ", which does not exist",
			 r.submission);
		fault(ctx, text);
	} else {
		kept[r.submission - 1]++;
	}
}

int refused_count(struct db_txn *t, uint64_t last, uint32_t *kept,
		  void (*fault)(void *ctx, const char *text), void *ctx, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	int rc;

	if (db_cursor_open(t, DB_REFUSED, &c, e) < 0)
		return -1;
	while ((rc = db_move(c, how, &key, &value, e)) == 1) {
		look_at(key, value, last, kept, fault, ctx);
		how = DB_NEXT;
	}
	db_cursor_close(c);
	return rc;
}
