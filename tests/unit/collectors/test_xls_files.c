/* Old workbooks as files: containers and their damage, other things under that name, real ones. */
#include "base/map.h"
#include "collectors/formats/csv_scan.h"
#include "collectors/formats/xls.h"
#include "tests/lib/biff.h"
#include "tests/lib/starve.h"
#include "tests/lib/tmp.h"

#include "documents.h"
#include "rows_seen.h"

#include <dirent.h>

/* A workbook of one figure in a container. */
static void make_file(struct cfb *f, const char *stream)
{
	struct biff m;

	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1.5);
	biff_eof(&m);
	cfb_container(f, stream, biff_stream(&m));
	biff_release(&m);
}

static void assert_reads(struct slice body, const char *want)
{
	struct seen s = { 0 };

	seen_read(&s, xls_read, body);
	assert_ok(s.rc, &s.e);
	assert_string_equal(s.text, want);
	seen_release(&s);
}

static void assert_refuses(struct slice body, enum err_code code, const char *part)
{
	struct seen s = { 0 };

	seen_read(&s, xls_read, body);
	assert_fails(s.rc, &s.e, code, part);
	seen_release(&s);
}

/* Refuses what was made, and frees it. */
static void assert_file_refused(struct cfb *f, const char *part)
{
	assert_refuses(cfb_bytes(f), ERR_INVALID, part);
	free(f->p);
}

/* --- containers -------------------------------------------------------------------------- */

static void a_workbook_is_found_in_its_container(void **state)
{
	static const char *const names[] = { "Workbook", "WORKBOOK", "Book" };
	struct cfb f;

	(void)state;
	for (int i = 0; i < 3; i++) {
		make_file(&f, names[i]);
		assert_reads(cfb_bytes(&f), "= T\n1: 1.5\n");
		free(f.p);
	}
}

static void a_small_workbook_lies_in_small_sectors(void **state)
{
	struct cfb f;
	struct biff m;

	(void)state;
	biff_simple(&m);
	for (unsigned i = 0; i < 40; i++)
		biff_value(&m, 0, i, 0, i);
	biff_eof(&m);
	cfb_small_container(&f, "Workbook", biff_stream(&m));
	assert_reads(
		cfb_bytes(&f),
		"= T\n1: 0|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|"
		"27|28|29|30|31|32|33|34|35|36|37|38|39\n");
	biff_number(cfb_sector(&f, f.first) + 4, 0, 4); /* in a circle */
	assert_file_refused(&f, "the container is damaged");
	biff_release(&m);
}

/* More than 7 MB: its FAT is too long for the header to list. */
static void a_large_workbook_is_read(void **state)
{
	enum { BYTES = 8 << 20 };
	struct slice stream = { calloc(1, BYTES), BYTES };
	struct biff m;
	struct cfb f;
	unsigned end;

	(void)state;
	assert_non_null(stream.p);
	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1.5);
	biff_eof(&m);
	memcpy((char *)stream.p, m.p, m.n);
	cfb_container(&f, "Workbook", stream);
	assert_true(f.fat_sectors > CFB_HEADER_FAT);
	assert_reads(cfb_bytes(&f), "= T\n1: 1.5\n");
	/* The directory goes on in the last sector: where that ends is said far behind. */
	end = f.first + BYTES / CFB_SECTOR;
	cfb_fat(&f, f.directory, (int)end - 1);
	assert_reads(cfb_bytes(&f), "= T\n1: 1.5\n");
	cfb_fat(&f, end - 1, (int)end - 1);
	assert_refuses(cfb_bytes(&f), ERR_LIMIT, "runs in a circle");
	biff_number(cfb_sector(&f, f.fat_sectors) + 4 * ((end - 1) / 128 - CFB_HEADER_FAT),
		    0x3fffffff, 4);
	assert_refuses(cfb_bytes(&f), ERR_INVALID, "the container is damaged");
	free(f.p);
	free((char *)stream.p);
	biff_release(&m);
}

static void a_workbook_without_a_container_is_read(void **state)
{
	struct biff m;

	(void)state;
	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1.5);
	biff_eof(&m);
	assert_reads(biff_stream(&m), "= T\n1: 1.5\n");
	biff_release(&m);
}

