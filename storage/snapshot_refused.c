/* snapshot_refused.c - refused figures as a snapshot shows them; see refused.h. */
#include "storage/refused_records.h"
#include "storage/store_impl.h"
#include "storage/walk.h"

struct wanted {
	struct slice labels; /* .p NULL: all there are */
	int64_t from_ms, to_ms;
	struct arena *a;
	struct refused_figure *list;
	size_t n, cap;
};

static int too_much(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the refused figures need more than %zu MiB", a->limit >> 20);
}

static struct slice cut_text(struct slice *rest)
{
	size_t n = get_le16(rest->p);
	struct slice text = slice_of(rest->p + 2, n);

	*rest = slice_skip(*rest, 2 + n);
	return text;
}

static const struct labels *labels_of(struct slice s, struct arena *a)
{
	struct label l[LABELS_MAX];
	size_t n = get_le16(s.p);

	s = slice_skip(s, 2);
	for (size_t i = 0; i < n && i < LABELS_MAX; i++) {
		l[i].name = cut_text(&s);
		l[i].value = cut_text(&s);
	}
	return n <= LABELS_MAX ? labels_in_arena(a, l, n) : NULL;
}

static int take(struct wanted *w, const struct refused_view *r, struct err *e)
{
	struct refused_figure *list =
		arena_grow(w->a, w->list, w->n, &w->cap, w->n + 1, sizeof(*list));
	struct refused_figure one = { .stamp_ms = r->stamp_ms,
				      .received_ms = r->received_ms,
				      .submission = r->submission,
				      .reason = arena_strndup(w->a, r->reason.p, r->reason.n) };

	if (!w->labels.p)
		one.labels = labels_of(r->labels, w->a);
	if (!list || !one.reason || (!w->labels.p && !one.labels))
		return too_much(w->a, e);
	w->list = list;
	w->list[w->n++] = one;
	return 0;
}

static bool is_behind(const struct wanted *w, const uint8_t *from, struct slice key)
{
	return w->labels.p && (memcmp(key.p, from, 4) != 0 || get_be_time(key.p + 4) > w->to_ms);
}

static int read_wanted(struct db_txn *t, void *ctx, struct err *e)
{
	struct wanted *w = ctx;
	uint8_t key[KEY_REFUSED_BYTES] = { 0 };
	struct refused_view r;
	struct walk walk;
	uint64_t entries;
	int rc;

	/* Nearly always there are none, and an assessment asks for each of its figures. */
	if (db_entries(t, DB_REFUSED, &entries, e) < 0)
		return -1;
	if (entries == 0)
		return 0;
	if (w->labels.p)
		refused_key(key, w->labels, w->from_ms, 0, 0);
	rc = walk_open(&walk, t, DB_REFUSED, sizeof(key), e);
	if (rc == 0)
		rc = walk_seek(&walk, key_slice(key, sizeof(key)), e);
	while (rc == 0 && walk.at.there && !is_behind(w, key, walk.at.key)) {
		rc = refused_read(walk.at.key, walk.at.value, &r, e);
		if (rc == 0 && (!w->labels.p || slice_eq(r.labels, w->labels)))
			rc = take(w, &r, e);
		if (rc == 0)
			rc = walk_next(&walk, e);
	}
	walk_close(&walk);
	return rc;
}

static int read_all(struct snapshot *v, struct wanted *w, struct refused_figure **out, size_t *n,
		    struct err *e)
{
	int rc = snapshot_read(v, read_wanted, w, e);

	*out = w->list;
	*n = rc == 0 ? w->n : 0;
	return rc;
}

int snapshot_refused(struct snapshot *v, const struct labels *labels, int64_t from_ms,
		     int64_t to_ms, struct arena *a, struct refused_figure **out, size_t *n,
		     struct err *e)
{
	struct wanted w = { .from_ms = from_ms, .to_ms = to_ms, .a = a };
	struct buf text;
	int rc;

	*n = 0;
	buf_init(&text, SIZE_MAX);
	rc = refused_labels(labels, &text, e);
	w.labels = buf_all(&text);
	if (rc == 0)
		rc = read_all(v, &w, out, n, e);
	buf_release(&text);
	return rc;
}

int snapshot_all_refused(struct snapshot *v, struct arena *a, struct refused_figure **out,
			 size_t *n, struct err *e)
{
	struct wanted w = { .a = a };

	return read_all(v, &w, out, n, e);
}
