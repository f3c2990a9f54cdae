/*
 * notes.h - warnings and infos of a query (Prometheus calls them annotations).
 *
 * Texts and marks are Prometheus': "PromQL warning: …" and "PromQL info: …", with the position
 * " (line:column)" of what they are about behind. What is said of several places is kept once, with
 * the first of them; at most NOTES_MAX of each are shown and the others counted. Texts live until
 * notes_release(); without room for more a note is left out. Any thread.
 */
#ifndef QUERY_NOTES_H
#define QUERY_NOTES_H

#include "base/arena.h"

#include <pthread.h>

enum { NOTES_MAX = 10, NOTES_KNOWN_MAX = 1000 };

struct note_list {
	const char *text[NOTES_MAX]; /* with their places, in the order they came */
	size_t n, more;              /* no more than NOTES_KNOWN_MAX are told apart */
	struct note_known {
		uint64_t hash; /* of the text without the place */
		uint32_t at;
	} * known;
	size_t nknown, known_room;
};

struct notes {
	pthread_mutex_t lock;
	struct arena arena; /* of its own: workers write here */
	struct note_list warnings, infos;
};

void notes_init(struct notes *s);
void notes_release(struct notes *s);
/* `text` without a place; `place` (" (1:6)") is shown behind it, `at` says which place is first. */
void notes_add(struct notes *s, struct note_list *to, const char *text, const char *place,
	       uint32_t at);

#endif
