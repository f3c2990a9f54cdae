/* fuzz_xls.c - any bytes as a file that is called an old workbook (rows.h). */
#include "collectors/formats/xls.h"

#include "rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_rows(xls_read, data, n);
	return 0;
}
