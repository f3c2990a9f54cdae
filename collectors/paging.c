/*
 * paging.c - see paging.h.
 *
 * Where a server says how much there is, that decides: a page that is missing then is an
 * error and not the end. Where it does not, an empty page is the end.
 *
 * A server that does not know the parameter answers every page with the same one.
 * Without a look at that it would be asked a thousand times.
 */
#include "collectors/paging.h"

#include "base/buf.h"
#include "base/json_read.h"
#include "base/map.h"
#include "base/num.h"
#include "base/text.h"
#include "loop/http_client.h"

#include <inttypes.h>
#include <stdio.h>

/* Rows and pages that a server can mean; sums of them stay far from overflow. */
static const int64_t COUNT_MAX = INT64_C(1000000000000);

static int no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "no memory for the URL of a page");
}

/* --- the query of a URL ---------------------------------------------------------------- */

static bool goes_as_it_is(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~$", c));
}

static void put_encoded(struct buf *b, const char *text)
{
	for (; *text; text++)
		if (goes_as_it_is(*text))
			buf_putc(b, *text);
		else
			buf_printf(b, "%%%02X", (unsigned char)*text);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'                     ? c - '0'
	       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							: -1;
}

/* Whether a part of a query, "%24skip=100", is this parameter. */
static bool is_parameter(struct slice part, const char *name)
{
	size_t i = 0;

	for (; *name; name++, i++) {
		char c = i < part.n ? part.p[i] : '\0';

		if (c == '%' && i + 2 < part.n && hex_digit(part.p[i + 1]) >= 0 &&
		    hex_digit(part.p[i + 2]) >= 0) {
			c = (char)(hex_digit(part.p[i + 1]) * 16 + hex_digit(part.p[i + 2]));
			i += 2;
		}
		if (c != *name)
			return false;
	}
	return i == part.n || part.p[i] == '=';
}

/* Takes the next part off a query. */
static struct slice next_part(struct slice *query)
{
	const char *and = query->n ? memchr(query->p, '&', query->n) : NULL;
	struct slice part = slice_of(query->p, and? (size_t)(and-query->p) : query->n);

	*query = slice_skip(*query, part.n + (and != NULL));
	return part;
}

int paging_with_parameter(const char *url, const char *name, const char *value, struct arena *a,
			  const char **out, struct err *e)
{
	struct slice rest = slice_of(url, strcspn(url, "#")), part;
	const char *mark = memchr(rest.p, '?', rest.n);
	char glue = '?';
	struct buf b;

	buf_init(&b, 64 << 10);
	part = slice_of(rest.p, mark ? (size_t)(mark - rest.p) : rest.n);
	buf_slice(&b, part);
	rest = slice_skip(rest, part.n + (mark != NULL));
	while (rest.n) {
		part = next_part(&rest);
		if (!part.n || is_parameter(part, name))
			continue;
		buf_putc(&b, glue);
		buf_slice(&b, part);
		glue = '&';
	}
	buf_putc(&b, glue);
	put_encoded(&b, name);
	buf_putc(&b, '=');
	put_encoded(&b, value);
	*out = b.failed ? NULL : arena_strndup(a, b.p, b.n);
	buf_release(&b);
	return *out ? 0 : no_memory(e);
}

static int with_parameter(const char *url, const char *name, int64_t value, struct arena *a,
			  const char **out, struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return paging_with_parameter(url, name, text, a, out, e);
}

int paging_first(const struct paging *p, struct paging_state *s, const char *url, struct arena *a,
		 const char **out, struct err *e)
{
	*s = (struct paging_state){ .at = p->first };
	*out = url;
	if (p->kind != PAGING_NEXT && with_parameter(url, p->parameter, p->first, a, out, e) < 0)
		return -1;
	if (p->size_parameter)
		return with_parameter(*out, p->size_parameter, p->size, a, out, e);
	return 0;
}

/* --- what a page says ------------------------------------------------------------------- */

/* A count that the page gives as a number or as its text. */
static int count_at(const struct json_node *page, const char *pointer, int64_t *v, struct err *e)
{
	const struct json_node *n = json_pointer(page, slice_str(pointer));
	char shown[TEXT_SHOWN];

	if (n && (n->type == JSON_NUMBER || n->type == JSON_STRING) &&
	    num_parse_i64(n->text, v, NULL) == 0 && *v >= 0 && *v <= COUNT_MAX)
		return 0;
	return err_set(e, ERR_INVALID, "the page has no count at %s",
		       text_shown(slice_str(pointer), shown));
}

/* A page without rows may have null there. */
static int rows_at(const struct json_node *page, const char *pointer, int64_t *n, struct err *e)
{
	const struct json_node *rows = json_pointer(page, slice_str(pointer));
	char shown[TEXT_SHOWN];

	*n = 0;
	if (rows && rows->type == JSON_NULL)
		return 0;
	if (!rows || rows->type != JSON_ARRAY)
		return err_set(e, ERR_INVALID, "the page has no rows at %s",
			       text_shown(slice_str(pointer), shown));
	*n = rows->n;
	return 0;
}

