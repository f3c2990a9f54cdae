/*
 * cardinality.h - what there is most of: the shape in which the index counts and store.h tells.
 */
#ifndef STORAGE_CARDINALITY_H
#define STORAGE_CARDINALITY_H

#include "base/slice.h"

#include <stdint.h>

struct index_count {
	struct slice name;
	uint64_t n;
};

/* What Prometheus shows at /api/v1/status/tsdb. Lists have the largest first, at most as
 * many as were asked for. */
struct index_cardinality {
	uint64_t series;
	uint64_t names;                   /* different names of labels */
	uint64_t pairs;                   /* different pairs of name and value */
	struct index_count *metrics;      /* metric names by series */
	struct index_count *label_values; /* names of labels by different values */
	struct index_count
		*label_bytes; /* names of labels by bytes of values, each series counted */
	struct index_count *label_pairs; /* "name=value" by series */
	size_t nmetrics, nlabel_values, nlabel_bytes, nlabel_pairs;
};

#endif
