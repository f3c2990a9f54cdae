/*
 * log.c - see log.h.
 *
 * A line is built on the stack and written by one write(2) of at most PIPE_BUF
 * bytes, which the kernel does not mix with another's line even in a pipe. A
 * field that no longer fits is left out and counted.
 *
 * What could forge or hide text on a terminal or in a viewer is written as
 * \xNN: control bytes, bytes that are not UTF-8, the C1 controls, Unicode's line
 * and paragraph separators and the characters that turn the direction of
 * writing around.
 */
#include "base/log.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FIELD_MAX_BYTES = 512, LINE_MAX_BYTES = PIPE_BUF };

/* The end of the line: " left_out=18446744073709551615\n". */
enum { TAIL_BYTES = 40 };

struct line {
	size_t n;
	bool full;
	char text[LINE_MAX_BYTES];
};

static atomic_int least_level = LOG_INFO;
static atomic_int log_fd = STDERR_FILENO;

static void put(struct line *l, const char *p, size_t n)
{
	if (l->full || n > sizeof(l->text) - TAIL_BYTES - l->n) {
		l->full = true;
		return;
	}
	memcpy(l->text + l->n, p, n);
	l->n += n;
}

static void puts_line(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* The length of the character at `s`, which is valid UTF-8 there; 0 when it is not. */
static size_t character_bytes(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (n > s.n || utf8_bad_at(slice_of(s.p, n)) >= 0)
		return 0;
	return n;
}

/* U+0080-9F; U+2028, 2029, 202A-202E; U+2066-2069; U+200E, 200F; U+FEFF. */
static bool is_deceptive(const char *p, size_t n)
{
	const unsigned char *c = (const unsigned char *)p;

	if (n == 1)
		return c[0] < 0x20 || c[0] == 0x7f;
	if (n == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (n != 3)
		return false;
	if (c[0] == 0xef)
		return c[1] == 0xbb && c[2] == 0xbf;
	if (c[0] != 0xe2)
		return false;
	if (c[1] == 0x80)
		return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
	return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

static bool needs_quotes(struct slice s)
{
	if (s.n == 0 || utf8_bad_at(s) >= 0)
		return true;
	for (size_t i = 0, n; i < s.n; i += n) {
		n = character_bytes(slice_skip(s, i));
		if (s.p[i] == ' ' || s.p[i] == '=' || s.p[i] == '"' || s.p[i] == '\\' ||
		    is_deceptive(s.p + i, n))
			return true;
	}
	return false;
}

static void put_hex(struct line *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char hex[8];

		snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)p[i]);
		put(l, hex, 4);
	}
}

static void put_quoted(struct line *l, struct slice s)
{
	put(l, "\"", 1);
	while (s.n) {
		size_t n = character_bytes(s);

		if (n == 0)
			put_hex(l, s.p, n = 1);
		else if (is_deceptive(s.p, n))
			put_hex(l, s.p, n);
		else if (*s.p == '"' || *s.p == '\\')
			put(l, (char[]){ '\\', *s.p }, 2);
		else
			put(l, s.p, n);
		s = slice_skip(s, n);
	}
}

static void put_text(struct line *l, struct slice s)
{
	struct slice shown = slice_cut(s, FIELD_MAX_BYTES);
	bool cut = shown.n < s.n;

	if (!cut && !needs_quotes(s)) {
		put(l, s.p, s.n);
		return;
	}
	put_quoted(l, shown);
	puts_line(l, cut ? "…\"" : "\"");
}

static void put_field(struct line *l, const struct log_field *f)
{
	char number[NUM_TEXT];

	put(l, " ", 1);
	puts_line(l, f->key);
	put(l, "=", 1);
	switch (f->kind) {
	case LOGF_STR:
		put_text(l, f->s);
		break;
	case LOGF_INT:
		snprintf(number, sizeof(number), "%" PRId64, f->i);
		puts_line(l, number);
		break;
	case LOGF_NUM:
		put(l, number, num_print(f->d, number));
		break;
	}
}

/* All of the field or nothing. */
static bool try_field(struct line *l, const struct log_field *f)
{
	size_t before = l->n;

	put_field(l, f);
	if (!l->full)
		return true;
	l->n = before;
	l->full = false;
	return false;
}

static void put_head(struct line *l, enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	struct timespec now;
	struct tm tm;
	char text[96];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(text, sizeof(text), "time=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)(now.tv_nsec / 1000000), names[level]);
	puts_line(l, text);
}

/* There is nobody to tell when it fails; a slow reader of a pipe must not be given
 * the second half of a line later, so a partial write is not continued. */
static void write_out(const struct line *l)
{
	int fd = atomic_load_explicit(&log_fd, memory_order_relaxed);
	ssize_t got;

	if (fd < 0)
		return;
	do
		got = write(fd, l->text, l->n);
	while (got < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *msg, const struct log_field *f, size_t n)
{
	struct line l = { .n = 0 };
	struct log_field message = log_s("msg", msg);
	int saved = errno;
	size_t left_out = 0;

	if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
		return;
	put_head(&l, level);
	try_field(&l, &message);
	for (size_t i = 0; i < n; i++)
		left_out += !try_field(&l, &f[i]);
	if (left_out)
		l.n += (size_t)snprintf(l.text + l.n, TAIL_BYTES - 1, " left_out=%zu", left_out);
	l.text[l.n++] = '\n';
	write_out(&l);
	errno = saved;
}

void log_set_level(enum log_level least)
{
	atomic_store(&least_level, (int)least);
}

void log_set_fd(int fd)
{
	atomic_store(&log_fd, fd);
}
