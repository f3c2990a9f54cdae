/*
 * bench_index.c - the index of series: adding, building a part, opening it, asking it.
 *
 * Series as of hosts in data centres: ten metrics a host, ten labels each, one of them the
 * host's name. They come metric by metric, all hosts of each in turn.
 *
 *	bench_index [SERIES…]
 */
#include "bench/bench.h"
#include "storage/index.h"

enum { METRICS = 10, LABELS = 10, RUNS = 7, ASKED = 1000 };

struct made_series {
	char text[LABELS][32];
	struct label l[LABELS];
};

static void put(struct made_series *s, int i, const char *name, const char *before, unsigned v)
{
	s->l[i].name = slice_str(name);
	snprintf(s->text[i], sizeof(s->text[i]), "%s%u", before, v);
	s->l[i].value = slice_str(s->text[i]);
}

/* Series `i` of `n`. */
static void make(struct made_series *s, uint32_t i, uint32_t n)
{
	uint32_t hosts = n / METRICS, host = i % hosts, metric = i / hosts, h = host * 2654435761u;

	put(s, 0, "__name__", "cpu_usage_seconds_total_", metric);
	put(s, 1, "arch", "x", 64 + h % 2 * 22);
	put(s, 2, "datacenter", "eu-central-1", h / 3 % 27);
	put(s, 3, "hostname", "host_", host);
	put(s, 4, "os", "Ubuntu16.", h / 5 % 3);
	put(s, 5, "rack", "", h / 7 % 100);
	put(s, 6, "region", "eu-central-", h / 3 % 27 / 3);
	put(s, 7, "service", "", h / 11 % 20);
	put(s, 8, "service_environment", "production", h / 13 % 3);
	put(s, 9, "team", "team-", h / 17 % 4);
}

static struct memory_index *fill(uint32_t n)
{
	struct memory_index *m;
	struct made_series s;
	struct took from;
	double making, cpu;
	struct err e;

	from = took_now();
	for (uint32_t i = 0; i < n; i++)
		make(&s, i, n);
	making = took_since(from).cpu;
	m = must_have(memory_index_new(&e));
	from = took_now();
	for (uint32_t i = 0; i < n; i++) {
		make(&s, i, n);
		must(memory_index_add(m, i + 1, s.l, LABELS, false, &e), &e);
	}
	cpu = took_since(from).cpu - making;
	report(name_of("index_%u_memory_add", n), cpu / n * 1e6, "us/series");
	report(name_of("index_%u_memory_bytes", n), (double)memory_index_bytes(m) / n, "B/series");
	return m;
}

static void measure_find(const char *what, const struct index_set *x, uint32_t n)
{
	static struct made_series s[ASKED];
	uint64_t seed = 7;
	struct took from;
	uint32_t id, want[ASKED];
	struct err e;

	for (int i = 0; i < ASKED; i++) {
		want[i] = (uint32_t)(random_next(&seed) % n);
		make(&s[i], want[i], n);
	}
	for (int round = 0; round < 2; round++) {
		from = took_now();
		for (int i = 0; i < ASKED; i++) {
			must(index_find(x, s[i].l, LABELS, &id, NULL, &e), &e);
			if (id != want[i] + 1)
				die("series %u is not found", want[i]);
		}
		report(name_of("index_%u_%s_find_%s", n, what, round ? "again" : "first_1000"),
		       took_since(from).cpu / ASKED * 1e6, "us");
	}
	from = took_now();
	for (int i = 0; i < ASKED; i++) {
		s[i].l[9].value = slice_str("nobody");
		must(index_find(x, s[i].l, LABELS, &id, NULL, &e), &e);
		if (id)
			die("a series that is not there is found");
	}
	report(name_of("index_%u_%s_find_nothing", n, what), took_since(from).cpu / ASKED * 1e6,
	       "us");
}

static struct matcher is(const char *name, const char *value)
{
	return (struct matcher){ MATCH_EQ, slice_str(name), slice_str(value) };
}

static struct matcher like(const char *name, const char *pattern, bool not )
{
	struct err e;
	const struct regex *re = regex_new(slice_str(pattern), &e);

	if (!re)
		die("%s", e.text);
	return (struct matcher){ not ? MATCH_NRE : MATCH_RE, slice_str(name), slice_str(pattern),
				 re };
}

static void measure_select(const char *what, const char *name, const struct index_set *x,
			   uint32_t n, const struct matcher *m, size_t nm)
{
	struct runs wall = { 0 };
	struct arena a;
	uint32_t *ids;
	size_t found = 0;
	struct err e;

	for (int i = 0; i < RUNS; i++) {
		struct took from = took_now();

		arena_init(&a, 256 << 20);
		must(index_select(x, m, nm, &a, &ids, &found, &e), &e);
		arena_release(&a);
		runs_add(&wall, took_since(from).wall * 1e6);
	}
	report_runs(name_of("index_%u_%s_select_%s", n, what, name), &wall,
		    name_of("us (%zu)", found));
	for (size_t i = 0; i < nm; i++)
		regex_free((struct regex *)(uintptr_t)m[i].re);
}

#define SELECT(name, ...)                                                                          \
	do {                                                                                       \
		struct matcher m_[] = { __VA_ARGS__ };                                             \
		measure_select(what, name, x, n, m_, sizeof(m_) / sizeof(m_[0]));                  \
	} while (0)

