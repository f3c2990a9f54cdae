/*
 * feed_config_copy.c - a feed's configuration copied, and compared.
 *
 * A feed outlives the configuration it was read from, so it keeps a copy in its
 * own arena. Two configurations are the same when they write out the same
 * text: one function names every member, instead of a comparison per type.
 */
#include "collectors/feed_private.h"

#include "base/secret.h"

#include <inttypes.h>

/* A feed's configuration as text; far above any real one. */
enum { PRINT_LIMIT = 64 << 20 };

/* --- copy --------------------------------------------------------------------------- */

struct copier {
	struct arena *a;
	bool failed;
};

static const char *copy_text(struct copier *c, const char *text)
{
	char *out = text ? arena_strdup(c->a, text) : NULL;

	if (text && !out)
		c->failed = true;
	return out;
}

/* NULL-terminated in any case. */
static const char **copy_list(struct copier *c, const char *const *list, size_t n)
{
	const char **out = arena_array(c->a, n + 1, sizeof(*out));

	if (!out) {
		c->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = copy_text(c, list[i]);
	return out;
}

static size_t list_length(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static void copy_axis(struct copier *c, const struct axis *from, struct axis *to)
{
	*to = *from;
	to->text = copy_text(c, from->text);
	to->join = copy_text(c, from->join);
	to->columns = copy_list(c, from->columns, from->ncolumns);
}

static void copy_only(struct copier *c, const struct layout *from, struct layout *to)
{
	struct only *out = arena_array(c->a, from->nonly ? from->nonly : 1, sizeof(*out));

	if (!out) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < from->nonly; i++) {
		const struct only *o = &from->only[i];

		out[i] = (struct only){ copy_text(c, o->column),
					copy_list(c, o->values, o->nvalues), o->nvalues };
	}
	to->only = out;
}

static void copy_layout(struct copier *c, const struct layout *from, struct layout *to)
{
	*to = *from;
	for (int i = 0; i < AXES; i++)
		copy_axis(c, &from->axes[i], &to->axes[i]);
	copy_only(c, from, to);
	to->ignore = copy_list(c, from->ignore, from->nignore);
	to->sheets = copy_list(c, from->sheets, from->nsheets);
	to->suppressed = copy_list(c, from->suppressed, from->nsuppressed);
	to->rows = copy_text(c, from->rows);
}

static void copy_paging(struct copier *c, const struct paging *from, struct paging *to)
{
	*to = *from;
	to->parameter = copy_text(c, from->parameter);
	to->size_parameter = copy_text(c, from->size_parameter);
	to->pages = copy_text(c, from->pages);
	to->total = copy_text(c, from->total);
	to->next = copy_text(c, from->next);
	to->rows = copy_text(c, from->rows);
}

static void copy_names(struct copier *c, const struct feed_config *from, struct feed_config *to)
{
	to->names = arena_array(c->a, from->nnames ? from->nnames : 1, sizeof(*to->names));
	if (!to->names) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < from->nnames; i++)
		to->names[i] = (struct name_pair){
			.text = copy_text(c, from->names[i].text),
			.code = copy_text(c, from->names[i].code),
			.measure = copy_text(c, from->names[i].measure),
		};
}

static void copy_rules(struct copier *c, const struct feed_config *from, struct feed_config *to)
{
	size_t n = from->nmetric_relabel_configs;

	to->metric_relabel_configs =
		arena_array(c->a, n ? n : 1, sizeof(*to->metric_relabel_configs));
	if (!to->metric_relabel_configs) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct relabel_rule *r = &from->metric_relabel_configs[i];
		struct relabel_rule *out = &to->metric_relabel_configs[i];

		*out = *r;
		out->source_labels.list = copy_list(c, (const char *const *)r->source_labels.list,
						    r->source_labels.n);
		out->separator = copy_text(c, r->separator);
		out->regex = copy_text(c, r->regex);
		out->target_label = copy_text(c, r->target_label);
		out->replacement = copy_text(c, r->replacement);
	}
}

