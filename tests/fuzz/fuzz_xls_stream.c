/* fuzz_xls_stream.c - any bytes as the records of an old workbook (rows.h). */
#include "collectors/formats/xls.h"

#include "rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_rows(xls_read_stream, data, n);
	return 0;
}
