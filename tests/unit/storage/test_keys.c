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

static void figures_sort_by_series_period_known_submission_row(void **state)
{
	const struct figure_key k[] = {
		{ 1, -5, 0, 0, 0 }, { 1, 7, -9, 4, 0 },   { 1, 7, 3, 1, 9 },
		{ 1, 7, 3, 2, 0 },  { 1, 7, 3, 2, 1 },    { 1, 8, INT64_MIN, 0, 0 },
		{ 2, -6, 0, 0, 0 }, { 256, -9, 0, 0, 0 },
	};
	uint8_t last[KEY_FIGURE_BYTES] = { 0 }, now[KEY_FIGURE_BYTES];
	struct figure_key back;

	(void)state;
	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
		key_figure(now, &k[i]);
		assert_true(memcmp(last, now, sizeof(now)) < 0);
		memcpy(last, now, sizeof(now));
		key_figure_read(key_slice(now, sizeof(now)), &back);
		assert_int_equal(back.series, k[i].series);
		assert_true(back.stamp_ms == k[i].stamp_ms);
		assert_true(back.known_from_ms == k[i].known_from_ms);
		assert_true(back.sequence == k[i].sequence);
		assert_int_equal(back.row, k[i].row);
	}
}

static void a_changed_bit_in_key_or_value_breaks_the_record(void **state)
{
	uint8_t key[KEY_CHUNK_BYTES], value[40];
	struct slice k = key_slice(key, sizeof(key)), v = key_slice(value, sizeof(value));

	(void)state;
	key_chunk(key, 7, -12345);
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
		     "the store has format 2, this version of parkwatch reads up to 1: use the "
		     "newer one");
	format_write(0, v);
	assert_fails(format_read(key_slice(v, sizeof(v)), &e), &e, ERR_CORRUPT, "version 0");
	v[9] ^= 1;
	assert_fails(format_read(key_slice(v, sizeof(v)), &e), &e, ERR_CORRUPT, "is damaged");
}

static void the_state_comes_back(void **state)
{
	struct state s = { .series = 5, .statistics = 3, .sequence = UINT64_MAX - 1 }, t;
	uint8_t v[STATE_BYTES];
	struct err e = { 0 };

	(void)state;
	state_write(&s, v);
	assert_ok(state_read(key_slice(v, sizeof(v)), &t, &e), &e);
	assert_memory_equal(&s, &t, sizeof(s));
	v[17] ^= 0x40;
	assert_fails(state_read(key_slice(v, sizeof(v)), &t, &e), &e, ERR_CORRUPT,
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
		cmocka_unit_test(figures_sort_by_series_period_known_submission_row),
		cmocka_unit_test(a_changed_bit_in_key_or_value_breaks_the_record),
		cmocka_unit_test(the_format_record_refuses_what_is_newer),
		cmocka_unit_test(the_state_comes_back),
		cmocka_unit_test(times_are_written_for_people),
		cmocka_unit_test(network_file_systems_are_named),
		cmocka_unit_test(versions_of_lmdb_with_known_races_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
