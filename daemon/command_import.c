/*
 * command_import.c - `parkwatch import`: files into a store that no daemon has open.
 */
#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/load.h"
#include "daemon/config.h"
#include "daemon/import.h"
#include "daemon/remote_intake.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { CONFIG_ARENA_BYTES = 64 << 20, COMPLAINTS_MAX = 100 };

/* What the command line says. */
struct command {
	struct import_options import;
	const char *dir, *config_path;
	struct config *config;
	struct catalogue *catalogue;
	struct remote_intake families;
};

static int usage(void)
{
	fputs("usage: parkwatch import --data-dir DIR [--config FILE] [--format openmetrics|csv] "
	      "[--source NAME [--owner NAME] [--trusted]] FILE...\n",
	      stderr);
	return EXIT_USAGE;
}

static int parse_format(const char *text, enum import_format *out, struct err *e)
{
	if (strcmp(text, "openmetrics") == 0)
		*out = IMPORT_OPENMETRICS;
	else if (strcmp(text, "csv") == 0)
		*out = IMPORT_CSV;
	else
		return err_set(e, ERR_INVALID, "--format is openmetrics or csv, not '%s'", text);
	return 0;
}

static int take_option(struct command *k, int c, const char *value, struct err *e)
{
	struct import_options *o = &k->import;

	switch (c) {
	case 'd':
		k->dir = value;
		return 0;
	case 'c':
		k->config_path = value;
		return 0;
	case 'f':
		return parse_format(value, &o->format, e);
	case 's':
		o->source = value;
		return 0;
	case 'o':
		o->owner = value;
		return 0;
	case 't':
		o->trusted = true;
		return 0;
	default:
		return err_set(e, ERR_INVALID, "what it takes is below");
	}
}

static int parse_options(int argc, char **argv, struct command *k, struct err *e)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "config", required_argument, NULL, 'c' },
		{ "format", required_argument, NULL, 'f' },
		{ "source", required_argument, NULL, 's' },
		{ "owner", required_argument, NULL, 'o' },
		{ "trusted", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	optind = 0; /* a second command in one process begins anew */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(k, c, optarg, e) < 0)
			return -1;
	if (!k->dir && !k->config_path)
		return err_set(e, ERR_INVALID, "--data-dir is missing: the folder of the store");
	if (k->import.trusted && !k->import.source)
		return err_set(e, ERR_INVALID, "--trusted needs --source: who answers for it");
	if (optind == argc)
		return err_set(e, ERR_INVALID, "no file is named");
	return 0;
}

/* What families are; every mistake is printed. */
static int load_config(struct command *k, struct err *e)
{
	struct loaded l;

	if (load_all(k->config_path, NULL, stderr, &l, e) < 0)
		return -1;
	k->config = l.config;
	k->catalogue = l.catalogue;
	remote_intake_configure(&k->families, k->config, k->catalogue);
	k->import.classify = remote_intake_classify;
	k->import.classify_ctx = &k->families;
	if (!k->dir)
		k->dir = k->config->data_dir;
	return 0;
}

static void release(struct command *k)
{
	remote_intake_release(&k->families);
	if (k->catalogue)
		catalogue_unref(k->catalogue);
	config_unref(k->config);
}

static void say_counts(const char *path, const struct import_counts *c)
{
	const struct bulk_counts *k = &c->kept;
	uint64_t figures = k->fresh + k->revised + k->unchanged;

	printf("%s: %" PRIu64 " samples", path, k->samples);
	if (figures)
		printf(", %" PRIu64 " figures (%" PRIu64 " new, %" PRIu64 " revised, %" PRIu64
		       " known already) in %" PRIu64 " submissions",
		       figures, k->fresh, k->revised, k->unchanged, k->submissions);
	printf(" kept, %" PRIu64 " refused\n", c->refused);
	if (k->drafts)
		printf("%s: %" PRIu64 " of them are not released\n", path, k->drafts);
}

static int import_all(const struct import_options *o, char **files, int n)
{
	int code = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		struct import_counts counts;
		struct err e = { 0 };
		int rc = import_file(o, files[i], &counts, &e);

		say_counts(files[i], &counts);
		if (rc < 0) {
			fflush(stdout);
			fprintf(stderr, "parkwatch import: %s\n", e.text);
			return EXIT_FAILED;
		}
		if (counts.refused)
			code = EXIT_FAULTS;
	}
	return code;
}

static int run(struct command *k, char **files, int n)
{
	struct store_options so = { .read_only = false };
	struct err e = { 0 };
	int code;

	if (k->config_path && load_config(k, &e) < 0) {
		fprintf(stderr, "parkwatch import: %s\n", e.text);
		return EXIT_FAILED;
	}
	so.dir = k->dir;
	k->import.store = store_open(&so, &e);
	if (!k->import.store) {
		fprintf(stderr, "parkwatch import: %s\n", e.text);
		return EXIT_FAILED;
	}
	code = import_all(&k->import, files, n);
	store_close(k->import.store);
	return code;
}

int command_import(int argc, char **argv)
{
	struct command k = { .import = { .complaints = stderr } };
	struct err e = { 0 };
	int code;

	log_set_level(LOG_WARN);
	umask(077);
	if (parse_options(argc, argv, &k, &e) < 0) {
		fprintf(stderr, "parkwatch import: %s\n", e.text);
		return usage();
	}
	remote_intake_init(&k.families);
	code = run(&k, argv + optind, argc - optind);
	release(&k);
	return code;
}
