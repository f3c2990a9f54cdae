/*
 * fuzz_paging.c - any bytes as a configured URL and the pages it answers.
 *
 * The first byte picks the kind of paging, the first line is the URL, and pages are
 * divided by the byte 0x1e. Whatever comes next can be fetched from the same server,
 * was not fetched before, and there are no more pages than allowed.
 */
#include "collectors/paging.h"
#include "loop/http_client.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 8 };

static const struct paging kinds[] = {
	{ .kind = PAGING_PAGE, .parameter = "page", .first = 1, .pages = "/0/pages", .most = MOST },
	{ .kind = PAGING_PAGE,
	  .parameter = "p",
	  .size_parameter = "n",
	  .size = 2,
	  .total = "/total",
	  .most = MOST },
	{ .kind = PAGING_PAGE, .parameter = "p", .rows = "", .most = MOST },
	{ .kind = PAGING_OFFSET,
	  .parameter = "$skip",
	  .size_parameter = "$top",
	  .size = 2,
	  .total = "/count",
	  .rows = "/value",
	  .most = MOST },
	{ .kind = PAGING_OFFSET, .parameter = "\xe5\x8c\xba &", .rows = "", .most = MOST },
	{ .kind = PAGING_NEXT, .next = "/next", .most = MOST },
};

/* Fetchable, and from the same server, unless it has grown too long for that. */
static void check_url(const char *first, const char *url, struct arena *a)
{
	const char *again;
	struct err e;

	if (http_url_check(url, &e) < 0)
		MUST(e.code == ERR_LIMIT);
	else
		MUST(http_url_follow(first, url, a, &again, &e) == 0);
}

static void read_pages(const struct paging *p, const char *url, struct slice pages)
{
	const char *first, *now, *next = NULL;
	struct arena a, scratch;
	struct paging_state s;
	struct err e;
	int more = 1;

	arena_init(&a, 16 << 20);
	arena_init(&scratch, 16 << 20);
	MUST(paging_first(p, &s, url, &a, &first, &e) == 0);
	check_url(url, first, &a);
	for (now = first; more > 0; now = next) {
		const char *end = pages.n ? memchr(pages.p, 0x1e, pages.n) : NULL;
		struct slice body = slice_of(pages.p, end ? (size_t)(end - pages.p) : pages.n);

		pages = slice_skip(pages, body.n + (end != NULL));
		more = paging_next(p, &s, now, body, &a, &scratch, &next, &e);
		MUST(s.pages <= MOST && (more <= 0 || s.pages < MOST));
		if (more > 0) {
			MUST(strcmp(next, now) != 0 && strcmp(next, first) != 0);
			check_url(url, next, &a);
		} else if (more < 0) {
			must_say_why(&e);
		}
	}
	arena_release(&a);
	arena_release(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct paging *p;
	char *copy, *pages;
	struct err e;

	if (n < 1)
		return 0;
	p = &kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))];
	copy = strndup((const char *)data + 1, n - 1);
	MUST(copy);
	pages = strchr(copy, '\n');
	if (pages) {
		*pages++ = '\0';
		if (http_url_check(copy, &e) == 0)
			read_pages(p, copy, slice_str(pages));
	}
	free(copy);
	return 0;
}
