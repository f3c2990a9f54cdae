/*
 * http_client.c - curl's multi interface under the loop.
 *
 * curl tells us which sockets to watch (on_curl_socket) and when to call again
 * (on_curl_timer); we tell it what happened (drive) and collect what is over
 * (collect). A fetch is a chain of hops:
 *
 *     http_fetch_start ─▶ hop_start ─▶ … curl … ─▶ hop_over ─▶ finish ─▶ done
 *                            ▲                        │
 *                            └──── next_hop ◀── 3xx ──┘
 *
 * We follow redirects ourselves, since only so it is certain for each connection
 * whether it belongs to the configured host: other hosts get a fresh connection
 * that passes the address guard and is never kept for reuse, and no headers that
 * could be credentials.
 *
 * Measured with 7.88: without QUICK_EXIT a slow resolver stops the loop for
 * seconds; with a CApath set the certificates are parsed for each connection; a
 * timer that fires early is never set again, so ours fires a millisecond late.
 */
#include "loop/http_client.h"

#include "base/alloc.h"
#include "base/counter.h"
#include "base/secret.h"
#include "base/version.h"
#include "loop/http_client_private.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	WATCHDOG_MS = 250,
	GRACE_MS = 200, /* curl's own time-out comes first, it knows more */
};

static const char system_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

static void collect(struct http_client *c);

static int64_t now_ns(void)
{
	return (int64_t)uv_hrtime();
}

/* --- sockets and timers ---------------------------------------------------- */

static void drive(struct http_client *c, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(c->multi, fd, events, &running);
	collect(c);
}

static void drive_called(struct http_client *c, curl_socket_t fd, int events)
{
	drive(c, fd, events);
	loop_called(c->loop, CALL_FETCH);
}

static void on_socket(uv_poll_t *h, int status, int events)
{
	struct watch *w = (struct watch *)h;
	int flags = 0;

	/* With ERR alone curl gives up without looking; so it reads the socket's error, and
	 * tries again when a kept connection had been closed by the other side. */
	if (status < 0)
		flags |= CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	drive_called(w->c, w->fd, flags);
}

static void free_watch(uv_handle_t *h)
{
	mem_free(h);
}

static struct watch **find_watch(struct http_client *c, curl_socket_t fd)
{
	struct watch **at = &c->watches;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	return at;
}

static void drop_watch(struct http_client *c, curl_socket_t fd)
{
	struct watch **at = find_watch(c, fd), *w = *at;

	if (!w)
		return;
	*at = w->next;
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, free_watch);
}

static struct watch *add_watch(struct http_client *c, curl_socket_t fd)
{
	struct watch *w = mem_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	if (uv_poll_init(&c->loop->uv, &w->poll, fd) < 0) {
		mem_free(w);
		return NULL;
	}
	w->c = c;
	w->fd = fd;
	w->next = c->watches;
	c->watches = w;
	return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *cls, void *socket)
{
	struct http_client *c = cls;
	struct watch *w = *find_watch(c, fd);
	int events = 0;

	(void)easy;
	(void)socket;
	if (what == CURL_POLL_REMOVE) {
		drop_watch(c, fd);
		return 0;
	}
	if (!w)
		w = add_watch(c, fd);
	if (!w)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	if (!events)
		return uv_poll_stop(&w->poll) < 0 ? -1 : 0;
	return uv_poll_start(&w->poll, events, on_socket) < 0 ? -1 : 0;
}

/* curl may close a socket before it says that it need not be watched; libuv must not be
 * left with a descriptor that is gone or somebody else's. */
int client_close_socket(void *cls, curl_socket_t fd)
{
	drop_watch(cls, fd);
	return close(fd);
}

