/*
 * fuzz_record.c - any bytes as records and files of the store, behind their checksums.
 *
 * The first byte picks the kind. Bytes lie in memory of exactly their size, so that a byte too far
 * is seen. Where a checksum stands in the way it is made right first, since a fuzzer does not guess
 * one; chunks inside a segment are unpacked whether theirs is right or not.
 */
#include "storage/figure.h"
#include "storage/fresh.h"
#include "storage/keys.h"
#include "storage/layer.h"
#include "storage/log_samples.h"
#include "storage/submission.h"
#include "storage/wal.h"
#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/varint.h"
#include "tests/fuzz/fuzz.h"

static struct columns_scratch *scratch;
static struct figure_packer *packer;
static double values[COLUMN_SAMPLES_MAX + COLUMN_SLACK];
static int64_t times[COLUMN_SAMPLES_MAX + COLUMN_SLACK];
static struct figure figures[COLUMN_SAMPLES_MAX + COLUMN_SLACK];

static void prepare(void)
{
	struct err e;

	if (scratch)
		return;
	scratch = columns_scratch_new(&e);
	packer = figure_packer_new(&e);
	MUST(scratch && packer);
}

/* Figures that were read can be packed, and then they are the same. */
static bool same_bits(double a, double b)
{
	uint64_t x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return x == y;
}

static void check_figures(const struct chunk *c)
{
	static struct figure sorted[COLUMN_SAMPLES_MAX + COLUMN_SLACK];
	struct chunk again;
	struct err e;

	memcpy(sorted, figures, c->count * sizeof(*sorted));
	figures_sort(sorted, c->count);
	MUST(figures_pack(packer, c->series, sorted, c->count, &again, &e) == 0);
	MUST(figures_unpack(packer, &again, figures, &e) == 0);
	for (uint32_t i = 0; i < c->count; i++) {
		MUST(figures[i].stamp_ms == sorted[i].stamp_ms);
		MUST(figures[i].known_from_ms == sorted[i].known_from_ms);
		MUST(figures[i].sequence == sorted[i].sequence);
		MUST(figures[i].months == sorted[i].months);
		MUST(same_bits(figures[i].value, sorted[i].value));
	}
}

static void unpack(enum segment_kind kind, const struct chunk *c)
{
	struct err e;

	if (c->count > COLUMN_SAMPLES_MAX)
		return;
	if (kind == SEGMENT_FIGURES) {
		if (figures_unpack(packer, c, figures, &e) < 0)
			must_say_why(&e);
		return;
	}
	if (times_unpack(c->times, c->count, times, scratch, &e) < 0)
		must_say_why(&e);
	if (values_unpack((enum value_encoding)c->encoding, c->values, c->count, values, scratch,
			  &e) < 0)
		must_say_why(&e);
}

static void walk(struct segment_reader *r, struct slice whole)
{
	static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };

	while (r->at.left > 0) {
		uint32_t left = r->at.left;
		struct chunk c = { 0 };
		struct err e;
		int rc = segment_next(r, &all, &c, &e);

		if (rc < 0)
			must_say_why(&e);
		if (r->at.left == left)
			return; /* its description cannot be read */
		MUST(lies_within(c.times, whole) && lies_within(c.values, whole));
		unpack(r->kind, &c);
	}
}

/* Makes the length and the checksum of a segment's directory right. */
static void seal_segment(char *bytes, size_t n)
{
	uint32_t dir;

	if (n < SEGMENT_HEAD_BYTES)
		return;
	put_le32((uint8_t *)bytes + 20, (uint32_t)n);
	dir = get_le32(bytes + 16);
	if (dir >= SEGMENT_HEAD_BYTES && dir <= n)
		put_le32((uint8_t *)bytes, crc32c(0, bytes + 4, dir - 4));
}

static void read_segment(struct slice value, char *bytes)
{
	struct segment_reader r;
	struct err e;

	seal_segment(bytes, value.n);
	segment_reader_init(&r);
	if (segment_open(&r, value, &e) < 0)
		must_say_why(&e);
	else
		walk(&r, value);
	segment_reader_release(&r);
}

/* Lengths first, then the three columns: as a chunk whose checksum was right. */
static void read_figures(struct slice in)
{
	struct chunk c = { .series = 1, .encoding = VALUES_RAW };
	uint64_t count, nt, na;
	struct err e;

	if (!varint_take(&in, &count) || count == 0 || count > 4096 || !varint_take(&in, &nt) ||
	    nt > in.n || !varint_take(&in, &na) || na > in.n - nt || in.n == 0)
		return;
	c.encoding = (uint8_t)*in.p;
	in = slice_skip(in, 1);
	if (nt + na > in.n)
		return;
	c.count = (uint32_t)count;
	c.times = slice_of(in.p, nt);
	c.attributes = slice_of(in.p + nt, na);
	c.values = slice_skip(in, nt + na);
	if (figures_unpack(packer, &c, figures, &e) < 0)
		must_say_why(&e);
	else
		check_figures(&c);
}

/* What was seen in a record of fresh figures. */
struct seen {
	struct slice whole;
	size_t chunks, damaged;
};

static int on_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		   struct err *e)
{
	struct seen *x = ctx;

	(void)statistic;
	(void)e;
	MUST(id > 0 && n <= LABELS_MAX);
	for (size_t i = 0; i < n; i++)
		MUST(lies_within(l[i].name, x->whole) && lies_within(l[i].value, x->whole));
	return 0;
}

static int on_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	struct seen *x = ctx;

	(void)e;
	x->chunks += c->attributes.p != NULL; /* one of samples is not salvaged */
	unpack(SEGMENT_FIGURES, c);
	return 0;
}

