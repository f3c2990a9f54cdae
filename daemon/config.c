/*
 * config.c - see config.h.
 *
 * Every key is a row of a table; what the tables cannot say (an address that is
 * not loopback, paths relative to the file) is checked afterwards, so that all
 * mistakes of a file come out together.
 */
#include "daemon/config.h"
#include "base/alloc.h"
#include "base/labels.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum {
	CONFIG_ARENA_BYTES = 64 << 20,
	STATISTICS_MAX = 1000,
	SOURCE_MAX = 64,
	CONCURRENCY_MAX = 64
};

static const struct yaml_choice light_choices[] = {
	{ "watch", LIGHT_WATCH }, { "yellow", LIGHT_YELLOW }, { "red", LIGHT_RED }, { NULL, 0 }
};

struct raw_hours {
	const char *start, *end;
};

static const struct yaml_field lights_fields[] = {
	{ "green", YAML_NUMBER, offsetof(struct assess_options, green), .min = 0.01, .max = 10,
	  .help = "pace from which a light is green" },
	{ "watch", YAML_NUMBER, offsetof(struct assess_options, watch), .min = 0.01, .max = 10,
	  .help = "pace from which a light is watch" },
	{ "yellow", YAML_NUMBER, offsetof(struct assess_options, yellow), .min = 0.01, .max = 10,
	  .help = "pace from which a light is yellow; below it is red" },
	{ "red_at_once", YAML_NUMBER, offsetof(struct assess_options, red_at_once), .min = 0,
	  .max = 10, .help = "pace below which one release is enough for red" },
	{ NULL }
};

static const struct yaml_field alert_fields[] = {
	{ "enabled", YAML_BOOL, offsetof(struct alert_config, enabled) },
	{ "severity", YAML_STRING, offsetof(struct alert_config, severity) },
	{ "for", YAML_DURATION, offsetof(struct alert_config, for_ms), .min = 0,
	  .max = 366 * 86400e3, .help = "how long the condition must hold" },
	{ "keep_firing_for", YAML_DURATION, offsetof(struct alert_config, keep_firing_ms), .min = 0,
	  .max = 366 * 86400e3, .help = "how long an alert outlives its condition" },
	{ "light", YAML_ENUM, offsetof(struct alert_config, light), .choices = light_choices,
	  .help = "lagging: this light and worse" },
	{ "hours", YAML_NUMBER, offsetof(struct alert_config, hours), .min = 0, .max = 1e5,
	  .help = "late_report: more working hours late than this" },
	{ "failures", YAML_INT, offsetof(struct alert_config, failures), .min = 1, .max = 1e6,
	  .help = "feed_down: failed attempts in a row" },
	{ NULL }
};

static const struct yaml_field remote_write_fields[] = {
	{ "enabled", YAML_BOOL, offsetof(struct remote_write_config, enabled),
	  .help = "whether /api/v1/write is there" },
	{ "body_limit", YAML_SIZE, offsetof(struct remote_write_config, body_limit), .min = 1 << 10,
	  .max = 128 << 20, .help = "of one request, packed" },
	{ "series_limit", YAML_INT, offsetof(struct remote_write_config, series_limit),
	  .max = 100e6, .help = "most different series in a day; 0: no limit" },
	{ "sender_series_limit", YAML_INT,
	  offsetof(struct remote_write_config, sender_series_limit), .max = 100e6,
	  .help = "and of each user or address; 0: no limit" },
	{ "statistics", YAML_STRINGS, offsetof(struct remote_write_config, statistics),
	  .help = "metric names, with * for any characters, that are figures" },
	{ "source", YAML_STRING, offsetof(struct remote_write_config, source),
	  .help = "under which those figures are kept" },
	{ NULL }
};

static const struct yaml_field query_fields[] = {
	{ "lookback_delta", YAML_DURATION, offsetof(struct query_config, lookback_ms), .min = 1,
	  .max = 366 * 86400e3, .help = "how long a sample of a plain series holds" },
	{ "timeout", YAML_DURATION, offsetof(struct query_config, timeout_ms), .min = 100,
	  .max = 86400e3, .help = "longest time of a query" },
	{ "max_samples", YAML_INT, offsetof(struct query_config, max_samples), .min = 1000,
	  .max = 1e12, .help = "values a query may hold at a time" },
	{ "max_concurrency", YAML_INT, offsetof(struct query_config, max_concurrency), .min = 1,
	  .max = CONCURRENCY_MAX, .help = "queries at once; more wait" },
	{ "max_memory", YAML_SIZE, offsetof(struct query_config, max_memory), .min = 1 << 20,
	  .max = 1LL << 40, .help = "of one query" },
	{ NULL }
};

