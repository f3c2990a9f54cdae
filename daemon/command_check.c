/*
 * command_check.c - `parkwatch check …`: says what is wrong before it is used.
 *
 * Every mistake is one line with its place on standard output; the exit code
 * says whether there was one.
 */
#include "base/log.h"
#include "collectors/propose.h"
#include "daemon/ask.h"
#include "daemon/commands.h"
#include "daemon/config.h"
#include "loop/http_client.h"
#include "storage/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	CHECK_ARENA_BYTES = 256 << 20,
	COMPLAINTS_MAX = 10000,
	DOCUMENT_MAX = 256 << 20,
	FETCH_MS = 60000,
};

struct checked {
	struct arena arena;
	struct diags diags;
	struct config *config;
	struct catalogue *catalogue;
};

static void checked_init(struct checked *k)
{
	*k = (struct checked){ 0 };
	arena_init(&k->arena, CHECK_ARENA_BYTES);
	diags_init(&k->diags, &k->arena, COMPLAINTS_MAX);
}

static void checked_release(struct checked *k)
{
	if (k->catalogue)
		catalogue_unref(k->catalogue);
	config_unref(k->config);
	arena_release(&k->arena);
}

static int fail_with(const char *what, const struct err *e)
{
	fprintf(stderr, "parkwatch check %s: %s\n", what, e->text);
	return EXIT_FAILED;
}

static int load_catalogue(struct checked *k, const char *zone_text, struct work_hours hours,
			  const char *const *paths, size_t n, struct err *e)
{
	struct catalogue_options o = { .zone = zone_open(zone_text, e), .hours = hours };

	if (!o.zone)
		return -1;
	k->catalogue = catalogue_load(paths, n, &o, &k->diags);
	return k->catalogue ? 0 : err_set(e, ERR_INVALID, "the catalogue has mistakes");
}

static int load_config(struct checked *k, const char *path, struct err *e)
{
	struct config *c = config_load(path, NULL, &k->diags, e);

	k->config = c;
	if (!c)
		return -1;
	return load_catalogue(k, c->timezone, c->hours, (const char *const *)c->catalogue.list,
			      c->catalogue.n, e);
}

static int say_result(struct checked *k, const struct err *e, bool ok)
{
	diags_print(&k->diags, stdout);
	if (!ok && !k->diags.n)
		fprintf(stdout, "%s\n", e->text);
	if (ok)
		printf("good: %zu units, %zu indicators, %zu targets\n",
		       catalogue_units(k->catalogue), catalogue_indicators(k->catalogue),
		       catalogue_targets(k->catalogue));
	return ok ? EXIT_DONE : EXIT_FAULTS;
}

static int check_config(int argc, char **argv)
{
	struct checked k;
	struct err e = { 0 };
	int code;

	if (argc != 2) {
		fputs("usage: parkwatch check config FILE\n", stderr);
		return EXIT_USAGE;
	}
	checked_init(&k);
	code = say_result(&k, &e, load_config(&k, argv[1], &e) == 0);
	checked_release(&k);
	return code;
}

static int check_web_config(int argc, char **argv)
{
	struct checked k;
	struct err e = { 0 };
	struct web *w;

	if (argc != 2) {
		fputs("usage: parkwatch check web-config FILE\n", stderr);
		return EXIT_USAGE;
	}
	checked_init(&k);
	w = web_load(argv[1], &k.diags, &e);
	diags_print(&k.diags, stdout);
	if (!w && !k.diags.n)
		puts(e.text);
	if (w)
		printf("good: %s, %zu users\n", w->tls ? "TLS" : "no TLS", w->config.nusers);
	web_unref(w);
	checked_release(&k);
	return w ? EXIT_DONE : EXIT_FAULTS;
}

static int check_catalogue(int argc, char **argv)
{
	struct checked k;
	struct err e = { 0 };
	int code;

	if (argc < 2) {
		fputs("usage: parkwatch check catalogue FILE...\n", stderr);
		return EXIT_USAGE;
	}
	checked_init(&k);
	code = say_result(&k, &e,
			  load_catalogue(&k, "Asia/Shanghai", (struct work_hours){ 540, 1020 },
					 (const char *const *)argv + 1, (size_t)argc - 1, &e) == 0);
	checked_release(&k);
	return code;
}

