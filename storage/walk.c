/* walk.c - see walk.h. */
#include "storage/walk.h"

#include "base/counter.h"
#include "storage/keys.h"

int record_bad(struct err *e, enum db_table table, const char *why)
{
	counter_add(C_STORE_CORRUPT, 1);
	return err_set(e, ERR_CORRUPT, "damaged record in table \"%s\": %s", db_table_name(table),
		       why);
}

int record_get(struct db_txn *t, enum db_table table, struct slice key, struct slice *value,
	       struct err *e)
{
	int rc = db_get(t, table, key, value, e);

	if (rc == 1 && !record_good(key, *value))
		return record_bad(e, table, "the checksum is wrong");
	return rc;
}

int record_put(struct db_txn *t, enum db_table table, struct slice key, uint8_t *value, size_t n,
	       struct err *e)
{
	record_seal(key, value, n);
	return db_put(t, table, key, slice_of((const char *)value, n), e);
}

int walk_open(struct walk *w, struct db_txn *t, enum db_table table, size_t key_bytes,
	      struct err *e)
{
	*w = (struct walk){ .table = table, .key_bytes = key_bytes };
	return db_cursor_open(t, table, &w->cursor, e);
}

void walk_close(struct walk *w)
{
	db_cursor_close(w->cursor);
	*w = (struct walk){ 0 };
}

static int verify(const struct walk *w, const struct record *r, struct err *e)
{
	if (r->key.n != w->key_bytes)
		return record_bad(e, w->table, "a key has the wrong length");
	if (!record_good(r->key, r->value))
		return record_bad(e, w->table, "the checksum is wrong");
	return 0;
}

/* Moves and keeps what is there now in `r`. */
static int fetch(struct walk *w, enum db_move how, struct record *r, struct err *e)
{
	int rc = db_move(w->cursor, how, &r->key, &r->value, e);

	if (rc < 0)
		return -1;
	r->there = rc == 1;
	return r->there ? verify(w, r, e) : 0;
}

int walk_seek(struct walk *w, struct slice key, struct err *e)
{
	struct record *at = &w->at, *before = &w->before;
	int rc = db_seek(w->cursor, key, &at->key, &at->value, e);

	if (rc < 0)
		return -1;
	w->before_start = false;
	at->there = rc == 1;
	if (at->there) {
		if (verify(w, at, e) < 0)
			return -1;
		if (slice_cmp(at->key, key) < 0)
			return record_bad(e, w->table, "the keys are out of order");
	}
	if (fetch(w, at->there ? DB_PREV : DB_LAST, before, e) < 0)
		return -1;
	if (before->there && slice_cmp(before->key, key) >= 0)
		return record_bad(e, w->table, "the keys are out of order");
	if (!at->there)
		return 0;
	/* Back to the place itself. */
	rc = db_move(w->cursor, before->there ? DB_NEXT : DB_FIRST, &at->key, &at->value, e);
	return rc == 1 ? 0 : rc < 0 ? -1 : record_bad(e, w->table, "a record has vanished");
}

int walk_next(struct walk *w, struct err *e)
{
	struct slice was = w->at.key;

	if (w->before_start) {
		w->before_start = false;
		return fetch(w, DB_FIRST, &w->at, e);
	}
	if (!w->at.there)
		return 0;
	if (fetch(w, DB_NEXT, &w->at, e) < 0)
		return -1;
	if (w->at.there && slice_cmp(was, w->at.key) >= 0)
		return record_bad(e, w->table, "the keys are out of order");
	return 0;
}

int walk_prev(struct walk *w, struct err *e)
{
	struct slice was = w->at.key;
	bool from_end = !w->at.there;

	if (w->before_start)
		return 0;
	if (fetch(w, from_end ? DB_LAST : DB_PREV, &w->at, e) < 0)
		return -1;
	if (!w->at.there)
		w->before_start = true;
	else if (!from_end && slice_cmp(was, w->at.key) <= 0)
		return record_bad(e, w->table, "the keys are out of order");
	return 0;
}

int walk_presence(struct walk *w, struct slice first, size_t prefix, uint64_t *records,
		  uint32_t *digest, struct err *e)
{
	struct record *r = &w->at;
	struct slice last = first;
	int rc = db_seek(w->cursor, first, &r->key, &r->value, e);

	w->before_start = false;
	*records = 0;
	*digest = 0;
	while (rc == 1 && r->key.n == w->key_bytes && memcmp(r->key.p, first.p, prefix) == 0) {
		int order = slice_cmp(last, r->key);

		if (order > 0 || (order == 0 && *records > 0) || r->value.n < 4)
			return record_bad(e, w->table, "the keys are out of order");
		last = r->key;
		(*records)++;
		*digest ^= record_crc(r->value);
		rc = db_move(w->cursor, DB_NEXT, &r->key, &r->value, e);
	}
	r->there = false;
	return rc < 0 ? -1 : 0;
}