static const struct yaml_field hours_fields[] = {
	{ "start", YAML_STRING, offsetof(struct raw_hours, start), .required = true },
	{ "end", YAML_STRING, offsetof(struct raw_hours, end), .required = true },
	{ NULL }
};

struct raw_top {
	const char *title, *notice, *listen, *web_config, *data_dir, *tokens, *timezone;
	struct yaml_strings catalogue;
	int64_t assess_every_ms, map_bytes, report_periods;
	bool admin_api;
	const struct yaml_node *hours, *feeds, *lights, *alerts, *remote_write, *query, *retention;
};

static const struct yaml_field top_fields[] = {
	{ "title", YAML_STRING, offsetof(struct raw_top, title), .help = "of the page" },
	{ "notice", YAML_STRING, offsetof(struct raw_top, notice),
	  .help = "shown on every page and in park_info" },
	{ "listen", YAML_STRING, offsetof(struct raw_top, listen), .help = "ADDRESS:PORT" },
	{ "web_config_file", YAML_STRING, offsetof(struct raw_top, web_config),
	  .help = "TLS and passwords, as Prometheus' --web.config.file" },
	{ "enable_admin_api", YAML_BOOL, offsetof(struct raw_top, admin_api),
	  .help = "deleting over HTTP" },
	{ "data_dir", YAML_STRING, offsetof(struct raw_top, data_dir),
	  .help = "folder of the store" },
	{ "tokens", YAML_STRING, offsetof(struct raw_top, tokens),
	  .help = "file of the tokens that may hand in figures" },
	{ "timezone", YAML_STRING, offsetof(struct raw_top, timezone),
	  .help = "of periods and due times" },
	{ "working_hours", YAML_NODE, offsetof(struct raw_top, hours), .help = "{start, end}" },
	{ "catalogue", YAML_STRINGS, offsetof(struct raw_top, catalogue), .help = "YAML files" },
	{ "feeds", YAML_NODE, offsetof(struct raw_top, feeds), .help = "see docs/feeds.md" },
	{ "lights", YAML_NODE, offsetof(struct raw_top, lights), .help = "thresholds of pace" },
	{ "alerts", YAML_NODE, offsetof(struct raw_top, alerts),
	  .help = "lagging, late_report, feed_down, calendar_missing" },
	{ "remote_write", YAML_NODE, offsetof(struct raw_top, remote_write),
	  .help = "samples pushed by a Prometheus" },
	{ "query", YAML_NODE, offsetof(struct raw_top, query), .help = "what queries may take" },
	{ "retention", YAML_NODE, offsetof(struct raw_top, retention),
	  .help = "a list: how long and how much of which plain families is kept" },
	{ "assess_every", YAML_DURATION, offsetof(struct raw_top, assess_every_ms), .min = 1000,
	  .max = 86400e3, .help = "assessments when nothing new comes in" },
	{ "report_periods", YAML_INT, offsetof(struct raw_top, report_periods), .min = 1, .max = 60,
	  .help = "due periods looked at for missing reports and on-time ratios" },
	{ "map_size", YAML_SIZE, offsetof(struct raw_top, map_bytes), .min = 1 << 20,
	  .max = 1LL << 46, .help = "address space reserved for the store" },
	{ NULL }
};

struct raw_alerts {
	const struct yaml_node *lagging, *late, *feed_down, *calendar_missing;
};

static const struct yaml_field alerts_fields[] = {
	{ "lagging", YAML_NODE, offsetof(struct raw_alerts, lagging) },
	{ "late_report", YAML_NODE, offsetof(struct raw_alerts, late) },
	{ "feed_down", YAML_NODE, offsetof(struct raw_alerts, feed_down) },
	{ "calendar_missing", YAML_NODE, offsetof(struct raw_alerts, calendar_missing) },
	{ NULL }
};