static int check_store(int argc, char **argv)
{
	struct err e = { 0 };
	long faults;

	if (argc != 2) {
		fputs("usage: parkwatch check store DIR\n", stderr);
		return EXIT_USAGE;
	}
	faults = store_check(argv[1], stdout, &e);
	if (faults < 0)
		return fail_with("store", &e);
	printf("%s: %ld faults\n", argv[1], faults);
	return faults ? EXIT_FAULTS : EXIT_DONE;
}

/* --- check feed --------------------------------------------------------------------- */

static const struct feed_config *find_feed(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nfeeds; i++)
		if (strcmp(c->feeds[i].name, name) == 0)
			return &c->feeds[i];
	return NULL;
}

static bool is_url(const char *text)
{
	return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
}

/* As a feed would ask for it, without what its configuration says of headers. */
static int fetch_document(const char *url, struct buf *out, struct err *e)
{
	const struct ask asked = { .url = url, .timeout_ms = FETCH_MS };
	long status;

	if (http_url_check(url, e) < 0 || ask(&asked, &status, out, e) < 0)
		return -1;
	return status == 200 ? 0 : err_set(e, ERR_NET, "%s answers %ld", url, status);
}

static int read_document(const char *path, struct buf *out, struct err *e)
{
	FILE *f = is_url(path) ? NULL : fopen(path, "rb");
	size_t got;

	if (is_url(path))
		return fetch_document(path, out, e);

	if (!f)
		return err_set(e, ERR_IO, "cannot read %s", path);
	do {
		char *room = buf_room(out, 65536);

		got = room ? fread(room, 1, 65536, f) : 0;
		buf_added(out, got);
	} while (got);
	fclose(f);
	return buf_check(out, e);
}

/* One line a figure, as it was understood. */
static void print_figures(const struct batch *b, const struct zone *z)
{
	char number[NUM_TEXT], day[TIME_TEXT];
	struct buf text;

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < b->nobs; i++) {
		buf_clear(&text);
		labels_print(b->obs[i].labels, &text);
		if (b->obs[i].flags & FIGURE_SUPPRESSED)
			snprintf(number, sizeof(number), "suppressed");
		else
			num_print(b->obs[i].value, number);
		zone_print(z, b->obs[i].stamp_ms, day);
		printf("%.10s  %.*s  %s%s\n", day, (int)text.n, text.p, number,
		       b->obs[i].flags & FIGURE_SUSPECT ? "  suspect" : "");
	}
	for (size_t i = 0; i < b->nsamples; i++) {
		buf_clear(&text);
		labels_print(b->samples[i].labels, &text);
		num_print_g(b->samples[i].value, number);
		printf("%.*s %s\n", (int)text.n, text.p, number);
	}
	buf_release(&text);
}

static void print_batch(const struct batch *b, const struct zone *z)
{
	print_figures(b, z);
	for (size_t i = 0; i < b->ncomplaints; i++)
		printf("%s: %s: %s\n    %s\n", b->complaints[i].place,
		       refusal_name(b->complaints[i].why), b->complaints[i].text,
		       b->complaints[i].text_zh);
	printf("%zu figures and %zu samples kept, %zu refused, %zu doubtful\n", b->nobs,
	       b->nsamples, b->refused, b->suspect);
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int decode_document(const struct feed_config *f, const struct checked *k, struct slice body,
			   struct batch *b, struct err *e)
{
	struct document doc = feed_document(f);

	doc.body = body;
	doc.now_ms = wall_ms();
	return document_decode(&doc, k->catalogue, NULL, b, e);
}

/* A page by itself is what all pages of the feed are: elements of an array. */
static int decode_page(const struct feed_config *f, const struct checked *k, struct slice body,
		       struct batch *b, struct err *e)
{
	struct buf pages;
	int rc;

	buf_init(&pages, body.n + 2);
	buf_putc(&pages, '[');
	buf_slice(&pages, text_trim(body)); /* a byte order mark too */
	buf_putc(&pages, ']');
	rc = buf_check(&pages, e);
	if (rc == 0)
		rc = decode_document(f, k, buf_all(&pages), b, e);
	buf_release(&pages);
	return rc;
}

/* By a feed of the configuration. */
static int check_configured(const struct checked *k, const char *config_path, const char *name,
			    struct slice body, struct batch *b, struct err *e)
{
	const struct feed_config *f = find_feed(k->config, name);
	bool paged = f && f->paging.kind != PAGING_NONE;

	if (!f) {
		printf("%s has no feed '%s'\n", config_path, name);
		return EXIT_FAULTS;
	}
	if ((paged ? decode_page : decode_document)(f, k, body, b, e) < 0)
		printf("refused as a whole: %s\n", e->text);
	print_batch(b, catalogue_zone(k->catalogue));
	return b->refused || e->code != ERR_NONE ? EXIT_FAULTS : EXIT_DONE;
}

/* The document's name without folder and ending, as far as a feed may be called so. */
static void print_feed_name(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	bool any = false;

	printf("  - name: ");
	for (; *base && *base != '.'; base++) {
		bool fits = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-",
				   *base);

		if (fits)
			putchar(*base);
		any |= fits;
	}
	printf("%s\n", any ? "" : "figures");
}