static void measure_lists(const char *what, const struct index_set *x, uint32_t n)
{
	struct matcher m = is("__name__", "cpu_usage_seconds_total_1");
	struct index_cardinality c;
	struct arena a;
	struct took from;
	struct slice *out;
	size_t found;
	struct err e;

	arena_init(&a, 256 << 20);
	from = took_now();
	must(index_label_names(x, NULL, 0, &a, &out, &found, &e), &e);
	report(name_of("index_%u_%s_label_names", n, what), took_since(from).wall * 1e6, "us");
	from = took_now();
	must(index_label_values(x, slice_str("hostname"), NULL, 0, &a, &out, &found, &e), &e);
	report(name_of("index_%u_%s_label_values", n, what), took_since(from).wall * 1e6,
	       name_of("us (%zu)", found));
	from = took_now();
	must(index_label_values(x, slice_str("hostname"), &m, 1, &a, &out, &found, &e), &e);
	report(name_of("index_%u_%s_label_values_of_metric", n, what), took_since(from).wall * 1e6,
	       name_of("us (%zu)", found));
	from = took_now();
	must(index_cardinality(x, 10, &a, &c, &e), &e);
	report(name_of("index_%u_%s_cardinality", n, what), took_since(from).wall * 1e6, "us");
	arena_release(&a);
}

static void measure_series(const char *what, const struct index_set *x, uint32_t n)
{
	struct took from = took_now();
	const struct labels *ls;
	struct arena a;
	struct err e;

	for (uint32_t i = 0; i < n; i += 10000) {
		arena_init(&a, 256 << 20);
		for (uint32_t k = i; k < i + 10000 && k < n; k++)
			must(index_series(x, k + 1, &a, &ls, NULL, &e), &e);
		arena_release(&a);
	}
	report(name_of("index_%u_%s_series", n, what), took_since(from).cpu / n * 1e6, "us");
}

static void measure_questions(const char *what, const struct index_set *x, uint32_t n)
{
	measure_find(what, x, n);
	SELECT("all", like("hostname", ".*", false));
	SELECT("name", is("__name__", "cpu_usage_seconds_total_3"));
	SELECT("name_region", is("__name__", "cpu_usage_seconds_total_3"),
	       is("region", "eu-central-3"));
	SELECT("name_host", is("__name__", "cpu_usage_seconds_total_3"), is("hostname", "host_77"));
	SELECT("host", is("hostname", "host_77"));
	SELECT("name_10_hosts", is("__name__", "cpu_usage_seconds_total_3"),
	       like("hostname",
		    "host_1|host_2|host_3|host_4|host_5|host_6|host_7|host_8|host_9|"
		    "host_10",
		    false));
	SELECT("name_not_team", is("__name__", "cpu_usage_seconds_total_3"),
	       like("team", "team-1|team-2", true));
	SELECT("prefix", like("hostname", "host_12.*", false));
	SELECT("pattern", like("hostname", "host_[0-9]*7", false));
	SELECT("name_pattern", is("__name__", "cpu_usage_seconds_total_3"),
	       like("hostname", "host_[0-9]*7", false));
	measure_lists(what, x, n);
	measure_series(what, x, n);
}

static void measure_open(struct slice blob, uint32_t n)
{
	struct index_verified *v;
	struct index_part p;
	struct took from = took_now();
	struct err e;

	for (int i = 0; i < 1000; i++) {
		v = must_have(index_verified_new(blob.n, &e));
		must(index_part_open(blob, v, &p, &e), &e);
		index_verified_free(v);
	}
	report(name_of("index_%u_part_open", n), took_since(from).wall * 1e3, "us");
}

static void measure_build(const char *what, const struct index_set *from, uint32_t n,
			  struct buf *out)
{
	struct took at = took_now();
	struct err e;

	buf_init(out, UINT32_MAX);
	must(index_part_build(from, NULL, NULL, out, &e), &e);
	report(name_of("index_%u_build_from_%s", n, what), took_since(at).cpu / n * 1e6,
	       "us/series");
}

static void measure(uint32_t n)
{
	struct memory_index *m = fill(n);
	struct index_set memory = { .memories = &m, .nmemories = 1, .max_id = UINT32_MAX };
	struct index_part p;
	struct index_set part = { .parts = &p, .nparts = 1, .max_id = UINT32_MAX };
	struct index_verified *v;
	struct buf blob, again;
	struct took from;
	struct err e;

	measure_questions("memory", &memory, n);
	measure_build("memory", &memory, n, &blob);
	memory_index_unref(m);
	report(name_of("index_%u_part_bytes", n), (double)blob.n, "B");
	measure_open(buf_all(&blob), n);
	v = must_have(index_verified_new(blob.n, &e));
	must(index_part_open(buf_all(&blob), v, &p, &e), &e);
	measure_questions("part", &part, n);
	measure_build("part", &part, n, &again);
	if (again.n != blob.n || memcmp(again.p, blob.p, blob.n) != 0)
		die("the same part merged is another one");
	from = took_now();
	must(index_part_verify(&p, &e), &e);
	report(name_of("index_%u_part_verify", n), took_since(from).wall * 1e3, "ms");
	index_verified_free(v);
	buf_release(&blob);
	buf_release(&again);
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		measure(100000);
		measure(1000000);
	}
	for (int i = 1; i < argc; i++)
		measure((uint32_t)atol(argv[i]));
	return 0;
}
