/*
 * wire.c - joins the rooms into one daemon (daemon.h has the picture).
 *
 * Opening: configuration, zone, catalogue, loop, store, then along the data's
 * way: intake, collector, watch, exporters. Closing goes the other way:
 * nobody new is let in, the watch begins no further run (it would ask the collector),
 * feeds end, the store answers what it was given, the last run ends, the store
 * closes, the loop last. Nothing is freed while a job may use it, however long that
 * takes; the command line sets a limit to all of it, after which the process ends.
 */
#include "daemon/daemon.h"
#include "base/alloc.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/spool.h"
#include "base/version.h"
#include "collectors/remote_write.h"
#include "collectors/submit.h"
#include "daemon/bearer.h"
#include "daemon/calendar.h"
#include "daemon/feed_board.h"
#include "daemon/intake.h"
#include "daemon/load.h"
#include "daemon/remote_intake.h"
#include "daemon/watch.h"
#include "exporters/handlers.h"
#include "exporters/routes.h"
#include "loop/http_client.h"
#include "loop/http_server.h"
#include "query/query.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A share that does not answer holds one for each of its feeds; the others go on. */
enum { FOLDER_WORKERS = 8, FILE_WORKERS = 2 };

enum { CLOSE_PATIENCE_MS = 10 * 1000 };

/* A feed that a reload brings finds at least this much. */
enum { SUBMIT_LIMIT_LEAST = 16 << 20 };

/* A reload asked for by SIGHUP: read and checked by a job, taken over on the loop. */
struct reload {
	struct job job;
	bool running, again;
	struct loaded loaded; /* out */
	struct err err;       /* out */
	int rc;               /* out */
};

struct daemon {
	const char *config_path;
	struct config_overrides overrides;
	FILE *complaints;

	struct config *config;
	struct catalogue *catalogue;
	struct calendar_holder calendar;

	struct loop *loop;
	struct store *store;
	struct intake intake;
	struct http_client *client;
	struct collector *collector;
	char *folders_dir; /* what is known of files that stay in their folders */
	struct watch *watch;
	struct feed_board *board;
	struct remote_write_options remote_write;
	struct remote_intake remote_intake;
	struct token_book tokens;
	struct submissions submissions;
	struct engine *engine;
	struct exporter_view view;
	struct arena routes_arena;
	struct http_server *server;
	struct web_keeper web;

	struct reload reload;
	bool closing, collector_closed;
	struct post store_failed;
	struct err store_error;
	int exit_code;
};

/* --- configuration and catalogue ------------------------------------------------- */

static void note_reload(bool ok, int64_t now_ms)
{
	counter_add_for(C_RELOADS, slice_str(ok ? "ok" : "error"), 1);
	counter_set(C_RELOAD_OK, ok);
	if (ok)
		counter_set(C_RELOAD_TIME, (double)now_ms / 1000);
}

static void warn_unchangeable(const struct config *old, const struct config *new)
{
	if (strcmp(old->host, new->host) != 0 || old->port != new->port)
		log_event(LOG_WARN, "the listen address changes with a restart only",
			  log_s("address", new->host), log_i("port", new->port));
	if (!old->web != !new->web || (old->web && !old->web->tls != !new->web->tls))
		log_event(LOG_WARN, "TLS and the web_config_file go on or off with a restart only");
	if (strcmp(old->title, new->title) != 0)
		log_event(LOG_WARN, "the title changes with a restart only",
			  log_s("title", new->title));
	if (old->remote_write.enabled != new->remote_write.enabled ||
	    old->remote_write.body_limit != new->remote_write.body_limit)
		log_event(LOG_WARN, "remote write goes on or off, and changes its limit, with a "
				    "restart only");
	if (config_submit_limit(new) > SUBMIT_LIMIT_LEAST &&
	    config_submit_limit(new) > config_submit_limit(old))
		log_event(LOG_WARN, "documents larger than before can be handed in after a restart "
				    "only");
	if (old->admin_api != new->admin_api)
		log_event(LOG_WARN, "the admin API goes on or off with a restart only");
	if (memcmp(&old->query, &new->query, sizeof(new->query)) != 0)
		log_event(LOG_WARN, "the limits of queries (query:) change with a restart only");
	if (strcmp(old->data_dir, new->data_dir) != 0)
		log_event(LOG_WARN, "the data folder changes with a restart only",
			  log_s("data_dir", new->data_dir));
}

static void apply_retention(struct daemon *d)
{
	struct err e;

	if (d->store &&
	    store_set_retention(d->store, d->config->retention, d->config->nretention, &e) < 0)
		log_event(LOG_WARN, "the rules of retention stay as they were", log_err(&e));
}

