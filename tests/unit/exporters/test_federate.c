/* Federation and remote read: samples for another Prometheus. */
#include "base/protobuf.h"
#include "base/remote_read.h"
#include "tests/lib/read_frames.h"
#include "tests/unit/exporters/api_help.h"

#define PLAIN "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

/* --- federation --------------------------------------------------------------------------- */

static void newest_samples_come_by_family_with_their_times(void **state)
{
	struct face *f = *state;

	assert_string_equal(api_ask(f, serve_federate, "/federate",
				    "match[]=requests_total{job=\"web\"}&match[]={job!=\"\"}"),
			    "# TYPE requests_total untyped\n"
			    "requests_total{instance=\"h1\",job=\"api\"} 40 1795424700000\n"
			    "requests_total{instance=\"h1\",job=\"web\"} 240 1795424700000\n"
			    "requests_total{instance=\"h2\",job=\"api\"} 140 1795424700000\n"
			    "requests_total{instance=\"h3\",job=\"web\"} 340 1795424700000\n");
	assert_string_equal(f->r.x.content_type, PLAIN);
	assert_int_equal(f->r.x.status, 200);
}

static void stale_and_old_series_are_left_out(void **state)
{
	struct face *f = *state;

	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=gone&match[]=old"),
			    "");
	assert_string_equal(api_ask(f, serve_federate, "/federate", ""), "");
	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]={}"), "");
}

static void values_and_labels_are_written_as_the_format_wants(void **state)
{
	struct face *f = *state;

	api_sample(f, api_labels("v", "q", "a\"b\\c\nd", "z", "0"), NOW_MS - 1, -0.0);
	api_sample(f, api_labels("v", "q", "x", "z", "1"), NOW_MS - 2, INFINITY);
	api_sample(f, api_labels("v", "q", "x", "z", "2"), NOW_MS - 3, NAN);
	api_sample(f, api_labels("v", "q", "x", "z", "3"), NOW_MS - 4, 1e21);
	api_sample(f, api_labels("v", "instance", "i", "z", "4"), NOW_MS - 5, 0.1);
	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=v"),
			    "# TYPE v untyped\n"
			    "v{instance=\"i\",z=\"4\"} 0.1 1795424699995\n"
			    "v{q=\"a\\\"b\\\\c\\nd\",z=\"0\",instance=\"\"} 0 1795424699999\n"
			    "v{q=\"x\",z=\"1\",instance=\"\"} +Inf 1795424699998\n"
			    "v{q=\"x\",z=\"2\",instance=\"\"} NaN 1795424699997\n"
			    "v{q=\"x\",z=\"3\",instance=\"\"} 1e+21 1795424699996\n");
}

static void a_sample_at_the_far_end_of_the_lookback_counts(void **state)
{
	struct face *f = *state;

	api_sample(f, api_labels("edge", "a", "in", "instance", "i"), NOW_MS - 5 * MINUTE, 1);
	api_sample(f, api_labels("edge", "a", "out", "instance", "i"), NOW_MS - 5 * MINUTE - 1, 1);
	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=edge"),
			    "# TYPE edge untyped\n"
			    "edge{a=\"in\",instance=\"i\"} 1 1795424400000\n");
}

static void figures_that_hold_come_without_their_stamp(void **state)
{
	struct face *f = *state;

	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=park_output_yuan"),
			    "");
	api_has_calendar = true;
	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=park_output_yuan"),
			    "# TYPE park_output_yuan untyped\n"
			    "park_output_yuan{freq=\"M\",park=\"p1\",instance=\"\"} 100\n"
			    "park_output_yuan{freq=\"M\",park=\"p2\",instance=\"\"} 200\n");
}

static void names_the_old_format_lacks_are_written_with_underscores(void **state)
{
	struct face *f = *state;

	api_sample(f, api_labels("a.甲", "x.y", "1", "instance", "i"), NOW_MS, 1);
	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]={\"a.甲\"}"),
			    "# TYPE a__ untyped\n"
			    "a__{instance=\"i\",x_y=\"1\"} 1 1795424700000\n");
}

static void a_bad_selector_is_plain_text(void **state)
{
	struct face *f = *state;

	assert_string_equal(api_ask(f, serve_federate, "/federate", "match[]=x("),
			    "1:2: parse error: unexpected \"(\"\n");
	assert_int_equal(f->r.x.status, 400);
	assert_string_equal(f->r.x.content_type, "text/plain; charset=utf-8");
}

/* --- remote read ---------------------------------------------------------------------------- */

static void put_field(struct buf *out, unsigned number, struct slice s)
{
	uint8_t head[16];

	buf_put(out, head, (size_t)(pb_put_header(head, number, s.n) - head));
	buf_slice(out, s);
}