static void on_alarm(uv_timer_t *h)
{
	drive_called(h->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long ms, void *cls)
{
	struct http_client *c = cls;

	(void)multi;
	if (ms < 0) {
		uv_timer_stop(&c->alarm);
		return 0;
	}
	uv_update_time(&c->loop->uv);
	uv_timer_start(&c->alarm, on_alarm, ms ? (uint64_t)ms + 1 : 0, 0);
	return 0;
}

/* --- the end of a hop ------------------------------------------------------ */

static void unlink_fetch(struct http_client *c, struct http_fetch *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		c->fetches = f->next;
	if (f->next)
		f->next->prev = f->prev;
	f->prev = f->next = NULL;
	if (!c->fetches && !c->closing)
		uv_timer_stop(&c->watchdog);
}

static void free_transfer(struct http_transfer *t)
{
	hop_end(t);
	curl_url_cleanup(t->url);
	mem_free(t->location);
	buf_release(&t->piece);
	t->f->transfer = NULL;
	mem_free(t);
}

static const char *reason_of_failure(const struct http_transfer *t)
{
	if (t->reason)
		return t->reason;
	switch (t->f->err.code) {
	case ERR_TIMEOUT:
		return "timeout";
	case ERR_LIMIT:
		return "limit";
	case ERR_REFUSED:
		return "forbidden";
	case ERR_FULL:
	case ERR_MEMORY:
	case ERR_IO:
		return "no_room";
	default:
		return "other";
	}
}

/* f->err says how it went. */
static void finish(struct http_transfer *t)
{
	struct http_fetch *f = t->f;

	f->seconds = (double)(now_ns() - t->begun_ns) / 1e9;
	counter_observe(C_FETCH_SECONDS, f->seconds);
	if (f->err.code != ERR_NONE && f->err.code != ERR_CANCELLED)
		counter_add_for(C_FETCH_FAILURES, slice_str(reason_of_failure(t)), 1);
	unlink_fetch(t->c, f);
	free_transfer(t);
	f->done(f);
}

static void fail_cancelled(struct http_transfer *t)
{
	err_set(&t->f->err, ERR_CANCELLED, "the fetch was cancelled");
	finish(t);
}

/* --- redirects ------------------------------------------------------------- */

static bool is_redirect(const struct http_transfer *t)
{
	switch (t->f->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return t->location && t->f->redirects > 0 && !t->f->posts;
	default:
		return false;
	}
}

static int follow(struct http_transfer *t, struct err *e)
{
	struct origin to;
	CURLU *u;

	if (t->hops >= t->f->redirects)
		return err_set(e, ERR_LIMIT, "more than %u redirects, the last to '%.96s'",
			       t->f->redirects, t->location);
	u = http_url_parse(t->location, t->url, &to, e);
	if (!u)
		return err_wrap(e, "redirect");
	if (strcasecmp(t->now.scheme, "https") == 0 && strcasecmp(to.scheme, "https") != 0) {
		curl_url_cleanup(u);
		return err_set(e, ERR_REFUSED, "redirect from https to http refused");
	}
	if (t->f->proxy && !origin_same_host(&t->first, &to)) {
		curl_url_cleanup(u);
		return err_set(e, ERR_REFUSED,
			       "redirect to %.96s refused: behind a proxy only the configured host "
			       "is asked",
			       to.host);
	}
	if (now_ns() >= t->due_ns) {
		curl_url_cleanup(u);
		hop_say_timed_out(t, e);
		return -1;
	}
	hop_end(t);
	curl_url_cleanup(t->url);
	t->url = u;
	t->now = to;
	t->hops++;
	return hop_start(t, e);
}

/* Whether all of the body is where it belongs; if not, the hop goes on being over when it is. */
static bool body_is_written(struct http_transfer *t, CURLcode *result)
{
	t->over = true;
	t->result = *result;
	if (!t->writing && *result == CURLE_OK && t->piece.n && body_write(t, &t->why) < 0)
		*result = CURLE_WRITE_ERROR;
	return !t->writing;
}

static void hop_over(struct http_transfer *t, CURLcode result)
{
	struct http_fetch *f = t->f;

	if (!body_is_written(t, &result))
		return;
	hop_read_answer(t);
	if (t->cancelled) {
		fail_cancelled(t);
		return;
	}
	if (result != CURLE_OK || !t->header_over) {
		if (result != CURLE_OK && t->why.code != ERR_NONE)
			f->err = t->why;
		else
			hop_say(t, result, &f->err);
		finish(t);
		return;
	}
	if (!is_redirect(t))
		end_check(t, &f->err);
	else if (follow(t, &f->err) == 0)
		return;
	finish(t); /* an answer, or a redirect that was not followed, with f->err set */
}

static void collect(struct http_client *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode result;

		if (m->msg != CURLMSG_DONE)
			continue;
		result = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		hop_over(t, result);
	}
}

