/*
 * feed_config.c - the list under `feeds:` to struct feed_config.
 *
 * Each entry goes through three steps: the table of typed fields reads what
 * stands by itself, then the two nested parts (names, layout) are read, then the
 * rules that join keys are checked. All steps run for all entries, so that one
 * look shows every mistake.
 */
#include "collectors/feed_private.h"
#include "collectors/feed_layout.h"

#include "base/file.h"
#include "base/map.h"
#include "collectors/formats/sdmx_structure.h"

#include <string.h>

enum { FEEDS_MAX = 10000, NAME_MAX_CHARS = 64, HEADERS_MAX = 32 };

static const struct yaml_choice formats[] = {
	{ "table", FORMAT_TABLE },
	{ "csv", FORMAT_CSV },
	{ "xlsx", FORMAT_XLSX },
	{ "xls", FORMAT_XLS },
	{ "json", FORMAT_JSON },
	{ "json-stat", FORMAT_JSONSTAT },
	{ "easyquery", FORMAT_EASYQUERY },
	{ "sdmx", FORMAT_SDMX },
	{ "prometheus", FORMAT_PROMETHEUS },
	{ NULL, 0 },
};

static const struct yaml_choice encodings[] = {
	{ "auto", TEXT_AUTO },   { "utf-8", TEXT_UTF8 },   { "gb18030", TEXT_GB18030 },
	{ "gbk", TEXT_GB18030 }, { "utf-16", TEXT_UTF16 }, { NULL, 0 },
};

static const struct yaml_choice classes[] = {
	{ "park", UNIT_PARK },
	{ "pro_park", UNIT_PRO_PARK },
	{ "county", UNIT_COUNTY },
	{ "zone", UNIT_ZONE },
	{ "department", UNIT_DEPARTMENT },
	{ "city", UNIT_CITY },
	{ "conference", UNIT_CONFERENCE },
	{ "project", UNIT_PROJECT },
	{ "any", UNIT_CLASSES },
	{ NULL, 0 },
};

enum release { RELEASE_ON_RECEIPT, RELEASE_HOLD };

static const struct yaml_choice releases[] = {
	{ "on_receipt", RELEASE_ON_RECEIPT },
	{ "hold", RELEASE_HOLD },
	{ NULL, 0 },
};

static const struct yaml_choice freqs[] = {
	{ "M", FREQ_MONTH }, { "Q", FREQ_QUARTER }, { "S", FREQ_HALF },
	{ "A", FREQ_YEAR },  { "D", FREQ_DAY },     { NULL, 0 },
};

static const struct yaml_choice keeps[] = {
	{ "auto", KEEP_AUTO },
	{ "always", KEEP_ALWAYS },
	{ "never", KEEP_NEVER },
	{ NULL, 0 },
};

static const struct yaml_choice methods[] = {
	{ "GET", ASK_GET },
	{ "POST", ASK_POST },
	{ NULL, 0 },
};

/* What the table fills; the types are the reader's. */
struct raw {
	const char *name, *url, *folder, *pattern, *owner, *ca_file, *structure;
	int format, encoding, class, release, freq, keep;
	struct yaml_strings units, headers;
	const struct yaml_node *names, *layout, *paging, *metric_relabel_configs;
	struct asking_keys asking;
	bool trusted, submit, updated_after, honor_labels, honor_timestamps,
		track_timestamps_staleness;
	double jitter;
	int64_t working_day, every, backoff_max, timeout, body_limit, rows_limit, redirects, settle,
		sample_limit, panel_questions, series_limit;
};

/* Stand where a key was not given: what it means then depends on other keys. */
enum { NOT_GIVEN = -1 };

static const double SECOND = 1e3, MINUTE = 60e3, HOUR = 3600e3;

