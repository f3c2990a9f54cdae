/*
 * scrape_cache.c - see scrape_cache.h.
 *
 *     text `a{x="1"}` ──▶ text `a{x="2"}` ──▶ text `b` ──▶ …     as the last page had them
 *           │                   │               │
 *           ▼                   ▼               ▼
 *        series              series          (dropped)            each found by its label set, too
 *
 * Scrapes are numbered. A text and a series know the last one they were in; sweeping, when the next
 * scrape begins, takes what was not in the one before. Whether a scrape reached the store is only
 * known after it, so a series lives, or ends, when the next one begins.
 */
#include "collectors/scrape_cache.h"

#include "base/alloc.h"
#include "base/map.h"

/* So many texts more than the last good page had may be remembered of pages that were not good. */
enum { TEXTS_SLACK = 1000 };

struct scrape_series {
	struct labels *labels; /* a reference; its address is the key in `by_labels` */
	struct scrape_series *next;
	size_t texts; /* that point here */
	uint64_t seen;
	bool live; /* in the last scrape that was stored */
};

struct scrape_text {
	struct scrape_text *follower; /* in the last page it was in */
	struct scrape_text *next;
	struct scrape_series *series; /* NULL: dropped */
	uint64_t seen;
	size_t n;
	char text[];
};

struct scrape_cache {
	struct map by_text, by_labels;
	struct scrape_text *texts;
	struct scrape_series *series;
	struct scrape_text *first, *last; /* met in this page, until then in the last one */
	uint64_t now, good;               /* numbers: this scrape, the last whose page was read */
	uint64_t catalogue;
	size_t good_texts;            /* in that page */
	size_t met_texts, met_series; /* in this scrape */
	size_t live, met_live;        /* series that live, and of these in this scrape */
	bool stored;
};

static struct slice text_of(const struct scrape_text *t)
{
	return slice_of(t->text, t->n);
}

static struct slice key_of(struct labels *const *labels)
{
	return slice_of((const char *)labels, sizeof(*labels));
}

/* --- what goes ----------------------------------------------------------------------- */

/* Those not met since. A follower was met in the same scrape or in a later one, so of a text
 * that stays it stays, too; only the last of a page has none. */
static void sweep_texts(struct scrape_cache *c, uint64_t since)
{
	struct scrape_text **at = &c->texts, *t;

	while ((t = *at) != NULL) {
		if (t->seen >= since) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		map_remove(&c->by_text, text_of(t));
		if (t->series)
			t->series->texts--;
		if (t == c->first)
			c->first = NULL;
		mem_free(t);
	}
}

static void sweep_series(struct scrape_cache *c)
{
	struct scrape_series **at = &c->series, *s;

	while ((s = *at) != NULL) {
		if (s->live || s->texts) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		map_remove(&c->by_labels, key_of(&s->labels));
		labels_unref(s->labels);
		mem_free(s);
	}
}

/* The last scrape was stored: what was in it lives. */
static void settle(struct scrape_cache *c)
{
	if (!c->stored)
		return;
	c->stored = false;
	if (c->live == c->by_labels.n && c->met_series == c->by_labels.n)
		return; /* as always when nothing comes and goes */
	for (struct scrape_series *s = c->series; s; s = s->next)
		s->live = s->seen == c->now;
	c->live = c->met_series;
}

/* --- life ------------------------------------------------------------------------------ */

struct scrape_cache *scrape_cache_new(struct err *e)
{
	struct scrape_cache *c = mem_zalloc(sizeof(*c));

	if (!c) {
		err_set(e, ERR_MEMORY, "no memory for what a scrape remembers");
		return NULL;
	}
	map_init(&c->by_text);
	map_init(&c->by_labels);
	return c;
}

void scrape_cache_free(struct scrape_cache *c)
{
	if (!c)
		return;
	for (struct scrape_series *s = c->series; s; s = s->next)
		s->live = false;
	sweep_texts(c, UINT64_MAX);
	sweep_series(c);
	map_release(&c->by_text);
	map_release(&c->by_labels);
	mem_free(c);
}

void scrape_cache_begin(struct scrape_cache *c, uint64_t catalogue_version)
{
	bool good = c->good == c->now;
	size_t texts = c->by_text.n;

	settle(c);
	if (c->last)
		c->last->follower = NULL;
	if (c->catalogue != catalogue_version)
		sweep_texts(c, UINT64_MAX);
	else if (good ? c->met_texts < texts : texts > 2 * c->good_texts + TEXTS_SLACK)
		sweep_texts(c, c->now);
	if (c->by_text.n != texts || c->live < c->by_labels.n)
		sweep_series(c);
	c->catalogue = catalogue_version;
	c->now++;
	c->last = NULL;
	c->met_texts = c->met_series = c->met_live = 0;
}

void scrape_cache_again(struct scrape_cache *c)
{
	scrape_cache_begin(c, c->catalogue);
}

void scrape_cache_read(struct scrape_cache *c)
{
	c->good = c->now;
	c->good_texts = c->met_texts;
}