static void other_streams_are_no_workbook(void **state)
{
	struct cfb f;

	(void)state;
	make_file(&f, "WordDocument");
	assert_refuses(cfb_bytes(&f), ERR_UNSUPPORTED, "an old Office file, but no workbook");
	free(f.p);
	make_file(&f, "EncryptedPackage");
	assert_refuses(cfb_bytes(&f), ERR_REFUSED, "protected with a password");
	free(f.p);
}

static void a_chain_of_sectors_that_runs_in_a_circle_is_refused(void **state)
{
	struct cfb f;

	(void)state;
	make_file(&f, "Workbook");
	cfb_fat(&f, f.first + 5, (int)f.first); /* the stream */
	assert_file_refused(&f, "a stream of 4096 bytes is not all there");
	make_file(&f, "Workbook");
	cfb_fat(&f, f.directory, (int)f.directory); /* the directory */
	assert_refuses(cfb_bytes(&f), ERR_LIMIT, "runs in a circle");
	free(f.p);
	make_file(&f, "Workbook");
	biff_number(cfb_sector(&f, f.directory) + 128 + 68, 1, 4); /* an entry is its own twin */
	assert_reads(cfb_bytes(&f), "= T\n1: 1.5\n");
	free(f.p);
}

/* Sectors of a container that is about as long as a feed's body may be. */
enum { MANY_SECTORS = 29000 };

static void make_large_file(struct cfb *f)
{
	struct slice stream = { calloc(1, (size_t)MANY_SECTORS * CFB_SECTOR),
				(size_t)MANY_SECTORS * CFB_SECTOR };
	struct biff m;

	assert_non_null(stream.p);
	biff_simple(&m);
	biff_value(&m, 0, 0, 0, 1.5);
	biff_eof(&m);
	memcpy((char *)stream.p, m.p, m.n);
	biff_release(&m);
	cfb_container(f, "Workbook", stream);
	free((char *)stream.p);
}

static void set_fat_in_header(struct cfb *f, unsigned sector)
{
	for (size_t i = 0; i < CFB_HEADER_FAT; i++)
		biff_number(f->p + 76 + 4 * i, sector, 4);
}

static void set_difat(struct cfb *f, unsigned from, unsigned sector)
{
	for (unsigned i = from; i < 128; i++)
		biff_number(cfb_sector(f, f->fat_sectors) + (size_t)4 * i, sector, 4);
}

static void set_entry(struct cfb *f, unsigned entry, unsigned first, size_t bytes)
{
	biff_number(cfb_sector(f, f->directory) + (size_t)128 * entry + 116, first, 4);
	biff_number(cfb_sector(f, f->directory) + (size_t)128 * entry + 120, bytes, 4);
}

static void set_small_fat(struct cfb *f, unsigned first, unsigned sectors)
{
	biff_number(f->p + 60, first, 4);
	biff_number(f->p + 64, sectors, 4);
}

static void circle_of_the_stream(struct cfb *f)
{
	cfb_fat(f, f->first + MANY_SECTORS - 2, (int)f->first);
}

static void one_sector(struct cfb *f)
{
	cfb_fat(f, f->first, (int)f->first);
}

static void back_from_the_middle(struct cfb *f)
{
	cfb_fat(f, f->first + MANY_SECTORS / 2, (int)f->first + 1);
}

static void a_circle_of_any_length(struct cfb *f)
{
	cfb_fat(f, f->first + MANY_SECTORS - 1, (int)f->first);
	set_entry(f, 1, f->first, 0x7ffffe00);
}

static void the_fat_is_one_sector(struct cfb *f)
{
	set_fat_in_header(f, 0);
}

static void the_fat_is_the_stream(struct cfb *f)
{
	set_fat_in_header(f, f->first);
}

static void the_difat_lists_itself(struct cfb *f)
{
	set_difat(f, 0, f->fat_sectors);
}

static void more_difat_than_there_is(struct cfb *f)
{
	set_difat(f, 127, f->fat_sectors);
	biff_number(f->p + 44, 242, 4);
	biff_number(f->p + 72, 3, 4);
}

static void the_small_fat_runs_in_a_circle(struct cfb *f)
{
	set_small_fat(f, f->first, 200);
	one_sector(f);
	set_entry(f, 1, 0, 4000);
}

