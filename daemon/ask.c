/* ask.c - see ask.h. */
#include "daemon/ask.h"

#include "base/file.h"
#include "base/inflate.h"
#include "base/secret.h"
#include "loop/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

enum { PACKED_RATIO = 1000, LOGIN_FILE_MAX = 4096 };

struct asking {
	struct http_fetch fetch; /* first */
	struct loop *loop;
};

static void on_answer(struct http_fetch *f)
{
	loop_stop(((struct asking *)f)->loop);
}

static int fetch(const struct ask *q, struct loop *l, struct http_client *c, long *status,
		 struct buf *body, struct err *e)
{
	struct asking a = { .loop = l };
	int rc = 0;

	http_fetch_init(&a.fetch);
	a.fetch.url = q->url;
	a.fetch.headers = q->headers;
	a.fetch.ca_file = q->ca_file;
	a.fetch.posts = q->posts;
	a.fetch.post = q->post;
	a.fetch.body_limit = body->limit;
	a.fetch.timeout_ms = q->timeout_ms;
	/* An answer that is being worked on sends nothing: the time for all of it is enough. */
	a.fetch.low_speed_ms = q->timeout_ms;
	a.fetch.done = on_answer;
	if (http_fetch_start(c, &a.fetch, e) < 0)
		return -1;
	loop_run(l);
	*status = a.fetch.status;
	if (a.fetch.err.code != ERR_NONE) {
		*e = a.fetch.err;
		rc = -1;
	} else {
		rc = inflate_body(buf_all(&a.fetch.body), slice_str(a.fetch.content_encoding),
				  PACKED_RATIO, body, e);
	}
	http_fetch_release(&a.fetch);
	return rc;
}

int ask(const struct ask *a, long *status, struct buf *body, struct err *e)
{
	struct loop *l = loop_new(&(struct loop_options){ 0 }, e);
	struct http_client *c =
		l ? http_client_new(l, &(struct http_client_options){ 0 }, e) : NULL;
	int rc = c ? fetch(a, l, c, status, body, e) : -1;

	if (c)
		http_client_free(c);
	loop_free(l);
	return rc;
}

void ask_escape(const char *text, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

int ask_read_file(const char *path, struct buf *out, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return err_sys(e, errno, "cannot read %s", path);
	rc = file_read_rest(fd, SIZE_MAX, out, e);
	if (!standard)
		close(fd);
	return rc < 0 ? err_wrap(e, "%s", path) : 0;
}

/* What can be seen, and blanks within a password; the line's end goes. */
static size_t line_length(const struct buf *file, enum ask_scheme scheme)
{
	size_t n = 0;

	while (n < file->n && (unsigned char)file->p[n] >= (scheme == ASK_BASIC ? ' ' : '!') &&
	       file->p[n] != 0x7f)
		n++;
	return n < file->n && !strchr("\r\n", file->p[n]) ? 0 : n;
}

static int put_login(const struct buf *file, enum ask_scheme scheme, struct buf *out,
		     const char *path, struct err *e)
{
	size_t n = line_length(file, scheme);
	char text[(LOGIN_FILE_MAX + 2) / 3 * 4 + 1]; /* base64_size() */

	if (!n || n > LOGIN_FILE_MAX || (scheme == ASK_BASIC && !memchr(file->p, ':', n)))
		return err_set(e, ERR_INVALID, "the first line of %s is no %s", path,
			       scheme == ASK_BASIC ? "user:password" : "token");
	buf_printf(out, "Authorization: %s ", scheme == ASK_BASIC ? "Basic" : "Bearer");
	if (scheme == ASK_BASIC)
		buf_puts(out, base64(file->p, n, text));
	else
		buf_put(out, file->p, n);
	secret_wipe(text, sizeof(text));
	buf_putc(out, '\0');
	return buf_check(out, e);
}

int ask_login(const char *path, enum ask_scheme scheme, struct buf *out, struct err *e)
{
	struct buf file;
	int rc;

	buf_init(&file, LOGIN_FILE_MAX + 65536);
	rc = ask_read_file(path, &file, e);
	if (rc == 0)
		rc = put_login(&file, scheme, out, path, e);
	ask_forget(&file);
	return rc;
}

void ask_forget(struct buf *login)
{
	if (login->p)
		secret_wipe(login->p, login->cap);
	buf_release(login);
}

static bool is_loopback(const char *host, size_t n)
{
	unsigned char four[4];
	char text[64];

	if (n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	if (strcmp(text, "localhost") == 0 || strcmp(text, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, text, four) == 1 && four[0] == 127;
}

int ask_check_url(const char *url, struct err *e)
{
	const char *host = url + 7;
	size_t n;

	if (strncasecmp(url, "http://", 7) != 0)
		return 0;
	n = *host == '[' ? strcspn(host, "]/?#") + 1 : strcspn(host, ":/?#");
	if (is_loopback(host, n))
		return 0;
	return err_set(
		e, ERR_REFUSED,
		"%s: a token or a password is not sent without TLS except on this host; use https",
		url);
}
