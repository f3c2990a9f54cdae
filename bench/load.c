/*
 * load.c - fills a server over Prometheus remote write 1.0 and says how that went.
 *
 * Prints one JSON object; the exit status is 0 only when every sample was acknowledged
 * with a 2xx, 1 when not, 2 when it was called wrongly. README.md explains the figures,
 * load_set.h the data.
 *
 *	load --url http://127.0.0.1:9090/api/v1/write --set S
 *	load --set parks --expect 'park_exports_wan_yuan{park="park-3"}' --at 1767110400000
 */
#include "base/json_write.h"
#include "bench/bench.h"
#include "bench/load_expect.h"
#include "bench/load_send.h"
#include "bench/load_wire.h"

#include <getopt.h>
#include <math.h>

enum { JSON_BYTES = 64 << 10 };

struct options {
	const char *url, *set_name, *expect;
	bool dry, any_time, end_given;
	double scale, series;
	long seed, per_message;
	int64_t at_ms, end_ms;
	struct load_set set;
	struct load_target target;
	struct load_plan plan;
};

static const char usage_text[] =
	"usage: load --set SET (--url URL | --dry) [option...]\n"
	"       load --set SET --expect WHAT [--at MS] [option...]\n"
	"  --url URL          where to, loopback only: http://127.0.0.1:9090/api/v1/write\n"
	"  --dry              makes and packs the requests, sends nothing\n"
	"  --expect WHAT      prints what must be there afterwards: a series' number, a selector,\n"
	"                     'corrected' (all corrected points) or 'series' (labels only)\n"
	"  --at MS            of --expect: that time only\n"
	"  --connections N    2\n"
	"  --batch N          samples a request, 5000\n"
	"  --per-message N    samples of a series in one message, 1 (parks: 12)\n"
	"  --scale F          so many times the set's series\n"
	"  --series N         so many series\n"
	"  --rate N           samples a second at most\n"
	"  --phase P          figures, corrections or both (default)\n"
	"  --end MS           time of a devops set's last sample, two minutes ago\n"
	"  --seed N           1\n"
	"sets:\n";

__attribute__((noreturn)) static void usage(int status)
{
	FILE *f = status ? stderr : stdout;
	const char *line;

	fputs(usage_text, f);
	for (size_t i = 0; (line = load_set_help(i)); i++)
		fprintf(f, "  %s\n", line);
	exit(status);
}

/* --- options ----------------------------------------------------------------------------- */

static double number_of(const char *option, const char *text, double min, double max)
{
	char *end;
	double v = strtod(text, &end);

	if (*text && !*end && v >= min && v <= max)
		return v;
	fprintf(stderr, "load: --%s %s: a number from %.0f to %.0f\n", option, text, min, max);
	exit(2);
}

static enum load_phase phase_of(const char *text)
{
	if (strcmp(text, "figures") == 0)
		return LOAD_FIGURES;
	if (strcmp(text, "corrections") == 0)
		return LOAD_CORRECTIONS;
	if (strcmp(text, "both") == 0)
		return LOAD_BOTH;
	fprintf(stderr, "load: --phase %s: figures, corrections or both\n", text);
	exit(2);
}

static const struct option long_options[] = {
	{ "url", required_argument, NULL, 'u' },
	{ "set", required_argument, NULL, 's' },
	{ "expect", required_argument, NULL, 'x' },
	{ "at", required_argument, NULL, 'a' },
	{ "connections", required_argument, NULL, 'c' },
	{ "batch", required_argument, NULL, 'b' },
	{ "per-message", required_argument, NULL, 'm' },
	{ "scale", required_argument, NULL, 'f' },
	{ "series", required_argument, NULL, 'n' },
	{ "rate", required_argument, NULL, 'r' },
	{ "phase", required_argument, NULL, 'p' },
	{ "end", required_argument, NULL, 'e' },
	{ "seed", required_argument, NULL, 'z' },
	{ "dry", no_argument, NULL, 'y' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL },
};

static void take_option(struct options *o, int c, const char *name)
{
	switch (c) {
	case 'u':
		o->url = optarg;
		break;
	case 's':
		o->set_name = optarg;
		break;
	case 'x':
		o->expect = optarg;
		break;
	case 'a':
		o->at_ms = (int64_t)number_of(name, optarg, -1e15, 1e15);
		o->any_time = false;
		break;
	case 'c':
		o->plan.connections = (uint32_t)number_of(name, optarg, 1, LOAD_CONNECTIONS_MAX);
		break;
	case 'b':
		o->plan.batch = (uint32_t)number_of(name, optarg, 1, LOAD_BATCH_MAX);
		break;
	case 'm':
		o->per_message = (long)number_of(name, optarg, 1, LOAD_MESSAGE_SAMPLES);
		break;
	case 'f':
		o->scale = number_of(name, optarg, 0, 1e6);
		break;
	case 'n':
		o->series = number_of(name, optarg, 1, LOAD_SERIES_MAX);
		break;
	case 'r':
		o->plan.rate = number_of(name, optarg, 0, 1e9);
		break;
	case 'p':
		o->plan.phase = phase_of(optarg);
		break;
	case 'e':
		o->end_ms = (int64_t)number_of(name, optarg, -1e15, 1e15);
		o->end_given = true;
		break;
	case 'z':
		o->seed = (long)number_of(name, optarg, 0, 1e9);
		break;
	case 'y':
		o->dry = true;
		break;
	default:
		usage(c == 'h' ? 0 : 2);
	}
}

