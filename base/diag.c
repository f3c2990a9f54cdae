/*
 * diag.c - see diag.h.
 *
 * A complaint that finds no memory is counted like one too many: that there are
 * mistakes is never forgotten, only what they were.
 */
#include "base/diag.h"

void diags_init(struct diags *d, struct arena *arena, size_t max)
{
	*d = (struct diags){ .arena = arena, .max = max };
}

/* Most complaints in a row are about one file: its name is kept once. */
static const char *kept_name(struct diags *d, const char *file)
{
	const char *last = d->n ? d->list[d->n - 1].file : NULL;

	if (!file)
		file = "";
	return last && strcmp(last, file) == 0 ? last : arena_strdup(d->arena, file);
}

/* A complaint is a sentence on one line: what quotes half a document is cut, and line feeds and
 * the like in what is quoted show as '?'. */
__attribute__((format(printf, 2, 0))) static const char *format(struct arena *a, const char *fmt,
								va_list args)
{
	char text[1024];
	struct slice s;

	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		return NULL;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	s = slice_cut(slice_str(text), sizeof(text) - 2);
	return arena_strndup(a, s.p, s.n);
}

void diag_add(struct diags *d, const char *file, unsigned line, unsigned column, const char *fmt,
	      ...)
{
	struct diag entry = { .line = line, .column = column };
	struct diag *list;
	va_list args;

	if (d->n >= d->max) {
		d->left_out++;
		return;
	}
	va_start(args, fmt);
	entry.text = format(d->arena, fmt, args);
	va_end(args);
	entry.file = kept_name(d, file);
	list = arena_grow(d->arena, d->list, d->n, &d->cap, d->n + 1, sizeof(*list));
	if (!entry.text || !entry.file || !list) {
		d->left_out++;
		return;
	}
	d->list = list;
	d->list[d->n++] = entry;
}

/* "file:line:column: text" without the parts that are not known. */
static int line_text(const struct diag *d, char *out, size_t n)
{
	if (!d->line)
		return snprintf(out, n, "%s%s%s", d->file, *d->file ? ": " : "", d->text);
	if (!d->column)
		return snprintf(out, n, "%s:%u: %s", d->file, d->line, d->text);
	return snprintf(out, n, "%s:%u:%u: %s", d->file, d->line, d->column, d->text);
}

void diags_print(const struct diags *d, FILE *to)
{
	char line[6000];

	for (size_t i = 0; i < d->n; i++) {
		line_text(&d->list[i], line, sizeof(line));
		fprintf(to, "%s\n", line);
	}
	if (d->left_out)
		fprintf(to, "... and %zu more\n", d->left_out);
}

int diags_check(const struct diags *d, struct err *e)
{
	size_t others = d->left_out + d->n - 1;
	char text[1024], more[48] = "";
	struct slice first;

	if (d->n == 0 && d->left_out == 0)
		return 0;
	if (d->n == 0)
		return err_set(e, ERR_INVALID, "%zu mistakes, and no memory to list them",
			       d->left_out);
	line_text(&d->list[0], text, sizeof(text));
	if (others)
		snprintf(more, sizeof(more), " (and %zu more)", others);
	first = slice_cut(slice_str(text), sizeof(e->text) - 1 - strlen(more));
	return err_set(e, ERR_INVALID, "%.*s%s", SLICE_FMT(first), more);
}
