/*
 * axes.h - where an axis of a layout is, for initializers:
 *
 *     { .unit = COLUMN("year", "month"), .indicator = FIXED("x"), .period = HEADER }
 */
#ifndef TESTS_LIB_AXES_H
#define TESTS_LIB_AXES_H

#include "collectors/decode.h"

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

#endif
