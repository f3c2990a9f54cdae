/* test_chunk.c - packing samples. */
#include "storage/chunk.h"
#include "storage/keys.h"
#include "tests/unit/storage/help.h"

static uint8_t record[CHUNK_MAX_BYTES];
static uint8_t key[KEY_CHUNK_BYTES];

/* Packs and unpacks; returns how many samples went in. */
static size_t round_trip(const struct sample *s, size_t n, struct chunk_info *info)
{
	static struct sample back[CHUNK_MAX_SAMPLES];
	struct err e = { 0 };
	size_t bytes, take = chunk_pack(s, n, record, &bytes);

	assert_true(take >= 1 && take <= n && bytes <= CHUNK_MAX_BYTES);
	key_chunk(key, 9, s[0].t_ms);
	assert_ok(chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), info, &e), &e);
	assert_int_equal(info->count, take);
	assert_ok(chunk_unpack(info, key_slice(record, bytes), back, &e), &e);
	for (size_t i = 0; i < take; i++) {
		assert_true(back[i].t_ms == s[i].t_ms);
		assert_memory_equal(&back[i].value, &s[i].value, 8);
	}
	/* Cut at any place it is an error, never a wrong sample. */
	for (size_t cut = 0; cut < bytes; cut += 1 + cut / 7) {
		struct slice part = key_slice(record, cut);

		if (chunk_info(key_slice(key, sizeof(key)), part, info, &e) == 0 &&
		    chunk_unpack(info, part, back, &e) == 0)
			fail_msg("a chunk cut to %zu of %zu bytes was read", cut, bytes);
	}
	chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), info, &e);
	return take;
}

static struct sample bits_sample(int64_t t, uint64_t bits)
{
	struct sample s = { .t_ms = t };

	memcpy(&s.value, &bits, 8);
	return s;
}

static void edge_values_come_back_bit_for_bit(void **state)
{
	const uint64_t bits[] = { 0,
				  0x8000000000000000,
				  0x7ff0000000000002,
				  0x7ff8000000000000,
				  0xfff8000000abcdef,
				  1,
				  0x000fffffffffffff,
				  0x7fefffffffffffff,
				  0x7ff0000000000000,
				  0xffffffffffffffff,
				  0x3ff0000000000000 };
	struct sample s[11];
	struct chunk_info info;

	(void)state;
	for (size_t i = 0; i < 11; i++)
		s[i] = bits_sample((int64_t)i * 1000 - 5000, bits[i]);
	assert_int_equal(round_trip(s, 11, &info), 11);
	for (size_t i = 0; i < 11; i++)
		assert_int_equal(round_trip(&s[i], 1, &info), 1);
}

static void times_may_lie_as_far_apart_as_they_can(void **state)
{
	const int64_t t[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };
	struct sample s[7];
	struct chunk_info info;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		s[i] = (struct sample){ t[i], 1.5 };
	assert_int_equal(round_trip(s, 7, &info), 7);
	assert_true(info.first_ms == INT64_MIN && info.last_ms == INT64_MAX);
}

static void what_repeats_takes_two_bytes_a_sample(void **state)
{
	static struct sample s[4000];
	struct chunk_info info;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 4000; i++)
		s[i] = (struct sample){ (int64_t)i * 15000, 42 };
	n = round_trip(s, 4000, &info);
	assert_int_equal(info.encoding, CHUNK_XOR);
	assert_true(n >= 2000);
}

static void noise_is_kept_raw(void **state)
{
	static struct sample s[4000];
	uint64_t seed = 1234567, t = 0;
	struct chunk_info info;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 4000; i++) {
		t += random_next(&seed) >> 12;
		s[i] = bits_sample((int64_t)t, random_next(&seed));
	}
	n = round_trip(s, 4000, &info);
	assert_int_equal(info.encoding, CHUNK_RAW);
	assert_int_equal(n, (CHUNK_MAX_BYTES - CHUNK_HEAD_BYTES) / 16);
}

static void random_runs_come_back(void **state)
{
	static struct sample s[3000];
	uint64_t seed = 99;
	struct chunk_info info;

	(void)state;
	for (int round = 0; round < 100; round++) {
		size_t n = 1 + random_next(&seed) % 3000, at = 0;
		int64_t t = (int64_t)(random_next(&seed) >> 20) - (INT64_C(1) << 43);

		for (size_t i = 0; i < n; i++) {
			t += 1 + (int64_t)(random_next(&seed) >> (random_next(&seed) % 40 + 20));
			s[i] = (struct sample){ t, (double)(random_next(&seed) % 1000) / 8 };
		}
		while (at < n)
			at += round_trip(s + at, n - at, &info);
	}
}

static void a_chunk_that_cannot_be_is_refused(void **state)
{
	struct sample s[3] = { { 1, 1 }, { 2, 2 }, { 3, 3 } }, back[3];
	struct chunk_info info;
	struct err e = { 0 };
	size_t bytes;

	(void)state;
	chunk_pack(s, 3, record, &bytes);
	key_chunk(key, 9, 2);
	assert_fails(chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), &info, &e),
		     &e, ERR_CORRUPT, "its first time is not that of its key");
	key_chunk(key, 9, 1);
	record[4] = 77;
	assert_fails(chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), &info, &e),
		     &e, ERR_CORRUPT, "its encoding is unknown");
	record[4] = CHUNK_XOR;
	record[6] = 0;
	assert_fails(chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), &info, &e),
		     &e, ERR_CORRUPT, "count or range");
	record[6] = 2;
	assert_ok(chunk_info(key_slice(key, sizeof(key)), key_slice(record, bytes), &info, &e), &e);
	assert_fails(chunk_unpack(&info, key_slice(record, bytes), back, &e), &e, ERR_CORRUPT,
		     "its payload has the wrong length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edge_values_come_back_bit_for_bit),
		cmocka_unit_test(times_may_lie_as_far_apart_as_they_can),
		cmocka_unit_test(what_repeats_takes_two_bytes_a_sample),
		cmocka_unit_test(noise_is_kept_raw),
		cmocka_unit_test(random_runs_come_back),
		cmocka_unit_test(a_chunk_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
