/* test_mapping_secret.c - figures that are kept secret. */
#include "tests/unit/collectors/standard.h"

#define assert_secret(d, unit, indicator, period)                                                  \
	do {                                                                                       \
		const struct observation *o_ = documents_figure(d, unit, indicator, period);       \
		assert_non_null(o_);                                                               \
		assert_int_equal(o_->flags, FIGURE_SUPPRESSED);                                    \
		assert_true(num_same(o_->value, figure_no_value()));                               \
	} while (0)

static void a_mark_instead_of_a_number_is_a_figure_kept_secret(void **state)
{
	struct layout own = long_layout;
	struct document doc =
		standard(HEAD "甲河,税收,2026-10,c\n甲河,税收,2026-09,x\n甲河,税收,2026-08,\n"
			      "甲河,税收,2026-07,保密\n");
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,保密\n甲河,税收,2026-09,涉密\n甲河,税收,2026-08,x\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 2);
	assert_int_equal(d->b->suppressed, 2);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	/* Letters mean it only where the layout says so: x is missing elsewhere. */
	refuses_row(d, "甲河,税收,2026-10,c", REFUSED_VALUE, 15, "'c' is not a number");
	own.suppressed = (const char *const[]){ "c", "x" };
	own.nsuppressed = 2;
	doc.layout = &own;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 3);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
}

static void a_flag_keeps_a_figure_secret_with_or_without_a_number(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,,c\n甲河,税收,2026-09,-,Q\n甲河,税收,2026-08,1234.5,保密\n"
		     "甲河,税收,2026-07,***,涉密\n甲河,税收,2026-06,,p\n甲河,税收,2026-05,7,p\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 5);
	assert_int_equal(d->b->suppressed, 4);
	assert_secret(d, "jiahe", "tax_yuan", "2026-10");
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_secret(d, "jiahe", "tax_yuan", "2026-08");
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
	assert_figure(d, "jiahe", "tax_yuan", "2026-05", 7e4);
	/* Who it is of must be known all the same. */
	refuses_row(d, "丙水,税收,2026-10,,c", REFUSED_UNIT, 1, "no unit is called '丙水'");
}

static void a_confidentiality_is_free_or_keeps_the_figure_secret(void **state)
{
	struct layout own = long_layout;
	struct document doc = standard("园区,指标,期间,数值,密级\n甲河,税收,2026-10,1,F\n"
				       "甲河,税收,2026-09,2,公开\n甲河,税收,2026-08,3,\n"
				       "甲河,税收,2026-07,4,N\n甲河,税收,2026-06,,机密\n"
				       "甲河,税收,2026-05,,F\n甲河,税收,2026-04,5,z\n");
	struct documents *d = *state;

	own.flag = (struct axis){ 0 };
	own.confidentiality = (struct axis)COLUMN("密级");
	doc.layout = &own;
	assert_ok(documents_decode(d, &doc), &d->e);
	assert_int_equal(d->b->nobs, 5);
	assert_figure(d, "jiahe", "tax_yuan", "2026-10", 1e4);
	assert_figure(d, "jiahe", "tax_yuan", "2026-09", 2e4);
	assert_figure(d, "jiahe", "tax_yuan", "2026-08", 3e4);
	assert_secret(d, "jiahe", "tax_yuan", "2026-07");
	assert_secret(d, "jiahe", "tax_yuan", "2026-06");
	/* What a word means is not guessed. */
	assert_int_equal(d->b->ncomplaints, 1);
	assert_complaint(
		d, 0, REFUSED_VALUE, 8, 17,
		"confidentiality 'z' is not known; known are F (公开), and C, N, S and the other "
		"codes of SDMX, 内部, 秘密, 机密, 绝密, 保密, 涉密");
}

static void a_secret_and_a_number_disagree_and_no_number_is_shown(void **state)
{
	struct documents *d = *state;

	take(d, HEAD "甲河,税收,2026-10,保密\n甲河,税收,2026-10,4711\n"
		     "甲河,税收,2026-09,保密\n甲河,税收,2026-09,,c\n");
	assert_int_equal(d->b->nobs, 1);
	assert_secret(d, "jiahe", "tax_yuan", "2026-09");
	assert_int_equal(d->b->count[REFUSED_CONFLICT], 2);
	assert_complaint(d, 0, REFUSED_CONFLICT, 2, 15,
			 "甲河, tax_yuan 2026-10: suppressed here, but a value in line 3, column "
			 "15; neither is taken");
	assert_complaint(d, 1, REFUSED_CONFLICT, 3, 15,
			 "甲河, tax_yuan 2026-10: a value here, but suppressed in line 2, column "
			 "15; neither is taken");
	for (size_t i = 0; i < d->b->ncomplaints; i++) {
		assert_null(strstr(d->b->complaints[i].text, "4711"));
		assert_null(strstr(d->b->complaints[i].text_zh, "4711"));
	}
}

static void nothing_is_held_against_a_secret(void **state)
{
	struct documents *d = *state;

	documents_store(d, "jiahe", "output_yuan", "2026-07", 5e8);
	/* 9 after 5 is no fall, and what is between is not looked at. */
	take(d, HEAD "甲河,总产值,2026-08,保密\n甲河,总产值,2026-09,9\n");
	assert_int_equal(d->b->ncomplaints, 0);
	assert_int_equal(d->b->nobs, 2);
	assert_secret(d, "jiahe", "output_yuan", "2026-08");
	/* The figure before the secret one is what a fall is measured by. */
	take(d, HEAD "甲河,总产值,2026-08,保密\n甲河,总产值,2026-09,4\n");
	assert_int_equal(d->b->count[SUSPECT_YTD_FALLS], 1);
	assert_int_equal(documents_figure(d, "jiahe", "output_yuan", "2026-08")->flags,
			 FIGURE_SUPPRESSED);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, no_history)
	const struct CMUnitTest tests[] = {
		CASE(a_mark_instead_of_a_number_is_a_figure_kept_secret),
		CASE(a_flag_keeps_a_figure_secret_with_or_without_a_number),
		CASE(a_confidentiality_is_free_or_keeps_the_figure_secret),
		CASE(a_secret_and_a_number_disagree_and_no_number_is_shown),
		CASE(nothing_is_held_against_a_secret),
	};

	return cmocka_run_group_tests(tests, open_standard, close_standard);
}
