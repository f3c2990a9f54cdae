/*
 * xls_text.h - texts of a workbook as UTF-8.
 *
 * Excel 97 and later (BIFF8): [MS-XLS] 2.5.293 XLUnicodeRichExtendedString, 2.5.294
 * XLUnicodeString, 2.5.240 ShortXLUnicodeString: UTF-16, or its low bytes where all the high
 * ones are zero. Where such a text goes on in a Continue record, that one begins with a
 * byte that says which of the two the rest has (2.4.58, 2.4.265). Excel 5 and 95: bytes of a code
 * page.
 */
#ifndef COLLECTORS_XLS_TEXT_H
#define COLLECTORS_XLS_TEXT_H

#include "base/arena.h"
#include "collectors/formats/xls_record.h"

/* UTF-8, trimmed. */
struct xls_text {
	const char *p;
	uint32_t n;
	bool damaged; /* what was no character is U+FFFD */
};

struct xls_texts {
	struct arena *arena;
	bool bytes;         /* of a code page, not UTF-16 */
	unsigned code_page; /* 0: none was said, taken as 936 (GBK) */
	char *scratch;      /* for one text */
};

int xls_texts_init(struct xls_texts *t, struct arena *a, struct err *e);

/* Takes a text whose number of characters has `width` bytes (1 or 2). The text is kept in the
 * arena. ERR_INVALID when it is cut off, ERR_LIMIT. */
int xls_take_text(struct xls_texts *t, struct xls_parts *p, unsigned width, struct xls_text *out,
		  struct err *e);

static inline struct slice xls_text_slice(struct xls_text t)
{
	return slice_of(t.p, t.n);
}

#endif
