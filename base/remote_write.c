/*
 * remote_write.c - see remote_write.h.
 *
 * A request is thousands of series, each some 200 bytes of labels and 16 of samples, so
 * two loops do nearly all of the work: pass_labels() steps over a run of labels by their
 * lengths, take_samples() takes samples of the form every sender writes (0x12 length 0x09
 * value 0x10 time). Both stop at whatever is not of that form, and pb_read() takes one field the
 * careful way before they go on; only there errors are made. How many labels came before a mistake
 * is counted when there is one.
 *
 * If a series' labels are interrupted by another field, they are put together in the
 * reader's arena, which is emptied before the next request.
 */
#include "base/remote_write.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/protobuf.h"
#include "base/remote_write_fields.h"
#include "base/text.h"

enum { SMALLEST_ARRAY = 64 };

const struct remote_write_limits remote_write_defaults = {
	.raw_bytes = (size_t)32 << 20,
	.series = 100000,
	.samples = 1000000,
};

/* What a request has of one kind, in the order sent; kept from request to request. */
struct list {
	union {
		void *p;
		struct rw_series *series;
		struct rw_sample *samples;
		struct rw_metadata *metadata;
	};
	size_t n, cap, most, size; /* in it, that fit, that may come; bytes of each */
	const char *what;
};

struct rw_reader {
	struct list series, samples, metadata;
	uint64_t exemplars, histograms;
	struct arena joined;

	const uint8_t *raw, *end; /* the request being read */
};

/* --- lists ------------------------------------------------------------------------ */

static int make_longer(struct list *l, struct err *e)
{
	size_t want = l->cap < SMALLEST_ARRAY ? SMALLEST_ARRAY : l->cap * 2;
	void *bigger;

	if (l->n >= l->most)
		return err_set(e, ERR_LIMIT, "more than the allowed %zu %s in one request", l->most,
			       l->what);
	bigger = mem_realloc(l->p, want * l->size);
	if (!bigger)
		return err_set(e, ERR_MEMORY, "no memory for %zu %s", want, l->what);
	l->p = bigger;
	l->cap = want;
	return 0;
}

/* Afterwards one more can be put behind the last. */
static inline int room_for_one(struct list *l, struct err *e)
{
	return l->n < l->cap && l->n < l->most ? 0 : make_longer(l, e);
}

/* --- one time series ---------------------------------------------------------------- */

/* Where the labels of a series were seen. */
struct run {
	const uint8_t *end;
	bool split;
};

static void note_labels(struct rw_series *s, struct run *run, const uint8_t *from,
			const uint8_t *to)
{
	if (s->labels.n == 0)
		s->labels.p = (const char *)from;
	else if (from != run->end)
		run->split = true;
	s->labels.n += (size_t)(to - from);
	run->end = to;
}

/* Steps over labels with lengths of one or two bytes, those of all ordinary ones. */
static inline const uint8_t *pass_labels(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 3 && p[0] == PB_TAG(SERIES_LABELS, PB_BYTES)) {
		size_t n = p[1], header = 2;

		if (n & 0x80) {
			if (p[2] & 0x80)
				break;
			n = (n & 0x7f) | (size_t)p[2] << 7;
			header = 3;
		}
		if ((size_t)(end - p) - header < n)
			break;
		p += header + n;
	}
	return p;
}

/* Reads the varint of exactly n <= 8 bytes at p, where 8 may be read. */
static inline bool varint_of(const uint8_t *p, size_t n, uint64_t *v)
{
	const uint64_t more = 0x8080808080808080;
	uint64_t x = get_le64(p), last = ~x & more;

	/* The lowest clear continuation bit belongs to the last byte. */
	if (!last || (size_t)__builtin_ctzll(last) != 8 * n - 1)
		return false;
	x &= (last ^ (last - 1)) & ~more;
	/* 8 × 7 bits to 4 × 14, 2 × 28, 56. */
	x = (x & 0x007f007f007f007f) | (x & 0x7f007f007f007f00) >> 1;
	x = (x & 0x00003fff00003fff) | (x & 0x3fff00003fff0000) >> 2;
	*v = (x & 0x0fffffff) | (x & 0x0fffffff00000000) >> 4;
	return true;
}

/* Takes samples of the usual form. NULL with the error set; or where it stopped. */
static inline const uint8_t *take_samples(struct rw_reader *r, const uint8_t *p, const uint8_t *end,
					  struct err *e)
{
	enum { AT_VALUE = 3, AT_TIME = AT_VALUE + PB_DOUBLE_BYTES + 1, INNER = AT_TIME - 2 };

