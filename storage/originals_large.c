/*
 * originals_large.c - an original that is too large for one transaction.
 *
 *     store_append ─▶ pack ─▶ pieces, a few a transaction ─▶ the append, with the first piece
 *                     (on the caller's thread, which waits)
 *
 * LMDB holds the pages of a transaction in memory until its commit, so a document of 40 MB is
 * written before the record that names it. Until then nobody sees it; after a crash its pieces lie
 * there without a first one and are written over when the document comes again, or deleted with the
 * next large one. One at a time: whether pieces still wait for theirs is only known so.
 */
#include "storage/originals.h"
#include "storage/store_impl.h"

#include "base/alloc.h"

enum { PIECES_AT_ONCE = 4 };

struct piece_task {
	struct append a; /* first */
	const struct original_draft *draft;
	uint32_t from, to;
};

static int put_some(struct append *a, struct write_task *t, struct err *e)
{
	const struct piece_task *p = (struct piece_task *)a;

	if (p->from == 1 && original_sweep(t->t, p->draft->sha256, e) < 0)
		return -1;
	return original_put_pieces(t->t, p->draft, p->from, p->to, e);
}

static int put_all_but_first(struct store *s, const struct original_draft *d, struct err *e)
{
	uint32_t n = original_draft_pieces(d), left;

	for (uint32_t i = 1; i < n; i += PIECES_AT_ONCE) {
		left = n - i;
		struct piece_task p = {
			.a = { .task = put_some,
			       .task_bytes = (size_t)PIECES_AT_ONCE * ORIGINAL_VALUE_MAX },
			.draft = d,
			.from = i,
			.to = i + (left < PIECES_AT_ONCE ? left : PIECES_AT_ONCE),
		};

		if (writer_do(s, &p.a, e) < 0)
			return -1;
	}
	return 0;
}

bool original_is_large(const struct submission *u)
{
	return u->body.n > ORIGINAL_LARGE_BYTES;
}

int original_push_large(struct store *s, struct append *a, struct err *e)
{
	static const uint8_t unknown[SHA256_BYTES];
	struct submission *u = &a->submission;
	struct original_draft *d = mem_zalloc(sizeof(*d));
	int rc;

	if (!d)
		return err_set(e, ERR_MEMORY, "no memory to keep an original");
	if (memcmp(u->body_sha256, unknown, SHA256_BYTES) == 0)
		sha256_of(u->body, u->body_sha256);
	rc = original_draft_make(d, u->body_sha256, u->body, e);
	pthread_mutex_lock(&s->original_lock);
	if (rc == 0)
		rc = put_all_but_first(s, d, e);
	a->submission.draft = d;
	if (rc == 0)
		rc = writer_push(s, a, e);
	pthread_mutex_unlock(&s->original_lock);
	if (rc < 0)
		original_forget_draft(a);
	return rc;
}

void original_forget_draft(struct append *a)
{
	if (a->submission.draft)
		original_draft_release(a->submission.draft);
	mem_free(a->submission.draft);
	a->submission.draft = NULL;
}
