/* notes.c - see notes.h. */
#include "query/notes.h"

#include "base/map.h"

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

static size_t find(const struct note_list *l, uint64_t hash)
{
	size_t i = 0;

	while (i < l->nknown && l->known[i].hash != hash)
		i++;
	return i;
}

static bool is_room(struct notes *s, struct note_list *to)
{
	struct note_known *known;

	if (to->nknown == NOTES_KNOWN_MAX)
		return false;
	known = arena_grow(&s->arena, to->known, to->nknown, &to->known_room, to->nknown + 1,
			   sizeof(*known));
	if (known)
		to->known = known;
	return known != NULL;
}

static void add(struct notes *s, struct note_list *to, const char *text, const char *place,
		struct note_known as)
{
	if (!is_room(s, to))
		return;
	if (to->n < NOTES_MAX) {
		to->text[to->n] = arena_printf(&s->arena, "%s%s", text, place);
		if (!to->text[to->n])
			return;
		to->n++;
	} else {
		to->more++;
	}
	to->known[to->nknown++] = as;
}

void notes_add(struct notes *s, struct note_list *to, const char *text, const char *place,
	       uint32_t at)
{
	struct note_known as = { .hash = hash_bytes(text, strlen(text)), .at = at };
	size_t i;

	pthread_mutex_lock(&s->lock);
	i = find(to, as.hash);
	if (i == to->nknown) {
		add(s, to, text, place, as);
	} else if (at < to->known[i].at) {
		/* workers do not come in the order of the text */
		const char *earlier =
			i < to->n ? arena_printf(&s->arena, "%s%s", text, place) : NULL;

		to->known[i].at = at;
		if (earlier)
			to->text[i] = earlier;
	}
	pthread_mutex_unlock(&s->lock);
}
