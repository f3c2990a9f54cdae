/*
 * snapshot_ledger.c - the ledger and the originals, as a snapshot or the store shows them.
 */
#include "storage/ledger.h"
#include "storage/originals.h"
#include "storage/store_impl.h"

#include <inttypes.h>

/* --- the head -------------------------------------------------------------------------- */

static int read_head(struct db_txn *t, void *ctx, struct err *e)
{
	return ledger_head_get(t, ctx, e);
}

int snapshot_ledger_head(struct snapshot *v, struct ledger_head *out, struct err *e)
{
	return snapshot_read(v, read_head, out, e);
}

int store_ledger_head(struct store *s, struct ledger_head *out, struct err *e)
{
	struct db_txn *t;
	int rc;

	if (db_read_begin(s->db, &t, e) < 0)
		return -1;
	rc = ledger_head_get(t, out, e);
	db_read_end(t);
	return rc;
}

/* --- one entry --------------------------------------------------------------------------- */

struct entry_wanted {
	uint64_t number;
	struct arena *arena;
	struct ledger_entry *out;
};

static int copy_entry(const struct entry_wanted *w, const struct ledger_view *v, struct err *e)
{
	uint8_t is[SHA256_BYTES];

	sha256_of(v->text, is);
	if (memcmp(is, v->hash, SHA256_BYTES) != 0)
		return err_set(e, ERR_CORRUPT,
			       "entry %" PRIu64 " of the ledger does not have the hash it says",
			       v->number);
	*w->out = (struct ledger_entry){
		.number = v->number,
		.kind = v->kind,
		.submission = v->submission,
		.text = arena_strndup(w->arena, v->text.p, v->text.n),
	};
	memcpy(w->out->hash, is, SHA256_BYTES);
	if (!w->out->text)
		return err_set(e, ERR_LIMIT, "an entry of the ledger needs more than %zu KiB",
			       w->arena->limit >> 10);
	return 0;
}

static int read_entry(struct db_txn *t, void *ctx, struct err *e)
{
	const struct entry_wanted *w = ctx;
	struct ledger_head head;
	struct ledger_view v;
	int rc;

	if (ledger_head_get(t, &head, e) < 0)
		return -1;
	if (w->number == 0 || w->number > head.entries)
		return err_set(e, ERR_NOT_FOUND, "the ledger has no entry %" PRIu64, w->number);
	rc = ledger_get(t, w->number, &v, e);
	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "entry %" PRIu64 " of the ledger is missing",
			       w->number);
	return rc < 0 ? -1 : copy_entry(w, &v, e);
}

int snapshot_ledger(struct snapshot *v, uint64_t number, struct arena *a, struct ledger_entry *out,
		    struct err *e)
{
	struct entry_wanted w = { .number = number, .arena = a, .out = out };

	return snapshot_read(v, read_entry, &w, e);
}

/* --- an original --------------------------------------------------------------------------- */

struct original_wanted {
	const uint8_t *sha256;
	struct buf *out;
};

static int read_original(struct db_txn *t, void *ctx, struct err *e)
{
	const struct original_wanted *w = ctx;
	char hex[SHA256_HEX];
	int rc = original_get(t, w->sha256, w->out, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no original %s",
			       sha256_hex(w->sha256, hex));
	return rc < 0 ? -1 : 0;
}

int snapshot_original(struct snapshot *v, const uint8_t sha256[SHA256_BYTES], struct buf *out,
		      struct err *e)
{
	struct original_wanted w = { .sha256 = sha256, .out = out };

	return snapshot_read(v, read_original, &w, e);
}
