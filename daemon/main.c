/*
 * main.c - the command line.
 */
#include "base/alloc.h"
#include "base/version.h"
#include "daemon/commands.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"parkwatch " PARKWATCH_VERSION " - monitoring of a city's industrial parks\n"
	"\n"
	"  parkwatch run   [--config FILE] [--data-dir DIR] [--listen ADDRESS:PORT] [--log-level "
	"LEVEL]\n"
	"                  [--web.config.file FILE] [--enable-feature NAMES]\n"
	"  parkwatch query EXPR [--time T | --start T [--end T] [--step D]] [--as-of T]\n"
	"                  [--url URL [--ca-file FILE] [--user-file FILE] | --data-dir DIR]\n"
	"                  [--config FILE] [--format table|csv|json]\n"
	"  parkwatch check config FILE\n"
	"  parkwatch check web-config FILE\n"
	"  parkwatch check catalogue FILE...\n"
	"  parkwatch check feed --config FILE [NAME] FILE|URL\n"
	"  parkwatch check store DIR\n"
	"  parkwatch export --data-dir DIR [--format openmetrics|csv] [--match SELECTOR]...\n"
	"                   [--start T] [--end T] [--as-of T] [--vintages] [--to FILE]\n"
	"  parkwatch import --data-dir DIR [--format openmetrics|csv] [--source NAME\n"
	"                   [--owner NAME] [--trusted]] FILE...\n"
	"  parkwatch delete --data-dir DIR --match SELECTOR [--start T] [--end T]\n"
	"  parkwatch audit verify --data-dir DIR [--head HASH]\n"
	"  parkwatch audit export --data-dir DIR --to FOLDER [--catalogue FILE...]\n"
	"  parkwatch token create --data-dir DIR --owner OWNER [--units ID,...]\n"
	"                   [--indicators CODE,...] [--expires DAY]\n"
	"  parkwatch token list|revoke --data-dir DIR [ID]\n"
	"  parkwatch submit --url URL --token-file FILE [--ca-file FILE] --feed NAME [--dry-run]\n"
	"                   DOCUMENT\n"
	"  parkwatch findings list --url URL [--token-file FILE | --user-file FILE] [--state "
	"STATE]\n"
	"  parkwatch findings answer --url URL --token-file FILE NUMBER TEXT\n"
	"  parkwatch findings accept --url URL [--user-file FILE] NUMBER [TEXT]\n"
	"  parkwatch backup --data-dir DIR --to FOLDER [--rate MiB/s]\n"
	"  parkwatch restore --from BACKUP --data-dir NEW\n"
	"  parkwatch version\n"
	"\n"
	"Without --config, run is an empty server on 127.0.0.1:9290. docs/ in the source\n"
	"has the keys of the configuration, the catalogue and the feeds.\n";

static int command_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("parkwatch " PARKWATCH_VERSION);
	return EXIT_DONE;
}

static int command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(usage, stdout);
	return EXIT_DONE;
}

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", command_run },           { "check", command_check },
	{ "export", command_export },     { "import", command_import },
	{ "query", command_query },       { "delete", command_delete },
	{ "token", command_token },       { "submit", command_submit },
	{ "audit", command_audit },       { "backup", command_backup },
	{ "findings", command_findings }, { "restore", command_restore },
	{ "version", command_version },   { "--version", command_version },
	{ "help", command_help },         { "--help", command_help },
	{ "-h", command_help },
};

int main(int argc, char **argv)
{
	mem_keep_little();
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].word) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "parkwatch: there is no command '%s'\n\n", argv[1]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}
