/*
 * notes.h - warnings and infos of a query (Prometheus calls them annotations).
 *
 * Texts and marks are Prometheus': "PromQL warning: …" and "PromQL info: …", with the position
 * " (line:column)" of what they are about behind. The same text is kept once; at most NOTES_MAX of
 * each are kept and the others counted. Any thread.
 */
#ifndef QUERY_NOTES_H
#define QUERY_NOTES_H

#include "base/arena.h"

#include <pthread.h>

enum { NOTES_MAX = 10 };

struct note_list {
	const char *text[NOTES_MAX]; /* in the order they came */
	size_t n, more;
};

struct notes {
	pthread_mutex_t lock;
	struct arena arena; /* of its own: workers write here */
	struct note_list warnings, infos;
};

void notes_init(struct notes *s);
void notes_release(struct notes *s);
/* `text` is complete. */
void notes_add(struct notes *s, struct note_list *to, const char *text);

#endif
