/*
 * web.c - see web.h.
 *
 * A password costs a tenth of a second and more to judge, on purpose. So each verdict is
 * remembered under a keyed hash of user, password and the hash it was compared with; the
 * good and the bad ones apart, so that guessing does not push out who may. When the
 * file changes a user's hash, what was remembered of the old one fits nothing any more.
 */
#include "daemon/web.h"

#include "base/alloc.h"
#include "base/authorization.h"
#include "base/bcrypt.h"
#include "base/counter.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/secret.h"

#include <stdint.h>
#include <sys/stat.h>

enum {
	ARENA_BYTES = 64 << 20,
	PEM_MAX = 1 << 20,
	LOOK_EVERY_MS = 60 * 1000,
	COMPLAINTS_MAX = 100,
};

/* --- one reading ----------------------------------------------------------------------------- */

static uint64_t stamp_file(uint64_t stamp, const char *path)
{
	struct stat st;
	int64_t all[7] = { (int64_t)stamp };

	if (path && stat(path, &st) == 0) {
		all[1] = (int64_t)st.st_ino;
		all[2] = st.st_size;
		all[3] = st.st_mtim.tv_sec;
		all[4] = st.st_mtim.tv_nsec;
		all[5] = st.st_ctim.tv_sec;
		all[6] = st.st_ctim.tv_nsec;
	}
	return hash_bytes(all, sizeof(all));
}

static uint64_t stamp_of(const struct web *w)
{
	const struct web_config *c = &w->config;
	uint64_t stamp = stamp_file(0, w->path);

	stamp = stamp_file(stamp, c->cert_file);
	stamp = stamp_file(stamp, c->key_file);
	return stamp_file(stamp, c->client_ca_file);
}

/* NUL-terminated in the arena. */
static int read_pem(struct web *w, const char *path, const char **out, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, PEM_MAX + FILE_PIECE_BYTES);
	rc = file_read(path, SIZE_MAX, &text, e);
	if (rc < 0) {
		err_wrap(e, "%s", path);
	} else {
		*out = arena_strndup(&w->arena, text.p ? text.p : "", text.n);
		rc = *out ? 0 : err_set(e, ERR_MEMORY, "no memory for %s", path);
	}
	if (text.p)
		secret_wipe(text.p, text.cap);
	buf_release(&text);
	return rc;
}

static int load_tls(struct web *w, struct err *e)
{
	const struct web_config *c = &w->config;
	const char *ca = "";
	struct http_tls_options o = { .client = c->client, .min = c->min, .max = c->max };

	if (!c->tls)
		return 0;
	if (read_pem(w, c->cert_file, &w->cert, e) < 0 || read_pem(w, c->key_file, &w->key, e) < 0)
		return -1;
	if (c->client_ca_file && read_pem(w, c->client_ca_file, &ca, e) < 0)
		return -1;
	o.cert = slice_str(w->cert);
	o.key = slice_str(w->key);
	o.client_ca = slice_str(ca);
	w->tls = http_tls_new(&o, e);
	return w->tls ? 0 : err_wrap(e, "%s, %s", c->cert_file, c->key_file);
}

struct web *web_load(const char *path, struct diags *d, struct err *e)
{
	struct web *w = mem_zalloc(sizeof(*w));

	if (!w) {
		err_set(e, ERR_MEMORY, "no memory for %s", path);
		return NULL;
	}
	atomic_init(&w->refs, 1);
	arena_init(&w->arena, ARENA_BYTES);
	w->path = arena_strdup(&w->arena, path);
	if (!w->path) {
		err_set(e, ERR_MEMORY, "no memory for %s", path);
		goto fail;
	}
	if (web_config_read(w->path, &w->arena, d, &w->config) < 0) {
		err_set(e, ERR_INVALID, "%s has mistakes", path);
		goto fail;
	}
	w->stamp = stamp_of(w); /* before they are read: a change meanwhile is seen later */
	if (load_tls(w, e) < 0) {
		err_wrap(e, "%s", path);
		goto fail;
	}
	return w;
fail:
	web_unref(w);
	return NULL;
}

struct web *web_ref(struct web *w)
{
	atomic_fetch_add(&w->refs, 1);
	return w;
}

