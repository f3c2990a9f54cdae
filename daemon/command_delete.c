/*
 * command_delete.c - `parkwatch delete`: samples of plain series out of a store.
 *
 * The store is opened for writing, so no daemon may have it. Statistics are kept for ever.
 */
#include "base/num.h"
#include "base/period.h"
#include "daemon/commands.h"
#include "query/parse.h"
#include "storage/store.h"

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { ARENA_BYTES = 1 << 20 };

struct asked {
	const char *dir, *match;
	int64_t from_ms, to_ms;
};

int time_option_parse(const char *option, const char *text, int64_t *ms, struct err *e)
{
	double seconds;

	if (num_parse(slice_str(text), &seconds, NULL) == 0 && fabs(seconds) < 1e15) {
		*ms = llround(seconds * 1000);
		return 0;
	}
	return time_parse(slice_str(text), ms, e) == 0 ? 0 : err_wrap(e, "--%s", option);
}

/* 0; 1: the usage is asked for; -1. */
static int parse_options(int argc, char **argv, struct asked *q, struct err *e)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "match", required_argument, NULL, 'm' },
		{ "start", required_argument, NULL, 's' },
		{ "end", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			q->dir = optarg;
		else if (c == 'm')
			q->match = optarg;
		else if (c == 's')
			rc = time_option_parse("start", optarg, &q->from_ms, e);
		else if (c == 'e')
			rc = time_option_parse("end", optarg, &q->to_ms, e);
		else
			return 1;
	}
	return rc < 0 ? -1 : optind < argc || !q->dir || !q->match;
}

static int delete (const struct asked *q, struct err *e)
{
	struct store_options o = { .dir = q->dir };
	const struct node_selector *wanted;
	struct expr selector;
	struct store *s;
	struct arena a;
	uint64_t n = 0;
	int rc = -1;

	arena_init(&a, ARENA_BYTES);
	if (parse_selector(slice_str(q->match), &a, &selector, e) < 0) {
		arena_release(&a);
		return err_wrap(e, "--match %s", q->match);
	}
	wanted = &selector.root->selector;
	s = store_open(&o, e);
	if (s) {
		rc = store_delete(s, wanted->m, wanted->nm, q->from_ms, q->to_ms, &n, e);
		store_close(s);
	}
	expr_release(&selector);
	arena_release(&a);
	if (rc == 0)
		printf("%" PRIu64 " samples deleted\n", n);
	return rc;
}

int command_delete(int argc, char **argv)
{
	struct asked q = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct err e = { 0 };
	int rc = parse_options(argc, argv, &q, &e);

	if (rc == 1) {
		fputs("usage: parkwatch delete --data-dir DIR --match SELECTOR [--start T] [--end "
		      "T]\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (rc == 0 && delete (&q, &e) == 0)
		return EXIT_DONE;
	fprintf(stderr, "parkwatch delete: %s\n", e.text);
	return EXIT_FAILED;
}