static void the_roots_stream_runs_in_a_circle(struct cfb *f)
{
	set_small_fat(f, f->first, 1);
	cfb_fat(f, f->first + MANY_SECTORS - 1, (int)f->first);
	set_entry(f, 0, f->first, 0x7ffffe00);
	set_entry(f, 1, 0, 4000);
}

static void loops_of_many_thousand_sectors_are_refused(void **state)
{
	static const struct {
		void (*damage)(struct cfb *f);
		enum err_code code;
		const char *said;
	} cases[] = {
		{ circle_of_the_stream, ERR_INVALID,
		  "a stream of 14848000 bytes is not all there" },
		{ one_sector, ERR_INVALID, "a stream of 14848000 bytes is not all there" },
		{ back_from_the_middle, ERR_INVALID,
		  "a stream of 14848000 bytes is not all there" },
		{ a_circle_of_any_length, ERR_UNSUPPORTED, "no workbook" },
		{ the_fat_is_one_sector, ERR_INVALID,
		  "a stream of 14848000 bytes is not all there" },
		{ the_fat_is_the_stream, ERR_INVALID, "" },
		{ the_difat_lists_itself, ERR_INVALID,
		  "a stream of 14848000 bytes is not all there" },
		{ more_difat_than_there_is, ERR_INVALID,
		  "3 sectors list 242 others, which needs 2" },
		{ the_small_fat_runs_in_a_circle, ERR_INVALID,
		  "the stream in it cannot be followed" },
		{ the_roots_stream_runs_in_a_circle, ERR_INVALID,
		  "the stream in it cannot be followed" },
	};
	struct cfb f;

	(void)state;
	make_large_file(&f);
	assert_reads(cfb_bytes(&f), "= T\n1: 1.5\n");
	free(f.p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_large_file(&f);
		cases[i].damage(&f);
		assert_refuses(cfb_bytes(&f), cases[i].code, cases[i].said);
		free(f.p);
	}
}

/* libgsf would follow as many entries in a row by recursion. */
static void a_directory_has_an_end(void **state)
{
	enum { SECTORS = 8000 };
	struct cfb f;
	struct slice stream = { calloc(1, SECTORS * CFB_SECTOR), SECTORS * CFB_SECTOR };

	(void)state;
	assert_non_null(stream.p);
	cfb_container(&f, "Workbook", stream);
	free((char *)stream.p);
	cfb_fat(&f, f.directory, (int)f.first);
	assert_refuses(cfb_bytes(&f), ERR_LIMIT, "a directory of more than 4096 entries");
	free(f.p);
}

/* libgsf would lose it. */
static void a_root_has_nothing_beside_it(void **state)
{
	struct cfb f;

	(void)state;
	for (size_t at = 68; at <= 72; at += 4) {
		make_file(&f, "Workbook");
		biff_number(cfb_sector(&f, f.directory) + at, 1, 4);
		assert_file_refused(&f, "something stands beside its root");
	}
}

static void sizes_that_glib_would_end_the_program_for_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t v;
		const char *part;
	} wrong[] = {
		{ 30, 60, "sectors of 2^60 bytes" },
		{ 32, 7, "small streams in a way of its own" },
		{ 44, 0x7fffffff, "cut off" }, /* FAT sectors */
		{ 56, 0xfffffff0, "small streams in a way of its own" },
		{ 64, 0x3fffffff, "cut off" }, /* sectors of the small FAT */
		{ 72, 9, "9 sectors list 1 others, which needs 0" },
		{ 48, 0x3fffffff, "the container is damaged" }, /* where the directory begins */
		{ 76, 0x3fffffff, "the container is damaged" }, /* where the FAT is */
	};
	struct cfb f;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		make_file(&f, "Workbook");
		biff_number(f.p + wrong[i].at, wrong[i].v, wrong[i].at < 44 ? 2 : 4);
		assert_file_refused(&f, wrong[i].part);
	}
	make_file(&f, "Workbook");
	biff_number(cfb_sector(&f, f.directory) + 128 + 120, 0x7fffffff, 4); /* the stream's size */
	assert_refuses(cfb_bytes(&f), ERR_UNSUPPORTED, "no workbook");
	free(f.p);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct seen s = { 0 };
	struct cfb f;

	(void)state;
	make_file(&f, "Workbook");
	for (size_t n = 8; n < f.n; n += 64) {
		seen_read(&s, xls_read, slice_of((char *)f.p, n));
		assert_int_equal(s.rc, -1);
		seen_release(&s);
	}
	free(f.p);
}

