/* fuzz_sdmx_csv.c - any bytes as SDMX-CSV: as data, with and without a structure, and as a
 * structure. */
#include "sdmx_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_all_ways(data, n, slice_str(FUZZ_DSD));
	return 0;
}
