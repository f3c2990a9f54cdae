/*
 * command_query.c - `parkwatch query`: one query, of a running daemon or of a data folder.
 *
 * Both ways end in the API's JSON, which is printed as it is, as a table or as CSV; on a terminal a
 * range query is drawn.
 */
#include "base/alloc.h"
#include "base/duration.h"
#include "base/json_write.h"
#include "base/log.h"
#include "daemon/ask.h"
#include "daemon/calendar.h"
#include "daemon/commands.h"
#include "daemon/load.h"
#include "daemon/query_print.h"
#include "exporters/json_result.h"
#include "query/source_store.h"
#include "storage/store.h"

#include <getopt.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BODY_BYTES = 512 << 20, TIMEOUT_MS = 120 * 1000 };

struct asked {
	const char *expr, *url, *ca_file, *user_file, *dir, *config;
	int64_t time_ms, start_ms, end_ms, step_ms, as_of_ms;
	bool has_time, has_start, has_end, range;
	enum query_format format;
	unsigned features;
	struct buf body; /* the answer */
};

static int usage(void)
{
	fputs("usage: parkwatch query EXPR [--time T | --start T [--end T] [--step D]]\n"
	      "                       [--as-of T] [--config FILE]\n"
	      "                       [--url URL [--ca-file FILE] [--user-file FILE] | --data-dir "
	      "DIR]\n"
	      "                       [--enable-feature NAMES] [--format table|csv|json]\n"
	      "T: RFC 3339 or seconds since 1970; D: 5m. Without --url and --data-dir: "
	      "http://127.0.0.1:9290\n",
	      stderr);
	return EXIT_USAGE;
}

/* --- options -------------------------------------------------------------------------------- */

static int take_format(struct asked *q, const char *text, struct err *e)
{
	static const char *const names[] = { "table", "csv", "json" };

	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			q->format = (enum query_format)i;
			return 0;
		}
	return err_set(e, ERR_INVALID, "--format is table, csv or json, not '%s'", text);
}

static int take_option(struct asked *q, int c, const char *text, struct err *e)
{
	switch (c) {
	case 't':
		q->has_time = true;
		return time_option_parse("time", text, &q->time_ms, e);
	case 's':
		q->has_start = q->range = true;
		return time_option_parse("start", text, &q->start_ms, e);
	case 'e':
		q->has_end = q->range = true;
		return time_option_parse("end", text, &q->end_ms, e);
	case 'p':
		q->range = true;
		return duration_parse(slice_str(text), &q->step_ms, e);
	case 'a':
		return time_option_parse("as-of", text, &q->as_of_ms, e);
	case 'u':
		q->url = text;
		return 0;
	case 'k':
		q->ca_file = text;
		return 0;
	case 'i':
		q->user_file = text;
		return 0;
	case 'd':
		q->dir = text;
		return 0;
	case 'c':
		q->config = text;
		return 0;
	case 'x':
		return features_parse(slice_str(text), &q->features, e);
	case 'f':
		return take_format(q, text, e);
	default:
		return err_set(e, ERR_INVALID, "what it takes is below");
	}
}

static int fill_in(struct asked *q, struct err *e)
{
	int64_t now = (int64_t)time(NULL) * 1000;

	if (!q->has_time)
		q->time_ms = now;
	if (!q->has_end)
		q->end_ms = now;
	if (q->range && !q->has_start)
		return err_set(e, ERR_INVALID, "--end and --step need --start");
	if (q->range && q->has_time)
		return err_set(e, ERR_INVALID, "--time is of an instant query, --start of a range");
	if (q->range && q->step_ms == 0)
		q->step_ms = (q->end_ms - q->start_ms) / 100 / 1000 * 1000 + 1000;
	if (q->url && q->dir)
		return err_set(e, ERR_INVALID, "--url or --data-dir, not both");
	if (!q->url && !q->dir && !q->config)
		q->url = "http://127.0.0.1:9290";
	return 0;
}

