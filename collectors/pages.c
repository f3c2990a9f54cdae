/*
 * pages.c - the pages of one attempt, made into one document.
 *
 *     pages_begin ─▶ (fetch) ─▶ pages_read: a job ─▶ on_read ─▶ PAGES_MORE: fetch again
 *                                                            └▶ PAGES_ALL ─▶ pages_take
 *
 * Pages are fetched one after another and become the elements of one JSON array,
 *
 *     [{"value":[…],"@odata.nextLink":"…"},
 *     {"value":[…]}]
 *
 * which then goes the way of any document: it is decoded, hashed, kept as the original
 * and stored as a whole. So an attempt that fails at the last page has stored
 * nothing, and "unchanged" is said of all pages together.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/inflate.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	PAGES_ARENA_BYTES = 16 << 20, /* ten thousand URLs */
	TREE_BASE_BYTES = 1 << 20,
	TREE_PER_BYTE = 40,
};

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

struct pages {
	struct job job;
	struct feed *feed;
	pages_done done;
	bool reading;
	struct arena arena; /* URLs and the state */
	struct paging_state state;
	const char *url; /* of the page to fetch, then to read */

	/* the page at hand */
	struct buf body; /* as it came */
	char encoding[32];
	int more;
	struct err err;

	struct buf all;
};

int pages_begin(struct feed *f, struct err *e)
{
	struct pages *p = mem_zalloc(sizeof(*p));

	if (!p)
		return err_set(e, ERR_MEMORY, "not enough memory for the pages");
	p->feed = f;
	arena_init(&p->arena, PAGES_ARENA_BYTES);
	buf_init_large(&p->all, (size_t)f->config.body_limit);
	f->pages = p;
	if (paging_first(&f->config.paging, &p->state, f->config.url, &p->arena, &p->url, e) < 0) {
		pages_end(f);
		return -1;
	}
	return 0;
}

void pages_end(struct feed *f)
{
	struct pages *p = f->pages;

	if (!p)
		return;
	f->pages = NULL;
	buf_release(&p->body);
	buf_release(&p->all);
	arena_release(&p->arena);
	mem_free(p);
}

const char *pages_url(const struct feed *f)
{
	return f->pages->url;
}

/* What the next page may have, packed; 0 would mean no limit of ours. */
size_t pages_room(const struct feed *f)
{
	size_t limit = (size_t)f->config.body_limit, n = f->pages->all.n;

	return n < limit ? limit - n : 1;
}

/* --- in the job ------------------------------------------------------------------------ */

static struct slice without_bom(struct slice s)
{
	return slice_starts(s, "\xef\xbb\xbf") ? slice_skip(s, 3) : s;
}

/* Unpacks the page behind the others; *page is where it lies. */
static int add_page(struct pages *p, struct slice *page, struct err *e)
{
	struct buf plain;
	size_t from;
	int rc;

	buf_init(&plain, (size_t)p->feed->config.body_limit);
	rc = inflate_body(buf_all(&p->body), slice_str(p->encoding), BOMB_RATIO, &plain, e);
	buf_puts(&p->all, p->all.n ? ",\n" : "[");
	from = p->all.n;
	if (rc == 0)
		buf_slice(&p->all, without_bom(buf_all(&plain)));
	buf_release(&plain);
	if (rc < 0)
		return err_wrap(e, "page %" PRId64, p->state.pages + 1);
	*page = slice_skip(buf_all(&p->all), from);
	return buf_check(&p->all, e) < 0 ? err_wrap(e, "all pages together") : 0;
}

static void read_work(struct job *j)
{
	struct pages *p = container_of(j, struct pages, job);
	struct arena scratch;
	struct slice page;

	p->more = -1;
	if (add_page(p, &page, &p->err) == 0) {
		arena_init(&scratch, TREE_BASE_BYTES + page.n * TREE_PER_BYTE);
		p->more = paging_next(&p->feed->config.paging, &p->state, p->url, page, &p->arena,
				      &scratch, &p->url, &p->err);
		arena_release(&scratch);
	}
	if (p->more == 0) {
		buf_putc(&p->all, ']');
		p->more = buf_check(&p->all, &p->err);
	}
	buf_release(&p->body);
}

/* --- on the loop ------------------------------------------------------------------------- */

static void on_read(struct job *j, enum job_end how)
{
	struct pages *p = container_of(j, struct pages, job);

	p->reading = false;
	if (how == JOB_CANCELLED || feed_ending(p->feed))
		p->done(p->feed, PAGES_CANCELLED, NULL);
	else if (p->more < 0)
		p->done(p->feed, PAGES_FAILED, &p->err);
	else
		p->done(p->feed, p->more ? PAGES_MORE : PAGES_ALL, NULL);
}

int pages_read(struct feed *f, struct http_fetch *h, pages_done done, struct err *e)
{
	struct pages *p = f->pages;

	p->body = h->body;
	buf_init(&h->body, 0);
	snprintf(p->encoding, sizeof(p->encoding), "%s", h->content_encoding);
	p->done = done;
	p->job = (struct job){ .work = read_work, .done = on_read };
	if (job_start(feed_loop(f), &p->job, JOB_DECODE, e) < 0)
		return -1;
	p->reading = true;
	return 0;
}

bool pages_cancel(struct feed *f)
{
	if (!f->pages || !f->pages->reading)
		return false;
	job_cancel(feed_loop(f), &f->pages->job);
	return true;
}

struct buf pages_take(struct feed *f)
{
	struct buf all = f->pages->all;

	buf_init(&f->pages->all, 0);
	pages_end(f);
	return all;
}
