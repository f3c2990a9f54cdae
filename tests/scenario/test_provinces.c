/*
 * test_provinces.c - the real panel as published: 31 files of the National Bureau of Statistics,
 * from a drop folder and over HTTP, stored exactly, ranked as an independent computation ranks
 * them.
 */
#include "base/num.h"
#include "loop/http_server.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"
#include "tests/scenario/scene.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PROVINCES = 31, SERIES = 4, FIGURES = 4090 };

/* --- an independent reading of the files ------------------------------------------------- */

struct native {
	char province[64];
	int row; /* 0..3: level, growth, residential level, residential growth */
	int year, month;
	double native;
};

struct panel {
	struct native cell[FIGURES + 100];
	size_t n;
	char file[PROVINCES + 1][5000];
	size_t files;
};

static void read_line(struct panel *p, const char *province, int row, char *header, char *line)
{
	char *h = NULL, *head, *field;

	strtok_r(header, ",", &h); /* 指标 */
	strsep(&line, ",");
	while ((head = strtok_r(NULL, ",", &h))) {
		struct native *c = &p->cell[p->n];

		field = strsep(&line, ",\r");
		if (!field || !*field)
			continue;
		assert_true(p->n < FIGURES + 99);
		snprintf(c->province, sizeof(c->province), "%s", province);
		c->row = row;
		assert_int_equal(sscanf(head, "%d年%d月", &c->year, &c->month), 2);
		c->native = strtod(field, NULL);
		p->n++;
	}
}

static void read_file(struct panel *p, const char *path)
{
	size_t n;
	char *text = tmp_read(path, &n), *at = text, *line;
	char province[64] = "", header[2048] = "";
	int row = 0;

	assert_non_null(text);
	while ((line = strsep(&at, "\n"))) {
		char *copy;

		if (strncmp(line, "地区：", strlen("地区：")) == 0)
			sscanf(line + strlen("地区："), "%63[^,\r]", province);
		else if (strncmp(line, "指标,", strlen("指标,")) == 0)
			snprintf(header, sizeof(header), "%s", line);
		else if (*header && row < SERIES &&
			 strncmp(line, "数据来源", strlen("数据来源")) != 0) {
			copy = strdup(header);
			read_line(p, province, row++, copy, line);
			free(copy);
		}
	}
	free(text);
}

static struct panel *read_panel(const char *data)
{
	struct panel *p = calloc(1, sizeof(*p));
	char dir[4096], path[4700];
	struct dirent *d;
	DIR *list;

	snprintf(dir, sizeof(dir), "%s/nbs-provincial-realestate/csv", data);
	list = opendir(dir);
	assert_non_null(list);
	while ((d = readdir(list))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		snprintf(p->file[p->files++], sizeof(p->file[0]), "%s", path);
		read_file(p, path);
	}
	closedir(list);
	assert_int_equal(p->files, PROVINCES);
	assert_int_equal(p->n, FIGURES);
	return p;
}

/* --- the scenes ---------------------------------------------------------------------------- */

static void copy_into(struct scene *s, const char *to, const char *from)
{
	size_t n;
	char *body = tmp_read(from, &n);

	assert_non_null(body);
	tmp_write(tmp_path(s->dir, to), body, n);
	free(body);
}

static void write_catalogue(struct scene *s)
{
	char *text = repo_file("examples/provinces/catalogue.yaml");

	scene_write(s, "catalogue.yaml", "%s", text);
	free(text);
}

#define LAYOUT                                                                                     \
	"    format: csv\n    layout:\n      unit: {title: 地区}\n"                              \
	"      indicator: {column: 指标}\n      period: {header: true}\n"

static const char *unit_of(struct scene *s, const char *province, struct assessment *a)
{
	const struct unit *u = catalogue_find_unit(assessment_catalogue(a), slice_str(province),
						   UNIT_PARK, (struct date){ 2019, 12, 31 }, &s->e);

	if (!u) {
		fail_msg("%s", s->e.text);
		return "";
	}
	return u->id;
}

