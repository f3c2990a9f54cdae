/* tally.c - see tally.h. */
#include "storage/tally.h"

#include "storage/keys.h"
#include "storage/walk.h"

int tally_read(struct slice value, struct tally *out, struct err *e)
{
	if (value.n != TALLY_BYTES || (uint8_t)value.p[4] > 1)
		return record_bad(e, DB_TALLIES, "it has the wrong form");
	out->statistic = value.p[4] == 1;
	out->records = get_le64(value.p + 8);
	out->samples = get_le64(value.p + 16);
	out->first_ms = (int64_t)get_le64(value.p + 24);
	out->last_ms = (int64_t)get_le64(value.p + 32);
	out->digest = get_le32(value.p + 40);
	return 0;
}

int tally_get(struct db_txn *t, uint32_t series, struct tally *out, struct err *e)
{
	uint8_t key[KEY_TALLY_BYTES];
	struct slice value;
	int rc;

	key_series(key, series);
	rc = record_get(t, DB_TALLIES, key_slice(key, sizeof(key)), &value, e);
	if (rc != 1)
		return rc;
	return tally_read(value, out, e) < 0 ? -1 : 1;
}

int tally_put(struct db_txn *t, uint32_t series, const struct tally *y, struct err *e)
{
	uint8_t key[KEY_TALLY_BYTES], value[TALLY_BYTES] = { 0 };

	key_series(key, series);
	value[4] = y->statistic;
	put_le64(value + 8, y->records);
	put_le64(value + 16, y->samples);
	put_le64(value + 24, (uint64_t)y->first_ms);
	put_le64(value + 32, (uint64_t)y->last_ms);
	put_le32(value + 40, y->digest);
	return record_put(t, DB_TALLIES, key_slice(key, sizeof(key)), value, sizeof(value), e);
}

void tally_reach(struct tally *y, int64_t t_ms)
{
	if (y->records == 0 || t_ms < y->first_ms)
		y->first_ms = t_ms;
	if (y->records == 0 || t_ms > y->last_ms)
		y->last_ms = t_ms;
}