void web_unref(struct web *w)
{
	if (!w || atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	if (w->key)
		secret_wipe((void *)w->key, strlen(w->key));
	http_tls_unref(w->tls);
	arena_release(&w->arena);
	mem_free(w);
}

bool web_is_guarded(const struct web *w)
{
	return w && w->tls && (w->config.nusers || w->config.client == TLS_CLIENT_REQUIRED);
}

/* --- passwords ---------------------------------------------------------------------- */

static const struct web_user *find_user(const struct web *w, struct slice name)
{
	for (size_t i = 0; i < w->config.nusers; i++)
		if (slice_is(name, w->config.users[i].name))
			return &w->config.users[i];
	return NULL;
}

static void key_of(const struct web_keeper *k, const struct basic_credentials *c,
		   const struct web_user *u, uint8_t out[SHA256_BYTES])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, k->secret, sizeof(k->secret));
	/* No field has a NUL in it, so no two lists of fields run into the same bytes. */
	sha256_add(&h, c->user.p, c->user.n);
	sha256_add(&h, "", 1);
	sha256_add(&h, c->password.p, c->password.n);
	sha256_add(&h, "", 1);
	if (u)
		sha256_add(&h, u->hash, strlen(u->hash));
	sha256_end(&h, out);
}

static bool is_among(uint8_t list[WEB_REMEMBERED][SHA256_BYTES], size_t n,
		     const uint8_t key[SHA256_BYTES])
{
	for (size_t i = 0; i < n && i < WEB_REMEMBERED; i++)
		if (secret_equal(list[i], key, SHA256_BYTES))
			return true;
	return false;
}

static void remember(struct web_keeper *k, const uint8_t key[SHA256_BYTES], bool good)
{
	uint8_t(*list)[SHA256_BYTES] = good ? k->good : k->bad;
	size_t *n = good ? &k->ngood : &k->nbad;

	memcpy(list[(*n)++ % WEB_REMEMBERED], key, SHA256_BYTES);
}

static enum http_pass look_up(struct web_keeper *k, const struct basic_credentials *c)
{
	uint8_t key[SHA256_BYTES];

	key_of(k, c, find_user(k->now, c->user), key);
	if (is_among(k->good, k->ngood, key))
		return PASS_ALLOWED;
	return is_among(k->bad, k->nbad, key) ? PASS_REFUSED : PASS_UNKNOWN;
}

static enum http_pass known(void *ctx, struct slice header)
{
	struct web_keeper *k = ctx;
	enum http_pass pass = PASS_REFUSED;
	struct basic_credentials c;

	pthread_mutex_lock(&k->lock);
	if (!k->now->config.nusers)
		pass = PASS_OPEN;
	else if (authorization_basic(header, &c))
		pass = look_up(k, &c);
	pthread_mutex_unlock(&k->lock);
	secret_wipe(&c, sizeof(c));
	return pass;
}

/* A user that is not there takes as long as one that is. */
static bool judge(struct web_keeper *k, const struct web *w, const struct basic_credentials *c)
{
	const struct web_user *u = find_user(w, c->user);
	bool good = bcrypt_fits(u ? u->hash : w->config.users[0].hash, c->password) && u;
	uint8_t key[SHA256_BYTES];

	counter_add_for(C_PASSWORDS, slice_str(good ? "good" : "bad"), 1);
	key_of(k, c, u, key);
	pthread_mutex_lock(&k->lock);
	remember(k, key, good);
	pthread_mutex_unlock(&k->lock);
	return good;
}

static bool check(void *ctx, struct slice header)
{
	struct web_keeper *k = ctx;
	enum http_pass pass = known(ctx, header); /* one that came before may have settled it */
	struct basic_credentials c;
	struct web *w;
	bool good = false;

	if (pass != PASS_UNKNOWN)
		return pass != PASS_REFUSED;
	pthread_mutex_lock(&k->lock);
	w = web_ref(k->now);
	pthread_mutex_unlock(&k->lock);
	if (!w->config.nusers)
		good = true;
	else if (authorization_basic(header, &c))
		good = judge(k, w, &c);
	secret_wipe(&c, sizeof(c));
	web_unref(w);
	return good;
}

static const char kept[] = "certificates and users stay as they were";

