/*
 * snapshot_findings.c - findings as a snapshot shows them.
 */
#include "storage/findings.h"
#include "storage/store_impl.h"
#include "storage/walk.h"

#include <inttypes.h>

/* --- one ---------------------------------------------------------------------------------- */

struct one_wanted {
	uint64_t id;
	struct arena *arena;
	struct finding *out;
};

static int read_one(struct db_txn *t, void *ctx, struct err *e)
{
	const struct one_wanted *w = ctx;
	int rc = finding_get(t, w->id, w->arena, w->out, NULL, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no finding %" PRIu64, w->id);
	return rc < 0 ? -1 : 0;
}

int snapshot_finding(struct snapshot *v, uint64_t id, struct arena *a, struct finding *out,
		     struct err *e)
{
	struct one_wanted w = { .id = id, .arena = a, .out = out };

	return snapshot_read(v, read_one, &w, e);
}

/* --- many ---------------------------------------------------------------------------------- */

struct many_wanted {
	const struct finding_wanted *want;
	size_t limit;
	struct arena *arena;
	struct finding *list;
	size_t n, cap;
	bool more;
};

/* What does not fit gives its memory back. */
static int look_at(struct many_wanted *w, const struct record *r, struct err *e)
{
	struct arena_mark mark = arena_mark(w->arena);
	struct finding f;

	if (finding_read(r->key, r->value, w->arena, &f, e) < 0)
		return -1;
	if (!finding_fits(&f, w->want)) {
		arena_reset(w->arena, mark);
		return 0;
	}
	w->more = w->n == w->limit;
	if (!w->more)
		w->list[w->n++] = f;
	return 0;
}

/* Up to the newest that may be wanted, and back from there. */
static int read_many(struct db_txn *t, void *ctx, struct err *e)
{
	struct many_wanted *w = ctx;
	uint8_t key[KEY_FINDING_BYTES];
	struct walk walk;
	int rc = walk_open(&walk, t, DB_FINDINGS, sizeof(key), e);

	if (rc < 0)
		return -1;
	put_be64(key, w->want->before ? w->want->before : UINT64_MAX);
	rc = walk_seek(&walk, key_slice(key, sizeof(key)), e);
	if (rc == 0)
		rc = walk_prev(&walk, e);
	while (rc == 0 && walk.at.there && !walk.before_start && !w->more) {
		rc = look_at(w, &walk.at, e);
		if (rc == 0)
			rc = walk_prev(&walk, e);
	}
	walk_close(&walk);
	return rc;
}

int snapshot_findings(struct snapshot *v, const struct finding_wanted *want, struct arena *a,
		      struct finding **out, size_t *n, bool *more, struct err *e)
{
	struct many_wanted w = { .want = want, .arena = a, .limit = FINDINGS_SHOWN_MAX };

	if (want->limit && want->limit < w.limit)
		w.limit = want->limit;
	w.list = arena_array(a, w.limit, sizeof(*w.list));
	if (!w.list)
		return err_set(e, ERR_LIMIT, "findings need more than %zu MiB", a->limit >> 20);
	if (snapshot_read(v, read_many, &w, e) < 0)
		return -1;
	*out = w.list;
	*n = w.n;
	*more = w.more;
	return 0;
}
