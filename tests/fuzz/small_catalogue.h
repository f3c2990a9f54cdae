/*
 * small_catalogue.h - what documents are fuzzed with: two parks, and indicators of each form and
 * rule.
 */
#ifndef TESTS_FUZZ_SMALL_CATALOGUE_H
#define TESTS_FUZZ_SMALL_CATALOGUE_H

#include "catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char small_catalogue_text[] =
	"units:\n"
	"  - {id: jiahe, class: park, name: 甲河}\n"
	"  - {id: yishan, class: park, name: 乙山, from: 2020-01-01}\n"
	"releases:\n"
	"  - {id: m, freq: M, working_day: 10, january: false}\n"
	"  - {id: q, freq: Q, working_day: 15}\n"
	"indicators:\n"
	"  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: ytd, release: m,\n"
	"     unit_slip: true, min: 0}\n"
	"  - {code: heavy_yuan, name: 重工业产值, measure: 亿元, freq: M, form: ytd, release: m,\n"
	"     part_of: output_yuan}\n"
	"  - {code: light_yuan, name: 轻工业产值, measure: 亿元, freq: M, form: ytd, release: m}\n"
	"  - {code: both_yuan, name: 轻重之和, measure: 亿元, freq: M, form: ytd, release: m,\n"
	"     sum_of: [heavy_yuan, light_yuan], breaks: [{from: 2026-03, reason: threshold}]}\n"
	"  - {code: output_growth_ratio, name: 增速, measure: '%', freq: M, form: growth,\n"
	"     basis: ytd, release: m, growth_of: output_yuan}\n"
	"  - {code: tax_yuan, name: 税收, measure: 万元, freq: M, form: period, release: m}\n"
	"  - {code: staff_persons, name: 从业人员, measure: 人, freq: Q, form: level, release: "
	"q,\n     level_change: 0.5}\n";

/* Written to a file and loaded; kept to the end. */
static inline struct catalogue *small_catalogue(void)
{
	struct catalogue_options o = { .hours = { 540, 1020 } };
	char path[] = "/tmp/parkwatch-fuzz-XXXXXX";
	const char *paths[] = { path };
	struct catalogue *c;
	struct arena a;
	struct diags d;
	struct err e;
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, small_catalogue_text, sizeof(small_catalogue_text) - 1) !=
			      (ssize_t)sizeof(small_catalogue_text) - 1)
		abort();
	close(fd);
	o.zone = zone_open("Asia/Shanghai", &e);
	arena_init(&a, 16 << 20);
	diags_init(&d, &a, 20);
	c = catalogue_load(paths, 1, &o, &d);
	diags_print(&d, stderr);
	unlink(path);
	arena_release(&a);
	if (!c)
		abort();
	return c;
}

#endif
