/*
 * ledger.h - the chain of all that was handed in, released and returned.
 *
 * Each entry is a text that ends with the hash of the entry before it; its own hash
 * is the SHA-256 of that text, so sha256sum alone can check a chain that was
 * written out. Nothing in it is ever changed; the head (count and last hash) proves
 * all before it. Written in the same transaction as what it is about.
 *
 * The canonical form: lines "name: value", each ended by one line feed, in this
 * order and without others; an empty value leaves out the blank behind the colon.
 *
 *     parkwatch ledger entry 17        number, from 1 without gaps
 *     kind: submission                 or rejected
 *     submission: 12                   its sequence, from 1 without gaps
 *     received: 2026-11-04T08:15:00Z
 *     released: 2026-11-04T08:15:00Z   or "not yet"
 *     source: east-feed
 *     owner: 统计局
 *     origin: https://…
 *     address: 10.1.2.3:443
 *     reason:                          of a rejected one
 *     trusted: no                      or yes
 *     kept: 10                         figures
 *     kept-sha256: 64 digits           over them, see digest.h
 *     unchanged: 2
 *     refused: 0
 *     body-bytes: 512                  of the document as it came
 *     body-sha256: 64 digits           of it, or "none": not known
 *     original-sha256: 64 digits       the same when it is kept, or "none"
 *     previous: 64 digits              hash of entry 16; zeros in entry 1
 *
 *     parkwatch ledger entry 18
 *     kind: release                    or return
 *     submission: 12
 *     time: 2026-11-05T01:00:00Z
 *     by: 王敏
 *     reason:                          of a return
 *     previous: 64 digits
 *
 *     parkwatch ledger entry 19
 *     kind: answer                     or acceptance
 *     submission: 12                   that brought what is doubted
 *     time: 2026-11-06T01:00:00Z
 *     finding: 7
 *     opening-sha256: 64 digits        of what was asked, see docs/storage-format.md
 *     by: token 7c1f09ab
 *     text: …
 *     previous: 64 digits
 *
 * Texts are UTF-8; a backslash, a byte below 0x20, 0x7f and each byte that is not
 * part of valid UTF-8 are written as \xHH with two lower-case digits. Times are UTC,
 * with .mmm behind the seconds unless whole; outside the years 1900 … 2199
 * "N ms" since 1970. Numbers are decimal.
 *
 * The table `ledger`: key number 8; value crc 4, kind 1 (1 submission, 2 rejected,
 * 3 release, 4 return, 5 answer, 6 acceptance), 0 3, hash 32, text. In `meta` under "ledger": crc
 * 4, 0 4, number of entries 8, hash of the last 32.
 */
#ifndef STORAGE_LEDGER_H
#define STORAGE_LEDGER_H

#include "base/buf.h"
#include "storage/db.h"
#include "storage/store.h"
#include "storage/submission.h"

enum {
	KEY_LEDGER_BYTES = 8,
	LEDGER_HEAD_BYTES = 48,
	LEDGER_TEXT_MAX = 128 << 10, /* more than the longest submission, all escaped */
};

/* A verified record in its parts. */
struct ledger_view {
	uint64_t number, submission;
	enum ledger_kind kind;
	const uint8_t *hash, *previous_hex; /* the latter: 64 digits in the text */
	struct slice text;
};

/* Whether the form is right: kind, number, submission and previous are where they
 * belong. Hashes are not worked out. */
int ledger_read(struct slice key, struct slice value, struct ledger_view *out, struct err *e);
/* The value of a line, as it is written; false when there is none. */
bool ledger_field(struct slice text, const char *name, struct slice *out);

/* 0 (also when there are no entries), -1. */
int ledger_head_get(struct db_txn *t, struct ledger_head *out, struct err *e);
/* 1, 0, -1. */
int ledger_get(struct db_txn *t, uint64_t number, struct ledger_view *out, struct err *e);
/* Whether the table has as many entries as the head says; at opening. */
int ledger_check_count(struct db_txn *t, struct err *e);

/* Puts the canonical text of an entry into `out`. */
struct ledger_facts {
	uint64_t number;
	const struct submission_view *submission;
	int64_t released_ms; /* when it was handed in */
	const uint8_t *kept_sha256, *previous;
};
void ledger_print_submission(const struct ledger_facts *f, struct buf *out);

/* --- the writer's thread ------------------------------------------------------------ */

/* The submission's record, its original and its entry. `s` has its sequence and counts;
 * gets its entry's number and what follows from the body. */
int ledger_submit(struct db_txn *t, struct submission *s, uint32_t unchanged,
		  const uint8_t kept_sha256[SHA256_BYTES], struct err *e);
/* Whether one that was refused as a whole repeats the last of its source, up to `last`: then it
 * gets that one's sequence and is not written. 1, 0, -1. */
int ledger_repeats(struct db_txn *t, uint64_t last, struct submission *s, struct err *e);
/* As ledger_submit() for one that was refused as a whole. */
int ledger_reject(struct db_txn *t, struct submission *s, struct err *e);
/* Marks the submission and adds an entry; nothing when that was done at this time already. */
int ledger_release(struct db_txn *t, uint64_t sequence, int64_t released_ms, const char *by,
		   struct err *e);
int ledger_return(struct db_txn *t, uint64_t sequence, int64_t returned_ms, const char *by,
		  const char *reason, struct err *e);
/* An answer to a finding or its acceptance; *entry is its number. */
struct ledger_act {
	enum ledger_kind kind;
	uint64_t submission, finding;
	const uint8_t *opening_sha256;
	int64_t t_ms;
	const char *by, *text;
};
void ledger_print_act(const struct ledger_act *act, uint64_t number, const uint8_t *previous,
		      struct buf *out);
int ledger_act(struct db_txn *t, const struct ledger_act *act, uint64_t *entry, struct err *e);

#endif
