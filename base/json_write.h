/*
 * json_write.h - JSON out, streamed into a buffer.
 *
 *     json_object(&j); json_key(&j, "status"); json_str(&j, slice_str("success")); json_end(&j);
 *
 * Commas are placed by the writer. Invalid UTF-8 in a string becomes U+FFFD.
 * A failure stays in the buffer (buf_check). Depth at most JSON_WRITE_DEPTH
 * (asserted): what comes from outside is bounded before it gets here.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/buf.h"

#include <stdint.h>

enum { JSON_WRITE_DEPTH = 4096 };

struct json_writer {
	struct buf *out; /* borrowed */
	unsigned depth;
	bool after_key;
	/* of each open object or array, a bit: it is an object; nothing is in it yet */
	uint8_t object[JSON_WRITE_DEPTH / 8], first[JSON_WRITE_DEPTH / 8];
};

void json_init(struct json_writer *j, struct buf *out);
void json_object(struct json_writer *j);
void json_array(struct json_writer *j);
void json_end(struct json_writer *j); /* closes the innermost object or array */
void json_key(struct json_writer *j, const char *key);
void json_key_slice(struct json_writer *j, struct slice key);
void json_str(struct json_writer *j, struct slice s);
void json_cstr(struct json_writer *j, const char *text); /* NULL becomes null */
void json_i64(struct json_writer *j, int64_t v);
void json_f64(struct json_writer *j, double v); /* NaN and infinities as strings "NaN", "+Inf" */
void json_bool(struct json_writer *j, bool v);
void json_null(struct json_writer *j);

#endif
