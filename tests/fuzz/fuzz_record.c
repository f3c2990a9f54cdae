/*
 * fuzz_record.c - any bytes as records of the store, behind their checksum.
 *
 * The first byte picks the kind; chunk and figure take their key from the beginning.
 * Records lie in memory of exactly their size, so that a byte too far is seen. A chunk
 * that was read rises in time and, packed again, gives the same samples.
 */
#include "base/num.h"
#include "storage/chunk.h"
#include "storage/keys.h"
#include "storage/series.h"
#include "storage/submission.h"
#include "storage/tally.h"
#include "storage/vintage.h"
#include "tests/fuzz/fuzz.h"

/* Takes `size` bytes off the front; false when there are not so many. */
static bool take(struct slice *rest, size_t size, struct slice *out)
{
	if (rest->n < size)
		return false;
	*out = slice_of(rest->p, size);
	*rest = slice_skip(*rest, size);
	return true;
}

static void check_repacked(const struct sample *s, size_t n, struct slice key)
{
	struct sample *again = malloc(n * sizeof(*again));
	uint8_t packed[CHUNK_MAX_BYTES];
	struct chunk_info info;
	size_t bytes, kept;
	struct err e;

	MUST(again);
	kept = chunk_pack(s, n, packed, &bytes);
	MUST(kept >= 1 && kept <= n && bytes <= sizeof(packed));
	MUST(chunk_info(key, slice_of((char *)packed, bytes), &info, &e) == 0);
	MUST(info.count == kept && info.last_ms == s[kept - 1].t_ms);
	MUST(chunk_unpack(&info, slice_of((char *)packed, bytes), again, &e) == 0);
	for (size_t i = 0; i < kept; i++)
		MUST(again[i].t_ms == s[i].t_ms && num_same(again[i].value, s[i].value));
	free(again);
}

/* The head's first time is made that of the key: else nearly all would end there. */
static void read_chunk(struct slice value, char *bytes)
{
	uint8_t key[KEY_CHUNK_BYTES];
	struct chunk_info info;
	struct sample *s;
	struct err e;

	key_chunk(key, 1, value.n >= 16 ? (int64_t)get_le64(bytes + 8) : 0);
	if (chunk_info(key_slice(key, sizeof(key)), value, &info, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(info.count >= 1 && info.count <= CHUNK_MAX_SAMPLES);
	s = malloc(info.count * sizeof(*s));
	MUST(s);
	if (chunk_unpack(&info, value, s, &e) < 0) {
		must_say_why(&e);
	} else {
		MUST(s[0].t_ms == info.first_ms && s[info.count - 1].t_ms == info.last_ms);
		for (uint32_t i = 1; i < info.count; i++)
			MUST(s[i].t_ms > s[i - 1].t_ms);
		check_repacked(s, info.count, key_slice(key, sizeof(key)));
	}
	free(s);
}

static void read_figure(struct slice value)
{
	uint8_t again[FIGURE_BYTES];
	struct slice key;
	struct figure f;
	struct err e;

	if (!take(&value, KEY_FIGURE_BYTES, &key))
		return;
	if (figure_read(key, value, &f, &e) < 0) {
		must_say_why(&e);
		return;
	}
	figure_write(&f, again);
	MUST(memcmp(again + 4, value.p + 4, 2) == 0 && memcmp(again + 8, value.p + 8, 24) == 0);
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

static void read_series(struct slice value)
{
	struct labels *ls;
	bool statistic;
	struct err e;

	if (series_read(value, &ls, &statistic, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(ls->n <= LABELS_MAX);
	labels_unref(ls);
}

/* Sealed here when it has the size, so that what lies behind the checksum is read too. */
static void read_head(struct slice value, char *bytes)
{
	struct tally tally;
	struct state state;
	struct err e;

	if (tally_read(value, &tally, &e) < 0)
		must_say_why(&e);
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
	switch (data[0] % 5) {
	case 0:
		read_chunk(value, bytes);
		break;
	case 1:
		read_figure(value);
		break;
	case 2:
		read_submission(value);
		break;
	case 3:
		read_series(value);
		break;
	default:
		read_head(value, bytes);
	}
	free(bytes);
	return 0;
}