static void copy_asking(struct copier *c, const struct asking *from, struct asking *to)
{
	*to = *from;
	to->type = copy_text(c, from->type);
	to->credentials.text = copy_text(c, from->credentials.text);
	to->credentials.file = copy_text(c, from->credentials.file);
	to->username = copy_text(c, from->username);
	to->password.text = copy_text(c, from->password.text);
	to->password.file = copy_text(c, from->password.file);
	to->cert_file = copy_text(c, from->cert_file);
	to->key_file = copy_text(c, from->key_file);
	to->server_name = copy_text(c, from->server_name);
	to->proxy = copy_text(c, from->proxy);
	to->body = copy_text(c, from->body);
	to->content_type = copy_text(c, from->content_type);
	to->headers = arena_array(c->a, from->nheaders ? from->nheaders : 1, sizeof(*to->headers));
	if (!to->headers)
		c->failed = true;
	for (size_t i = 0; to->headers && i < from->nheaders; i++)
		to->headers[i] = (struct secret_header){ copy_text(c, from->headers[i].name),
							 copy_text(c, from->headers[i].file) };
}

int feed_config_copy(const struct feed_config *from, struct arena *a, struct feed_config *to,
		     struct err *e)
{
	struct copier c = { .a = a };

	*to = *from;
	to->name = copy_text(&c, from->name);
	to->url = copy_text(&c, from->url);
	to->folder = copy_text(&c, from->folder);
	to->pattern = copy_text(&c, from->pattern);
	to->owner = copy_text(&c, from->owner ? from->owner : "");
	to->ca_file = copy_text(&c, from->ca_file);
	to->file = copy_text(&c, from->file);
	to->structure_file = copy_text(&c, from->structure_file);
	if (from->structure.n) {
		to->structure = arena_slice(a, from->structure);
		c.failed |= !to->structure.p;
	}
	to->headers = copy_list(&c, from->headers, list_length(from->headers));
	to->units.list = copy_list(&c, (const char *const *)from->units.list, from->units.n);
	copy_layout(&c, &from->layout, &to->layout);
	copy_paging(&c, &from->paging, &to->paging);
	copy_asking(&c, &from->asking, &to->asking);
	copy_names(&c, from, to);
	copy_rules(&c, from, to);
	if (c.failed)
		return err_set(e, ERR_MEMORY, "feed %s: not enough memory", from->name);
	return 0;
}

struct document feed_document(const struct feed_config *c)
{
	return (struct document){
		.format = (enum feed_format)c->format,
		.encoding = (enum text_encoding)c->encoding,
		.layout = &c->layout,
		.structure = c->structure,
		.class = (enum unit_class)c->class,
		.names = c->names,
		.nnames = c->nnames,
		.units = (const char *const *)c->units.list,
		.nunits = c->units.n,
		.rows_limit = (size_t)c->rows_limit,
		.panel_questions = (size_t)c->panel_questions,
		.feed = c->name,
		.instance = "",
	};
}

/* --- comparison ------------------------------------------------------------------------- */

/* With its length in front, so that no two lists of texts print the same. */
static void put_text(struct buf *b, const char *text)
{
	if (text)
		buf_printf(b, "%zu:", strlen(text));
	buf_puts(b, text ? text : "-");
	buf_putc(b, '\n');
}

static void put_list(struct buf *b, const char *const *list, size_t n)
{
	buf_printf(b, "%zu[", n);
	for (size_t i = 0; i < n; i++)
		put_text(b, list[i]);
}

static void put_axis(struct buf *b, const struct axis *x)
{
	buf_printf(b, "axis %d %d %u ", x->where, x->headed, x->row);
	put_text(b, x->text);
	put_text(b, x->join);
	put_list(b, x->columns, x->ncolumns);
}

static void put_layout(struct buf *b, const struct layout *l)
{
	for (int i = 0; i < AXES; i++)
		put_axis(b, &l->axes[i]);
	for (size_t i = 0; i < l->nonly; i++) {
		put_text(b, l->only[i].column);
		put_list(b, l->only[i].values, l->only[i].nvalues);
	}
	put_list(b, l->sheets, l->nsheets);
	put_list(b, l->ignore, l->nignore);
	put_list(b, l->suppressed, l->nsuppressed);
	put_text(b, l->rows);
	buf_printf(b, "%d %u\n", l->delimiter, l->header_rows);
}

