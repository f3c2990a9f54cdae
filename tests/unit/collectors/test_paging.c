/*
 * test_paging.c - from page to page: which URL is next, when it ends, and what cannot be.
 *
 * The answers are written after the descriptions of the World Bank's API (version 2) and
 * of OData 4.
 */
#include "collectors/paging.h"
#include "tests/lib/assert.h"
#include "tests/lib/starve.h"

#include <stdlib.h>

#define HOST "https://stats.example/v2/data"

struct fixture {
	struct arena a, scratch;
	struct paging_state s;
	const char *url; /* of the page at hand */
	struct err e;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	arena_init(&f.a, 1 << 20);
	arena_init(&f.scratch, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->a);
	arena_release(&f->scratch);
	return 0;
}

static void begin(struct fixture *f, const struct paging *p, const char *url, const char *want)
{
	assert_ok(paging_first(p, &f->s, url, &f->a, &f->url, &f->e), &f->e);
	assert_string_equal(f->url, want);
}

static int next(struct fixture *f, const struct paging *p, const char *body)
{
	return paging_next(p, &f->s, f->url, slice_str(body), &f->a, &f->scratch, &f->url, &f->e);
}

static void goes_on(struct fixture *f, const struct paging *p, const char *body, const char *want)
{
	int rc = next(f, p, body);

	if (rc < 0)
		fail_msg("%s", f->e.text);
	assert_int_equal(rc, 1);
	assert_string_equal(f->url, want);
}

static void ends(struct fixture *f, const struct paging *p, const char *body)
{
	int rc = next(f, p, body);

	if (rc < 0)
		fail_msg("%s", f->e.text);
	assert_int_equal(rc, 0);
}

static void fails(struct fixture *f, const struct paging *p, const char *body, enum err_code code,
		  const char *why)
{
	assert_int_equal(next(f, p, body), -1);
	assert_int_equal(f->e.code, code);
	assert_string_equal(f->e.text, why);
}

static const struct paging world_bank = { .kind = PAGING_PAGE,
					  .parameter = "page",
					  .first = 1,
					  .pages = "/0/pages",
					  .rows = "/1",
					  .most = 1000 };
static const struct paging skipping = { .kind = PAGING_OFFSET,
					.parameter = "$skip",
					.size_parameter = "$top",
					.size = 2,
					.rows = "/value",
					.most = 1000 };
static const struct paging links = {
	.kind = PAGING_NEXT, .next = "/@odata.nextLink", .rows = "/value", .most = 1000
};

/* --- the three kinds -------------------------------------------------------------------- */

static void pages_are_counted_as_the_world_bank_does(void **state)
{
	struct fixture *f = *state;

	begin(f, &world_bank, HOST "?format=json&page=7&per_page=2",
	      HOST "?format=json&per_page=2&page=1");
	goes_on(f, &world_bank,
		"[{\"page\":1,\"pages\":3,\"per_page\":\"2\",\"total\":5},[{\"value\":1},{"
		"\"value\":"
		"null}]]",
		HOST "?format=json&per_page=2&page=2");
	goes_on(f, &world_bank, "[{\"page\":2,\"pages\":\"3\",\"per_page\":2},[{},{}]]",
		HOST "?format=json&per_page=2&page=3");
	ends(f, &world_bank, "[{\"page\":3,\"pages\":3},[{}]]");
	assert_int_equal(f->s.pages, 3);
}

static void an_answer_without_pages_is_the_only_one(void **state)
{
	struct fixture *f = *state;

	begin(f, &world_bank, HOST, HOST "?page=1");
	ends(f, &world_bank, "[{\"page\":0,\"pages\":0,\"total\":0},null]");
}

static void pages_follow_from_a_total_and_a_size(void **state)
{
	static const struct paging p = { .kind = PAGING_PAGE,
					 .parameter = "p",
					 .first = 0,
					 .size_parameter = "n",
					 .size = 10,
					 .total = "/total",
					 .most = 1000 };
	struct fixture *f = *state;

	begin(f, &p, HOST "#part", HOST "?p=0&n=10");
	goes_on(f, &p, "{\"total\":11,\"page\":0}", HOST "?n=10&p=1");
	ends(f, &p, "{\"total\":11,\"page\":1}");
	begin(f, &p, HOST, HOST "?p=0&n=10");
	ends(f, &p, "{\"total\":10}");
}

static void without_a_count_an_empty_page_is_the_end(void **state)
{
	static const struct paging p = {
		.kind = PAGING_PAGE, .parameter = "page", .first = 1, .rows = "", .most = 1000
	};
	struct fixture *f = *state;

	begin(f, &p, HOST, HOST "?page=1");
	goes_on(f, &p, "[1,2]", HOST "?page=2");
	goes_on(f, &p, "[3]", HOST "?page=3");
	ends(f, &p, "[]");

	begin(f, &skipping, HOST "?%24skip=9&a=b&$skipped=1",
	      HOST "?a=b&$skipped=1&$skip=0&$top=2");
	goes_on(f, &skipping, "{\"value\":[1,2]}", HOST "?a=b&$skipped=1&$top=2&$skip=2");
	goes_on(f, &skipping, "{\"value\":[3]}", HOST "?a=b&$skipped=1&$top=2&$skip=3");
	ends(f, &skipping, "{\"value\":null}");
}

