/*
 * command_backup.c - `parkwatch backup` and `parkwatch restore`.
 *
 * Both run beside daemons, so they ask the system for little: lowest priority, and a backup keeps
 * to a rate.
 */
#include "base/num.h"
#include "daemon/commands.h"
#include "storage/backup.h"
#include "storage/keys.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { DEFAULT_RATE_MIB = 64, RATE_MIB_MOST = 1 << 20, BACKGROUND = 10 };

static const char backup_usage[] =
	"usage: parkwatch backup --data-dir DIR --to FOLDER [--rate MiB/s]\n";
static const char restore_usage[] = "usage: parkwatch restore --from BACKUP --data-dir NEW\n";

struct wishes {
	const char *dir, *from, *to;
	int64_t rate_mib;
};

static int parse_rate(const char *text, int64_t *rate)
{
	if (num_parse_i64(slice_str(text), rate, NULL) == 0 && *rate >= 1 && *rate <= RATE_MIB_MOST)
		return 0;
	fprintf(stderr, "parkwatch backup: --rate is a number of MiB a second from 1, not '%s'\n",
		text);
	return -1;
}

static int parse(int argc, char **argv, const struct option *options, struct wishes *w)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			w->dir = optarg;
			break;
		case 'f':
			w->from = optarg;
			break;
		case 't':
			w->to = optarg;
			break;
		case 'r':
			if (parse_rate(optarg, &w->rate_mib) < 0)
				return -1;
			break;
		default:
			return -1;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "parkwatch %s: '%s' is not an option\n", argv[0], argv[optind]);
	return -1;
}

static int fail_with(const char *what, const struct err *e)
{
	fprintf(stderr, "parkwatch %s: %s\n", what, e->text);
	return e->code == ERR_CORRUPT ? EXIT_FAULTS : EXIT_FAILED;
}

static void say(const char *dir, const struct backup_result *r)
{
	char made[TIME_TEXT];

	printf("%s: %" PRIu64 " files, %.1f MiB, as of %s, %" PRIu64 " submissions, 0 faults\n",
	       dir, r->files, (double)r->bytes / (1 << 20), time_text(r->made_ms, made),
	       r->sequence);
}

static void step_back(void)
{
	umask(077);
	setpriority(PRIO_PROCESS, 0, BACKGROUND);
}

int command_backup(int argc, char **argv)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "to", required_argument, NULL, 't' },
		{ "rate", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	struct wishes w = { .rate_mib = DEFAULT_RATE_MIB };
	struct backup_result result;
	struct err e = { 0 };

	if (parse(argc, argv, options, &w) < 0 || !w.dir || !w.to) {
		fputs(backup_usage, stderr);
		return EXIT_USAGE;
	}
	step_back();
	if (store_backup(&(struct backup_options){ .dir = w.dir,
						   .to = w.to,
						   .rate = (uint64_t)w.rate_mib << 20 },
			 &result, &e) < 0)
		return fail_with("backup", &e);
	say(w.to, &result);
	return EXIT_DONE;
}

int command_restore(int argc, char **argv)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "from", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct wishes w = { 0 };
	struct backup_result result;
	struct err e = { 0 };

	if (parse(argc, argv, options, &w) < 0 || !w.dir || !w.from) {
		fputs(restore_usage, stderr);
		return EXIT_USAGE;
	}
	step_back();
	if (store_restore(&(struct restore_options){ .from = w.from, .dir = w.dir }, &result, &e) <
	    0)
		return fail_with("restore", &e);
	say(w.dir, &result);
	return EXIT_DONE;
}
