/*
 * scrape_cache.h - what a feed of samples remembers from scrape to scrape.
 *
 * Two things. Of each text that stood before a value (`cpu{mode="idle"}`) the label set it became,
 * so that the next scrape need not read, relabel and intern it again; pages come in the same order,
 * so the text that followed last time is tried first and mostly is the one. And of each series
 * whether it was in the last scrape that reached the store: one that is missing from the next has
 * ended, and a staleness mark says so.
 *
 * Texts not met in the last good scrape are forgotten, at the latest when there are more than twice
 * as many as it had; so a cache holds what a few pages hold, which the limits of the feed bound.
 *
 * It belongs to one feed, which has one attempt at a time: one thread at a time.
 */
#ifndef COLLECTORS_SCRAPE_CACHE_H
#define COLLECTORS_SCRAPE_CACHE_H

#include "base/err.h"
#include "base/labels.h"
#include "base/slice.h"

struct scrape_cache;
struct scrape_text;

struct scrape_cache *scrape_cache_new(struct err *e);
void scrape_cache_free(struct scrape_cache *c); /* NULL is nothing */

/* A scrape begins. Texts that were read with another catalogue may mean something else now. */
void scrape_cache_begin(struct scrape_cache *c, uint64_t catalogue_version);
/* A scrape begins that has no page, or the page of this one was given up: nothing is in it yet. */
void scrape_cache_again(struct scrape_cache *c);
/* Its page was read to the end. Without this the texts of the page before stay known. */
void scrape_cache_read(struct scrape_cache *c);
/* It is durable: what was in it lives, what was not has ended. */
void scrape_cache_stored(struct scrape_cache *c);

/* The text that the rest of a line begins with, when it is the one that came next last time. */
struct scrape_text *scrape_cache_expect(const struct scrape_cache *c, struct slice rest);
struct scrape_text *scrape_cache_find(const struct scrape_cache *c, struct slice text);
/* A text not met before and what it became; NULL: relabelling drops it. A reference is added.
 * NULL with ERR_MEMORY. */
struct scrape_text *scrape_cache_add(struct scrape_cache *c, struct slice text,
				     struct labels *labels, struct err *e);
/* The text is in this scrape. `tracked`: its series is missed when it is not in the next. */
void scrape_cache_saw(struct scrape_cache *c, struct scrape_text *t, bool tracked);
/* A series without a text is in this scrape. */
int scrape_cache_saw_series(struct scrape_cache *c, struct labels *labels, struct err *e);

size_t scrape_text_bytes(const struct scrape_text *t);
struct labels *scrape_text_labels(const struct scrape_text *t); /* borrowed; NULL: dropped */

/* Series that live and are not in this scrape, one after the other; *at is 0 for the first. NULL:
 * no more. */
struct scrape_series;
struct labels *scrape_cache_gone(const struct scrape_cache *c, const struct scrape_series **at);
/* The next series of those that texts stand for; *at is 0 for the first. NULL: no more. */
const struct labels *scrape_cache_series(const struct scrape_cache *c,
					 const struct scrape_series **at);
bool scrape_cache_any_live(struct scrape_cache *c);
/* The series that live move to a feed that takes the place of this one. What finds no memory is
 * left. */
void scrape_cache_inherit(struct scrape_cache *to, struct scrape_cache *from);

/* How many texts and series it holds. */
void scrape_cache_count(const struct scrape_cache *c, size_t *texts, size_t *series);

#endif
