/*
 * tables.h - what must come out of a table, for the tests of its decoders.
 */
#ifndef TESTS_UNIT_COLLECTORS_TABLES_H
#define TESTS_UNIT_COLLECTORS_TABLES_H

#include "tests/lib/axes.h"
#include "tests/unit/collectors/decoded.h"

/* A test has a decode() of its own. */
#define assert_decodes(text_, want, ...)                                                           \
	do {                                                                                       \
		struct layout l_ = __VA_ARGS__;                                                    \
		struct out *o_ = decode(text_, l_);                                                \
		if (o_->rc < 0)                                                                    \
			fail_msg("%s", o_->e.text);                                                \
		assert_string_equal(o_->text, want);                                               \
		free(o_);                                                                          \
	} while (0)

#define assert_refused(text_, want, ...)                                                           \
	do {                                                                                       \
		struct layout l_ = __VA_ARGS__;                                                    \
		struct out *o_ = decode(text_, l_);                                                \
		assert_int_equal(o_->rc, -1);                                                      \
		assert_int_equal(o_->e.code, ERR_INVALID);                                         \
		assert_string_equal(o_->e.text, want);                                             \
		free(o_);                                                                          \
	} while (0)

#endif
