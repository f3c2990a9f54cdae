/*
 * submit_report.h - what became of a document that was handed in, as JSON.
 */
#ifndef COLLECTORS_SUBMIT_REPORT_H
#define COLLECTORS_SUBMIT_REPORT_H

#include "base/buf.h"
#include "collectors/feed_private.h"

/* The whole answer: with an error when `error` is not NULL, with the report when there is a batch.
 */
void submit_report(const struct intake *in, const char *feed, bool stored, const char *error_type,
		   const char *error, struct buf *out);
/* Without a report. */
void submit_error(const char *error_type, const char *error, struct buf *out);

#endif