static void put_number(struct buf *out, unsigned number, uint64_t v)
{
	buf_putc(out, (char)PB_TAG(number, PB_VARINT));
	varint_add(out, v);
}

/* A query with one matcher, appended to the request. */
static void put_query(struct buf *request, int64_t from_ms, int64_t to_ms, unsigned type,
		      const char *name, const char *value)
{
	struct buf q, m;

	buf_init(&q, 1 << 16);
	buf_init(&m, 1 << 16);
	put_number(&q, 1, (uint64_t)from_ms);
	put_number(&q, 2, (uint64_t)to_ms);
	put_number(&m, 1, type);
	put_field(&m, 2, slice_str(name));
	put_field(&m, 3, slice_str(value));
	put_field(&q, 3, buf_all(&m));
	put_field(request, 1, buf_all(&q));
	buf_release(&q);
	buf_release(&m);
}

static size_t reply_bytes; /* of the next answer; 0: enough */

/* Sends `request` packed, or as it is. */
static const char *ask_read(struct face *f, const struct buf *request, bool packed)
{
	static struct buf body;

	face_forget(f);
	buf_init(&body, 1 << 20);
	if (packed)
		assert_ok(snappy_encode(buf_all(request), &body, &f->e), &f->e);
	else
		buf_slice(&body, buf_all(request));
	memset(&f->r, 0, sizeof(f->r));
	f->r.x.private = &f->r;
	f->r.x.ctx = &f->view;
	f->r.x.status = 200;
	f->r.x.content_type = "text/plain; charset=utf-8";
	f->r.x.body = buf_all(&body);
	arena_init(&f->r.x.arena, 16 << 20);
	buf_init(&f->r.x.reply, reply_bytes ? reply_bytes : 16 << 20);
	reply_bytes = 0;
	f->exchanged = true;
	serve_read(&f->r.x);
	if (f->r.x.status != 200)
		buf_putc(&f->r.x.reply, '\0');
	buf_release(&body);
	return f->r.x.reply.p;
}

/* The field `number` of a message after `skip` of them; its contents. */
static struct slice nth(struct slice message, unsigned number, size_t skip)
{
	const uint8_t *p = pb_start(message), *end = p + message.n;
	struct pb_field field;
	struct err e;

	while (p < end) {
		p = pb_read(pb_start(message), p, end, &field, &e);
		assert_non_null(p);
		if (field.number == number && skip-- == 0)
			return field.s;
	}
	return slice_of(NULL, 0);
}

/* The series of a result, read as a write request is. */
static void read_result(struct face *f, struct rw_reader *r, const struct buf *plain, size_t i,
			struct rw_request *out)
{
	assert_ok(rw_read(r, nth(buf_all(plain), 1, i), &remote_write_defaults, out, &f->e), &f->e);
}

static void unpack(struct face *f, struct buf *plain)
{
	buf_init(plain, 16 << 20);
	assert_int_equal(f->r.x.status, 200);
	assert_string_equal(f->r.x.content_type, "application/x-protobuf");
	assert_string_equal(f->r.x.headers[0][0], "Content-Encoding");
	assert_string_equal(f->r.x.headers[0][1], "snappy");
	assert_ok(snappy_decode(buf_all(&f->r.x.reply), 16 << 20, plain, &f->e), &f->e);
}

static void each_query_has_a_result_with_its_samples(void **state)
{
	struct face *f = *state;
	struct rw_reader *r = rw_reader_new(&f->e);
	struct label l[LABELS_MAX];
	struct rw_request got;
	struct buf request, plain;
	size_t n;

	buf_init(&request, 1 << 16);
	put_query(&request, NOW_MS - 30000, NOW_MS - 15000, 2, "job", "w.*");
	put_query(&request, 0, NOW_MS, 0, "__name__", "nothing");
	put_query(&request, 0, NOW_MS, 0, "__name__", "gone");
	put_query(&request, 0, NOW_MS, 0, "park", "p2");
	ask_read(f, &request, true);
	unpack(f, &plain);
	read_result(f, r, &plain, 0, &got);
	assert_int_equal(got.nseries, 2);
	assert_int_equal(got.nsamples, 4);
	assert_int_equal(got.samples[2].t_ms, NOW_MS - 30000);
	assert_f64(got.samples[2].value, 338);
	assert_ok(rw_labels(got.series[1].labels, l, &n, &f->e), &f->e);
	assert_int_equal(n, 3);
	assert_slice(l[1].value, "h3");
	read_result(f, r, &plain, 1, &got);
	assert_int_equal(got.nseries, 0);
	read_result(f, r, &plain, 2, &got);
	assert_int_equal(got.nsamples, 2);
	assert_true(isnan(got.samples[1].value)); /* the staleness mark goes along */
	read_result(f, r, &plain, 3, &got);
	assert_int_equal(got.nsamples, 3);
	assert_int_equal(got.samples[2].t_ms, OCTOBER);
	assert_f64(got.samples[2].value, 200);
	buf_release(&plain);
	buf_release(&request);
	rw_reader_free(r);
}