static const char *const families[SERIES] = {
	"park_real_estate_investment_yuan",
	"park_real_estate_investment_growth_ratio",
	"park_residential_investment_yuan",
	"park_residential_investment_growth_ratio",
};

/* Base units by decimal text: 12.34 with e8 behind it is what strtod reads as 1234000000. */
static double expected(const struct native *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%.2f%s", c->native, c->row % 2 ? "e-2" : "e8");
	return strtod(text, NULL);
}

static void check_all_stored(struct scene *s, const struct panel *p, struct assessment *a)
{
	assert_int_equal(scene_count_figures(s), FIGURES);
	for (size_t i = 0; i < p->n; i++) {
		const struct native *c = &p->cell[i];
		char day[32];

		assert_true(c->month != 1);
		snprintf(day, sizeof(day), "%d-%02d-%02d", c->year, c->month,
			 date_month_days(c->year, c->month));
		assert_f64(scene_figure(s, families[c->row], unit_of(s, c->province, a), "ytd",
					day),
			   expected(c));
	}
}

/* Competition rank by December 2019's published growth: one more than how many are above. */
static unsigned rank_of(const struct panel *p, const char *province, int row)
{
	double own = NAN;
	unsigned above = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->cell[i].row == row && p->cell[i].year == 2019 && p->cell[i].month == 12 &&
		    strcmp(p->cell[i].province, province) == 0)
			own = p->cell[i].native;
	for (size_t i = 0; i < p->n; i++)
		above += p->cell[i].row == row && p->cell[i].year == 2019 &&
			 p->cell[i].month == 12 && p->cell[i].native > own;
	return isnan(own) ? 0 : above + 1;
}

static void check_ranks(struct scene *s, const struct panel *p, struct assessment *a)
{
	unsigned seen = 0, ties = 0, held[PROVINCES + 2] = { 0 };

	for (size_t i = 0; i < a->nfigures; i++) {
		const struct figure *f = &a->figures[i];

		if (strcmp(f->indicator->code, "real_estate_investment_growth_ratio") != 0)
			continue;
		for (size_t k = 0; k < p->n; k++) {
			if (strcmp(unit_of(s, p->cell[k].province, a), f->unit->id) != 0)
				continue;
			assert_int_equal(f->rank, rank_of(p, p->cell[k].province, 1));
			assert_int_equal(f->ranked, PROVINCES);
			ties += held[f->rank]++ > 0;
			seen++;
			break;
		}
	}
	assert_int_equal(seen, PROVINCES);
	assert_true(ties > 0); /* the panel has ties; without one this would prove little */
}

static void check(struct scene *s, const struct panel *p)
{
	struct assessment *a;
	/* Later than any that may have been under way while the last figures came in. */
	int64_t since = clock_wall(&s->clock) + 1;

	scene_until(s, scene_assessed_since, &since, 10 * 60 * 1000, 1000, "an assessment");
	a = daemon_assessment(s->d);
	check_all_stored(s, p, a);
	check_ranks(s, p, a);
	assessment_unref(a);
}

/* Year-to-date levels below the month before: real ones, kept and marked. */
static size_t falling(const struct panel *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->n; k++) {
			const struct native *a = &p->cell[i], *b = &p->cell[k];

			n += a->row % 2 == 0 && a->row == b->row && a->year == b->year &&
			     b->month == a->month + 1 && b->native < a->native &&
			     strcmp(a->province, b->province) == 0;
		}
	assert_int_equal(n, 3); /* counted by hand over the 31 files */
	return n;
}

static size_t complaints_beside(struct scene *s, const struct panel *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->files; i++) {
		char name[5200], *text;

		snprintf(name, sizeof(name), "drop/accepted/%s", strrchr(p->file[i], '/') + 1);
		free(repo_file(tmp_path(s->dir, name)));
		strcat(name, ".reasons.txt");
		text = tmp_read(tmp_path(s->dir, name), NULL);
		for (char *at = text; at && (at = strstr(at, "ytd_falls")); at++)
			n++;
		assert_true(!text || !strstr(text, "refused"));
		free(text);
	}
	return n;
}

