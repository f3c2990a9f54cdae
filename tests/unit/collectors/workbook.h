/*
 * workbook.h - workbooks put together from a few lines of XML, and what a reader tells of them.
 */
#ifndef TESTS_UNIT_COLLECTORS_WORKBOOK_H
#define TESTS_UNIT_COLLECTORS_WORKBOOK_H

#include "tests/lib/assert.h"
#include "collectors/formats/xlsx.h"
#include "tests/lib/made_zip.h"

enum { SHEETS = 3 };

/* What a workbook is made of; NULL: the usual. A sheet is what stands inside <worksheet>, or a
 * whole part when it begins with "<?". */
struct book {
	const char *sheets[SHEETS], *strings, *styles, *workbook;
};

struct fixture {
	struct made_zip zip;
	struct arena a;
	struct buf told;
	int rows_wanted; /* of each table; 0: all */
	int rows;
	bool silent;    /* rows are not told */
	size_t ceiling; /* of the arena; 0: 64 MiB */
	struct err e;
};

static inline int on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct fixture *f = ctx;

	(void)e;
	assert_false(records);
	buf_printf(&f->told, "[%.*s]\n", SLICE_FMT(name));
	f->rows = 0;
	return 0;
}

/* 3|text|*text of B2|…: `*` and the place for what is repeated. */
static inline int on_row(void *ctx, const struct row *r, struct err *e)
{
	struct fixture *f = ctx;

	(void)e;
	assert_null(r->fault);
	if (f->silent)
		return 1;
	buf_printf(&f->told, "%u", r->line);
	for (size_t i = 0; i < r->n; i++) {
		const struct cell *c = &r->cells[i];

		if (c->repeated) {
			buf_printf(&f->told, "|*%u:%u ", c->line, c->column);
		} else {
			assert_int_equal(c->line, r->line);
			assert_int_equal(c->column, i + 1);
			buf_puts(&f->told, "|");
		}
		buf_slice(&f->told, c->text);
	}
	buf_puts(&f->told, "\n");
	return ++f->rows != f->rows_wanted;
}

static inline void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				const char *text)
{
	struct fixture *f = ctx;

	buf_printf(&f->told, "! %s %u:%u %s\n", refusal_name(why), line, column, text);
}

static inline int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	made_zip_init(&f.zip);
	buf_init(&f.told, 64 << 20);
	*state = &f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	made_zip_release(&f->zip);
	buf_release(&f->told);
	return 0;
}

/* --- making and reading ------------------------------------------------------------- */

static inline void add_sheet(struct fixture *f, int i, const char *text)
{
	char name[40];
	struct buf b;

	snprintf(name, sizeof(name), "xl/worksheets/sheet%d.xml", i + 1);
	buf_init(&b, 64 << 20);
	if (strncmp(text, "<?", 2) == 0)
		buf_puts(&b, text);
	else
		buf_printf(&b, "<worksheet xmlns='" MADE_MAIN "'>%s</worksheet>", text);
	made_zip_add(&f->zip, name, buf_all(&b), MADE_DEFLATED);
	buf_release(&b);
}

static inline struct slice make(struct fixture *f, const struct book *b)
{
	made_zip_release(&f->zip);
	made_zip_init(&f->zip);
	made_package(&f->zip, MADE_DEFLATED);
	made_zip_text(&f->zip, "xl/workbook.xml",
		      b->workbook ? b->workbook
				  : "<workbook xmlns='" MADE_MAIN "' xmlns:r='" MADE_RELATIONS "'>"
				    "<sheets><sheet name='表 1' sheetId='7' r:id='s1'/></sheets>"
				    "</workbook>");
	made_zip_text(&f->zip, "xl/sharedStrings.xml",
		      b->strings ? b->strings : "<sst xmlns='" MADE_MAIN "'/>");
	made_zip_text(&f->zip, "xl/styles.xml",
		      b->styles ? b->styles : "<styleSheet xmlns='" MADE_MAIN "'/>");
	for (int i = 0; i < SHEETS; i++)
		if (b->sheets[i])
			add_sheet(f, i, b->sheets[i]);
	return made_zip_end(&f->zip);
}

static inline int read_body(struct fixture *f, struct slice body)
{
	const struct row_sink sink = { on_table, on_row, on_complaint, f };
	int result;

	buf_clear(&f->told);
	arena_init(&f->a, f->ceiling ? f->ceiling : 64 << 20);
	result = xlsx_read(body, &f->a, &sink, &f->e);
	arena_release(&f->a);
	buf_putc(&f->told, '\0');
	return result;
}

static inline void tells_once(struct fixture *f, const struct book *b, const char *want)
{
	assert_ok(read_body(f, make(f, b)), &f->e);
	if (strcmp(f->told.p, want) != 0)
		fail_msg("told:\n%s\nnot:\n%s", f->told.p, want);
}

/* Twice, the second time with the other kind of quotes in the sheets: only cells with the usual
 * ones are read without expat. */
static inline void tells(struct fixture *f, const struct book *b, const char *want)
{
	struct book other = *b;
	char *copies[SHEETS] = { 0 };

	tells_once(f, b, want);
	for (int i = 0; i < SHEETS; i++) {
		if (!b->sheets[i])
			continue;
		other.sheets[i] = copies[i] = strdup(b->sheets[i]);
		for (char *p = copies[i]; *p; p++)
			*p = *p == '"' ? '\'' : *p == '\'' ? '"' : *p;
	}
	tells_once(f, &other, want);
	for (int i = 0; i < SHEETS; i++)
		free(copies[i]);
}

/* One sheet, told without the line of its name. */
static inline void sheet_tells(struct fixture *f, struct book b, const char *sheet,
			       const char *want)
{
	char all[4096];

	snprintf(all, sizeof(all), "[表 1]\n%s", want);
	b.sheets[0] = sheet;
	tells(f, &b, all);
}

#endif
