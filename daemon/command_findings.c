/*
 * command_findings.c - `parkwatch findings`: what is asked about doubted figures, and answers.
 *
 * With a token (--token-file) it is an owner who looks and answers, with a password (--user-file)
 * or neither the bureau, which looks and accepts. The exit code: 0 done; 3 it was not (no answer,
 * no right, a state that does not allow it), with the reason.
 */
#include "base/json_read.h"
#include "base/log.h"
#include "daemon/ask.h"
#include "daemon/commands.h"

#include <getopt.h>
#include <stdio.h>

enum {
	URL_MAX_BYTES = 64 << 10,
	ANSWER_MAX = 64 << 20,
	TREE_BYTES = 256 << 20,
	TIMEOUT_MS = 60 * 1000,
};

enum { LIST, ANSWER, ACCEPT, VERBS };
static const char *const verbs[VERBS] = { "list", "answer", "accept" };
static const char *const paths[VERBS] = { "/api/v1/findings?", "/api/v1/findings/answer",
					  "/api/v1/admin/findings/accept" };

/* Arguments of the list, as options and in the URL. */
static const char *const filters[] = { "state",  "feed",   "owner", "unit",  "indicator",
				       "period", "reason", "limit", "before" };
enum { FILTERS = sizeof(filters) / sizeof(*filters), OPTION_FILTER = 256 };

struct findings_call {
	int verb;
	const char *url, *token_file, *user_file, *ca_file, *by;
	const char *filter[FILTERS];
	const char *id, *text;
	struct buf login, answer;
};

static int usage(void)
{
	fputs("usage: parkwatch findings list --url URL [--token-file FILE | --user-file FILE]\n"
	      "                 [--ca-file FILE] [--state STATE,...] [--feed NAME] [--owner NAME]\n"
	      "                 [--unit ID] [--indicator CODE] [--period P] [--reason EDIT]\n"
	      "                 [--limit N] [--before NUMBER]\n"
	      "       parkwatch findings answer --url URL --token-file FILE [--ca-file FILE]\n"
	      "                 NUMBER TEXT\n"
	      "       parkwatch findings accept --url URL [--user-file FILE] [--ca-file FILE]\n"
	      "                 [--by NAME] NUMBER [TEXT]\n"
	      "STATE is open, answered, accepted or corrected; TEXT - is standard input.\n",
	      stderr);
	return EXIT_USAGE;
}

static int parse_options(int argc, char **argv, struct findings_call *f)
{
	struct option options[6 + FILTERS] = {
		{ "url", required_argument, NULL, 'u' },
		{ "token-file", required_argument, NULL, 't' },
		{ "user-file", required_argument, NULL, 'p' },
		{ "ca-file", required_argument, NULL, 'c' },
		{ "by", required_argument, NULL, 'b' },
	};
	int c;

	for (int i = 0; i < FILTERS; i++)
		options[5 + i] =
			(struct option){ filters[i], required_argument, NULL, OPTION_FILTER + i };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c >= OPTION_FILTER && c < OPTION_FILTER + FILTERS && f->verb == LIST)
			f->filter[c - OPTION_FILTER] = optarg;
		else if (c < OPTION_FILTER && strchr("utpcb", c))
			*(c == 'u'   ? &f->url
			  : c == 't' ? &f->token_file
			  : c == 'p' ? &f->user_file
			  : c == 'c' ? &f->ca_file
				     : &f->by) = optarg;
		else
			return -1;
	}
	return 0;
}

static int parse(int argc, char **argv, struct findings_call *f)
{
	for (f->verb = 0; argc > 1 && f->verb < VERBS; f->verb++)
		if (strcmp(argv[1], verbs[f->verb]) == 0)
			break;
	if (argc < 2 || f->verb == VERBS || parse_options(argc - 1, argv + 1, f) < 0 || !f->url ||
	    (f->token_file && f->user_file))
		return -1;
	argc -= optind + 1;
	argv += optind + 1;
	f->id = argc > 0 ? argv[0] : NULL;
	f->text = argc > 1 ? argv[1] : NULL;
	switch (f->verb) {
	case LIST:
		return argc == 0 ? 0 : -1;
	case ANSWER:
		return argc == 2 && f->token_file ? 0 : -1;
	default:
		return argc >= 1 && argc <= 2 && !f->token_file ? 0 : -1;
	}
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void put_param(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "&%s=", name);
	ask_escape(value, out);
}

static int read_text(const char **text, struct buf *from, struct err *e)
{
	if (!*text || strcmp(*text, "-") != 0)
		return 0;
	if (ask_read_file("-", from, e) < 0)
		return -1;
	while (from->n && (from->p[from->n - 1] == '\n' || from->p[from->n - 1] == '\r'))
		from->n--;
	buf_putc(from, '\0');
	*text = from->p;
	return buf_check(from, e);
}

