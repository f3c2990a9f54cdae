/*
 * command_submit.c - `parkwatch submit`: hands a document in, and prints what became of it.
 *
 * The exit code: 0, all of it was taken; 1, some figures or all were refused; 3, no judgement came.
 * Then nothing of it was stored (no right, no such feed), unless it was the answer that did not
 * come: handed in again, figures that were stored are unchanged.
 */
#include "base/json_read.h"
#include "base/log.h"
#include "base/num.h"
#include "daemon/ask.h"
#include "daemon/commands.h"

#include <getopt.h>
#include <stdio.h>

enum {
	DOCUMENT_MAX = 1 << 30,
	ANSWER_MAX = 16 << 20,
	TREE_BYTES = 128 << 20,
	TIMEOUT_MS = 180 * 1000,
};

struct handing {
	const char *url, *token_file, *ca_file, *feed, *document;
	bool dry_run;
	struct buf token, body, answer; /* token: the header */
};

static int usage(void)
{
	fputs("usage: parkwatch submit --url URL --token-file FILE [--ca-file FILE] --feed NAME\n"
	      "                        [--dry-run] DOCUMENT\n"
	      "DOCUMENT - is standard input; URL is that of the daemon, https://host:port\n",
	      stderr);
	return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct handing *h)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "token-file", required_argument, NULL, 't' },
		{ "ca-file", required_argument, NULL, 'c' },
		{ "feed", required_argument, NULL, 'f' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			h->dry_run = true;
		else if (strchr("utcf", c))
			*(c == 'u'   ? &h->url
			  : c == 't' ? &h->token_file
			  : c == 'c' ? &h->ca_file
				     : &h->feed) = optarg;
		else
			return -1;
	}
	if (optind + 1 != argc || !h->url || !h->token_file || !h->feed)
		return -1;
	h->document = argv[optind];
	return 0;
}

/* --- what is sent --------------------------------------------------------------------------- */

static void put_url(const struct handing *h, struct buf *out)
{
	const char *slash = strrchr(h->document, '/');
	size_t n = strlen(h->url);

	while (n && h->url[n - 1] == '/')
		n--;
	buf_printf(out, "%.*s/api/v1/submit?feed=", (int)n, h->url);
	ask_escape(h->feed, out);
	if (h->dry_run)
		buf_puts(out, "&dry_run=1");
	if (strcmp(h->document, "-") != 0) {
		buf_puts(out, "&filename=");
		ask_escape(slash ? slash + 1 : h->document, out);
	}
	buf_putc(out, '\0');
}

static int send_it(struct handing *h, struct err *e)
{
	const char *headers[] = { h->token.p, "Content-Type: application/octet-stream", NULL };
	struct ask a = { .headers = headers,
			 .ca_file = h->ca_file,
			 .posts = true,
			 .post = buf_all(&h->body),
			 .timeout_ms = TIMEOUT_MS };
	struct buf url;
	long status;
	int rc;

	buf_init(&url, 1 << 16);
	put_url(h, &url);
	a.url = url.p;
	rc = buf_check(&url, e) < 0 ? -1 : ask(&a, &status, &h->answer, e);
	buf_release(&url);
	return rc;
}

/* --- what comes back -------------------------------------------------------------------------- */

static const struct json_node *member(const struct json_node *n, const char *key)
{
	return n ? json_member(n, slice_str(key)) : NULL;
}

static struct slice text_of(const struct json_node *n, const char *key)
{
	const struct json_node *m = member(n, key);

	return m && (m->type == JSON_STRING || m->type == JSON_NUMBER) ? m->text : slice_of("?", 1);
}

/* An answer is another's text: control characters would be the terminal's. */
static void put_text_to(FILE *to, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		putc((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i], to);
}

static void put_text(struct slice s)
{
	put_text_to(stdout, s);
}

static void put_complaint(const struct json_node *c)
{
	put_text(text_of(c, "place"));
	fputs(": ", stdout);
	put_text(text_of(c, "reason"));
	fputs(": ", stdout);
	put_text(text_of(c, "text"));
	putchar('\n');
}

static void put_number(const struct json_node *report, const char *key, const char *words)
{
	put_text(text_of(report, key));
	fputs(words, stdout);
}

static void print_report(const struct json_node *report)
{
	const struct json_node *list = member(report, "complaints");
	const struct json_node *cut = member(report, "complaints_cut");

	for (const struct json_node *c = list ? list->child : NULL; c; c = c->next)
		put_complaint(c);
	if (cut && cut->boolean)
		puts("… and more");
	put_number(report, "kept", " figures kept, ");
	put_number(report, "refused", " refused, ");
	put_number(report, "doubtful", " doubtful\n");
	if (member(report, "new")) {
		fputs("stored as submission ", stdout);
		put_number(report, "submission", ": ");
		put_number(report, "new", " new, ");
		put_number(report, "revised", " revised, ");
		put_number(report, "unchanged", " unchanged\n");
	} else if (member(report, "dry_run") && member(report, "dry_run")->boolean) {
		puts("a dry run: nothing was stored");
	}
}

static int say(const struct handing *h)
{
	const struct json_node *answer, *report, *status;
	struct err e = { 0 };
	struct arena a;
	int code = EXIT_FAILED;

	arena_init(&a, TREE_BYTES);
	answer = json_parse(buf_all(&h->answer), &a, &e);
	status = member(answer, "status");
	report = member(answer, "data");
	if (!status) {
		fputs("parkwatch submit: what answers there is not parkwatch\n", stderr);
		arena_release(&a);
		return EXIT_FAILED;
	}
	if (report)
		print_report(report);
	if (slice_is(status->text, "success")) {
		code = slice_is(text_of(report, "refused"), "0") ? EXIT_DONE : EXIT_FAULTS;
	} else {
		FILE *to = report ? stdout : stderr;

		code = report ? EXIT_FAULTS : EXIT_FAILED;
		fputs(report ? "refused as a whole: " : "parkwatch submit: ", to);
		put_text_to(to, text_of(answer, "error"));
		putc('\n', to);
	}
	arena_release(&a);
	return code;
}

int command_submit(int argc, char **argv)
{
	struct handing h = { .url = NULL };
	struct err e = { 0 };
	int code;

	log_set_level(LOG_WARN);
	if (parse(argc, argv, &h) < 0)
		return usage();
	buf_init(&h.token, ASK_LOGIN_BYTES);
	buf_init(&h.body, DOCUMENT_MAX);
	buf_init(&h.answer, ANSWER_MAX);
	if (ask_check_url(h.url, &e) < 0 || ask_login(h.token_file, ASK_BEARER, &h.token, &e) < 0 ||
	    ask_read_file(h.document, &h.body, &e) < 0 || send_it(&h, &e) < 0) {
		fprintf(stderr, "parkwatch submit: %s\n", e.text);
		code = EXIT_FAILED;
	} else {
		code = say(&h);
	}
	ask_forget(&h.token);
	buf_release(&h.body);
	buf_release(&h.answer);
	return code;
}