	while (r->end - p >= AT_TIME + 8 && p < end && p[0] == PB_TAG(SERIES_SAMPLES, PB_BYTES) &&
	       p[2] == PB_TAG(SAMPLE_VALUE, PB_FIXED64) &&
	       p[AT_TIME - 1] == PB_TAG(SAMPLE_TIME, PB_VARINT)) {
		size_t n = p[1];
		uint64_t t;

		if (n <= INNER || n > INNER + 8 || (size_t)(end - p) < 2 + n ||
		    !varint_of(p + AT_TIME, n - INNER, &t))
			break;
		if (room_for_one(&r->samples, e) < 0)
			return NULL;
		r->samples.samples[r->samples.n++] = (struct rw_sample){
			.t_ms = (int64_t)t,
			.value = pb_double(get_le64(p + AT_VALUE)),
		};
		p += 2 + n;
	}
	return p;
}

static int read_sample(struct rw_reader *r, const uint8_t *p, const uint8_t *end, struct err *e)
{
	struct rw_sample s = { 0 };
	struct pb_field f;

	if (room_for_one(&r->samples, e) < 0)
		return -1;
	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(r->raw, p, end, &f, e);
		if (!p)
			return -1;
		if (f.number == SAMPLE_VALUE) {
			if (pb_want(r->raw, at, &f, PB_FIXED64, e) < 0)
				return -1;
			s.value = pb_double(f.value);
		} else if (f.number == SAMPLE_TIME) {
			if (pb_want(r->raw, at, &f, PB_VARINT, e) < 0)
				return -1;
			s.t_ms = (int64_t)f.value;
		}
	}
	r->samples.samples[r->samples.n++] = s;
	return 0;
}

/* One field of a series, with care. */
static const uint8_t *series_field(struct rw_reader *r, struct rw_series *s, struct run *run,
				   const uint8_t *p, const uint8_t *end, struct pb_field *f,
				   struct err *e)
{
	const uint8_t *next = pb_read(r->raw, p, end, f, e);

	if (!next)
		return NULL;
	if (f->number <= SERIES_HISTOGRAMS && pb_want(r->raw, p, f, PB_BYTES, e) < 0)
		return NULL;
	switch (f->number) {
	case SERIES_LABELS:
		note_labels(s, run, p, next);
		return next;
	case SERIES_SAMPLES:
		return read_sample(r, pb_start(f->s), next, e) < 0 ? NULL : next;
	case SERIES_EXEMPLARS:
		r->exemplars++;
		return next;
	case SERIES_HISTOGRAMS:
		r->histograms++;
		return next;
	default:
		return next;
	}
}

/* How many fields of that number lie in the good bytes from p to `end`. */
static size_t count_fields(const uint8_t *p, const uint8_t *end, uint32_t number)
{
	const uint8_t *raw = p;
	struct pb_field f;
	size_t n = 0;

	while (p < end && (p = pb_read(raw, p, end, &f, NULL)) != NULL)
		n += f.number == number;
	return n;
}

/* The series from `from` to `end` went wrong in the field at `at`. */
static int wrong_series(struct rw_reader *r, const uint8_t *from, const uint8_t *at,
			const struct pb_field *f, struct err *e)
{
	static const char *const names[] = {
		[SERIES_LABELS] = "label",
		[SERIES_SAMPLES] = "sample",
		[SERIES_EXEMPLARS] = "exemplar",
		[SERIES_HISTOGRAMS] = "histogram",
	};

	if (f->number == 0 || f->number > SERIES_HISTOGRAMS)
		return err_wrap(e, "time series %zu", r->series.n + 1);
	return err_wrap(e, "time series %zu, %s %zu", r->series.n + 1, names[f->number],
			count_fields(from, at, f->number) + 1);
}

static int join_labels(struct rw_reader *r, struct rw_series *s, const uint8_t *p,
		       const uint8_t *end, struct err *e)
{
	char *to = arena_alloc(&r->joined, s->labels.n);
	size_t n = 0;
	struct pb_field f;

	if (!to)
		return err_set(e, ERR_MEMORY, "no memory for the labels of time series %zu",
			       r->series.n + 1);
	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(r->raw, p, end, &f, e);
		if (!p)
			return -1;
		if (f.number != SERIES_LABELS)
			continue;
		memcpy(to + n, at, (size_t)(p - at));
		n += (size_t)(p - at);
	}
	s->labels = slice_of(to, n);
	return 0;
}

