/*
 * calendar.h - the catalogue's release calendar as queries ask it (query/calendar.h).
 */
#ifndef DAEMON_CALENDAR_H
#define DAEMON_CALENDAR_H

#include "catalogue/catalogue.h"
#include "query/calendar.h"

/* Holds a reference to the catalogue until calendar_free(). NULL with ERR_MEMORY. */
const struct calendar *calendar_new(struct catalogue *c, struct err *e);
void calendar_free(const struct calendar *c); /* NULL is nothing */

#endif
