/*
 * relabel.c - see relabel.h.
 *
 * A rule joins the values of its source labels, and what happens depends on whether its regular
 * expression matches them. What rules write is made in the caller's arena.
 */
#include "collectors/relabel.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/md5.h"
#include "base/regex_replace.h"
#include "base/text.h"

#include <endian.h>
#include <inttypes.h>

struct relabel {
	const struct relabel_rule *rules;
	struct regex_replace **regexes; /* of each rule */
	size_t n;
};

/* One text at most: the joined values of all labels. */
enum { TEXT_MAX = LABELS_MAX * (LABEL_VALUE_MAX_BYTES + 256) };

/* --- rules made ready ------------------------------------------------------------------ */

struct relabel *relabel_new(const struct relabel_rule *rules, size_t n, struct err *e)
{
	struct relabel *r = mem_zalloc(sizeof(*r));

	if (r)
		r->regexes = mem_zalloc((n ? n : 1) * sizeof(*r->regexes));
	if (!r || !r->regexes) {
		err_set(e, ERR_MEMORY, "no memory for rules of relabelling");
		relabel_free(r);
		return NULL;
	}
	r->rules = rules;
	r->n = n;
	for (size_t i = 0; i < n; i++) {
		r->regexes[i] = regex_replace_new(slice_str(rules[i].regex), e);
		if (!r->regexes[i]) {
			err_wrap(e, "rule %zu", i + 1);
			relabel_free(r);
			return NULL;
		}
	}
	return r;
}

void relabel_free(struct relabel *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->regexes && i < r->n; i++)
		regex_replace_free(r->regexes[i]);
	mem_free(r->regexes);
	mem_free(r);
}

/* --- a label set while it is rewritten ----------------------------------------------------- */

static struct label *find(struct label_list *l, struct slice name)
{
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->l[i].name, name))
			return &l->l[i];
	return NULL;
}

static struct slice value_of(struct label_list *l, struct slice name)
{
	const struct label *at = find(l, name);

	return at ? at->value : slice_of("", 0);
}

static void drop_label(struct label_list *l, struct slice name)
{
	struct label *at = find(l, name);

	if (at)
		*at = l->l[--l->n];
}

static int set_label(struct label_list *l, struct slice name, struct slice value, struct err *e)
{
	struct label *at = find(l, name);

	if (!value.n) {
		drop_label(l, name);
		return 0;
	}
	if (!at && l->n == LABELS_MAX)
		return err_set(e, ERR_LIMIT, "the rules make more than %d labels", LABELS_MAX);
	if (!at)
		at = &l->l[l->n++];
	*at = (struct label){ name, value };
	return 0;
}

/* --- one rule --------------------------------------------------------------------------------- */

struct rewriting {
	const struct relabel *r;
	struct label_list *l;
	struct arena *a;
	struct buf joined, made; /* of the rule at hand */
};

static int too_long(const struct buf *b, struct err *e)
{
	return err_set(e, b->failed,
		       b->failed == ERR_LIMIT ? "a rule makes too long a text"
					      : "no memory for relabelling");
}

/* What was made, in the arena. */
static int keep_text(struct rewriting *w, const struct buf *made, struct slice *out, struct err *e)
{
	if (made->failed != ERR_NONE)
		return too_long(made, e);
	*out = arena_slice(w->a, buf_all(made));
	return out->p ? 0 : err_set(e, ERR_MEMORY, "no memory for relabelling");
}

static int join(struct rewriting *w, const struct relabel_rule *rule, struct err *e)
{
	buf_clear(&w->joined);
	for (size_t i = 0; i < rule->source_labels.n; i++) {
		if (i)
			buf_puts(&w->joined, rule->separator);
		buf_slice(&w->joined, value_of(w->l, slice_str(rule->source_labels.list[i])));
	}
	return w->joined.failed == ERR_NONE ? 0 : too_long(&w->joined, e);
}

static bool matches(const struct regex_replace *re, struct rewriting *w, struct slice text)
{
	buf_clear(&w->made);
	return regex_replace_text(re, text, slice_of("", 0), &w->made);
}

/* 1: the text matched and what the template gives is in *out. */
static int expand(struct rewriting *w, const struct regex_replace *re, struct slice text,
		  const char *template, struct slice *out, struct err *e)
{
	buf_clear(&w->made);
	if (!regex_replace_text(re, text, slice_str(template), &w->made))
		return 0;
	return keep_text(w, &w->made, out, e) < 0 ? -1 : 1;
}

