/*
 * fuzz_authorization.c - any bytes as the header Authorization.
 *
 * A header is of one scheme at most; what is taken lies within it, or within the room it was
 * decoded into, and has no control character.
 */
#include "base/authorization.h"
#include "tests/fuzz/fuzz.h"

static void must_be_clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		MUST((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice header = slice_of((const char *)data, n), token;
	struct basic_credentials c;
	bool bearer = authorization_bearer(header, &token);
	bool basic = authorization_basic(header, &c);

	MUST(!bearer || !basic);
	if (bearer) {
		MUST(token.n > 0 && lies_within(token, header));
		must_be_clean(token);
	}
	if (basic) {
		MUST(lies_within(c.user, slice_of(c.bytes, BASIC_BYTES)));
		MUST(lies_within(c.password, slice_of(c.bytes, BASIC_BYTES)));
		MUST(c.user.n + 1 + c.password.n < BASIC_BYTES);
		must_be_clean(c.user);
		must_be_clean(c.password);
		MUST(!memchr(c.user.p, ':', c.user.n));
	}
	return 0;
}
