/* notes.c - see notes.h. */
#include "query/notes.h"

enum { NOTES_BYTES = 256 << 10 };

void notes_init(struct notes *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	arena_init(&s->arena, NOTES_BYTES);
}

void notes_release(struct notes *s)
{
	arena_release(&s->arena);
	pthread_mutex_destroy(&s->lock);
}

static bool is_known(const struct note_list *to, const char *text)
{
	for (size_t i = 0; i < to->n; i++)
		if (strcmp(to->text[i], text) == 0)
			return true;
	return false;
}

void notes_add(struct notes *s, struct note_list *to, const char *text)
{
	pthread_mutex_lock(&s->lock);
	if (!is_known(to, text)) {
		const char *copy = to->n < NOTES_MAX ? arena_strdup(&s->arena, text) : NULL;

		if (copy)
			to->text[to->n++] = copy;
		else
			to->more++;
	}
	pthread_mutex_unlock(&s->lock);
}