/* --- keeping up to date ------------------------------------------------------------- */

static void publish(const struct web *w)
{
	if (w->tls)
		counter_set(C_TLS_EXPIRY, (double)http_tls_expiry_s(w->tls));
}

/* What a change of the files may not bring while it runs. */
static int check_change(const struct web_keeper *k, const struct web *fresh, struct err *e)
{
	if (!fresh->tls != !k->now->tls)
		return err_set(e, ERR_REFUSED, "TLS goes on or off with a restart only");
	if (k->open_to_others && !web_is_guarded(fresh))
		return err_set(e, ERR_REFUSED,
			       "without users or clients' certificates it may listen on loopback "
			       "only");
	return 0;
}

void web_keeper_take(struct web_keeper *k, struct web *w)
{
	struct web *old = k->now;
	struct err e;

	if (!old || !w || old == w)
		return;
	if (check_change(k, w, &e) < 0) {
		log_event(LOG_ERROR, kept, log_err(&e));
		return;
	}
	pthread_mutex_lock(&k->lock);
	k->now = web_ref(w);
	pthread_mutex_unlock(&k->lock);
	if (w->tls && k->server)
		http_server_set_tls(k->server, w->tls);
	publish(w);
	log_event(LOG_INFO, "certificates and users read anew", log_s("file", w->path));
	web_unref(old);
}

static struct web_keeper *keeper_of_job(struct job *j)
{
	return (struct web_keeper *)((char *)j - offsetof(struct web_keeper, job));
}

static void look_work(struct job *j)
{
	struct web_keeper *k = keeper_of_job(j);
	struct arena arena;
	struct diags d;
	struct web *w;

	pthread_mutex_lock(&k->lock);
	w = web_ref(k->now);
	pthread_mutex_unlock(&k->lock);
	if (stamp_of(w) != w->stamp) {
		arena_init(&arena, 1 << 20);
		diags_init(&d, &arena, COMPLAINTS_MAX);
		k->fresh = web_load(w->path, &d, &k->err);
		diags_print(&d, k->complaints);
		arena_release(&arena);
	}
	web_unref(w);
}

static void on_looked(struct job *j, enum job_end how)
{
	struct web_keeper *k = keeper_of_job(j);

	k->running = false;
	if (how == JOB_RAN && k->fresh)
		web_keeper_take(k, k->fresh);
	else if (k->err.code != ERR_NONE)
		log_event(LOG_ERROR, kept, log_err(&k->err));
	web_unref(k->fresh);
	k->fresh = NULL;
}

static void on_timer(struct timer *t)
{
	struct web_keeper *k =
		(struct web_keeper *)((char *)t - offsetof(struct web_keeper, timer));
	struct err e;

	timer_start(&k->timer, LOOK_EVERY_MS);
	if (k->running)
		return;
	k->job.work = look_work;
	k->job.done = on_looked;
	k->err = (struct err){ 0 };
	k->running = job_start(k->loop, &k->job, JOB_FILE, &e) == 0;
}

void web_keeper_init(struct web_keeper *k, struct loop *l, struct web *w, FILE *complaints)
{
	*k = (struct web_keeper){ .loop = l, .complaints = complaints };
	if (!w)
		return;
	pthread_mutex_init(&k->lock, NULL);
	k->now = web_ref(w);
	k->guard = (struct http_guard){
		.known = known,
		.check = check,
		.challenge = "Basic realm=\"parkwatch\", charset=\"UTF-8\"",
		.ctx = k,
	};
	secret_random(k->secret, sizeof(k->secret));
	timer_init(&k->timer, l, on_timer);
}

void web_keeper_start(struct web_keeper *k, struct http_server *s)
{
	k->server = s;
	if (!k->now)
		return;
	publish(k->now);
	timer_start(&k->timer, LOOK_EVERY_MS);
}

void web_keeper_stop(struct web_keeper *k)
{
	k->server = NULL;
	timer_release(&k->timer);
}

bool web_keeper_ended(const struct web_keeper *k)
{
	return !k->running;
}

void web_keeper_release(struct web_keeper *k)
{
	if (!k->now)
		return;
	web_unref(k->now);
	k->now = NULL;
	pthread_mutex_destroy(&k->lock);
}