void client_written(struct http_transfer *t)
{
	struct http_client *c = t->c;

	if (c->closing)
		return; /* finished by who closes it */
	if (t->cancelled) {
		fail_cancelled(t);
	} else if (t->over) {
		hop_over(t, t->write_failed ? CURLE_WRITE_ERROR : t->result);
	} else {
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
		drive(c, CURL_SOCKET_TIMEOUT, 0);
	}
}

/* --- fetches --------------------------------------------------------------- */

/* Fetches that wait for a free connection have no time-out of curl's. */
static void on_watchdog(uv_timer_t *h)
{
	struct http_client *c = h->data;
	struct http_fetch *f, *next;
	int64_t now = now_ns();

	drive(c, CURL_SOCKET_TIMEOUT, 0);
	for (f = c->fetches; f; f = next) {
		next = f->next;
		if (f->transfer->writing || now < f->transfer->due_ns + GRACE_MS * 1000000LL)
			continue;
		hop_say_timed_out(f->transfer, &f->err);
		finish(f->transfer);
		next = c->fetches; /* done may have changed the list */
	}
	loop_called(c->loop, CALL_FETCH);
}

static void on_soon(uv_timer_t *h)
{
	struct http_client *c = h->data;
	struct http_fetch *f = c->fetches;

	while (f) {
		struct http_fetch *next = f->next;

		if (f->transfer->cancelled && !f->transfer->writing) {
			fail_cancelled(f->transfer);
			next = c->fetches;
		}
		f = next;
	}
}

void http_fetch_init(struct http_fetch *f)
{
	memset(f, 0, sizeof(*f));
}

static void reset_fetch(struct http_client *c, struct http_fetch *f)
{
	buf_release(&f->body);
	buf_init(&f->body, f->body_limit ? f->body_limit : 4 << 20);
	f->body.large = f->large;
	f->client = c;
	f->err = (struct err){ 0 };
	f->status = 0;
	f->address[0] = '\0';
	f->retry_after_ms = 0;
	f->seconds = 0;
	if (f->timeout_ms <= 0)
		f->timeout_ms = 30000;
}

int http_fetch_start(struct http_client *c, struct http_fetch *f, struct err *e)
{
	struct http_transfer *t;

	if (c->closing)
		return err_set(e, ERR_CANCELLED, "no new fetch: the client is closing");
	assert(!f->transfer);
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return err_set(e, ERR_MEMORY, "no memory for a fetch");
	reset_fetch(c, f);
	f->transfer = t;
	t->f = f;
	t->c = c;
	buf_init(&t->piece, SIZE_MAX);
	t->begun_ns = now_ns();
	t->due_ns = t->begun_ns + f->timeout_ms * 1000000;
	t->url = http_url_parse(f->url, NULL, &t->first, e);
	t->now = t->first;
	if (!t->url || hop_start(t, e) < 0) {
		free_transfer(t);
		return -1;
	}
	f->next = c->fetches;
	if (c->fetches)
		c->fetches->prev = f;
	else
		uv_timer_start(&c->watchdog, on_watchdog, WATCHDOG_MS, WATCHDOG_MS);
	c->fetches = f;
	return 0;
}