static void set_defaults(struct config *c)
{
	c->title = "parkwatch";
	c->host = "127.0.0.1";
	c->port = 9290;
	c->data_dir = "data";
	c->timezone = "Asia/Shanghai";
	c->hours = (struct work_hours){ 9 * 60, 17 * 60 };
	c->assess_every_ms = 60 * 1000;
	assess_options_init(&c->assess);
	c->lagging = (struct alert_config){ .enabled = true,
					    .severity = "warning",
					    .light = LIGHT_YELLOW };
	c->late = (struct alert_config){ .enabled = true, .severity = "warning" };
	c->feed_down = (struct alert_config){
		.enabled = true, .severity = "critical", .for_ms = 5 * 60 * 1000, .failures = 1
	};
	c->calendar_missing = (struct alert_config){ .enabled = true, .severity = "warning" };
	c->remote_write = (struct remote_write_config){ .enabled = true,
							.body_limit = 16 << 20,
							.series_limit = 2000000,
							.sender_series_limit = 1000000,
							.source = "remote_write" };
	c->query = (struct query_config){ .lookback_ms = 5 * 60 * 1000,
					  .timeout_ms = 2 * 60 * 1000,
					  .max_samples = 50 * 1000 * 1000,
					  .max_concurrency = 8,
					  .max_memory = 1 << 30 };
}

/* `path` relative to `dir` unless absolute. */
static const char *path_from(struct arena *a, const char *dir, const char *path)
{
	if (path[0] == '/' || !dir || !*dir)
		return path;
	return arena_printf(a, "%s/%s", dir, path);
}

static const char *dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

int listen_parse(struct slice text, struct arena *a, const char **host, int *port, struct err *e)
{
	const char *all = arena_strndup(a, text.p, text.n);
	const char *colon = all ? strrchr(all, ':') : NULL;
	unsigned char raw[16];
	char *name, *end;
	long number;
	bool six;

	if (!all)
		return err_set(e, ERR_MEMORY, "no memory");
	if (!colon || colon == all)
		return err_set(e, ERR_INVALID,
			       "'%s' is not ADDRESS:PORT; to listen on loopback say 127.0.0.1:9290",
			       all);
	name = arena_strndup(a, all, (size_t)(colon - all));
	if (!name)
		return err_set(e, ERR_MEMORY, "no memory");
	if (name[0] == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		name++;
	}
	number = strtol(colon + 1, &end, 10);
	if (*end || end == colon + 1 || number < 0 || number > 65535)
		return err_set(e, ERR_INVALID, "'%s' is not a port (0 to 65535)", colon + 1);
	if (strcmp(name, "localhost") == 0)
		name = arena_strdup(a, "127.0.0.1");
	six = inet_pton(AF_INET6, name, raw) == 1;
	if (!six && inet_pton(AF_INET, name, raw) != 1)
		return err_set(e, ERR_INVALID, "'%s' is not a numeric address", name);
	*host = name;
	*port = (int)number;
	return 0;
}

bool host_is_loopback(const char *host)
{
	unsigned char raw[16];

	if (inet_pton(AF_INET6, host, raw) == 1)
		return memcmp(raw, &in6addr_loopback, 16) == 0;
	return inet_pton(AF_INET, host, raw) == 1 && raw[0] == 127;
}

/* Passwords and tokens go over the network, and whoever reaches it may write samples. */
static int check_listen(const struct config *c, struct err *e)
{
	if (host_is_loopback(c->host) || web_is_guarded(c->web))
		return 0;
	return err_set(
		e, ERR_REFUSED,
		"%s is not a loopback address: listening there needs a web_config_file with TLS "
		"and with users or verified client certificates; else use 127.0.0.1, behind a "
		"reverse proxy",
		c->host);
}

/* "08:30" to minutes. */
static int minutes_of_day(const char *text, const struct yaml_node *at, struct diags *d)
{
	int h = -1, m = -1;

	if (strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789:") == 5) {
		h = (text[0] - '0') * 10 + text[1] - '0';
		m = (text[3] - '0') * 10 + text[4] - '0';
	}
	if (h < 0 || h > 24 || m < 0 || m > 59 || h * 60 + m > 24 * 60) {
		yaml_complain(at, d, "'%s' is not a time of day such as 08:30", text);
		return -1;
	}
	return h * 60 + m;
}

