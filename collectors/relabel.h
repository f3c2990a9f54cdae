/*
 * relabel.h - label sets rewritten by rules, in Prometheus' words.
 *
 * `metric_relabel_configs` of a feed: a list of rules that are applied one after the other to
 * each series of a scrape, after job and instance were added. As described in
 * <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config>.
 * Regular expressions match the whole text (base/regex.h).
 *
 *     metric_relabel_configs:
 *       - {source_labels: [__name__], regex: 'go_.*', action: drop}
 *       - {source_labels: [device], regex: '(.*)[0-9]+', target_label: kind, replacement: '$1'}
 */
#ifndef COLLECTORS_RELABEL_H
#define COLLECTORS_RELABEL_H

#include "base/arena.h"
#include "base/labels.h"
#include "base/yaml_read.h"

enum relabel_action {
	RELABEL_REPLACE,
	RELABEL_KEEP,
	RELABEL_DROP,
	RELABEL_KEEPEQUAL,
	RELABEL_DROPEQUAL,
	RELABEL_HASHMOD,
	RELABEL_LABELMAP,
	RELABEL_LABELDROP,
	RELABEL_LABELKEEP,
	RELABEL_LOWERCASE,
	RELABEL_UPPERCASE,
};

struct relabel_rule {
	int action; /* enum relabel_action */
	struct yaml_strings source_labels;
	const char *separator, *regex, *target_label, *replacement;
	int64_t modulus;
};

enum { RELABEL_RULES_MAX = 200 };

/* Reads the list under `metric_relabel_configs:`; mistakes are added to `d`. -1 only without
 * memory. */
int relabel_rules_read(const struct yaml_node *list, struct arena *a, struct diags *d,
		       struct relabel_rule **out, size_t *n);

/* Rules made ready. Does not change once it is made; any number of threads. */
struct relabel;

/* The rules are borrowed until relabel_free(). ERR_INVALID, ERR_LIMIT (a regular expression),
 * ERR_MEMORY. */
struct relabel *relabel_new(const struct relabel_rule *rules, size_t n, struct err *e);
void relabel_free(struct relabel *r); /* NULL is nothing */

/* A label set while it is rewritten; no name twice, empty values are absent labels. */
struct label_list {
	struct label l[LABELS_MAX];
	size_t n;
};

/* 1: rewritten, new texts in the arena. 0: the series is dropped. -1: more labels than a set may
 * have (ERR_LIMIT), the arena is full (ERR_MEMORY). */
int relabel_apply(const struct relabel *r, struct label_list *l, struct arena *a, struct err *e);

#endif
