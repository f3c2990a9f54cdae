/*
 * tables.h - layouts as the tests of decoders of tables write them, and what must come out.
 */
#ifndef TESTS_UNIT_COLLECTORS_TABLES_H
#define TESTS_UNIT_COLLECTORS_TABLES_H

#include "tests/unit/collectors/decoded.h"

/* Where an axis is, for layouts. */
#define COLUMN(...)                                                                                \
	{                                                                                          \
		.where = AXIS_COLUMN, .columns = (const char *const[]){ __VA_ARGS__ },             \
		.ncolumns = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)          \
	}
#define FIXED(what)                                                                                \
	{                                                                                          \
		.where = AXIS_FIXED, .text = (what)                                                \
	}
#define TITLE(label)                                                                               \
	{                                                                                          \
		.where = AXIS_TITLE, .text = (label)                                               \
	}
#define HEADER                                                                                     \
	{                                                                                          \
		.where = AXIS_HEADER                                                               \
	}

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