#define AT(member) offsetof(struct raw, member)
static const struct yaml_field fields[] = {
	{ "name", YAML_STRING, AT(name), .required = true,
	  .help = "what the feed is called: letters, digits, '_', '.' and '-'" },
	{ "url", YAML_STRING, AT(url), .help = "http(s) address that is polled" },
	{ "folder", YAML_STRING, AT(folder), .help = "drop folder that is polled instead" },
	{ "submit", YAML_BOOL, AT(submit), .help = "documents are handed in by token instead" },
	{ "pattern", YAML_STRING, AT(pattern), .help = "shell pattern of file names taken" },
	{ "owner", YAML_STRING, AT(owner), .help = "who answers for the figures" },
	{ "format", YAML_ENUM, AT(format), .required = true, .choices = formats,
	  .help = "what the document is" },
	{ "encoding", YAML_ENUM, AT(encoding), .choices = encodings, .help = "of its text" },
	{ "class", YAML_ENUM, AT(class), .choices = classes, .help = "of the units named" },
	{ "units", YAML_STRINGS, AT(units), .help = "units it may report; empty: all" },
	{ "names", YAML_NODE, AT(names), .help = "the source's words for indicators" },
	{ "trusted", YAML_BOOL, AT(trusted), .help = "may say since when figures were known" },
	{ "release", YAML_ENUM, AT(release), .choices = releases,
	  .help = "whether figures are shown on receipt or held" },
	{ "every", YAML_DURATION, AT(every), .min = 1e3, .max = 31 * 86400e3,
	  .help = "time between attempts" },
	{ "working_day", YAML_INT, AT(working_day), .min = 1, .max = 60,
	  .help = "attempts begin on this working day after each period" },
	{ "freq", YAML_ENUM, AT(freq), .choices = freqs, .help = "of those periods" },
	{ "jitter", YAML_NUMBER, AT(jitter), .min = 0, .max = 0.5,
	  .help = "part of `every` added to it, fixed by the name" },
	{ "backoff_max", YAML_DURATION, AT(backoff_max), .min = 1e3, .max = 7 * 86400e3,
	  .help = "longest time between attempts after failures" },
	{ "timeout", YAML_DURATION, AT(timeout), .min = 100, .max = 600e3,
	  .help = "for a whole fetch" },
	{ "body_limit", YAML_SIZE, AT(body_limit), .min = 1024, .max = 1073741824,
	  .help = "largest body or file, packed and unpacked" },
	{ "rows_limit", YAML_INT, AT(rows_limit), .min = 1, .max = 100e6,
	  .help = "most rows of one document" },
	{ "panel_questions", YAML_INT, AT(panel_questions), .min = 1, .max = BATCH_DOUBTS_MAX,
	  .help = "asked at most of one document about changes unlike those of peers" },
	{ "series_limit", YAML_INT, AT(series_limit), .max = 100e6,
	  .help = "most different series in a day; 0: no limit" },
	{ "redirects", YAML_INT, AT(redirects), .max = 10, .help = "followed at most" },
	{ "settle", YAML_DURATION, AT(settle), .max = 3600e3,
	  .help = "how long a file must have been left alone" },
	{ "keep", YAML_ENUM, AT(keep), .choices = keeps,
	  .help = "whether files stay where they are" },
	{ "ca_file", YAML_STRING, AT(ca_file), .help = "certificates trusted for this feed" },
	{ "headers", YAML_STRINGS, AT(headers), .help = "sent with each request" },
	{ "authorization", YAML_NODE, AT(asking.authorization),
	  .help = "credentials sent with each request" },
	{ "basic_auth", YAML_NODE, AT(asking.basic_auth), .help = "user and password" },
	{ "http_headers", YAML_NODE, AT(asking.http_headers),
	  .help = "headers whose values are secret, in files" },
	{ "tls_config", YAML_NODE, AT(asking.tls_config),
	  .help = "whom to trust, and the certificate to show" },
	{ "proxy_url", YAML_STRING, AT(asking.proxy_url), .help = "http proxy that is asked" },
	{ "method", YAML_ENUM, AT(asking.method), .choices = methods, .help = "of the request" },
	{ "body", YAML_STRING, AT(asking.body), .help = "sent with POST" },
	{ "content_type", YAML_STRING, AT(asking.content_type), .help = "of that body" },
	{ "updated_after", YAML_BOOL, AT(updated_after),
	  .help = "whether sdmx is asked for what is newer than the last good attempt" },
	{ "honor_labels", YAML_BOOL, AT(honor_labels),
	  .help = "whether a sample's own job and instance stay" },
	{ "honor_timestamps", YAML_BOOL, AT(honor_timestamps),
	  .help = "whether stamps of the source are taken" },
	{ "track_timestamps_staleness", YAML_BOOL, AT(track_timestamps_staleness),
	  .help = "whether stamped samples that are missing have ended" },
	{ "sample_limit", YAML_INT, AT(sample_limit), .max = 100e6,
	  .help = "most samples of a scrape behind its rules; 0: no limit" },
	{ "metric_relabel_configs", YAML_NODE, AT(metric_relabel_configs),
	  .help = "rules that rewrite or drop samples" },
	{ "layout", YAML_NODE, AT(layout), .help = "where unit, indicator, period, value stand" },
	{ "structure", YAML_STRING, AT(structure),
	  .help = "file of an SDMX structure message: names, code lists, dimensions" },
	{ "paging", YAML_NODE, AT(paging), .help = "how the next page of an answer is found" },
	{ NULL },
};
#undef AT

