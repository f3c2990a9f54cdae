/*
 * figures.c - see figures.h.
 *
 * An annual figure is the unit's size times the indicator's typical size times
 * growth since 2024; a target is the same with ambition on top, so most units
 * come near their targets, and a lagging one is scaled down. Months follow the
 * provincial profile with a little noise on each month's increment, so a
 * year-to-date figure never falls by itself.
 */
#include "examples/city/figures.h"
#include "base/map.h"

#include <math.h>

static const struct typical {
	const char *code;
	double native; /* a year's flow or a level, in the native measure */
	bool targeted; /* the joint conference sets a target for it */
} typicals[] = {
	{ "industrial_value_added_yuan", 45, true },
	{ "value_added_yuan", 60, true },
	{ "industrial_output_yuan", 150, false },
	{ "industrial_revenue_yuan", 137, true },
	{ "industrial_profit_yuan", 9, false },
	{ "fixed_asset_investment_yuan", 56, true },
	{ "industrial_investment_yuan", 40, true },
	{ "tech_upgrade_investment_yuan", 10, false },
	{ "infrastructure_investment_yuan", 5, true },
	{ "out_of_province_funds_yuan", 25, true },
	{ "foreign_direct_investment_usd", 3000, true },
	{ "contracted_investment_yuan", 80, false },
	{ "imports_exports_usd", 10000, false },
	{ "exports_usd", 7000, true },
	{ "tax_revenue_yuan", 4, true },
	{ "budget_revenue_yuan", 1.24, true },
	{ "financing_raised_yuan", 5, false },
	{ "loan_balance_yuan", 40, false },
	{ "new_loans_yuan", 6, false },
	{ "sme_guarantee_balance_yuan", 3, false },
	{ "employees_persons", 16700, false },
	{ "new_jobs_persons", 1500, true },
	{ "wages_yuan", 5, false },
	{ "above_scale_enterprises", 44, false },
	{ "new_above_scale_enterprises", 6, false },
	{ "units", 280, false },
	{ "loss_making_enterprise_ratio", 9, false },
	{ "industrial_profit_margin_ratio", 6.5, false },
	{ "output_sales_ratio", 98, false },
	{ "capacity_utilisation_ratio", 75, false },
	{ "finished_goods_inventory_yuan", 5, false },
	{ "projects_over_100m_under_construction", 20, false },
	{ "projects_started", 12, false },
	{ "projects_completed", 8, false },
	{ "approval_duration_seconds", 20, false },
	{ "land_supplied_square_meters", 1500, true },
	{ "idle_land_square_meters", 100, false },
	{ "built_up_area_square_meters", 8, false },
	{ "planned_area_square_meters", 15, false },
	{ "standard_factory_area_square_meters", 60, false },
	{ "multistorey_factory_area_square_meters", 25, false },
	{ "standard_factory_occupancy_ratio", 75, false },
	{ "road_length_meters", 60, false },
	{ "water_main_length_meters", 50, false },
	{ "public_green_area_square_meters", 50, false },
	{ "industrial_electricity_joules", 5000, false },
	{ "energy_consumption_tce", 20, false },
	{ "wastewater_treated_ratio", 90, false },
	{ "trained_persons", 2000, true },
	{ "invention_patents", 20, false },
	{ "hightech_enterprises", 8, false },
	{ "rd_institutions", 5, false },
	{ "rd_expenditure_yuan", 1.5, false },
};

enum { BASE_YEAR = 2024, HISTORY_YEARS = 4, LAG_1 = 2, LAG_2 = 6, LATE = 4, CORRECTS = 1, GBK = 8 };

static const struct typical *typical_of(const struct indicator *i)
{
	for (size_t k = 0; k < sizeof(typicals) / sizeof(typicals[0]); k++)
		if (strcmp(typicals[k].code, i->code) == 0)
			return &typicals[k];
	return NULL;
}

