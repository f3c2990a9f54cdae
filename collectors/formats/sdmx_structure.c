/*
 * sdmx_structure.c - see sdmx_structure.h.
 *
 * A message may refer to what comes later in it, so references are kept as they stand and
 * followed when all is there; lists are sorted first, since a message may hold a hundred
 * thousand codes.
 */
#include "collectors/cells.h"
#include "collectors/formats/sdmx_structure_private.h"

#include <stdlib.h>

enum { COMPONENTS_MAX = SDMX_COLUMNS_MAX, DSDS_MAX = 1024 };

/* --- building ------------------------------------------------------------------------------ */

static int no_room(struct sdmx_builder *b)
{
	return err_set(b->e, ERR_LIMIT,
		       "the structure needs more than the allowed %zu bytes of memory",
		       b->arena->limit);
}

int sdmx_copy(struct sdmx_builder *b, struct slice text, struct slice *out)
{
	*out = arena_slice(b->arena, text);
	return out->p ? 0 : no_room(b);
}

int sdmx_copy_ref(struct sdmx_builder *b, struct sdmx_ref ref, struct sdmx_ref *out)
{
	return sdmx_copy(b, ref.agency, &out->agency) < 0 ? -1 : sdmx_copy(b, ref.id, &out->id);
}

/* Room for one more at the end of a list, zeroed. */
static void *one_more(struct sdmx_builder *b, void *list, size_t *n, size_t *cap, size_t size)
{
	char *p = *(void **)list;

	if (*n == *cap) {
		p = arena_grow(b->arena, p, *n, cap, *n + 1, size);
		if (!p) {
			no_room(b);
			return NULL;
		}
		*(void **)list = p;
	}
	p += *n * size;
	memset(p, 0, size);
	++*n;
	return p;
}

struct sdmx_codelist *sdmx_add_list(struct sdmx_builder *b, struct sdmx_ref ref)
{
	struct sdmx_codelist *l =
		one_more(b, &b->out->lists, &b->out->nlists, &b->out->lists_cap, sizeof(*l));

	return l && sdmx_copy_ref(b, ref, &l->ref) == 0 ? l : NULL;
}

struct sdmx_code *sdmx_add_code(struct sdmx_builder *b, struct sdmx_codelist *l, struct slice id)
{
	struct sdmx_code *c = one_more(b, &l->codes, &l->n, &l->cap, sizeof(*c));

	return c && sdmx_copy(b, id, &c->id) == 0 ? c : NULL;
}

struct sdmx_concept *sdmx_add_concept(struct sdmx_builder *b, struct sdmx_ref ref)
{
	struct sdmx_concept *c = one_more(b, &b->out->concepts, &b->out->nconcepts,
					  &b->out->concepts_cap, sizeof(*c));

	return c && sdmx_copy_ref(b, ref, &c->ref) == 0 ? c : NULL;
}

struct sdmx_dsd *sdmx_add_dsd(struct sdmx_builder *b, struct sdmx_ref ref)
{
	struct sdmx_dsd *d;

	if (b->out->ndsds == DSDS_MAX) {
		err_set(b->e, ERR_LIMIT, "more than %d data structures", DSDS_MAX);
		return NULL;
	}
	d = one_more(b, &b->out->dsds, &b->out->ndsds, &b->out->dsds_cap, sizeof(*d));
	return d && sdmx_copy_ref(b, ref, &d->ref) == 0 ? d : NULL;
}

struct sdmx_component *sdmx_add_component(struct sdmx_builder *b, struct sdmx_dsd *d,
					  struct slice id, enum sdmx_role role)
{
	struct sdmx_component *c;

	if (d->n == COMPONENTS_MAX) {
		err_set(b->e, ERR_LIMIT, "data structure %.*s has more than %d components",
			SLICE_FMT(d->ref.id), COMPONENTS_MAX);
		return NULL;
	}
	c = one_more(b, &d->components, &d->n, &d->cap, sizeof(*c));
	if (!c || sdmx_copy(b, id, &c->id) < 0)
		return NULL;
	c->role = role;
	return c;
}

struct sdmx_flow *sdmx_add_flow(struct sdmx_builder *b, struct sdmx_ref ref)
{
	struct sdmx_flow *f =
		one_more(b, &b->out->flows, &b->out->nflows, &b->out->flows_cap, sizeof(*f));

	return f && sdmx_copy_ref(b, ref, &f->ref) == 0 ? f : NULL;
}

int sdmx_add_name(struct sdmx_builder *b, struct sdmx_name **names, struct slice language,
		  struct slice text)
{
	struct sdmx_name *n = arena_new(b->arena, struct sdmx_name);

	if (!n)
		return no_room(b);
	while (*names)
		names = &(*names)->next;
	*names = n;
	if (sdmx_copy(b, language, &n->language) < 0)
		return -1;
	return sdmx_copy(b, text, &n->text);
}

/* --- references --------------------------------------------------------------------------- */

struct slice sdmx_urn_object(struct slice urn)
{
	const char *is = slice_starts(urn, "urn:") ? memchr(urn.p, '=', urn.n) : NULL;

	return is ? slice_skip(urn, (size_t)(is - urn.p) + 1) : urn;
}

/* AGENCY:ID(VERSION) or, of an item, AGENCY:PARENT(VERSION).ID: */
struct sdmx_ref sdmx_ref_of(struct slice text)
{
	struct slice s = sdmx_urn_object(text);
	const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL, *open, *close;
	struct sdmx_ref ref = { slice_of(s.p, 0), s };

