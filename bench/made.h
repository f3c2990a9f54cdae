/*
 * made.h - a province that does not exist: parks, indicators, targets, in any number.
 *
 * Every third indicator is a level, the others are cumulative since New Year;
 * the first half of all have a target each year. Names are of the length real
 * ones have, because names are what decoders look up. Targets stand in one file a year.
 */
#ifndef BENCH_MADE_H
#define BENCH_MADE_H

#include "base/zone.h"
#include "bench/bench.h"
#include "catalogue/catalogue.h"

struct made {
	int parks, indicators;
	int first_year, last_year; /* of targets; 0: none */
};

#define MADE_ZONE "Asia/Shanghai"

static inline bool made_is_ytd(int indicator)
{
	return indicator % 3 != 2;
}

static inline void made_code(int indicator, char out[32])
{
	snprintf(out, 32, "made_figure_%03d_yuan", indicator);
}

/* 规上第007号指标 */
static inline void made_indicator_name(int indicator, char out[64])
{
	snprintf(out, 64, "规上工业第%03d号指标", indicator);
}

static inline void made_park_name(int park, char out[64])
{
	snprintf(out, 64, "第%03d产业集聚区", park);
}

/* Cumulative in the measure 万元, growing 8 % a year, faster or slower by park. */
static inline double made_value(int park, int indicator, int year, int month, uint64_t *seed)
{
	double size = 20000 + 137 * (park * 31 % 400) + 53 * indicator;
	double noise = 0.9 + 0.2 * (double)(random_next(seed) % 1000) / 1000;

	for (int y = 2020; y < year; y++)
		size *= 1.08;
	return made_is_ytd(indicator) ? size * (month - 1 + noise) / 12 : size * noise;
}

static inline void made_targets(const struct made *m, int year, FILE *to)
{
	uint64_t seed = 42;
	char code[32];

	fputs("targets:\n", to);
	for (int p = 0; p < m->parks; p++)
		for (int i = 0; i < m->indicators / 2; i++) {
			made_code(i, code);
			fprintf(to, "  - {unit: p%03d, indicator: %s, year: %d, value: %.2f}\n", p,
				code, year, made_value(p, i, year, 12, &seed));
		}
}

static inline void made_catalogue(const struct made *m, FILE *to)
{
	char name[64], code[32];

	fputs("releases:\n  - {id: monthly, freq: M, working_day: 8, grace_working_days: 5}\n"
	      "units:\n  - {id: office, class: department, name: 统计局}\n",
	      to);
	for (int p = 0; p < m->parks; p++) {
		made_park_name(p, name);
		fprintf(to, "  - {id: p%03d, class: park, name: %s, league: 第%d组}\n", p, name,
			p % 3);
	}
	fputs("indicators:\n", to);
	for (int i = 0; i < m->indicators; i++) {
		made_indicator_name(i, name);
		made_code(i, code);
		fprintf(to,
			"  - {code: %s, name: %s, measure: 万元, freq: M, form: %s, direction: up,"
			" owner: office}\n",
			code, name, made_is_ytd(i) ? "ytd" : "level");
	}
}

enum { MADE_FILES_MAX = 16, MADE_PATH = 256 };

/* Writes catalogue.yaml and one file of targets a year into `dir`; gives their number. */
static inline size_t made_files(const struct made *m, const char *dir,
				char paths[MADE_FILES_MAX][MADE_PATH])
{
	size_t n = 0;

	for (int year = m->first_year ? m->first_year - 1 : 0; year <= m->last_year; year++) {
		bool targets = m->first_year && year >= m->first_year;
		char *path = paths[n++];
		FILE *to;

		snprintf(path, MADE_PATH, "%s/%s-%04d.yaml", dir, targets ? "targets" : "catalogue",
			 year);
		to = fopen(path, "w");
		if (!to)
			die("cannot write %s: %s", path, strerror(errno));
		if (targets)
			made_targets(m, year, to);
		else
			made_catalogue(m, to);
		if (fclose(to) != 0)
			die("cannot write %s: %s", path, strerror(errno));
	}
	return n;
}

/* Written to `dir` and loaded from there, as a daemon does. */
static inline struct catalogue *made_load(const struct made *m, const char *dir, struct took *took)
{
	struct catalogue_options o = { .hours = { 9 * 60, 17 * 60 } };
	char paths[MADE_FILES_MAX][MADE_PATH];
	const char *list[MADE_FILES_MAX];
	size_t n = made_files(m, dir, paths);
	struct catalogue *c;
	struct arena arena;
	struct diags d;
	struct err e;
	struct took from;

	for (size_t i = 0; i < n; i++)
		list[i] = paths[i];
	arena_init(&arena, 16 << 20);
	diags_init(&d, &arena, 20);
	from = took_now();
	o.zone = zone_open(MADE_ZONE, &e);
	must(o.zone ? 0 : -1, &e);
	c = catalogue_load(list, n, &o, &d);
	if (took)
		*took = took_since(from);
	diags_print(&d, stderr);
	if (!c)
		die("the made catalogue does not load");
	arena_release(&arena);
	return c;
}

#endif
