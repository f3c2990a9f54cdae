/* fuzz_jsonstat.c - any bytes as JSON-stat (records.h). */
#include "collectors/formats/jsonstat.h"
#include "tests/fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_records(jsonstat_read, data, n);
	return 0;
}