/* --- something else ------------------------------------------------------------------------ */

static void other_things_under_the_name_are_called_by_theirs(void **state)
{
	static const struct {
		const char *body;
		size_t n;
		const char *part;
	} others[] = {
		{ "PK\x03\x04\0\0", 6, "this is no XLS workbook but an XLSX workbook" },
		{ "\xef\xbb\xbf\r\n<HTML><table>", 18,
		  "but a web page (HTML); save it as a workbook" },
		{ "<table border=1>", 16, "a web page" },
		{ "<?xml version=\"1.0\"?><Workbook>", 31, "but XML" },
		{ "\xff\xfe"
		  "a\0",
		  4, "but UTF-16 text" },
		{ "MIME-Version: 1.0\r\n", 19, "a web archive" },
		{ "园区,产值\n甲河,1\n", 23, "but text; if it is CSV, its format is csv" },
		{ "\x09\x08\x10\x00", 3, "this is no XLS workbook" },
		{ "\x09\x02\x06\x00\x00\x00\x10\x00", 8, "Excel 4 or older" },
		{ "\0\0\0\0", 4, "this is no XLS workbook" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_refuses(slice_of(others[i].body, others[i].n), ERR_UNSUPPORTED,
			       others[i].part);
	assert_refuses(slice_str(""), ERR_INVALID, "the document is empty");
	assert_refuses(slice_str(" \r\n"), ERR_INVALID, "the document is empty");
}

/* --- memory -------------------------------------------------------------------------------- */

/* Text in another encoding than UTF-16 takes a buffer besides the arena. */
static void no_memory_is_an_error(void **state)
{
	struct starve hungry = { 0 };
	struct cfb f;
	struct biff m;

	(void)state;
	biff_init(&m);
	biff_bof(&m, 0x500, 0x10);
	for (unsigned i = 0; i < 20; i++)
		biff_record(&m, 0x204, "hhhhs", i, 0, 0, 4, "\xb1\xb1\xbe\xa9");
	biff_eof(&m);
	cfb_container(&f, "Book", biff_stream(&m));
	biff_release(&m);
	while (starve_again(&hungry)) {
		struct row_sink sink = { seen_table, seen_row, seen_complaint, NULL, NULL };
		struct seen s = { .to = fopen("/dev/null", "w") };
		struct arena a;
		int rc;

		sink.ctx = &s;
		arena_init(&a, 32 << 20);
		starve_begin(&hungry);
		rc = xls_read(cfb_bytes(&f), &a, &sink, &s.e);
		starve_end(&hungry, rc == 0, &s.e);
		arena_release(&a);
		fclose(s.to);
	}
	assert_true(hungry.failed > 2);
	free(f.p);
}

static void an_arena_that_is_too_small_is_a_limit(void **state)
{
	struct row_sink sink = { seen_table, seen_row, seen_complaint, NULL, NULL };
	struct cfb f;
	struct biff m;
	size_t refused = 0;

	(void)state;
	biff_simple(&m);
	for (unsigned i = 0; i < 20000; i++)
		biff_value(&m, i, 0, 0, 1);
	biff_eof(&m);
	cfb_container(&f, "Workbook", biff_stream(&m));
	for (size_t limit = 64 << 10; limit < 4 << 20; limit += 64 << 10) {
		struct seen s = { .to = fopen("/dev/null", "w") };
		struct arena a;

		sink.ctx = &s;
		arena_init(&a, limit);
		if (xls_read(cfb_bytes(&f), &a, &sink, &s.e) < 0) {
			assert_int_equal(s.e.code, ERR_LIMIT);
			refused++;
		}
		arena_release(&a);
		fclose(s.to);
	}
	assert_in_range(refused, 5, 50);
	free(f.p);
	biff_release(&m);
}

/* --- real ones ----------------------------------------------------------------------------- */

enum { TABLE_ROWS = 400, TABLE_COLUMNS = 64 };

struct table {
	struct arena arena;
	struct slice cells[TABLE_ROWS][TABLE_COLUMNS]; /* by line and column, from 0 */
	unsigned complaints;
};

static int keep_row(void *ctx, const struct row *r, struct err *e)
{
	struct table *t = ctx;

	(void)e;
	assert_in_range(r->line, 1, TABLE_ROWS);
	for (size_t i = 0; i < r->n; i++) {
		if (i >= TABLE_COLUMNS) {
			assert_int_equal(r->cells[i].text.n, 0);
			continue;
		}
		t->cells[r->line - 1][i] = arena_slice(&t->arena, text_trim(r->cells[i].text));
	}
	return 1;
}

static void count_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			    const char *text)
{
	(void)why;
	(void)line;
	(void)column;
	(void)text;
	((struct table *)ctx)->complaints++;
}

static void table_release(struct table *t)
{
	arena_release(&t->arena);
	free(t);
}

static struct table *table_of_xls(const char *path)
{
	struct table *t = calloc(1, sizeof(*t));
	struct row_sink sink = { NULL, keep_row, count_complaint, t, NULL };
	struct arena scratch;
	struct err e;
	size_t n;
	char *body = tmp_read(path, &n);

	assert_non_null(t);
	assert_non_null(body);
	arena_init(&t->arena, 32 << 20);
	arena_init(&scratch, 32 << 20);
	assert_ok(xls_read(slice_of(body, n), &scratch, &sink, &e), &e);
	assert_int_equal(t->complaints, 0);
	arena_release(&scratch);
	free(body);
	return t;
}

static struct table *table_of_csv(const char *path)
{
	struct table *t = calloc(1, sizeof(*t));
	struct arena scratch;
	struct csv_scan scan;
	struct err e;
	size_t n;
	char *body = tmp_read(path, &n);
	int rc;

	assert_non_null(t);
	assert_non_null(body);
	arena_init(&t->arena, 32 << 20);
	arena_init(&scratch, 32 << 20);
	csv_scan_init(&scan, slice_of(body, n), ',', &scratch);
	while ((rc = csv_scan_next(&scan, &e)) > 0)
		keep_row(t, &scan.row, &e);
	assert_ok(rc, &e);
	arena_release(&scratch);
	free(body);
	return t;
}

/* Figures are the same when they are the same number (2230.30 and 2230.3); how many there are. */
static size_t assert_same_table(const struct table *a, const struct table *b)
{
	size_t figures = 0;

	for (unsigned r = 0; r < TABLE_ROWS; r++)
		for (unsigned c = 0; c < TABLE_COLUMNS; c++) {
			struct slice x = a->cells[r][c], y = b->cells[r][c];
			double v, w;

			if (num_parse(x, &v, NULL) == 0 && num_parse(y, &w, NULL) == 0) {
				assert_f64(v, w);
				figures++;
			} else if (!slice_eq(x, y)) {
				fail_msg("%u:%u is %.*s, not %.*s", r + 1, c + 1, SLICE_FMT(x),
					 SLICE_FMT(y));
			}
		}
	return figures;
}

#define NBS "data/nbs-provincial-realestate/"

static void the_31_provinces_say_what_their_csv_says(void **state)
{
	const char *one = shared_path(NBS "xls/北京.xls");
	char path[4096], csv[8192];
	size_t files = 0, figures = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	if (!one) {
		skip();
		return;
	}
	snprintf(path, sizeof(path), "%s", one);
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct table *a, *b;
		char *end = strstr(entry->d_name, ".xls");

		if (!end)
			continue;
		a = table_of_xls(tmp_path(path, entry->d_name));
		snprintf(csv, sizeof(csv), "%s/../csv/%.*s.csv", path, (int)(end - entry->d_name),
			 entry->d_name);
		b = table_of_csv(csv);
		figures += assert_same_table(a, b);
		files++;
		table_release(a);
		table_release(b);
	}
	closedir(dir);
	assert_int_equal(files, 31);
	assert_int_equal(figures, 4090);
}

