/*
 * bench_xls.c - how fast an old workbook becomes rows.
 *
 * One sheet of 3,000 rows: park and month as shared strings, 60 figures of two decimals as
 * Number records. MB are those of the workbook stream; `file` is the same with its container. The
 * sink counts cells.
 *
 *	bench_xls [RUNS]
 */
#include "bench/made.h"
#include "collectors/formats/xls.h"
#include "tests/lib/biff.h"

enum { ROWS = 3000, PARKS = 200, INDICATORS = 60, RUNS = 7 };

static void write_globals(struct biff *m)
{
	biff_init(m);
	biff_bof(m, 0x600, 5);
	biff_record(m, 0xe0, "hh", 0, 0);
	biff_bound(m, "figures", 0, 0);
	biff_record(m, 0xfc, "ww", PARKS + 15, PARKS + 15);
	for (unsigned p = 0; p < PARKS; p++) /* 园区 and a number */
		biff_more(m, "hbhhhhh", 5, 1, 0x56ed, 0x533a, '0' + p / 100, '0' + p / 10 % 10,
			  '0' + p % 10);
	for (unsigned k = 0; k < 15; k++)
		biff_more(m, "hbssss", 7, 0, k < 12 ? "2025" : "2026", "-", k % 12 < 9 ? "0" : "1",
			  (const char *[]){ "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "1",
					    "2" }[k % 12]);
	biff_eof(m);
}

static void write_workbook(struct biff *m)
{
	uint64_t seed = 1;

	write_globals(m);
	biff_sheet(m);
	for (unsigned r = 0; r < ROWS; r++) {
		biff_record(m, 0xfd, "hhhw", r, 0, 0, r / 15);
		biff_record(m, 0xfd, "hhhw", r, 1, 0, PARKS + r % 15);
		for (unsigned i = 0; i < INDICATORS; i++) {
			char text[64];

			snprintf(text, sizeof(text), "%.2f",
				 made_value((int)(r / 15), (int)i, 2025, (int)(r % 12) + 1, &seed));
			biff_record(m, 0x203, "hhhd", r, 2 + i, 0, strtod(text, NULL));
		}
	}
	biff_eof(m);
}

static int count_row(void *ctx, const struct row *r, struct err *e)
{
	(void)e;
	*(size_t *)ctx += r->n;
	return 1;
}

static void no_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			 const char *text)
{
	(void)ctx;
	(void)why;
	die("%u:%u: %s", line, column, text);
}

static struct took read_once(row_reader reader, struct slice body)
{
	size_t cells = 0;
	struct row_sink sink = { .row = count_row, .complain = no_complaint, .ctx = &cells };
	struct took from = took_now(), took;
	struct err e = { 0 };
	struct arena a;

	arena_init(&a, 64 << 20);
	must(reader(body, &a, &sink, &e), &e);
	arena_release(&a);
	took = took_since(from);
	if (cells != ROWS * (2 + INDICATORS))
		die("%zu cells came out", cells);
	return took;
}

static void measure(const char *name, row_reader reader, struct slice body, size_t bytes, int nruns)
{
	struct runs cpu = { .n = 0 }, cells = { .n = 0 };

	read_once(reader, body);
	for (int i = 0; i < nruns; i++) {
		struct took took = read_once(reader, body);

		runs_add(&cpu, (double)bytes / 1e6 / took.cpu);
		runs_add(&cells, ROWS * (2 + INDICATORS) / took.cpu);
	}
	report_runs(name_of("rows_%s_cpu", name), &cpu, "MB/CPU-s");
	report_runs(name_of("rows_%s_cells", name), &cells, "cells/CPU-s");
}

int main(int argc, char **argv)
{
	int nruns = argc > 1 ? atoi(argv[1]) : RUNS;
	struct cfb f;
	struct biff m;

	write_workbook(&m);
	cfb_container(&f, "Workbook", biff_stream(&m));
	measure("xls_stream", xls_read_stream, biff_stream(&m), m.n, nruns);
	measure("xls_file", xls_read, cfb_bytes(&f), m.n, nruns);
	biff_release(&m);
	free(f.p);
	return 0;
}
