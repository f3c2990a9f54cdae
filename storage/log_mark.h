/*
 * log_mark.h - which log file is the last one that something was acknowledged from.
 *
 * Log files follow each other without a gap, so one that is missing between others is noticed; the
 * last one would not be. Its number is kept in log/LAST, one line of text:
 *
 *   last 17 4d5e6f70        number, CRC-32C of all before it in hexadecimal
 *
 * written anew under another name and renamed, after the log file is durable and before the first
 * request in it is acknowledged. So it never names a file that a power cut may have left out. A
 * folder without it says nothing.
 */
#ifndef STORAGE_LOG_MARK_H
#define STORAGE_LOG_MARK_H

#include "base/err.h"

#include <stdint.h>

/* Durable when it returns. ERR_FULL when there is no room. */
int log_mark_write(const char *dir, uint64_t number, struct err *e);
/* Durably, which needs no room. */
int log_mark_remove(const char *dir, struct err *e);
/* *number is 0 when nothing was kept. ERR_CORRUPT. */
int log_mark_read(const char *dir, uint64_t *number, struct err *e);
/* Whether one that should be there is missing: files up to `have` are there or in a run. */
int log_mark_check(uint64_t number, uint64_t have, struct err *e);

#endif
