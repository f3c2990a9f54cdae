/*
 * fuzz_feeds_config.c - any YAML as the list under `feeds:`.
 *
 * Feeds are refused exactly when something is said of them; a feed that was read keeps
 * the limits, and its copy is the same feed.
 */
#include "collectors/feed_private.h"
#include "tests/fuzz/fuzz.h"

static void check_secret(const struct secret *s, bool wanted)
{
	MUST(!s->text || !s->file);
	MUST((s->text || s->file) == wanted);
	MUST(!s->file || *s->file == '/');
}

static void check_asking(const struct asking *q, const struct feed_config *f)
{
	check_secret(&q->credentials, q->type != NULL);
	check_secret(&q->password, q->username != NULL);
	MUST(!q->type || !q->username);
	MUST(q->nheaders <= SECRET_HEADERS_MAX);
	MUST(!q->cert_file == !q->key_file);
	MUST(!q->body == !q->content_type && (!q->body || !f->redirects));
	MUST(f->url || (!asking_has_secrets(q) && !q->cert_file && !q->proxy && !q->body));
	MUST(!f->updated_after || f->format == FORMAT_SDMX);
}

static void check_feed(const struct feed_config *f, struct arena *a)
{
	struct feed_config copy;
	struct err e;

	MUST(f->name && *f->name && strlen(f->name) <= 64);
	MUST((f->url != NULL) + (f->folder != NULL) + f->submit == 1);
	MUST(f->every_ms >= 1000 && f->timeout_ms >= 100 && f->settle_ms >= 0);
	MUST(f->jitter >= 0 && f->jitter <= 0.5);
	MUST(f->body_limit >= 1024 && f->rows_limit >= 1);
	MUST(f->redirects >= 0 && f->redirects <= 10);
	for (const char *const *h = f->headers; h && *h; h++)
		must_be_sentence(*h);
	check_asking(&f->asking, f);
	MUST(feed_config_copy(f, a, &copy, &e) == 0);
	MUST(feed_config_same(f, &copy));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct feed_config *feeds = NULL;
	struct yaml_node *list;
	struct arena a;
	struct diags d;
	size_t count = 0;
	int rc;

	arena_init(&a, 64 << 20);
	diags_init(&d, &a, 50);
	list = yaml_parse(slice_of((const char *)data, n), "fuzz.yaml", &a, &d);
	if (list) {
		rc = feed_configs_read(list, "/etc/parkwatch", &a, &d, &feeds, &count);
		MUST((rc == 0) == (d.n == 0));
		for (size_t i = 0; rc == 0 && i < count; i++)
			check_feed(&feeds[i], &a);
	}
	must_be_complaints(&d);
	arena_release(&a);
	return 0;
}
