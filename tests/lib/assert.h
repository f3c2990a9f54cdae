/*
 * assert.h - cmocka plus the assertions it lacks.
 *
 * cmocka compares floating numbers through `float` (16777217 equals 16777216),
 * so doubles go through assert_f64, bit for bit except that all NaNs are equal.
 */
#ifndef TESTS_LIB_ASSERT_H
#define TESTS_LIB_ASSERT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/num.h"
#include "base/slice.h"

/* assert_ok(store_open(..., &e), &e) */
#define assert_ok(call, e)                                                                         \
	do {                                                                                       \
		if ((call) != 0)                                                                   \
			fail_msg("%s failed: %s", #call, (e)->text);                               \
	} while (0)

/* The call fails with this code and its sentence contains `part`. */
#define assert_fails(call, e, want_code, part)                                                     \
	do {                                                                                       \
		if ((call) == 0)                                                                   \
			fail_msg("%s succeeded", #call);                                           \
		if ((e)->code != (want_code))                                                      \
			fail_msg("%s: code %s, not %s (%s)", #call, err_code_name((e)->code),      \
				 err_code_name(want_code), (e)->text);                             \
		if (!strstr((e)->text, (part)))                                                    \
			fail_msg("%s: \"%s\" lacks \"%s\"", #call, (e)->text, (part));             \
	} while (0)

#define assert_f64(a, b)                                                                           \
	do {                                                                                       \
		double a_ = (a), b_ = (b);                                                         \
		if (!num_same(a_, b_) && !(isnan(a_) && isnan(b_)))                                \
			fail_msg("%s is %.17g, not %.17g", #a, a_, b_);                            \
	} while (0)

#define assert_near(a, b, tolerance)                                                               \
	do {                                                                                       \
		double a_ = (a), b_ = (b);                                                         \
		if (!(fabs(a_ - b_) <= (tolerance)))                                               \
			fail_msg("%s is %.17g, not %.17g ± %g", #a, a_, b_, (double)(tolerance));  \
	} while (0)

#define assert_slice(s, text)                                                                      \
	do {                                                                                       \
		struct slice s_ = (s);                                                             \
		if (!slice_is(s_, (text)))                                                         \
			fail_msg("%s is \"%.*s\", not \"%s\"", #s, SLICE_FMT(s_), (text));         \
	} while (0)

#define assert_has(haystack, needle)                                                               \
	do {                                                                                       \
		const char *h_ = (haystack);                                                       \
		if (!strstr(h_, (needle)))                                                         \
			fail_msg("\"%s\" lacks \"%s\"", h_, (needle));                             \
	} while (0)

#endif
