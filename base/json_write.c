/*
 * json_write.c - see json_write.h.
 *
 * The writer knows for each open object or array whether something is in it
 * already; that is all it takes to place the commas.
 */
#include "base/json_write.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

void json_init(struct json_writer *j, struct buf *out)
{
	j->out = out;
	j->depth = 0;
	j->after_key = false;
}

static bool get_bit(const uint8_t *bits, unsigned i)
{
	return bits[i / 8] >> i % 8 & 1;
}

static void set_bit(uint8_t *bits, unsigned i, bool on)
{
	bits[i / 8] = (uint8_t)((bits[i / 8] & ~(1u << i % 8)) | (unsigned)on << i % 8);
}

static bool in_object(const struct json_writer *j)
{
	return j->depth > 0 && get_bit(j->object, j->depth - 1);
}

/* What stands in front of a value or a key. */
static void separate(struct json_writer *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (!get_bit(j->first, j->depth - 1))
		buf_putc(j->out, ',');
	set_bit(j->first, j->depth - 1, false);
}

static void begin_value(struct json_writer *j)
{
	assert(!in_object(j) || j->after_key);
	separate(j);
}

static void open(struct json_writer *j, bool object)
{
	begin_value(j);
	assert(j->depth < JSON_WRITE_DEPTH);
	set_bit(j->object, j->depth, object);
	set_bit(j->first, j->depth, true);
	j->depth++;
	buf_putc(j->out, object ? '{' : '[');
}

void json_object(struct json_writer *j)
{
	open(j, true);
}

void json_array(struct json_writer *j)
{
	open(j, false);
}

void json_end(struct json_writer *j)
{
	assert(j->depth > 0 && !j->after_key);
	j->depth--;
	buf_putc(j->out, get_bit(j->object, j->depth) ? '}' : ']');
}

static void put_escaped(struct buf *out, char c)
{
	static const char short_from[] = "\"\\\b\f\n\r\t";
	static const char short_to[] = "\"\\bfnrt";
	const char *at = c ? strchr(short_from, c) : NULL;

	if (at) {
		buf_putc(out, '\\');
		buf_putc(out, short_to[at - short_from]);
	} else {
		buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
	}
}

/* `s` is valid UTF-8. */
static void put_valid(struct buf *out, struct slice s)
{
	size_t done = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(out, s.p + done, i - done);
		put_escaped(out, s.p[i]);
		done = i + 1;
	}
	buf_put(out, s.p + done, s.n - done);
}

static void put_string(struct buf *out, struct slice s)
{
	buf_putc(out, '"');
	while (s.n) {
		long bad = utf8_bad_at(s);

		if (bad < 0) {
			put_valid(out, s);
			break;
		}
		put_valid(out, slice_of(s.p, (size_t)bad));
		buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
		s = slice_skip(s, (size_t)bad + 1);
	}
	buf_putc(out, '"');
}

void json_key_slice(struct json_writer *j, struct slice key)
{
	assert(in_object(j) && !j->after_key);
	separate(j);
	put_string(j->out, key);
	buf_putc(j->out, ':');
	j->after_key = true;
}

void json_key(struct json_writer *j, const char *key)
{
	json_key_slice(j, slice_str(key));
}

void json_str(struct json_writer *j, struct slice s)
{
	begin_value(j);
	put_string(j->out, s);
}

void json_cstr(struct json_writer *j, const char *text)
{
	if (text)
		json_str(j, slice_str(text));
	else
		json_null(j);
}

void json_i64(struct json_writer *j, int64_t v)
{
	begin_value(j);
	buf_printf(j->out, "%" PRId64, v);
}

void json_f64(struct json_writer *j, double v)
{
	char text[NUM_TEXT];
	size_t n = num_print(v, text);

	begin_value(j);
	if (!isfinite(v))
		buf_putc(j->out, '"');
	buf_put(j->out, text, n);
	if (!isfinite(v))
		buf_putc(j->out, '"');
}

void json_bool(struct json_writer *j, bool v)
{
	begin_value(j);
	buf_puts(j->out, v ? "true" : "false");
}

void json_null(struct json_writer *j)
{
	begin_value(j);
	buf_puts(j->out, "null");
}
