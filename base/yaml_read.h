/*
 * yaml_read.h - YAML in, through one table of typed fields.
 *
 * Wraps libyaml, whose marks point at the value that is wrong. A mapping is read by a table of
 * fields; whatever is wrong is added to the diags with file, line and column and what would be
 * right, and reading goes on so that all mistakes are reported at once.
 *
 *     static const struct yaml_field fields[] = {
 *         { "interval", YAML_DURATION, offsetof(struct feed_config, interval_ms),
 *           .min = 1000, .max = 366 * 86400e3 },
 *         { "format", YAML_ENUM, offsetof(struct feed_config, format), .required = true,
 *           .choices = formats },
 *         { NULL }
 *     };
 *
 * Everything read lives in the arena. Aliases (&x, *x) are followed; a document
 * may have 500,000 nodes and nesting of 32.
 */
#ifndef BASE_YAML_READ_H
#define BASE_YAML_READ_H

#include "base/arena.h"
#include "base/date.h"
#include "base/diag.h"
#include "base/duration.h"

#include <stdint.h>

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_type type;
	const char *file;
	unsigned line, column; /* from 1, of the value's first character */
	struct slice text;     /* scalar, NUL-terminated */
	bool quoted;
	/* list elements, or map members in order: key of members, value itself */
	struct yaml_node *child, *next;
	struct yaml_node *key; /* of a map member */
	size_t n;
};

/* Parses one document. NULL when the text is not YAML (added to diags). An
 * empty document is an empty map. `file` is copied. */
struct yaml_node *yaml_parse(struct slice body, const char *file, struct arena *a, struct diags *d);
/* Reads the file (at most 16 MiB) and parses it. */
struct yaml_node *yaml_load(const char *path, struct arena *a, struct diags *d);

enum yaml_kind {
	YAML_STRING,   /* const char *, in the arena */
	YAML_BOOL,     /* bool */
	YAML_INT,      /* int64_t, min..max */
	YAML_NUMBER,   /* double, min..max */
	YAML_DURATION, /* int64_t ms: 500ms, 30s, 5m, 1h30m, 2d, 1w; min..max in ms */
	YAML_SIZE,     /* int64_t bytes: 4096, 64KiB, 4MiB, 1GiB */
	YAML_ENUM,     /* int, by `choices` */
	YAML_DATE,     /* struct date: 2026-09-30 */
	YAML_STRINGS,  /* struct yaml_strings: a list of scalars, or one scalar */
	YAML_NODE,     /* const struct yaml_node *: read by the caller */
};

struct yaml_strings {
	const char **list;
	size_t n;
};

struct yaml_choice {
	const char *name; /* NULL ends the table */
	int value;
};

struct yaml_field {
	const char *key; /* NULL ends the table */
	enum yaml_kind kind;
	size_t offset;
	bool required;
	double min, max; /* both 0: no bounds */
	const struct yaml_choice *choices;
	const char *help; /* one line, for `parkwatch check config --help` */
};

/* Fills `out` from the map by the table; fields that are not there stay as they
 * are (set defaults first). Unknown keys, repeated keys, wrong types, values out
 * of bounds and missing required keys are added to `d`. Returns 0 when nothing
 * was added. */
int yaml_fill(const struct yaml_node *map, const struct yaml_field *fields, void *out,
	      struct arena *a, struct diags *d);

/* A list of texts, or one text, as YAML_STRINGS does. -1: it is neither, which was said. */
int yaml_strings_read(const struct yaml_node *v, struct yaml_strings *out, struct arena *a,
		      struct diags *d);

/* The member's value or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* A complaint at this node. */
void yaml_complain(const struct yaml_node *at, struct diags *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int size_parse(struct slice text, int64_t *bytes, struct err *e);

#endif
