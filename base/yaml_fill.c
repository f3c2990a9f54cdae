/*
 * yaml_fill.c - reading a map by a table of typed fields; see yaml_read.h.
 *
 * The map is walked once in its own order, so complaints come in the order of
 * the text. Each value is read into a local first and stored only when it
 * is right. What the table allows is listed in a complaint in alphabetical
 * order; the name that is nearest by edits (a changed, missing, extra or
 * swapped letter each) is offered when it is near enough.
 */
#include "base/yaml_read.h"
#include "base/num.h"
#include "base/text.h"

#include <math.h>

enum { NAME_LONGEST = 40, LIST_TEXT = 700 };

void yaml_complain(const struct yaml_node *at, struct diags *d, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	va_end(args);
	diag_add(d, at->file, at->line, at->column, "%s", text);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->type != YAML_MAP)
		return NULL;
	for (const struct yaml_node *n = map->child; n; n = n->next)
		if (slice_is(n->key->text, key))
			return n;
	return NULL;
}

/* --- names and near names --------------------------------------------------------- */

/* Fields and choices both begin with their name; a NULL name ends either table. */
struct names {
	const void *table;
	size_t stride;
};

static const char *name_at(struct names t, size_t i)
{
	return *(const char *const *)((const char *)t.table + i * t.stride);
}

static struct names names_of_fields(const struct yaml_field *fields)
{
	return (struct names){ fields, sizeof(*fields) };
}

static struct names names_of_choices(const struct yaml_choice *choices)
{
	return (struct names){ choices, sizeof(*choices) };
}

/* The alphabetically first name behind `after` (NULL: of all). */
static const char *next_name(struct names t, const char *after)
{
	const char *best = NULL, *name;

	for (size_t i = 0; (name = name_at(t, i)); i++)
		if ((!after || strcmp(name, after) > 0) && (!best || strcmp(name, best) < 0))
			best = name;
	return best;
}

/* "county, id, league"; too many end in "…". */
static const char *list_names(struct names t, char out[LIST_TEXT])
{
	size_t n = 0;

	out[0] = '\0';
	for (const char *name = NULL; (name = next_name(t, name));) {
		size_t len = strlen(name);

		if (n + len + 8 > LIST_TEXT) {
			memcpy(out + n, ", …", sizeof(", …"));
			break;
		}
		n += (size_t)sprintf(out + n, "%s%s", n ? ", " : "", name);
	}
	return out;
}

static int min_of(int a, int b)
{
	return a < b ? a : b;
}

/* Edits from a to b (optimal string alignment), three rows of the table at a time. */
static int edits(struct slice a, struct slice b)
{
	int rows[3][NAME_LONGEST + 1];
	int *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.n; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= a.n; i++) {
		int *spare = before;

		row[0] = (int)i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = a.p[i - 1] == b.p[j - 1];

			row[j] = min_of(min_of(last[j], row[j - 1]) + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				row[j] = min_of(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b.n];
}

/* The one name that is meant, or NULL when none is near. */
static const char *nearest(struct names t, struct slice text)
{
	const char *best = NULL, *name;
	int best_edits = 1 + (int)min_of((int)text.n, NAME_LONGEST) / 4;

	if (text.n < 2 || text.n > NAME_LONGEST)
		return NULL;
	for (size_t i = 0; (name = name_at(t, i)); i++) {
		struct slice s = slice_str(name);
		int n = s.n <= NAME_LONGEST ? edits(text, s) : NAME_LONGEST;

		if (n < best_edits || (n == best_edits && !best)) {
			best = name;
			best_edits = n;
		}
	}
	return best;
}

/* --- complaints about one value ------------------------------------------------------ */

/* Nothing behind the colon, or YAML's null. */
static bool is_empty(const struct yaml_node *v)
{
	return v->type == YAML_SCALAR && !v->quoted &&
	       (!v->text.n || slice_is(v->text, "~") || slice_is(v->text, "null"));
}

static const char *shown(const struct yaml_node *v, char out[TEXT_SHOWN])
{
	if (v->type != YAML_SCALAR)
		return v->type == YAML_LIST ? "a list" : "a map";
	return text_shown(v->text, out);
}

/* "'interval' wants a duration such as 30s or 1h30m, not 'soon'" */
static int wants(const struct yaml_node *v, const char *what, struct diags *d)
{
	char value[TEXT_SHOWN], key[TEXT_SHOWN] = "this";

	if (v->key)
		text_shown(v->key->text, key);
	if (is_empty(v))
		yaml_complain(v, d, "%s wants %s, but nothing is there", key, what);
	else
		yaml_complain(v, d, "%s wants %s, not %s", key, what, shown(v, value));
	return -1;
}

static char *print_duration(double ms, char out[NUM_TEXT])
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }
	};
	int64_t rest = (int64_t)ms;
	size_t n = 0;

	if (rest <= 0)
		snprintf(out, NUM_TEXT, "0s");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t whole = rest / units[i].ms;

		rest %= units[i].ms;
		if (whole)
			n += (size_t)snprintf(out + n, NUM_TEXT - n, "%lld%s", (long long)whole,
					      units[i].unit);
	}
	return out;
}

