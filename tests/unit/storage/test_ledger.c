/* test_ledger.c - the chain of entries: what they say, that it is whole, handing it out. */
#include "storage/digest.h"
#include "storage/keys.h"
#include "storage/walk.h"
#include "tests/unit/storage/books.h"

#include "base/remote_write.h"
#include "base/snappy.h"

#include <sys/stat.h>
#include <unistd.h>

static struct ledger_entry entry_of(struct fixture *f, uint64_t number)
{
	struct snapshot *v = must_snapshot(f->s);
	struct ledger_entry x;

	assert_ok(snapshot_ledger(v, number, &f->arena, &x, &f->e), &f->e);
	snapshot_close(v);
	return x;
}

static uint64_t entries_of(struct fixture *f)
{
	struct ledger_head head;

	assert_ok(store_ledger_head(f->s, &head, &f->e), &f->e);
	return head.entries;
}

/* --- what entries say -------------------------------------------------------------------- */

/* The digest was worked out from its description with Python's hashlib. */
static void an_entry_has_exactly_its_canonical_form(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct ledger_head head;
	struct ledger_entry x;
	uint8_t want[SHA256_BYTES];
	struct snapshot *v;

	assert_int_equal(entries_of(f), 0);
	assert_ok(hand_in(f->s, ls, 2, 1, 1000, 1500, "abc", NULL, &f->e), &f->e);
	x = entry_of(f, 1);
	assert_int_equal(x.kind, LEDGER_SUBMISSION);
	assert_int_equal(x.submission, 1);
	assert_string_equal(
		x.text,
		"parkwatch ledger entry 1\n"
		"kind: submission\n"
		"submission: 1\n"
		"received: 1970-01-01T00:00:01Z\n"
		"released: 1970-01-01T00:00:01.500Z\n"
		"source: east-feed\n"
		"owner: 统计局\n"
		"origin: http://east.example/2026.csv\n"
		"address: 10.1.2.3:443\n"
		"reason:\n"
		"trusted: no\n"
		"kept: 2\n"
		"kept-sha256: 1f7a6e0badc62aad39f8fea09de0582f34aec16bac8c3d5776b94bfc9df11ad1\n"
		"unchanged: 0\n"
		"refused: 3\n"
		"body-bytes: 3\n"
		"body-sha256: "
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
		"original-sha256: "
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
		"previous: 0000000000000000000000000000000000000000000000000000000000000000\n");
	sha256_of(slice_str(x.text), want);
	assert_memory_equal(x.hash, want, SHA256_BYTES);
	v = must_snapshot(f->s);
	assert_ok(snapshot_ledger_head(v, &head, &f->e), &f->e);
	assert_int_equal(head.entries, 1);
	assert_memory_equal(head.hash, want, SHA256_BYTES);
	assert_fails(snapshot_ledger(v, 2, &f->arena, &x, &f->e), &f->e, ERR_NOT_FOUND,
		     "the ledger has no entry 2");
	assert_fails(snapshot_ledger(v, 0, &f->arena, &x, &f->e), &f->e, ERR_NOT_FOUND,
		     "the ledger has no entry 0");
	snapshot_close(v);
	labels_unref(ls);
}

static void releases_and_returns_are_entries_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct ledger_entry x;
	char hex[SHA256_HEX], want[512];

	assert_ok(hand_in(f->s, ls, 1, 1, 1000, 0, "abc", NULL, &f->e), &f->e);
	assert_ok(hand_in(f->s, ls, 1, 2, 1100, 0, "abd", NULL, &f->e), &f->e);
	assert_has(entry_of(f, 1).text, "\nreleased: not yet\n");
	assert_ok(store_release_by(f->s, 1, 2000, "王敏", &f->e), &f->e);
	sha256_hex(entry_of(f, 2).hash, hex);
	snprintf(want, sizeof(want),
		 "parkwatch ledger entry 3\nkind: release\nsubmission: 1\n"
		 "time: 1970-01-01T00:00:02Z\nby: 王敏\nreason:\nprevious: %s\n",
		 hex);
	x = entry_of(f, 3);
	assert_int_equal(x.kind, LEDGER_RELEASE);
	assert_string_equal(x.text, want);
	/* What was done already adds nothing. */
	assert_ok(store_release_by(f->s, 1, 2000, "again", &f->e), &f->e);
	assert_int_equal(entries_of(f), 3);
	assert_ok(store_return(f->s, 2, 3000, "x", "wrong month\nsee mail", &f->e), &f->e);
	x = entry_of(f, 4);
	assert_int_equal(x.kind, LEDGER_RETURN);
	assert_has(x.text, "\nby: x\nreason: wrong month\\x0asee mail\nprevious: ");
	assert_fails(store_release(f->s, 2, 4000, &f->e), &f->e, ERR_EXISTS,
		     "submission 2 was returned at 1970-01-01T00:00:03Z already");
	assert_fails(store_return(f->s, 1, 4000, "x", "y", &f->e), &f->e, ERR_EXISTS,
		     "submission 1 was released at 1970-01-01T00:00:02Z already");
	assert_fails(store_return(f->s, 3, 4000, "x", "y", &f->e), &f->e, ERR_NOT_FOUND,
		     "there is no submission 3");
	assert_int_equal(entries_of(f), 4);
	labels_unref(ls);
}

