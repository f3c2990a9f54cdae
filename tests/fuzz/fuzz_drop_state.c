/*
 * fuzz_drop_state.c - any bytes as what is known of a folder's files, as they are and as lines
 * with their checksums put right.
 *
 * What was understood, written out, is understood again as the same; nothing of it is damaged.
 */
#include "collectors/drop_state.h"
#include "base/crc32c.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>

enum { TEXT_MOST = 1 << 20 };

static void check(struct slice text)
{
	struct drop_state first, second;
	struct buf once, twice;
	const struct map_entry *m;
	struct err e = { 0 };
	int64_t damaged;

	drop_state_init(&first, "/mnt/share");
	drop_state_init(&second, "/mnt/share");
	damaged = drop_state_parse(&first, text, &e);
	if (damaged < 0)
		must_say_why(&e);
	for (size_t i = 0; (m = map_next(&first.known, &i));) {
		const struct drop_known *k = m->value;

		MUST(*k->name && !strchr(k->name, '/') && strlen(k->name) < 256);
		MUST(k->result <= RESULT_REJECTED && drop_state_find(&first, k->name) == k);
	}
	buf_init(&once, TEXT_MOST);
	buf_init(&twice, TEXT_MOST);
	drop_state_print(&first, &once);
	MUST(drop_state_parse(&second, buf_all(&once), &e) == 0 && !second.unwritten);
	MUST(second.known.n == first.known.n);
	for (size_t i = 0; (m = map_next(&first.known, &i));) {
		const struct drop_known *k = m->value;

		buf_clear(&once);
		buf_clear(&twice);
		drop_state_print_file(k, &once);
		MUST(drop_state_find(&second, k->name));
		drop_state_print_file(drop_state_find(&second, k->name), &twice);
		MUST(slice_eq(buf_all(&once), buf_all(&twice)));
	}
	buf_release(&once);
	buf_release(&twice);
	drop_state_release(&first);
	drop_state_release(&second);
}

static void put_right(struct slice text, struct buf *out)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		buf_printf(out, "%08" PRIx32 " ", crc32c(0, text.p, n));
		buf_slice(out, slice_of(text.p, n));
		if (end)
			buf_putc(out, '\n');
		text = slice_skip(text, n + (end != NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice_of((const char *)data, n);
	struct buf right;

	if (n > TEXT_MOST / 16)
		return 0;
	check(text);
	buf_init(&right, TEXT_MOST);
	put_right(text, &right);
	if (!right.failed)
		check(buf_all(&right));
	buf_release(&right);
	return 0;
}
