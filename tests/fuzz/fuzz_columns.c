/*
 * fuzz_columns.c - any bytes as packed columns.
 *
 * The first byte picks the sort and the encoding, the next two the number of elements. The
 * column lies in memory of exactly its size, what comes out in memory of exactly what
 * the header asks for. What was read is packed again and read again: the same numbers.
 * The bytes are taken as numbers too, which are packed and come back.
 */
#include "storage/columns.h"
#include "tests/fuzz/fuzz.h"

enum sort { TIMES, INTS, VALUES, SORTS = VALUES + 5 };

static struct columns_scratch *scratch;

static int unpack(unsigned sort, struct slice in, size_t n, uint64_t *out, struct err *e)
{
	if (sort == TIMES)
		return times_unpack(in, n, (int64_t *)out, scratch, e);
	if (sort == INTS)
		return ints_unpack(in, n, 0, n, out, scratch, e);
	return values_unpack((enum value_encoding)(sort - VALUES), in, n, (double *)(void *)out,
			     scratch, e);
}

/* Returns the bytes, *sort is what unpacks them. */
static size_t pack(unsigned *sort, const uint64_t *x, size_t n, uint8_t *out)
{
	enum value_encoding enc;
	size_t used;

	if (*sort == TIMES)
		return times_pack((const int64_t *)x, n, out, scratch);
	if (*sort == INTS)
		return ints_pack(x, n, out, scratch);
	used = values_pack((const double *)(const void *)x, n, out, &enc, scratch);
	*sort = VALUES + (unsigned)enc;
	return used;
}

static size_t bound(unsigned sort, size_t n)
{
	return sort == TIMES ? times_bound(n) : sort == INTS ? ints_bound(n) : values_bound(n);
}

static uint64_t *room_for(size_t n)
{
	uint64_t *x = malloc((n + COLUMN_SLACK) * sizeof(*x));

	MUST(x);
	return x;
}

static void must_come_back(unsigned sort, const uint64_t *x, size_t n)
{
	size_t most = bound(sort, n), used;
	uint8_t *packed = malloc(most);
	uint64_t *back = room_for(n);
	struct err e;

	MUST(packed);
	used = pack(&sort, x, n, packed);
	MUST(used > 0 && used <= most);
	MUST(unpack(sort, slice_of((char *)packed, used), n, back, &e) == 0);
	MUST(memcmp(back, x, n * sizeof(*x)) == 0);
	MUST(unpack(sort, slice_of((char *)packed, used - 1), n, back, &e) < 0);
	free(packed);
	free(back);
}

static void read_column(unsigned sort, struct slice in, size_t n)
{
	uint64_t *x;
	struct err e;

	if (n > COLUMN_SAMPLES_MAX)
		n = COLUMN_SAMPLES_MAX + 1;
	x = room_for(n);
	if (unpack(sort, in, n, x, &e) < 0) {
		must_say_why(&e);
		MUST(e.code == ERR_CORRUPT);
	} else {
		MUST(n >= 1 && n <= COLUMN_SAMPLES_MAX);
		for (size_t i = 1; sort == TIMES && i < n; i++)
			MUST((int64_t)x[i] >= (int64_t)x[i - 1]);
		must_come_back(sort, x, n);
	}
	free(x);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void pack_bytes(struct slice in)
{
	size_t n = in.n / 8 < COLUMN_SAMPLES_MAX ? in.n / 8 : COLUMN_SAMPLES_MAX;
	uint64_t *x;

	if (n == 0)
		return;
	x = room_for(n);
	memcpy(x, in.p, n * 8);
	must_come_back(VALUES, x, n);
	must_come_back(INTS, x, n);
	qsort(x, n, sizeof(*x), by_time);
	must_come_back(TIMES, x, n);
	free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice in;
	char *bytes;

	if (!scratch) {
		scratch = columns_scratch_new(NULL);
		MUST(scratch);
	}
	if (n < 3)
		return 0;
	bytes = malloc(n > 3 ? n - 3 : 1);
	MUST(bytes);
	memcpy(bytes, data + 3, n - 3);
	in = slice_of(bytes, n - 3);
	read_column(data[0] % SORTS, in, (size_t)data[1] | (size_t)data[2] << 8);
	pack_bytes(in);
	free(bytes);
	return 0;
}
