/*
 * fuzz_params.c - any bytes as query string, form body and path of a request.
 *
 * The first byte picks; a form follows the query behind the first line feed. What was
 * read and is written out again with every byte escaped must be read as the same.
 */
#include "loop/http_params.h"
#include "tests/fuzz/fuzz.h"

static void escape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_printf(out, "%%%02x", (unsigned char)s.p[i]);
}

static void must_be_text(struct slice s)
{
	MUST(utf8_bad_at(s) < 0);
	MUST(s.n == 0 || !memchr(s.p, '\0', s.n));
}

static void check_again(const struct http_param *p, size_t n, struct arena *a)
{
	struct http_param *again = NULL;
	struct buf text;
	size_t have = 0;
	struct err e;

	buf_init(&text, 4 << 20);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&text, i ? "&" : "");
		escape(p[i].name, &text);
		buf_putc(&text, '=');
		escape(p[i].value, &text);
	}
	MUST(http_params_parse(buf_all(&text), a, &again, &have, &e) == 0);
	MUST(have == n);
	for (size_t i = 0; i < n; i++)
		MUST(slice_eq(p[i].name, again[i].name) && slice_eq(p[i].value, again[i].value));
	buf_release(&text);
}

static void read_params(struct slice query, struct slice form, struct arena *a)
{
	struct http_param *p = NULL;
	size_t n = 0, before, bytes = 0;
	struct err e;

	if (http_params_parse(query, a, &p, &n, &e) < 0) {
		MUST(n == 0 && !p);
		must_say_why(&e);
	}
	before = n;
	if (http_params_parse(form, a, &p, &n, &e) < 0) {
		MUST(n == before);
		must_say_why(&e);
	}
	MUST(n <= HTTP_PARAMS_MAX);
	for (size_t i = 0; i < n; i++) {
		must_be_text(p[i].name);
		must_be_text(p[i].value);
		bytes += p[i].name.n + p[i].value.n;
	}
	MUST(bytes <= query.n + form.n);
	check_again(p, n, a);
}

static void read_path(struct slice raw, struct arena *a)
{
	struct slice path, again;
	struct buf text;
	struct err e;

	if (http_path_decode(raw, a, &path, &e) < 0) {
		must_say_why(&e);
		return;
	}
	must_be_text(path);
	MUST(path.n <= raw.n);
	buf_init(&text, 1 << 20);
	escape(path, &text);
	MUST(http_path_decode(buf_all(&text), a, &again, &e) == 0 && slice_eq(path, again));
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice body, form = { 0 };
	const char *line;
	struct arena a;

	if (n < 1)
		return 0;
	body = slice_of((const char *)data + 1, n - 1);
	arena_init(&a, 16 << 20);
	if (data[0] & 1) {
		read_path(body, &a);
	} else {
		line = memchr(body.p, '\n', body.n);
		if (line) {
			form = slice_skip(body, (size_t)(line - body.p) + 1);
			body.n = (size_t)(line - body.p);
		}
		read_params(body, form, &a);
	}
	arena_release(&a);
	return 0;
}
