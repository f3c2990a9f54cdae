/*
 * command_export.c - `parkwatch export`: what a store holds, as text.
 *
 * The store is opened for reading only, so the daemon may run beside it. With --to the file appears
 * under its name when it is whole; what is no file, such as a device, is written to as it stands.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/num.h"
#include "daemon/commands.h"
#include "daemon/export.h"
#include "daemon/series_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SELECTORS_MAX = 64, PATH_BYTES = 4096 };

#define ARENA_BYTES ((size_t)16 << 20)

struct asked {
	const char *dir, *to;
	uint64_t damaged_records; /* out: of the store */
	struct export_options o;
	struct expr *selectors;
	size_t nselectors;
	struct arena arena;
};

static int usage(void)
{
	fputs("usage: parkwatch export --data-dir DIR [--format openmetrics|csv] "
	      "[--match SELECTOR]... [--start T] [--end T] [--as-of T] [--vintages] [--to FILE]\n",
	      stderr);
	return EXIT_USAGE;
}

static int parse_format(const char *text, enum export_format *out, struct err *e)
{
	if (strcmp(text, "openmetrics") == 0)
		*out = EXPORT_OPENMETRICS;
	else if (strcmp(text, "csv") == 0)
		*out = EXPORT_CSV;
	else
		return err_set(e, ERR_INVALID, "--format is openmetrics or csv, not '%s'", text);
	return 0;
}