/* A document nobody has configured: what it seems to be, as a feed to be copied. */
static int check_unknown(const struct checked *k, const char *path, struct slice body,
			 struct batch *b, struct err *e)
{
	struct document doc = { .format = format_guess(body),
				.class = UNIT_CLASSES,
				.body = body,
				.feed = "",
				.instance = "",
				.now_ms = wall_ms() };
	struct proposal p;
	struct arena arena;
	struct buf text;
	int code = EXIT_FAULTS;

	arena_init(&arena, CHECK_ARENA_BYTES);
	buf_init(&text, 1 << 20);
	if (propose(&doc, k->catalogue, &arena, &p, e) < 0) {
		printf("no layout could be found: %s\n", e->text);
	} else {
		printf("# %u layouts were tried; under this one %zu figures are kept, %zu "
		       "refused\nfeeds:\n",
		       p.tried, p.kept, p.refused);
		print_feed_name(path);
		proposal_print(&p, 4, &text);
		printf(is_url(path) ? "    url: %s\n" : "    folder: in\n", path);
		printf("%.*s\n", (int)text.n, text.p);
		doc.format = p.format;
		doc.layout = &p.layout;
		if (document_decode(&doc, k->catalogue, NULL, b, e) < 0)
			printf("refused as a whole: %s\n", e->text);
		else if (!b->refused)
			code = EXIT_DONE;
		print_batch(b, catalogue_zone(k->catalogue));
	}
	buf_release(&text);
	arena_release(&arena);
	return code;
}

static int check_feed(int argc, char **argv)
{
	struct checked k;
	struct batch *b = NULL;
	struct buf body;
	struct err e = { 0 };
	int code = EXIT_FAULTS;

	if ((argc != 4 && argc != 5) || strcmp(argv[1], "--config") != 0) {
		fputs("usage: parkwatch check feed --config FILE [NAME] FILE|URL\n", stderr);
		return EXIT_USAGE;
	}
	checked_init(&k);
	buf_init(&body, DOCUMENT_MAX);
	if (load_config(&k, argv[2], &e) < 0) {
		say_result(&k, &e, false);
		goto out;
	}
	b = batch_new(1ULL << 30, &e);
	if (!b || read_document(argv[argc - 1], &body, &e) < 0)
		code = fail_with("feed", &e);
	else if (argc == 5)
		code = check_configured(&k, argv[2], argv[3], buf_all(&body), b, &e);
	else
		code = check_unknown(&k, argv[3], buf_all(&body), b, &e);
out:
	if (b)
		batch_free(b);
	buf_release(&body);
	checked_release(&k);
	return code;
}

int command_check(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} words[] = {
		{ "config", check_config },       { "web-config", check_web_config },
		{ "catalogue", check_catalogue }, { "feed", check_feed },
		{ "store", check_store },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0)
			return words[i].run(argc - 1, argv + 1);
	fputs("usage: parkwatch check config|web-config|catalogue|feed|store …\n", stderr);
	return EXIT_USAGE;
}
