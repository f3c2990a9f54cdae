/*
 * api.c - health, and the first endpoints of Prometheus' HTTP API.
 *
 * Shapes are those of prometheus.io/docs/prometheus/latest/querying/api. buildinfo
 * carries no `features` member: with one, Grafana takes us for Mimir.
 */
#include "exporters/handlers.h"
#include "base/json_write.h"
#include "base/num.h"

void reply_error(struct exchange *x, unsigned status, const struct err *e)
{
	buf_clear(&x->reply);
	x->status = status;
	x->content_type = "text/plain; charset=utf-8";
	buf_printf(&x->reply, "%s\n", e->text);
}

static void put_error(const char *type, const char *text, struct buf *out)
{
	struct json_writer j;

	json_init(&j, out);
	json_object(&j);
	json_key(&j, "status");
	json_cstr(&j, "error");
	json_key(&j, "errorType");
	json_cstr(&j, type);
	json_key(&j, "error");
	json_cstr(&j, text);
	json_end(&j);
}

static void write_refusal(unsigned status, bool late, const char *text, struct buf *out)
{
	const char *type = late ? "timeout" : status == 503 ? "unavailable" : "bad_data";

	put_error(status == 500 ? "internal" : type, text, out);
}

const struct http_refusals api_refusals = { "application/json", write_refusal };

void reply_api_text(struct exchange *x, unsigned status, const char *type, const char *text)
{
	buf_clear(&x->reply);
	x->status = status;
	x->content_type = "application/json";
	put_error(type, text, &x->reply);
}

void reply_api_error(struct exchange *x, unsigned status, const char *type, const struct err *e)
{
	reply_api_text(x, status, type, e->text);
}

void serve_healthy(struct exchange *x)
{
	buf_puts(&x->reply, "parkwatch is healthy.\n");
}

void serve_ready(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	const char *why = "";

	if (view->ready(view->ctx, &why)) {
		buf_puts(&x->reply, "parkwatch is ready.\n");
		return;
	}
	x->status = 503;
	buf_printf(&x->reply, "not ready: %s\n", why);
}

/* No page of elsewhere may read an answer, so nothing is said about origins. */
void serve_options(struct exchange *x)
{
	x->status = 204;
	x->content_type = NULL;
}

void api_begin(struct json_writer *j, struct exchange *x)
{
	x->content_type = "application/json";
	json_init(j, &x->reply);
	json_object(j);
	json_key(j, "status");
	json_cstr(j, "success");
	json_key(j, "data");
}

void api_end(struct json_writer *j)
{
	json_end(j);
}

static void alert_labels(struct json_writer *j, const struct labels *ls)
{
	json_key(j, "labels");
	json_object(j);
	for (uint32_t i = 0; i < ls->n; i++) {
		json_key_slice(j, ls->l[i].name);
		json_str(j, ls->l[i].value);
	}
	json_end(j);
}

static void alert_json(struct json_writer *j, const struct alert *a)
{
	char text[NUM_TEXT], when[TIME_TEXT];

	json_object(j);
	alert_labels(j, a->labels);
	json_key(j, "annotations");
	json_object(j);
	if (a->description) {
		json_key(j, "description");
		json_cstr(j, a->description);
	}
	if (a->summary) {
		json_key(j, "summary");
		json_cstr(j, a->summary);
	}
	json_end(j);
	json_key(j, "state");
	json_cstr(j, alert_state_name(a->state));
	json_key(j, "activeAt");
	json_cstr(j, time_print_utc(a->active_ms, when));
	json_key(j, "value");
	num_print_g(a->value, text);
	json_cstr(j, text);
	json_end(j);
}

void serve_alerts(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct json_writer j;
	struct alert *list;
	struct err e;
	size_t n;

	if (alerts_list(view->alerts, false, &x->arena, &list, &n, &e) < 0) {
		reply_api_error(x, 500, "internal", &e);
		return;
	}
	api_begin(&j, x);
	json_object(&j);
	json_key(&j, "alerts");
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		alert_json(&j, &list[i]);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	alerts_list_release(list, n);
}

void serve_buildinfo(struct exchange *x)
{
	static const char *const pairs[][2] = {
		{ "version", PARKWATCH_VERSION },
		{ "revision", "" },
		{ "branch", "" },
		{ "buildUser", "" },
		{ "buildDate", "" },
		{ "goVersion", "" },
		{ "application", "parkwatch" },
	};
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		json_key(&j, pairs[i][0]);
		json_cstr(&j, pairs[i][1]);
	}
	json_end(&j);
	json_end(&j);
}
