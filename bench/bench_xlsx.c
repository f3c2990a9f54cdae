/*
 * bench_xlsx.c - how fast a workbook becomes rows, and in how much memory.
 *
 * Four workbooks of the figures that bench_decode reads as well (200 parks, 60 indicators, 15
 * months): one figure a row; one month a row; the same as formulas; the same with merged parks.
 * Bytes are those of the XML, of sheet and shared texts, once each, however often it is unpacked.
 * A fifth of 40 MB packed is read to see what it takes: anonymous memory of the process, highest
 * and before, looked up in /proc while rows come.
 *
 *	bench_xlsx [RUNS]
 */
#include "bench/made.h"
#include "collectors/formats/xlsx.h"
#include "tests/lib/made_zip.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	PARKS = 200,
	INDICATORS = 60,
	MONTHS = 15,
	RUNS = 9,
	FIRST_DAY = 45658, /* 2025-01-01 */
	LARGE_TIMES = 31,  /* of 3,000 rows: 40 MB packed */
	CEILING_BYTES = 256 << 20,
};

struct rows_told {
	size_t rows, cells;
	double most; /* anonymous MiB */
	bool look;
};

struct made_book {
	struct made_zip zip;
	size_t xml_bytes;
};

/* --- workbooks ------------------------------------------------------------------------ */

static const char sheet_head[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet "
	"xmlns=\"" MADE_MAIN
	"\"><dimension ref=\"A1\"/><sheetFormatPr defaultRowHeight=\"14.25\"/><sheetData>";

static void add_part(struct made_book *b, const char *name, struct buf *text)
{
	if (text->failed)
		die("no memory for %s", name);
	made_zip_add(&b->zip, name, buf_all(text), MADE_DEFLATED);
	b->xml_bytes += text->n;
	buf_release(text);
}

/* Shared texts: parks, then indicators. */
static void add_strings(struct made_book *b)
{
	struct buf t;
	char name[64];

	buf_init(&t, 1 << 30);
	buf_puts(&t, "<sst xmlns=\"" MADE_MAIN "\">");
	for (int i = 0; i < PARKS + INDICATORS; i++) {
		if (i < PARKS)
			made_park_name(i, name);
		else
			made_indicator_name(i - PARKS, name);
		buf_printf(&t, "<si><t>%s</t></si>", name);
	}
	buf_puts(&t, "</sst>");
	add_part(b, "xl/sharedStrings.xml", &t);
}

static void begin_book(struct made_book *b, struct buf *sheet)
{
	*b = (struct made_book){ 0 };
	made_zip_init(&b->zip);
	made_package(&b->zip, MADE_DEFLATED);
	made_zip_text(&b->zip, "xl/workbook.xml",
		      "<workbook xmlns=\"" MADE_MAIN "\" xmlns:r=\"" MADE_RELATIONS "\"><sheets>"
		      "<sheet name=\"月报\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>");
	made_zip_text(&b->zip, "xl/styles.xml",
		      "<styleSheet xmlns=\"" MADE_MAIN "\"><cellXfs><xf numFmtId=\"0\"/>"
		      "<xf numFmtId=\"57\"/><xf numFmtId=\"2\"/></cellXfs></styleSheet>");
	add_strings(b);
	buf_init(sheet, 1 << 30);
	buf_puts(sheet, sheet_head);
}

static const char *column_name(int column, char out[4])
{
	char *p = out + 3;

	*p = '\0';
	for (; column; column = (column - 1) / 26)
		*--p = (char)('A' + (column - 1) % 26);
	return p;
}

/* How <f> or nothing stands before a value, as in "<f>B%d*2</f>". */
static void put_value(struct buf *b, int column, int row, const char *formula, double v)
{
	char name[4];

	buf_printf(b, "<c r=\"%s%d\" s=\"2\">%s<v>%.2f</v></c>", column_name(column, name), row,
		   formula, v);
}

static int month_of(int k)
{
	return FIRST_DAY + k * 61 / 2;
}

/* Park, month, 60 figures. */
static void put_wide(struct buf *b, int times, const char *formula, bool merged)
{
	uint64_t seed = 1;
	int row = 0;

	for (int t = 0; t < times; t++)
		for (int p = 0; p < PARKS; p++)
			for (int k = 0; k < MONTHS; k++) {
				buf_printf(b, "<row r=\"%d\" spans=\"1:%d\">", ++row,
					   INDICATORS + 2);
				if (!merged || k == 0)
					buf_printf(b, "<c r=\"A%d\" t=\"s\"><v>%d</v></c>", row, p);
				buf_printf(b, "<c r=\"B%d\" s=\"1\"><v>%d</v></c>", row,
					   month_of(k));
				for (int i = 0; i < INDICATORS; i++)
					put_value(b, i + 3, row, formula,
						  made_value(p, i, 2025, k % 12 + 1, &seed));
				buf_puts(b, "</row>");
			}
	buf_puts(b, "</sheetData>");
	if (merged) {
		buf_puts(b, "<mergeCells>");
		for (int p = 0; p < PARKS; p++)
			buf_printf(b, "<mergeCell ref=\"A%d:A%d\"/>", p * MONTHS + 1,
				   (p + 1) * MONTHS);
		buf_puts(b, "</mergeCells>");
	}
	buf_puts(b, "</worksheet>");
}

/* Park, indicator, month, figure. */
static void put_long(struct buf *b)
{
	uint64_t seed = 1;
	int row = 0;

	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				row++;
				buf_printf(
					b,
					"<row r=\"%d\" spans=\"1:4\"><c r=\"A%d\" t=\"s\"><v>%d</v>"
					"</c><c r=\"B%d\" t=\"s\"><v>%d</v></c><c r=\"C%d\" "
					"s=\"1\">"
					"<v>%d</v></c>",
					row, row, p, row, PARKS + i, row, month_of(k));
				put_value(b, 4, row, "", made_value(p, i, 2025, k % 12 + 1, &seed));
				buf_puts(b, "</row>");
			}
	buf_puts(b, "</sheetData></worksheet>");
}

