/* num_shortest.cc - see num_shortest.h. No exception leaves it: std::to_chars throws none. */
#include "base/num_shortest.h"

#include <charconv>

int num_shortest(double v, char digits[24], int *point)
{
	char text[40]; /* d.ddde±xxx */
	const std::to_chars_result r =
		std::to_chars(text, text + sizeof(text), v, std::chars_format::scientific);
	const char *p = text;
	int n = 0, exponent = 0;
	bool negative;

	for (; p < r.ptr && *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	negative = p[1] == '-';
	for (p += 2; p < r.ptr; p++)
		exponent = exponent * 10 + (*p - '0');
	*point = 1 + (negative ? -exponent : exponent);
	return n;
}
