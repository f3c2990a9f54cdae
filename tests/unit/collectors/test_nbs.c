/*
 * test_nbs.c - the real panel of 31 provinces, as data.stats.gov.cn exports it.
 *
 * Title lines, newest month first, 36 months, a footer, empty Januaries. The values
 * are read a second time here by a reader that shares nothing with the decoder.
 */
#include "tests/unit/collectors/documents.h"

#include <dirent.h>
#include <iconv.h>

#define FOLDER "data/nbs-provincial-realestate/csv"

static const struct layout as_published = {
	.unit = TITLE("地区"),
	.indicator = COLUMN("指标"),
	.period = HEADER,
};

static int open_provinces(void **state)
{
	*state = documents_open(NULL, "examples/provinces/catalogue.yaml");
	return 0;
}

static int close_provinces(void **state)
{
	documents_close(*state);
	return 0;
}

static struct document nbs_document(char *body, size_t n)
{
	return (struct document){ .format = FORMAT_CSV,
				  .layout = &as_published,
				  .class = UNIT_PARK,
				  .body = slice_of(body, n),
				  .now_ms = NOW_MS };
}

/* --- the second reader --------------------------------------------------------------- */

/* The k-th comma-separated cell of a line (no quotes in these files). */
static char *cell(const char *line, int k, char out[128])
{
	size_t n;

	while (k--)
		line = strchr(line, ',') + 1;
	n = strcspn(line, ",\r\n");
	assert_true(n < 128);
	memcpy(out, line, n);
	out[n] = '\0';
	return out;
}

static const char *line_at(const char *body, int n)
{
	while (n--)
		body = strchr(body, '\n') + 1;
	return body;
}

static const char *code_of(const char *name)
{
	if (strcmp(name, "房地产投资累计值(亿元)") == 0)
		return "real_estate_investment_yuan";
	if (strcmp(name, "房地产投资累计增长(%)") == 0)
		return "real_estate_investment_growth_ratio";
	if (strcmp(name, "房地产住宅投资累计值(亿元)") == 0)
		return "residential_investment_yuan";
	if (strcmp(name, "房地产住宅投资累计增长(%)") == 0)
		return "residential_investment_growth_ratio";
	fail_msg("unknown row %s", name);
	return NULL;
}

/* Compares each cell of the file with the batch; counts the figures. */
static size_t compare(struct documents *d, const char *body)
{
	char unit[128], name[128], month[128], text[128], exact[160];
	const char *header = line_at(body, 3);
	size_t n = 0;

	cell(line_at(body, 1), 0, unit);
	assert_memory_equal(unit, "地区：", strlen("地区："));
	for (int row = 4; row < 8; row++) {
		const char *line = line_at(body, row);
		const struct unit *u =
			catalogue_find_unit(d->cat, slice_str(unit + strlen("地区：")), UNIT_PARK,
					    (struct date){ 2019, 12, 31 }, &d->e);
		const char *code = code_of(cell(line, 0, name));
		bool yuan = strstr(code, "_yuan") != NULL;

		assert_non_null(u);
		for (int k = 1; k <= 36; k++) {
			cell(header, k, month);
			cell(line, k, text);
			if (!*text) {
				assert_null(documents_figure(d, u->id, code, month));
				continue;
			}
			assert_null(strstr(month, "年1月"));
			snprintf(exact, sizeof(exact), "%se%d", text, yuan ? 8 : -2);
			assert_figure(d, u->id, code, month, strtod(exact, NULL));
			n++;
		}
	}
	return n;
}

/* --- the tests ------------------------------------------------------------------------- */

/* Calls `each` for the 31 files. */
static void each_file(void (*each)(void *ctx, char *body, size_t n), void *ctx)
{
	const char *one = shared_path(FOLDER "/北京.csv");
	char path[4096];
	struct dirent *entry;
	DIR *dir;

	if (!one) {
		skip();
		return;
	}
	snprintf(path, sizeof(path), "%s", one);
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	if (!dir) {
		fail_msg("cannot read %s", path);
		return;
	}
	while ((entry = readdir(dir))) {
		size_t n;
		char *body;

		if (!strstr(entry->d_name, ".csv"))
			continue;
		body = tmp_read(tmp_path(path, entry->d_name), &n);
		assert_non_null(body);
		each(ctx, body, n);
		free(body);
	}
	closedir(dir);
}

struct totals {
	struct documents *d;
	size_t files, figures, observations, januaries, suspect, refused;
	char falls[8][300];
	size_t nfalls;
};

