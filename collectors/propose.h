/*
 * propose.h - a layout for a document nobody has configured yet.
 *
 * The first rows are looked at (sample.h); for each axis that gives some places where it
 * may stand. All that fit together are tried on the document with the decoder that would
 * read it, and the layout is proposed under which most figures are kept and fewest
 * refused. So what is proposed has been tried. One thread at a time.
 */
#ifndef COLLECTORS_PROPOSE_H
#define COLLECTORS_PROPOSE_H

#include "collectors/mapping.h"

struct proposal {
	enum feed_format format;
	struct layout layout; /* its texts are in the arena */
	enum unit_class class;
	size_t kept, refused; /* figures of the rows it was tried on */
	unsigned tried;       /* layouts */
};

/* `d->layout` is not looked at; `d->format` FORMAT_TABLE is told by the bytes. ERR_NOT_FOUND: under
 * no layout a figure was kept; e says what is missing. */
int propose(const struct document *d, const struct catalogue *cat, struct arena *a,
	    struct proposal *out, struct err *e);

/* As it stands in a configuration, indented: "format: …", "class: …", "layout: …". */
void proposal_print(const struct proposal *p, unsigned indent, struct buf *out);

#endif
