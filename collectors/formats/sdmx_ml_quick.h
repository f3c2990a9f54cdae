/*
 * sdmx_ml_quick.h - observations in their plain form, read without expat.
 *
 * Nearly all of an SDMX-ML message are observations, one like the other: ASCII, no references, no
 * comments, no namespace declared. Of those the tags are found here in a fraction of expat's time.
 * Whatever is not certain to be well-formed and to mean the same is left to expat.
 */
#ifndef COLLECTORS_SDMX_ML_QUICK_H
#define COLLECTORS_SDMX_ML_QUICK_H

#include "base/slice.h"
#include "base/xml.h"

enum { ML_QUICK_TAGS = 32, ML_QUICK_ATTRIBUTES = 256, ML_QUICK_BYTES = 8192 };

struct ml_quick_tag {
	const char *at;     /* where it begins */
	struct slice local; /* of its name; empty: an end tag */
	struct slice name;
	unsigned first, n; /* attributes */
	bool empty;        /* ends at once */
};

struct ml_quick {
	struct slice prefix; /* "g:", as observations have it in this series; .p NULL: not known */
	struct ml_quick_tag tags[ML_QUICK_TAGS];
	unsigned ntags, nattributes;
	const char *pairs[2 * ML_QUICK_ATTRIBUTES + ML_QUICK_TAGS]; /* as expat gives them */
	char text[ML_QUICK_BYTES];
	size_t ntext;
};

/* Whether a message may have such observations at all: bytes are what expat takes them for. */
bool ml_quick_may(struct slice body);

/* Learns from an observation's start tag, which expat has accepted, how those of its series begin.
 */
void ml_quick_learn(struct ml_quick *q, const char *tag, const char *end);

/* The tags of the observation at `p`; where it ends, or NULL: that is for expat. */
const char *ml_quick_read(struct ml_quick *q, const char *p, const char *end);

#endif