static void read_hours(struct config *c, const struct yaml_node *node, struct diags *d)
{
	struct raw_hours raw = { NULL, NULL };
	int start, end;

	if (yaml_fill(node, hours_fields, &raw, &c->arena, d) < 0)
		return;
	start = minutes_of_day(raw.start, yaml_get(node, "start"), d);
	end = minutes_of_day(raw.end, yaml_get(node, "end"), d);
	if (start < 0 || end < 0)
		return;
	if (end <= start)
		yaml_complain(node, d, "working hours end at %s, before they start at %s", raw.end,
			      raw.start);
	else
		c->hours = (struct work_hours){ start, end };
}

static void read_lights(struct config *c, const struct yaml_node *node, struct diags *d)
{
	if (yaml_fill(node, lights_fields, &c->assess, &c->arena, d) < 0)
		return;
	if (!(c->assess.green >= c->assess.watch && c->assess.watch >= c->assess.yellow &&
	      c->assess.yellow >= c->assess.red_at_once))
		yaml_complain(node, d,
			      "lights must fall: green >= watch >= yellow >= red_at_once, not %g, "
			      "%g, %g, %g",
			      c->assess.green, c->assess.watch, c->assess.yellow,
			      c->assess.red_at_once);
}

static void read_alerts(struct config *c, const struct yaml_node *node, struct diags *d)
{
	struct raw_alerts raw = { 0 };

	yaml_fill(node, alerts_fields, &raw, &c->arena, d);
	if (raw.lagging)
		yaml_fill(raw.lagging, alert_fields, &c->lagging, &c->arena, d);
	if (raw.late)
		yaml_fill(raw.late, alert_fields, &c->late, &c->arena, d);
	if (raw.feed_down)
		yaml_fill(raw.feed_down, alert_fields, &c->feed_down, &c->arena, d);
	if (raw.calendar_missing)
		yaml_fill(raw.calendar_missing, alert_fields, &c->calendar_missing, &c->arena, d);
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* `also` may be in it besides letters and, except at the beginning, digits. */
static bool is_word(const char *text, const char *also, size_t max)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (!strchr(letters, text[i]) && !strchr(also, text[i]) &&
		    !(i > 0 && text[i] >= '0' && text[i] <= '9'))
			return false;
	return n > 0 && n <= max;
}

static void check_statistics(const struct yaml_node *node, const struct yaml_strings *list,
			     struct diags *d)
{
	const struct yaml_node *at = yaml_get(node, "statistics");
	const struct yaml_node *item = at->type == YAML_LIST ? at->child : at;
	char shown[TEXT_SHOWN];

	if (list->n > STATISTICS_MAX)
		yaml_complain(at, d, "%zu families, more than %d", list->n, STATISTICS_MAX);
	for (size_t i = 0; i < list->n && item; i++, item = item->next)
		if (!is_word(list->list[i], "_:*", LABEL_VALUE_MAX_BYTES))
			yaml_complain(item, d,
				      "%s is not a metric name such as park_output_yuan or park_*",
				      text_shown(slice_str(list->list[i]), shown));
}

struct raw_retention {
	struct yaml_strings families;
	int64_t age_ms, bytes;
};

static const struct yaml_field retention_fields[] = {
	{ "families", YAML_STRINGS, offsetof(struct raw_retention, families), .required = true,
	  .help = "metric names, with * for any characters" },
	{ "age", YAML_DURATION, offsetof(struct raw_retention, age_ms), .min = 3600e3,
	  .max = 100 * 366 * 86400e3, .help = "older samples go" },
	{ "size", YAML_SIZE, offsetof(struct raw_retention, bytes), .min = 1 << 20,
	  .max = 1LL << 50, .help = "of all these families, packed; the oldest go" },
	{ NULL }
};