static void texts_cannot_forge_lines(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o = { .labels = ls, .stamp_ms = 1, .value = 1 };
	struct append a = { .submission = { .source = "a\nkept: 9",
					    .owner = "\xff\xc3\xa9\xc3",
					    .origin = "C:\\x\x7f\t ",
					    .address = "",
					    .received_ms = 1 },
			    .obs = &o,
			    .nobs = 1 };
	const char *text;

	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	text = entry_of(f, 1).text;
	assert_has(text, "\nsource: a\\x0akept: 9\n");
	assert_has(text, "\nowner: \\xff\xc3\xa9\\xc3\n");
	assert_has(text, "\norigin: C:\\x5cx\\x7f\\x09 \n");
	assert_has(text, "\naddress:\n");
	labels_unref(ls);
}

/* --- rejected ones ------------------------------------------------------------------------ */

static void a_rejected_document_is_on_record_with_its_reason(void **state)
{
	struct fixture *f = *state;
	struct submission s;
	struct snapshot *v;
	uint64_t sequence;
	struct buf out;

	assert_ok(reject(f->s, "east", "<html>", "this is an HTML page", 1000, &sequence, &f->e),
		  &f->e);
	assert_int_equal(sequence, 1);
	v = must_snapshot(f->s);
	assert_ok(snapshot_submission(v, 1, &f->arena, &s, &f->e), &f->e);
	assert_true(s.rejected);
	assert_string_equal(s.reason, "this is an HTML page");
	assert_int_equal(s.kept, 0);
	assert_int_equal(s.released_ms, 0);
	buf_init(&out, 100);
	assert_ok(snapshot_original(v, s.body_sha256, &out, &f->e), &f->e);
	assert_slice(buf_all(&out), "<html>");
	buf_release(&out);
	snapshot_close(v);
	assert_int_equal(entry_of(f, 1).kind, LEDGER_REJECTED);
	assert_has(entry_of(f, 1).text, "kind: rejected\n");
	assert_has(entry_of(f, 1).text, "\nreleased: not yet\n");
	assert_has(entry_of(f, 1).text, "\nreason: this is an HTML page\n");
	assert_has(entry_of(f, 1).text, "\nkept: 0\nkept-sha256: e3b0c44298fc1c14");
	assert_fails(store_release(f->s, 1, 2000, &f->e), &f->e, ERR_INVALID,
		     "submission 1 was rejected when it came");
}

