/*
 * expose.c - see expose.h.
 *
 * A line's labels and value are printed when they come, so that grouping only
 * moves pointers.
 */
#include "exporters/expose.h"
#include "base/num.h"
#include "base/text.h"

#include <math.h>
#include <strings.h>

enum { LINE_BYTES_MAX = 1 << 20 }; /* 64 labels of 2 KiB, all of it escaped, need a quarter */

struct expose_line {
	struct slice text; /* suffix, labels, value, newline */
	struct expose_line *next;
};

void expose_init(struct expose *x, struct arena *a)
{
	*x = (struct expose){ .arena = a };
	map_init(&x->families);
	buf_init(&x->line, LINE_BYTES_MAX);
}

void expose_release(struct expose *x)
{
	map_release(&x->families);
	buf_release(&x->line);
}

static struct expose_family *family_of(struct expose *x, const char *name, const char *help,
				       enum expose_type type)
{
	struct expose_family *f = map_get(&x->families, slice_str(name));

	if (f)
		return f;
	f = arena_new(x->arena, struct expose_family);
	if (!f)
		return NULL;
	f->name = arena_strdup(x->arena, name);
	f->help = arena_strdup(x->arena, help);
	f->type = type;
	if (!f->name || !f->help || map_put(&x->families, slice_str(f->name), f, NULL) < 0)
		return NULL;
	if (x->last)
		x->last->next = f;
	else
		x->first = f;
	x->last = f;
	return f;
}

static void print_labels(const struct label *l, size_t n, struct buf *b)
{
	char before = '{';

	for (size_t i = 0; i < n; i++) {
		if (!l[i].value.n)
			continue;
		buf_putc(b, before);
		buf_slice(b, l[i].name);
		buf_puts(b, "=\"");
		label_escape(l[i].value, b);
		buf_putc(b, '"');
		before = ',';
	}
	if (before == ',')
		buf_putc(b, '}');
}

void expose_add(struct expose *x, const char *family, const char *help, enum expose_type type,
		const char *suffix, const struct label *l, size_t n, double v)
{
	struct expose_family *f = family_of(x, family, help, type);
	struct expose_line *line = f ? arena_new(x->arena, struct expose_line) : NULL;
	char number[NUM_TEXT];

	if (!line) {
		x->failed = true;
		return;
	}
	buf_clear(&x->line);
	buf_puts(&x->line, suffix);
	print_labels(l, n, &x->line);
	buf_putc(&x->line, ' ');
	num_print_g(v, number);
	buf_puts(&x->line, number);
	buf_putc(&x->line, '\n');
	line->text = arena_slice(x->arena, buf_all(&x->line));
	if (x->line.failed || !line->text.p) {
		x->failed = true;
		return;
	}
	if (f->last)
		f->last->next = line;
	else
		f->first = line;
	f->last = line;
}

static void print_help(const char *help, bool open_metrics, struct buf *out)
{
	for (; *help; help++) {
		if (*help == '\\')
			buf_puts(out, "\\\\");
		else if (*help == '\n')
			buf_puts(out, "\\n");
		else if (*help == '"' && open_metrics)
			buf_puts(out, "\\\"");
		else
			buf_putc(out, *help);
	}
}

/* OpenMetrics names a counter's family without _total. */
static struct slice family_name(const struct expose_family *f, bool open_metrics)
{
	struct slice name = slice_str(f->name);

	if (open_metrics && f->type == EXPOSE_COUNTER && slice_ends(name, "_total"))
		name.n -= strlen("_total");
	return name;
}

/* In OpenMetrics the samples of a counter must end in _total: what does not is no counter there. */
static const char *family_type(const struct expose_family *f, bool open_metrics)
{
	static const char *const types[] = { "gauge", "counter", "histogram" };

	if (open_metrics && f->type == EXPOSE_COUNTER && !slice_ends(slice_str(f->name), "_total"))
		return "unknown";
	return types[f->type];
}

static void print_family(const struct expose_family *f, bool open_metrics, struct buf *out)
{
	struct slice name = family_name(f, open_metrics);

	buf_printf(out, "# HELP %.*s ", SLICE_FMT(name));
	print_help(f->help, open_metrics, out);
	buf_printf(out, "\n# TYPE %.*s %s\n", SLICE_FMT(name), family_type(f, open_metrics));
	for (const struct expose_line *l = f->first; l; l = l->next) {
		buf_puts(out, f->name);
		buf_slice(out, l->text);
	}
}

int expose_finish(struct expose *x, bool open_metrics, struct buf *out, struct err *e)
{
	for (const struct expose_family *f = x->first; f; f = f->next)
		print_family(f, open_metrics, out);
	if (open_metrics)
		buf_puts(out, "# EOF\n");
	if (x->failed)
		return err_set(e, ERR_LIMIT, "the metrics need more than %zu KiB",
			       x->arena->limit >> 10);
	return buf_check(out, e);
}

/* --- content negotiation ------------------------------------------------------------ */

/* One entry of an Accept header. */
struct media {
	struct slice type, version; /* version empty when there is none */
	double q;
};

/* Takes what is before `end` off the front of *rest; all of it when there is none. */
static struct slice take(struct slice *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct slice item = slice_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = slice_skip(*rest, item.n + (at ? 1 : 0));
	return text_trim(item);
}

static bool same_word(struct slice a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

static struct slice unquote(struct slice s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_of(s.p + 1, s.n - 2) : s;
}

static void read_param(struct slice param, struct media *m)
{
	struct slice name = take(&param, '=');
	struct slice value = unquote(text_trim(param));

	if (same_word(name, "version"))
		m->version = value;
	else if (same_word(name, "q") && num_parse(value, &m->q, NULL) < 0)
		m->q = 0; /* what cannot be read is not preferred */
}

static struct media read_media(struct slice text)
{
	struct media m = { .type = take(&text, ';'), .q = 1 };

	while (text.n)
		read_param(take(&text, ';'), &m);
	return m;
}

static bool is_open_metrics(const struct media *m)
{
	return same_word(m->type, "application/openmetrics-text") &&
	       (!m->version.n || slice_is(m->version, "1.0.0"));
}

/* A type that is named counts before a range that would take it too (RFC 9110, 12.5.1). */
bool expose_wants_open_metrics(struct slice accept)
{
	double open = 0, text = -1, range = 0;

	while (accept.n) {
		struct media m = read_media(take(&accept, ','));

		if (is_open_metrics(&m))
			open = fmax(open, m.q);
		else if (same_word(m.type, "text/plain"))
			text = fmax(text, m.q);
		else if (same_word(m.type, "text/*") || same_word(m.type, "*/*"))
			range = fmax(range, m.q);
	}
	return open > 0 && open >= (text >= 0 ? text : range);
}
