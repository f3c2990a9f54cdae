/*
 * private.h - what the files of catalogue/ share among themselves.
 *
 * Everything a catalogue holds lives in its arena; once loaded nothing in it
 * changes but the reference count.
 */
#ifndef CATALOGUE_PRIVATE_H
#define CATALOGUE_PRIVATE_H

#include "base/arena.h"
#include "base/map.h"
#include "catalogue/catalogue.h"

#include <stdatomic.h>

enum {
	NEAR_CHARS = 48,       /* characters looked at when searching for a near name */
	NAME_MAX_BYTES = 1024, /* a longer text is no name */
};

/* One text under which a unit or an indicator can be found. */
struct name {
	struct slice key; /* as text_key() makes it */
	const char *text; /* as it was written */
	unsigned owner;   /* index of the unit or indicator */
	struct validity when;
	const char *file;
	unsigned line;
	struct name *next; /* the next one with this key */
};

/* Every name of all units, or of all indicators. */
struct names {
	struct arena *arena; /* borrowed */
	struct map by_key;   /* struct name: the first of the list */
	struct name **all;
	size_t n, cap;
};

struct catalogue {
	atomic_uint refs;
	struct arena arena;
	uint64_t version;
	struct zone *zone; /* ours */
	struct work_hours hours;
	struct workdays *workdays;
	struct unit *units;
	size_t nunits;
	struct map unit_by_id;
	struct names unit_names;
	struct indicator *indicators;
	size_t nindicators;
	struct map indicator_by_code;
	struct names indicator_names;
	struct target *targets; /* by unit, indicator, year, day set */
	size_t ntargets;
	struct profile *profiles;
	size_t nprofiles;
};

/* --- names.c --------------------------------------------------------------------- */

void names_init(struct names *t, struct arena *a);
void names_release(struct names *t);
/* Adds a copy of `n` with its key; the copy, or NULL with ERR_MEMORY or ERR_INVALID (nothing in it,
 * not UTF-8). */
const struct name *names_add(struct names *t, const struct name *n, struct err *e);
/* text_key() that says what is wrong: 0, or -1 with ERR_INVALID (not UTF-8) or ERR_MEMORY. */
int name_key(struct slice text, struct arena *a, struct slice *key, struct err *e);
/* The list of those with this key, NULL when none. */
const struct name *names_get(const struct names *t, struct slice key);
bool validity_meets(struct validity a, struct validity b);

/* The nearest of some texts to one that is not known: edit distance over characters (a swap of two
 * neighbours counts one), at most a third of the length. */
struct nearest {
	uint32_t want[NEAR_CHARS];
	size_t n;
	unsigned limit, best;
	const char *text; /* NULL: none is near */
};

void nearest_init(struct nearest *m, struct slice want);
void nearest_offer(struct nearest *m, struct slice candidate, const char *text);
/* Of all names in the table; want is a key. */
const char *names_nearest(const struct names *t, struct slice key);

/* --- code.c ------------------------------------------------------------------------ */

enum { CODE_MAX_BYTES = 100 };

bool code_is_good(const char *code);
/* Why a good code cannot be the name of a family of figures, and what would be right; false when
 * nothing speaks against it. */
bool code_is_reserved(const char *code, char *why, size_t room);

/* --- measure.c -------------------------------------------------------------------- */

/* The known unit suffix the code ends in ("yuan" of "tax_yuan"), or NULL. */
const char *measure_suffix(const char *code);

/* --- calendar.c ------------------------------------------------------------------- */

/* The built-in rule of a frequency. */
const struct release_rule *release_default(enum freq f);

/* --- profile.c -------------------------------------------------------------------- */

extern const struct profile profile_provincial;

#endif