/* The name of a series' frame, and how many samples its chunks have. */
static size_t read_frame(struct face *f, const struct read_frame *frame, struct slice *instance)
{
	struct rw_sample list[XOR_CHUNK_SAMPLES];
	struct slice series = frame->series;
	struct label l[LABELS_MAX];
	size_t n, all = 0;

	assert_ok(rw_labels(take_labels(&series), l, &n, &f->e), &f->e);
	*instance = l[1].value;
	while (take_chunk(&series, list, &n))
		all += n;
	return all;
}

static void a_client_of_chunks_gets_a_frame_for_each_series(void **state)
{
	static const struct {
		size_t query, samples;
		const char *instance;
	} want[] = { { 0, 2, "h1" }, { 0, 2, "h3" }, { 2, 1, "cron" }, { 3, 3, "M" } };
	struct face *f = *state;
	struct read_frame frame;
	struct slice in, instance;
	struct buf request;

	buf_init(&request, 1 << 16);
	put_query(&request, NOW_MS - 30000, NOW_MS - 15000, 2, "job", "w.*");
	put_query(&request, 0, NOW_MS, 0, "__name__", "nothing");
	put_query(&request, 0, NOW_MS, 0, "__name__", "old");
	put_query(&request, 0, NOW_MS, 0, "park", "p2");
	put_number(&request, 2, 1);
	put_number(&request, 2, 0);
	ask_read(f, &request, true);
	assert_int_equal(f->r.x.status, 200);
	assert_string_equal(
		f->r.x.content_type,
		"application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
	assert_null(f->r.x.headers[0][0]);
	in = buf_all(&f->r.x.reply);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(take_frame(&in, &frame));
		assert_int_equal(frame.query, want[i].query);
		assert_int_equal(read_frame(f, &frame, &instance), want[i].samples);
		assert_slice(instance, want[i].instance);
	}
	assert_false(take_frame(&in, &frame));
	buf_release(&request);
}

/* Random values of a thousand bytes a chunk: more than a piece for each of three series. */
static void push_long_series(struct face *f)
{
	enum { SAMPLES = 60000 };
	static struct rw_sample list[SAMPLES];
	static const char *const parts[] = { "a", "b", "c" };
	struct write w;
	struct buf raw;

	srand(3);
	buf_init(&raw, 16 << 20);
	for (int i = 0; i < 3; i++) {
		struct labels *ls = api_labels("long", "instance", parts[i], "job", "j");

		for (int k = 0; k < SAMPLES; k++)
			list[k] = (struct rw_sample){ NOW_MS - k, rand() * 1e-9 };
		rw_put_series(&raw, ls->l, ls->n, list, SAMPLES);
		labels_unref(ls);
	}
	assert_ok(write_now(f->s, &raw, NOW_MS, &w, &f->e), &f->e);
	buf_release(&raw);
}

static void ask_long(struct face *f)
{
	struct buf request;

	buf_init(&request, 1 << 16);
	put_query(&request, 0, NOW_MS, 0, "__name__", "long");
	put_query(&request, 0, NOW_MS, 0, "__name__", "old");
	put_number(&request, 2, 1);
	ask_read(f, &request, true);
	assert_int_equal(f->r.x.status, 200);
	assert_non_null(f->r.x.more);
	buf_release(&request);
}

static void next_piece(struct face *f)
{
	buf_clear(&f->r.x.reply);
	f->r.x.more(&f->r.x);
}

static void a_long_answer_is_made_while_it_is_sent(void **state)
{
	static const char *const want[] = { "a", "b", "c", "cron" };
	struct face *f = *state;
	struct read_frame frame;
	struct slice in, instance;

	push_long_series(f);
	ask_long(f);
	for (size_t i = 0; i < 4; i++) {
		in = buf_all(&f->r.x.reply);
		assert_true(take_frame(&in, &frame));
		assert_int_equal(frame.query, i / 3);
		assert_int_equal(read_frame(f, &frame, &instance), i < 3 ? 60000 : 1);
		assert_slice(instance, want[i]);
		assert_int_equal(in.n, 0);
		if (i < 3)
			next_piece(f);
	}
	assert_null(f->r.x.more);
	assert_false(f->r.broken);
}