/* What a vintage says of a month, as the file of changes has it. */
struct said {
	struct slice vintage, value;
};

static const struct said *said_at(const struct table *t, const struct map *said, unsigned r,
				  unsigned c)
{
	char key[64];

	/* 2010-01-01 is the month 2010-01. */
	snprintf(key, sizeof(key), "%.*s,%.7s", SLICE_FMT(t->cells[0][c]), t->cells[r][0].p);
	return map_get(said, slice_str(key));
}

/* How many cells from 2010 on are the same. */
static size_t assert_same_vintage(const struct table *t, const struct map *said)
{
	size_t same = 0;

	for (unsigned r = 1; r < TABLE_ROWS && t->cells[r][0].n; r++)
		for (unsigned c = 1; c < TABLE_COLUMNS; c++) {
			struct slice have = t->cells[r][c];
			const struct said *want = said_at(t, said, r, c);
			double v, w;

			if (!want || memcmp(t->cells[r][0].p, "2010", 4) < 0)
				continue;
			assert_true(num_parse(want->value, &w, NULL) == 0);
			if (num_parse(have, &v, NULL) < 0)
				fail_msg("%u:%u is %.*s, not %.*s", r + 1, c + 1, SLICE_FMT(have),
					 SLICE_FMT(want->value));
			assert_f64(v, w);
			same++;
		}
	return same;
}