static int parse_options(int argc, char **argv, struct asked *q, struct err *e)
{
	static const struct option options[] = {
		{ "time", required_argument, NULL, 't' },
		{ "start", required_argument, NULL, 's' },
		{ "end", required_argument, NULL, 'e' },
		{ "step", required_argument, NULL, 'p' },
		{ "as-of", required_argument, NULL, 'a' },
		{ "url", required_argument, NULL, 'u' },
		{ "ca-file", required_argument, NULL, 'k' },
		{ "user-file", required_argument, NULL, 'i' },
		{ "data-dir", required_argument, NULL, 'd' },
		{ "config", required_argument, NULL, 'c' },
		{ "enable-feature", required_argument, NULL, 'x' },
		{ "format", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(q, c, optarg, e) < 0)
			return -1;
	if (optind + 1 != argc)
		return err_set(e, ERR_INVALID, "one expression is wanted");
	q->expr = argv[optind];
	return fill_in(q, e);
}

/* --- of a daemon ----------------------------------------------------------------------------- */

static void put_url(const struct asked *q, struct buf *out)
{
	buf_printf(out, "%s/api/v1/query%s?query=", q->url, q->range ? "_range" : "");
	ask_escape(q->expr, out);
	if (q->range)
		buf_printf(out, "&start=%.3f&end=%.3f&step=%.3f", (double)q->start_ms / 1000,
			   (double)q->end_ms / 1000, (double)q->step_ms / 1000);
	else
		buf_printf(out, "&time=%.3f", (double)q->time_ms / 1000);
	if (q->as_of_ms)
		buf_printf(out, "&as_of=%.3f", (double)q->as_of_ms / 1000);
	buf_putc(out, '\0');
}

static int ask_daemon(struct asked *q, struct err *e)
{
	const char *headers[] = { NULL, NULL };
	struct ask a = { .headers = headers, .ca_file = q->ca_file, .timeout_ms = TIMEOUT_MS };
	struct buf url, login;
	long status;
	int rc = -1;

	buf_init(&url, 1 << 20);
	buf_init(&login, ASK_LOGIN_BYTES);
	put_url(q, &url);
	a.url = url.p;
	if (buf_check(&url, e) == 0 &&
	    (!q->user_file || (ask_check_url(q->url, e) == 0 &&
			       ask_login(q->user_file, ASK_BASIC, &login, e) == 0))) {
		headers[0] = login.p;
		rc = ask(&a, &status, &q->body, e);
	}
	ask_forget(&login);
	buf_release(&url);
	return rc;
}

/* --- of a folder -------------------------------------------------------------------- */

static void put_answer(struct asked *q, struct query *r)
{
	struct json_result result;
	struct json_writer j;

	if (r->failure != QUERY_OK) {
		json_init(&j, &q->body);
		json_object(&j);
		json_key(&j, "status");
		json_cstr(&j, "error");
		json_key(&j, "error");
		json_cstr(&j, r->error);
		json_end(&j);
		return;
	}
	buf_puts(&q->body, "{\"status\":\"success\",\"data\":");
	json_result_init(&result, r, 0);
	json_result_next(&result, SIZE_MAX, &q->body);
	buf_putc(&q->body, '}');
	json_result_notes(r, false, &q->body);
	buf_putc(&q->body, '}');
}

static int run_over(struct asked *q, const struct engine_options *o, struct store *s,
		    const struct calendar *calendar, struct err *e)
{
	struct engine *en = engine_new(o, e);
	struct query r;
	int rc = -1;

	if (!en)
		return -1;
	query_init(&r, en);
	r.text = slice_str(q->expr);
	r.start_ms = q->range ? q->start_ms : q->time_ms;
	r.end_ms = q->end_ms;
	r.step_ms = q->range ? q->step_ms : 0;
	r.as_of_ms = q->as_of_ms;
	r.source = source_store_open(s, calendar, r.timeout_ms, e);
	if (r.source) {
		query_run(en, &r);
		source_store_close(r.source);
		put_answer(q, &r);
		rc = buf_check(&q->body, e);
	}
	query_release(&r);
	engine_free(en);
	return rc;
}

static int ask_folder(struct asked *q, struct err *e)
{
	struct store_options so = { .read_only = true };
	const struct calendar *calendar = NULL;
	struct engine_options engine;
	struct loaded l;
	struct store *s;
	int rc = -1;

	if (load_all(q->config, NULL, stderr, &l, e) < 0)
		return -1;
	engine = config_engine(l.config, q->features);
	so.dir = q->dir ? q->dir : l.config->data_dir;
	calendar = calendar_new(l.catalogue, e);
	s = calendar ? store_open(&so, e) : NULL;
	if (s) {
		rc = run_over(q, &engine, s, calendar, e);
		store_close(s);
	}
	calendar_unref(calendar);
	loaded_drop(&l);
	return rc;
}

/* --- the command -------------------------------------------------------------------- */

int command_query(int argc, char **argv)
{
	struct asked q = { 0 };
	struct err e = { 0 };
	int code;

	buf_init(&q.body, BODY_BYTES);
	log_set_level(LOG_WARN);
	if (parse_options(argc, argv, &q, &e) < 0) {
		fprintf(stderr, "parkwatch query: %s\n", e.text);
		code = usage();
	} else if ((q.url ? ask_daemon(&q, &e) : ask_folder(&q, &e)) < 0) {
		fprintf(stderr, "parkwatch query: %s\n", e.text);
		code = EXIT_FAILED;
	} else {
		code = query_print(buf_all(&q.body), q.expr, q.format, isatty(STDOUT_FILENO),
				   stdout);
	}
	buf_release(&q.body);
	return code;
}