static void reload_tokens(struct daemon *d)
{
	struct err e;

	if (d->tokens.path && token_book_reload(&d->tokens, d->config->tokens, &e) < 0)
		log_event(LOG_WARN, "the tokens stay as they were", log_err(&e));
}

static void swap_in(struct daemon *d, struct loaded *l)
{
	struct config *old_config = d->config;
	struct catalogue *old_catalogue = d->catalogue;

	d->config = l->config;
	d->catalogue = l->catalogue;
	if (d->watch)
		watch_configure(d->watch, d->config, d->catalogue);
	remote_intake_configure(&d->remote_intake, d->config, d->catalogue);
	apply_retention(d);
	reload_tokens(d);
	web_keeper_take(&d->web, d->config->web);
	if (old_catalogue)
		catalogue_unref(old_catalogue);
	config_unref(old_config);
}

static int refuse(struct daemon *d, const struct err *e)
{
	note_reload(false, loop_now(d->loop));
	log_event(LOG_ERROR, "reload refused, everything stays as it was", log_err(e));
	return -1;
}

/* Takes what was loaded, also on failure. */
static int take_over(struct daemon *d, struct loaded *l, struct err *e)
{
	warn_unchangeable(d->config, l->config);
	if (collector_apply(d->collector, l->config->feeds, l->config->nfeeds, e) < 0) {
		loaded_drop(l);
		return refuse(d, e);
	}
	swap_in(d, l);
	note_reload(true, loop_now(d->loop));
	log_event(LOG_INFO, "reloaded", log_i("units", (int64_t)catalogue_units(d->catalogue)),
		  log_i("indicators", (int64_t)catalogue_indicators(d->catalogue)),
		  log_i("feeds", (int64_t)d->config->nfeeds));
	return 0;
}

int daemon_reload(struct daemon *d, struct err *e)
{
	struct loaded l;

	if (load_all(d->config_path, &d->overrides, d->complaints, &l, e) < 0)
		return refuse(d, e);
	return take_over(d, &l, e);
}

/* Files and a catalogue of thousands of units are nothing for the loop. */

static struct daemon *daemon_of_reload(struct job *j)
{
	return (struct daemon *)((char *)j - offsetof(struct daemon, reload.job));
}

static void reload_work(struct job *j)
{
	struct daemon *d = daemon_of_reload(j);
	struct reload *r = &d->reload;

	r->rc = load_all(d->config_path, &d->overrides, d->complaints, &r->loaded, &r->err);
}

static void reload_done(struct job *j, enum job_end how)
{
	struct daemon *d = daemon_of_reload(j);
	struct reload *r = &d->reload;

	r->running = false;
	if (how != JOB_RAN)
		return;
	if (d->closing) {
		if (r->rc == 0)
			loaded_drop(&r->loaded);
		return;
	}
	if (r->rc < 0)
		refuse(d, &r->err);
	else
		take_over(d, &r->loaded, &r->err);
	if (r->again)
		daemon_start_reload(d);
}

void daemon_start_reload(struct daemon *d)
{
	struct reload *r = &d->reload;

	if (d->closing)
		return;
	r->again = r->running; /* the file may have changed since it was read */
	if (r->running)
		return;
	r->job.work = reload_work;
	r->job.done = reload_done;
	if (job_start(d->loop, &r->job, JOB_QUERY, &r->err) < 0)
		refuse(d, &r->err);
	else
		r->running = true;
}

/* --- what the rooms are given ---------------------------------------------------------- */

static struct catalogue *give_catalogue(void *ctx)
{
	struct daemon *d = ctx;

	return catalogue_ref(d->catalogue);
}

static void figures_stored(void *ctx)
{
	struct daemon *d = ctx;

	watch_poke(d->watch);
}

static struct assessment *give_assessment(void *ctx)
{
	struct daemon *d = ctx;

	return watch_assessment(d->watch);
}

/* The catalogue may be changed by a reload meanwhile; whoever has a calendar keeps the one it had.
 */
static const struct calendar *give_calendar(void *ctx)
{
	struct daemon *d = ctx;
	struct catalogue *c = remote_intake_catalogue(&d->remote_intake);
	const struct calendar *calendar = c ? calendar_holder_get(&d->calendar, c, NULL) : NULL;

	if (c)
		catalogue_unref(c);
	return calendar;
}