static void add_retention(struct config *c, const struct raw_retention *raw)
{
	size_t n = c->nretention + raw->families.n;
	struct retention *more = arena_array(&c->arena, n, sizeof(*more));

	if (!more)
		return;
	if (c->nretention)
		memcpy(more, c->retention, c->nretention * sizeof(*more));
	for (size_t i = 0; i < raw->families.n; i++)
		more[c->nretention + i] = (struct retention){ .families = raw->families.list[i],
							      .age_ms = raw->age_ms,
							      .bytes = (uint64_t)raw->bytes };
	c->retention = more;
	c->nretention = n;
}

static void read_retention(struct config *c, const struct yaml_node *node, struct diags *d)
{
	if (node->type != YAML_LIST) {
		yaml_complain(node, d, "retention is a list of maps");
		return;
	}
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		struct raw_retention raw = { .age_ms = 0 };

		if (yaml_fill(item, retention_fields, &raw, &c->arena, d) < 0)
			continue;
		for (size_t i = 0; i < raw.families.n; i++)
			if (!is_word(raw.families.list[i], "_:*", LABEL_VALUE_MAX_BYTES))
				yaml_complain(yaml_get(item, "families"), d,
					      "'%.64s' is not a metric name such as node_load1 or "
					      "node_*",
					      raw.families.list[i]);
		if (!raw.age_ms && !raw.bytes)
			yaml_complain(item, d, "a rule of retention needs an age or a size");
		add_retention(c, &raw);
	}
}

static void read_remote_write(struct config *c, const struct yaml_node *node, struct diags *d)
{
	struct remote_write_config *r = &c->remote_write;
	char shown[TEXT_SHOWN];

	if (yaml_fill(node, remote_write_fields, r, &c->arena, d) < 0)
		return;
	if (r->statistics.n)
		check_statistics(node, &r->statistics, d);
	if (!is_word(r->source, "_.-", SOURCE_MAX))
		yaml_complain(yaml_get(node, "source"), d,
			      "source %s: 1 to %d letters, digits, '_', '.' or '-', the first no "
			      "digit",
			      text_shown(slice_str(r->source), shown), SOURCE_MAX);
}

static void read_catalogue_paths(struct config *c, struct yaml_strings list)
{
	for (size_t i = 0; i < list.n; i++)
		list.list[i] = path_from(&c->arena, c->base_dir, list.list[i]);
	c->catalogue = list;
}

static void complain_err(const struct yaml_node *at, struct diags *d, const struct err *e)
{
	yaml_complain(at, d, "%s", e->text);
}

/* A mistake in it is one of the configuration, too. */
static void load_web(struct config *c, const char *path, const struct yaml_node *at,
		     struct diags *d, struct err *e)
{
	size_t before = d->n + d->left_out;

	*e = (struct err){ 0 };
	c->web = web_load(path, d, e);
	if (c->web)
		*e = (struct err){ 0 };
	else if (at && d->n + d->left_out == before)
		complain_err(at, d, e);
}

static void read_web(struct config *c, const struct yaml_node *at, const char *path,
		     struct diags *d)
{
	const char *full = path_from(&c->arena, c->base_dir, path);
	struct err e;

	if (full)
		load_web(c, full, at, d, &e);
}

/* `final`: what could make the address a good one is known, and nothing overrides it. */
static void read_listen(struct config *c, const struct yaml_node *at, const char *text, bool final,
			struct diags *d)
{
	struct err e;

	if (listen_parse(slice_str(text), &c->arena, &c->host, &c->port, &e) < 0 ||
	    (final && check_listen(c, &e) < 0))
		complain_err(at, d, &e);
}

/* Whether any feed brings statistics, which the catalogue gives their meaning. */
static bool have_figures(const struct config *c)
{
	for (size_t i = 0; i < c->nfeeds; i++)
		if (format_has_layout((enum feed_format)c->feeds[i].format))
			return true;
	return false;
}