static int replace(struct rewriting *w, const struct relabel_rule *rule,
		   const struct regex_replace *re, struct err *e)
{
	struct slice name = { NULL, 0 }, value = { NULL, 0 };
	int rc = expand(w, re, buf_all(&w->joined), rule->target_label, &name, e);

	if (rc <= 0 || !name.n)
		return rc;
	rc = expand(w, re, buf_all(&w->joined), rule->replacement, &value, e);
	return rc <= 0 ? rc : set_label(w->l, name, value, e);
}

/* The last eight bytes of the digest, as Prometheus takes them. */
static int hash(struct rewriting *w, const struct relabel_rule *rule, struct err *e)
{
	uint8_t digest[MD5_BYTES];
	uint64_t last;
	char *text;

	md5_of(buf_all(&w->joined), digest);
	memcpy(&last, digest + MD5_BYTES - sizeof(last), sizeof(last));
	text = arena_printf(w->a, "%" PRIu64, be64toh(last) % (uint64_t)rule->modulus);
	if (!text)
		return err_set(e, ERR_MEMORY, "no memory for relabelling");
	return set_label(w->l, slice_str(rule->target_label), slice_str(text), e);
}

static int change_case(struct rewriting *w, const struct relabel_rule *rule, struct err *e)
{
	struct slice value;

	buf_clear(&w->made);
	if (rule->action == RELABEL_LOWERCASE)
		text_lower(buf_all(&w->joined), &w->made);
	else
		text_upper(buf_all(&w->joined), &w->made);
	if (keep_text(w, &w->made, &value, e) < 0)
		return -1;
	return set_label(w->l, slice_str(rule->target_label), value, e);
}

/* Over the labels as they were before the rule. */
static int map_names(struct rewriting *w, const struct relabel_rule *rule,
		     const struct regex_replace *re, struct err *e)
{
	struct label_list before = *w->l;

	for (size_t i = 0; i < before.n; i++) {
		struct slice name = { NULL, 0 };
		int rc = expand(w, re, before.l[i].name, rule->replacement, &name, e);

		if (rc > 0 && name.n)
			rc = set_label(w->l, name, before.l[i].value, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static void drop_names(struct rewriting *w, const struct regex_replace *re, bool matching)
{
	struct label_list before = *w->l;

	for (size_t i = 0; i < before.n; i++)
		if (matches(re, w, before.l[i].name) == matching)
			drop_label(w->l, before.l[i].name);
}

/* 1 goes on, 0 drops the series. */
static int apply(struct rewriting *w, const struct relabel_rule *rule,
		 const struct regex_replace *re, struct err *e)
{
	struct slice joined;
	int rc = 0;

	if (join(w, rule, e) < 0)
		return -1;
	joined = buf_all(&w->joined);
	switch ((enum relabel_action)rule->action) {
	case RELABEL_KEEP:
		return matches(re, w, joined);
	case RELABEL_DROP:
		return !matches(re, w, joined);
	case RELABEL_KEEPEQUAL:
		return slice_eq(joined, value_of(w->l, slice_str(rule->target_label)));
	case RELABEL_DROPEQUAL:
		return !slice_eq(joined, value_of(w->l, slice_str(rule->target_label)));
	case RELABEL_REPLACE:
		rc = replace(w, rule, re, e);
		break;
	case RELABEL_HASHMOD:
		rc = hash(w, rule, e);
		break;
	case RELABEL_LOWERCASE:
	case RELABEL_UPPERCASE:
		rc = change_case(w, rule, e);
		break;
	case RELABEL_LABELMAP:
		rc = map_names(w, rule, re, e);
		break;
	case RELABEL_LABELDROP:
	case RELABEL_LABELKEEP:
		drop_names(w, re, rule->action == RELABEL_LABELDROP);
		break;
	}
	return rc < 0 ? -1 : 1;
}

int relabel_apply(const struct relabel *r, struct label_list *l, struct arena *a, struct err *e)
{
	struct rewriting w = { .r = r, .l = l, .a = a };
	int rc = 1;

	buf_init(&w.joined, TEXT_MAX);
	buf_init(&w.made, TEXT_MAX);
	for (size_t i = 0; i < r->n && rc > 0; i++)
		rc = apply(&w, &r->rules[i], r->regexes[i], e);
	buf_release(&w.joined);
	buf_release(&w.made);
	return rc;
}