static int set_of(struct options *o, struct err *e)
{
	if (load_set_find(o->set_name, &o->set, e) < 0)
		return -1;
	if (o->series > 0 || o->scale > 0) {
		double n = o->series > 0 ? o->series : o->set.series * o->scale;

		if (load_set_resize(&o->set, n, e) < 0)
			return -1;
	}
	if (o->end_given)
		load_set_end(&o->set, o->end_ms);
	if (o->per_message && o->set.kind == LOAD_DEVOPS)
		o->set.per_message = (uint32_t)o->per_message;
	o->set.seed = (uint64_t)o->seed;
	o->plan.set = &o->set;
	if (!o->url)
		return 0;
	o->plan.target = &o->target;
	return load_target_parse(o->url, &o->target, e);
}

/* --- the answer ------------------------------------------------------------------------------ */

static void number(struct json_writer *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void count(struct json_writer *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_i64(j, (int64_t)v);
}

/* To the hundredth of a millisecond: `unit` is 1000 for milliseconds, 1 for seconds. */
static double trimmed(double s, int unit)
{
	return nearbyint(s * 1e5) / (1e5 / unit);
}

static void print_latencies(struct json_writer *j, const struct load_result *r)
{
	size_t n = r->latencies;

	json_key(j, "latency_ms");
	json_object(j);
	if (n) {
		number(j, "p50", trimmed(r->latency_s[n / 2], 1000));
		number(j, "p99", trimmed(r->latency_s[n * 99 / 100], 1000));
		number(j, "max", trimmed(r->latency_s[n - 1], 1000));
	}
	json_end(j);
}

static void print_statuses(struct json_writer *j, const struct load_result *r)
{
	char code[16];

	json_key(j, "statuses");
	json_object(j);
	for (int i = 0; i < LOAD_STATUS_MAX; i++) {
		if (!r->statuses[i])
			continue;
		snprintf(code, sizeof(code), "%d", i);
		count(j, code, r->statuses[i]);
	}
	json_end(j);
}

static void print_result(const struct options *o, const struct load_result *r, struct buf *b)
{
	struct json_writer j;

	json_init(&j, b);
	json_object(&j);
	json_key(&j, "set");
	json_cstr(&j, o->set.name);
	count(&j, "seed", o->set.seed);
	count(&j, "series", o->set.series);
	number(&j, "first_ms", (double)load_time(&o->set, 0));
	number(&j, "last_ms", (double)load_time(&o->set, o->set.steps - 1));
	json_key(&j, "complete");
	json_bool(&j, r->complete);
	count(&j, "sent", r->sent);
	count(&j, "acked", r->acked);
	count(&j, "requests", r->requests);
	print_statuses(&j, r);
	count(&j, "no_answer", r->no_answer);
	count(&j, "raw_bytes", r->raw_bytes);
	count(&j, "wire_bytes", r->wire_bytes);
	number(&j, "wall_s", trimmed(r->wall_s, 1));
	number(&j, "client_cpu_s", trimmed(took_now().cpu, 1));
	print_latencies(&j, r);
	json_key(&j, "first_error");
	json_cstr(&j, r->first_error[0] ? r->first_error : NULL);
	json_end(&j);
	buf_putc(b, '\n');
}

static int send_and_report(const struct options *o)
{
	struct load_result r;
	struct err e = { 0 };
	struct buf b;
	bool all;

	must(load_send(&o->plan, &r, &e), &e);
	buf_init(&b, JSON_BYTES);
	print_result(o, &r, &b);
	must(buf_check(&b, &e), &e);
	fwrite(b.p, 1, b.n, stdout);
	all = r.complete && r.sent > 0 && r.acked == r.sent;
	buf_release(&b);
	load_result_release(&r);
	return all ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o = {
		.any_time = true,
		.seed = 1,
		.plan = { .phase = LOAD_BOTH, .connections = 2, .batch = 5000 },
	};
	struct err e = { 0 };
	int c, at = -1;

	while ((c = getopt_long(argc, argv, "", long_options, &at)) != -1)
		take_option(&o, c, at >= 0 ? long_options[at].name : "");
	if (optind < argc || !o.set_name || (!o.expect && !o.dry && !o.url))
		usage(2);
	if (set_of(&o, &e) < 0) {
		fprintf(stderr, "load: %s\n", e.text);
		return 2;
	}
	if (!o.expect)
		return send_and_report(&o);
	must(load_expect(&o.set, o.expect, o.any_time, o.at_ms, &e), &e);
	return 0;
}
