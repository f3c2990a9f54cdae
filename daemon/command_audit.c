/*
 * command_audit.c - `parkwatch audit …`: proves the ledger, or hands it out.
 */
#include "daemon/commands.h"
#include "storage/audit.h"

#include <getopt.h>
#include <string.h>

static const char usage[] =
	"usage: parkwatch audit verify --data-dir DIR [--head HASH]\n"
	"       parkwatch audit export --data-dir DIR --to FOLDER [--catalogue FILE...]\n";

struct audit_options {
	const char *data_dir, *to, *head;
	char *const *catalogue;
	size_t ncatalogue;
};

/* FILEs behind --catalogue: the option's own, then what is no option. */
static int parse(int argc, char **argv, struct audit_options *o)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "to", required_argument, NULL, 't' },
		{ "head", required_argument, NULL, 'h' },
		{ "catalogue", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	bool catalogue = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->data_dir = optarg;
			break;
		case 't':
			o->to = optarg;
			break;
		case 'h':
			o->head = optarg;
			break;
		case 'c':
			catalogue = true;
			break;
		default:
			return -1;
		}
	}
	o->catalogue = argv + optind;
	o->ncatalogue = (size_t)(argc - optind);
	/* Files need the option, the option needs files. */
	return o->data_dir && catalogue == (o->ncatalogue > 0) ? 0 : -1;
}

static int say(const char *what, long faults, const struct err *e)
{
	if (faults < 0) {
		fprintf(stderr, "parkwatch audit %s: %s\n", what, e->text);
		return EXIT_FAILED;
	}
	return faults ? EXIT_FAULTS : EXIT_DONE;
}

static int verify(const struct audit_options *o)
{
	uint8_t wanted[SHA256_BYTES];
	struct err e = { 0 };

	if (o->to || o->ncatalogue)
		return -1;
	if (o->head && !sha256_parse(slice_str(o->head), wanted)) {
		fprintf(stderr, "parkwatch audit verify: --head is 64 digits 0-9a-f, not '%s'\n",
			o->head);
		return EXIT_USAGE;
	}
	return say("verify", store_audit(o->data_dir, o->head ? wanted : NULL, stdout, &e), &e);
}

static int export(const struct audit_options *o)
{
	struct audit_export x = { .folder = o->to,
				  .catalogue = o->catalogue,
				  .ncatalogue = o->ncatalogue };
	struct err e = { 0 };

	if (!o->to || o->head)
		return -1;
	return say("export", store_audit_export(o->data_dir, &x, stdout, &e), &e);
}

int command_audit(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct audit_options *o); /* -1: wrong options */
	} words[] = { { "verify", verify }, { "export", export } };
	struct audit_options o = { 0 };
	int code = -1;

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0 && parse(argc - 1, argv + 1, &o) == 0)
			code = words[i].run(&o);
	if (code >= 0)
		return code;
	fputs(usage, stderr);
	return EXIT_USAGE;
}
