/*
 * load.h - what the files that read a catalogue share (load_*.c, catalogue_load.c).
 *
 * Reading goes in passes over the whole: every mistake of every pass is added
 * to the diags, and what is half wrong is kept so far that others may refer to
 * it; otherwise one wrong key in a unit would bring a complaint for each of its
 * targets. The nodes live in `scratch`, the catalogue's own texts in its arena.
 */
#ifndef CATALOGUE_LOAD_H
#define CATALOGUE_LOAD_H

#include "base/yaml_read.h"
#include "catalogue/private.h"

/* The entries of one section, of all files in order. */
struct rows {
	const struct yaml_node **list; /* maps */
	size_t n, cap;
};

struct loader {
	struct catalogue *c;
	struct arena scratch;
	struct diags *d;
	struct rows units, indicators, releases, targets, holidays, profiles;
	const struct release_rule **rules; /* of the files, in order; nrules */
	size_t nrules;
	const char *file; /* the last one kept */
	bool no_memory;
};

extern const struct yaml_choice load_freqs[];

/* A copy in the catalogue's arena; "" and no_memory when there is none. NULL stays NULL. */
const char *load_keep(struct loader *l, const char *text);
const char *const *load_keep_all(struct loader *l, const struct yaml_strings *s, size_t *n);
const char *load_keep_file(struct loader *l, const char *file);
/* A zeroed array in the catalogue's arena; NULL and no_memory. */
void *load_array(struct loader *l, size_t n, size_t size);

/* The member's value, the map itself when it is not there: a place for a complaint. */
const struct yaml_node *load_at(const struct yaml_node *map, const char *key);
/* The i-th element of a list or the scalar itself, for YAML_STRINGS. */
const struct yaml_node *load_item(const struct yaml_node *map, const char *key, size_t i);
/* Another place, for a complaint at `at`: "line 12" in the same file, else "other.yaml:12". */
const char *load_place(struct loader *l, const struct yaml_node *at, const char *file,
		       unsigned line);
/* from..to must be in order. */
void load_check_validity(struct loader *l, const struct yaml_node *map, struct validity v);
/* A number in a native measure, scaled in decimal. */
bool load_amount(struct loader *l, const struct yaml_node *at, struct num_scale s, double *v);
/* The unit of that id; else a complaint with the nearest, and NULL. */
const struct unit *load_unit_ref(struct loader *l, const struct yaml_node *at, const char *id);
const struct indicator *load_indicator_ref(struct loader *l, const struct yaml_node *at,
					   const char *code);
enum unit_class load_class(const char *name); /* UNIT_CLASSES when unknown */

/* The keys of an indicator that are about edits, as they are written. */
struct edit_row {
	const char *part_of, *growth_of;
	struct yaml_strings sum_of;
	double level_change;
	const struct yaml_node *breaks, *edits;
};

/* What stands for itself, once form and validity are known; what refers to others, once all are. */
void load_edits(struct loader *l, const struct yaml_node *map, const struct edit_row *row,
		struct indicator *i);
void load_relations(struct loader *l, const struct yaml_node *map, const struct edit_row *row,
		    struct indicator *i);

void load_units(struct loader *l);
void load_releases(struct loader *l);
void load_indicators(struct loader *l);
void load_targets(struct loader *l);
void load_holidays(struct loader *l);
void load_profiles(struct loader *l);

#endif