static char *print_bound(const struct yaml_field *f, double bound, char out[NUM_TEXT])
{
	if (f->kind == YAML_DURATION)
		return print_duration(bound, out);
	num_print(bound, out);
	return out;
}

static int check_bounds(const struct yaml_node *v, const struct yaml_field *f, double got,
			struct diags *d)
{
	char low[NUM_TEXT], high[NUM_TEXT], value[TEXT_SHOWN];
	const char *unit = f->kind == YAML_SIZE ? " bytes" : "";

	if (f->min == 0 && f->max == 0)
		return 0;
	if (got >= f->min && got <= f->max)
		return 0;
	print_bound(f, f->min, low);
	print_bound(f, f->max, high);
	/* A table without an upper bound says INFINITY or the type's largest value. */
	if (f->max >= 9.2e18)
		yaml_complain(v, d, "'%s' is at least %s%s, not %s", f->key, low, unit,
			      shown(v, value));
	else
		yaml_complain(v, d, "'%s' lies between %s and %s%s, not %s", f->key, low, high,
			      unit, shown(v, value));
	return -1;
}

/* --- durations and sizes --------------------------------------------------------------- */

struct unit {
	const char *name;
	int64_t factor;
};

/* A whole number at the start of `rest`, which moves behind it. */
static int take_whole(struct slice *rest, int64_t *v)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	if (!n || num_parse_i64(slice_of(rest->p, n), v, NULL) < 0)
		return -1;
	*rest = slice_skip(*rest, n);
	return 0;
}

/* The unit at the start of `rest` among those from `from` on, or -1. */
static int take_unit(struct slice *rest, const struct unit *units, int n, int from)
{
	for (int i = from; i < n; i++) {
		size_t len = strlen(units[i].name);

		/* "m" is not the beginning of "ms". */
		if (slice_starts(*rest, units[i].name) &&
		    (rest->n == len ||
		     !((rest->p[len] | 0x20) >= 'a' && (rest->p[len] | 0x20) <= 'z'))) {
			*rest = slice_skip(*rest, len);
			return i;
		}
	}
	return -1;
}

int size_parse(struct slice text, int64_t *bytes, struct err *e)
{
	static const struct unit units[] = { { "KiB", 1 << 10 },
					     { "MiB", 1 << 20 },
					     { "GiB", 1 << 30 },
					     { "TiB", (int64_t)1 << 40 },
					     { "B", 1 } };
	struct slice rest = text;
	char value[TEXT_SHOWN];
	int64_t v, factor = 1;

	if (take_whole(&rest, &v) < 0)
		goto malformed;
	if (rest.n) {
		int unit = take_unit(&rest, units, 5, 0);

		if (unit < 0 || rest.n)
			goto malformed;
		factor = units[unit].factor;
	}
	if (__builtin_mul_overflow(v, factor, &v))
		return err_set(e, ERR_LIMIT, "%s is too large a size", text_shown(text, value));
	*bytes = v;
	return 0;

malformed:
	return err_set(e, ERR_INVALID, "%s is not a size such as 4096, 64KiB or 4MiB",
		       text_shown(text, value));
}

