/*
 * fuzz_sdmx_ml.c - any bytes as SDMX-ML: as data, with and without a structure, and as a structure.
 * Plain observations, which are read without expat, give what expat gives.
 */
#include "base/map.h"

#include "sdmx_messages.h"

#include <stdlib.h>

static int hash_table(void *ctx, struct slice name, bool records, struct err *e)
{
	uint64_t *hash = ctx;

	(void)records;
	(void)e;
	*hash = hash_seeded(name.p, name.n, *hash);
	return 0;
}

static int hash_row(void *ctx, const struct row *r, struct err *e)
{
	uint64_t *hash = ctx;

	(void)e;
	for (size_t i = 0; i < r->n; i++) {
		unsigned at[2] = { r->cells[i].line, r->cells[i].column };

		*hash = hash_seeded(at, sizeof(at), *hash);
		*hash = hash_seeded(r->cells[i].text.p, r->cells[i].text.n, *hash);
	}
	return 1;
}

static void hash_complaint(void *ctx, enum refusal why, unsigned line, unsigned column,
			   const char *text)
{
	uint64_t *hash = ctx;
	unsigned at[3] = { (unsigned)why, line, column };

	*hash = hash_seeded(at, sizeof(at), *hash);
	*hash = hash_seeded(text, strlen(text), *hash);
}

static int read_hashed(struct slice body, uint64_t *hash, struct err *e)
{
	const struct row_sink sink = { hash_table, hash_row, hash_complaint, hash, NULL };
	struct arena a;
	int rc;

	*hash = 0;
	arena_init(&a, FUZZ_ARENA);
	rc = sdmx_read(body, &a, NULL, &sink, e);
	arena_release(&a);
	return rc;
}

/* A carriage return at the end, and all goes through expat. */
static void compare_with_expat(const uint8_t *data, size_t n)
{
	char *longer = malloc(n + 1);
	struct err e[2] = { { ERR_NONE, "" }, { ERR_NONE, "" } };
	uint64_t quick, slow;
	int rc;

	if (!longer)
		abort();
	if (n)
		memcpy(longer, data, n);
	longer[n] = '\r';
	rc = read_hashed(slice_of(longer, n), &quick, &e[0]);
	MUST(rc == read_hashed(slice_of(longer, n + 1), &slow, &e[1]));
	MUST(quick == slow && e[0].code == e[1].code);
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n && *data == '<')
		compare_with_expat(data, n);
	read_all_ways(data, n, slice_str(FUZZ_DSD));
	return 0;
}
