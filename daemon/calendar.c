/*
 * calendar.c - see calendar.h.
 *
 * Statistics of which the catalogue knows nothing (families that remote write alone declares) have
 * no due times: their figures hold until a month after the end of the next period, and a period of
 * theirs is closed when all series that had the period before have it, at the latest a month
 * after its end.
 *
 * To find closings all series of a family are read. They are remembered until the store has other
 * figures or releases.
 */
#include "daemon/calendar.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/num.h"
#include "daemon/closings.h"
#include "storage/store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

/* Closings as the figures of one version say. */
struct remembered {
	pthread_mutex_t lock;
	struct figures_version version;
	struct map lists;   /* of struct closings, by family and first period */
	struct arena arena; /* of all that */
};

enum { REMEMBERED_BYTES = 16 << 20, KEY_BYTES = 1024 };

struct held_calendar {
	struct calendar f; /* first */
	atomic_uint refs;
	struct catalogue *catalogue;
	struct remembered *kept;
};

static const struct catalogue *catalogue_of(const struct calendar *c)
{
	return ((const struct held_calendar *)c)->catalogue;
}

/* --- single periods ----------------------------------------------------------------------- */

static int64_t holds_until(const struct calendar *c, const struct labels *ls, int64_t stamp_ms)
{
	struct family f;
	struct period p;

	family_of(catalogue_of(c), ls, &f);
	p = family_period(&f, stamp_ms);
	if (f.indicator)
		return catalogue_holds_until(f.catalogue, f.indicator, p);
	return family_month_after(&f, period_add(p, 1));
}

static int64_t stamp_of(const struct calendar *c, const struct labels *ls, struct slice text)
{
	struct family f;
	struct period p;

	family_of(catalogue_of(c), ls, &f);
	if (period_parse(text, &p, NULL) < 0 || p.freq != f.freq)
		return INT64_MIN;
	return period_stamp(p, f.zone);
}

static int64_t before(const struct calendar *c, const struct labels *ls, int64_t stamp_ms, int back)
{
	struct family f;

	family_of(catalogue_of(c), ls, &f);
	return period_stamp(period_add(period_from_stamp(f.freq, stamp_ms, f.zone), -back), f.zone);
}

static int32_t period_number(const struct calendar *c, const struct labels *ls, int64_t stamp_ms)
{
	struct family f;
	struct period p;

	family_of(catalogue_of(c), ls, &f);
	p = period_from_stamp(f.freq, stamp_ms, f.zone);
	return p.year * 100 + p.last_month;
}

_Static_assert((int)CALENDAR_TEXT >= (int)PERIOD_TEXT && (int)CALENDAR_TEXT >= (int)DATE_TEXT,
	       "texts of periods and days fit");

static const char *period_text(const struct calendar *c, const struct labels *ls, int64_t stamp_ms,
			       char out[CALENDAR_TEXT])
{
	struct family f;

	family_of(catalogue_of(c), ls, &f);
	return period_print(period_from_stamp(f.freq, stamp_ms, f.zone), out);
}

static const char *day_text(const struct calendar *c, int64_t ms, char out[CALENDAR_TEXT])
{
	const struct zone *z = catalogue_zone(catalogue_of(c));

	return date_print(zone_civil(z, ms).date, out);
}

static int as_of(const struct calendar *c, struct slice text, int64_t *ms, struct err *e)
{
	const struct zone *z = catalogue_zone(catalogue_of(c));
	struct date d;
	double s;

	if (date_parse(text, &d, NULL) == 0) {
		*ms = zone_ms(z, date_from_days(date_to_days(d) + 1), 0) - 1;
		return 0;
	}
	if (time_parse(text, ms, NULL) == 0)
		return 0;
	/* Grafana's $__to is in milliseconds, ${__to:date:seconds} in seconds */
	if (num_parse(text, &s, NULL) == 0 && s > -1e15 && s < 1e15) {
		*ms = s > 1e11 || s < -1e11 ? (int64_t)s : (int64_t)(s * 1000);
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "wanted is a day such as 2026-09-30, a time by RFC 3339, or seconds since "
		       "1970");
}

/* --- closings -------------------------------------------------------------------------------- */

static void forget_all(struct remembered *k)
{
	map_release(&k->lists);
	arena_release(&k->arena);
	map_init(&k->lists);
	arena_init(&k->arena, REMEMBERED_BYTES);
}

static struct slice key_of(const struct family *f, int64_t around_ms, char out[KEY_BYTES])
{
	int n = snprintf(out, KEY_BYTES, "%" PRId64 " %.*s %.*s", closings_begin(f, around_ms),
			 SLICE_FMT(f->freq_text), SLICE_FMT(f->name));

	return slice_of(out, n < KEY_BYTES ? (size_t)n : 0);
}

static bool recall_one(struct remembered *k, struct slice key, struct arena *a,
		       struct closings *out)
{
	const struct closings *c = map_get(&k->lists, key);

	out->list = c ? arena_array(a, c->n + 1, sizeof(*c->list)) : NULL;
	if (!out->list)
		return false;
	out->n = c->n;
	memcpy(out->list, c->list, c->n * sizeof(*c->list));
	return true;
}

/* Families of which nothing is remembered move to the front, their places to `missing`; gives how
 * many. */