static void rows_are_counted_up_to_a_total(void **state)
{
	struct paging p = skipping;
	struct fixture *f = *state;

	p.total = "/@odata.count";
	begin(f, &p, HOST, HOST "?$skip=0&$top=2");
	goes_on(f, &p, "{\"@odata.count\":3,\"value\":[1,2]}", HOST "?$top=2&$skip=2");
	ends(f, &p, "{\"@odata.count\":3,\"value\":[3]}");

	begin(f, &p, HOST, HOST "?$skip=0&$top=2");
	goes_on(f, &p, "{\"@odata.count\":3,\"value\":[1,2]}", HOST "?$top=2&$skip=2");
	fails(f, &p, "{\"@odata.count\":3,\"value\":[]}", ERR_INVALID,
	      "page 2: the page is empty, although 1 of 3 rows are still to come");
}

static void links_are_followed_and_resolved(void **state)
{
	struct fixture *f = *state;

	begin(f, &links, HOST "/x?$top=2", HOST "/x?$top=2");
	goes_on(f, &links, "{\"value\":[1],\"@odata.nextLink\":\"" HOST "/x?$skiptoken=%20a#f\"}",
		HOST "/x?$skiptoken=%20a");
	goes_on(f, &links, "{\"value\":[],\"@odata.nextLink\":\"?$skiptoken=b\"}",
		HOST "/x?$skiptoken=b");
	goes_on(f, &links, "{\"value\":[2],\"@odata.nextLink\":\"y?c=1\"}", HOST "/y?c=1");
	goes_on(f, &links, "{\"value\":[2],\"@odata.nextLink\":\" /up?c=1 \"}",
		"https://stats.example/up?c=1");
	goes_on(f, &links, "{\"value\":[2],\"@odata.nextLink\":\"//STATS.example:443/z\"}",
		"https://STATS.example:443/z");
	ends(f, &links, "{\"value\":[3],\"@odata.nextLink\":null}");

	begin(f, &links, HOST, HOST);
	ends(f, &links, "{\"value\":[3]}");
	begin(f, &links, HOST, HOST);
	ends(f, &links, "{\"@odata.nextLink\":\"  \"}");
}

/* --- what cannot be ---------------------------------------------------------------------- */

static void a_link_out_of_the_server_is_refused(void **state)
{
	static const struct {
		const char *link, *why;
		enum err_code code;
	} cases[] = {
		{ "https://elsewhere.example/x",
		  "page 1: the link leads from 'https://stats.example:443' to "
		  "'https://elsewhere.example:443'",
		  ERR_REFUSED },
		{ "http://stats.example/x",
		  "page 1: the link leads from 'https://stats.example:443' to "
		  "'http://stats.example:80'",
		  ERR_REFUSED },
		{ "//127.0.0.1/x",
		  "page 1: the link leads from 'https://stats.example:443' to "
		  "'https://127.0.0.1:443'",
		  ERR_REFUSED },
		{ "https://stats.example:8443/x",
		  "page 1: the link leads from 'https://stats.example:443' to "
		  "'https://stats.example:8443'",
		  ERR_REFUSED },
		{ "file:///etc/passwd",
		  "page 1: scheme 'file' refused: only http and https are fetched", ERR_REFUSED },
		{ "https://me:word@stats.example/x",
		  "page 1: the URL holds a user name or password: send a header", ERR_INVALID },
		{ "a\\nb", "page 1: byte 2 of the URL is a control byte (0x0a)", ERR_INVALID },
	};
	struct fixture *f = *state;
	char body[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(f, &links, HOST, HOST);
		snprintf(body, sizeof(body), "{\"@odata.nextLink\":\"%s\"}", cases[i].link);
		fails(f, &links, body, cases[i].code, cases[i].why);
	}
	begin(f, &links, HOST, HOST);
	fails(f, &links, "{\"@odata.nextLink\":\n[1]}", ERR_INVALID,
	      "page 1: line 2, column 1: '/@odata.nextLink' is no link");
}

static void a_circle_of_links_is_an_error(void **state)
{
	struct fixture *f = *state;

	begin(f, &links, HOST, HOST);
	fails(f, &links, "{\"@odata.nextLink\":\"" HOST "\"}", ERR_INVALID,
	      "page 1: the link leads back to page 1: '" HOST "'");

	begin(f, &links, HOST, HOST);
	goes_on(f, &links, "{\"@odata.nextLink\":\"?b\"}", HOST "?b");
	goes_on(f, &links, "{\"@odata.nextLink\":\"?c\"}", HOST "?c");
	fails(f, &links, "{\"@odata.nextLink\":\"?b\"}", ERR_INVALID,
	      "page 3: the link leads back to page 2: '" HOST "?b'");
}

