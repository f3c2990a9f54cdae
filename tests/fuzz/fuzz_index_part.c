/*
 * fuzz_index_part.c - any bytes as a part of the index, and every question to it.
 *
 * With an odd first byte the rest is a part as it comes; else its head is made to fit
 * (magic, sizes, checksum) and the checksums of blocks are not looked at, so that what
 * they would stop gets further. An answer or an error; and a part in which everything
 * can be read gives the same answers after it was merged into another one.
 */
#include "base/crc32c.h"
#include "storage/index_part.h"
#include "tests/fuzz/fuzz.h"

enum { PATTERNS = 4 };

static const struct regex *pattern(int i)
{
	static const char *const texts[PATTERNS] = { ".*[0-3]", "a|b|cpu", "h.*", "|x.+" };
	static struct regex *made[PATTERNS];

	if (!made[i])
		made[i] = regex_new(slice_str(texts[i]), NULL);
	MUST(made[i]);
	return made[i];
}

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void make_fit(uint8_t *blob, size_t n)
{
	if (n < PART_HEAD_BYTES)
		return;
	memcpy(blob, part_magic, sizeof(part_magic));
	put_u32(blob + 8, PART_VERSION);
	put_u32(blob + 12, PART_HEAD_BYTES);
	put_u32(blob + 16, (uint32_t)n);
	put_u32(blob + PART_HEAD_BYTES - 4, crc32c(0, blob, PART_HEAD_BYTES - 4));
}

static void said(int rc, const struct err *e)
{
	if (rc < 0)
		must_say_why(e);
}

static size_t ask(const struct index_set *x, const struct matcher *m, size_t nm, struct arena *a)
{
	struct index_cardinality c;
	const struct labels *ls;
	struct slice *texts;
	uint32_t *ids, id;
	size_t n = 0, nt;
	struct err e;
	int rc = index_select(x, m, nm, a, &ids, &n, &e);

	said(rc, &e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		MUST(!i || ids[i] > ids[i - 1]);
		rc = index_series(x, ids[i], a, &ls, NULL, &e);
		said(rc, &e);
		if (rc == 0)
			said(index_find(x, ls->l, ls->n, &id, NULL, &e), &e);
	}
	said(index_label_names(x, m, nm, a, &texts, &nt, &e), &e);
	said(index_label_values(x, slice_str("h"), m, nm, a, &texts, &nt, &e), &e);
	if (!nm)
		said(index_cardinality(x, 2, a, &c, &e), &e);
	return rc == 0 ? n : 0;
}

static void ask_all(const struct index_set *x, size_t n[3])
{
	struct matcher one[] = { { MATCH_RE, slice_str("h"), slice_str(""), pattern(0) },
				 { MATCH_NE, slice_str("__name__"), slice_str("cpu") } };
	struct matcher two[] = { { MATCH_NRE, slice_str("__name__"), slice_str(""), pattern(1) },
				 { MATCH_RE, slice_str("h"), slice_str(""), pattern(2) },
				 { MATCH_RE, slice_str("z"), slice_str(""), pattern(3) } };
	struct arena a;

	arena_init(&a, 16 << 20);
	n[0] = ask(x, NULL, 0, &a);
	n[1] = ask(x, one, 2, &a);
	n[2] = ask(x, two, 3, &a);
	arena_release(&a);
}

static bool drop_even(void *ctx, uint32_t id)
{
	(void)ctx;
	return id % 2 == 0;
}

static void merge(const struct index_set *x, bool sound, const size_t n[3])
{
	struct index_part p;
	struct index_set y = { .parts = &p, .nparts = 1, .max_id = UINT32_MAX };
	struct buf out;
	struct err e;
	size_t again[3];
	int rc;

	buf_init(&out, 1 << 20);
	rc = index_part_build(x, NULL, NULL, &out, &e);
	said(rc, &e);
	MUST(rc == 0 || !sound);
	if (sound) {
		MUST(index_part_open(buf_all(&out), NULL, &p, &e) == 0);
		MUST(index_part_verify(&p, &e) == 0);
		ask_all(&y, again);
		MUST(memcmp(again, n, sizeof(again)) == 0);
	}
	buf_clear(&out);
	said(index_part_build(x, drop_even, NULL, &out, &e), &e);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool as_it_comes = n && data[0] & 1;
	struct index_verified *v = NULL;
	struct index_part p;
	struct index_set x = { .parts = &p, .nparts = 1, .max_id = UINT32_MAX };
	uint8_t *blob;
	size_t answers[3];
	struct err e;

	if (!n || n > 1 << 16)
		return 0;
	n--;
	blob = malloc(n + 1);
	MUST(blob);
	memcpy(blob, data + 1, n);
	if (as_it_comes)
		v = index_verified_new(n, &e);
	else
		make_fit(blob, n);
	if (index_part_open(slice_of((char *)blob, n), v, &p, &e) < 0) {
		must_say_why(&e);
	} else {
		bool sound = index_part_verify(&p, &e) == 0;

		if (!sound)
			must_say_why(&e);
		ask_all(&x, answers);
		merge(&x, sound, answers);
		x.max_id = p.first_id + (p.last_id - p.first_id) / 2;
		ask_all(&x, answers);
	}
	index_verified_free(v);
	free(blob);
	return 0;
}
