/*
 * books.h - a store with a ledger of all kinds of entries, for the tests of the ledger, the
 * originals and the audit.
 */
#ifndef TESTS_UNIT_STORAGE_BOOKS_H
#define TESTS_UNIT_STORAGE_BOOKS_H

#include "storage/audit.h"
#include "storage/ledger.h"
#include "storage/originals.h"
#include "tests/unit/storage/help.h"

/* A document that brings `n` figures, value `v` and up, stamped 100, 200 …. */
static inline int hand_in_bytes(struct store *s, struct labels *ls, unsigned n, double v,
				int64_t now, int64_t released, struct slice body,
				struct append *out, struct err *e)
{
	struct observation *o = calloc(n, sizeof(*o));
	struct append a = { .submission = { .source = "east-feed",
					    .owner = "统计局",
					    .origin = "http://east.example/2026.csv",
					    .address = "10.1.2.3:443",
					    .received_ms = now,
					    .released_ms = released,
					    .refused = 3,
					    .body = body },
			    .obs = o,
			    .nobs = n };
	int rc;

	for (unsigned i = 0; i < n; i++)
		o[i] = (struct observation){
			.labels = ls, .stamp_ms = 100 * (i + 1), .value = v + i, .months = 1
		};
	rc = append_now(s, &a, e);
	a.obs = NULL;
	if (out)
		*out = a;
	free(o);
	return rc;
}

/* body NULL: none. */
static inline int hand_in(struct store *s, struct labels *ls, unsigned n, double v, int64_t now,
			  int64_t released, const char *body, struct append *out, struct err *e)
{
	return hand_in_bytes(s, ls, n, v, now, released, slice_str(body), out, e);
}

static inline int reject(struct store *s, const char *source, const char *body, const char *reason,
			 int64_t now, uint64_t *sequence, struct err *e)
{
	struct append a = { .submission = { .source = source,
					    .origin = "bad.csv",
					    .received_ms = now,
					    .released_ms = now,
					    .rejected = true,
					    .reason = reason,
					    .body = slice_str(body) } };
	int rc = append_now(s, &a, e);

	*sequence = a.submission.sequence;
	return rc;
}

/* Bytes that do not pack, so that they fill several pieces. */
static inline char *noise(size_t n, uint64_t seed)
{
	char *p = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('!' + random_next(&seed) % 90);
	p[n] = '\0';
	return p;
}

/* Eleven submissions of all kinds, two of them released later, one returned. */
static inline void keep_books(struct store *s)
{
	struct labels *east = series_named("output", "east"),
		      *west = series_named("output", "west");
	char *large = noise(1400000, 4711);
	uint64_t sequence;
	struct err e = { 0 };

	assert_ok(hand_in(s, east, 12, 1, 1000, 1000, "month,value\n1,1\n", NULL, &e), &e);
	assert_ok(hand_in(s, west, 12, 50, 2000, 0, "month,value\n1,50\n", NULL, &e), &e);
	assert_ok(reject(s, "west-feed", "<html>", "this is an HTML page", 2500, &sequence, &e),
		  &e);
	assert_ok(hand_in(s, east, 12, 1, 3000, 3000, "month,value\n1,1\n", NULL, &e), &e);
	assert_ok(store_release_by(s, 2, 3500, "王敏", &e), &e);
	assert_ok(hand_in(s, east, 5, 2, 4000, 4000, large, NULL, &e), &e);
	assert_ok(hand_in(s, west, 3, 60, 5000, 0, NULL, NULL, &e), &e);
	assert_ok(hand_in(s, west, 3, 70, 5500, 0, "draft", NULL, &e), &e);
	assert_ok(store_return(s, 6, 6000, "王敏", "wrong month\n", &e), &e);
	assert_ok(store_release(s, 7, 6500, &e), &e);
	assert_ok(reject(s, "west-feed", "", "the file is empty", 7000, &sequence, &e), &e);
	assert_ok(hand_in(s, east, 1, 90, 8000, 0, "open", NULL, &e), &e);
	assert_ok(put_sample(s, east, 1, 1, &e) == 0 ? -1 : 0, &e); /* a statistic stays one */
	free(large);
	labels_unref(east);
	labels_unref(west);
}

enum { BOOKS_SUBMISSIONS = 9, BOOKS_ENTRIES = 12, BOOKS_ORIGINALS = 6, BOOKS_FIGURES = 36 };

static inline char *audit_text(const char *dir, const uint8_t *wanted, long *faults)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	struct err e = { 0 };

	*faults = store_audit(dir, wanted, to, &e);
	fclose(to);
	if (*faults < 0)
		fail_msg("the audit cannot be done: %s", e.text);
	return text;
}

static inline void assert_audited(const char *dir)
{
	long faults;
	char *text = audit_text(dir, NULL, &faults);

	if (faults)
		fail_msg("%s", text);
	free(text);
}

#endif