static bool all_in(struct scene *s, void *ctx)
{
	(void)ctx;
	return scene_count_figures(s) >= FIGURES && scene_feeds_quiet(s, NULL);
}

static void thirty_one_files_from_the_drop_folder(void **state)
{
	const char *data = shared_data();
	struct scene s;
	struct panel *p;

	(void)state;
	if (!data) {
		print_message("SKIPPED: the shared data folder is missing\n");
		skip();
	}
	p = read_panel(data);
	scene_make(&s, "2020-01-20T08:00:00+08:00");
	write_catalogue(&s);
	scene_write(&s, "drop/.keep", "%s", "");
	scene_write(&s, "parkwatch.yaml",
		    "listen: 127.0.0.1:0\ndata_dir: data\ncatalogue: [catalogue.yaml]\nfeeds:\n"
		    "  - name: nbs\n    folder: drop\n    every: 2s\n" LAYOUT);
	for (size_t i = 0; i < p->files; i++) {
		char name[5100];

		snprintf(name, sizeof(name), "drop/%s", strrchr(p->file[i], '/') + 1);
		copy_into(&s, name, p->file[i]);
	}
	scene_open(&s);
	scene_until(&s, all_in, NULL, 10 * 60 * 1000, 1000, "all figures stored");
	check(&s, p);
	/* Taken files lie in accepted/; nothing is said but of the figures that really fall. */
	assert_int_equal(complaints_beside(&s, p), falling(p));
	scene_end(&s);
	free(p);
}

/* A plain static server: the path is the file's number. */
static void serve_file(struct exchange *x)
{
	const struct panel *p = x->ctx;
	size_t i = strtoul(strndupa(x->path.p + 1, x->path.n - 1), NULL, 10), n;
	char *body = i < p->files ? tmp_read(p->file[i], &n) : NULL;

	if (!body) {
		x->status = 404;
		return;
	}
	buf_put(&x->reply, body, n);
	x->content_type = "text/csv";
	free(body);
}

static void the_same_files_over_http(void **state)
{
	const char *data = shared_data();
	struct http_server_options so = { .host = "127.0.0.1" };
	struct http_server *server;
	struct http_route route;
	struct scene s;
	struct panel *p;
	char *config;
	size_t size;
	FILE *f;

	(void)state;
	if (!data) {
		print_message("SKIPPED: the shared data folder is missing\n");
		skip();
	}
	p = read_panel(data);
	scene_make(&s, "2020-01-20T08:00:00+08:00");
	write_catalogue(&s);
	scene_write(&s, "parkwatch.yaml",
		    "listen: 127.0.0.1:0\ndata_dir: data\ncatalogue: [catalogue.yaml]\n");
	scene_open(&s);
	route = (struct http_route){
		.path = "/*", .where = HTTP_ON_LOOP, .serve = serve_file, .ctx = p
	};
	server = http_server_open(daemon_loop(s.d), &so, &route, 1, &s.e);
	assert_non_null(server);
	f = open_memstream(&config, &size);
	fputs("listen: 127.0.0.1:0\ndata_dir: data\ncatalogue: [catalogue.yaml]\nfeeds:\n", f);
	for (size_t i = 0; i < p->files; i++)
		fprintf(f,
			"  - name: nbs-%zu\n    url: http://127.0.0.1:%d/%zu\n    every: 10m\n%s",
			i, http_server_port(server), i, LAYOUT);
	fclose(f);
	scene_write(&s, "parkwatch.yaml", "%s", config);
	free(config);
	assert_ok(daemon_reload(s.d, &s.e), &s.e);
	scene_until(&s, all_in, NULL, 10 * 60 * 1000, 1000, "all figures stored");
	check(&s, p);
	http_server_close(server);
	scene_end(&s);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thirty_one_files_from_the_drop_folder),
		cmocka_unit_test(the_same_files_over_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