static void the_same_rejected_again_adds_nothing(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	uint64_t sequence;

	assert_ok(reject(f->s, "east", "<html>", "HTML", 1000, &sequence, &f->e), &f->e);
	/* Others may come between. */
	assert_ok(reject(f->s, "west", "<html>", "HTML", 1100, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 2);
	for (int i = 0; i < 50; i++) {
		assert_ok(reject(f->s, "east", "<html>", "HTML", 2000 + i, &sequence, &f->e),
			  &f->e);
		assert_int_equal(sequence, 1);
	}
	assert_int_equal(entries_of(f), 2);
	reopen(f);
	assert_ok(reject(f->s, "east", "<html>", "HTML", 3000, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 1);
	/* Other bytes, another reason, or something good between: that is news. */
	assert_ok(reject(f->s, "east", "<HTML>", "HTML", 3000, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 3);
	assert_ok(reject(f->s, "east", "<HTML>", "empty", 3000, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 4);
	assert_ok(reject(f->s, "east", "", "empty", 3000, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 5);
	assert_ok(hand_in(f->s, ls, 1, 1, 4000, 4000, "x", NULL, &f->e), &f->e);
	assert_ok(reject(f->s, "east-feed", "", "empty", 5000, &sequence, &f->e), &f->e);
	assert_int_equal(sequence, 7);
	assert_int_equal(entries_of(f), 7);
	labels_unref(ls);
}

static void a_rejected_one_is_just_that(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o = { .labels = ls, .stamp_ms = 1, .value = 1 };
	struct append a = { .submission = { .source = "x", .rejected = true, .reason = "y" },
			    .obs = &o,
			    .nobs = 1 };

	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID,
		     "a rejected submission brings observations");
	a.nobs = 0;
	a.submission.reason = "";
	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID,
		     "a rejected submission needs a reason");
	a.nobs = 1;
	a.submission.rejected = false;
	a.submission.reason = "y";
	assert_fails(append_now(f->s, &a, &f->e), &f->e, ERR_INVALID,
		     "only a rejected submission has a reason");
	assert_int_equal(entries_of(f), 0);
	labels_unref(ls);
}

/* --- the chain is whole ---------------------------------------------------------------------- */

static void a_ledger_of_all_kinds_passes_the_audit(void **state)
{
	struct fixture *f = *state;
	uint8_t known[SHA256_BYTES];
	char *text, want[128], hex[SHA256_HEX];
	struct ledger_head head;
	long faults;

	keep_books(f->s);
	memcpy(known, entry_of(f, 5).hash, SHA256_BYTES);
	assert_ok(store_ledger_head(f->s, &head, &f->e), &f->e);
	assert_int_equal(head.entries, BOOKS_ENTRIES);
	store_close(f->s);
	text = audit_text(f->dir, known, &faults);
	assert_int_equal(faults, 0);
	snprintf(want, sizeof(want), "head %s\n12 entries, 0 faults\n", sha256_hex(head.hash, hex));
	assert_has(text, want);
	assert_has(text, "9 submissions, ");
	free(text);
	known[0] ^= 1;
	text = audit_text(f->dir, known, &faults);
	assert_int_equal(faults, 1);
	assert_has(text, "the hash that was given is not in the chain\n");
	free(text);
	f->s = must_open(f->dir);
}

/* A clock that was set back moves known-from: figures of one period then come to lie in
 * another order than they were written in. */
static void the_digest_follows_the_order_of_the_figures(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o[3] = {
		{ .labels = ls, .stamp_ms = 100, .value = 5 },
		{ .labels = ls, .stamp_ms = 100, .value = 6, .known_from_ms = 7000 },
		{ .labels = ls, .stamp_ms = 200, .value = 7 },
	};
	struct append a = {
		.submission = { .received_ms = 3000, .released_ms = 3000, .trusted = true },
		.obs = o,
		.nobs = 3
	};

	assert_ok(put_figure(f->s, ls, 100, 1, 9000, 9000, NULL, &f->e), &f->e);
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.submission.kept, 3);
	labels_unref(ls);
}

static void put_plain(struct buf *b, struct slice s)
{
	uint8_t n[2];

	put_le16(n, (uint16_t)s.n);
	buf_put(b, n, sizeof(n));
	buf_slice(b, s);
}

/* Against the same bytes put together the plain way, with texts of many lengths. */
static void a_digest_is_over_the_bytes_that_are_described(void **state)
{
	static const size_t lengths[] = { 1, 100, 250, 251, 252, 500, 511, 512, 513, 2048 };
	char *text = noise(2048, 3);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct label l[3] = { { slice_str("__name__"), slice_str("output") },
				      { slice_str("a"), slice_of(text, lengths[i]) },
				      { slice_str("b"), slice_of(text, 2049 - lengths[i]) } };
		struct err e = { 0 };
		struct labels *ls = labels_intern(l, 3, &e);
		struct figure x = { .stamp_ms = -5,
				    .known_from_ms = 0x0102030405060708,
				    .value = -0.5,
				    .row = 77,
				    .sequence = 78,
				    .received_ms = 79,
				    .months = 12,
				    .flags = 0x81,
				    .known = KNOWN_GIVEN };
		uint8_t is[SHA256_BYTES], want[SHA256_BYTES];
		struct digest d;
		struct buf b;

		assert_non_null(ls);
		digest_init(&d);
		buf_init(&b, 1 << 16);
		buf_put(&b, "S\3", 3);
		for (int k = 0; k < 3; k++) {
			put_plain(&b, l[k].name);
			put_plain(&b, l[k].value);
		}
		for (int k = 0; k < 2; k++) {
			digest_add(&d, 9, ls, &x);
			buf_put(&b, "F\xfb\xff\xff\xff\xff\xff\xff\xff", 9);
			buf_put(&b, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
			buf_put(&b, "\0\0\0\0\0\0\xe0\xbf\x0c\x81\x02", 11);
		}
		digest_end(&d, is);
		sha256_of(buf_all(&b), want);
		assert_memory_equal(is, want, SHA256_BYTES);
		buf_release(&b);
		labels_unref(ls);
	}
	free(text);
}

static void many_submissions_from_many_threads_make_one_chain(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o[20];
	struct append a[200] = { 0 };
	struct waiting w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

	for (int i = 0; i < 20; i++)
		o[i] = (struct observation){ .labels = ls, .stamp_ms = i, .value = i };
	for (int i = 0; i < 200; i++) {
		a[i] = (struct append){ .submission = { .source = "x",
							.received_ms = i + 1,
							.body = slice_of("0123456789",
									 1 + i % 10) },
					.obs = o,
					.nobs = (size_t)(i % 20 + 1) };
		a[i].done = i == 199 ? wake_up : NULL;
		a[i].ctx = &w;
		assert_ok(store_append(f->s, &a[i], &f->e), &f->e);
	}
	pthread_mutex_lock(&w.lock);
	while (!w.over)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
	assert_int_equal(entries_of(f), 200);
	labels_unref(ls);
}

/* What was sent in a form of its own, as remote write is, is known by its hash only. */
static void an_original_that_is_not_kept_is_known_by_its_hash(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation o = { .labels = ls, .stamp_ms = 1, .value = 1 };
	struct append a = { .submission = { .source = "x", .received_ms = 1, .body_bytes = 3 },
			    .obs = &o,
			    .nobs = 1 };
	struct submission s;
	struct snapshot *v;

	sha256_of(slice_str("abc"), a.submission.body_sha256);
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_has(entry_of(f, 1).text, "\nbody-bytes: 3\nbody-sha256: ba7816bf8f01cfea");
	assert_has(entry_of(f, 1).text, "\noriginal-sha256: none\n");
	v = must_snapshot(f->s);
	assert_ok(snapshot_submission(v, 1, &f->arena, &s, &f->e), &f->e);
	assert_false(s.has_original);
	assert_int_equal(s.body_bytes, 3);
	assert_memory_equal(s.body_sha256, a.submission.body_sha256, SHA256_BYTES);
	snapshot_close(v);
	labels_unref(ls);
}

static struct series_kind all_statistics(void *ctx, const struct label *l, size_t n)
{
	(void)ctx;
	(void)l;
	(void)n;
	return (struct series_kind){ .class = SERIES_STATISTIC, .months = 1 };
}

static void wake_up_write(struct write *w)
{
	struct waiting *x = w->ctx;

	pthread_mutex_lock(&x->lock);
	x->over = true;
	pthread_cond_signal(&x->cond);
	pthread_mutex_unlock(&x->lock);
}

static void write_body_now(struct store *s, struct slice body)
{
	struct waiting x = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	struct write w = { .body = body,
			   .received_ms = 5000,
			   .source = "push",
			   .origin = "/api/v1/write",
			   .address = "10.0.0.7:5000",
			   .done = wake_up_write,
			   .ctx = &x };
	struct err e;

	assert_ok(store_write(s, &w, &e), &e);
	pthread_mutex_lock(&x.lock);
	while (!x.over)
		pthread_cond_wait(&x.cond, &x.lock);
	pthread_mutex_unlock(&x.lock);
	assert_ok(w.err.code == ERR_NONE ? 0 : -1, &w.err);
}

/* A statistic that is pushed is on record with its sender and the hash of the request. */
static void a_pushed_statistic_is_on_record(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct rw_sample x = { 1000, 7 };
	uint8_t sha256[SHA256_BYTES];
	char want[256], hex[SHA256_HEX];
	struct buf raw, body;

	store_close(f->s);
	f->s = store_open(&(struct store_options){ .dir = f->dir, .classify = all_statistics },
			  &f->e);
	assert_non_null(f->s);
	buf_init(&raw, 1000);
	buf_init(&body, 1000);
	rw_put_series(&raw, ls->l, ls->n, &x, 1);
	assert_ok(snappy_encode(buf_all(&raw), &body, &f->e), &f->e);
	write_body_now(f->s, buf_all(&body));
	sha256_of(buf_all(&body), sha256);
	assert_int_equal(entries_of(f), 1);
	assert_has(entry_of(f, 1).text, "\nsource: push\nowner:\norigin: /api/v1/write\n"
					"address: 10.0.0.7:5000\nreason:\n");
	snprintf(want, sizeof(want), "\nbody-bytes: %zu\nbody-sha256: %s\noriginal-sha256: none\n",
		 body.n, sha256_hex(sha256, hex));
	assert_has(entry_of(f, 1).text, want);
	buf_release(&raw);
	buf_release(&body);
	labels_unref(ls);
}

/* More values of one period than a chunk has place for: their order is that of the document. */
static void a_document_may_say_a_period_many_times(void **state)
{
	enum { N = 5000 };
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east");
	struct observation *o = calloc(N, sizeof(*o));
	struct append a = { .submission = { .received_ms = 3000, .released_ms = 3000 },
			    .obs = o,
			    .nobs = N };

	for (int i = 0; i < N; i++)
		o[i] = (struct observation){
			.labels = ls, .stamp_ms = 100, .value = i % 7, .months = 1
		};
	assert_ok(append_now(f->s, &a, &f->e), &f->e);
	assert_int_equal(a.submission.kept, N);
	for (int k = 0; k < 3; k++) {
		struct snapshot *v = must_snapshot(f->s);
		struct series_ref ref;
		struct vintage *list;
		size_t n;

		assert_ok(snapshot_find(v, ls, &ref, &f->e), &f->e);
		assert_ok(snapshot_vintages(v, ref.id, 100, &f->arena, &list, &n, &f->e), &f->e);
		assert_int_equal(n, N);
		for (int i = 0; i < N; i++)
			assert_true(list[i].value == i % 7);
		snapshot_close(v);
		if (k == 0)
			reopen(f);
		else
			assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	free(o);
	labels_unref(ls);
}

/* Many small partitions become few large ones; the digests stay what they were. */
static void packing_and_merging_change_no_digest(void **state)
{
	struct fixture *f = *state;
	struct labels *ls[3] = { series_named("output", "east"), series_named("output", "west"),
				 series_named("staff", "east") };
	struct store_status status;
	const unsigned rounds = 60;

	for (unsigned i = 0; i < rounds; i++) {
		assert_ok(hand_in(f->s, ls[i % 3], 20, i, 1000 + i, i % 2 ? 1000 + i : 0, NULL,
				  NULL, &f->e),
			  &f->e);
		if (i % 4 == 2)
			assert_ok(store_release(f->s, i + (i % 2 ? 0 : 1), 5000 + i, &f->e), &f->e);
		assert_ok(store_flush(f->s, &f->e), &f->e);
	}
	store_status(f->s, &status);
	assert_true(status.partitions < rounds / 2);
	assert_int_equal(status.fresh_figures, 0);
	for (int i = 0; i < 3; i++)
		labels_unref(ls[i]);
}

/* One that fails in a batch is taken out and the others are written again. */
static void a_failed_append_leaves_no_entry(void **state)
{
	struct fixture *f = *state;
	struct labels *ls = series_named("output", "east"), *up = series_named("up", "east");
	struct plain_sample x = { .labels = ls, .t_ms = 1, .value = 1 };
	struct observation o = { .labels = up, .stamp_ms = 1, .value = 1 };
	struct append good = { .submission = { .source = "g", .body = slice_str("good") },
			       .obs = &(struct observation){ .labels = ls, .stamp_ms = 1 },
			       .nobs = 1 };
	struct append bad = { .submission = { .source = "b", .body = slice_str("bad") },
			      .obs = &o,
			      .nobs = 1,
			      .samples = &x,
			      .nsamples = 1 };

	assert_ok(append_now(f->s, &good, &f->e), &f->e);
	assert_fails(append_now(f->s, &bad, &f->e), &f->e, ERR_INVALID, "output");
	assert_int_equal(entries_of(f), 1);
	labels_unref(ls);
	labels_unref(up);
}

/* --- handing it out ----------------------------------------------------------------- */

static long export_to(const char *dir, const char *folder, char *const *catalogue, size_t n,
		      char **text, struct err *e)
{
	struct audit_export x = { .folder = folder, .catalogue = catalogue, .ncatalogue = n };
	size_t len;
	FILE *to = open_memstream(text, &len);
	long faults = store_audit_export(dir, &x, to, e);

	fclose(to);
	return faults;
}

static void an_export_has_all_parts(void **state)
{
	struct fixture *f = *state;
	char *out = tmp_make(), *text, *got;
	char folder[256], hex[SHA256_HEX];
	char *catalogue[] = { strdup(tmp_path(f->dir, "units.yaml")) };
	struct ledger_head head;
	uint8_t abc[SHA256_BYTES];
	size_t n;

	keep_books(f->s);
	assert_ok(store_ledger_head(f->s, &head, &f->e), &f->e);
	tmp_write(catalogue[0], "units: []\n", 10);
	store_close(f->s);
	snprintf(folder, sizeof(folder), "%s/export", out);
	assert_int_equal(export_to(f->dir, folder, catalogue, 1, &text, &f->e), 0);
	assert_has(text, "12 entries and 6 originals written to ");
	free(text);
	got = tmp_read(tmp_path(folder, "chain.txt"), &n);
	assert_non_null(got);
	assert_memory_equal(got, "parkwatch ledger entry 1\nkind: submission\n", 42);
	assert_has(got, sha256_hex(head.hash, hex));
	assert_memory_equal(got + n - 2, "\n\n", 2);
	free(got);
	sha256_of(slice_str("<html>"), abc);
	snprintf(folder, sizeof(folder), "%s/export/originals/%s.csv", out, sha256_hex(abc, hex));
	got = tmp_read(folder, &n); /* its name said csv */
	assert_non_null(got);
	assert_string_equal(got, "<html>");
	free(got);
	snprintf(folder, sizeof(folder), "%s/export/catalogue/units.yaml", out);
	got = tmp_read(folder, &n);
	assert_non_null(got);
	free(got);
	/* Never into a folder that has something. */
	snprintf(folder, sizeof(folder), "%s/export", out);
	assert_fails(export_to(f->dir, folder, NULL, 0, &text, &f->e) < 0, &f->e, ERR_EXISTS,
		     "is not empty: an export needs a new folder");
	free(text);
	snprintf(folder, sizeof(folder), "%s/second", out);
	remove(catalogue[0]);
	assert_fails(export_to(f->dir, folder, catalogue, 1, &text, &f->e) < 0, &f->e,
		     ERR_NOT_FOUND, "units.yaml: cannot be opened: No such file");
	free(text);
	free(catalogue[0]);
	tmp_remove(out);
	f->s = must_open(f->dir);
}

static int close_audited(void **state)
{
	struct fixture *f = *state;

	/* As they were written, and packed. */
	store_close(f->s);
	assert_audited(f->dir);
	f->s = must_open(f->dir);
	assert_ok(store_flush(f->s, &f->e), &f->e);
	store_close(f->s);
	assert_audited(f->dir);
	f->s = must_open(f->dir);
	return fixture_close(state);
}

#undef STORE_TEST
#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, close_audited)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(an_entry_has_exactly_its_canonical_form),
		STORE_TEST(releases_and_returns_are_entries_of_their_own),
		STORE_TEST(texts_cannot_forge_lines),
		STORE_TEST(a_rejected_document_is_on_record_with_its_reason),
		STORE_TEST(the_same_rejected_again_adds_nothing),
		STORE_TEST(a_rejected_one_is_just_that),
		STORE_TEST(a_ledger_of_all_kinds_passes_the_audit),
		STORE_TEST(the_digest_follows_the_order_of_the_figures),
		cmocka_unit_test(a_digest_is_over_the_bytes_that_are_described),
		STORE_TEST(many_submissions_from_many_threads_make_one_chain),
		STORE_TEST(an_original_that_is_not_kept_is_known_by_its_hash),
		STORE_TEST(a_pushed_statistic_is_on_record),
		STORE_TEST(a_document_may_say_a_period_many_times),
		STORE_TEST(packing_and_merging_change_no_digest),
		STORE_TEST(a_failed_append_leaves_no_entry),
		STORE_TEST(an_export_has_all_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