/* --- one value ------------------------------------------------------------------------- */

static int read_bool(const struct yaml_node *v, bool *out, struct diags *d)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
					   "YES",  "on",   "On",   "ON" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No",
					  "NO",    "off",   "Off",   "OFF" };

	for (size_t i = 0; v->type == YAML_SCALAR && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (slice_is(v->text, yes[i]) || slice_is(v->text, no[i])) {
			*out = slice_is(v->text, yes[i]);
			return 0;
		}
	}
	return wants(v, "true or false", d);
}

static int read_int(const struct yaml_node *v, const struct yaml_field *f, int64_t *out,
		    struct diags *d)
{
	int64_t got = 0;

	if (v->type != YAML_SCALAR || num_parse_i64(v->text, &got, NULL) < 0)
		return wants(v, "a whole number", d);
	if (check_bounds(v, f, (double)got, d) < 0)
		return -1;
	*out = got;
	return 0;
}

static int read_number(const struct yaml_node *v, const struct yaml_field *f, double *out,
		       struct diags *d)
{
	double got = 0;

	if (v->type != YAML_SCALAR || num_parse(v->text, &got, NULL) < 0)
		return wants(v, "a number", d);
	if (check_bounds(v, f, got, d) < 0)
		return -1;
	*out = got;
	return 0;
}

static int read_measure(const struct yaml_node *v, const struct yaml_field *f, int64_t *out,
			struct diags *d)
{
	bool size = f->kind == YAML_SIZE;
	int64_t got = 0;

	if (v->type != YAML_SCALAR ||
	    (size ? size_parse(v->text, &got, NULL) : duration_parse(v->text, &got, NULL)) < 0)
		return wants(v,
			     size ? "a size such as 4096, 64KiB or 4MiB"
				  : "a duration such as 30s or 1h30m",
			     d);
	if (check_bounds(v, f, (double)got, d) < 0)
		return -1;
	*out = got;
	return 0;
}

static int read_enum(const struct yaml_node *v, const struct yaml_field *f, int *out,
		     struct diags *d)
{
	struct names names = names_of_choices(f->choices);
	char list[LIST_TEXT], value[TEXT_SHOWN];
	const char *near;

	if (v->type != YAML_SCALAR || is_empty(v)) {
		char what[LIST_TEXT + 16];

		snprintf(what, sizeof(what), "one of: %s", list_names(names, list));
		return wants(v, what, d);
	}
	for (const struct yaml_choice *c = f->choices; c->name; c++) {
		if (slice_is(v->text, c->name)) {
			*out = c->value;
			return 0;
		}
	}
	near = nearest(names, v->text);
	if (near)
		yaml_complain(v, d, "'%s' cannot be %s, did you mean '%s'? one of: %s", f->key,
			      shown(v, value), near, list_names(names, list));
	else
		yaml_complain(v, d, "'%s' cannot be %s, one of: %s", f->key, shown(v, value),
			      list_names(names, list));
	return -1;
}

static int read_date(const struct yaml_node *v, struct date *out, struct diags *d)
{
	struct err e = { 0 };

	if (v->type != YAML_SCALAR || is_empty(v))
		return wants(v, "a date such as 2026-09-30", d);
	if (date_parse(v->text, out, &e) < 0) {
		yaml_complain(v, d, "'%.*s': %s", SLICE_FMT(v->key->text), e.text);
		return -1;
	}
	return 0;
}

static int read_string(const struct yaml_node *v, const char **out, struct diags *d)
{
	if (v->type != YAML_SCALAR || is_empty(v))
		return wants(v, "a text", d);
	*out = v->text.p;
	return 0;
}

