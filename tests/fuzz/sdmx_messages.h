/*
 * sdmx_messages.h - what targets that read SDMX share: a sink that looks at all it is given.
 *
 * A table begins with a header of ids that differ; each row has as many cells as it, with a place,
 * and texts within reach.
 */
#ifndef TESTS_FUZZ_SDMX_MESSAGES_H
#define TESTS_FUZZ_SDMX_MESSAGES_H

#include "collectors/formats/sdmx.h"
#include "collectors/formats/sdmx_structure.h"

#include "fuzz.h"

enum { FUZZ_ARENA = 32 << 20 };

struct seen {
	size_t columns;
	bool header_next, in_table, enough;
	bool utf8; /* the input is, so what quotes it is */
};

static inline void touch(struct slice s)
{
	static volatile size_t sum;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
}

static inline int on_table(void *ctx, struct slice name, bool records, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	touch(name);
	MUST(records);
	s->header_next = s->in_table = true;
	s->enough = false;
	return 0;
}

static inline void look_at_header(const struct row *r)
{
	MUST(r->n > 0 && r->n <= 2 * SDMX_COLUMNS_MAX);
	for (size_t i = 0; i < r->n; i++) {
		MUST(r->cells[i].text.n > 0);
		for (size_t k = 0; k < i; k++)
			MUST(!slice_eq(r->cells[i].text, r->cells[k].text) ||
			     slice_ends(r->cells[i].text, ".name"));
	}
}

static inline int on_row(void *ctx, const struct row *r, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	MUST(s->in_table && !s->enough && !r->fault);
	if (s->header_next) {
		look_at_header(r);
		s->columns = r->n;
	}
	MUST(r->n == s->columns);
	for (size_t i = 0; i < r->n; i++) {
		MUST(r->cells[i].line > 0 && r->cells[i].column > 0 && !r->cells[i].repeated);
		MUST(r->cells[i].text.n <= SDMX_TEXT_MAX);
		touch(r->cells[i].text);
	}
	/* Now and then a sink has enough. */
	s->enough = !s->header_next && r->line % 97 == 96;
	s->header_next = false;
	return !s->enough;
}

static inline void on_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
				const char *text)
{
	const struct seen *s = ctx;

	MUST(why < REFUSALS && line > 0 && column > 0 && text[0]);
	if (s->utf8)
		must_be_sentence(text);
}

static inline void read_any(struct slice body, const struct sdmx_options *o)
{
	struct seen seen = { .utf8 = utf8_bad_at(body) < 0 };
	const struct row_sink sink = { on_table, on_row, on_complaint, &seen };
	struct err e = { ERR_NONE, "" };
	struct arena a;
	int rc;

	arena_init(&a, FUZZ_ARENA);
	rc = sdmx_read(body, &a, o, &sink, &e);
	MUST(rc == 0 || (e.code != ERR_NONE && e.text[0]));
	if (rc < 0 && seen.utf8)
		must_be_sentence(e.text);
	arena_release(&a);
}

/* Read plainly, with a fixed structure, and as a structure. */
static inline void read_all_ways(const uint8_t *data, size_t n, struct slice fixed)
{
	struct slice body = slice_of((const char *)data, n);
	struct sdmx_structure s;
	struct sdmx_options o = { .structure = &s, .language = "en" };
	struct err e = { ERR_NONE, "" };
	struct arena a;

	read_any(body, NULL);
	arena_init(&a, FUZZ_ARENA);
	MUST(sdmx_structure_read(fixed, &a, &s, &e) == 0);
	read_any(body, &o);
	arena_release(&a);
	arena_init(&a, FUZZ_ARENA);
	MUST(sdmx_structure_read(body, &a, &s, &e) == 0 || (e.code != ERR_NONE && e.text[0]));
	arena_release(&a);
}

#define FUZZ_DSD                                                                                   \
	"{\"data\":{\"codelists\":[{\"id\":\"CL\",\"agencyID\":\"A\",\"codes\":[{\"id\":\"M\","    \
	"\"names\":{\"en\":\"Month\",\"zh\":\"月\"}},{\"id\":\"A\",\"name\":\"x\"}]}],"           \
	"\"dataStructures\":[{\"id\":\"D\",\"agencyID\":\"A\",\"dataStructureComponents\":{"       \
	"\"dimensionList\":{\"dimensions\":[{\"id\":\"FREQ\",\"localRepresentation\":{"            \
	"\"enumeration\":\"urn:x=A:CL(1.0)\"}}],\"timeDimensions\":[{\"id\":\"TIME_PERIOD\"}]},"   \
	"\"measureList\":{\"measures\":[{\"id\":\"OBS_VALUE\"}]},\"attributeList\":{"              \
	"\"attributes\":[{\"id\":\"OBS_STATUS\",\"localRepresentation\":{\"enumeration\":"         \
	"\"urn:x=A:CL(1.0)\"}}]}}}]}}"

#endif
