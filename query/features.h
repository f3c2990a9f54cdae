/*
 * features.h - what of the language is switched on, by Prometheus' names of --enable-feature.
 */
#ifndef QUERY_FEATURES_H
#define QUERY_FEATURES_H

#include "base/err.h"
#include "base/slice.h"

enum query_feature {
	FEATURE_EXPERIMENTAL_FUNCTIONS = 1 << 0, /* promql-experimental-functions */
	FEATURE_DELAYED_NAME_REMOVAL = 1 << 1,   /* promql-delayed-name-removal */
	FEATURE_EXTENDED_RANGES = 1 << 2,        /* promql-extended-range-selectors */
	FEATURE_FILL = 1 << 3,                   /* promql-binop-fill-modifiers */
	FEATURE_TYPE_AND_UNIT = 1 << 4,          /* type-and-unit-labels */
	FEATURE_PER_STEP_STATS = 1 << 5,         /* promql-per-step-stats */
};

/* Adds the features of a list with commas to *set. promql-at-modifier, promql-negative-offset,
 * promql-duration-expr and native-histograms are on for ever or change
 * nothing, and taken without a word. ERR_INVALID names what is unknown and what there is. */
int features_parse(struct slice list, unsigned *set, struct err *e);

/* "promql-experimental-functions"; `feature` is one bit. */
const char *feature_name(enum query_feature feature);

#endif