static void read_file(struct config *c, const struct config_overrides *o, struct diags *d)
{
	struct raw_top raw = { .title = c->title,
			       .data_dir = c->data_dir,
			       .timezone = c->timezone,
			       .assess_every_ms = c->assess_every_ms,
			       .report_periods = c->assess.report_periods };
	const struct yaml_node *root = yaml_load(c->path, &c->arena, d);

	if (!root)
		return;
	yaml_fill(root, top_fields, &raw, &c->arena, d);
	c->title = raw.title;
	c->notice = raw.notice;
	c->timezone = raw.timezone;
	c->assess_every_ms = raw.assess_every_ms;
	c->assess.report_periods = (unsigned)raw.report_periods;
	c->map_bytes = raw.map_bytes;
	c->admin_api = raw.admin_api;
	c->data_dir = path_from(&c->arena, c->base_dir, raw.data_dir);
	if (raw.tokens)
		c->tokens = path_from(&c->arena, c->base_dir, raw.tokens);
	read_catalogue_paths(c, raw.catalogue);
	if (raw.web_config && !c->web)
		read_web(c, yaml_get(root, "web_config_file"), raw.web_config, d);
	if (raw.listen)
		read_listen(c, yaml_get(root, "listen"), raw.listen,
			    !(o && o->listen) && (c->web || !raw.web_config), d);
	if (raw.hours)
		read_hours(c, raw.hours, d);
	if (raw.lights)
		read_lights(c, raw.lights, d);
	if (raw.alerts)
		read_alerts(c, raw.alerts, d);
	if (raw.remote_write)
		read_remote_write(c, raw.remote_write, d);
	if (raw.query)
		yaml_fill(raw.query, query_fields, &c->query, &c->arena, d);
	if (raw.retention)
		read_retention(c, raw.retention, d);
	if (raw.feeds) {
		feed_configs_read(raw.feeds, c->base_dir, &c->arena, d, &c->feeds, &c->nfeeds);
		if (!raw.catalogue.n && have_figures(c))
			yaml_complain(root, d,
				      "feeds need a catalogue: name its files under 'catalogue'");
	}
}

struct config *config_load(const char *path, const struct config_overrides *o, struct diags *d,
			   struct err *e)
{
	struct config *c = mem_zalloc(sizeof(*c));

	if (!c) {
		err_set(e, ERR_MEMORY, "no memory for the configuration");
		return NULL;
	}
	atomic_init(&c->refs, 1);
	arena_init(&c->arena, CONFIG_ARENA_BYTES);
	set_defaults(c);
	if (o && o->web_config) {
		load_web(c, o->web_config, NULL, d, e);
		if (!c->web)
			goto fail;
	}
	if (path) {
		c->path = arena_strdup(&c->arena, path);
		c->base_dir = c->path ? dir_of(&c->arena, c->path) : NULL;
		if (!c->base_dir) {
			err_set(e, ERR_MEMORY, "no memory for the configuration");
			goto fail;
		}
		read_file(c, o, d);
		if (diags_check(d, e) < 0)
			goto fail;
	}
	if (o && o->data_dir)
		c->data_dir = arena_strdup(&c->arena, o->data_dir);
	if (o && o->listen &&
	    listen_parse(slice_str(o->listen), &c->arena, &c->host, &c->port, e) < 0) {
		err_wrap(e, "--listen");
		goto fail;
	}
	if (check_listen(c, e) < 0) {
		if (o && o->listen)
			err_wrap(e, "--listen");
		goto fail;
	}
	if (!c->tokens)
		c->tokens = arena_printf(&c->arena, "%s/tokens", c->data_dir ? c->data_dir : "");
	if (!c->data_dir || !c->tokens) {
		err_set(e, ERR_MEMORY, "no memory for the configuration");
		goto fail;
	}
	return c;
fail:
	config_unref(c);
	return NULL;
}

size_t config_submit_limit(const struct config *c)
{
	size_t most = 0;

	for (size_t i = 0; i < c->nfeeds; i++)
		if (c->feeds[i].submit && (size_t)c->feeds[i].body_limit > most)
			most = (size_t)c->feeds[i].body_limit;
	return most;
}

struct engine_options config_engine(const struct config *c, unsigned features)
{
	return (struct engine_options){ .features = features,
					.lookback_ms = c->query.lookback_ms,
					.timeout_ms = c->query.timeout_ms,
					.max_points = (size_t)c->query.max_samples,
					.concurrent = (unsigned)c->query.max_concurrency,
					.memory_bytes = (size_t)c->query.max_memory };
}

struct config *config_ref(struct config *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void config_unref(struct config *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	web_unref(c->web);
	arena_release(&c->arena);
	mem_free(c);
}
