/*
 * fuzz_sdmx_json.c - any bytes as SDMX-JSON: as data, with and without a structure, and as a
 * structure. What the scan takes for JSON the tree takes too, and the other way round, but for keys
 * that are given twice and blanks that JSON does not have.
 */
#include "base/json_read.h"
#include "base/json_scan.h"

#include "sdmx_messages.h"

static bool scans(struct slice body, struct arena *a)
{
	struct err e = { ERR_NONE, "" };
	struct json_scan s;
	enum json_token t;

	if (json_scan_init(&s, body, &e) < 0)
		return false;
	do {
		uint32_t line, column;

		t = json_scan_next(&s);
		json_scan_place(&s, &line, &column);
		MUST(line > 0 && column > 0);
		if (t == JSON_TOKEN_STRING || t == JSON_TOKEN_KEY)
			touch(json_scan_text(&s, a));
	} while (t != JSON_TOKEN_END && t != JSON_TOKEN_ERROR);
	MUST(t == JSON_TOKEN_END || e.text[0]);
	return t == JSON_TOKEN_END;
}

static void compare_with_tree(struct slice body)
{
	struct err e = { ERR_NONE, "" };
	struct arena a;
	bool scanned, parsed;

	if (body.n == 0 || memchr(body.p, '\f', body.n) || memchr(body.p, '\v', body.n))
		return; /* blanks for yajl, and not for RFC 8259 */
	arena_init(&a, FUZZ_ARENA);
	scanned = scans(body, &a);
	parsed = json_parse(body, &a, &e) != NULL;
	MUST(scanned == parsed || strstr(e.text, "given twice") || e.code == ERR_LIMIT);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	compare_with_tree(slice_of((const char *)data, n));
	read_all_ways(data, n, slice_str(FUZZ_DSD));
	return 0;
}
