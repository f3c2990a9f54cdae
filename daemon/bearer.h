/*
 * bearer.h - whose token a request shows, for the exporters.
 */
#ifndef DAEMON_BEARER_H
#define DAEMON_BEARER_H

#include "collectors/tokens_file.h"
#include "exporters/view.h"

/* exporter_view.bearer once the book, the time and the day are known. Any thread. */
int bearer_find(struct token_book *tokens, int64_t mono_ms, struct date today, struct slice header,
		struct arena *a, struct bearer *out, struct err *e);

#endif
