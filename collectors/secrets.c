/*
 * secrets.c - the headers of one attempt that nobody else may see.
 *
 *     secrets_read ─▶ a job reads the files ─▶ on_read ─▶ done ─▶ … requests … ─▶ secrets_end
 *
 * Files are read anew for each attempt, never on the loop. All that was made of them here is
 * overwritten at the attempt's end, and what libcurl frees of the request when it does
 * (loop/http_client.c). What is said of a file names it and what is wrong with it.
 */
#include "collectors/feed_private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/secret.h"

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

enum {
	/* Never grown beyond, so that no copy is left behind: file_read() reads a piece after
	 * the longest file allowed. */
	FILE_ROOM = SECRET_BYTES_MAX + 3 * FILE_PIECE_BYTES,
};

struct secrets {
	struct job job;
	struct feed *feed;
	secrets_done done;
	bool reading;
	struct err err;
	struct buf *lines; /* "Name: value", each with its NUL */
	size_t nlines;
	const char **headers; /* the feed's and these, NULL-terminated */
};

/* --- bytes that are wiped ------------------------------------------------------------------ */

static int room(struct buf *b, size_t n, struct err *e)
{
	buf_init(b, n);
	if (!buf_room(b, n))
		return err_set(e, ERR_MEMORY, "not enough memory for a secret");
	return 0;
}

static void forget(struct buf *b)
{
	if (b->p)
		secret_wipe(b->p, b->cap);
	buf_release(b);
}

/* --- in the job ------------------------------------------------------------------------------ */

static int check(struct slice s, struct err *e)
{
	if (s.n > SECRET_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "is longer than %d bytes", SECRET_BYTES_MAX);
	if (!s.n)
		return err_set(e, ERR_INVALID, "is empty");
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return err_set(e, ERR_INVALID, "has a control byte (byte %zu)", i + 1);
	return 0;
}

/* What the secret is, without line ends behind it; `b` holds it. */
static int look(const struct secret *from, struct buf *b, struct slice *out, struct err *e)
{
	if (from->text) {
		*out = slice_str(from->text);
		return 0;
	}
	if (room(b, FILE_ROOM, e) < 0)
		return -1;
	if (file_read(from->file, SECRET_BYTES_MAX, b, e) < 0)
		return err_wrap(e, "%.160s", from->file);
	*out = buf_all(b);
	while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	return check(*out, e) < 0 ? err_wrap(e, "%.160s", from->file) : 0;
}

static int add_line(struct secrets *s, const char *name, const char *scheme, struct slice value,
		    struct err *e)
{
	struct buf *line = &s->lines[s->nlines];

	if (room(line, strlen(name) + strlen(scheme) + value.n + 4, e) < 0)
		return -1;
	buf_puts(line, name);
	buf_puts(line, ": ");
	buf_puts(line, scheme);
	buf_puts(line, *scheme ? " " : "");
	buf_slice(line, value);
	buf_putc(line, '\0');
	s->nlines++;
	return buf_check(line, e);
}

/* RFC 7617: user and password, with a colon between, in base64. */
static int add_basic(struct secrets *s, const char *user, struct slice password, struct err *e)
{
	size_t n = strlen(user) + 1 + password.n;
	struct buf plain, coded = { 0 };
	int rc = -1;

	if (room(&plain, n, e) == 0 && room(&coded, base64_size(n), e) == 0) {
		buf_puts(&plain, user);
		buf_putc(&plain, ':');
		buf_slice(&plain, password);
		base64(plain.p, plain.n, coded.p);
		rc = add_line(s, "Authorization", "Basic", slice_str(coded.p), e);
	}
	forget(&plain);
	forget(&coded);
	return rc;
}

static int add_secret(struct secrets *s, const struct secret *from, const char *name, struct err *e)
{
	const struct asking *q = &s->feed->config.asking;
	struct buf b = { 0 };
	struct slice value;
	int rc = look(from, &b, &value, e);

	if (rc == 0 && from == &q->password)
		rc = add_basic(s, q->username, value, e);
	else if (rc == 0)
		rc = add_line(s, name, from == &q->credentials ? q->type : "", value, e);
	forget(&b);
	return rc;
}

static int read_all(struct secrets *s, struct err *e)
{
	const struct asking *q = &s->feed->config.asking;

	if ((q->credentials.text || q->credentials.file) &&
	    add_secret(s, &q->credentials, "Authorization", e) < 0)
		return -1;
	if (q->username && add_secret(s, &q->password, "Authorization", e) < 0)
		return -1;
	for (size_t i = 0; i < q->nheaders; i++) {
		const struct secret from = { .file = q->headers[i].file };

		if (add_secret(s, &from, q->headers[i].name, e) < 0)
			return -1;
	}
	return 0;
}

static void read_work(struct job *j)
{
	struct secrets *s = container_of(j, struct secrets, job);
	size_t n = 0;

	if (read_all(s, &s->err) < 0)
		return;
	for (const char *const *h = s->feed->request_headers; *h; h++)
		s->headers[n++] = *h;
	for (size_t i = 0; i < s->nlines; i++)
		s->headers[n++] = s->lines[i].p;
}

/* --- on the loop -------------------------------------------------------------------- */

static void on_read(struct job *j, enum job_end how)
{
	struct secrets *s = container_of(j, struct secrets, job);

	s->reading = false;
	if (how == JOB_CANCELLED || feed_ending(s->feed))
		s->done(s->feed, SECRETS_CANCELLED, NULL);
	else if (s->err.code != ERR_NONE)
		s->done(s->feed, SECRETS_FAILED, &s->err);
	else
		s->done(s->feed, SECRETS_READ, NULL);
}

static size_t count_headers(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

int secrets_read(struct feed *f, secrets_done done, struct err *e)
{
	size_t own = 1 + f->config.asking.nheaders, all = count_headers(f->request_headers) + own;
	struct secrets *s = mem_zalloc(sizeof(*s));

	if (!s)
		return err_set(e, ERR_MEMORY, "not enough memory for the secrets");
	f->secrets = s;
	s->feed = f;
	s->done = done;
	s->lines = mem_zalloc(own * sizeof(*s->lines));
	s->headers = mem_zalloc((all + 1) * sizeof(*s->headers));
	if (!s->lines || !s->headers)
		return err_set(e, ERR_MEMORY, "not enough memory for the secrets");
	s->job = (struct job){ .work = read_work, .done = on_read };
	if (job_start(feed_loop(f), &s->job, JOB_FILE, e) < 0)
		return -1;
	s->reading = true;
	return 0;
}

const char *const *secrets_headers(const struct feed *f)
{
	return f->secrets ? f->secrets->headers : f->request_headers;
}

bool secrets_cancel(struct feed *f)
{
	if (!f->secrets || !f->secrets->reading)
		return false;
	job_cancel(feed_loop(f), &f->secrets->job);
	return true;
}

void secrets_end(struct feed *f)
{
	struct secrets *s = f->secrets;

	if (!s)
		return;
	f->secrets = NULL;
	for (size_t i = 0; s->lines && i <= f->config.asking.nheaders; i++)
		forget(&s->lines[i]);
	mem_free(s->lines);
	mem_free(s->headers);
	mem_free(s);
}
