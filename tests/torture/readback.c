/*
 * readback.c - everything a store holds, a line each, through the store's own API.
 *
 *   torture-readback [--read-only] [--plain NAME] DIR
 *
 * "F labels stamp bits months flags known-from received released submission" for each value
 * of each period in the order they became known, "P labels time bits" for each
 * sample, "Q …" for each finding, newest first, "R submission stamp received reason labels" for
 * each refused figure by its key, "end N" with the number of lines last. Values are their 64 bits
 * in hexadecimal. Exit code 1 with the store's sentence when anything cannot be read. Without
 * --read-only it opens as the daemon does, with all that is to be recovered.
 */
#include "base/buf.h"
#include "base/log.h"
#include "storage/store.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static unsigned long lines;

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static void print_labels(char kind, const struct labels *ls)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	labels_print(ls, &text);
	printf("%c %.*s", kind, (int)text.n, text.p);
	buf_release(&text);
	lines++;
}

static int print_period(struct snapshot *v, const struct series_ref *s, int64_t stamp_ms,
			struct arena *a, struct err *e)
{
	struct vintage *all;
	size_t n;

	if (snapshot_vintages(v, s->id, stamp_ms, a, &all, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		print_labels('F', s->labels);
		printf(" %" PRId64 " %016" PRIx64 " %u %u %" PRId64 " %" PRId64 " %" PRId64
		       " %" PRIu64 "\n",
		       stamp_ms, bits_of(all[i].value), all[i].months, all[i].flags,
		       all[i].known_from_ms, all[i].received_ms, all[i].released_ms,
		       all[i].submission);
	}
	return 0;
}

static int print_figures(struct snapshot *v, const struct series_ref *s, struct arena *a,
			 struct err *e)
{
	const struct view latest = { .as_of_ms = INT64_MAX, .suppressed = true };
	struct vintage *all;
	size_t n;

	if (snapshot_figures(v, s->id, INT64_MIN, INT64_MAX, latest, a, &all, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (print_period(v, s, all[i].stamp_ms, a, e) < 0)
			return -1;
	return 0;
}

static int print_samples(struct snapshot *v, const struct series_ref *s, struct arena *a,
			 struct err *e)
{
	struct samples all;

	if (snapshot_samples(v, s->id, INT64_MIN, INT64_MAX, a, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		print_labels('P', s->labels);
		printf(" %" PRId64 " %016" PRIx64 "\n", all.t_ms[i], bits_of(all.value[i]));
	}
	return 0;
}

static int print_series(struct snapshot *v, const struct series_ref *s, struct err *e)
{
	struct arena a;
	int rc;

	arena_init(&a, (size_t)1 << 30);
	rc = s->statistic ? print_figures(v, s, &a, e) : print_samples(v, s, &a, e);
	arena_release(&a);
	return rc;
}

static void print_events(const struct finding *f)
{
	for (size_t i = 0; i < f->nevents; i++) {
		const struct finding_event *v = &f->events[i];

		printf("|%s %" PRId64 " %" PRIu64 " %" PRIu64 " %s|%s", finding_state_name(v->to),
		       v->t_ms, v->submission, v->entry, v->by, v->text);
	}
	putchar('\n');
	lines++;
}

static int print_findings(struct snapshot *v, struct err *e)
{
	struct finding_wanted want = { 0 };
	struct finding *list;
	bool more = true;
	struct arena a;
	int rc = 0;
	size_t n;

	arena_init(&a, (size_t)1 << 30);
	while (rc == 0 && more) {
		rc = snapshot_findings(v, &want, &a, &list, &n, &more, e);
		for (size_t i = 0; rc == 0 && i < n; i++) {
			const struct finding *f = &list[i];

			printf("Q %" PRIu64 " %s %u %" PRId64 " %" PRId64 " %016" PRIx64
			       " %016" PRIx64 " %" PRIu64 " %" PRId64
			       " %s|%s|%s|%s|%s|%s|%s|%s|%s|%s",
			       f->id, finding_state_name(f->state), f->series, f->stamp_ms,
			       f->known_from_ms, bits_of(f->value), bits_of(f->against),
			       f->submission, f->opened_ms, f->reason, f->unit, f->indicator,
			       f->freq, f->basis, f->period, f->source, f->owner, f->text,
			       f->text_zh);
			print_events(f);
			want.before = f->id;
		}
	}
	arena_release(&a);
	return rc;
}

static int print_refused(struct snapshot *v, struct err *e)
{
	struct refused_figure *list;
	struct arena a;
	size_t n;
	int rc;

	arena_init(&a, (size_t)1 << 30);
	rc = snapshot_all_refused(v, &a, &list, &n, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct buf text;

		buf_init(&text, 1 << 20);
		labels_print(list[i].labels, &text);
		printf("R %" PRIu64 " %" PRId64 " %" PRId64 " %s %.*s\n", list[i].submission,
		       list[i].stamp_ms, list[i].received_ms, list[i].reason, (int)text.n, text.p);
		buf_release(&text);
		lines++;
	}
	arena_release(&a);
	return rc;
}

static int print_store(struct store *s, const char *only, struct err *e)
{
	struct snapshot *v = snapshot_open(s, 600000, e);
	struct series_ref *all;
	struct arena a;
	size_t n;
	int rc;

	if (!v)
		return -1;
	arena_init(&a, (size_t)1 << 30);
	rc = snapshot_select(v, NULL, 0, &a, &all, &n, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (all[i].statistic || !only || slice_is(labels_name(all[i].labels), only))
			rc = print_series(v, &all[i], e);
	if (rc == 0)
		rc = print_findings(v, e);
	if (rc == 0)
		rc = print_refused(v, e);
	arena_release(&a);
	snapshot_close(v);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "read-only", no_argument, NULL, 'r' },
					       { "plain", required_argument, NULL, 'p' },
					       { NULL, 0, NULL, 0 } };
	struct store_options o = { 0 };
	const char *only = NULL;
	struct err e = { 0 };
	struct store_status status;
	struct store *s;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		o.read_only |= c == 'r';
		only = c == 'p' ? optarg : only;
		if (c == '?')
			return 2;
	}
	if (optind + 1 != argc) {
		fputs("usage: torture-readback [--read-only] [--plain NAME] DIR\n", stderr);
		return 2;
	}
	log_set_level(LOG_ERROR);
	o.dir = argv[optind];
	s = store_open(&o, &e);
	if (!s) {
		fprintf(stderr, "torture-readback: %s\n", e.text);
		return 1;
	}
	rc = print_store(s, only, &e);
	store_status(s, &status);
	if (rc == 0 && status.damaged)
		rc = err_set(&e, ERR_CORRUPT, "%lu records of figures are damaged and left out",
			     (unsigned long)status.damaged);
	if (rc < 0)
		fprintf(stderr, "torture-readback: %s\n", e.text);
	else
		printf("end %lu\n", lines);
	store_close(s);
	return rc < 0 ? 1 : 0;
}