void http_fetch_cancel(struct http_fetch *f)
{
	if (!f->transfer)
		return;
	f->transfer->cancelled = true;
	uv_timer_start(&f->client->soon, on_soon, 0, 0);
}

void http_fetch_release(struct http_fetch *f)
{
	assert(!f->transfer);
	buf_release(&f->body);
}

/* --- the client ------------------------------------------------------------ */

static int set_up_multi(struct http_client *c, const struct http_client_options *o)
{
	int r = 0;

	r |= curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	r |= curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	r |= curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	r |= curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	r |= curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
			       (long)(o && o->max_connections ? o->max_connections : 256));
	r |= curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			       (long)(o && o->max_per_host ? o->max_per_host : 6));
	return r;
}

static int copy_options(struct http_client *c, const struct http_client_options *o)
{
	const char *ca = o ? o->ca_file : NULL;
	const char *agent = o ? o->user_agent : NULL;

	if (!ca && access(system_bundle, R_OK) == 0)
		ca = system_bundle;
	c->user_agent = mem_strdup(agent ? agent : "parkwatch/" PARKWATCH_VERSION);
	c->ca_file = ca ? mem_strdup(ca) : NULL;
	return c->user_agent && (c->ca_file || !ca) ? 0 : -1;
}

static void free_client(struct http_client *c)
{
	mem_free(c->ca_file);
	mem_free(c->user_agent);
	mem_free(c);
	curl_global_cleanup();
}

static void init_timers(struct http_client *c)
{
	uv_loop_t *uv = &c->loop->uv;

	uv_timer_init(uv, &c->alarm);
	uv_timer_init(uv, &c->soon);
	uv_timer_init(uv, &c->watchdog);
	c->alarm.data = c->soon.data = c->watchdog.data = c;
	c->handles = 3;
}

/* --- curl's memory ---------------------------------------------------------------------------
 *
 * curl copies a request with its secrets into blocks of its own and frees them as they are: ours
 * are overwritten first, so that neither a core file nor whoever gets the block next sees them.
 */

static void wipe_and_free(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

/* realloc() may leave the old block behind unwiped. */
static void *wipe_and_move(void *p, size_t n)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *more;

	if (p && n && n <= old && n >= old / 2)
		return p;
	more = malloc(n ? n : 1);
	if (!more)
		return NULL;
	if (p)
		memcpy(more, p, old < n ? old : n);
	wipe_and_free(p);
	return more;
}

struct http_client *http_client_new(struct loop *l, const struct http_client_options *o,
				    struct err *e)
{
	struct http_client *c;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, wipe_and_move, strdup,
				 calloc) != CURLE_OK) {
		err_set(e, ERR_UNSUPPORTED, "curl cannot be initialised");
		return NULL;
	}
	c = mem_zalloc(sizeof(*c));
	if (!c) {
		curl_global_cleanup();
		err_set(e, ERR_MEMORY, "no memory for the HTTP client");
		return NULL;
	}
	c->loop = l;
	c->multi = curl_multi_init();
	if (!c->multi || copy_options(c, o) < 0 || set_up_multi(c, o)) {
		err_set(e, ERR_MEMORY, "no memory for the HTTP client");
		curl_multi_cleanup(c->multi);
		free_client(c);
		return NULL;
	}
	init_timers(c);
	return c;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct http_client *c = h->data;

	if (--c->handles == 0)
		free_client(c);
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	c->closing = true;
	while (c->fetches) {
		job_finish_now(c->loop, &c->fetches->transfer->job);
		fail_cancelled(c->fetches->transfer);
	}
	curl_multi_cleanup(c->multi); /* closes kept connections and, with them, their watches */
	while (c->watches)
		drop_watch(c, c->watches->fd);
	uv_close((uv_handle_t *)&c->alarm, on_timer_closed);
	uv_close((uv_handle_t *)&c->soon, on_timer_closed);
	uv_close((uv_handle_t *)&c->watchdog, on_timer_closed);
}
