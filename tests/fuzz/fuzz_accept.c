/*
 * fuzz_accept.c - any bytes as an Accept header.
 *
 * OpenMetrics is only wanted by who names it; case and empty elements do not matter,
 * and who likes plain text better than anything does not get it.
 */
#include "exporters/expose.h"
#include "tests/fuzz/fuzz.h"

#include <strings.h>

static bool names_open_metrics(const char *text, size_t n)
{
	static const char name[] = "application/openmetrics-text";

	for (size_t i = 0; i + sizeof(name) - 1 <= n; i++)
		if (strncasecmp(text + i, name, sizeof(name) - 1) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice accept = slice_of((const char *)data, n);
	bool wants = expose_wants_open_metrics(accept);
	struct buf other;

	MUST(!wants || names_open_metrics(accept.p, accept.n));
	buf_init(&other, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_putc(&other,
			 data[i] >= 'a' && data[i] <= 'z' ? (char)(data[i] - 32) : (char)data[i]);
	buf_puts(&other, " , ,");
	MUST(expose_wants_open_metrics(buf_all(&other)) == wants);
	buf_puts(&other, "text/plain;q=1e300");
	MUST(!expose_wants_open_metrics(buf_all(&other)) || wants);
	buf_release(&other);
	return 0;
}