/* Today, where the figures are. */
static struct date give_today(void *ctx)
{
	struct daemon *d = ctx;
	struct catalogue *c = remote_intake_catalogue(&d->remote_intake);
	int64_t now = clock_wall(loop_clock(d->loop));
	struct date today = date_from_days(now / 86400000);

	if (c) {
		today = zone_civil(catalogue_zone(c), now).date;
		catalogue_unref(c);
	}
	return today;
}

static int give_feeds(void *ctx, struct arena *a, struct feed_row **out, size_t *n, struct err *e)
{
	struct daemon *d = ctx;

	return feed_board_rows(d->board, a, out, n, e);
}

static bool give_ready(void *ctx, const char **why)
{
	struct daemon *d = ctx;
	struct assessment *a = watch_assessment(d->watch);

	if (!a) {
		*why = "the first assessment is being worked out";
		return false;
	}
	assessment_unref(a);
	return true;
}

static int64_t give_now(void *ctx)
{
	struct daemon *d = ctx;

	return loop_now(d->loop);
}

static void stop_for_store(struct post *p)
{
	struct daemon *d = (struct daemon *)((char *)p - offsetof(struct daemon, store_failed));

	log_event(LOG_ERROR,
		  "the store cannot write any more; ending so that a supervisor starts anew",
		  log_err(&d->store_error));
	d->exit_code = 3;
	loop_stop(d->loop);
}

static void store_has_failed(void *ctx, const struct err *why)
{
	struct daemon *d = ctx;

	d->store_error = *why;
	loop_post(d->loop, &d->store_failed);
}

static void on_signal(void *ctx, int signum)
{
	struct daemon *d = ctx;

	if (signum == SIGHUP) {
		daemon_start_reload(d);
		return;
	}
	log_event(LOG_INFO, "stopping", log_i("signal", signum));
	loop_stop(d->loop);
}

/* --- opening ---------------------------------------------------------------------------- */

static int open_store(struct daemon *d, struct err *e)
{
	struct store_options o = { .dir = d->config->data_dir,
				   .map_bytes = (uint64_t)d->config->map_bytes,
				   .failed = store_has_failed,
				   .ctx = d,
				   .classify = remote_intake_classify,
				   .classify_ctx = &d->remote_intake };

	d->store_failed.call = stop_for_store;
	d->store = store_open(&o, e);
	d->remote_intake.store = d->store;
	apply_retention(d);
	return d->store ? 0 : err_wrap(e, "store %s", d->config->data_dir);
}

static char *path_in(const char *dir, const char *name)
{
	size_t room = strlen(dir) + strlen(name) + 2;
	char *path = mem_alloc(room);

	if (path)
		snprintf(path, room, "%s/%s", dir, name);
	return path;
}

static int open_collector(struct daemon *d, struct err *e)
{
	struct collector_options o = {
		.loop = d->loop,
		.emit = intake_emit,
		.store_portion = intake_store_portion,
		.store_samples = intake_store_samples,
		.emit_ctx = &d->intake,
		.history = intake_history(&d->intake),
		.catalogue = give_catalogue,
		.catalogue_ctx = d,
	};

	d->intake = (struct intake){
		.loop = d->loop, .store = d->store, .stored = figures_stored, .ctx = d
	};
	d->client = http_client_new(d->loop, &(struct http_client_options){ 0 }, e);
	if (!d->client)
		return -1;
	o.client = d->client;
	o.state_dir = d->folders_dir = path_in(d->config->data_dir, "folders");
	if (!o.state_dir)
		return err_set(e, ERR_MEMORY, "not enough memory for a folder's name");
	d->collector = collector_new(&o, e);
	return d->collector ? 0 : -1;
}

static int open_watch(struct daemon *d, struct err *e)
{
	struct watch_options o = { d->loop, d->store, &d->intake, d->collector };

	d->watch = watch_new(&o, e);
	if (!d->watch)
		return -1;
	watch_configure(d->watch, d->config, d->catalogue);
	d->board = feed_board_new(d->loop, d->collector, e);
	return d->board ? 0 : -1;
}

static int give_bearer(void *ctx, struct slice header, struct arena *a, struct bearer *out,
		       struct err *e)
{
	struct daemon *d = ctx;

	return bearer_find(&d->tokens, clock_mono(loop_clock(d->loop)), give_today(d), header, a,
			   out, e);
}

static struct http_route route_of_writes(struct daemon *d)
{
	d->remote_write = (struct remote_write_options){
		.write = remote_intake_write,
		.ctx = &d->remote_intake,
		.body_limit = (size_t)d->config->remote_write.body_limit,
		.clock = loop_clock(d->loop),
	};
	return remote_write_route(&d->remote_write);
}

