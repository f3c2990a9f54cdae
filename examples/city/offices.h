/*
 * offices.h - the offices of the example city, as parkwatch meets them: by HTTP
 * and through a drop folder, each in a form of its own.
 *
 *   /stat/report.csv          statistics bureau: long CSV, UTF-8 with BOM
 *   /counties/report.csv      the same for counties and zones
 *   /commerce/figures.json    JSON rows, codes
 *   /finance/CODE.csv         one indicator, parks down, periods across, GB18030
 *   /departments/report.csv   parks and periods down, indicators across
 *   /metrics                  this program about itself, Prometheus text
 *   drop folder               each park's own form, one of them GBK with a broken row
 *
 * Everything says that it is a simulation. Loop thread only.
 */
#ifndef EXAMPLES_CITY_OFFICES_H
#define EXAMPLES_CITY_OFFICES_H

#include "catalogue/catalogue.h"
#include "loop/loop.h"

struct offices;

struct offices_options {
	struct loop *loop;
	struct catalogue *catalogue; /* borrowed until offices_close() */
	const char *host;
	int port;              /* 0: any */
	const char *drop_dir;  /* NULL: no park hands in files */
	const char *state_dir; /* remembers that the correction was made */
	int64_t correct_after_ms;
};

struct offices *offices_open(const struct offices_options *o, struct err *e);
void offices_close(struct offices *o);
int offices_port(const struct offices *o);

#endif
