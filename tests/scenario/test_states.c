/*
 * test_states.c - the panel of 51 states of the Bureau of Labor Statistics, connected by
 * configuration only: indicators are columns, year and month stand apart, the source has its own
 * words for both.
 */
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"
#include "tests/scenario/scene.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { STATES = 51, INDICATORS = 7, MONTHS = 231, FIGURES = STATES * INDICATORS * MONTHS };

static const char config[] =
	"listen: 127.0.0.1:0\n"
	"data_dir: data\n"
	"timezone: America/New_York\n"
	"catalogue: [catalogue.yaml]\n"
	"feeds:\n"
	"  - name: laus\n"
	"    folder: drop\n"
	"    every: 2s\n"
	"    format: csv\n"
	"    layout:\n"
	"      unit: {column: state}\n"
	"      period: {columns: [year, month], join: \"-\"}\n"
	"      indicator: {header: true}\n"
	"      ignore: [fips]\n"
	"    names: {pop: population_persons, clf: labour_force_persons, pc_clf: "
	"participation_ratio,\n"
	"      emp: employed_persons, pc_emp: employment_ratio, unem: unemployed_persons,\n"
	"      unem_rate: unemployment_ratio}\n";

static const char *const persons[] = { "population", "labour_force", "employed", "unemployed" };
static const char *const ratios[] = { "participation", "employment", "unemployment" };

/* One unit for each state the file names, in the order of the file. */
static void write_catalogue(struct scene *s, const char *csv)
{
	char *text, last[64] = "", state[64];
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	fputs("units:\n", f);
	for (const char *line = strchr(csv, '\n') + 1; *line && n < STATES;
	     line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%*[^,],%63[^,]", state), 1);
		if (strcmp(state, last) != 0)
			fprintf(f, "  - {id: s%02zu, class: park, name: \"%s\"}\n", n++, state);
		memcpy(last, state, sizeof(last));
	}
	assert_int_equal(n, STATES);
	fputs("indicators:\n", f);
	for (size_t i = 0; i < 4; i++)
		fprintf(f, "  - {code: %s_persons, name: %s, measure: 人, freq: M, form: level}\n",
			persons[i], persons[i]);
	for (size_t i = 0; i < 3; i++)
		fprintf(f,
			"  - {code: %s_ratio, name: %s rate, measure: \"%%\", freq: M, form: "
			"level}\n",
			ratios[i], ratios[i]);
	fclose(f);
	scene_write(s, "catalogue.yaml", "%s", text);
	free(text);
}

static bool taken(struct scene *s, void *ctx)
{
	(void)ctx;
	return scene_count_figures(s) == FIGURES && scene_feeds_quiet(s, NULL);
}

/* The stamp is midnight in New York. */
static double value_of(struct scene *s, const char *family, const char *unit, const char *stamp)
{
	struct labels *ls =
		labels_make(&s->e, family, "park", unit, "freq", "M", "basis", "level", NULL);
	struct snapshot *v = snapshot_open(daemon_store(s->d), 0, &s->e);
	struct series_ref ref;
	struct vintage f;
	bool found;

	assert_non_null(v);
	assert_ok(snapshot_find(v, ls, &ref, &s->e), &s->e);
	assert_ok(snapshot_last_figure(v, ref.id, scene_time(stamp), VIEW_LATEST, &f, &found,
				       &s->e),
		  &s->e);
	assert_true(found);
	assert_int_equal(f.stamp_ms, scene_time(stamp));
	snapshot_close(v);
	labels_unref(ls);
	return f.value;
}

static void check_values(struct scene *s)
{
	assert_int_equal(scene_count_figures(s), FIGURES);
	/* The first row of the file, in winter time, and the last, in summer time. */
	assert_f64(value_of(s, "park_population_persons", "s00", "2000-01-31T00:00:00-05:00"),
		   3370052);
	assert_f64(value_of(s, "park_unemployment_ratio", "s00", "2000-01-31T00:00:00-05:00"),
		   0.051);
	assert_f64(value_of(s, "park_employed_persons", "s50", "2019-03-31T00:00:00-04:00"),
		   276885);
	assert_f64(value_of(s, "park_unemployment_ratio", "s50", "2019-03-31T00:00:00-04:00"),
		   0.038);
}

/* Nothing is refused; 233 figures are unlike those of the other states (test_bls.c): 20 are asked
 * about, the others are said in one line. */
static void check_reasons(struct scene *s)
{
	size_t lines = 0, panel = 0;
	char *text =
		tmp_read(tmp_path(s->dir, "drop/accepted/state_month_nsa_2000on.csv.reasons.txt"),
			 NULL);

	assert_non_null(text);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	for (const char *p = text; (p = strstr(p, ": panel: ")); p++)
		panel++;
	assert_int_equal(panel, 21);
	assert_int_equal(lines, 2 * panel); /* each in two languages */
	free(text);
}

static void fifty_one_states_by_configuration_only(void **state)
{
	const char *data = shared_data();
	struct scene s;
	char path[4200], *csv;
	size_t n;

	(void)state;
	if (!data) {
		print_message("SKIPPED: the shared data folder is missing\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/bls-laus-states/state_month_nsa_2000on.csv", data);
	csv = tmp_read(path, &n);
	assert_non_null(csv);
	scene_make(&s, "2019-06-01T08:00:00-04:00");
	mkdir(tmp_path(s.dir, "drop"), 0700);
	write_catalogue(&s, csv);
	scene_write(&s, "parkwatch.yaml", "%s", config);
	tmp_write(tmp_path(s.dir, "drop/state_month_nsa_2000on.csv"), csv, n);
	free(csv);
	scene_open(&s);
	scene_until(&s, taken, NULL, 5 * 60 * 1000, 1000, "82,467 figures");
	check_values(&s);
	check_reasons(&s);
	/* All of it is there again after a restart. */
	scene_close(&s);
	scene_open(&s);
	check_values(&s);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_one_states_by_configuration_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