struct reader {
	struct arena *a;
	struct diags *d;
	const char *base_dir;
	struct map seen;    /* name -> struct feed_config */
	struct map folders; /* folder and pattern -> struct feed_config */
	bool no_memory;
};

static bool name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_.-");

	return n > 0 && n <= NAME_MAX_CHARS && !name[n];
}

static void raw_defaults(struct raw *r)
{
	*r = (struct raw){
		.format = NOT_GIVEN,
		.jitter = 0.1,
		.every = NOT_GIVEN,
		.backoff_max = NOT_GIVEN,
		.timeout = NOT_GIVEN,
		.settle = NOT_GIVEN,
		.redirects = NOT_GIVEN,
		.body_limit = 16 << 20,
		.rows_limit = 1000000,
		.panel_questions = PANEL_QUESTIONS,
		.series_limit = 200000,
		.class = UNIT_PARK,
		.honor_timestamps = true,
	};
}

/* --- the rules that join keys ----------------------------------------------------- */

/* The value's place when the key is there, else the entry's. */
static const struct yaml_node *place(const struct yaml_node *entry, const char *key)
{
	const struct yaml_node *at = yaml_get(entry, key);

	return at ? at : entry;
}

static void only_for(const struct yaml_node *entry, const char *const *keys, const char *what,
		     struct diags *d)
{
	for (; *keys; keys++)
		if (yaml_get(entry, *keys))
			yaml_complain(yaml_get(entry, *keys), d, "'%s' is only for %s", *keys,
				      what);
}

static void check_submit(const struct yaml_node *entry, const struct raw *r, struct diags *d)
{
	static const char *const of_polls[] = {
		"url",        "folder",       "pattern",    "settle",        "keep",
		"timeout",    "redirects",    "ca_file",    "headers",       "every",
		"jitter",     "backoff_max",  "freq",       "working_day",   "authorization",
		"basic_auth", "http_headers", "tls_config", "proxy_url",     "method",
		"body",       "content_type", "paging",     "updated_after", NULL
	};

	only_for(entry, of_polls, "a feed that is polled, not with 'submit'", d);
	if (!r->owner || !*r->owner)
		yaml_complain(entry, d,
			      "a feed with 'submit' needs 'owner': only tokens of that owner may "
			      "hand in");
	if (r->format == FORMAT_PROMETHEUS)
		yaml_complain(place(entry, "format"), d,
			      "format prometheus is polled by 'url'; the others are handed in");
}

static void check_source(const struct yaml_node *entry, const struct raw *r, struct diags *d)
{
	static const char *const of_url[] = {
		"timeout",       "redirects", "ca_file",       "headers",    "working_day",
		"freq",          "paging",    "authorization", "basic_auth", "http_headers",
		"tls_config",    "proxy_url", "method",        "body",       "content_type",
		"updated_after", NULL
	};
	static const char *const of_folder[] = { "pattern", "settle", "keep", NULL };
	struct err e;

	if (r->submit) {
		check_submit(entry, r, d);
	} else if (!r->url && !r->folder) {
		yaml_complain(entry, d, "a feed needs 'url', 'folder' or 'submit: true'");
	} else if (r->url && r->folder) {
		yaml_complain(place(entry, "folder"), d,
			      "a feed has either 'url' or 'folder', not both");
	} else if (r->url) {
		if (http_url_check(r->url, &e) < 0)
			yaml_complain(place(entry, "url"), d, "%s", e.text);
		only_for(entry, of_folder, "a feed with 'folder'", d);
	} else {
		if (!*r->folder)
			yaml_complain(place(entry, "folder"), d, "the folder's name is empty");
		only_for(entry, of_url, "a feed with 'url'", d);
	}
}

