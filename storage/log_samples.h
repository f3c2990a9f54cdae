/*
 * log_samples.h - records of samples in a log file (wal.h, kind 2; docs/storage-format.md).
 *
 * A record names the series that its file has not named yet, which get the next numbers from 0 on,
 * and then has samples by number. Pure functions, any thread.
 */
#ifndef STORAGE_LOG_SAMPLES_H
#define STORAGE_LOG_SAMPLES_H

#include "base/buf.h"
#include "base/labels.h"
#include "storage/wal.h"

enum { LOG_SAMPLE_MOST = 28 }; /* bytes */

/* Numbers and times stand as the difference to the sample before. */
struct log_sample {
	int64_t number, t_ms;
	double value;
};

/* What stands before the first. */
static inline struct log_sample log_sample_before(int64_t received_ms)
{
	return (struct log_sample){ .number = -1, .t_ms = received_ms };
}

void log_put_series(struct buf *list, const struct labels *ls);
/* Writes at p, where there is room for LOG_SAMPLE_MOST bytes; the end. *before becomes it. */
uint8_t *log_put_sample(uint8_t *p, struct log_sample *before, const struct log_sample *x);

/* Takes one off the front; false when it is cut off. The labels are for rw_labels(). *at is the
 * sample before and becomes the one that was taken: its number may be any. */
bool log_take_series(struct slice *list, struct slice *labels);
bool log_take_sample(struct slice *body, struct log_sample *at);

/* Goes through a record. `named` series had been named in the file before; *named is how many there
 * are behind. ERR_CORRUPT, or what a function (each may be NULL) failed with. */
struct log_samples_visitor {
	int (*series)(void *ctx, struct slice labels, struct err *e);
	int (*sample)(void *ctx, const struct log_sample *x, struct err *e);
	void *ctx;
};
int log_samples_read(const struct wal_record *r, const struct log_samples_visitor *v,
		     uint64_t *named, struct err *e);

#endif
