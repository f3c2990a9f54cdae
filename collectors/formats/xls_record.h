/*
 * xls_record.h - a workbook stream as records.
 *
 * [MS-XLS] 2.1.4: a type of two bytes, a length of two bytes, at most 8,224 bytes of data. What
 * is longer goes on in Continue records (2.4.58) behind it; `struct xls_parts` reads across
 * them. Nothing is copied: data are slices of the stream. Pure functions.
 */
#ifndef COLLECTORS_XLS_RECORD_H
#define COLLECTORS_XLS_RECORD_H

#include "base/err.h"
#include "base/little_endian.h"
#include "base/slice.h"

enum { XLS_RECORD_MAX = 8224 };

enum xls_type { /* [MS-XLS] 2.3 */
		XLS_FORMULA = 0x06,
		XLS_EOF = 0x0a,
		XLS_DATE1904 = 0x22,
		XLS_FILEPASS = 0x2f,
		XLS_CONTINUE = 0x3c,
		XLS_CODEPAGE = 0x42,
		XLS_COLINFO = 0x7d,
		XLS_BOUNDSHEET = 0x85,
		XLS_MULRK = 0xbd,
		XLS_RSTRING = 0xd6,
		XLS_XF = 0xe0,
		XLS_MERGEDCELLS = 0xe5,
		XLS_SST = 0xfc,
		XLS_LABELSST = 0xfd,
		XLS_NUMBER = 0x203,
		XLS_LABEL = 0x204,
		XLS_BOOLERR = 0x205,
		XLS_STRING = 0x207,
		XLS_ROW = 0x208,
		XLS_RK = 0x27e,
		XLS_FORMAT = 0x41e,
		XLS_BOF = 0x809,
};

struct xls_record {
	unsigned type;
	size_t at; /* in the stream */
	struct slice data;
};

/* The record at *at, which moves behind it. 1, 0: the stream ends here, -1: damaged. */
int xls_next(struct slice stream, size_t *at, struct xls_record *r, struct err *e);

/* ERR_INVALID when the record has fewer bytes than it needs. */
int xls_need(const struct xls_record *r, size_t n, struct err *e);

/* A record and the Continue records behind it. */
struct xls_parts {
	struct slice stream;
	struct slice part; /* what is left of the present record */
	size_t next;       /* where the next record begins */
	bool cut;          /* more was asked for than there was: zeros were given */
};

/* Skips the first `skip` bytes of the record's data, which has them. */
void xls_parts_init(struct xls_parts *p, struct slice stream, const struct xls_record *r,
		    size_t skip);
/* Goes to the next Continue record; false, and `cut`, when there is none. */
bool xls_parts_more(struct xls_parts *p);
size_t xls_parts_left(const struct xls_parts *p); /* bytes, Continue records included */
void xls_skip(struct xls_parts *p, size_t n);
unsigned xls_take_8(struct xls_parts *p);
unsigned xls_take_16(struct xls_parts *p);
uint32_t xls_take_32(struct xls_parts *p);

#endif