static struct http_route route_of_submissions(struct daemon *d)
{
	size_t limit = config_submit_limit(d->config);

	d->submissions = (struct submissions){
		.loop = d->loop,
		.collector = d->collector,
		.tokens = &d->tokens,
		.today = give_today,
		.ctx = d,
		.body_limit = limit > SUBMIT_LIMIT_LEAST ? limit : SUBMIT_LIMIT_LEAST,
		.refusals = &api_refusals,
	};
	return submit_route(&d->submissions);
}

/* Those of the exporters and our own, in the daemon's arena. */
static const struct http_route *all_routes(struct daemon *d, size_t *n, struct err *e)
{
	const struct http_route *read = exporter_routes(&d->view, &d->routes_arena, n, e);
	struct http_route *all;

	if (!read)
		return NULL;
	all = arena_array(&d->routes_arena, *n + 2, sizeof(*all));
	if (!all) {
		err_set(e, ERR_MEMORY, "no memory");
		return NULL;
	}
	memcpy(all, read, *n * sizeof(*all));
	if (d->config->remote_write.enabled)
		all[(*n)++] = route_of_writes(d);
	all[(*n)++] = route_of_submissions(d);
	return all;
}

static int open_engine(struct daemon *d, unsigned features, struct err *e)
{
	struct engine_options o = config_engine(d->config, features);

	d->engine = engine_new(&o, e);
	return d->engine ? 0 : -1;
}

/* For the server's options: who may ask, and over what. */
static void open_web(struct daemon *d, struct http_server_options *o)
{
	struct web *w = d->config->web;

	web_keeper_init(&d->web, d->loop, w, d->complaints);
	d->web.open_to_others = !host_is_loopback(d->config->host);
	if (!w)
		return;
	o->guard = &d->web.guard;
	o->tls = w->tls;
	o->tls_cert = w->cert;
	o->tls_key = w->key;
}

static int open_server(struct daemon *d, struct err *e)
{
	struct http_server_options o = { .host = d->config->host, .port = d->config->port };
	const struct http_route *routes;
	size_t n;

	/* Title and notice are copied: pages may be made while a reload frees the configuration. */
	arena_init(&d->routes_arena, 1 << 20);
	d->view = (struct exporter_view){
		.ctx = d,
		.assessment = give_assessment,
		.alerts = watch_alerts(d->watch),
		.feeds = give_feeds,
		.ready = give_ready,
		.store = d->store,
		.admin_api = d->config->admin_api,
		.engine = d->engine,
		.calendar_open = give_calendar,
		.calendar_close = calendar_unref,
		.title = arena_strdup(&d->routes_arena, d->config->title),
		.notice = d->config->notice ? arena_strdup(&d->routes_arena, d->config->notice)
					    : NULL,
		.now = give_now,
		.bearer = give_bearer,
	};
	if (!d->view.title)
		return err_set(e, ERR_MEMORY, "no memory");
	if (token_book_init(&d->tokens, d->config->tokens, e) < 0)
		return -1;
	routes = all_routes(d, &n, e);
	if (!routes)
		return -1;
	open_web(d, &o);
	d->server = http_server_open(d->loop, &o, routes, n, e);
	if (!d->server)
		return err_wrap(e, "listen %s:%d", d->config->host, d->config->port);
	web_keeper_start(&d->web, d->server);
	return 0;
}

static int open_signals(struct daemon *d, struct err *e)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_on_signal(d->loop, signals[i], on_signal, d, e) < 0)
			return -1;
	return 0;
}

struct daemon *daemon_open(const struct daemon_options *o, struct err *e)
{
	struct loop_options loop_options = { .clock = o->clock,
					     .workers[JOB_FOLDER] = FOLDER_WORKERS,
					     .workers[JOB_FILE] = FILE_WORKERS };
	struct daemon *d = mem_zalloc(sizeof(*d));
	struct loaded l;

