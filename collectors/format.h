/*
 * format.h - what documents can be, in one table: name in the configuration, how it is read.
 */
#ifndef COLLECTORS_FORMAT_H
#define COLLECTORS_FORMAT_H

#include "collectors/decode.h"
#include "collectors/formats/row.h"

enum feed_format {
	FORMAT_TABLE, /* CSV, XLSX or XLS, told by its bytes */
	FORMAT_CSV,
	FORMAT_XLSX,
	FORMAT_XLS,
	FORMAT_JSON,
	FORMAT_JSONSTAT,
	FORMAT_EASYQUERY,
	FORMAT_SDMX, /* ML, JSON or CSV, told by what is in it */
	FORMAT_PROMETHEUS,
	FORMATS
};

enum format_kind {
	KIND_GRID,     /* rows as somebody typed them; the layout finds the header */
	KIND_RECORDS,  /* rows with named columns */
	KIND_POINTERS, /* JSON of any shape; the layout has pointers */
	KIND_SAMPLES,  /* no statistics, no layout */
};

struct format {
	const char *name;
	enum format_kind kind;
	row_reader read;    /* of the bytes as they came; NULL: a decoder of its own */
	bool as_text;       /* made UTF-8 before it is read */
	const char *wanted; /* what it is called in sentences: "CSV" */
	const char *accept; /* header of a request */
	/* Records: the columns of axes that the layout leaves out; NULL: it must say them. */
	const char *period, *value, *flag;
	/* … and those that say what is kept secret, where a document has them. */
	const char *const *confidentiality;
	size_t nconfidentiality;
};

const struct format *format_of(enum feed_format f);
bool format_has_layout(enum feed_format f);

/* What a document nobody has configured seems to be. */
enum feed_format format_guess(struct slice body);

/* What these bytes are: FORMAT_TABLE becomes one of the others, which stay what they are. */
enum feed_format format_told(enum feed_format f, struct slice body);

#endif