/* --- reading ---------------------------------------------------------------------------- */

static double anonymous_mib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	double kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %lf", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib / 1024;
}

static int on_row(void *ctx, const struct row *r, struct err *e)
{
	struct rows_told *t = ctx;

	(void)e;
	t->rows++;
	for (size_t i = 0; i < r->n; i++)
		t->cells += r->cells[i].text.n > 0;
	if (t->look && t->rows % 1000 == 0) {
		double now = anonymous_mib();

		if (now > t->most)
			t->most = now;
	}
	return 1;
}

static struct took read_once(struct slice body, struct rows_told *t)
{
	const struct row_sink sink = { .row = on_row, .ctx = t };
	struct took from = took_now(), took;
	struct arena a;
	struct err e = { 0 };

	arena_init(&a, CEILING_BYTES);
	must(xlsx_read(body, &a, &sink, &e), &e);
	took = took_since(from);
	arena_release(&a);
	return took;
}

static void measure(const char *name, struct made_book *b, struct buf *sheet, size_t cells,
		    int nruns)
{
	struct runs wall = { .n = 0 }, cpu = { .n = 0 }, told = { .n = 0 };
	struct slice body;

	add_part(b, "xl/worksheets/sheet1.xml", sheet);
	body = made_zip_end(&b->zip);
	for (int i = -1; i < nruns; i++) {
		struct rows_told t = { 0 };
		struct took took = read_once(body, &t);

		if (t.cells != cells)
			die("%s: %zu cells came out of %zu", name, t.cells, cells);
		if (i < 0) /* memory, caches */
			continue;
		runs_add(&wall, (double)b->xml_bytes / 1e6 / took.wall);
		runs_add(&cpu, (double)b->xml_bytes / 1e6 / took.cpu);
		runs_add(&told, (double)cells / took.cpu);
	}
	report_runs(name_of("xlsx_%s", name), &wall, "MB/s");
	report_runs(name_of("xlsx_%s_cpu", name), &cpu, "MB/CPU-s");
	report_runs(name_of("xlsx_%s_cells", name), &told, "cells/CPU-s");
	made_zip_release(&b->zip);
}

/* --- a large one -------------------------------------------------------------------------- */

/* In a process of its own, so that what it takes is not in the figure. */
static void write_large(const char *path)
{
	struct made_book b;
	struct buf sheet;
	struct slice body;
	FILE *to = fopen(path, "wb");

	begin_book(&b, &sheet);
	put_wide(&sheet, LARGE_TIMES, "", false);
	add_part(&b, "xl/worksheets/sheet1.xml", &sheet);
	body = made_zip_end(&b.zip);
	if (!to || fwrite(body.p, 1, body.n, to) != body.n || fclose(to) != 0)
		die("cannot write %s", path);
	_exit(0);
}

static void measure_large(const char *folder)
{
	const char *path = name_of("%s/large.xlsx", folder);
	struct rows_told t = { .look = true };
	struct stat st;
	double before;
	void *body;
	int status, fd;
	pid_t child = fork();

	if (child == 0)
		write_large(path);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		die("the large workbook was not written");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		die("cannot open %s", path);
	body = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (body == MAP_FAILED)
		die("cannot map %s", path);
	before = anonymous_mib();
	report("xlsx_large_packed", (double)st.st_size / (1 << 20), "MiB");
	report("xlsx_large_seconds", read_once(slice_of(body, (size_t)st.st_size), &t).wall, "s");
	report("xlsx_large_anonymous_over_idle", t.most - before, "MiB");
	munmap(body, (size_t)st.st_size);
	close(fd);
}

int main(int argc, char **argv)
{
	int nruns = argc > 1 ? atoi(argv[1]) : RUNS;
	const size_t figures = (size_t)PARKS * INDICATORS * MONTHS, rows = (size_t)PARKS * MONTHS;
	struct made_book b;
	struct buf sheet;

	measure_large(folder_make());
	begin_book(&b, &sheet);
	put_long(&sheet);
	measure("long", &b, &sheet, 4 * figures, nruns);
	begin_book(&b, &sheet);
	put_wide(&sheet, 1, "", false);
	measure("wide", &b, &sheet, figures + 2 * rows, nruns);
	begin_book(&b, &sheet);
	put_wide(&sheet, 1, "", true);
	measure("merged", &b, &sheet, figures + 2 * rows, nruns);
	begin_book(&b, &sheet);
	put_wide(&sheet, 1, "<f>B1*2</f>", false);
	measure("formulas", &b, &sheet, figures + 2 * rows, nruns);
	return 0;
}
