/* test_keys.c - keys sort as what they mean, records carry their checksum. */
#include "storage/disk.h"
#include "storage/keys.h"
#include "storage/db.h"
#include "tests/lib/assert.h"

static const int64_t rising[] = { INT64_MIN, INT64_MIN + 1, -86400000,     -1,       0, 1, 255,
				  256,       1711814400000, INT64_MAX - 1, INT64_MAX };
enum { RISING = sizeof(rising) / sizeof(rising[0]) };

static void times_sort_as_bytes(void **state)
{
	uint8_t a[8], b[8];

	(void)state;
	for (size_t i = 0; i < RISING; i++) {
		put_be_time(a, rising[i]);
		assert_true(get_be_time(a) == rising[i]);
		for (size_t j = 0; j < RISING; j++) {
			int c;

			put_be_time(b, rising[j]);
			c = memcmp(a, b, 8);
			assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
		}
	}
}

static void keys_sort_as_the_numbers_in_them(void **state)
{
	static const uint32_t places[][2] = { { 0, 0 },   { 0, 1 },          { 0, 256 },
					      { 1, 0 },   { 1, UINT32_MAX }, { 255, 3 },
					      { 256, 2 }, { UINT32_MAX, 0 } };
	static const uint64_t submissions[] = { 1, 255, 256, UINT32_MAX, UINT64_MAX };
	uint8_t last[KEY_SEGMENT_BYTES] = { 0 }, now[KEY_SEGMENT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t part[KEY_PART_BYTES], partition[KEY_PARTITION_BYTES];

		key_segment(now, places[i][0], places[i][1]);
		assert_true(i == 0 || memcmp(last, now, sizeof(now)) < 0);
		memcpy(last, now, sizeof(now));
		key_part(part, places[i][0]);
		key_partition(partition, places[i][0]);
		assert_int_equal(get_be32(part), places[i][0]);
		assert_memory_equal(part, partition, sizeof(part));
		assert_memory_equal(part, now, sizeof(part));
		assert_int_equal(get_be32(now + 4), places[i][1]);
	}
	memset(last, 0, sizeof(last));
	for (size_t i = 0; i < sizeof(submissions) / sizeof(submissions[0]); i++) {
		key_submission(now, submissions[i]);
		assert_true(memcmp(last, now, sizeof(now)) < 0);
		assert_true(get_be64(now) == submissions[i]);
		memcpy(last, now, sizeof(now));
	}
}

static void a_changed_bit_in_key_or_value_breaks_the_record(void **state)
{
	uint8_t key[KEY_SEGMENT_BYTES], value[40];
	struct slice k = key_slice(key, sizeof(key)), v = key_slice(value, sizeof(value));

	(void)state;
	key_segment(key, 7, 12345);
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7);
	record_seal(k, value, sizeof(value));
	assert_true(record_good(k, v));
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(record_good(k, v));
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(value); bit++) {
		value[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(record_good(k, v));
		value[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_false(record_good(k, key_slice(value, 3)));
}

static void the_format_record_refuses_what_is_newer(void **state)
{
	uint8_t v[FORMAT_BYTES];
	struct err e = { 0 };

	(void)state;
	format_write(STORE_FORMAT, v);
	assert_ok(format_read(key_slice(v, sizeof(v)), &e), &e);
	format_write(STORE_FORMAT + 1, v);
	assert_fails(format_read(key_slice(v, sizeof(v)), &e), &e, ERR_UNSUPPORTED,
		     "the store has format 3, this version of parkwatch reads up to 2: use the "
		     "newer one");
	format_write(0, v);
	assert_fails(format_read(key_slice(v, sizeof(v)), &e), &e, ERR_CORRUPT, "version 0");
	v[9] ^= 1;
	assert_fails(format_read(key_slice(v, sizeof(v)), &e), &e, ERR_CORRUPT, "is damaged");
}

static void the_state_comes_back(void **state)
{
	struct state s = { .epoch = 9,
			   .sequence = UINT64_MAX - 1,
			   .packed_sequence = 7,
			   .packed_run = UINT64_C(1) << 40,
			   .series = 5,
			   .parts = 3,
			   .partitions = 4,
			   .next_part = 6,
			   .next_partition = 8,
			   .digest = 0xfedcba98 };
	struct state t;
	uint8_t v[STATE_BYTES];
	struct err e = { 0 };

	(void)state;
	state_write(&s, v);
	assert_ok(state_read(key_slice(v, sizeof(v)), &t, &e), &e);
	assert_memory_equal(&s, &t, sizeof(s));
	for (size_t i = 0; i < sizeof(v); i++) {
		v[i] ^= 0x40;
		assert_fails(state_read(key_slice(v, sizeof(v)), &t, &e), &e, ERR_CORRUPT,
			     "the store's state record is damaged");
		v[i] ^= 0x40;
	}
	assert_fails(state_read(key_slice(v, sizeof(v) - 1), &t, &e), &e, ERR_CORRUPT,
		     "the store's state record is damaged");
}

static void times_are_written_for_people(void **state)
{
	char text[TIME_TEXT];

	(void)state;
	assert_string_equal(time_text(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(time_text(-1, text), "1969-12-31T23:59:59.999Z");
	assert_string_equal(time_text(1793376000000, text), "2026-10-30T16:00:00Z");
	assert_string_equal(time_text(INT64_MAX, text), "9223372036854775807 ms");
	assert_string_equal(time_text(INT64_MIN, text), "-9223372036854775808 ms");
}

static void network_file_systems_are_named(void **state)
{
	(void)state;
	assert_string_equal(disk_refused_filesystem(0x6969), "NFS");
	assert_string_equal(disk_refused_filesystem((long)0xff534d42), "CIFS");
	assert_string_equal(disk_refused_filesystem((long)(int32_t)0xfe534d42), "SMB2");
	assert_string_equal(disk_refused_filesystem(0x01021997), "9p");
	assert_null(disk_refused_filesystem(0xef53));           /* ext4 */
	assert_null(disk_refused_filesystem(0x01021994));       /* tmpfs */
	assert_null(disk_refused_filesystem(0x794c7630));       /* overlayfs */
	assert_null(disk_refused_filesystem(0x58465342));       /* xfs */
	assert_null(disk_refused_filesystem((long)0x9123683e)); /* btrfs */
}

static void versions_of_lmdb_with_known_races_are_refused(void **state)
{
	const char *why;

	(void)state;
	assert_true(db_version_usable(0, 9, 24, &why));
	assert_true(db_version_usable(0, 9, 25, &why));
	for (int patch = 26; patch <= 31; patch++) {
		assert_false(db_version_usable(0, 9, patch, &why));
		assert_has(why, "ITS#10095");
	}
	assert_true(db_version_usable(0, 9, 32, &why));
	assert_false(db_version_usable(0, 9, 22, &why));
	assert_false(db_version_usable(1, 0, 0, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_sort_as_bytes),
		cmocka_unit_test(keys_sort_as_the_numbers_in_them),
		cmocka_unit_test(a_changed_bit_in_key_or_value_breaks_the_record),
		cmocka_unit_test(the_format_record_refuses_what_is_newer),
		cmocka_unit_test(the_state_comes_back),
		cmocka_unit_test(times_are_written_for_people),
		cmocka_unit_test(network_file_systems_are_named),
		cmocka_unit_test(versions_of_lmdb_with_known_races_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