static void a_server_that_does_not_know_the_parameter_is_noticed(void **state)
{
	struct fixture *f = *state;

	begin(f, &world_bank, HOST, HOST "?page=1");
	goes_on(f, &world_bank, "[{\"pages\":9},[1]]", HOST "?page=2");
	fails(f, &world_bank, "[{\"pages\":9},[1]]", ERR_INVALID,
	      "page 2: the page is the one before once more; the server may not know the "
	      "parameter 'page'");
}

static void more_pages_than_allowed_are_an_error(void **state)
{
	struct paging p = world_bank;
	struct fixture *f = *state;

	p.most = 2;
	begin(f, &p, HOST, HOST "?page=1");
	goes_on(f, &p, "[{\"page\":1,\"pages\":3}]", HOST "?page=2");
	fails(f, &p, "[{\"page\":2,\"pages\":3}]", ERR_LIMIT,
	      "there are more than the allowed 2 pages");
	begin(f, &p, HOST, HOST "?page=1");
	goes_on(f, &p, "[{\"page\":1,\"pages\":2}]", HOST "?page=2");
	ends(f, &p, "[{\"page\":2,\"pages\":2}]");
}

static void a_page_that_does_not_say_what_it_should_is_an_error(void **state)
{
	static const struct {
		const struct paging *p;
		const char *body, *why;
	} cases[] = {
		{ &world_bank, "[{\"message\":[{\"id\":\"120\"}]}]",
		  "page 1: the page has no count at '/0/pages'" },
		{ &world_bank, "[{\"pages\":-1}]", "page 1: the page has no count at '/0/pages'" },
		{ &world_bank, "[{\"pages\":1.5}]", "page 1: the page has no count at '/0/pages'" },
		{ &world_bank, "[{\"pages\":99999999999999}]",
		  "page 1: the page has no count at '/0/pages'" },
		{ &world_bank, "[{", "page 1: line 1, column 3: the document ends too early" },
		{ &skipping, "{\"error\":{}}", "page 1: the page has no rows at '/value'" },
		{ &skipping, "{\"value\":{}}", "page 1: the page has no rows at '/value'" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(paging_first(cases[i].p, &f->s, HOST, &f->a, &f->url, &f->e), &f->e);
		fails(f, cases[i].p, cases[i].body, ERR_INVALID, cases[i].why);
	}
}

static void a_thousand_pages_end_in_time(void **state)
{
	struct fixture *f = *state;
	char body[64];
	int pages = 1;

	begin(f, &world_bank, HOST, HOST "?page=1");
	for (;; pages++) {
		struct arena_mark mark = arena_mark(&f->scratch);

		snprintf(body, sizeof(body), "[{\"page\":%d,\"pages\":1000}]", pages);
		if (next(f, &world_bank, body) <= 0)
			break;
		arena_reset(&f->scratch, mark);
	}
	assert_int_equal(f->e.code, ERR_NONE);
	assert_int_equal(pages, 1000);
}

static void every_failed_allocation_is_an_error(void **state)
{
	struct starve hungry = { .keeps_nothing = true };
	struct paging_state s;
	struct arena a, scratch;
	const char *url;
	struct err e;

	(void)state;
	while (starve_again(&hungry)) {
		int rc;

		arena_init(&a, STARVED_ARENA);
		arena_init(&scratch, STARVED_ARENA);
		starve_begin(&hungry);
		rc = paging_first(&skipping, &s, HOST, &a, &url, &e);
		if (rc == 0)
			rc = paging_next(&skipping, &s, url, slice_str("{\"value\":[1,2]}"), &a,
					 &scratch, &url, &e);
		starve_end(&hungry, rc >= 0, &e);
		if (rc >= 0)
			assert_string_equal(url, HOST "?$top=2&$skip=2");
		arena_release(&a);
		arena_release(&scratch);
	}
	assert_true(hungry.failed > 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(pages_are_counted_as_the_world_bank_does),
		T(an_answer_without_pages_is_the_only_one),
		T(pages_follow_from_a_total_and_a_size),
		T(without_a_count_an_empty_page_is_the_end),
		T(rows_are_counted_up_to_a_total),
		T(links_are_followed_and_resolved),
		T(a_link_out_of_the_server_is_refused),
		T(a_circle_of_links_is_an_error),
		T(a_server_that_does_not_know_the_parameter_is_noticed),
		T(more_pages_than_allowed_are_an_error),
		T(a_page_that_does_not_say_what_it_should_is_an_error),
		T(a_thousand_pages_end_in_time),
		T(every_failed_allocation_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
