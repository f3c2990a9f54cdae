/* fuzz_easyquery.c - any bytes as an answer of the statistics bureau (records.h). */
#include "collectors/formats/easyquery.h"
#include "tests/fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_records(easyquery_read, data, n);
	return 0;
}