static void check_format(const struct yaml_node *entry, const struct raw *r, struct diags *d)
{
	static const char *const of_figures[] = { "layout", "names",           "units",
						  "class",  "panel_questions", NULL };
	static const char *const of_json[] = { "paging", NULL };
	static const char *const of_sdmx[] = { "updated_after", "structure", NULL };
	static const char *const of_samples[] = {
		"honor_labels", "honor_timestamps",       "track_timestamps_staleness",
		"sample_limit", "metric_relabel_configs", NULL
	};

	if (r->format != FORMAT_JSON)
		only_for(entry, of_json, "format json", d);
	if (r->format != FORMAT_SDMX)
		only_for(entry, of_sdmx, "format sdmx", d);
	if (r->format != FORMAT_PROMETHEUS && r->format != NOT_GIVEN)
		only_for(entry, of_samples, "format prometheus", d);
	if (r->format == FORMAT_PROMETHEUS) {
		only_for(entry, of_figures, "formats of figures", d);
		if (r->folder)
			yaml_complain(place(entry, "format"), d,
				      "format prometheus is polled by 'url'; a folder takes the "
				      "others");
	} else if (r->format != NOT_GIVEN && !r->layout) {
		yaml_complain(entry, d, "format %s needs 'layout'",
			      format_of((enum feed_format)r->format)->name);
	}
}

static void check_times(const struct yaml_node *entry, const struct raw *r, struct diags *d)
{
	if (r->working_day && !r->freq)
		yaml_complain(
			place(entry, "working_day"), d,
			"'working_day' needs 'freq': after which periods, one of: M, Q, S, A, "
			"D");
	if (r->freq && !r->working_day)
		yaml_complain(place(entry, "freq"), d, "'freq' needs 'working_day'");
}

static void check_name(const struct yaml_node *entry, const struct raw *r, struct reader *rd)
{
	const struct feed_config *other;
	char shown[TEXT_SHOWN];

	if (!r->name)
		return;
	if (!name_ok(r->name)) {
		yaml_complain(place(entry, "name"), rd->d,
			      "name %s: 1 to %d letters, digits, '_', '.' or '-' are allowed",
			      text_shown(slice_str(r->name), shown), NAME_MAX_CHARS);
		return;
	}
	other = map_get(&rd->seen, slice_str(r->name));
	if (other)
		yaml_complain(place(entry, "name"), rd->d, "feed '%s' is already in line %u",
			      r->name, other->line);
}

/* Two feeds with the same files would take them from each other by chance. */
static void check_folder(const struct yaml_node *entry, struct feed_config *c, struct reader *rd)
{
	const struct feed_config *other;
	const char *files;
	struct err e;

	if (!c->folder)
		return;
	files = arena_printf(rd->a, "%s\n%s", c->folder, c->pattern ? c->pattern : "*");
	if (!files) {
		rd->no_memory = true;
		return;
	}
	other = map_get(&rd->folders, slice_str(files));
	if (other)
		yaml_complain(place(entry, "folder"), rd->d,
			      "the feed in line %u takes the same files; give each its 'pattern'",
			      other->line);
	else if (map_put(&rd->folders, slice_str(files), c, &e) < 0)
		rd->no_memory = true;
}

/* Ours to send, or about the connection. */
static bool header_is_ours(struct slice name)
{
	static const char *const ours[] = {
		"accept-encoding",   "connection",        "content-length", "host", "if-match",
		"if-none-match",     "if-modified-since", "range",          "te",   "trailer",
		"transfer-encoding", "upgrade",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (name.n == strlen(ours[i]) && !strncasecmp(name.p, ours[i], name.n))
			return true;
	return false;
}

const char *feed_header_fault(struct slice h)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.~!#$%&'*+^`|";
	size_t n = strspn(h.p, token);

	for (size_t i = 0; i < h.n; i++)
		if ((unsigned char)h.p[i] < 0x20 || h.p[i] == 0x7f)
			return "a header may not contain control characters";
	if (n == 0 || h.p[n] != ':')
		return "a header is written 'Name: value'";
	if (header_is_ours(slice_of(h.p, n)))
		return "this header is set by parkwatch itself";
	return NULL;
}

static void check_headers(const struct yaml_node *entry, struct diags *d)
{
	const struct yaml_node *list = yaml_get(entry, "headers"), *h;
	const char *fault;

	if (!list)
		return;
	if (list->n > HEADERS_MAX)
		yaml_complain(list, d, "%zu headers, at most %d are allowed", list->n, HEADERS_MAX);
	for (h = list->type == YAML_SCALAR ? list : list->child; h; h = h->next) {
		fault = h->type == YAML_SCALAR ? feed_header_fault(h->text) : NULL;
		if (fault)
			yaml_complain(h, d, "%s", fault);
		if (list->type == YAML_SCALAR)
			break;
	}
}

/* --- names -------------------------------------------------------------------------- */