static int read_series(struct rw_reader *r, const uint8_t *from, const uint8_t *end, struct err *e)
{
	const uint8_t *p = from, *at;
	struct run run = { 0 };
	struct rw_series *s;
	struct pb_field f;

	if (room_for_one(&r->series, e) < 0)
		return -1;
	s = &r->series.series[r->series.n];
	*s = (struct rw_series){ .labels = slice_of((const char *)from, 0),
				 .first = (uint32_t)r->samples.n };
	for (;;) {
		at = p;
		p = pass_labels(p, end);
		if (p != at)
			note_labels(s, &run, at, p);
		p = take_samples(r, p, end, e);
		if (!p)
			return err_wrap(e, "time series %zu", r->series.n + 1);
		if (p == end)
			break;
		at = p;
		p = series_field(r, s, &run, p, end, &f, e);
		if (!p)
			return wrong_series(r, from, at, &f, e);
	}
	s->n = (uint32_t)r->samples.n - s->first;
	if (run.split && join_labels(r, s, from, end, e) < 0)
		return -1;
	r->series.n++;
	return 0;
}

/* --- metadata ------------------------------------------------------------------------- */

static int check_text(struct slice s, const char *what, struct err *e)
{
	long bad = utf8_bad_at(s);

	if (bad >= 0)
		return err_set(e, ERR_INVALID, "the %s is not UTF-8 at byte %ld", what, bad + 1);
	return 0;
}

static int metadata_field(struct rw_metadata *m, const struct pb_field *f, struct err *e)
{
	switch (f->number) {
	case METADATA_TYPE:
		m->type = f->value <= RW_STATE_SET ? (int)f->value : RW_UNKNOWN;
		return 0;
	case METADATA_FAMILY:
		m->family = f->s;
		return check_text(f->s, "name", e);
	case METADATA_HELP:
		m->help = f->s;
		return check_text(f->s, "help", e);
	case METADATA_UNIT:
		m->unit = f->s;
		return check_text(f->s, "unit", e);
	default:
		return 0;
	}
}

static bool is_metadata_text(uint32_t number)
{
	return number == METADATA_FAMILY || number == METADATA_HELP || number == METADATA_UNIT;
}

static int read_metadata(struct rw_reader *r, const uint8_t *p, const uint8_t *end, struct err *e)
{
	struct rw_metadata m = { .family = slice_str(""),
				 .help = slice_str(""),
				 .unit = slice_str("") };
	struct pb_field f;

	if (room_for_one(&r->metadata, e) < 0)
		return -1;
	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(r->raw, p, end, &f, e);
		if (!p)
			return -1;
		if (f.number == METADATA_TYPE && pb_want(r->raw, at, &f, PB_VARINT, e) < 0)
			return -1;
		if (is_metadata_text(f.number) && pb_want(r->raw, at, &f, PB_BYTES, e) < 0)
			return -1;
		if (metadata_field(&m, &f, e) < 0)
			return -1;
	}
	r->metadata.metadata[r->metadata.n++] = m;
	return 0;
}

/* --- a request ------------------------------------------------------------------------- */

struct rw_reader *rw_reader_new(struct err *e)
{
	struct rw_reader *r = mem_zalloc(sizeof(*r));

	if (!r) {
		err_set(e, ERR_MEMORY, "no memory to read remote write");
		return NULL;
	}
	r->series = (struct list){ .size = sizeof(struct rw_series), .what = "time series" };
	r->samples = (struct list){ .size = sizeof(struct rw_sample), .what = "samples" };
	r->metadata =
		(struct list){ .size = sizeof(struct rw_metadata), .what = "entries of metadata" };
	arena_init(&r->joined, 0);
	return r;
}

void rw_reader_free(struct rw_reader *r)
{
	if (!r)
		return;
	arena_release(&r->joined);
	mem_free(r->series.p);
	mem_free(r->samples.p);
	mem_free(r->metadata.p);
	mem_free(r);
}

static void start_request(struct rw_reader *r, struct slice raw,
			  const struct remote_write_limits *limits)
{
	size_t limit = 2 * raw.n + ((size_t)1 << 20); /* with what alignment and blocks cost */

	arena_release(&r->joined);
	arena_init(&r->joined, limit);
	r->series.n = r->samples.n = r->metadata.n = 0;
	r->exemplars = r->histograms = 0;
	r->series.most = r->metadata.most = limits->series;
	r->samples.most = limits->samples < UINT32_MAX ? limits->samples : UINT32_MAX;
	r->raw = (const uint8_t *)raw.p;
	r->end = r->raw + raw.n;
}