static void check_file(void *ctx, char *body, size_t n)
{
	struct totals *t = ctx;
	struct document doc = nbs_document(body, n);

	assert_ok(documents_decode(t->d, &doc), &t->d->e);
	t->files++;
	t->observations += t->d->b->nobs;
	t->refused += t->d->b->refused;
	t->suspect += t->d->b->suspect;
	for (size_t i = 0; i < t->d->b->ncomplaints; i++)
		snprintf(t->falls[t->nfalls++ % 8], sizeof(t->falls[0]), "%u:%u %s",
			 t->d->b->complaints[i].line, t->d->b->complaints[i].column,
			 t->d->b->complaints[i].text);
	for (size_t i = 0; i < t->d->b->nobs; i++) {
		const struct observation *o = &t->d->b->obs[i];

		assert_int_equal(o->months, 1);
		t->januaries += zone_civil(t->d->zone, o->stamp_ms).date.month == 1;
	}
	t->figures += compare(t->d, body);
}

static bool told(const struct totals *t, const char *sentence)
{
	for (size_t i = 0; i < t->nfalls; i++)
		if (strcmp(t->falls[i], sentence) == 0)
			return true;
	return false;
}

static void all_4090_values_of_31_provinces_are_exact_and_none_is_of_january(void **state)
{
	struct totals t = { .d = *state };

	each_file(check_file, &t);
	assert_int_equal(t.files, 31);
	assert_int_equal(t.figures, 4090);
	assert_int_equal(t.observations, 4090);
	assert_int_equal(t.januaries, 0);
	assert_int_equal(t.refused, 0);
	/* The only complaints: three cumulative figures that really fall, all in December 2017.
	 * Housing is nowhere more than all of it, and of 1,363 published growth rates twelve lie
	 * more than 0.15 percentage points from the ratio of levels, all within its rounding. */
	assert_int_equal(t.suspect, 3);
	assert_true(
		told(&t,
		     "5:161 内蒙古自治区, real_estate_investment_yuan 2017-12: 88972000000 is "
		     "cumulative, but less than 90598000000 of 2017-11; kept, marked as suspect"));
	assert_true(
		told(&t,
		     "7:160 内蒙古自治区, residential_investment_yuan 2017-12: 64585000000 is "
		     "cumulative, but less than 66528000000 of 2017-11; kept, marked as suspect"));
	assert_true(
		told(&t,
		     "7:151 青海省, residential_investment_yuan 2017-12: 21366000000 is "
		     "cumulative, but less than 21501000000 of 2017-11; kept, marked as suspect"));
}

static void a_real_growth_rate_with_its_digits_swapped_is_doubted(void **state)
{
	static const char other[] = ",24.2,42,20.6,";
	const char *path = shared_path(FOLDER "/北京.csv"), *said;
	struct documents *d = *state;
	struct document doc;
	char *body, *rate;
	size_t n;

	if (!path) {
		skip();
		return;
	}
	body = tmp_read(path, &n);
	assert_non_null(body);
	rate = strstr(body, ",24.2,24,20.6,"); /* March 2019: 24 */
	assert_non_null(rate);
	memcpy(rate, other, sizeof(other) - 1);
	doc = nbs_document(body, n);
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 1);
	assert_int_equal(d->b->complaints[0].why, SUSPECT_GROWTH);
	said = d->b->complaints[0].text;
	assert_has(said, "北京市, real_estate_investment_growth_ratio 2019-03: growth is published "
			 "as 42 %, but the figures of real_estate_investment_yuan give 23.9");
	assert_figure(d, "beijing", "real_estate_investment_growth_ratio", "2019-03", 0.42);
	free(body);
}

/* The file as the bureau's older exports have it: GB18030 without BOM. */
static char *to_gb18030(char *body, size_t n, size_t *out_n)
{
	iconv_t cd = iconv_open("GB18030", "UTF-8");
	char *out = malloc(n + 1), *to = out;
	char *from = body + 3;
	size_t left = n - 3, room = n;

	assert_true(cd != (iconv_t)-1);
	assert_memory_equal(body, "\xef\xbb\xbf", 3);
	if (!out || iconv(cd, &from, &left, &to, &room) == (size_t)-1)
		fail_msg("cannot be written in GB18030");
	iconv_close(cd);
	*out_n = (size_t)(to - out);
	return out;
}

static void check_file_in_gbk(void *ctx, char *body, size_t n)
{
	struct totals *t = ctx;
	size_t gbk_n;
	char *gbk = to_gb18030(body, n, &gbk_n);
	struct document doc = nbs_document(gbk, gbk_n);

	assert_ok(documents_decode(t->d, &doc), &t->d->e);
	free(gbk);
	t->refused += t->d->b->refused;
	t->figures += compare(t->d, body);
}

static void the_same_tables_in_gbk_give_the_same_figures(void **state)
{
	struct totals t = { .d = *state };

	each_file(check_file_in_gbk, &t);
	assert_int_equal(t.figures, 4090);
	assert_int_equal(t.refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_4090_values_of_31_provinces_are_exact_and_none_is_of_january),
		cmocka_unit_test(a_real_growth_rate_with_its_digits_swapped_is_doubted),
		cmocka_unit_test(the_same_tables_in_gbk_give_the_same_figures),
	};

	return cmocka_run_group_tests(tests, open_provinces, close_provinces);
}
