/* figures.c - see figures.h. */
#include "storage/figures.h"

#include "storage/submission.h"

static bool of_period(const struct record *r, const struct figure_key *k)
{
	return r->there && get_be32(r->key.p) == k->series &&
	       get_be_time(r->key.p + 4) == k->stamp_ms;
}

static int released(struct figure_writer *fw, const struct figure *f, int64_t *out, struct err *e)
{
	int rc;

	*out = f->released_ms;
	if (f->released_ms != 0)
		return 0;
	if (f->key.sequence == fw->sequence) {
		*out = fw->submission_released_ms;
		return 0;
	}
	rc = submission_released(fw->t, f->key.sequence, out, e);
	if (rc == 0)
		return record_bad(e, DB_SUBMISSIONS, "the one of a known figure is missing");
	return rc < 0 ? -1 : 0;
}

/* The last vintage of the period before `k` in known order, if there is one. */
static int find_before(struct figure_writer *fw, const struct figure_key *k, struct figure *out,
		       bool *found, struct err *e)
{
	uint8_t key[KEY_FIGURE_BYTES];

	key_figure(key, k);
	if (walk_seek(fw->w, key_slice(key, sizeof(key)), e) < 0)
		return -1;
	*found = of_period(&fw->w->before, k);
	if (!*found)
		return 0;
	return figure_read(fw->w->before.key, fw->w->before.value, out, e);
}

/* The newest vintage; and whether there is any, which find_before() alone does not say. */
static int find_last(struct figure_writer *fw, const struct figure_key *k, struct figure *out,
		     bool *found, struct err *e)
{
	struct figure_key end = { .series = k->series,
				  .stamp_ms = k->stamp_ms,
				  .known_from_ms = INT64_MAX,
				  .sequence = UINT64_MAX,
				  .row = UINT32_MAX };

	return find_before(fw, &end, out, found, e);
}

static bool is_before(const struct figure_key *a, const struct figure_key *b)
{
	if (a->known_from_ms != b->known_from_ms)
		return a->known_from_ms < b->known_from_ms;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence;
	return a->row < b->row;
}

static int put(struct figure_writer *fw, const struct figure *f, struct tally *y, bool new_period,
	       struct err *e)
{
	uint8_t key[KEY_FIGURE_BYTES], value[FIGURE_BYTES];

	key_figure(key, &f->key);
	figure_write(f, value);
	if (record_put(fw->t, DB_FIGURES, key_slice(key, sizeof(key)), value, sizeof(value), e) < 0)
		return -1;
	tally_reach(y, f->key.stamp_ms);
	y->records++;
	y->samples += new_period;
	y->digest ^= get_le32(value);
	return 0;
}

/* `last` is the newest vintage. Moves a known-from of our clock up to the last one it gave,
 * which may lie before some that were given from outside. */
static int follow_clock(struct figure_writer *fw, struct figure *f, const struct figure *last,
			struct err *e)
{
	struct figure x = *last;
	bool found = true;

	while (found && x.key.known_from_ms > f->key.known_from_ms) {
		struct figure_key k = x.key;

		if (!x.known_given) {
			f->key.known_from_ms = x.key.known_from_ms;
			return 0;
		}
		if (find_before(fw, &k, &x, &found, e) < 0)
			return -1;
	}
	return 0;
}

int figure_append(struct figure_writer *fw, struct figure *f, struct tally *y,
		  enum figure_result *what, struct err *e)
{
	struct figure before;
	int64_t mine, theirs;
	bool any, found;

	if (find_last(fw, &f->key, &before, &any, e) < 0)
		return -1;
	found = any;
	if (any && !f->known_given && follow_clock(fw, f, &before, e) < 0)
		return -1;
	if (any && !is_before(&before.key, &f->key) &&
	    find_before(fw, &f->key, &before, &found, e) < 0)
		return -1;
	*what = any ? FIGURE_NEW_VINTAGE : FIGURE_FRESH;
	if (found) {
		if (released(fw, f, &mine, e) < 0 || released(fw, &before, &theirs, e) < 0)
			return -1;
		if (vintage_repeats(f, mine, &before, theirs)) {
			*what = FIGURE_UNCHANGED;
			return 0;
		}
	}
	return put(fw, f, y, !any, e);
}