/* --- is there another one ------------------------------------------------------------------ */

/* By pages: 1, 0 or -1. */
static int more_pages(const struct paging *p, const struct paging_state *s,
		      const struct json_node *page, struct err *e)
{
	int64_t n;

	if (count_at(page, p->pages ? p->pages : p->total, &n, e) < 0)
		return -1;
	if (!p->pages)
		n = (n + p->size - 1) / p->size;
	return s->pages < n;
}

/* By rows. */
static int more_rows(const struct paging *p, struct paging_state *s, const struct json_node *page,
		     int64_t *rows, struct err *e)
{
	int64_t total;

	if (rows_at(page, p->rows, rows, e) < 0)
		return -1;
	s->rows += *rows;
	if (!p->total)
		return *rows > 0;
	if (count_at(page, p->total, &total, e) < 0)
		return -1;
	if (s->rows >= total)
		return 0;
	if (!*rows)
		return err_set(e, ERR_INVALID,
			       "the page is empty, although %" PRId64 " of %" PRId64
			       " rows are still to come",
			       total - s->rows, total);
	return 1;
}

static int linked(const struct paging *p, const char *url, const struct json_node *page,
		  struct arena *a, const char **out, struct err *e)
{
	const struct json_node *n = json_pointer(page, slice_str(p->next));
	char shown[TEXT_SHOWN];
	const char *link;

	if (!n || n->type == JSON_NULL || (n->type == JSON_STRING && !text_trim(n->text).n))
		return 0;
	if (n->type != JSON_STRING)
		return err_set(e, ERR_INVALID, "line %u, column %u: %s is no link", n->line,
			       n->column, text_shown(slice_str(p->next), shown));
	link = arena_strndup(a, text_trim(n->text).p, text_trim(n->text).n);
	if (!link)
		return no_memory(e);
	return http_url_follow(url, link, a, out, e) < 0 ? -1 : 1;
}

/* 1, and *out is the next URL; 0 or -1. */
static int find_next(const struct paging *p, struct paging_state *s, const char *url,
		     const struct json_node *page, struct arena *a, const char **out, struct err *e)
{
	bool by_pages = p->kind == PAGING_PAGE && (p->pages || (p->total && p->size));
	int64_t rows = 0;
	int more;

	if (p->kind == PAGING_NEXT)
		return linked(p, url, page, a, out, e);
	more = by_pages ? more_pages(p, s, page, e) : more_rows(p, s, page, &rows, e);
	if (more <= 0)
		return more;
	s->at += p->kind == PAGING_PAGE ? 1 : rows;
	return with_parameter(url, p->parameter, s->at, a, out, e) < 0 ? -1 : 1;
}

/* --- circles ------------------------------------------------------------------------------- */

static int remember(struct paging_state *s, const char *url, struct arena *a, struct err *e)
{
	uint64_t hash = hash_bytes(url, strlen(url));
	char shown[TEXT_SHOWN];
	uint64_t *seen;

	for (size_t i = 0; i < s->nseen; i++)
		if (s->seen[i] == hash)
			return err_set(e, ERR_INVALID, "the link leads back to page %zu: %s", i + 1,
				       text_shown(slice_str(url), shown));
	seen = arena_grow(a, s->seen, s->nseen, &s->seen_cap, s->nseen + 1, sizeof(*seen));
	if (!seen)
		return no_memory(e);
	s->seen = seen;
	s->seen[s->nseen++] = hash;
	return 0;
}

/* Whether the page is the one before once more. */
static int check_new(const struct paging *p, struct paging_state *s, struct slice body,
		     struct err *e)
{
	uint64_t hash = hash_bytes(body.p, body.n);
	bool same = s->pages > 1 && s->body == hash;
	char shown[TEXT_SHOWN];

	s->body = hash;
	if (!same || p->kind == PAGING_NEXT)
		return 0;
	return err_set(
		e, ERR_INVALID,
		"the page is the one before once more; the server may not know the parameter %s",
		text_shown(slice_str(p->parameter), shown));
}

int paging_next(const struct paging *p, struct paging_state *s, const char *url, struct slice body,
		struct arena *a, struct arena *scratch, const char **out, struct err *e)
{
	const struct json_node *page = json_parse(body, scratch, e);
	int more = -1;

	s->pages++;
	if (page && check_new(p, s, body, e) == 0 && (s->nseen || remember(s, url, a, e) == 0))
		more = find_next(p, s, url, page, a, out, e);
	if (more > 0 && s->pages >= p->most)
		return err_set(e, ERR_LIMIT, "there are more than the allowed %" PRId64 " pages",
			       p->most);
	if (more > 0 && remember(s, *out, a, e) < 0)
		more = -1;
	return more < 0 ? err_wrap(e, "page %" PRId64, s->pages) : more;
}