/* A number in [-1, 1) that belongs to these words for ever. */
static double noise(const char *a, const char *b, int64_t k)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%s/%s/%lld", a, b, (long long)k);
	uint64_t h = hash_bytes(text, (size_t)(n < (int)sizeof(text) ? n : (int)sizeof(text) - 1));

	return (double)(h >> 11) / (double)(1ULL << 52) - 1;
}

/* Place among the units of class park; -1 for others. */
static int park_place(const struct catalogue *c, const struct unit *u)
{
	int place = 0;

	if (u->class != UNIT_PARK)
		return -1;
	for (size_t i = 0; i < catalogue_units(c); i++) {
		const struct unit *o = catalogue_unit_at(c, i);

		if (o == u)
			return place;
		place += o->class == UNIT_PARK && !o->valid.to.year;
	}
	return -1;
}

enum part figure_part(const struct catalogue *c, const struct unit *u)
{
	switch (park_place(c, u)) {
	case LAG_1:
	case LAG_2:
		return PART_LAGS;
	case LATE:
		return PART_LATE;
	case CORRECTS:
		return PART_CORRECTS;
	case GBK:
		return PART_GBK;
	default:
		return PART_PLAIN;
	}
}

/* Native measure to base unit. */
static double scale_factor(const struct indicator *i)
{
	return (double)i->scale.mul / (double)i->scale.div * pow(10, i->scale.shift);
}

static double unit_size(const struct unit *u)
{
	double class_size = u->class == UNIT_PARK ? 1 : u->class == UNIT_CITY ? 30 : 6;

	return class_size * (1 + 0.45 * noise(u->id, "size", 0));
}

static double growth(const struct unit *u, const struct indicator *i)
{
	return 0.09 + 0.03 * noise(u->id, i->code, -1);
}

/* A year's flow in the native measure, were it just on its way. */
static double annual_plain(const struct unit *u, const struct indicator *i, int year)
{
	const struct typical *t = typical_of(i);
	double base = (t ? t->native : 100) * unit_size(u) * (1 + 0.15 * noise(u->id, i->code, 0));

	return base * pow(1 + growth(u, i), year - BASE_YEAR);
}

static double annual_target(const struct unit *u, const struct indicator *i, int year)
{
	return annual_plain(u, i, year) * (1 + 0.01 * noise(u->id, i->code, year));
}

/* What the unit reaches of its target. */
static double performance(const struct catalogue *c, const struct unit *u,
			  const struct indicator *i, int year)
{
	if (figure_part(c, u) == PART_LAGS)
		return 0.74 + 0.02 * noise(u->id, i->code, year + 7);
	return 1.05 + 0.03 * noise(u->id, i->code, year + 7);
}

static double annual(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		     int year)
{
	struct date end = { year, 12, 31 };
	const struct target *t = catalogue_target(c, u, i, year, end);
	double goal = t ? t->value / scale_factor(i) : annual_target(u, i, year);

	return goal * performance(c, u, i, year);
}

/* Share of the year reached by the end of `month`, with this unit's own noise. */
static double share(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		    int year, int month)
{
	const double *s = catalogue_profile(c, NULL)->shares;
	double reached = 0, all = 0;

	for (int m = 1; m <= 12; m++) {
		double step = s[m - 1] - (m > 1 ? s[m - 2] : 0);

		step *= 1 + 0.02 * noise(u->id, i->code, year * 12 + m);
		all += step;
		if (m <= month)
			reached += step;
	}
	return reached / all;
}

/* A ratio in percent: around its typical value, within its bounds. */
static double ratio(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		    struct period p)
{
	const struct typical *t = typical_of(i);
	bool lags = figure_part(c, u) == PART_LAGS;
	double around = t ? t->native : i->form == FORM_GROWTH ? 9 : 60;
	double v;

	if (i->form == FORM_GROWTH)
		v = around + (lags ? -8 : 0) + 3 * noise(u->id, i->code, period_index(p));
	else
		v = around * (1 + 0.06 * noise(u->id, i->code, 0)) +
		    0.4 * noise(u->id, i->code, period_index(p));
	if (i->has_max && v > i->max * 100)
		v = i->max * 100;
	if (i->has_min && v < i->min * 100)
		v = i->min * 100;
	return v;
}

