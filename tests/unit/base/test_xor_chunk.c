/* test_xor_chunk.c - samples as Prometheus packs them: known bytes, and what comes back. */
#include "tests/lib/read_frames.h"

#include <math.h>
#include <stdlib.h>

static size_t pack(const struct rw_sample *s, size_t n, uint8_t out[XOR_CHUNK_BYTES])
{
	size_t bytes = xor_chunk_pack(s, n, out);

	assert_in_range(bytes, 1, XOR_CHUNK_BYTES);
	return bytes;
}

static void assert_comes_back(const struct rw_sample *s, size_t n)
{
	struct rw_sample back[XOR_CHUNK_SAMPLES];
	uint8_t out[XOR_CHUNK_BYTES];
	size_t bytes = pack(s, n, out);

	assert_int_equal(xor_chunk_unpack(slice_of((const char *)out, bytes), back), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(back[i].t_ms, s[i].t_ms);
		assert_memory_equal(&back[i].value, &s[i].value, sizeof(double));
	}
}

static void bytes_are_those_of_the_description(void **state)
{
	/* 1.5 is 0x3ff8…, 2.5 is 0x4004…: they differ in 13 bits behind one that is equal */
	static const struct rw_sample s[] = { { 1000, 1.5 }, { 2000, 1.5 }, { 3000, 2.5 } };
	static const uint8_t want[] = { 0, 3, 0xd0, 0x0f, 0x3f, 0xf8, 0,    0,    0,
					0, 0, 0,    0xe8, 0x07, 0x30, 0x9b, 0xff, 0xf0 };
	uint8_t out[XOR_CHUNK_BYTES];

	(void)state;
	assert_int_equal(pack(s, 3, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(pack(s, 1, out), 12);
	assert_int_equal(out[1], 1);
}

static void changes_of_a_distance_take_the_bits_they_need(void **state)
{
	static const struct {
		int64_t change;
		size_t bits;
	} cases[] = { { 0, 1 },        { 1, 16 },      { -1, 16 },      { 8192, 16 },
		      { -8191, 16 },   { 8193, 20 },   { -8192, 20 },   { 65536, 20 },
		      { -65535, 20 },  { 65537, 24 },  { -65536, 24 },  { 524288, 24 },
		      { -524287, 24 }, { 524289, 68 }, { -524288, 68 }, { INT64_C(1) << 40, 68 } };
	uint8_t out[XOR_CHUNK_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rw_sample s[] = { { 0, 1 }, { 1 << 20, 1 }, { 0, 1 } };

		s[2].t_ms = s[1].t_ms + s[1].t_ms + cases[i].change;
		/* 16 + 8 + 64, three bytes of distance; each equal value is one bit more */
		assert_int_equal(pack(s, 3, out), (16 + 8 + 64 + 24 + 2 + cases[i].bits + 7) / 8);
		assert_comes_back(s, 3);
	}
}

static void values_come_back_bit_for_bit(void **state)
{
	static const uint64_t bits[] = {
		0,
		1,
		UINT64_C(0x8000000000000000),
		UINT64_MAX,
		UINT64_C(0x7ff0000000000002),
		UINT64_C(0x7ff8000000000001),
		0,
		UINT64_C(1) << 32,
		UINT64_C(1) << 31,
		0x30,
		0x10,
	};
	struct rw_sample s[sizeof(bits) / sizeof(bits[0])];

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		s[i].t_ms = (int64_t)i;
		memcpy(&s[i].value, &bits[i], sizeof(double));
	}
	assert_comes_back(s, sizeof(bits) / sizeof(bits[0]));
}

static void times_may_be_any(void **state)
{
	static const struct rw_sample s[] = { { INT64_MIN, 1 },     { INT64_MIN + 1, INFINITY },
					      { -1, -INFINITY },    { 0, 0.0 },
					      { 1, -0.0 },          { INT64_MAX - 1, NAN },
					      { INT64_MAX, 1e-300 } };

	(void)state;
	assert_comes_back(s, sizeof(s) / sizeof(s[0]));
}

static void random_samples_come_back(void **state)
{
	struct rw_sample s[XOR_CHUNK_SAMPLES];

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		int64_t t = rand();
		size_t n = 1 + (size_t)rand() % XOR_CHUNK_SAMPLES;

		for (size_t i = 0; i < n; i++) {
			uint64_t v = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11;

			t += 1 + (rand() >> rand() % 31);
			s[i].t_ms = t;
			if (round % 2)
				s[i].value = rand() % 1000 / 10.0;
			else
				memcpy(&s[i].value, &v, sizeof(v));
		}
		assert_comes_back(s, n);
	}
}

static void the_longest_chunk_has_room(void **state)
{
	struct rw_sample s[XOR_CHUNK_SAMPLES];
	uint64_t distance = UINT64_C(1) << 50, t = UINT64_C(1) << 63, bits;

	(void)state;
	for (size_t i = 0; i < XOR_CHUNK_SAMPLES; i++) {
		/* every second difference is one bit wider, so that it must tell its place */
		bits = i % 2 ? UINT64_MAX >> (31 - i / 2 % 32) : 0;
		s[i].t_ms = (int64_t)t;
		memcpy(&s[i].value, &bits, sizeof(bits));
		t += distance + (i % 2 ? UINT64_C(1) << 30 : 0);
	}
	assert_comes_back(s, XOR_CHUNK_SAMPLES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_the_description),
		cmocka_unit_test(changes_of_a_distance_take_the_bits_they_need),
		cmocka_unit_test(values_come_back_bit_for_bit),
		cmocka_unit_test(times_may_be_any),
		cmocka_unit_test(random_samples_come_back),
		cmocka_unit_test(the_longest_chunk_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
