/*
 * load_set.c - series, times and values of the sets; see load_set.h.
 *
 * All chance comes from one 64-bit mixer over (seed, series, step), so any point
 * can be worked out alone, except for walks, which have to be walked.
 */
#include "bench/load_set.h"

#include "base/date.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum {
	PARK_SERIES = 60,
	PARK_FIRST_YEAR = 2010,
	HOST_SERIES = 10,
	SHANGHAI_S = 8 * 3600, /* since 1991 without summer time */
	END_AGO_MS = 120 * 1000,
};

static const struct load_set sets[] = {
	{ "S", "4,000 series, 10 s, 24 h", LOAD_DEVOPS, 4000, HOST_SERIES, 8640, 1, 10000 },
	{ "M", "100,000 series, 15 s, 1 h", LOAD_DEVOPS, 100000, HOST_SERIES, 240, 1, 15000 },
	{ "parks", "200 parks, 60 indicators, 200 months, 5 % corrected", LOAD_PARKS, 12000,
	  PARK_SERIES, 200, LOAD_MONTHS_A_YEAR },
	{ "churn", "1,000,000 series, one sample each", LOAD_DEVOPS, 1000000, HOST_SERIES, 1, 1,
	  15000 },
	{ "Smini", "400 series, 10 s, 1 h", LOAD_DEVOPS, 400, HOST_SERIES, 360, 1, 10000 },
	{ "Mmini", "10,000 series, 15 s, 5 min", LOAD_DEVOPS, 10000, HOST_SERIES, 20, 1, 15000 },
	{ "parksmini", "5 parks, 60 indicators, 200 months, 5 % corrected", LOAD_PARKS, 300,
	  PARK_SERIES, 200, LOAD_MONTHS_A_YEAR },
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

const char *load_set_help(size_t i)
{
	static char line[96];

	if (i >= SETS)
		return NULL;
	snprintf(line, sizeof(line), "%-10s %s", sets[i].name, sets[i].help);
	return line;
}

int load_set_find(const char *name, struct load_set *set, struct err *e)
{
	char names[96] = "";
	size_t n = 0;

	for (size_t i = 0; i < SETS; i++) {
		if (strcmp(sets[i].name, name) == 0) {
			*set = sets[i];
			set->seed = 1;
			load_set_end(set, (int64_t)time(NULL) / 60 * 60 * 1000 - END_AGO_MS);
			return 0;
		}
		n += (size_t)snprintf(names + n, sizeof(names) - n, " %s", sets[i].name);
	}
	return err_set(e, ERR_NOT_FOUND, "there is no set '%s'; there are:%s", name, names);
}

int load_set_resize(struct load_set *set, double series, struct err *e)
{
	double groups = ceil(series / set->group);

	if (!(series > 0) || groups * set->group > LOAD_SERIES_MAX)
		return err_set(e, ERR_LIMIT, "%g series: there may be 1 to %d", series,
			       LOAD_SERIES_MAX);
	set->series = (uint32_t)groups * set->group;
	return 0;
}

void load_set_end(struct load_set *set, int64_t end_ms)
{
	set->first_ms = end_ms - (int64_t)(set->steps - 1) * set->interval_ms;
}

/* --- chance -------------------------------------------------------------------- */

/* The finaliser of Austin Appleby's MurmurHash3, constants by David Stafford (mix 13). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t mix2(uint64_t a, uint64_t b)
{
	return mix(mix(a + UINT64_C(0x9e3779b97f4a7c15)) ^ b);
}

/* [0, 1) */
static double fraction(uint64_t r)
{
	return ldexp((double)(r >> 11), -53);
}

/* Mean 0, deviation 1, bell-shaped enough: the sum of four 16-bit draws. */
static double bell(uint64_t r)
{
	uint64_t sum = (r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48);

	return ((double)sum / 65536.0 - 2.0) * 1.7320508;
}

static double rounded(double v, int decimals)
{
	static const double powers[] = { 1, 10, 100, 1000 };

	return nearbyint(v * powers[decimals]) / powers[decimals] + 0.0;
}

/* --- devops ---------------------------------------------------------------------- */

static const char *const modes[] = { "user", "system", "iowait", "idle" };
static const char *const devices[] = { "eth0", "eth1", "eth2" };
static const char *const windows[] = { "1m", "5m", "15m" };
static const char *const regions[] = {
	"cn-north-1", "cn-north-2",     "cn-east-1", "cn-east-2",
	"cn-south-1", "cn-southwest-1", "eu-west-1", "ap-southeast-1"
};
static const char *const systems[] = { "debian-12", "debian-11", "openeuler-22.03" };
static const char *const teams[] = { "platform", "storage", "network", "payments" };

enum { WHOLE = 4, COUNTERS = 7 }; /* of a host's ten: the first 4, the next 3, the rest */

/* Idle in so many of 256 steps, a reset in about one of a million. */
enum { COUNTER_IDLE = 38, COUNTER_RESET_BITS = 20 };

void load_walk_start(const struct load_set *set, uint32_t series, struct load_walk *w)
{
	uint64_t r;

	*w = (struct load_walk){ .key = mix2(set->seed, series), .kind = series % HOST_SERIES };
	r = mix(w->key + 1);
	if (w->kind < WHOLE) {
		w->at = (double)(r % 101);
	} else if (w->kind < COUNTERS) {
		w->at = floor(fraction(r) * 1e9);
		w->pace = pow(10.0, 3.0 + 3.0 * fraction(mix(w->key + 2)));
	} else {
		w->at = 400.0 + floor(fraction(r) * 800.0);
	}
}

static double counter_next(struct load_walk *w, uint64_t r)
{
	if (r << (64 - COUNTER_RESET_BITS) == 0)
		w->at = 0;
	else if (r >> 56 >= COUNTER_IDLE)
		w->at += floor(w->pace * (1.0 + 0.3 * bell(r)) + 0.5);
	return w->at;
}

double load_walk_next(struct load_walk *w, uint32_t step)
{
	uint64_t r = mix2(w->key, step);
	bool three = w->kind == HOST_SERIES - 1;

	if (w->kind < WHOLE) {
		w->at = fmin(100.0, fmax(0.0, w->at + nearbyint(bell(r)))) + 0.0;
		return w->at;
	}
	if (w->kind < COUNTERS)
		return counter_next(w, r);
	w->at = fabs(w->at + nearbyint((three ? 4.0 : 12.0) * bell(r)));
	return w->at / (three ? 1000.0 : 100.0);
}

static void label_text(struct load_labels *out, const char *name, const char *text)
{
	struct load_label *l = &out->label[out->n++];

	l->name = name;
	snprintf(l->value, sizeof(l->value), "%s", text);
}

static void label_number(struct load_labels *out, const char *name, const char *prefix,
			 uint32_t number)
{
	struct load_label *l = &out->label[out->n++];

	l->name = name;
	snprintf(l->value, sizeof(l->value), "%s%u", prefix, number);
}

/* Which of its host's ten a series is: one label, whose name differs by metric and so
 * its place among the sorted labels. */
static void label_part(struct load_labels *out, uint32_t kind, const char *name)
{
	if (kind < WHOLE && strcmp(name, "mode") == 0)
		label_text(out, name, modes[kind]);
	else if (kind >= WHOLE && kind < COUNTERS && strcmp(name, "device") == 0)
		label_text(out, name, devices[kind - WHOLE]);
	else if (kind >= COUNTERS && strcmp(name, "window") == 0)
		label_text(out, name, windows[kind - COUNTERS]);
}

static const char *devops_name(uint32_t kind)
{
	if (kind < WHOLE)
		return "cpu_usage_percent";
	return kind < COUNTERS ? "network_receive_bytes_total" : "load_average";
}

static void devops_labels(uint32_t series, struct load_labels *out)
{
	uint32_t host = series / HOST_SERIES, kind = series % HOST_SERIES;
	uint64_t r = mix(host + UINT64_C(77));
	const char *region = regions[r % 8];
	char datacenter[LOAD_LABEL_VALUE];

	label_text(out, "__name__", devops_name(kind));
	label_text(out, "arch", r >> 3 & 1 ? "amd64" : "arm64");
	snprintf(datacenter, sizeof(datacenter), "%s%c", region, (char)('a' + (r >> 8) % 3));
	label_text(out, "datacenter", datacenter);
	label_part(out, kind, "device");
	label_number(out, "hostname", "host-", host);
	label_part(out, kind, "mode");
	label_text(out, "os", systems[(r >> 16) % 3]);
	label_number(out, "rack", "", (uint32_t)(r >> 24) % 100);
	label_text(out, "region", region);
	label_number(out, "service", "service-", (uint32_t)(r >> 40) % 20);
	label_text(out, "team", teams[r >> 56 & 3]);
	label_part(out, kind, "window");
}

/* --- parks ------------------------------------------------------------------------- */

/* What is reported and with how many decimals; each comes as the month's value, the
 * sum since New Year (a level: the same again) and the growth on the year before. */
enum measure { AMOUNT, AMOUNT_CENTS, COUNT, SHARE };
static const struct stem {
	const char *name;
	enum measure measure;
} stems[PARK_SERIES / 3] = {
	{ "industrial_output", AMOUNT },
	{ "business_revenue", AMOUNT_CENTS },
	{ "enterprises", COUNT },
	{ "capacity_used", SHARE },
	{ "fixed_investment", AMOUNT },
	{ "tax_revenue", AMOUNT_CENTS },
	{ "employees", COUNT },
	{ "sales_to_output", SHARE },
	{ "exports", AMOUNT },
	{ "research_expenses", AMOUNT_CENTS },
	{ "patents", COUNT },
	{ "clean_energy", SHARE },
	{ "imports", AMOUNT },
	{ "profits", AMOUNT_CENTS },
	{ "projects_under_way", COUNT },
	{ "land_developed", SHARE },
	{ "foreign_investment", AMOUNT },
	{ "wages", AMOUNT_CENTS },
	{ "high_tech_enterprises", COUNT },
	{ "high_tech_output", SHARE },
};
static const int measure_decimals[] = { 0, 2, 0, 1 };
static const char *const measure_units[] = { "wan_yuan", "wan_yuan", "total", "percent" };

enum variant { MONTH, CUMULATIVE, GROWTH };

struct park_series {
	uint64_t key; /* of the park's indicator */
	const struct stem *stem;
	enum variant variant;
};

static struct park_series park_series(const struct load_set *set, uint32_t series)
{
	uint32_t indicator = series % PARK_SERIES;

	return (struct park_series){
		.key = mix2(set->seed ^ UINT64_C(0x7061726b),
			    series / PARK_SERIES * 64 + indicator / 3),
		.stem = &stems[indicator / 3],
		.variant = (enum variant)(indicator % 3),
	};
}

/* month -12 is the first of the year before the set begins: growth needs it */
static double month_value(const struct park_series *s, int month)
{
	uint64_t noise = mix2(s->key, (uint64_t)(int64_t)month);
	uint64_t quarter = mix2(s->key + 7, (uint64_t)(int64_t)((month + 12) / 3));
	enum measure m = s->stem->measure;
	double size, growth, season;

	if (m == SHARE)
		return rounded(35.0 + 60.0 * fraction(s->key) + 2.0 * bell(noise), 1);
	size = pow(10.0, 2.0 + 4.0 * fraction(s->key));
	growth = pow(1.02 + 0.1 * fraction(mix(s->key + 1)), (month + 12) / 12.0);
	if (m == COUNT) /* counted once a quarter */
		return rounded((20.0 + size / 100.0) * growth * (1.0 + 0.01 * bell(quarter)), 0);
	season = sin(6.283185307179586 * ((month + 12) % 12 / 12.0 + fraction(mix(s->key + 2))));
	return rounded(size * growth * (1.0 + 0.18 * season) * (1.0 + 0.04 * bell(noise)),
		       measure_decimals[m]);
}

static double park_value(const struct load_set *set, uint32_t series, uint32_t step)
{
	struct park_series s = park_series(set, series);
	enum measure m = s.stem->measure;
	int month = (int)step;
	double v = 0, before;

	if (s.variant == GROWTH) {
		before = month_value(&s, month - LOAD_MONTHS_A_YEAR);
		return before > 0 ? rounded((month_value(&s, month) / before - 1.0) * 100.0, 1) : 0;
	}
	if (s.variant == MONTH || m == COUNT || m == SHARE)
		return month_value(&s, month);
	for (int i = month - month % LOAD_MONTHS_A_YEAR; i <= month; i++)
		v += month_value(&s, i);
	return rounded(v, measure_decimals[m]);
}

bool load_corrected(const struct load_set *set, uint32_t series, uint32_t step, double *revised)
{
	static const double last_place[] = { 1, 0.1, 0.01 };
	struct park_series s;
	int decimals;
	uint64_t r;
	double v;

	if (set->kind != LOAD_PARKS)
		return false;
	r = mix2(set->seed ^ UINT64_C(0x636f7272), (uint64_t)series << 32 | step);
	if (r % 20 != 0)
		return false;
	if (!revised)
		return true;
	s = park_series(set, series);
	decimals = s.variant == GROWTH ? 1 : measure_decimals[s.stem->measure];
	v = park_value(set, series, step);
	*revised = rounded(v * (1.0 + 0.03 * bell(mix(r))), decimals);
	if (*revised == v)
		*revised = rounded(v + last_place[decimals], decimals);
	return true;
}

static void park_labels(uint32_t series, struct load_labels *out)
{
	static const char *const variants[] = { "", "_cumulative", "_growth" };
	const struct stem *stem = &stems[series % PARK_SERIES / 3];
	uint32_t variant = series % 3;
	char name[LOAD_LABEL_VALUE];

	snprintf(name, sizeof(name), "park_%s%s_%s", stem->name, variants[variant],
		 variant == GROWTH ? "percent" : measure_units[stem->measure]);
	label_text(out, "__name__", name);
	label_text(out, "basis", "period");
	label_text(out, "freq", "M");
	label_number(out, "park", "park-", series / PARK_SERIES);
}

uint32_t load_years(const struct load_set *set)
{
	return (set->steps + LOAD_MONTHS_A_YEAR - 1) / LOAD_MONTHS_A_YEAR;
}

void load_year_order(const struct load_set *set, uint32_t park, uint32_t *order)
{
	uint32_t n = load_years(set);

	for (uint32_t i = 0; i < n; i++) { /* inside-out shuffle */
		uint32_t j = (uint32_t)(mix2(set->seed + park, i) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
}

/* --- either kind --------------------------------------------------------------------- */

int64_t load_time(const struct load_set *set, uint32_t step)
{
	struct date last;

	if (set->kind == LOAD_DEVOPS)
		return set->first_ms + (int64_t)step * set->interval_ms;
	last.year = PARK_FIRST_YEAR + (int)step / LOAD_MONTHS_A_YEAR;
	last.month = (int)step % LOAD_MONTHS_A_YEAR + 1;
	last.day = date_month_days(last.year, last.month);
	return (date_to_days(last) * 86400 - SHANGHAI_S) * 1000;
}

void load_labels(const struct load_set *set, uint32_t series, struct load_labels *out)
{
	out->n = 0;
	if (set->kind == LOAD_DEVOPS)
		devops_labels(series, out);
	else
		park_labels(series, out);
}

double load_value(const struct load_set *set, uint32_t series, uint32_t step)
{
	struct load_walk w;
	double v = 0;

	if (set->kind == LOAD_PARKS)
		return park_value(set, series, step);
	load_walk_start(set, series, &w);
	for (uint32_t i = 0; i <= step; i++)
		v = load_walk_next(&w, i);
	return v;
}
