/*
 * xlsx_stream.c - a part of a workbook as XML, piece by piece.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "collectors/formats/xlsx_private.h"

int xlsx_stream_open(struct xlsx_stream *s, struct xlsx *x, const char *part,
		     const struct xml_handler *h, struct err *e)
{
	*s = (struct xlsx_stream){ .part = zip_part_open(x->zip, part, e) };
	if (!s->part)
		return -1;
	s->xml = xml_reader_new(h, e);
	if (s->xml)
		s->bytes = mem_alloc(XLSX_WINDOW);
	if (s->bytes)
		return 0;
	if (s->xml)
		err_set(e, ERR_MEMORY, "no memory to unpack a part of the workbook");
	xlsx_stream_close(s);
	return -1;
}

void xlsx_stream_close(struct xlsx_stream *s)
{
	xml_reader_free(s->xml);
	zip_part_close(s->part);
	mem_free(s->bytes);
}

int xlsx_stream_fill(struct xlsx_stream *s, struct err *e)
{
	long got;

	memmove(s->bytes, s->bytes + s->at, s->n - s->at);
	s->n -= s->at;
	s->at = 0;
	if (s->n > XLSX_WINDOW - ZIP_PIECE_BYTES)
		return 1;
	got = zip_part_read(s->part, s->bytes + s->n, e);
	if (got < 0)
		return -1;
	s->n += (size_t)got;
	return got > 0;
}

int xlsx_stream_feed(struct xlsx_stream *s, size_t n, struct err *e)
{
	size_t at = s->at;

	s->at += n;
	return xml_parse(s->xml, slice_of(s->bytes + at, n), false, e);
}

int xlsx_stream_finish(struct xlsx_stream *s, struct err *e)
{
	return xml_parse(s->xml, slice_of("", 0), true, e);
}

static int parse_all(struct xlsx_stream *s, struct err *e)
{
	int got, result = 0;

	while (result == 0 && (got = xlsx_stream_fill(s, e)) != 0)
		result = got < 0 ? -1 : xlsx_stream_feed(s, s->n, e);
	return result ? result : xlsx_stream_finish(s, e);
}

int xlsx_parse(struct xlsx *x, const char *part, const struct xml_handler *h, struct err *e)
{
	char shown[TEXT_SHOWN];
	struct xlsx_stream s;
	int result;

	if (xlsx_stream_open(&s, x, part, h, e) < 0)
		return -1;
	result = parse_all(&s, e);
	xlsx_stream_close(&s);
	if (result < 0)
		err_wrap(e, "part %s", text_shown(slice_str(part), shown));
	return result;
}
