/* test_read_frames.c - remote read's streamed answer: frames, and how series are cut. */
#include "base/read_frames.h"
#include "tests/lib/read_frames.h"

#include <stdlib.h>

#define LABEL(name, value) ((struct label){ slice_str(name), slice_str(value) })

static const struct label *two_labels(void)
{
	static struct label l[2];

	l[0] = LABEL("__name__", "m");
	l[1] = LABEL("job", "api");
	return l;
}

static void a_series_is_a_frame_with_its_checksum(void **state)
{
	static const struct rw_sample s[] = { { -5, 1 }, { 7, 2 } };
	struct rw_sample back[XOR_CHUNK_SAMPLES];
	struct label l[LABELS_MAX];
	struct read_frame frame;
	struct slice in;
	struct buf out;
	struct err e;
	size_t n;

	(void)state;
	buf_init(&out, 1 << 20);
	assert_int_equal(read_put_frame(&out, 0, two_labels(), 2, s, 2), 2);
	assert_int_equal(read_put_frame(&out, 300, two_labels(), 1, s, 1), 1);
	assert_ok(buf_check(&out, &e), &e);
	in = buf_all(&out);
	assert_true(take_frame(&in, &frame));
	assert_int_equal(frame.query, 0);
	assert_ok(rw_labels(take_labels(&frame.series), l, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_slice(l[1].value, "api");
	assert_true(take_chunk(&frame.series, back, &n));
	assert_int_equal(n, 2);
	assert_int_equal(back[0].t_ms, -5);
	assert_f64(back[1].value, 2);
	assert_false(take_chunk(&frame.series, back, &n));
	assert_true(take_frame(&in, &frame));
	assert_int_equal(frame.query, 300);
	assert_false(take_frame(&in, &frame));
	buf_release(&out);
}

static void many_samples_are_cut_into_chunks_and_frames(void **state)
{
	enum { SAMPLES = 300001, MIB = 1 << 20 };
	struct rw_sample *s = calloc(SAMPLES, sizeof(*s)), back[XOR_CHUNK_SAMPLES];
	size_t seen = 0, chunks = 0, frames = 0, n;
	struct read_frame frame;
	struct slice in;
	struct buf out;
	struct err e;

	(void)state;
	assert_non_null(s);
	srand(2);
	for (size_t i = 0; i < SAMPLES; i++)
		s[i] = (struct rw_sample){ (int64_t)i * 1000, rand() * 1e-9 };
	buf_init(&out, 8 * MIB);
	for (size_t i = 0; i < SAMPLES; i += n) {
		n = read_put_frame(&out, 1, two_labels(), 2, s + i, SAMPLES - i);
		assert_in_range(n, 1, SAMPLES - i);
	}
	assert_ok(buf_check(&out, &e), &e);
	for (in = buf_all(&out); take_frame(&in, &frame); frames++) {
		assert_int_equal(frame.query, 1);
		assert_int_equal(take_labels(&frame.series).n, 27);
		if (in.n)
			assert_in_range(frame.series.n, MIB - 27, MIB + XOR_CHUNK_BYTES);
		for (; take_chunk(&frame.series, back, &n); chunks++)
			for (size_t i = 0; i < n; i++, seen++) {
				assert_int_equal(back[i].t_ms, s[seen].t_ms);
				assert_f64(back[i].value, s[seen].value);
			}
	}
	assert_int_equal(seen, SAMPLES);
	assert_int_equal(chunks, 2501);
	assert_in_range(frames, 2, 4);
	buf_release(&out);
	free(s);
}

static void what_does_not_fit_is_noticed(void **state)
{
	static const struct rw_sample s[] = { { 1, 1 } };
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(read_put_frame(&out, 0, two_labels(), 2, s, 1), 0);
	assert_fails(buf_check(&out, &e), &e, ERR_LIMIT, "");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_is_a_frame_with_its_checksum),
		cmocka_unit_test(many_samples_are_cut_into_chunks_and_frames),
		cmocka_unit_test(what_does_not_fit_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
