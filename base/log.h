/*
 * log.h - one line an event, in logfmt, to standard error.
 *
 *     time=2026-11-23T08:00:00.000Z level=warn msg="feed failed" feed=land err="…"
 *
 * One line is one write(2). Control bytes become \xNN, what comes from outside is
 * cut at 512 bytes a field, so a client cannot forge a line. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *key;
	enum { LOGF_STR, LOGF_INT, LOGF_NUM } kind;
	struct slice s;
	int64_t i;
	double d;
};

static inline struct log_field log_s(const char *key, const char *v)
{
	return (struct log_field){ .key = key, .kind = LOGF_STR, .s = slice_str(v) };
}

static inline struct log_field log_sl(const char *key, struct slice v)
{
	return (struct log_field){ .key = key, .kind = LOGF_STR, .s = v };
}

static inline struct log_field log_i(const char *key, int64_t v)
{
	return (struct log_field){ .key = key, .kind = LOGF_INT, .i = v };
}

static inline struct log_field log_d(const char *key, double v)
{
	return (struct log_field){ .key = key, .kind = LOGF_NUM, .d = v };
}

static inline struct log_field log_err(const struct err *e)
{
	return log_s("err", e->text);
}

void log_write(enum log_level level, const char *msg, const struct log_field *f, size_t n);

/* log_event(LOG_WARN, "feed failed", log_s("feed", name), log_err(&e)); at least one field. */
#define log_event(level, msg, ...)                                                                 \
	log_write((level), (msg), (const struct log_field[]){ __VA_ARGS__ },                       \
		  sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

void log_set_level(enum log_level least);
/* Lines go to this descriptor (2 at start); a test gives a pipe or -1 for none. */
void log_set_fd(int fd);

#endif