static int request_field(struct rw_reader *r, const uint8_t *at, const struct pb_field *f,
			 const uint8_t *end, struct err *e)
{
	if (f->number == REQUEST_SERIES)
		return pb_want(r->raw, at, f, PB_BYTES, e) < 0
			       ? -1
			       : read_series(r, pb_start(f->s), end, e);
	if (f->number != REQUEST_METADATA)
		return 0;
	if (pb_want(r->raw, at, f, PB_BYTES, e) < 0)
		return -1;
	if (read_metadata(r, pb_start(f->s), end, e) < 0)
		return err_wrap(e, "metadata %zu", r->metadata.n + 1);
	return 0;
}

/* The header of a time series as all of them begin: the usual tag, a length of one to three
 * bytes. Where the message begins, or NULL when pb_read() must see to it. */
static inline const uint8_t *series_header(const uint8_t *p, const uint8_t *end, size_t *n)
{
	if (end - p < 4 || p[0] != PB_TAG(REQUEST_SERIES, PB_BYTES))
		return NULL;
	*n = p[1] & 0x7f;
	if (!(p[1] & 0x80)) {
		p += 2;
	} else {
		*n |= (size_t)(p[2] & 0x7f) << 7;
		if (!(p[2] & 0x80)) {
			p += 3;
		} else {
			*n |= (size_t)p[3] << 14;
			if (p[3] & 0x80)
				return NULL;
			p += 4;
		}
	}
	return *n <= (size_t)(end - p) ? p : NULL;
}

static int read_request(struct rw_reader *r, struct err *e)
{
	const uint8_t *p = r->raw, *from;
	struct pb_field f;
	size_t n;

	while (p < r->end) {
		const uint8_t *at = p;

		from = series_header(p, r->end, &n);
		if (from) {
			p = from + n;
			if (read_series(r, from, p, e) < 0)
				return -1;
			continue;
		}
		p = pb_read(r->raw, p, r->end, &f, e);
		if (!p && f.number == REQUEST_SERIES)
			return err_wrap(e, "time series %zu", r->series.n + 1);
		if (!p || request_field(r, at, &f, p, e) < 0)
			return -1;
	}
	return 0;
}

int rw_read(struct rw_reader *r, struct slice raw, const struct remote_write_limits *limits,
	    struct rw_request *out, struct err *e)
{
	*out = (struct rw_request){ 0 };
	if (raw.n > limits->raw_bytes)
		return err_set(e, ERR_LIMIT, "a request of %zu bytes, more than the allowed %zu",
			       raw.n, limits->raw_bytes);
	start_request(r, raw, limits);
	if (read_request(r, e) < 0)
		return -1;
	*out = (struct rw_request){
		.series = r->series.series,
		.nseries = r->series.n,
		.samples = r->samples.samples,
		.nsamples = r->samples.n,
		.metadata = r->metadata.metadata,
		.nmetadata = r->metadata.n,
		.exemplars = r->exemplars,
		.histograms = r->histograms,
	};
	return 0;
}

/* --- labels ------------------------------------------------------------------------------- */

static int read_label(const uint8_t *raw, const struct pb_field *message, struct label *l,
		      struct err *e)
{
	const uint8_t *p = pb_start(message->s), *end = p + message->s.n;
	struct pb_field f;

	*l = (struct label){ slice_str(""), slice_str("") };
	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(raw, p, end, &f, e);
		if (!p)
			return -1;
		if (f.number != LABEL_NAMES && f.number != LABEL_VALUES)
			continue;
		if (pb_want(raw, at, &f, PB_BYTES, e) < 0)
			return -1;
		*(f.number == LABEL_NAMES ? &l->name : &l->value) = f.s;
	}
	return 0;
}

static bool has_name(const struct label *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(l[i].name, LABEL_NAME))
			return true;
	return false;
}

int rw_labels(struct slice raw_labels, struct label l[LABELS_MAX], size_t *n, struct err *e)
{
	const uint8_t *raw = (const uint8_t *)raw_labels.p, *p = raw, *end = raw + raw_labels.n;
	struct pb_field f;
	size_t seen = 0;

	while (p < end) {
		const uint8_t *at = p;

		p = pb_read(raw, p, end, &f, e);
		if (!p || (f.number == SERIES_LABELS && pb_want(raw, at, &f, PB_BYTES, e) < 0))
			return err_wrap(e, "label %zu", seen + 1);
		if (f.number != SERIES_LABELS)
			continue;
		if (seen == LABELS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d labels", LABELS_MAX);
		if (read_label(raw, &f, &l[seen], e) < 0)
			return err_wrap(e, "label %zu", seen + 1);
		seen++;
	}
	if (labels_normalize(l, seen, l, n, e) < 0)
		return -1;
	if (!has_name(l, *n))
		return err_set(e, ERR_INVALID, "a time series without a metric name");
	return 0;
}
