/*
 * paging.h - answers that come in pages: which URL is next.
 *
 * Three habits are known. Pages are numbered (World Bank: page=2, and the answer says of
 * how many), rows are counted (OData's $skip, CKAN's offset), or an answer holds the link to
 * the next one (OData's @odata.nextLink). What the pointers name is read from the
 * page itself, which is JSON.
 *
 * Pure; any thread. Nothing is fetched here.
 */
#ifndef COLLECTORS_PAGING_H
#define COLLECTORS_PAGING_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

enum paging_kind { PAGING_NONE, PAGING_PAGE, PAGING_OFFSET, PAGING_NEXT };

enum { PAGING_PAGES_DEFAULT = 1000, PAGING_PAGES_MAX = 10000 };

/* Pointers are RFC 6901's; NULL where one is not given. */
struct paging {
	int kind;                   /* enum paging_kind */
	const char *parameter;      /* of the query: number of the page, or of rows before it */
	int64_t first;              /* its value for the first page */
	const char *size_parameter; /* of the query: rows of a page; may be NULL */
	int64_t size;               /* rows of a page; 0: not known */
	const char *pages;          /* page: pointer to how many pages there are */
	const char *total;          /* pointer to how many rows there are in all */
	const char *next;           /* next: pointer to the link */
	const char *rows;           /* pointer to the rows of a page; "" is the page */
	int64_t most;               /* pages; more are an error */
};

/* What is remembered from page to page of one attempt. */
struct paging_state {
	int64_t pages;  /* read so far */
	int64_t at;     /* the parameter's value of the page at hand */
	int64_t rows;   /* of all pages so far */
	uint64_t body;  /* hash of the page before */
	uint64_t *seen; /* hashes of the URLs so far */
	size_t nseen, seen_cap;
};

/* `url` with this parameter of the query, whatever it had, and without fragment, in `a`. */
int paging_with_parameter(const char *url, const char *name, const char *value, struct arena *a,
			  const char **out, struct err *e);

/* The URL of the first page: `url` with the parameters. */
int paging_first(const struct paging *p, struct paging_state *s, const char *url, struct arena *a,
		 const char **out, struct err *e);

/* `body` is what `url` answered, unpacked. 1: *out is the next page's URL. 0: that was the
 * last one. -1: ERR_INVALID or ERR_REFUSED when this page does not say what comes next or
 * cannot be right (a link out of the server, in a circle, a page that is the one before
 * again), ERR_LIMIT after `most` pages. *out and what the state holds lie in `a`; `scratch` is
 * needed for the call only. */
int paging_next(const struct paging *p, struct paging_state *s, const char *url, struct slice body,
		struct arena *a, struct arena *scratch, const char **out, struct err *e);

#endif