static int on_salvaged(void *ctx, const struct chunk *c, const char *why, struct err *e)
{
	struct seen *x = ctx;

	(void)e;
	MUST(lies_within(c->times, x->whole) && lies_within(c->values, x->whole) &&
	     lies_within(c->attributes, x->whole));
	MUST(c->first_ms <= c->last_ms);
	x->chunks++;
	x->damaged += why != NULL;
	return 0;
}

static bool pass(struct slice *in, uint64_t n)
{
	if (n > in->n)
		return false;
	*in = slice_skip(*in, n);
	return true;
}

/* Of a record of fresh figures, as far as its lengths lead. */
static void seal_segments(struct slice value, char *bytes)
{
	struct slice in = value;
	uint64_t n, labels, length;

	if (!pass(&in, RECORD_CRC_BYTES) || !varint_take(&in, &n))
		return;
	for (; n > 0; n--) {
		if (!varint_take(&in, &length) || !pass(&in, 1) || !varint_take(&in, &labels) ||
		    labels > LABELS_MAX)
			return;
		for (uint64_t i = 0; i < 2 * labels; i++)
			if (!varint_take(&in, &length) || !pass(&in, length))
				return;
	}
	if (!varint_take(&in, &n))
		return;
	for (; n > 0 && varint_take(&in, &length) && length <= in.n; n--) {
		seal_segment(bytes + (in.p - value.p), length);
		in = slice_skip(in, length);
	}
}

/* As a good record and as a damaged one: of what is good all is salvaged. */
static void read_fresh(struct slice value, char *bytes)
{
	struct seen good = { value, 0, 0 }, salvaged = { value, 0, 0 };
	const struct fresh_visitor v = { on_name, on_chunk, &good };
	struct err e;

	seal_segments(value, bytes);
	MUST(fresh_record_salvage(value, on_salvaged, &salvaged, &e) == 0);
	if (value.n < RECORD_CRC_BYTES)
		return;
	if (fresh_record_read(value, &v, &e) < 0)
		must_say_why(&e);
	else
		MUST(salvaged.chunks == good.chunks && salvaged.damaged == 0);
}

static int on_named(void *ctx, struct slice labels, struct err *e)
{
	(void)e;
	MUST(lies_within(labels, *(struct slice *)ctx));
	return 0;
}

static int on_logged(void *ctx, const struct log_sample *x, struct err *e)
{
	(void)ctx;
	(void)e;
	MUST(x->number >= 0);
	return 0;
}

static int on_record(void *ctx, const struct wal_record *r, struct err *e)
{
	struct slice *whole = ctx;
	const struct log_samples_visitor v = { on_named, on_logged, whole };
	uint64_t named = 0;
	struct err why;

	(void)e;
	if (log_samples_read(r, &v, &named, &why) < 0)
		MUST(why.code == ERR_CORRUPT);
	MUST(lies_within(r->list, *whole) && lies_within(r->body, *whole));
	return 0;
}

/* The first record's checksum is made right as well. */
static void read_log(struct slice value, char *bytes)
{
	uint64_t end;
	struct err e;

	if (value.n >= WAL_HEAD_BYTES) {
		put_le64((uint8_t *)bytes + 8, 1);
		put_le32((uint8_t *)bytes + 16, crc32c(0, bytes, 16));
	}
	if (value.n >= WAL_HEAD_BYTES + WAL_RECORD_HEAD) {
		char *at = bytes + WAL_HEAD_BYTES;
		uint32_t n = get_le32(at + 4);

		if (n >= WAL_RECORD_HEAD && n <= value.n - WAL_HEAD_BYTES)
			put_le32((uint8_t *)at, crc32c(0, at + 4, n - 4));
	}
	if (wal_read_bytes(value, "a log", 1, on_record, &value, &end, &e) < 0)
		must_say_why(&e);
	else
		MUST(end <= value.n);
}

static void read_table(struct slice value)
{
	struct layer *l = mem_zalloc(sizeof(*l));
	struct err e;

	MUST(l);
	atomic_init(&l->refs, 1);
	if (segments_read(l, value, &e) < 0)
		must_say_why(&e);
	else
		for (uint32_t i = 1; i < l->nsegments; i++)
			MUST(l->segments[i].first_series >= l->segments[i - 1].last_series);
	layer_unref(l);
}

static void read_submission(struct slice value)
{
	struct submission_view v;
	struct err e;

	if (submission_read(value, &v, &e) < 0)
		must_say_why(&e);
	else
		MUST(lies_within(v.source, value) && lies_within(v.owner, value) &&
		     lies_within(v.origin, value));
}

static void read_head(struct slice value, char *bytes)
{
	struct state state;
	struct err e;

	if (state_read(value, &state, &e) < 0)
		must_say_why(&e);
	if (format_read(value, &e) < 0)
		must_say_why(&e);
	if (value.n < RECORD_CRC_BYTES)
		return;
	record_seal(key_state, (uint8_t *)bytes, value.n);
	MUST((state_read(value, &state, &e) == 0) == (value.n == STATE_BYTES));
	record_seal(key_format, (uint8_t *)bytes, value.n);
	if (format_read(value, &e) < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice value;
	char *bytes;

	if (n < 1)
		return 0;
	prepare();
	bytes = malloc(n > 1 ? n - 1 : 1);
	MUST(bytes);
	memcpy(bytes, data + 1, n - 1);
	value = slice_of(bytes, n - 1);
	switch (data[0] % 7) {
	case 0:
		read_segment(value, bytes);
		break;
	case 1:
		read_figures(value);
		break;
	case 2:
		read_submission(value);
		break;
	case 3:
		read_fresh(value, bytes);
		break;
	case 4:
		read_log(value, bytes);
		break;
	case 5:
		read_table(value);
		break;
	default:
		read_head(value, bytes);
	}
	free(bytes);
	return 0;
}
