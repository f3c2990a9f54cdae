/*
 * easyquery.h - answers of the National Bureau of Statistics to records.
 *
 * data.stats.gov.cn answers its own pages (easyquery.htm, m=QueryData) with JSON that
 * nobody has described; what is said here was seen in recorded answers. Each figure
 * names its codes in `wds`; `wdnodes` has the dimensions (zb indicator, reg region, sj
 * time) and what their codes mean. One table comes out, its dimensions in the order of
 * `wdnodes`, each code with its name behind it, the unit behind the indicator:
 *
 *     zb,zb.name,unit,sj,sj.name,value
 *     A0D0101,货币和准货币(M2)供应量_期末值,亿元,202201,2022年1月,2431022.72
 *
 * A figure that is not there is sent as 0.0 with "hasdata": false; its value is empty.
 * Quarters, 2024A to 2024D in the answer, come out as 2024-Q1 to 2024-Q4, because
 * elsewhere A means a year.
 */
#ifndef COLLECTORS_EASYQUERY_H
#define COLLECTORS_EASYQUERY_H

#include "collectors/formats/row.h"

enum { EASYQUERY_DIMENSIONS_MAX = 8 };

int easyquery_read(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e);

#endif
