/* behind.h - changes in the tables of a store that is not open, behind its back. */
#ifndef TESTS_UNIT_STORAGE_BEHIND_H
#define TESTS_UNIT_STORAGE_BEHIND_H

#include "storage/db.h"
#include "storage/keys.h"
#include "tests/unit/storage/help.h"

struct behind {
	struct db *db;
	struct db_txn *t; /* for writing */
	struct err e;
};

static inline void behind_open(struct behind *b, const char *dir)
{
	struct db_options o = { .dir = dir, .mode = DB_WRITE, .map_bytes = 1 << 30 };

	*b = (struct behind){ .db = db_open(&o, &b->e) };
	assert_non_null(b->db);
	assert_ok(db_write_begin(b->db, &b->t, &b->e), &b->e);
}

static inline void behind_close(struct behind *b)
{
	assert_ok(db_write_commit(b->t, &b->e), &b->e);
	db_close(b->db);
}

static inline void remove_record(const char *dir, enum db_table table, const uint8_t *key, size_t n)
{
	struct behind b;

	behind_open(&b, dir);
	assert_ok(db_del(b.t, table, key_slice(key, n), &b.e), &b.e);
	behind_close(&b);
}

/* Turns over the byte of a record that is `from_end` before its end. */
static inline void damage_record(const char *dir, enum db_table table, const uint8_t *key, size_t n,
				 size_t from_end)
{
	struct behind b;
	struct slice value;
	char *copy;

	behind_open(&b, dir);
	assert_int_equal(db_get(b.t, table, key_slice(key, n), &value, &b.e), 1);
	copy = malloc(value.n);
	memcpy(copy, value.p, value.n);
	copy[value.n - from_end] = (char)~copy[value.n - from_end];
	assert_ok(db_put(b.t, table, key_slice(key, n), slice_of(copy, value.n), &b.e), &b.e);
	behind_close(&b);
	free(copy);
}

#endif
