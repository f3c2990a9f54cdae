/*
 * test_bls.c - the real panel of 51 states: indicators are columns, year and month stand apart.
 */
#include "tests/unit/collectors/documents.h"

#define FILE_NAME "data/bls-laus-states/state_month_nsa_2000on.csv"

static const char *const ignored[] = { "fips" };

static const struct layout panel = {
	.unit = COLUMN("state"),
	.period = COLUMN("year", "month"),
	.indicator = HEADER,
	.ignore = ignored,
	.nignore = 1,
};

static const struct name_pair names[] = {
	{ "pop", "population_persons", NULL },       { "clf", "labour_force_persons", NULL },
	{ "pc_clf", "participation_ratio", NULL },   { "emp", "employed_persons", NULL },
	{ "pc_emp", "employment_ratio", NULL },      { "unem", "unemployed_persons", NULL },
	{ "unem_rate", "unemployment_ratio", NULL },
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* The catalogue of the states that the file names. */
static char *make_catalogue(const char *csv)
{
	size_t cap = 1 << 16, states = 0;
	char *yaml = malloc(cap), last[64] = "", state[64];
	char *to = stpcpy(yaml, "units:\n");

	for (const char *line = strchr(csv, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%*[^,],%63[^,]", state), 1);
		if (strcmp(state, last) == 0)
			continue;
		memcpy(last, state, sizeof(last));
		if (strstr(yaml, state) && strstr(yaml, state)[-1] == '"')
			continue;
		to += sprintf(to, "  - {id: s%zu, class: county, name: \"%s\"}\n", states++, state);
	}
	assert_int_equal(states, 51);
	to = stpcpy(to, "indicators:\n");
	for (size_t i = 0; i < NAMES; i++) {
		bool ratio = strstr(names[i].code, "_ratio") != NULL;

		to += sprintf(to,
			      "  - {code: %s, name: %s, measure: \"%s\", freq: M, form: level,\n"
			      "     reported_by: [county]}\n",
			      names[i].code, names[i].code, ratio ? "%" : "人");
	}
	assert_true((size_t)(to - yaml) < cap);
	return yaml;
}

/* Reads each line again by itself and looks every value up. */
static void compare(struct documents *d, const char *csv)
{
	char state[64], period[16], exact[300], values[NAMES][32];
	int year, month;

	for (const char *line = strchr(csv, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		const struct unit *u;

		assert_int_equal(sscanf(line,
					"%*[^,],%63[^,],%d,%d,%31[^,],%31[^,],%31[^,],%31[^,],"
					"%31[^,],%31[^,],%31[^\n]",
					state, &year, &month, values[0], values[1], values[2],
					values[3], values[4], values[5], values[6]),
				 10);
		/* All months of one year are enough to look up singly; the counts cover the rest.
		 */
		if (year != 2008)
			continue;
		snprintf(period, sizeof(period), "%04d-%02d", year, month);
		u = catalogue_find_unit(d->cat, slice_str(state), UNIT_COUNTY,
					(struct date){ year, month, 1 }, &d->e);
		assert_non_null(u);
		for (size_t i = 0; i < NAMES; i++) {
			snprintf(exact, sizeof(exact), "%s%s", values[i],
				 strstr(names[i].code, "_ratio") ? "e-2" : "");
			assert_figure(d, u->id, names[i].code, period, strtod(exact, NULL));
		}
	}
}

/* The heaviest of them by the same program. Louisiana and Mississippi were hit by hurricane Katrina
 * at the end of August 2005. */
static void check_questions(const struct documents *d)
{
	static const char *const asked[] = {
		"Louisiana 2005-09",      "Louisiana 2005-12",  "California 2019-03",
		"North Carolina 2008-11", "Texas 2009-05",      "Florida 2001-10",
		"Mississippi 2005-09",    "Michigan 2017-07",   "California 2008-03",
		"California 2000-03",     "California 2004-03", "Texas 2009-06",
		"California 2007-07",     "Louisiana 2006-02",  "Michigan 2000-07",
		"Michigan 2000-08",       "Michigan 2004-08",   "California 2018-07",
		"Florida 2002-01",        "California 2001-07",
	};
	enum { ASKED = sizeof(asked) / sizeof(asked[0]) };
	size_t found = 0;

	assert_int_equal(ASKED, PANEL_QUESTIONS);
	assert_int_equal(d->b->ndoubts, ASKED);
	for (size_t k = 0; k < ASKED; k++)
		for (size_t i = 0; i < ASKED; i++) {
			const char *space = strrchr(asked[i], ' ');
			char begin[80];

			snprintf(begin, sizeof(begin),
				 "%.*s, unemployed_persons%s: ", (int)(space - asked[i]), asked[i],
				 space);
			found += strncmp(d->b->doubts[k].text, begin, strlen(begin)) == 0;
		}
	assert_int_equal(found, ASKED);
}

static void a_panel_of_51_states_gives_82467_figures(void **state)
{
	const char *path = shared_path(FILE_NAME);
	struct documents *d;
	struct document doc = { .format = FORMAT_CSV,
				.layout = &panel,
				.class = UNIT_COUNTY,
				.names = names,
				.nnames = NAMES,
				.now_ms = NOW_MS };
	char *csv, *yaml;
	size_t n;

	(void)state;
	if (!path)
		skip();
	csv = tmp_read(path, &n);
	assert_non_null(csv);
	yaml = make_catalogue(csv);
	d = documents_open(yaml, NULL);
	doc.body = slice_of(csv, n);
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->rows, 51 * 231);
	assert_int_equal(d->b->nobs, 51 * 7 * 231);
	assert_int_equal(d->b->refused, 0);
	/* Of the sizes (population, labour force, employed, unemployed), month by month: as counted
	 * by a program in another language from the formulas of docs/methods.md. */
	assert_int_equal(d->b->count[SUSPECT_PANEL], 233);
	assert_int_equal(d->b->suspect, 233);
	check_questions(d);
	assert_int_equal(d->b->body_bytes, n);
	compare(d, csv);
	documents_close(d);
	free(yaml);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_panel_of_51_states_gives_82467_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
