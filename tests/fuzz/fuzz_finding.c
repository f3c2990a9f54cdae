/*
 * fuzz_finding.c - any bytes as the record of a finding, and as what a person writes to it.
 *
 * The first byte picks. What is read prints as the same bytes but for the checksum, and its state
 * is that of its last event; a text that is taken has no control characters.
 */
#include "storage/findings.h"
#include "storage/keys.h"
#include "tests/fuzz/fuzz.h"

enum { CRC = 4 };

static void read_record(struct slice value)
{
	uint8_t key[KEY_FINDING_BYTES], opening[SHA256_BYTES];
	struct finding f;
	struct arena a;
	struct buf out;
	struct err e;

	put_be64(key, 7);
	arena_init(&a, 1 << 20);
	buf_init(&out, FINDING_RECORD_MAX);
	if (finding_read(key_slice(key, sizeof(key)), value, &a, &f, &e) < 0) {
		must_say_why(&e);
	} else {
		MUST(f.id == 7 && (int)f.state < FINDING_STATES && f.nevents <= FINDING_EVENTS_MAX);
		MUST(f.nevents ? f.events[f.nevents - 1].to == f.state : f.state == FINDING_OPEN);
		MUST(finding_fits(&f, &(struct finding_wanted){ .states = 1U << f.state }));
		finding_opening(value, opening);
		finding_print(&f, &out);
		MUST(out.n == value.n && memcmp(out.p + CRC, value.p + CRC, out.n - CRC) == 0);
	}
	buf_release(&out);
	arena_release(&a);
}

static void read_text(struct slice text)
{
	enum finding_state s;

	if (!finding_text_fault(text, FINDING_TEXT_MAX)) {
		MUST(text.n <= FINDING_TEXT_MAX && utf8_bad_at(text) < 0);
		for (size_t i = 0; i < text.n; i++)
			MUST((unsigned char)text.p[i] >= ' ' || text.p[i] == '\n' ||
			     text.p[i] == '\t');
	}
	if (finding_state_parse(text, &s))
		MUST(slice_is(text, finding_state_name(s)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* Memory of exactly the size, so that a byte too far is seen. */
	char *copy;
	struct slice in;

	if (n == 0)
		return 0;
	copy = malloc(n);
	MUST(copy);
	memcpy(copy, data + 1, n - 1);
	in = slice_of(copy, n - 1);
	if (data[0] & 1)
		read_record(in);
	else
		read_text(in);
	free(copy);
	return 0;
}