/* Of the list in the URL; what is written goes in a form, which nobody logs. */
static int send_it(struct findings_call *f, long *status, struct err *e)
{
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded",
				  f->login.n ? f->login.p : NULL, NULL };
	struct ask a = { .headers = headers,
			 .ca_file = f->ca_file,
			 .posts = f->verb != LIST,
			 .timeout_ms = TIMEOUT_MS };
	size_t n = strlen(f->url);
	struct buf url, form, text;
	int rc;

	buf_init(&url, URL_MAX_BYTES);
	buf_init(&form, URL_MAX_BYTES);
	buf_init(&text, URL_MAX_BYTES);
	while (n && f->url[n - 1] == '/')
		n--;
	buf_printf(&url, "%.*s%s", (int)n, f->url, paths[f->verb]);
	rc = read_text(&f->text, &text, e);
	for (int i = 0; i < FILTERS; i++)
		put_param(&url, filters[i], f->filter[i]);
	put_param(&form, "id", f->id);
	put_param(&form, "text", f->text);
	put_param(&form, "by", f->by);
	buf_putc(&url, '\0');
	a.url = url.p;
	a.post = buf_all(&form);
	if (rc == 0 && (buf_check(&url, e) < 0 || buf_check(&form, e) < 0))
		rc = -1;
	if (rc == 0)
		rc = ask(&a, status, &f->answer, e);
	buf_release(&url);
	buf_release(&form);
	buf_release(&text);
	return rc;
}

/* --- what comes back ---------------------------------------------------------------- */

static const struct json_node *member(const struct json_node *n, const char *key)
{
	return n ? json_member(n, slice_str(key)) : NULL;
}

/* An answer is another's text: control characters would be the terminal's. */
static void put_text(FILE *to, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		putc((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i], to);
}

static void put(const struct json_node *n, const char *key, const char *behind)
{
	const struct json_node *m = member(n, key);

	if (m && (m->type == JSON_STRING || m->type == JSON_NUMBER))
		put_text(stdout, m->text);
	fputs(behind, stdout);
}

static void print_finding(const struct json_node *f)
{
	const struct json_node *history = member(f, "history");

	put(f, "id", "  ");
	put(f, "state", "  ");
	put(f, "unit", " ");
	put(f, "indicator", " ");
	put(f, "period", "  ");
	put(f, "reason", "  ");
	put(f, "owner", "\n    ");
	put(f, "text_zh", "\n    ");
	put(f, "text", "\n");
	for (const struct json_node *v = history ? history->child : NULL; v; v = v->next) {
		fputs("    ", stdout);
		put(v, "time", " ");
		put(v, "state", " ");
		put(v, "by", ": ");
		put(v, "text", "\n");
	}
}

static void print_data(const struct findings_call *f, const struct json_node *data)
{
	const struct json_node *list = member(data, "findings");

	if (f->verb != LIST) {
		print_finding(data);
		return;
	}
	for (const struct json_node *x = list ? list->child : NULL; x; x = x->next)
		print_finding(x);
	if (member(data, "before")) {
		fputs("and more: --before ", stdout);
		put(data, "before", "\n");
	}
}

static int say(const struct findings_call *f)
{
	const struct json_node *answer, *status, *error;
	struct err e = { 0 };
	struct arena a;
	int code = EXIT_FAILED;

	arena_init(&a, TREE_BYTES);
	answer = json_parse(buf_all(&f->answer), &a, &e);
	status = member(answer, "status");
	error = member(answer, "error");
	if (status && slice_is(status->text, "success")) {
		print_data(f, member(answer, "data"));
		code = EXIT_DONE;
	} else if (status && error) {
		fputs("parkwatch findings: ", stderr);
		put_text(stderr, error->text);
		putc('\n', stderr);
	} else {
		fputs("parkwatch findings: what answers there is not parkwatch, or wants a "
		      "password\n",
		      stderr);
	}
	arena_release(&a);
	return code;
}

static int log_in(struct findings_call *f, struct err *e)
{
	if (f->token_file)
		return ask_login(f->token_file, ASK_BEARER, &f->login, e);
	return f->user_file ? ask_login(f->user_file, ASK_BASIC, &f->login, e) : 0;
}

int command_findings(int argc, char **argv)
{
	struct findings_call f = { .url = NULL };
	struct err e = { 0 };
	long status;
	int code;

	log_set_level(LOG_WARN);
	if (parse(argc, argv, &f) < 0)
		return usage();
	buf_init(&f.login, ASK_LOGIN_BYTES);
	buf_init(&f.answer, ANSWER_MAX);
	if (((f.token_file || f.user_file) && ask_check_url(f.url, &e) < 0) || log_in(&f, &e) < 0 ||
	    send_it(&f, &status, &e) < 0) {
		fprintf(stderr, "parkwatch findings: %s\n", e.text);
		code = EXIT_FAILED;
	} else {
		code = say(&f);
	}
	ask_forget(&f.login);
	buf_release(&f.answer);
	return code;
}
