/*
 * keys.c - see keys.h.
 *
 * LMDB compares keys as bytes, so an integer is written most significant byte
 * first; turning the sign bit over puts the years before 1970 before those
 * after it. Values are little-endian because that is what the machines are.
 */
#include "storage/keys.h"

#include "base/crc32c.h"
#include "base/date.h"

#include <inttypes.h>
#include <stdio.h>

const struct slice key_state = { "state", 5 };
const struct slice key_format = { "format", 6 };

static const char magic[12] = "parkwatch\0\0"; /* fills what follows the version */

void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

void put_be64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

uint32_t get_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t get_be64(const void *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32((const uint8_t *)p + 4);
}

void put_be_time(uint8_t *p, int64_t t_ms)
{
	put_be64(p, (uint64_t)t_ms ^ UINT64_C(1) << 63);
}

int64_t get_be_time(const void *p)
{
	return (int64_t)(get_be64(p) ^ UINT64_C(1) << 63);
}

void key_part(uint8_t out[KEY_PART_BYTES], uint32_t number)
{
	put_be32(out, number);
}

void key_partition(uint8_t out[KEY_PARTITION_BYTES], uint32_t number)
{
	put_be32(out, number);
}

void key_segment(uint8_t out[KEY_SEGMENT_BYTES], uint32_t partition, uint32_t place)
{
	put_be32(out, partition);
	put_be32(out + 4, place);
}

void key_submission(uint8_t out[KEY_SUBMISSION_BYTES], uint64_t sequence)
{
	put_be64(out, sequence);
}

static uint32_t checksum(struct slice key, const void *value, size_t n)
{
	uint32_t crc = crc32c(0, key.p, key.n);

	return crc32c(crc, (const uint8_t *)value + RECORD_CRC_BYTES, n - RECORD_CRC_BYTES);
}

void record_seal(struct slice key, uint8_t *value, size_t n)
{
	put_le32(value, checksum(key, value, n));
}

bool record_good(struct slice key, struct slice value)
{
	return value.n >= RECORD_CRC_BYTES && get_le32(value.p) == checksum(key, value.p, value.n);
}

uint32_t record_crc(struct slice value)
{
	return get_le32(value.p);
}

void state_write(const struct state *s, uint8_t out[STATE_BYTES])
{
	memset(out, 0, STATE_BYTES);
	put_le32(out + 4, s->series);
	put_le64(out + 8, s->epoch);
	put_le64(out + 16, s->sequence);
	put_le64(out + 24, s->packed_sequence);
	put_le64(out + 32, s->packed_run);
	put_le32(out + 40, s->parts);
	put_le32(out + 44, s->partitions);
	put_le32(out + 48, s->next_part);
	put_le32(out + 52, s->next_partition);
	put_le32(out + 56, s->digest);
	record_seal(key_state, out, STATE_BYTES);
}

int state_read(struct slice value, struct state *s, struct err *e)
{
	if (value.n != STATE_BYTES || !record_good(key_state, value))
		return err_set(e, ERR_CORRUPT, "the store's state record is damaged");
	s->series = get_le32(value.p + 4);
	s->epoch = get_le64(value.p + 8);
	s->sequence = get_le64(value.p + 16);
	s->packed_sequence = get_le64(value.p + 24);
	s->packed_run = get_le64(value.p + 32);
	s->parts = get_le32(value.p + 40);
	s->partitions = get_le32(value.p + 44);
	s->next_part = get_le32(value.p + 48);
	s->next_partition = get_le32(value.p + 52);
	s->digest = get_le32(value.p + 56);
	return 0;
}

void format_write(uint32_t version, uint8_t out[FORMAT_BYTES])
{
	memset(out, 0, FORMAT_BYTES);
	put_le32(out + 4, version);
	memcpy(out + 8, magic, sizeof(magic));
	record_seal(key_format, out, FORMAT_BYTES);
}

int format_read(struct slice value, struct err *e)
{
	uint32_t version;

	if (value.n != FORMAT_BYTES || !record_good(key_format, value) ||
	    memcmp(value.p + 8, magic, sizeof(magic)) != 0)
		return err_set(e, ERR_CORRUPT, "the store's format record is damaged");
	version = get_le32(value.p + 4);
	if (version > STORE_FORMAT)
		return err_set(e, ERR_UNSUPPORTED,
			       "the store has format %u, this version of parkwatch reads up to %d: "
			       "use the newer one",
			       version, STORE_FORMAT);
	if (version == 0)
		return err_set(e, ERR_CORRUPT, "the store's format record says version 0");
	if (version < STORE_FORMAT)
		return err_set(e, ERR_UNSUPPORTED,
			       "the store has format %u of an unreleased version, this one reads "
			       "format %d only: load the figures anew",
			       version, STORE_FORMAT);
	return 0;
}

char *time_text(int64_t t_ms, char out[TIME_TEXT])
{
	const int64_t day_ms = 86400000;
	int64_t days = t_ms / day_ms - (t_ms % day_ms < 0);
	int rest = (int)(t_ms % day_ms + (t_ms % day_ms < 0 ? day_ms : 0));
	struct date d;
	int n;

	/* 1900-01-01 and 2199-12-31: beyond them a date says less than the number. */
	if (days < -25567 || days > 84005) {
		snprintf(out, TIME_TEXT, "%" PRId64 " ms", t_ms);
		return out;
	}
	d = date_from_days(days);
	n = snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day,
		     rest / 3600000, rest / 60000 % 60, rest / 1000 % 60);
	if (rest % 1000)
		n += snprintf(out + n, TIME_TEXT - (size_t)n, ".%03d", rest % 1000);
	snprintf(out + n, TIME_TEXT - (size_t)n, "Z");
	return out;
}
