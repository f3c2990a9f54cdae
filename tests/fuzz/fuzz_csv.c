/* fuzz_csv.c - any bytes through the CSV decoder, with several layouts (facts.h). */
#include "facts.h"

static const char *const park[] = { "园区" };
static const char *const year_month[] = { "year", "month" };
static const char *const indicator[] = { "指标" };
static const char *const value[] = { "value" };
static const char *const first[] = { "#1" };
static const char *const second[] = { "#2" };
static const char *const third[] = { "#3" };
static const char *const ignored[] = { "fips", "备注" };

static const struct layout layouts[] = {
	{ .unit = COLUMN(park), .indicator = FIXED("x"), .period = HEADER },
	{ .unit = TITLE("地区"), .indicator = COLUMN(indicator), .period = HEADER },
	{ .unit = COLUMN(park),
	  .period = COLUMN(year_month),
	  .indicator = HEADER,
	  .ignore = ignored,
	  .nignore = 2 },
	{ .unit = COLUMN(first),
	  .period = COLUMN(second),
	  .indicator = FIXED("x"),
	  .value = COLUMN(third),
	  .delimiter = ';' },
	{ .unit = COLUMN(park),
	  .indicator = COLUMN(indicator),
	  .period = TITLE("时间"),
	  .value = COLUMN(value),
	  .flag = COLUMN(third) },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	decode_any(decode_csv, data, n, layouts, sizeof(layouts) / sizeof(*layouts));
	return 0;
}
