/*
 * page_feeds.h - what the list of feeds and the page of one share. Private to exporters/.
 */
#ifndef EXPORTERS_PAGE_FEEDS_H
#define EXPORTERS_PAGE_FEEDS_H

#include "exporters/page.h"

/* "● 正常", and since when it is not. */
void feed_health(const struct page *p, const struct feed_row *f);
/* "等待": what it is doing now. */
void feed_state(struct buf *b, const struct feed_row *f);
/* A list of the complaints about its last document. */
void feed_complaints(struct buf *b, const struct feed_row *f);

#endif