static void put_paging(struct buf *b, const struct paging *p)
{
	buf_printf(b, "%d %" PRId64 " %" PRId64 " %" PRId64 "\n", p->kind, p->first, p->size,
		   p->most);
	put_text(b, p->parameter);
	put_text(b, p->size_parameter);
	put_text(b, p->pages);
	put_text(b, p->total);
	put_text(b, p->next);
	put_text(b, p->rows);
}

static void put_numbers(struct buf *b, const struct feed_config *c)
{
	buf_printf(b, "%d %d %d %d %d %d %d %d %a\n", c->submit, c->format, c->encoding, c->class,
		   c->trusted, c->hold, c->working_day, c->freq, c->jitter);
	buf_printf(b, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", c->every_ms,
		   c->backoff_max_ms, c->timeout_ms, c->body_limit);
	buf_printf(b, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d\n", c->rows_limit,
		   c->panel_questions, c->redirects, c->settle_ms, c->keep);
	buf_printf(b, "%" PRId64 "\n", c->series_limit);
}

static void put_rules(struct buf *b, const struct feed_config *c)
{
	buf_printf(b, "%d %d %d %" PRId64 "\n", c->honor_labels, c->honor_timestamps,
		   c->track_timestamps_staleness, c->sample_limit);
	for (size_t i = 0; i < c->nmetric_relabel_configs; i++) {
		const struct relabel_rule *r = &c->metric_relabel_configs[i];

		buf_printf(b, "rule %d %" PRId64 "\n", r->action, r->modulus);
		put_list(b, (const char *const *)r->source_labels.list, r->source_labels.n);
		put_text(b, r->separator);
		put_text(b, r->regex);
		put_text(b, r->target_label);
		put_text(b, r->replacement);
	}
}

static void put_asking(struct buf *b, const struct asking *q)
{
	put_text(b, q->type);
	put_text(b, q->credentials.text);
	put_text(b, q->credentials.file);
	put_text(b, q->username);
	put_text(b, q->password.text);
	put_text(b, q->password.file);
	put_text(b, q->cert_file);
	put_text(b, q->key_file);
	put_text(b, q->server_name);
	put_text(b, q->proxy);
	put_text(b, q->body);
	put_text(b, q->content_type);
	buf_printf(b, "%zu[", q->nheaders);
	for (size_t i = 0; i < q->nheaders; i++) {
		put_text(b, q->headers[i].name);
		put_text(b, q->headers[i].file);
	}
}

static void put_config(struct buf *b, const struct feed_config *c)
{
	put_text(b, c->name);
	put_text(b, c->url);
	put_text(b, c->folder);
	put_text(b, c->pattern);
	put_text(b, c->owner ? c->owner : "");
	put_text(b, c->ca_file);
	put_numbers(b, c);
	put_list(b, c->headers, list_length(c->headers));
	put_list(b, (const char *const *)c->units.list, c->units.n);
	put_layout(b, &c->layout);
	put_text(b, c->structure_file);
	put_paging(b, &c->paging);
	put_rules(b, c);
	put_asking(b, &c->asking);
	buf_printf(b, "%d\n", c->updated_after);
	for (size_t i = 0; i < c->nnames; i++) {
		put_text(b, c->names[i].text);
		put_text(b, c->names[i].code);
		put_text(b, c->names[i].measure);
	}
}

/* Secrets may stand in a configuration. */
static void forget(struct buf *b)
{
	if (b->p)
		secret_wipe(b->p, b->n);
	buf_release(b);
}

bool feed_config_same(const struct feed_config *a, const struct feed_config *b)
{
	struct buf pa, pb;
	bool same;

	buf_init(&pa, PRINT_LIMIT);
	buf_init(&pb, PRINT_LIMIT);
	put_config(&pa, a);
	put_config(&pb, b);
	/* Without memory to tell they count as different: the feed is begun anew, which is safe. */
	same = !pa.failed && !pb.failed && slice_eq(buf_all(&pa), buf_all(&pb)) &&
	       slice_eq(a->structure, b->structure);
	forget(&pa);
	forget(&pb);
	return same;
}
