/*
 * command_token.c - `parkwatch token …`: who may hand in figures.
 *
 * Works on the file alone, beside a running daemon, which looks at it within a second of its next
 * use. The secret goes to standard output and nowhere else; everything about it to standard error.
 */
#include "base/text.h"
#include "base/secret.h"
#include "collectors/tokens_file.h"
#include "daemon/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

static const char usage[] =
	"usage: parkwatch token create (--data-dir DIR | --tokens FILE) --owner OWNER\n"
	"                              [--units ID,...] [--indicators CODE,...] [--expires DAY]\n"
	"       parkwatch token list   (--data-dir DIR | --tokens FILE)\n"
	"       parkwatch token revoke (--data-dir DIR | --tokens FILE) ID\n"
	"DAY, such as 2027-06-30, is the last one the token works.\n";

struct token_options {
	char path[4096];
	bool has_path;
	struct token_wish wish;
	const char *id; /* what is no option */
};

static struct date today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (struct date){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
}

static int take_path(struct token_options *o, const char *dir, const char *name)
{
	if (o->has_path ||
	    snprintf(o->path, sizeof(o->path), "%s%s", dir, name) >= (int)sizeof(o->path))
		return -1;
	o->has_path = true;
	return 0;
}

static int parse(int argc, char **argv, struct token_options *o)
{
	static const struct option options[] = {
		{ "data-dir", required_argument, NULL, 'd' },
		{ "tokens", required_argument, NULL, 't' },
		{ "owner", required_argument, NULL, 'o' },
		{ "units", required_argument, NULL, 'u' },
		{ "indicators", required_argument, NULL, 'i' },
		{ "expires", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd' && take_path(o, optarg, "/tokens") == 0)
			continue;
		if (c == 't' && take_path(o, optarg, "") == 0)
			continue;
		if (!strchr("ouie", c))
			return -1;
		*(c == 'o'   ? &o->wish.owner
		  : c == 'u' ? &o->wish.units
		  : c == 'i' ? &o->wish.indicators
			     : &o->wish.last_day) = optarg;
	}
	if (argc - optind > 1)
		return -1;
	o->id = argv[optind];
	return o->has_path ? 0 : -1;
}

static int fail(const char *word, const struct err *e)
{
	fprintf(stderr, "parkwatch token %s: %s\n", word, e->text);
	return EXIT_FAILED;
}

static bool wishes_anything(const struct token_wish *w)
{
	return w->owner || w->units || w->indicators || w->last_day;
}

/* --- create -------------------------------------------------------------------------------- */

struct creation {
	const struct token_wish *wish;
	char secret[TOKEN_SECRET];
	char id[TOKEN_ID];
};

static int create_one(void *ctx, struct tokens *t, struct err *e)
{
	struct creation *c = ctx;
	struct token k;

	if (tokens_add(t, c->wish, today(), c->secret, &k, e) < 0)
		return -1;
	memcpy(c->id, k.id, sizeof(c->id));
	return 0;
}

static int create(const struct token_options *o)
{
	struct creation c = { .wish = &o->wish };
	struct err e = { 0 };
	int shown;

	if (!o->wish.owner || o->id)
		return -1;
	if (tokens_change(o->path, create_one, &c, &e) < 0)
		return fail("create", &e);
	shown = puts(c.secret) >= 0 && fflush(stdout) == 0;
	secret_wipe(c.secret, sizeof(c.secret));
	if (!shown) {
		err_set(&e, ERR_IO, "the token could not be shown; revoke %s and make another",
			c.id);
		return fail("create", &e);
	}
	fprintf(stderr, "token %s of %s is shown this once; its hash is in %s\n", c.id,
		o->wish.owner, o->path);
	return EXIT_DONE;
}

/* --- list, revoke ---------------------------------------------------------------------------- */

static void print_names(const char *const *list, size_t n)
{
	if (!n)
		fputs("all", stdout);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? "," : "", list[i]);
}

static void print_token(const struct token *k)
{
	char created[DATE_TEXT], last[DATE_TEXT];

	printf("%s  %-7s  %s  %-10s  %s  units ", k->id,
	       token_is_live(k, today()) ? "live" : "expired", date_print(k->created, created),
	       k->last_day.year ? date_print(k->last_day, last) : "no end", k->owner);
	print_names(k->rights.units, k->rights.nunits);
	fputs("  indicators ", stdout);
	print_names(k->rights.indicators, k->rights.nindicators);
	putchar('\n');
}

static int list(const struct token_options *o)
{
	struct err e = { 0 };
	struct tokens *t;

	if (wishes_anything(&o->wish) || o->id)
		return -1;
	t = tokens_load(o->path, &e);
	if (!t)
		return fail("list", &e);
	for (size_t i = 0; i < t->n; i++)
		print_token(&t->list[i]);
	printf("%zu token%s in %s\n", t->n, t->n == 1 ? "" : "s", o->path);
	tokens_unref(t);
	return EXIT_DONE;
}

static int revoke_one(void *ctx, struct tokens *t, struct err *e)
{
	return tokens_remove(t, ctx, e);
}

static int revoke(const struct token_options *o)
{
	struct err e = { 0 };
	char shown[TEXT_SHOWN];

	if (wishes_anything(&o->wish) || !o->id)
		return -1;
	if (tokens_change(o->path, revoke_one, (void *)o->id, &e) < 0)
		return fail("revoke", &e);
	printf("token %s is revoked\n", text_shown(slice_str(o->id), shown));
	return EXIT_DONE;
}

int command_token(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct token_options *o); /* -1: wrong options */
	} words[] = { { "create", create }, { "list", list }, { "revoke", revoke } };
	static struct token_options o;
	int code = -1;

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0 && parse(argc - 1, argv + 1, &o) == 0)
			code = words[i].run(&o);
	if (code >= 0)
		return code;
	fputs(usage, stderr);
	return EXIT_USAGE;
}