static void read_name(const struct yaml_node *m, struct name_pair *out, struct reader *rd)
{
	struct measured {
		const char *code, *measure;
	} v = { 0 };
	static const struct yaml_field in_map[] = {
		{ "code", YAML_STRING, offsetof(struct measured, code), .required = true,
		  .help = "the indicator" },
		{ "measure", YAML_STRING, offsetof(struct measured, measure),
		  .help = "the measure the source uses for it" },
		{ NULL },
	};

	if (m->type == YAML_SCALAR)
		v.code = m->text.p;
	else if (m->type == YAML_MAP)
		yaml_fill(m, in_map, &v, rd->a, rd->d);
	else
		yaml_complain(m, rd->d, "an indicator's code, or a map of 'code' and 'measure'");
	if (v.code && !*v.code)
		yaml_complain(m, rd->d, "the indicator's code is empty");
	*out = (struct name_pair){ m->key->text.p, v.code, v.measure };
}

static void read_names(const struct yaml_node *names, struct feed_config *c, struct reader *rd)
{
	const struct yaml_node *m;
	char shown[TEXT_SHOWN];

	if (names->type != YAML_MAP) {
		yaml_complain(names, rd->d, "'names' is a map from the source's words to codes");
		return;
	}
	c->names = arena_array(rd->a, names->n ? names->n : 1, sizeof(*c->names));
	if (!c->names) {
		rd->no_memory = true;
		return;
	}
	for (m = names->child; m; m = m->next) {
		struct name_pair *pair = &c->names[c->nnames];

		if (!m->key->text.n)
			yaml_complain(m->key, rd->d, "the source's word is empty");
		for (size_t i = 0; i < c->nnames; i++)
			if (slice_eq(slice_str(c->names[i].text), m->key->text))
				yaml_complain(m->key, rd->d, "%s is given twice",
					      text_shown(m->key->text, shown));
		read_name(m, pair, rd);
		c->nnames++;
	}
}

/* --- one entry ------------------------------------------------------------------------ */

const char *feed_path(const char *path, const char *base_dir, struct arena *a)
{
	if (*path == '/' || !base_dir || !*base_dir)
		return path;
	return arena_printf(a, "%s/%s", base_dir, path);
}

static const char *absolute(const char *path, struct reader *rd)
{
	const char *out = path ? feed_path(path, rd->base_dir, rd->a) : NULL;

	if (path && !out)
		rd->no_memory = true;
	return out;
}

static const char *const *terminated(struct yaml_strings s, struct reader *rd)
{
	const char **list = arena_array(rd->a, s.n + 1, sizeof(*list));

	if (!list) {
		rd->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < s.n; i++)
		list[i] = s.list[i];
	return list;
}

static int64_t given(int64_t v, double otherwise)
{
	return v == NOT_GIVEN ? (int64_t)otherwise : v;
}

static void take(const struct raw *r, const struct yaml_node *entry, struct feed_config *c,
		 struct reader *rd)
{
	*c = (struct feed_config){
		.name = r->name,
		.url = r->url,
		.folder = absolute(r->folder, rd),
		.submit = r->submit,
		.pattern = r->pattern,
		.owner = r->owner ? r->owner : "",
		.format = r->format,
		.encoding = r->encoding,
		.units = r->units,
		.class = r->class,
		.trusted = r->trusted,
		.hold = r->release == RELEASE_HOLD,
		.every_ms = given(r->every, r->folder ? 5 * SECOND : 10 * MINUTE),
		.working_day = (int)r->working_day,
		.freq = r->freq,
		.jitter = r->jitter,
		/* Looking into a folder costs nothing, and who repairs it waits for it. */
		.backoff_max_ms = given(r->backoff_max, r->folder ? MINUTE : HOUR),
		.timeout_ms = given(r->timeout, 30 * SECOND),
		.body_limit = r->body_limit,
		.rows_limit = r->rows_limit,
		.panel_questions = r->panel_questions,
		.series_limit = r->series_limit,
		.redirects = given(r->redirects, 0),
		.settle_ms = given(r->settle, 2 * SECOND),
		.keep = r->keep,
		.structure_file = absolute(r->structure, rd),
		.ca_file = absolute(r->ca_file, rd),
		.headers = terminated(r->headers, rd),
		.updated_after = r->updated_after,
		.honor_labels = r->honor_labels,
		.honor_timestamps = r->honor_timestamps,
		.track_timestamps_staleness = r->track_timestamps_staleness,
		.sample_limit = r->sample_limit,
		.file = entry->file,
		.line = entry->line,
	};
}