int yaml_strings_read(const struct yaml_node *v, struct yaml_strings *out, struct arena *a,
		      struct diags *d)
{
	struct yaml_strings got = { 0 };
	bool ok = true;

	if (v->type == YAML_MAP || is_empty(v))
		return wants(v, "a text or a list of texts", d);
	got.list = arena_array(a, v->type == YAML_LIST ? v->n : 1, sizeof(*got.list));
	if (!got.list) {
		yaml_complain(v, d, "no memory to read the list");
		return -1;
	}
	if (v->type == YAML_SCALAR) {
		got.list[got.n++] = v->text.p;
		*out = got;
		return 0;
	}
	for (const struct yaml_node *n = v->child; n; n = n->next) {
		char value[TEXT_SHOWN];

		if (n->type == YAML_SCALAR && !is_empty(n)) {
			got.list[got.n++] = n->text.p;
			continue;
		}
		yaml_complain(n, d, "'%.*s' is a list of texts, %s is none",
			      SLICE_FMT(v->key->text),
			      is_empty(n) ? "an empty entry" : shown(n, value));
		ok = false;
	}
	if (!ok)
		return -1;
	*out = got;
	return 0;
}

static int read_value(const struct yaml_node *v, const struct yaml_field *f, void *out,
		      struct arena *a, struct diags *d)
{
	void *to = (char *)out + f->offset;

	switch (f->kind) {
	case YAML_STRING:
		return read_string(v, to, d);
	case YAML_BOOL:
		return read_bool(v, to, d);
	case YAML_INT:
		return read_int(v, f, to, d);
	case YAML_NUMBER:
		return read_number(v, f, to, d);
	case YAML_DURATION:
	case YAML_SIZE:
		return read_measure(v, f, to, d);
	case YAML_ENUM:
		return read_enum(v, f, to, d);
	case YAML_DATE:
		return read_date(v, to, d);
	case YAML_STRINGS:
		return yaml_strings_read(v, to, a, d);
	case YAML_NODE:
		*(const struct yaml_node **)to = v;
		return 0;
	}
	return -1;
}

/* --- the map --------------------------------------------------------------------------- */

static void unknown_key(const struct yaml_node *key, const struct yaml_field *fields,
			struct diags *d)
{
	struct names names = names_of_fields(fields);
	const char *near = nearest(names, key->text);
	char list[LIST_TEXT], text[TEXT_SHOWN];

	list_names(names, list);
	text_shown(key->text, text);
	if (near)
		yaml_complain(key, d, "unknown key %s, did you mean '%s'? one of: %s", text, near,
			      list);
	else
		yaml_complain(key, d, "unknown key %s, one of: %s", text, list);
}

static size_t find_field(const struct yaml_field *fields, struct slice key)
{
	size_t i = 0;

	while (fields[i].key && !slice_is(key, fields[i].key))
		i++;
	return i;
}

int yaml_fill(const struct yaml_node *map, const struct yaml_field *fields, void *out,
	      struct arena *a, struct diags *d)
{
	const struct yaml_node **seen;
	size_t n = 0;
	int rc = 0;

	if (map->type != YAML_MAP)
		return wants(map, "a map (lines of key: value)", d);
	while (fields[n].key)
		n++;
	seen = arena_array(a, n ? n : 1, sizeof(void *));
	if (!seen) {
		yaml_complain(map, d, "no memory to read the map");
		return -1;
	}
	for (const struct yaml_node *v = map->child; v; v = v->next) {
		size_t i = find_field(fields, v->key->text);

		if (i == n) {
			unknown_key(v->key, fields, d);
			rc = -1;
		} else if (seen[i]) {
			yaml_complain(v->key, d, "key '%s' is repeated, first at line %u",
				      fields[i].key, seen[i]->key->line);
			rc = -1;
		} else {
			seen[i] = v;
			if (read_value(v, &fields[i], out, a, d) < 0)
				rc = -1;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (fields[i].required && !seen[i]) {
			yaml_complain(map, d, "required key '%s' is missing", fields[i].key);
			rc = -1;
		}
	}
	return rc;
}
