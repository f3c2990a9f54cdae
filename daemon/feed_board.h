/*
 * feed_board.h - the feeds' states as the exporters see them.
 *
 * Feeds live on the loop, pages are made on workers: every two seconds the loop
 * copies the states into a board, of which any thread takes its own copy.
 */
#ifndef DAEMON_FEED_BOARD_H
#define DAEMON_FEED_BOARD_H

#include "collectors/feed.h"
#include "exporters/view.h"

struct feed_board;

struct feed_board *feed_board_new(struct loop *l, struct collector *c, struct err *e);
void feed_board_free(struct feed_board *b);
/* exporter_view.feeds; any thread. */
int feed_board_rows(struct feed_board *b, struct arena *a, struct feed_row **out, size_t *n,
		    struct err *e);

#endif