void scrape_cache_stored(struct scrape_cache *c)
{
	c->stored = true;
}

/* --- texts -------------------------------------------------------------------------------- */

/* Whether the text is what a reader would take off the line: a name without braces could go on, or
 * have its braces behind a blank. */
static bool ends_here(struct slice text, struct slice rest)
{
	size_t i = text.n;

	if (text.p[text.n - 1] == '}')
		return true;
	while (i < rest.n && (rest.p[i] == ' ' || rest.p[i] == '\t'))
		i++;
	return i > text.n && i < rest.n && rest.p[i] != '{';
}

struct scrape_text *scrape_cache_expect(const struct scrape_cache *c, struct slice rest)
{
	struct scrape_text *t = c->last ? c->last->follower : c->first;

	if (!t || t->n > rest.n || memcmp(t->text, rest.p, t->n) != 0 ||
	    !ends_here(text_of(t), rest))
		return NULL;
	return t;
}

struct scrape_text *scrape_cache_find(const struct scrape_cache *c, struct slice text)
{
	return map_get(&c->by_text, text);
}

static struct scrape_series *series_of(struct scrape_cache *c, struct labels *labels, struct err *e)
{
	struct scrape_series *s = map_get(&c->by_labels, key_of(&labels));

	if (s)
		return s;
	s = mem_zalloc(sizeof(*s));
	if (!s) {
		err_set(e, ERR_MEMORY, "no memory for a series");
		return NULL;
	}
	s->labels = labels_ref(labels);
	if (map_put(&c->by_labels, key_of(&s->labels), s, e) < 0) {
		labels_unref(labels);
		mem_free(s);
		return NULL;
	}
	s->next = c->series;
	c->series = s;
	return s;
}

struct scrape_text *scrape_cache_add(struct scrape_cache *c, struct slice text,
				     struct labels *labels, struct err *e)
{
	struct scrape_series *s = labels ? series_of(c, labels, e) : NULL;
	struct scrape_text *t;

	if (labels && !s)
		return NULL;
	t = mem_alloc(sizeof(*t) + text.n);
	if (!t) {
		err_set(e, ERR_MEMORY, "no memory for what a scrape remembers");
		return NULL;
	}
	*t = (struct scrape_text){ .series = s, .n = text.n };
	memcpy(t->text, text.p, text.n);
	if (map_put(&c->by_text, text_of(t), t, e) < 0) {
		mem_free(t);
		return NULL;
	}
	/* What came between two is followed by the second. */
	t->follower = c->last ? c->last->follower : c->first;
	t->next = c->texts;
	c->texts = t;
	if (s)
		s->texts++;
	return t;
}

static void saw_series(struct scrape_cache *c, struct scrape_series *s)
{
	if (s->seen == c->now)
		return;
	s->seen = c->now;
	c->met_series++;
	c->met_live += s->live;
}

void scrape_cache_saw(struct scrape_cache *c, struct scrape_text *t, bool tracked)
{
	if (c->last)
		c->last->follower = t;
	else
		c->first = t;
	c->last = t;
	c->met_texts += t->seen != c->now;
	t->seen = c->now;
	if (tracked && t->series)
		saw_series(c, t->series);
}

int scrape_cache_saw_series(struct scrape_cache *c, struct labels *labels, struct err *e)
{
	struct scrape_series *s = series_of(c, labels, e);

	if (!s)
		return -1;
	saw_series(c, s);
	return 0;
}

size_t scrape_text_bytes(const struct scrape_text *t)
{
	return t->n;
}

struct labels *scrape_text_labels(const struct scrape_text *t)
{
	return t->series ? t->series->labels : NULL;
}

/* --- what lives ------------------------------------------------------------------------------ */

struct labels *scrape_cache_gone(const struct scrape_cache *c, const struct scrape_series **at)
{
	const struct scrape_series *s = *at ? (*at)->next : c->series;

	if (c->live == c->met_live)
		return NULL;
	while (s && (!s->live || s->seen == c->now))
		s = s->next;
	*at = s;
	return s ? s->labels : NULL;
}

const struct labels *scrape_cache_series(const struct scrape_cache *c,
					 const struct scrape_series **at)
{
	const struct scrape_series *s = *at ? (*at)->next : c->series;

	while (s && !s->texts)
		s = s->next;
	*at = s;
	return s ? s->labels : NULL;
}

bool scrape_cache_any_live(struct scrape_cache *c)
{
	settle(c);
	return c->live > 0;
}

void scrape_cache_inherit(struct scrape_cache *to, struct scrape_cache *from)
{
	struct err e;

	settle(from);
	for (struct scrape_series *s = from->series; s; s = s->next) {
		struct scrape_series *heir = s->live ? series_of(to, s->labels, &e) : NULL;

		if (heir && !heir->live) {
			heir->live = true;
			to->live++;
		}
	}
}

void scrape_cache_count(const struct scrape_cache *c, size_t *texts, size_t *series)
{
	*texts = c->by_text.n;
	*series = c->by_labels.n;
}