static double native_value(const struct catalogue *c, const struct unit *u,
			   const struct indicator *i, struct period p)
{
	double months = p.year * 12 + p.last_month;

	if (i->direction == DIRECTION_ZERO)
		return 0;
	if (i->form == FORM_GROWTH || i->scale.shift == -2)
		return ratio(c, u, i, p);
	if (i->form == FORM_YTD)
		return annual(c, u, i, p.year) * share(c, u, i, p.year, p.last_month);
	if (i->form == FORM_LEVEL)
		return annual_plain(u, i, BASE_YEAR) * pow(1.004, months - (double)BASE_YEAR * 12) *
		       (1 + 0.002 * noise(u->id, i->code, period_index(p)));
	return annual_plain(u, i, p.year) * period_months(p) / freq_months(i->freq) *
	       (1 + 0.04 * noise(u->id, i->code, period_index(p)));
}

static bool is_count(const struct indicator *i)
{
	const char *base;
	struct num_scale s;
	struct err e;

	if (measure_find(slice_str(i->measure), &s, &base, &e) < 0)
		return false;
	return s.shift == 0 && (!*base || strcmp(base, "persons") == 0);
}

void figure_text(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		 struct period p, bool corrected, char out[32])
{
	double v = native_value(c, u, i, p);

	if (corrected)
		v *= 1.015;
	snprintf(out, 32, "%.*f", is_count(i) ? 0 : 2, v);
}

bool figure_is_corrected(const struct catalogue *c, const struct unit *u, const struct indicator *i,
			 struct period p, int64_t now_ms)
{
	return figure_part(c, u) == PART_CORRECTS &&
	       strcmp(i->code, "fixed_asset_investment_yuan") == 0 &&
	       period_eq(p, catalogue_last_due(c, i, now_ms));
}

bool figure_is_in(const struct catalogue *c, const struct unit *u, const struct indicator *i,
		  struct period p, int64_t now_ms)
{
	struct period due = catalogue_last_due(c, i, now_ms);

	if (period_index(p) > period_index(due) || !validity_holds(u->valid, period_last_day(p)) ||
	    !validity_holds(i->valid, period_last_day(p)))
		return false;
	/* The late one is late with its monthly figures. */
	return figure_part(c, u) != PART_LATE || i->freq != FREQ_MONTH ||
	       period_index(p) < period_index(due);
}

struct period figure_first(const struct indicator *i, const struct catalogue *c, int64_t now_ms)
{
	int year = zone_civil(catalogue_zone(c), now_ms).date.year - HISTORY_YEARS;
	struct period p = period_of(i->freq, (struct date){ year, 1, 1 });

	return indicator_collects(i, p) ? p : indicator_next(i, p);
}

int figures_write_targets(const struct catalogue *c, int64_t now_ms, FILE *to)
{
	int year = zone_civil(catalogue_zone(c), now_ms).date.year;

	fputs("# Targets of the example city, a SIMULATION; written by city-offices.\ntargets:\n",
	      to);
	for (size_t k = 0; k < catalogue_units(c); k++) {
		const struct unit *u = catalogue_unit_at(c, k);

		for (size_t n = 0; n < catalogue_indicators(c); n++) {
			const struct indicator *i = catalogue_indicator_at(c, n);
			const struct typical *t = typical_of(i);

			if (!t || !t->targeted || i->form != FORM_YTD ||
			    !indicator_reports(i, u->class) || u->valid.to.year)
				continue;
			for (int y = year - HISTORY_YEARS; y <= year + 1; y++) {
				if (catalogue_target(c, u, i, y, (struct date){ y, 12, 31 }))
					continue;
				fprintf(to,
					"  - {unit: %s, indicator: %s, year: %d, value: %.*f}\n",
					u->id, i->code, y, is_count(i) ? 0 : 2,
					annual_target(u, i, y));
			}
		}
	}
	return ferror(to) ? -1 : 0;
}
