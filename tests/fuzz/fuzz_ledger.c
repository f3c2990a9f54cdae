/*
 * fuzz_ledger.c - any bytes as records of the ledger and of the originals, as packed data, and
 * as the texts of a submission.
 *
 * The first byte picks. What is printed as an entry is read again, and its fields say what
 * went in. Records lie in memory of exactly their size, so that a byte too far is seen.
 */
#include "base/zstd.h"
#include "storage/keys.h"
#include "storage/ledger.h"
#include "storage/originals.h"
#include "tests/fuzz/fuzz.h"

enum { HEAD_BYTES = 40, UNPACKED_MAX = 1 << 20 };

/* The number in the title becomes that of the key: else nearly all would end there. */
static uint64_t number_in(struct slice value)
{
	static const char title[] = "parkwatch ledger entry ";
	char digits[24] = "";

	if (value.n > HEAD_BYTES + sizeof(title))
		snprintf(digits, sizeof(digits), "%.*s",
			 (int)(value.n - HEAD_BYTES - sizeof(title) + 1),
			 value.p + HEAD_BYTES + sizeof(title) - 1);
	return strtoull(digits, NULL, 10);
}

static void read_entry(struct slice value)
{
	uint8_t key[KEY_LEDGER_BYTES];
	struct ledger_view v;
	struct slice field;
	struct err e;

	put_be64(key, number_in(value));
	if (ledger_read(key_slice(key, sizeof(key)), value, &v, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(v.number && v.submission);
	MUST(lies_within(v.text, value));
	MUST(ledger_field(v.text, "kind", &field) && lies_within(field, v.text));
	MUST(ledger_field(v.text, "previous", &field));
	MUST(lies_within(slice_of((const char *)v.previous_hex, 64), v.text));
	(void)ledger_field(v.text, "received", &field);
}

static void read_piece(struct slice value)
{
	struct original_follow follow = { 0 };
	struct original_piece p;
	struct slice key;
	struct err e;

	if (value.n < KEY_ORIGINAL_BYTES)
		return;
	key = slice_of(value.p, KEY_ORIGINAL_BYTES);
	value = slice_skip(value, KEY_ORIGINAL_BYTES);
	if (original_read(key, value, &p, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(p.number < p.pieces && lies_within(p.payload, value));
	if (original_follow(&follow, &p, &e) < 0)
		must_say_why(&e);
	if (original_follow(&follow, NULL, &e) < 0)
		must_say_why(&e);
}

static void unpack(struct slice packed)
{
	struct buf out;
	struct err e;

	buf_init(&out, UNPACKED_MAX);
	if (zstd_unpack(packed, &out, &e) < 0) {
		must_say_why(&e);
		MUST(out.n == 0);
	}
	MUST(out.n <= UNPACKED_MAX);
	buf_release(&out);
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The value of a line means these bytes. */
static void must_mean(struct slice text, const char *name, struct slice want)
{
	struct slice line;

	MUST(ledger_field(text, name, &line));
	for (size_t i = 0; i < want.n; i++) {
		char c;

		MUST(line.n);
		c = line.p[0];
		MUST((unsigned char)c >= 0x20 && c != 0x7f);
		if (c == '\\') {
			MUST(line.n >= 4 && line.p[1] == 'x');
			c = (char)(digit(line.p[2]) << 4 | digit(line.p[3]));
			line = slice_skip(line, 3);
		}
		MUST(c == want.p[i]);
		line = slice_skip(line, 1);
	}
	MUST(line.n == 0);
}

/* Texts end at a zero byte, as those of a submission do. */
static struct slice next_text(struct slice *rest)
{
	size_t n = 0;
	struct slice out;

	while (n < rest->n && n < SUBMISSION_TEXT_MAX && rest->p[n])
		n++;
	out = slice_of(rest->p, n);
	*rest = slice_skip(*rest, n < rest->n && !rest->p[n] ? n + 1 : n);
	return out;
}

static void print(struct slice rest)
{
	static const uint8_t head[HEAD_BYTES] = { [4] = LEDGER_SUBMISSION };
	uint8_t key[KEY_LEDGER_BYTES], hash[SHA256_BYTES] = { 0 };
	struct submission_view view = { .s = { .sequence = 3 } };
	struct ledger_facts facts = {
		.number = 7, .submission = &view, .kept_sha256 = hash, .previous = hash
	};
	struct ledger_view v;
	struct buf out;
	struct err e;
	size_t lines = 0;

	view.source = next_text(&rest);
	view.owner = next_text(&rest);
	view.origin = next_text(&rest);
	view.address = next_text(&rest);
	view.reason = next_text(&rest);
	buf_init(&out, HEAD_BYTES + LEDGER_TEXT_MAX);
	buf_put(&out, head, sizeof(head));
	ledger_print_submission(&facts, &out);
	MUST(buf_check(&out, &e) == 0);
	put_be64(key, 7);
	MUST(ledger_read(key_slice(key, sizeof(key)), buf_all(&out), &v, &e) == 0);
	MUST(v.submission == 3 && utf8_bad_at(v.text) < 0);
	for (size_t i = 0; i < v.text.n; i++)
		lines += v.text.p[i] == '\n';
	MUST(lines == 19);
	must_mean(v.text, "source", view.source);
	must_mean(v.text, "owner", view.owner);
	must_mean(v.text, "origin", view.origin);
	must_mean(v.text, "address", view.address);
	must_mean(v.text, "reason", view.reason);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const ways[])(struct slice) = { read_entry, read_piece, unpack, print };
	char *bytes;

	if (n < 1)
		return 0;
	bytes = malloc(n > 1 ? n - 1 : 1);
	MUST(bytes);
	memcpy(bytes, data + 1, n - 1);
	ways[data[0] % 4](slice_of(bytes, n - 1));
	free(bytes);
	return 0;
}
