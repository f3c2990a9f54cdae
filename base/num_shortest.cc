/* num_shortest.cc - see num_shortest.h. No exception leaves it: to_decimal() throws none. */
#include "base/num_shortest.h"

#define FMT_HEADER_ONLY              1
#define FMT_USE_FULL_CACHE_DRAGONBOX 1 /* 10 KB of powers of ten, none to be worked out */
#include <fmt/format.h>

uint64_t num_shortest(double v, int *exponent)
{
	const auto d = fmt::detail::dragonbox::to_decimal(v);

	*exponent = d.exponent;
	return d.significand;
}