static void a_series_that_is_deleted_meanwhile_is_left_out(void **state)
{
	const struct matcher m = { .op = MATCH_EQ,
				   .name = slice_str("instance"),
				   .value = slice_str("b") };
	struct face *f = *state;
	struct read_frame frame;
	struct slice in, instance;
	uint64_t n;

	push_long_series(f);
	ask_long(f);
	assert_ok(store_delete(f->s, &m, 1, INT64_MIN, INT64_MAX, &n, &f->e), &f->e);
	assert_int_equal(n, 60000);
	next_piece(f);
	in = buf_all(&f->r.x.reply);
	assert_true(take_frame(&in, &frame));
	read_frame(f, &frame, &instance);
	assert_slice(instance, "c");
	atomic_store(&f->r.x.cancelled, true);
	next_piece(f);
	assert_null(f->r.x.more);
	assert_int_equal(f->r.x.reply.n, 0);
}

static void an_answer_that_cannot_go_on_ends_the_connection(void **state)
{
	struct face *f = *state;

	push_long_series(f);
	ask_long(f);
	f->r.x.reply.limit = 1000;
	next_piece(f);
	assert_null(f->r.x.more);
	assert_true(f->r.broken);
}

static void the_first_response_type_that_is_known_counts(void **state)
{
	struct face *f = *state;
	struct buf request;

	buf_init(&request, 1 << 16);
	put_field(&request, 2, slice_of("\7\0\1", 3));
	ask_read(f, &request, true);
	assert_string_equal(f->r.x.content_type, "application/x-protobuf");
	buf_clear(&request);
	put_number(&request, 2, 2);
	put_number(&request, 2, 1);
	put_number(&request, 2, 0);
	ask_read(f, &request, true);
	assert_string_equal(
		f->r.x.content_type,
		"application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
	buf_clear(&request);
	put_number(&request, 2, 2);
	assert_string_equal(ask_read(f, &request, true),
			    "server does not support any of the requested response types; "
			    "supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]\n");
	assert_int_equal(f->r.x.status, 400);
	buf_release(&request);
}

static void an_answer_in_chunks_that_is_too_large_is_an_error(void **state)
{
	struct face *f = *state;
	struct buf request;

	buf_init(&request, 1 << 16);
	put_query(&request, 0, NOW_MS, 0, "__name__", "requests_total");
	put_number(&request, 2, 1);
	reply_bytes = 1000;
	assert_has(ask_read(f, &request, true), "1000");
	assert_int_equal(f->r.x.status, 400);
	assert_string_equal(f->r.x.content_type, "text/plain; charset=utf-8");
	buf_release(&request);
}

static void an_empty_request_has_an_empty_answer(void **state)
{
	struct face *f = *state;
	struct buf request, plain;

	buf_init(&request, 1 << 16);
	ask_read(f, &request, true);
	unpack(f, &plain);
	assert_int_equal(plain.n, 0);
	buf_release(&plain);
	buf_release(&request);
}

static void requests_that_cannot_be_answered_say_why(void **state)
{
	struct face *f = *state;
	struct buf request;

	buf_init(&request, 1 << 20);
	buf_puts(&request, "nonsense");
	ask_read(f, &request, false);
	assert_int_equal(f->r.x.status, 400);
	buf_clear(&request);
	put_query(&request, 0, 1, 2, "job", "(");
	assert_non_null(strstr(ask_read(f, &request, true), "missing )"));
	assert_int_equal(f->r.x.status, 400);
	buf_clear(&request);
	put_query(&request, 0, 1, 4, "job", "x");
	assert_non_null(strstr(ask_read(f, &request, true),
			       "query 1: matcher 1: there is no type of matcher 4"));
	buf_clear(&request);
	put_query(&request, 0, 1, 0, "job", "\xff");
	assert_non_null(
		strstr(ask_read(f, &request, true), "query 1: matcher 1: a text is not UTF-8"));
	buf_clear(&request);
	for (int i = 0; i <= READ_QUERIES_MAX; i++)
		put_query(&request, 0, 1, 0, "job", "x");
	assert_non_null(strstr(ask_read(f, &request, true), "more than 100 queries"));
	assert_int_equal(f->r.x.status, 400);
	buf_release(&request);
}

#define T(f) cmocka_unit_test_setup_teardown(f, api_setup_filled, api_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(newest_samples_come_by_family_with_their_times),
		T(stale_and_old_series_are_left_out),
		T(values_and_labels_are_written_as_the_format_wants),
		T(a_sample_at_the_far_end_of_the_lookback_counts),
		T(figures_that_hold_come_without_their_stamp),
		T(names_the_old_format_lacks_are_written_with_underscores),
		T(a_bad_selector_is_plain_text),
		T(each_query_has_a_result_with_its_samples),
		T(a_client_of_chunks_gets_a_frame_for_each_series),
		T(a_long_answer_is_made_while_it_is_sent),
		T(a_series_that_is_deleted_meanwhile_is_left_out),
		T(an_answer_that_cannot_go_on_ends_the_connection),
		T(the_first_response_type_that_is_known_counts),
		T(an_answer_in_chunks_that_is_too_large_is_an_error),
		T(an_empty_request_has_an_empty_answer),
		T(requests_that_cannot_be_answered_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
