/*
 * fuzz_inflate.c - any bytes as a packed body, under small limits.
 *
 * The first byte picks encoding, ratio and limit. What comes out stays below both,
 * after a failure nothing was added, and what we pack ourselves comes back.
 */
#include "base/inflate.h"
#include "tests/fuzz/fuzz.h"

static void unpack(struct slice packed, const char *encoding, unsigned ratio, size_t limit)
{
	static const char before[] = "before";
	size_t kept = sizeof(before) - 1, allowed = ratio * packed.n;
	struct buf out;
	struct err e;
	int rc;

	if (allowed < 64 << 10)
		allowed = 64 << 10;
	buf_init(&out, limit);
	buf_puts(&out, before);
	rc = inflate_body(packed, slice_str(encoding), ratio, &out, &e);
	MUST(out.n <= limit && out.n >= kept && memcmp(out.p, before, kept) == 0);
	if (rc < 0) {
		must_say_why(&e);
		MUST(out.n == kept);
	} else if (*encoding) {
		MUST(out.n - kept <= allowed);
	} else {
		MUST(slice_eq(slice_skip(buf_all(&out), kept), packed));
	}
	buf_release(&out);
}

static void pack_and_back(struct slice plain)
{
	struct buf packed, again;
	struct err e;

	buf_init(&packed, 1 << 20);
	buf_init(&again, plain.n);
	MUST(deflate_body(plain, &packed, &e) == 0);
	MUST(inflate_body(buf_all(&packed), slice_str("gzip"), 2000, &again, &e) == 0);
	MUST(slice_eq(buf_all(&again), plain));
	buf_release(&again);
	buf_release(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const encodings[] = { "gzip", "deflate", "x-gzip", "" };
	struct slice body;

	if (n < 1)
		return 0;
	body = slice_of((const char *)data + 1, n - 1);
	unpack(body, encodings[data[0] & 3], data[0] & 4 ? 10 : 1000,
	       data[0] & 8 ? 1000 : 256 << 10);
	if (data[0] & 16)
		pack_and_back(body);
	return 0;
}