	if (colon) {
		ref.agency.n = (size_t)(colon - s.p);
		ref.id = slice_skip(s, ref.agency.n + 1);
	}
	open = ref.id.n ? memchr(ref.id.p, '(', ref.id.n) : NULL;
	if (!open)
		return ref;
	close = memmem(open, (size_t)(s.p + s.n - open), ").", 2);
	ref.id = close ? slice_of(close + 2, (size_t)(s.p + s.n - close) - 2)
		       : slice_of(ref.id.p, (size_t)(open - ref.id.p));
	return ref;
}

static int ref_cmp(struct sdmx_ref a, struct sdmx_ref b)
{
	int c = slice_cmp(a.id, b.id);

	return c ? c : slice_cmp(a.agency, b.agency);
}

static bool ref_same(struct sdmx_ref a, struct sdmx_ref b)
{
	return slice_eq(a.id, b.id) && (a.agency.n == 0 || slice_eq(a.agency, b.agency));
}

static int list_cmp(const void *a, const void *b)
{
	return ref_cmp(((const struct sdmx_codelist *)a)->ref,
		       ((const struct sdmx_codelist *)b)->ref);
}

static int concept_cmp(const void *a, const void *b)
{
	return ref_cmp(((const struct sdmx_concept *)a)->ref,
		       ((const struct sdmx_concept *)b)->ref);
}

static int code_cmp(const void *a, const void *b)
{
	return slice_cmp(((const struct sdmx_code *)a)->id, ((const struct sdmx_code *)b)->id);
}

static const struct sdmx_codelist *find_list(const struct sdmx_structure *s, struct sdmx_ref ref)
{
	struct sdmx_codelist key = { .ref = ref };

	return s->nlists && ref.id.n ? bsearch(&key, s->lists, s->nlists, sizeof(key), list_cmp)
				     : NULL;
}

static const struct sdmx_concept *find_concept(const struct sdmx_structure *s, struct sdmx_ref ref)
{
	struct sdmx_concept key = { .ref = ref };

	return s->nconcepts ? bsearch(&key, s->concepts, s->nconcepts, sizeof(key), concept_cmp)
			    : NULL;
}

static void follow(const struct sdmx_structure *s, struct sdmx_component *c)
{
	const struct sdmx_concept *concept = find_concept(s, c->concept);

	c->codes = find_list(s, c->codelist);
	if (!concept)
		return;
	c->names = concept->names;
	if (!c->codes && !c->codelist.id.n)
		c->codes = find_list(s, concept->codelist);
}

static void finish(struct sdmx_structure *s)
{
	for (size_t i = 0; i < s->nlists; i++)
		if (s->lists[i].n)
			qsort(s->lists[i].codes, s->lists[i].n, sizeof(struct sdmx_code), code_cmp);
	if (s->nlists)
		qsort(s->lists, s->nlists, sizeof(*s->lists), list_cmp);
	if (s->nconcepts)
		qsort(s->concepts, s->nconcepts, sizeof(*s->concepts), concept_cmp);
	for (size_t i = 0; i < s->ndsds; i++)
		for (size_t k = 0; k < s->dsds[i].n; k++)
			follow(s, &s->dsds[i].components[k]);
}

/* --- the whole ------------------------------------------------------------------------------ */

int sdmx_structure_read(struct slice body, struct arena *a, struct sdmx_structure *out,
			struct err *e)
{
	struct sdmx_builder b = { out, a, e };
	struct slice start = cell_trim(body);
	int rc;

	*out = (struct sdmx_structure){ 0 };
	if (start.n && *start.p == '{')
		rc = sdmx_structure_json(body, &b);
	else
		rc = sdmx_structure_ml(body, &b);
	if (rc < 0)
		return -1;
	if (out->nlists + out->nconcepts + out->ndsds + out->nflows == 0)
		return err_set(e, ERR_INVALID,
			       "the message holds no data structure, code list or "
			       "concept");
	finish(out);
	return 0;
}

/* --- looking things up ------------------------------------------------------------------------ */

const struct sdmx_dsd *sdmx_structure_dsd(const struct sdmx_structure *s, struct slice name)
{
	struct sdmx_ref ref = sdmx_ref_of(name);

	if (ref.id.n == 0)
		return NULL;
	for (size_t i = 0; i < s->ndsds; i++)
		if (ref_same(ref, s->dsds[i].ref))
			return &s->dsds[i];
	for (size_t i = 0; i < s->nflows; i++) {
		if (!ref_same(ref, s->flows[i].ref))
			continue;
		for (size_t k = 0; k < s->ndsds; k++)
			if (ref_same(s->flows[i].dsd, s->dsds[k].ref))
				return &s->dsds[k];
	}
	return NULL;
}

const struct sdmx_component *sdmx_dsd_component(const struct sdmx_dsd *d, struct slice id)
{
	for (size_t i = 0; i < d->n; i++)
		if (slice_eq(d->components[i].id, id))
			return &d->components[i];
	return NULL;
}

static bool is_language(struct slice tag, const char *language)
{
	size_t n = strlen(language);

	return slice_starts(tag, language) && (tag.n == n || tag.p[n] == '-' || tag.p[n] == '_');
}

struct slice sdmx_name_in(const struct sdmx_name *names, const char *language)
{
	const char *const wanted[] = { language ? language : "zh", "en" };

	for (size_t i = 0; i < 2; i++)
		for (const struct sdmx_name *n = names; n; n = n->next)
			if (is_language(n->language, wanted[i]))
				return n->text;
	return names ? names->text : slice_str("");
}

const struct sdmx_code *sdmx_code_find(const struct sdmx_codelist *l, struct slice id)
{
	struct sdmx_code key = { .id = id };

	return l->n ? bsearch(&key, l->codes, l->n, sizeof(key), code_cmp) : NULL;
}
