/*
 * fuzz_snappy.c - any bytes as a block of snappy, under small limits.
 *
 * What comes out stays below the limits and is what the block declares; after a failure
 * nothing was added; what we pack ourselves comes back.
 */
#include "base/snappy.h"
#include "tests/fuzz/fuzz.h"

enum { CAP = 256 << 10 };

static const char before[] = "before";

static void unpack(struct slice body, size_t cap, size_t limit)
{
	size_t kept = sizeof(before) - 1;
	struct buf out;
	struct err e;

	buf_init(&out, limit);
	buf_puts(&out, before);
	if (snappy_decode(body, cap, &out, &e) < 0) {
		must_say_why(&e);
		MUST(out.n == kept);
	} else {
		MUST(out.n - kept <= cap && out.n - kept <= 64 * body.n);
	}
	MUST(out.n <= limit && memcmp(out.p, before, kept) == 0);
	buf_release(&out);
}

static void pack_and_back(struct slice plain)
{
	struct buf packed, again;
	struct err e;

	buf_init(&packed, CAP);
	buf_init(&again, plain.n);
	MUST(snappy_encode(plain, &packed, &e) == 0);
	MUST(snappy_decode(buf_all(&packed), plain.n, &again, &e) == 0);
	MUST(slice_eq(buf_all(&again), plain));
	buf_release(&again);
	buf_release(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body = slice_of((const char *)data, n);

	unpack(body, CAP, CAP + sizeof(before));
	unpack(body, 100, CAP);
	unpack(body, CAP, 100);
	if (n < CAP / 2)
		pack_and_back(body);
	return 0;
}
