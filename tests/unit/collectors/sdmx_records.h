/*
 * sdmx_records.h - records.h for SDMX: its reader has options, and rows are written down with their
 * places.
 */
#ifndef TESTS_UNIT_COLLECTORS_SDMX_RECORDS_H
#define TESTS_UNIT_COLLECTORS_SDMX_RECORDS_H

#include "collectors/formats/sdmx.h"
#include "collectors/formats/sdmx_structure.h"
#include "tests/unit/collectors/records.h"

static inline int sdmx_records_by(struct slice body, struct arena *a, const struct row_sink *sink,
				  const void *options, struct err *e)
{
	return sdmx_read(body, a, options, sink, e);
}

/* `options` may be NULL. To be released with records_release(). */
static inline void sdmx_records_read(struct records *r, struct slice body,
				     const struct sdmx_options *options)
{
	r->places = true;
	records_read_by(r, sdmx_records_by, options, body, 64 << 20);
}

#define assert_message_with(body, options, want)                                                   \
	do {                                                                                       \
		struct records r_ = { .rc = 0 };                                                   \
		sdmx_records_read(&r_, slice_str(body), options);                                  \
		if (r_.rc < 0)                                                                     \
			fail_msg("%s", r_.e.text);                                                 \
		assert_string_equal(r_.text.p, want);                                              \
		records_release(&r_);                                                              \
	} while (0)

#define assert_message(body, want) assert_message_with(body, NULL, want)

#define assert_no_message(body, code_, want)                                                       \
	do {                                                                                       \
		struct records r_ = { .rc = 0 };                                                   \
		sdmx_records_read(&r_, slice_str(body), NULL);                                     \
		assert_int_equal(r_.rc, -1);                                                       \
		assert_string_equal(r_.e.text, want);                                              \
		assert_int_equal(r_.e.code, code_);                                                \
		records_release(&r_);                                                              \
	} while (0)

#endif