#define FRBNY "data/frbny-fred-vintages/"

/* Fills `said` with the latest figure of each series and month that was published by `day`. */
static void vintage_of(struct map *said, struct slice changes, const char *day, struct arena *a)
{
	struct csv_scan scan;
	struct err e;

	csv_scan_init(&scan, changes, ',', a);
	assert_true(csv_scan_next(&scan, &e) > 0);
	while (csv_scan_next(&scan, &e) > 0) {
		const struct cell *c = scan.row.cells;
		char *key =
			arena_printf(a, "%.*s,%.*s", SLICE_FMT(c[0].text), SLICE_FMT(c[1].text));
		struct said *s = map_get(said, slice_str(key));

		assert_int_equal(scan.row.n, 4);
		if (slice_cmp(c[2].text, slice_str(day)) > 0)
			continue;
		if (!s) {
			s = arena_new(a, struct said);
			assert_ok(map_put(said, slice_str(key), s, &e), &e);
		}
		if (slice_cmp(c[2].text, s->vintage) > 0)
			*s = (struct said){ c[2].text, c[3].text };
	}
}

static void two_vintages_say_what_the_list_of_changes_says(void **state)
{
	static const char *const days[] = { "2016-06-29", "2017-01-27" };
	const char *changes = shared_path(FRBNY "vintages_changes_2010on.csv");
	size_t n;
	char *body;

	(void)state;
	if (!changes) {
		skip();
		return;
	}
	body = tmp_read(changes, &n);
	assert_non_null(body);
	for (int i = 0; i < 2; i++) {
		char name[100];
		struct table *t;
		struct arena a;
		struct map said;

		snprintf(name, sizeof(name), FRBNY "%s.xls", days[i]);
		arena_init(&a, 32 << 20);
		map_init(&said);
		vintage_of(&said, slice_of(body, n), days[i], &a);
		t = table_of_xls(shared_path(name));
		assert_true(said.n > 2000);
		assert_int_equal(assert_same_vintage(t, &said), said.n);
		table_release(t);
		map_release(&said);
		arena_release(&a);
	}
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workbook_is_found_in_its_container),
		cmocka_unit_test(a_small_workbook_lies_in_small_sectors),
		cmocka_unit_test(a_large_workbook_is_read),
		cmocka_unit_test(a_workbook_without_a_container_is_read),
		cmocka_unit_test(other_streams_are_no_workbook),
		cmocka_unit_test(a_chain_of_sectors_that_runs_in_a_circle_is_refused),
		cmocka_unit_test(loops_of_many_thousand_sectors_are_refused),
		cmocka_unit_test(a_directory_has_an_end),
		cmocka_unit_test(a_root_has_nothing_beside_it),
		cmocka_unit_test(sizes_that_glib_would_end_the_program_for_are_refused),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(other_things_under_the_name_are_called_by_theirs),
		cmocka_unit_test(no_memory_is_an_error),
		cmocka_unit_test(an_arena_that_is_too_small_is_a_limit),
		cmocka_unit_test(the_31_provinces_say_what_their_csv_says),
		cmocka_unit_test(two_vintages_say_what_the_list_of_changes_says),
	};

	return cmocka_run_group_tests_name("xls_files", tests, NULL, NULL);
}
