/* features.c - see features.h. */
#include "query/features.h"

static const struct {
	const char *name;
	unsigned bit;
} features[] = {
	{ "promql-experimental-functions", FEATURE_EXPERIMENTAL_FUNCTIONS },
	{ "promql-delayed-name-removal", FEATURE_DELAYED_NAME_REMOVAL },
	{ "promql-extended-range-selectors", FEATURE_EXTENDED_RANGES },
	{ "promql-binop-fill-modifiers", FEATURE_FILL },
	{ "type-and-unit-labels", FEATURE_TYPE_AND_UNIT },
	{ "promql-per-step-stats", FEATURE_PER_STEP_STATS },
	/* always so */
	{ "promql-at-modifier", 0 },
	{ "promql-negative-offset", 0 },
	{ "promql-duration-expr", 0 },
	{ "native-histograms", 0 },
};

enum { FEATURES = sizeof(features) / sizeof(features[0]) };

static int add(struct slice name, unsigned *set, struct err *e)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (slice_is(name, features[i].name)) {
			*set |= features[i].bit;
			return 0;
		}
	return err_set(e, ERR_INVALID,
		       "unknown feature \"%.*s\"; there are promql-experimental-functions, "
		       "promql-delayed-name-removal, promql-extended-range-selectors, "
		       "promql-binop-fill-modifiers, type-and-unit-labels, promql-per-step-stats",
		       SLICE_FMT(slice_cut(name, 40)));
}

int features_parse(struct slice list, unsigned *set, struct err *e)
{
	while (list.n > 0) {
		const char *comma = memchr(list.p, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.p) : list.n;

		if (n > 0 && add(slice_of(list.p, n), set, e) < 0)
			return -1;
		list = slice_skip(list, comma ? n + 1 : n);
	}
	return 0;
}

const char *feature_name(enum query_feature feature)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (features[i].bit == (unsigned)feature)
			return features[i].name;
	return "";
}
