/*
 * fuzz_manifest.c - any bytes as the manifest of a backup.
 *
 * What is read names only files of a store, and is written and read again as the same; what is
 * refused says why. The checksum is made right as well, so that what lies before it is reached.
 */
#include "base/crc32c.h"
#include "storage/manifest.h"
#include "tests/fuzz/fuzz.h"

static void must_be_same(const struct manifest *a, const struct manifest *b)
{
	MUST(a->made_ms == b->made_ms && a->format == b->format && a->epoch == b->epoch &&
	     a->sequence == b->sequence && a->n == b->n);
	for (size_t i = 0; i < a->n; i++)
		MUST(strcmp(a->files[i].name, b->files[i].name) == 0 &&
		     a->files[i].bytes == b->files[i].bytes && a->files[i].crc == b->files[i].crc);
}

static void read_and_back(struct slice text)
{
	struct manifest m, again;
	struct buf out;
	struct err e;

	if (manifest_read(&m, text, &e) < 0) {
		must_say_why(&e);
		manifest_release(&m);
		return;
	}
	MUST(manifest_is_ours(text));
	for (size_t i = 0; i < m.n; i++)
		MUST(manifest_names(m.files[i].name) && !strstr(m.files[i].name, ".."));
	buf_init(&out, 2 * text.n + 4096);
	manifest_write(&m, &out);
	MUST(buf_check(&out, &e) == 0);
	MUST(manifest_read(&again, buf_all(&out), &e) == 0);
	must_be_same(&m, &again);
	manifest_release(&again);
	manifest_release(&m);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body = slice_of((const char *)data, n);
	struct buf sealed;

	read_and_back(body);
	buf_init(&sealed, n + 64);
	buf_slice(&sealed, body);
	buf_printf(&sealed, "end %08x\n", crc32c(0, data, n));
	read_and_back(buf_all(&sealed));
	buf_release(&sealed);
	return 0;
}