/* -1: it cannot be used; e says why, without the file's name. */
static int load_structure(const char *path, struct arena *a, struct slice *out, struct err *e)
{
	struct sdmx_structure structure;
	struct arena room;
	struct buf body;
	int rc;

	buf_init(&body, SDMX_STRUCTURE_MAX + 2 * FILE_PIECE_BYTES);
	arena_init(&room, SDMX_STRUCTURE_ARENA);
	rc = file_read(path, SDMX_STRUCTURE_MAX, &body, e);
	if (rc == 0 && body.n > SDMX_STRUCTURE_MAX)
		rc = err_set(e, ERR_LIMIT, "has more than %d MiB", SDMX_STRUCTURE_MAX >> 20);
	if (rc == 0)
		rc = sdmx_structure_read(buf_all(&body), &room, &structure, e);
	if (rc == 0) {
		*out = arena_slice(a, buf_all(&body));
		rc = out->p ? 0 : err_set(e, ERR_MEMORY, "does not fit into memory");
	}
	arena_release(&room);
	buf_release(&body);
	return rc;
}

static void read_structure(const struct yaml_node *at, struct feed_config *c, struct reader *rd)
{
	char shown[TEXT_SHOWN];
	struct err e;

	if (load_structure(c->structure_file, rd->a, &c->structure, &e) < 0)
		yaml_complain(at, rd->d, "structure %s: %s", text_shown(at->text, shown), e.text);
}

static void read_entry(const struct yaml_node *entry, struct feed_config *c, struct reader *rd)
{
	struct raw r;
	struct err e;

	raw_defaults(&r);
	yaml_fill(entry, fields, &r, rd->a, rd->d);
	take(&r, entry, c, rd);
	check_name(entry, &r, rd);
	if (r.names)
		read_names(r.names, c, rd);
	if (r.layout && r.format != NOT_GIVEN && format_has_layout((enum feed_format)r.format) &&
	    feed_layout_read(r.layout, r.format, &c->layout, rd->a, rd->d) < 0)
		rd->no_memory = true;
	if (r.paging && r.format == FORMAT_JSON &&
	    feed_paging_read(r.paging, &c->paging, &c->layout, rd->a, rd->d) < 0)
		rd->no_memory = true;
	if (r.metric_relabel_configs &&
	    relabel_rules_read(r.metric_relabel_configs, rd->a, rd->d, &c->metric_relabel_configs,
			       &c->nmetric_relabel_configs) < 0)
		rd->no_memory = true;
	if (asking_read(entry, &r.asking, rd->base_dir, &c->asking, &c->ca_file, rd->a, rd->d) < 0)
		rd->no_memory = true;
	if (r.structure && r.format == FORMAT_SDMX && c->structure_file)
		read_structure(yaml_get(entry, "structure"), c, rd);
	check_headers(entry, rd->d);
	check_source(entry, &r, rd->d);
	check_format(entry, &r, rd->d);
	check_times(entry, &r, rd->d);
	check_folder(entry, c, rd);
	if (r.name && !map_get(&rd->seen, slice_str(r.name)) &&
	    map_put(&rd->seen, slice_str(r.name), c, &e) < 0)
		rd->no_memory = true;
}

int feed_configs_read(const struct yaml_node *list, const char *base_dir, struct arena *a,
		      struct diags *d, struct feed_config **out, size_t *n)
{
	struct reader rd = { .a = a, .d = d, .base_dir = base_dir };
	size_t before = d->n + d->left_out, i = 0;
	const struct yaml_node *entry;

	*out = NULL;
	*n = 0;
	if (list->type == YAML_SCALAR && !list->text.n)
		return 0; /* `feeds:` with nothing behind it */
	if (list->type != YAML_LIST || list->n > FEEDS_MAX) {
		yaml_complain(list, d, "'feeds' is a list of at most %d feeds", FEEDS_MAX);
		return -1;
	}
	map_init(&rd.seen);
	map_init(&rd.folders);
	*out = arena_array(a, list->n ? list->n : 1, sizeof(**out));
	rd.no_memory = !*out;
	for (entry = list->child; entry && !rd.no_memory; entry = entry->next) {
		if (entry->type == YAML_MAP)
			read_entry(entry, &(*out)[i++], &rd);
		else
			yaml_complain(entry, d, "a feed is a map of keys such as 'name' and 'url'");
	}
	*n = i;
	map_release(&rd.seen);
	map_release(&rd.folders);
	if (rd.no_memory)
		yaml_complain(list, d, "not enough memory to read the feeds");
	return d->n + d->left_out == before ? 0 : -1;
}
