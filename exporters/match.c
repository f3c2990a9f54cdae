/* match.c - see match.h. */
#include "exporters/match.h"

#include "base/text.h"
#include "query/virtual.h"

#include <stdlib.h>

static int no_memory(const struct arena *a, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the request needs more than %zu MiB", a->limit >> 20);
}

/* --- reading ----------------------------------------------------------------------------- */

static int drop_virtual(struct match_set *s, struct arena *a, struct err *e)
{
	const struct node_selector *n = &s->expr.root->selector;
	struct matcher *kept = arena_array(a, n->nm + 1, sizeof(*kept));

	if (!kept)
		return no_memory(a, e);
	for (size_t i = 0; i < n->nm; i++)
		if (!is_virtual_label(n->m[i].name))
			kept[s->nm++] = n->m[i];
		else
			s->is_virtual = true;
	s->m = kept;
	return 0;
}

int matches_read(const struct exchange *x, struct arena *a, struct matches *out, struct err *e)
{
	*out = (struct matches){ .sets = arena_array(a, x->nparams + 1, sizeof(*out->sets)) };
	if (!out->sets)
		return no_memory(a, e);
	for (size_t i = 0; i < x->nparams; i++) {
		struct match_set *s = &out->sets[out->n];

		if (!slice_is(x->params[i].name, "match[]"))
			continue;
		if (parse_selector(x->params[i].value, a, &s->expr, e) < 0) {
			matches_release(out);
			return -1;
		}
		out->n++;
		if (drop_virtual(s, a, e) < 0) {
			matches_release(out);
			return -1;
		}
	}
	return 0;
}

/* Whether it leaves out series that do not have the label at all. */
static bool wants_something(const struct node_selector *s)
{
	for (size_t i = 0; i < s->nm; i++)
		if (!matcher_holds(&s->m[i], slice_str("")))
			return true;
	return false;
}

int matches_check(const struct matches *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (!wants_something(&m->sets[i].expr.root->selector))
			return err_set(e, ERR_INVALID,
				       "match[] must contain at least one non-empty matcher");
	return 0;
}

void matches_release(struct matches *m)
{
	for (size_t i = 0; i < m->n; i++)
		expr_release(&m->sets[i].expr);
	m->n = 0;
}

/* --- series ---------------------------------------------------------------------------------- */

static int by_labels(const void *a, const void *b)
{
	const struct series_ref *x = a, *y = b;

	return labels_cmp(x->labels, y->labels);
}

/* Leaves each series once of a sorted list. */
static size_t once(struct series_ref *list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || list[kept - 1].id != list[i].id)
			list[kept++] = list[i];
	return kept;
}

int matches_select(const struct matches *m, struct snapshot *v, struct arena *a,
		   struct series_ref **out, size_t *n, struct err *e)
{
	struct series_ref *all = NULL, *some;
	size_t total = 0, cap = 0, ns;

	*n = 0;
	*out = NULL;
	if (m->n == 1 && m->sets[0].nm > 0)
		return snapshot_select(v, m->sets[0].m, m->sets[0].nm, a, out, n, e);
	for (size_t i = 0; i < m->n; i++) {
		if (m->sets[i].expr.root->selector.nm == 0)
			continue;
		if (snapshot_select(v, m->sets[i].m, m->sets[i].nm, a, &some, &ns, e) < 0)
			return -1;
		all = arena_grow(a, all, total, &cap, total + ns + 1, sizeof(*all));
		if (!all)
			return no_memory(a, e);
		if (ns)
			memcpy(all + total, some, ns * sizeof(*all));
		total += ns;
	}
	if (total > 1)
		qsort(all, total, sizeof(*all), by_labels);
	*out = all;
	*n = once(all, total);
	return 0;
}

int presence_of(const struct presence *p, const struct series_ref *s, bool *present, struct err *e)
{
	struct vintage last;

	*present = false;
	if (!s->statistic)
		return snapshot_has_sample(p->v, s->id, p->from_ms, p->to_ms, present, e);
	if (p->from_ms > p->to_ms)
		return 0;
	if (snapshot_last_figure(p->v, s->id, p->to_ms, VIEW_LATEST, &last, present, e) < 0)
		return -1;
	if (*present && last.stamp_ms < p->from_ms)
		*present = p->calendar && p->calendar->holds_until(p->calendar, s->labels,
								   last.stamp_ms) > p->from_ms;
	return 0;
}

struct by_id {
	uint32_t id, at;
};

static int compare_ids(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int presence_of_all(const struct presence *p, const struct series_ref *s, size_t n, bool *present,
		    struct err *e)
{
	struct by_id order[PRESENCE_TOGETHER];

	for (size_t i = 0; i < n; i++)
		order[i] = (struct by_id){ s[i].id, (uint32_t)i };
	/* cppcheck-suppress uninitvar ; as many are set as are looked at */
	qsort(order, n, sizeof(*order), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (presence_of(p, &s[order[i].at], &present[order[i].at], e) < 0)
			return -1;
	return 0;
}

/* --- names ----------------------------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Bytes of the character in UTF-8; 0: there is no such. */
static size_t put_character(uint32_t c, char *out)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return utf8_put(out, c);
}

/* Behind an underscore at *at: another one, or a code of up to five hexadecimal digits and an
 * underscore, which is longer than the character. *at comes to stand behind it. */
static size_t unescape_one(struct slice s, size_t *at, char *out)
{
	uint32_t code = 0;

	if (*at < s.n && s.p[*at] == '_') {
		++*at;
		*out = '_';
		return 1;
	}
	for (size_t digits = 0; *at < s.n && digits < 6; digits++) {
		char c = s.p[(*at)++];

		if (c == '_')
			return put_character(code, out);
		if (hex(c) < 0)
			return 0;
		code = code << 4 | (uint32_t)hex(c);
	}
	return 0;
}

struct slice label_unescape(struct slice name, struct arena *a)
{
	char *out;
	size_t n = 0, at = 3;

	if (!slice_starts(name, "U__"))
		return name;
	out = arena_alloc(a, name.n + 4);
	if (!out)
		return name;
	while (at < name.n) {
		size_t more = 1;

		if (name.p[at] != '_') {
			out[n++] = name.p[at++];
			continue;
		}
		at++;
		more = unescape_one(name, &at, out + n);
		if (more == 0)
			return name;
		n += more;
	}
	return slice_of(out, n);
}
