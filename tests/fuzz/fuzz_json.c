/* fuzz_json.c - any bytes through the JSON decoder, with a long and a wide layout (facts.h). */
#include "facts.h"

static const char *const ignored[] = { "id" };

static const struct layout layouts[] = {
	{ .unit = COLUMN("/unit"),
	  .period = COLUMN("/at/year", "/at/month"),
	  .indicator = FIXED("x"),
	  .value = COLUMN("/value"),
	  .flag = COLUMN("flag"),
	  .rows = "/data" },
	{ .unit = COLUMN("/unit"),
	  .period = HEADER,
	  .indicator = FIXED("x"),
	  .ignore = ignored,
	  .nignore = 1,
	  .rows = "" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	decode_any(decode_json, data, n, layouts, sizeof(layouts) / sizeof(*layouts));
	return 0;
}