	if (!d) {
		err_set(e, ERR_MEMORY, "no memory");
		return NULL;
	}
	remote_intake_init(&d->remote_intake);
	calendar_holder_init(&d->calendar);
	d->config_path = o->config_path;
	d->overrides = o->overrides;
	d->complaints = o->complaints ? o->complaints : stderr;
	if (load_all(d->config_path, &d->overrides, d->complaints, &l, e) < 0)
		goto fail;
	swap_in(d, &l);
	/* Each query that runs holds a worker. */
	loop_options.workers[JOB_QUERY] = (unsigned)d->config->query.max_concurrency;
	d->loop = loop_new(&loop_options, e);
	if (!d->loop || open_store(d, e) < 0 ||
	    remote_intake_limit_series(&d->remote_intake, e) < 0 ||
	    spool_set_folder(d->config->data_dir, SPOOL_RESERVE_BYTES, e) < 0 ||
	    open_collector(d, e) < 0 || open_watch(d, e) < 0 ||
	    open_engine(d, o->features, e) < 0 || open_server(d, e) < 0 || open_signals(d, e) < 0 ||
	    collector_apply(d->collector, d->config->feeds, d->config->nfeeds, e) < 0)
		goto fail;
	note_reload(true, loop_now(d->loop));
	counter_set(C_PROCESS_START, (double)loop_now(d->loop) / 1000);
	log_event(LOG_INFO, "parkwatch runs", log_s("version", PARKWATCH_VERSION),
		  log_s("address", d->config->host), log_i("port", daemon_port(d)),
		  log_s("data_dir", d->config->data_dir),
		  log_i("units", (int64_t)catalogue_units(d->catalogue)),
		  log_i("indicators", (int64_t)catalogue_indicators(d->catalogue)),
		  log_i("feeds", (int64_t)d->config->nfeeds));
	return d;
fail:
	daemon_close(d);
	return NULL;
}

int daemon_run(struct daemon *d)
{
	loop_run(d->loop);
	return d->exit_code;
}

/* --- closing ------------------------------------------------------------------------------- */

static void collector_is_closed(void *ctx)
{
	struct daemon *d = ctx;

	d->collector_closed = true;
}

static bool feeds_ended(void *ctx)
{
	struct daemon *d = ctx;

	return d->collector_closed && submissions_ended(&d->submissions);
}

static bool all_ended(void *ctx)
{
	struct daemon *d = ctx;

	return (!d->watch || watch_stop(d->watch)) && !d->reload.running &&
	       d->intake.under_way == 0 && web_keeper_ended(&d->web);
}

/* Without end: a job that runs uses what would be freed. See daemon_close_within(). */
static void wait_for(struct daemon *d, bool (*until)(void *ctx), const char *whom)
{
	while (!loop_settle(d->loop, until, d, CLOSE_PATIENCE_MS))
		log_event(LOG_WARN, "not ended yet", log_s("waiting_for", whom));
}

void daemon_close(struct daemon *d)
{
	if (!d)
		return;
	d->closing = true;
	if (d->server)
		http_server_close(d->server);
	submissions_stop(&d->submissions);
	web_keeper_stop(&d->web);
	feed_board_free(d->board);
	/* Before the collector, which a run would ask for the feeds' states. */
	if (d->watch)
		watch_stop(d->watch);
	if (d->collector) {
		collector_close(d->collector, collector_is_closed, d);
		wait_for(d, feeds_ended, "feeds");
	}
	if (d->loop)
		wait_for(d, all_ended, "assessment and store");
	watch_free(d->watch);
	if (d->client)
		http_client_free(d->client);
	engine_free(d->engine);
	if (d->store)
		store_close(d->store);
	loop_free(d->loop);
	remote_intake_release(&d->remote_intake);
	token_book_release(&d->tokens);
	web_keeper_release(&d->web);
	calendar_holder_release(&d->calendar);
	arena_release(&d->routes_arena);
	mem_free(d->folders_dir);
	if (d->catalogue)
		catalogue_unref(d->catalogue);
	config_unref(d->config);
	spool_set_folder(NULL, 0, NULL);
	mem_free(d);
}

/* Only what may be called in a signal handler. */
static void end_at_once(int signum)
{
	static const char text[] =
		"level=error msg=\"ending now, something does not answer (a network share?); what "
		"was acknowledged is on disk\"\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	(void)signum;
	_exit(3);
}

void daemon_close_within(struct daemon *d, unsigned seconds)
{
	struct sigaction sa = { .sa_handler = end_at_once };

	sigaction(SIGALRM, &sa, NULL);
	alarm(seconds);
	daemon_close(d);
	alarm(0);
}

/* --- looking inside --------------------------------------------------------------------------- */

struct loop *daemon_loop(struct daemon *d)
{
	return d->loop;
}

struct store *daemon_store(struct daemon *d)
{
	return d->store;
}

struct collector *daemon_collector(struct daemon *d)
{
	return d->collector;
}

struct alerts *daemon_alerts(struct daemon *d)
{
	return watch_alerts(d->watch);
}

struct assessment *daemon_assessment(struct daemon *d)
{
	return watch_assessment(d->watch);
}

int daemon_port(const struct daemon *d)
{
	return http_server_port(d->server);
}
