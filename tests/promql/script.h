/*
 * script.h - the scripts that try the query language, as commands.
 *
 * The language is that of Prometheus' promqltest (its README describes it):
 *
 *     load 30s
 *       park_power_watts{site="north"}  100+5x10 _x3 stale NaN
 *
 *     eval instant at 5m sum(park_power_watts)
 *       expect no_warn
 *       {} 150
 *
 * A block ends at an empty line or a comment. Three things are ours: an eval whose text is no
 * expression passes when what `expect fail` says names the parse error; @st lines and histograms
 * are read over, for those who run the scripts to skip; and `features all`, `features none` or
 * `features promql-binop-fill-modifiers,…` (features.h) says what is switched on from there.
 */
#ifndef TESTS_PROMQL_SCRIPT_H
#define TESTS_PROMQL_SCRIPT_H

#include "base/arena.h"
#include "base/labels.h"

#include <stdint.h>

enum script_value_kind { SCRIPT_NONE, SCRIPT_NUMBER, SCRIPT_HISTOGRAM };

struct script_value {
	enum script_value_kind kind;
	double v; /* SCRIPT_NUMBER; a staleness mark is one */
};

struct script_series {
	struct labels *labels; /* the script's */
	struct script_value *values;
	size_t n, room;
	bool starts; /* an @st line: start timestamps, without values */
};

struct script_series_list {
	struct script_series *s;
	size_t n, room;
};

/* What a message must be. */
enum script_how { MESSAGE_ANY, MESSAGE_IS, MESSAGE_MATCHES };
struct script_message {
	enum script_how how;
	struct slice text; /* itself, or a regular expression that matches somewhere */
};

struct script_messages {
	struct script_message *m;
	size_t n, room;
	bool wanted;    /* at least one, whatever it says */
	bool forbidden; /* none at all */
};

struct script_load {
	int64_t step_ms;
	bool custom_buckets; /* load_with_nhcb */
	struct script_series_list series;
};

struct script_eval {
	struct slice text; /* of the query */
	bool is_range;
	int64_t start_ms, end_ms, step_ms; /* of a range query, or of an expected range vector */
	int64_t at_ms;                     /* of an instant query */
	bool fails, ordered;
	struct script_messages errors, warnings, infos;
	struct script_series_list rows; /* expected, in this order */
	bool is_scalar, is_string, is_matrix;
	double scalar;
	struct slice string;
};

enum script_command_kind { SCRIPT_CLEAR, SCRIPT_LOAD, SCRIPT_EVAL, SCRIPT_FEATURES };

struct script_command {
	enum script_command_kind kind;
	unsigned line; /* from 1 */
	union {
		struct script_load load;
		struct script_eval eval;
		unsigned features; /* bits of enum query_feature */
	};
};

struct script {
	struct arena arena;
	struct script_command *c;
	size_t n, room;
};

/* `text` is borrowed until script_release(), which is to be called after a failure, too.
 * ERR_INVALID says "line N: …". */
int script_read(struct slice text, struct script *out, struct err *e);
void script_release(struct script *s);

/* One line of a load or of what an eval expects: name{label="value"} values…; series_text.c. */
int script_read_series(struct slice line, struct arena *a, struct script_series *out,
		       struct err *e);

/* Go's ParseInt with base 0, else ParseFloat; false: it is neither. */
bool script_read_number(struct slice text, double *v);

#endif
