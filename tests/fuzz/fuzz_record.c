/*
 * fuzz_record.c - any bytes as records of the store, behind their checksum.
 *
 * The first byte picks the kind. Records lie in memory of exactly their size, so that a
 * byte too far is seen. What was read and is in order survives being written again.
 */
#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/num.h"
#include "storage/fresh.h"
#include "storage/keys.h"
#include "storage/layer.h"
#include "storage/submission.h"
#include "tests/fuzz/fuzz.h"

static const struct segment_want all = { 0, UINT32_MAX, INT64_MIN, INT64_MAX };

static struct figure_packer *packer(void)
{
	static struct figure_packer *p;
	struct err e;

	if (!p)
		p = figure_packer_new(&e);
	MUST(p);
	return p;
}

static void must_be_damage(const struct err *e)
{
	must_say_why(e);
	MUST(e->code == ERR_CORRUPT);
}

/* --- figures ------------------------------------------------------------------------------ */

/* Whether they could have been packed: in order, and of each submission one says the same. */
static bool are_in_order(const struct figure *f, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (figure_cmp(&f[i - 1], &f[i]) > 0)
			return false;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (f[i].sequence == f[k].sequence &&
			    (f[i].received_ms != f[k].received_ms ||
			     (f[i].known != KNOWN_GIVEN && f[k].known != KNOWN_GIVEN &&
			      f[i].released_ms != f[k].released_ms)))
				return false;
	return true;
}

static bool is_given_alone(const struct figure *f, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (f[k].sequence == f[i].sequence && f[k].known != KNOWN_GIVEN)
			return false;
	return true;
}

static void check_repacked(const struct figure *f, size_t n)
{
	static struct figure again[FIGURES_MAX];
	struct chunk c;
	struct err e;

	MUST(figures_pack(packer(), 1, f, n, &c, &e) == 0);
	MUST(c.count == n);
	MUST(figures_unpack(packer(), &c, again, &e) == 0);
	for (size_t i = 0; i < n; i++) {
		MUST(again[i].stamp_ms == f[i].stamp_ms && num_same(again[i].value, f[i].value));
		MUST(again[i].sequence == f[i].sequence);
		MUST(again[i].known_from_ms == f[i].known_from_ms);
		MUST(again[i].received_ms == f[i].received_ms);
		MUST(again[i].months == f[i].months && again[i].flags == f[i].flags);
		MUST(again[i].known == f[i].known);
		if (!is_given_alone(f, n, i))
			MUST(again[i].released_ms == f[i].released_ms);
	}
}

/* Bytes: count 1, encoding 1, bytes of the times 1, of the values 1; then these, then attributes.
 */
static void read_figures(struct slice value)
{
	static struct figure out[FIGURES_MAX];
	struct chunk c = { .series = 1 };
	struct slice rest;
	struct err e;

	if (value.n < 4)
		return;
	c.count = (uint8_t)value.p[0] + 1u;
	c.encoding = (uint8_t)value.p[1];
	rest = slice_skip(value, 4);
	if (rest.n < (size_t)(uint8_t)value.p[2] + (uint8_t)value.p[3])
		return;
	c.times = slice_of(rest.p, (uint8_t)value.p[2]);
	c.values = slice_of(rest.p + c.times.n, (uint8_t)value.p[3]);
	c.attributes = slice_skip(rest, c.times.n + c.values.n);
	if (figures_unpack(packer(), &c, out, &e) < 0)
		must_be_damage(&e);
	else if (are_in_order(out, c.count))
		check_repacked(out, c.count);
}

/* --- segments -------------------------------------------------------------------------------- */

/* The directory gets its checksum here; those of the chunks are the input's. */
static void repair(struct slice value, char *bytes)
{
	uint32_t dir;

	if (value.n < SEGMENT_HEAD_BYTES)
		return;
	put_le32((uint8_t *)bytes + 20, (uint32_t)value.n);
	dir = get_le32(bytes + 16);
	if (dir >= SEGMENT_HEAD_BYTES && dir <= value.n)
		put_le32((uint8_t *)bytes, crc32c(0, bytes + 4, dir - 4));
}

static void read_segment(struct slice value, char *bytes)
{
	struct segment_reader r;
	uint64_t samples = 0;
	struct err e;

	repair(value, bytes);
	segment_reader_init(&r);
	if (segment_open(&r, value, &e) < 0)
		must_be_damage(&e);
	else
		MUST(r.at.left == r.nchunks);
	while (r.at.left > 0) {
		uint32_t left = r.at.left, series = r.at.series, columns[2];
		struct chunk c;

		if (segment_next(&r, &all, &c, columns, &e) == 1) {
			MUST(c.series >= series && c.first_ms <= c.last_ms && c.count > 0);
			MUST(lies_within(c.times, value) && lies_within(c.values, value));
			MUST(columns[0] < r.ncolumns);
			samples += c.count;
		} else {
			must_be_damage(&e);
		}
		if (r.at.left == left)
			break;
	}
	segment_reader_release(&r);
}

static struct layer *empty_layer(void)
{
	struct err e;
	struct layer *l = layer_of_segments(SEGMENT_SAMPLES, 1, 1, NULL, 0, &e);

	MUST(l);
	mem_free(l->segments);
	l->segments = NULL;
	return l;
}

static void read_table(struct slice value)
{
	struct layer *l = empty_layer(), *again = empty_layer();
	struct buf b;
	struct err e;

	buf_init(&b, 64 << 20);
	if (segments_read(l, value, &e) < 0) {
		must_be_damage(&e);
	} else {
		segments_write(l->segments, l->nsegments, &b);
		MUST(segments_read(again, buf_all(&b), &e) == 0);
		MUST(again->nsegments == l->nsegments);
		MUST(l->nsegments == 0 || memcmp(again->segments, l->segments,
						 l->nsegments * sizeof(*l->segments)) == 0);
	}
	buf_release(&b);
	layer_unref(l);
	layer_unref(again);
}

/* --- others --------------------------------------------------------------------------------------
 */

static int see_name(void *ctx, uint32_t id, bool statistic, const struct label *l, size_t n,
		    struct err *e)
{
	const struct slice *value = ctx;

	(void)statistic;
	(void)e;
	MUST(id > 0 && n <= LABELS_MAX);
	for (size_t i = 0; i < n; i++)
		MUST(lies_within(l[i].name, *value) && lies_within(l[i].value, *value));
	return 0;
}

static int see_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	static struct figure out[FIGURES_MAX];

	MUST(lies_within(c->values, *(const struct slice *)ctx));
	return figures_unpack(packer(), c, out, e);
}

static void read_fresh(struct slice value)
{
	const struct fresh_visitor v = { see_name, see_chunk, &value };
	struct err e;

	if (value.n >= RECORD_CRC_BYTES && fresh_record_read(value, &v, &e) < 0)
		must_be_damage(&e);
}

static void read_submission(struct slice value)
{
	struct submission_view v;
	struct err e;

	if (submission_read(value, &v, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(lies_within(v.source, value) && lies_within(v.owner, value));
	MUST(lies_within(v.origin, value));
}

/* Sealed here when it has the size, so that what lies behind the checksum is read too. */
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
	bytes = malloc(n > 1 ? n - 1 : 1);
	MUST(bytes);
	memcpy(bytes, data + 1, n - 1);
	value = slice_of(bytes, n - 1);
	switch (data[0] % 6) {
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
		read_table(value);
		break;
	case 4:
		read_fresh(value);
		break;
	default:
		read_head(value, bytes);
	}
	free(bytes);
	return 0;
}
