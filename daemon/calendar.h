/*
 * calendar.h - the catalogue's release calendar as queries ask it (query/calendar.h).
 */
#ifndef DAEMON_CALENDAR_H
#define DAEMON_CALENDAR_H

#include "catalogue/catalogue.h"
#include "query/calendar.h"

#include <pthread.h>

/* One reference; holds one to the catalogue. NULL with ERR_MEMORY. */
const struct calendar *calendar_new(struct catalogue *c, struct err *e);
void calendar_unref(const struct calendar *c); /* NULL is nothing */

/* Gives the same calendar, and what it remembers, to all who ask while the catalogue stays. Any
 * thread. */
struct calendar_holder {
	pthread_mutex_t lock;
	const struct calendar *calendar; /* the last that was given; NULL: none yet */
};

void calendar_holder_init(struct calendar_holder *h);
void calendar_holder_release(struct calendar_holder *h);
/* With a reference; NULL with ERR_MEMORY. */
const struct calendar *calendar_holder_get(struct calendar_holder *h, struct catalogue *c,
					   struct err *e);

#endif