static size_t recall(struct remembered *k, const struct figures_version *version, struct family *f,
		     size_t n, int64_t around_ms, struct arena *a, struct closings *out,
		     size_t *missing)
{
	char key[KEY_BYTES];
	size_t m = 0;

	pthread_mutex_lock(&k->lock);
	if (memcmp(&k->version, version, sizeof(*version)) != 0) {
		forget_all(k);
		k->version = *version;
	}
	for (size_t i = 0; i < n; i++)
		if (!recall_one(k, key_of(&f[i], around_ms, key), a, &out[i])) {
			f[m] = f[i];
			missing[m++] = i;
		}
	pthread_mutex_unlock(&k->lock);
	return m;
}

static int keep_one(struct remembered *k, struct slice key, const struct closings *from)
{
	struct closings *c = arena_new(&k->arena, struct closings);
	struct slice own = arena_slice(&k->arena, key);

	if (c)
		c->list = arena_array(&k->arena, from->n + 1, sizeof(*c->list));
	if (!c || !c->list || !own.p || key.n == 0)
		return -1;
	c->n = from->n;
	memcpy(c->list, from->list, from->n * sizeof(*c->list));
	return map_put(&k->lists, own, c, NULL);
}

/* Where there is no room all is forgotten: what is asked for comes again. */
static void keep(struct remembered *k, const struct figures_version *version,
		 const struct family *f, size_t n, int64_t around_ms, const struct closings *list)
{
	char key[KEY_BYTES];

	pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < n && memcmp(&k->version, version, sizeof(*version)) == 0; i++)
		if (keep_one(k, key_of(&f[i], around_ms, key), &list[i]) < 0) {
			forget_all(k);
			break;
		}
	pthread_mutex_unlock(&k->lock);
}

static int closings(const struct calendar *c, struct snapshot *v,
		    const struct labels *const *families, size_t n, int64_t around_ms,
		    struct arena *a, struct closings *out, struct err *e)
{
	struct remembered *k = ((const struct held_calendar *)c)->kept;
	struct family *f = arena_array(a, n + 1, sizeof(*f));
	struct closings *read = arena_array(a, n + 1, sizeof(*read));
	size_t *missing = arena_array(a, n + 1, sizeof(*missing)), m;
	struct figures_version version;

	if (!f || !read || !missing)
		return err_set(e, ERR_LIMIT, "no memory for the closings of a family");
	for (size_t i = 0; i < n; i++)
		family_of(catalogue_of(c), families[i], &f[i]);
	if (snapshot_figures_version(v, &version, e) < 0)
		return -1;
	m = recall(k, &version, f, n, around_ms, a, out, missing);
	if (m == 0)
		return 0;
	if (closings_read(v, f, m, around_ms, a, read, e) < 0)
		return -1;
	keep(k, &version, f, m, around_ms, read);
	for (size_t i = 0; i < m; i++)
		out[missing[i]] = read[i];
	return 0;
}

/* --- life --------------------------------------------------------------------------- */

static struct remembered *remembered_new(void)
{
	struct remembered *k = mem_zalloc(sizeof(*k));

	if (!k)
		return NULL;
	pthread_mutex_init(&k->lock, NULL);
	map_init(&k->lists);
	arena_init(&k->arena, REMEMBERED_BYTES);
	return k;
}

const struct calendar *calendar_new(struct catalogue *c, struct err *e)
{
	struct held_calendar *h = mem_alloc(sizeof(*h));
	struct remembered *k = remembered_new();

	if (!h || !k) {
		mem_free(h);
		mem_free(k);
		err_set(e, ERR_MEMORY, "no memory for a calendar");
		return NULL;
	}
	*h = (struct held_calendar){
		.f = { holds_until, stamp_of, before, closings, period_number, as_of, period_text,
		       day_text },
		.catalogue = catalogue_ref(c),
		.kept = k,
	};
	atomic_init(&h->refs, 1);
	return &h->f;
}

static const struct calendar *calendar_ref(const struct calendar *c)
{
	struct held_calendar *h = (struct held_calendar *)c;

	atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
	return c;
}

void calendar_unref(const struct calendar *c)
{
	struct held_calendar *h = (struct held_calendar *)c;

	if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
		return;
	map_release(&h->kept->lists);
	arena_release(&h->kept->arena);
	pthread_mutex_destroy(&h->kept->lock);
	mem_free(h->kept);
	catalogue_unref(h->catalogue);
	mem_free(h);
}

/* --- one for all ----------------------------------------------------------------------------- */

void calendar_holder_init(struct calendar_holder *h)
{
	pthread_mutex_init(&h->lock, NULL);
	h->calendar = NULL;
}

void calendar_holder_release(struct calendar_holder *h)
{
	calendar_unref(h->calendar);
	pthread_mutex_destroy(&h->lock);
}

const struct calendar *calendar_holder_get(struct calendar_holder *h, struct catalogue *c,
					   struct err *e)
{
	const struct calendar *given = NULL;

	pthread_mutex_lock(&h->lock);
	if (h->calendar && catalogue_of(h->calendar) != c) {
		calendar_unref(h->calendar);
		h->calendar = NULL;
	}
	if (!h->calendar)
		h->calendar = calendar_new(c, e);
	if (h->calendar)
		given = calendar_ref(h->calendar);
	pthread_mutex_unlock(&h->lock);
	return given;
}
