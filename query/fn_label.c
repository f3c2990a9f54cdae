/* fn_label.c - label_replace() and label_join(): new labels for the same values. */
#include "query/functions_impl.h"

#include "base/regex_replace.h"
#include "base/text.h"

struct relabelled {
	struct vector child;
};

static int same_row(const struct vector *v, size_t i, struct worker *w, double *out, struct err *e)
{
	const struct relabelled *r = v->ctx;
	const double *row = vector_row(&r->child, i, w, e);

	if (!row)
		return -1;
	memcpy(out, row, v->width * sizeof(*out));
	return 0;
}

static int begin(struct eval *ev, const struct node *call, const struct grid *g, struct vector *out,
		 struct err *e)
{
	struct relabelled *r = arena_new(ev->arena, struct relabelled);

	if (!r)
		return eval_full(ev, e);
	if (eval_vector(ev, call->call.args[0], g, &r->child, e) < 0)
		return -1;
	*out = (struct vector){ .n = r->child.n, .width = g->n, .compute = same_row, .ctx = r };
	out->ordered = r->child.ordered;
	out->heads = eval_alloc(ev, out->n, sizeof(*out->heads), e);
	if (!out->heads)
		return -1;
	if (out->n)
		memcpy(out->heads, r->child.heads, out->n * sizeof(*out->heads));
	return 0;
}

static struct slice text_arg(const struct node *call, size_t i)
{
	return node_inner(call->call.args[i])->string;
}

static bool is_label_name(struct slice s)
{
	return s.n > 0 && utf8_bad_at(s) < 0;
}

int head_set_label(struct eval *ev, struct head *h, struct slice name, struct slice value,
		   struct err *e)
{
	const struct labels *seen = head_labels(ev, h, ev->arena);
	struct label l[LABELS_MAX + 1];
	size_t n = 0;
	bool put = value.n == 0;

	if (!seen)
		return eval_full(ev, e);
	for (uint32_t i = 0; i < seen->n; i++) {
		int c = slice_cmp(seen->l[i].name, name);

		if (c >= 0 && !put) {
			l[n++] = (struct label){ name, value };
			put = true;
		}
		if (c != 0)
			l[n++] = seen->l[i];
	}
	if (!put)
		l[n++] = (struct label){ name, value };
	if (n > LABELS_MAX)
		return eval_fail(ev, e, "more than %d labels", LABELS_MAX);
	h->labels = labels_in_arena(ev->arena, l, n);
	if (!h->labels)
		return eval_full(ev, e);
	/* a name that is set now is not the one that was dropped */
	if (slice_is(name, LABEL_NAME) || !(ev->features & FEATURE_DELAYED_NAME_REMOVAL))
		h->drop_name = false;
	return 0;
}

/* Appends the new value of a head's label; false: it keeps the one it has. */
typedef bool (*value_fn)(struct eval *ev, const struct node *call, const struct head *h,
			 const struct regex_replace *re, struct buf *out);

static bool replaced(struct eval *ev, const struct node *call, const struct head *h,
		     const struct regex_replace *re, struct buf *out)
{
	return regex_replace_text(re, head_label(ev, h, text_arg(call, 3)), text_arg(call, 2), out);
}

static bool joined(struct eval *ev, const struct node *call, const struct head *h,
		   const struct regex_replace *re, struct buf *out)
{
	(void)re;
	for (size_t k = 3; k < call->call.nargs; k++) {
		if (k > 3)
			buf_slice(out, text_arg(call, 2));
		buf_slice(out, head_label(ev, h, text_arg(call, k)));
	}
	return true;
}

static int set_labels(struct eval *ev, const struct node *call, value_fn make,
		      const struct regex_replace *re, struct vector *v, struct err *e)
{
	struct buf text;
	int r = 0;

	buf_init(&text, LABEL_VALUE_MAX_BYTES * 64);
	for (size_t i = 0; i < v->n && r == 0; i++) {
		struct slice value;

		buf_clear(&text);
		if (!make(ev, call, &v->heads[i], re, &text))
			continue;
		r = buf_check(&text, e);
		value = arena_slice(ev->arena, buf_all(&text));
		if (r == 0)
			r = value.p ? head_set_label(ev, &v->heads[i], text_arg(call, 1), value, e)
				    : eval_full(ev, e);
	}
	buf_release(&text);
	return r;
}

int call_label_replace(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e)
{
	struct slice to = text_arg(call, 1), pattern = text_arg(call, 4);
	struct regex_replace *re = regex_replace_new(pattern, e);
	int r;

	if (!re && e->code == ERR_MEMORY)
		return -1;
	if (!re)
		return eval_fail(ev, e, "invalid regular expression in label_replace(): %.*s",
				 SLICE_FMT(slice_cut(pattern, 1000)));
	if (!is_label_name(to))
		r = eval_fail(ev, e, "invalid destination label name in label_replace(): %.*s",
			      SLICE_FMT(slice_cut(to, 200)));
	else if (utf8_bad_at(text_arg(call, 2)) >= 0)
		r = eval_fail(ev, e, "the replacement in label_replace() is not UTF-8");
	else
		r = begin(ev, call, g, &out->vector, e);
	if (r == 0)
		r = set_labels(ev, call, replaced, re, &out->vector, e);
	regex_replace_free(re);
	return r < 0 ? -1 : vector_merge_equal(ev, &out->vector, e);
}

int call_label_join(struct eval *ev, const struct node *call, const struct grid *g,
		    struct value *out, struct err *e)
{
	struct slice to = text_arg(call, 1);

	for (size_t k = 3; k < call->call.nargs; k++)
		if (!is_label_name(text_arg(call, k)))
			return eval_fail(ev, e, "invalid source label name in label_join(): %.*s",
					 SLICE_FMT(slice_cut(text_arg(call, k), 200)));
	if (!is_label_name(to))
		return eval_fail(ev, e, "invalid destination label name in label_join(): %.*s",
				 SLICE_FMT(slice_cut(to, 200)));
	if (utf8_bad_at(text_arg(call, 2)) >= 0)
		return eval_fail(ev, e, "the separator in label_join() is not UTF-8");
	if (begin(ev, call, g, &out->vector, e) < 0 ||
	    set_labels(ev, call, joined, NULL, &out->vector, e) < 0)
		return -1;
	return vector_merge_equal(ev, &out->vector, e);
}
