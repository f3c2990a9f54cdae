/* fuzz_csv.c - any bytes through the CSV decoder, with several layouts (facts.h). */
#include "facts.h"

static const char *const ignored[] = { "fips", "备注" };

static const struct layout layouts[] = {
	{ .unit = COLUMN("园区"), .indicator = FIXED("x"), .period = HEADER },
	{ .unit = TITLE("地区"), .indicator = COLUMN("指标"), .period = HEADER },
	{ .unit = COLUMN("园区"),
	  .period = COLUMN("year", "month"),
	  .indicator = HEADER,
	  .ignore = ignored,
	  .nignore = 2 },
	{ .unit = COLUMN("#1"),
	  .period = COLUMN("#2"),
	  .indicator = FIXED("x"),
	  .value = COLUMN("#3"),
	  .delimiter = ';' },
	{ .unit = COLUMN("园区"),
	  .indicator = COLUMN("指标"),
	  .period = TITLE("时间"),
	  .value = COLUMN("value"),
	  .flag = COLUMN("#3") },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	decode_any(decode_csv, data, n, layouts, sizeof(layouts) / sizeof(*layouts));
	return 0;
}