static int add_selector(struct asked *q, const char *text, struct err *e)
{
	if (q->nselectors == SELECTORS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d times --match", SELECTORS_MAX);
	if (!q->selectors)
		q->selectors = mem_alloc(SELECTORS_MAX * sizeof(*q->selectors));
	if (!q->selectors)
		return err_set(e, ERR_MEMORY, "no memory for selectors");
	if (parse_selector(slice_str(text), &q->arena, &q->selectors[q->nselectors], e) < 0)
		return err_wrap(e, "--match %s", text);
	q->nselectors++;
	return 0;
}

static int take_option(struct asked *q, int c, const char *value, struct err *e)
{
	switch (c) {
	case 'd':
		q->dir = value;
		return 0;
	case 'o':
		q->to = value;
		return 0;
	case 'f':
		return parse_format(value, &q->o.format, e);
	case 'm':
		return add_selector(q, value, e);
	case 's':
		return time_option_parse("start", value, &q->o.from_ms, e);
	case 'e':
		return time_option_parse("end", value, &q->o.to_ms, e);
	case 'a':
		return time_option_parse("as-of", value, &q->o.view.as_of_ms, e);
	case 'v':
		q->o.vintages = true;
		return 0;
	default:
		return err_set(e, ERR_INVALID, "what it takes is below");
	}
}

static int parse_options(int argc, char **argv, struct asked *q, struct err *e)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "format", required_argument, NULL, 'f' },
		{ "match", required_argument, NULL, 'm' },
		{ "start", required_argument, NULL, 's' },
		{ "end", required_argument, NULL, 'e' },
		{ "as-of", required_argument, NULL, 'a' },
		{ "vintages", no_argument, NULL, 'v' },
		{ "to", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	optind = 0; /* a second command in one process begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(q, c, optarg, e) < 0)
			return -1;
	if (optind < argc)
		return err_set(e, ERR_INVALID, "'%s' is not an option", argv[optind]);
	if (!q->dir)
		return err_set(e, ERR_INVALID, "--data-dir is missing: the folder of the store");
	if (q->o.vintages && q->o.format != EXPORT_CSV)
		return err_set(e, ERR_INVALID, "--vintages needs --format csv");
	q->o.selectors = q->selectors;
	q->o.nselectors = q->nselectors;
	return 0;
}

/* --- the output ---------------------------------------------------------------------------- */

/* Only a file may be replaced by another one: renaming over a device or a pipe would end it. */
static bool is_replaceable(const char *to)
{
	struct stat st;

	return lstat(to, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

/* part: "" when what there is is written to as it stands. */
static int open_output(const char *to, char part[PATH_BYTES], struct err *e)
{
	int fd;

	part[0] = '\0';
	if (!is_replaceable(to)) {
		fd = open(to, O_WRONLY | O_CLOEXEC);
		return fd >= 0 ? fd : err_sys(e, errno, "cannot write %s", to);
	}
	if (snprintf(part, PATH_BYTES, "%s.part", to) >= PATH_BYTES)
		return err_set(e, ERR_LIMIT, "the path %.80s… is too long", to);
	if (!is_replaceable(part))
		return err_set(e, ERR_REFUSED, "%.160s is in the way and not a file", part);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 ? fd : err_sys(e, errno, "cannot write %s", part);
}

static int finish_output(int fd, const char *part, const char *to, struct err *e)
{
	if (!part[0])
		return 0;
	if (fsync(fd) < 0 || rename(part, to) < 0)
		return err_sys(e, errno, "cannot write %s", to);
	return 0;
}

static int run_to(struct asked *q, struct export_counts *counts, struct err *e)
{
	char part[PATH_BYTES];
	int rc;

	q->o.fd = open_output(q->to, part, e);
	if (q->o.fd < 0)
		return -1;
	rc = export_run(&q->o, counts, e);
	if (rc == 0)
		rc = finish_output(q->o.fd, part, q->to, e);
	close(q->o.fd);
	if (rc < 0 && part[0])
		unlink(part);
	return rc;
}

static int run(struct asked *q, struct export_counts *counts, struct err *e)
{
	struct store_options so = { .dir = q->dir, .read_only = true };
	struct store_status status;
	int rc;

	q->o.store = store_open(&so, e);
	if (!q->o.store)
		return -1;
	q->o.fd = STDOUT_FILENO;
	rc = q->to ? run_to(q, counts, e) : export_run(&q->o, counts, e);
	store_status(q->o.store, &status);
	q->damaged_records = status.damaged;
	store_close(q->o.store);
	return rc;
}

static int say_counts(const struct export_counts *c)
{
	fprintf(stderr, "%" PRIu64 " values of %" PRIu64 " series\n", c->values, c->series);
	if (c->stale)
		fprintf(stderr, "%" PRIu64 " staleness marks left out, OpenMetrics has none\n",
			c->stale);
	if (c->suppressed)
		fprintf(stderr,
			"%" PRIu64
			" periods left out, whose figures are suppressed (--vintages says "
			"which)\n",
			c->suppressed);
	if (c->unnamed)
		fprintf(stderr,
			"%" PRIu64 " series left out, whose names OpenMetrics cannot write\n",
			c->unnamed);
	if (c->damaged)
		fprintf(stderr, "%" PRIu64 " series left out, which are damaged\n", c->damaged);
	return c->damaged ? EXIT_FAULTS : EXIT_DONE;
}

int command_export(int argc, char **argv)
{
	struct asked q = { .o = { .from_ms = INT64_MIN,
				  .to_ms = INT64_MAX,
				  .view = VIEW_LATEST,
				  .complaints = stderr } };
	struct export_counts counts;
	struct err e = { 0 };
	int code;

	arena_init(&q.arena, ARENA_BYTES);
	log_set_level(LOG_WARN);
	umask(077);
	if (parse_options(argc, argv, &q, &e) < 0) {
		fprintf(stderr, "parkwatch export: %s\n", e.text);
		code = usage();
	} else if (run(&q, &counts, &e) < 0) {
		fprintf(stderr, "parkwatch export: %s\n", e.text);
		code = EXIT_FAILED;
	} else {
		code = say_counts(&counts);
		if (q.damaged_records) {
			fprintf(stderr,
				"%" PRIu64 " records of figures are damaged: what they may have "
				"touched is left out; parkwatch check store says what\n",
				q.damaged_records);
			code = EXIT_FAULTS;
		}
	}
	for (size_t i = 0; i < q.nselectors; i++)
		expr_release(&q.selectors[i]);
	mem_free(q.selectors);
	arena_release(&q.arena);
	return code;
}
