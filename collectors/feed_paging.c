/*
 * feed_paging.c - `paging:` of a feed.
 *
 * Which keys go together depends on the kind; a table says it.
 */
#include "collectors/feed_private.h"

static const struct yaml_choice kinds[] = {
	{ "page", PAGING_PAGE },
	{ "offset", PAGING_OFFSET },
	{ "next", PAGING_NEXT },
	{ NULL, 0 },
};

enum { NOT_GIVEN = -1 };

#define AT(member) offsetof(struct paging, member)
static const struct yaml_field fields[] = {
	{ "kind", YAML_ENUM, AT(kind), .required = true, .choices = kinds,
	  .help = "how the next page is found" },
	{ "parameter", YAML_STRING, AT(parameter),
	  .help = "of the query: number of the page, or of rows before it" },
	{ "first", YAML_INT, AT(first), .min = 0, .max = 1e9, .help = "its first value" },
	{ "size_parameter", YAML_STRING, AT(size_parameter),
	  .help = "of the query: rows of a page" },
	{ "size", YAML_INT, AT(size), .min = 1, .max = 1e6, .help = "rows of a page" },
	{ "pages", YAML_STRING, AT(pages), .help = "pointer to the number of pages" },
	{ "total", YAML_STRING, AT(total), .help = "pointer to the number of rows in all" },
	{ "next", YAML_STRING, AT(next), .help = "pointer to the link to the next page" },
	{ "most", YAML_INT, AT(most), .min = 1, .max = PAGING_PAGES_MAX,
	  .help = "pages; more are an error" },
	{ NULL },
};
#undef AT

#define OF(kind) (1U << (kind))
/* The keys that not every kind has. */
static const struct {
	const char *key;
	unsigned kinds;
} rules[] = {
	{ "parameter", OF(PAGING_PAGE) | OF(PAGING_OFFSET) },
	{ "first", OF(PAGING_PAGE) | OF(PAGING_OFFSET) },
	{ "size_parameter", OF(PAGING_PAGE) | OF(PAGING_OFFSET) },
	{ "size", OF(PAGING_PAGE) | OF(PAGING_OFFSET) },
	{ "total", OF(PAGING_PAGE) | OF(PAGING_OFFSET) },
	{ "pages", OF(PAGING_PAGE) },
	{ "next", OF(PAGING_NEXT) },
};

static const char *kind_name(int kind)
{
	return kind == PAGING_PAGE ? "page" : kind == PAGING_OFFSET ? "offset" : "next";
}

static void check_keys(const struct yaml_node *map, const struct paging *p, struct diags *d)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct yaml_node *at = yaml_get(map, rules[i].key);

		if (at && !(rules[i].kinds & OF(p->kind)))
			yaml_complain(at, d, "'%s' is not for kind %s", rules[i].key,
				      kind_name(p->kind));
	}
	if (p->kind == PAGING_NEXT && !p->next)
		yaml_complain(map, d, "kind next needs 'next', the pointer to the link");
	if (p->kind != PAGING_NEXT && (!p->parameter || !*p->parameter))
		yaml_complain(map, d, "kind %s needs 'parameter', its name in the query",
			      kind_name(p->kind));
	if (p->size_parameter && (!*p->size_parameter || !p->size))
		yaml_complain(yaml_get(map, "size_parameter"), d,
			      "'size_parameter' is a name in the query and needs 'size'");
	if (p->pages && p->total)
		yaml_complain(yaml_get(map, "total"), d,
			      "either 'pages' or 'total' says how much there is, not both");
}

static void check_pointers(const struct yaml_node *map, struct diags *d)
{
	static const char *const keys[] = { "pages", "total", "next" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *at = yaml_get(map, keys[i]);

		if (at && at->type == YAML_SCALAR && !slice_starts(at->text, "/"))
			yaml_complain(at, d, "'%s' is a JSON pointer such as /total", keys[i]);
	}
}

/* Whether the rows of each page must be counted. */
static bool counts_rows(const struct paging *p)
{
	return p->kind == PAGING_OFFSET ||
	       (p->kind == PAGING_PAGE && !p->pages && !(p->total && p->size));
}

int feed_paging_read(const struct yaml_node *map, struct paging *out, struct layout *l,
		     struct arena *a, struct diags *d)
{
	struct paging p = { .kind = NOT_GIVEN, .first = NOT_GIVEN, .most = PAGING_PAGES_DEFAULT };

	if (map->type != YAML_MAP) {
		yaml_complain(map, d, "'paging' is a map with 'kind': page, offset or next");
		return 0;
	}
	yaml_fill(map, fields, &p, a, d);
	if (p.kind == NOT_GIVEN)
		return 0;
	if (p.first == NOT_GIVEN)
		p.first = p.kind == PAGING_PAGE;
	check_keys(map, &p, d);
	check_pointers(map, d);
	p.rows = l->rows ? l->rows : "";
	if (counts_rows(&p) && strstr(p.rows, "/*"))
		yaml_complain(map, d,
			      "rows are counted to find the next page, which a '*' in the layout's "
			      "'rows' does not allow");
	l->rows = arena_printf(a, "/*%s", p.rows);
	*out = p;
	return l->rows ? 0 : -1;
}
