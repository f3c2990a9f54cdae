/*
 * command_run.c - `parkwatch run`: the daemon in the foreground.
 */
#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "query/features.h"

#include <getopt.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Below the TimeoutStopSec of packaging/parkwatch.service, so that there is a line about it. */
enum { CLOSE_WITHIN_S = 60 };

static int parse_level(const char *text, enum log_level *level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (int i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	fprintf(stderr, "parkwatch run: --log-level is debug, info, warn or error, not '%s'\n",
		text);
	return -1;
}

static int parse_options(int argc, char **argv, struct daemon_options *o)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "data-dir", required_argument, NULL, 'd' },
		{ "listen", required_argument, NULL, 'l' },
		{ "web.config.file", required_argument, NULL, 'w' },
		{ "log-level", required_argument, NULL, 'v' },
		{ "enable-feature", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	enum log_level level;
	struct err e = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config_path = optarg;
			break;
		case 'd':
			o->overrides.data_dir = optarg;
			break;
		case 'l':
			o->overrides.listen = optarg;
			break;
		case 'w':
			o->overrides.web_config = optarg;
			break;
		case 'v':
			if (parse_level(optarg, &level) < 0)
				return -1;
			log_set_level(level);
			break;
		case 'f':
			if (features_parse(slice_str(optarg), &o->features, &e) < 0) {
				fprintf(stderr, "parkwatch run: --enable-feature: %s\n", e.text);
				return -1;
			}
			break;
		default:
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "parkwatch run: '%s' is not an option\n", argv[optind]);
		return -1;
	}
	return 0;
}

/* A core file would have the secrets in use. The hard limit stays: `prlimit --core` allows one. */
static void leave_no_core(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_CORE, &r) < 0)
		return;
	r.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &r);
}

int command_run(int argc, char **argv)
{
	struct daemon_options o = { 0 };
	struct err e = { 0 };
	struct daemon *d;
	int code;

	if (parse_options(argc, argv, &o) < 0)
		return EXIT_USAGE;
	umask(077);
	leave_no_core();
	d = daemon_open(&o, &e);
	if (!d) {
		log_event(LOG_ERROR, "parkwatch does not start", log_err(&e));
		return EXIT_FAILED;
	}
	code = daemon_run(d);
	daemon_close_within(d, CLOSE_WITHIN_S);
	return code;
}
