/*
 * api_findings.c - "/api/v1/findings": doubted figures, what was asked and answered.
 *
 *     GET  /api/v1/findings                 anybody who may ask; with a token only what is its own
 *     POST /api/v1/findings/answer          an owner's token
 *     POST /api/v1/admin/findings/accept    the bureau (admin.c)
 */
#include "exporters/findings.h"
#include "exporters/members.h"
#include "exporters/params.h"

#include "base/text.h"

#include <math.h>

enum { ARENA_BYTES = 64 << 20, SHOWN_DEFAULT = 100 };

/* --- arguments ----------------------------------------------------------------------------- */

static int read_states(struct slice text, unsigned *out, struct err *e)
{
	enum finding_state s;
	char shown[TEXT_SHOWN];

	*out = 0;
	while (text.n) {
		const char *comma = memchr(text.p, ',', text.n);
		struct slice word = slice_of(text.p, comma ? (size_t)(comma - text.p) : text.n);

		if (!finding_state_parse(word, &s))
			return err_set(e, ERR_INVALID,
				       "invalid parameter \"state\": there is no state %s",
				       text_shown(word, shown));
		*out |= 1U << s;
		text = slice_skip(text, word.n + (comma != NULL));
	}
	return 0;
}

static int read_limit(const struct exchange *x, size_t *out, struct err *e)
{
	uint64_t limit = SHOWN_DEFAULT;

	if (exchange_param(x, "limit").n && param_limit(x, "limit", &limit, e) < 0)
		return -1;
	*out = limit && limit < FINDINGS_SHOWN_MAX ? (size_t)limit : FINDINGS_SHOWN_MAX;
	return 0;
}

int findings_wanted(const struct exchange *x, struct finding_wanted *out, struct err *e)
{
	*out = (struct finding_wanted){
		.source = exchange_param(x, "feed"),
		.owner = exchange_param(x, "owner"),
		.unit = exchange_param(x, "unit"),
		.indicator = exchange_param(x, "indicator"),
		.period = exchange_param(x, "period"),
		.reason = exchange_param(x, "reason"),
	};
	if (read_states(exchange_param(x, "state"), &out->states, e) < 0 ||
	    read_limit(x, &out->limit, e) < 0)
		return -1;
	return param_limit(x, "before", &out->before, e);
}

int findings_read(const struct exporter_view *view, const struct finding_wanted *want,
		  struct arena *a, struct finding **out, size_t *n, bool *more, struct err *e)
{
	struct snapshot *v = snapshot_open(view->store, 0, e);
	int rc = v ? snapshot_findings(v, want, a, out, n, more, e) : -1;

	if (v)
		snapshot_close(v);
	return rc;
}

/* --- who asks -------------------------------------------------------------------------------- */

static void refuse_token(struct exchange *x, const struct err *e)
{
	if (e->code != ERR_REFUSED) {
		exchange_set_header(x, "Retry-After", "1");
		reply_api_error(x, 503, "unavailable", e);
		return;
	}
	exchange_set_header(x, "WWW-Authenticate",
			    "Bearer realm=\"parkwatch\", error=\"invalid_token\"");
	reply_api_error(x, 401, "unauthorized", e);
}

/* 1: a token, its holder in *who; 0: none was shown; -1: refused. */
static int holder_of(struct exchange *x, struct bearer *who)
{
	const struct exporter_view *view = x->ctx;
	struct err e = { 0 };
	int rc = view->bearer ? view->bearer(view->ctx, exchange_header(x, "Authorization"),
					     &x->arena, who, &e)
			      : 0;

	if (rc < 0)
		refuse_token(x, &e);
	return rc;
}

static void confine(struct finding_wanted *want, const struct bearer *who)
{
	want->units = who->units;
	want->nunits = who->nunits;
	want->indicators = who->indicators;
	want->nindicators = who->nindicators;
}

/* --- the list -------------------------------------------------------------------------------- */

static void put_value(struct json_writer *j, const char *key, double v)
{
	json_key(j, key);
	if (isnan(v))
		json_null(j);
	else
		json_f64(j, v);
}

static void put_event(struct json_writer *j, const struct finding_event *v)
{
	json_object(j);
	put_text(j, "state", finding_state_name(v->to));
	put_time(j, "time", v->t_ms);
	put_text(j, "by", v->by);
	put_text(j, "text", v->text);
	if (v->submission)
		put_number(j, "submission", v->submission);
	if (v->entry)
		put_number(j, "entry", v->entry);
	json_end(j);
}

static void put_finding(struct json_writer *j, const struct finding *f)
{
	json_object(j);
	put_number(j, "id", f->id);
	put_text(j, "state", finding_state_name(f->state));
	put_text(j, "reason", f->reason);
	put_text(j, "unit", f->unit);
	put_text(j, "indicator", f->indicator);
	put_text(j, "freq", f->freq);
	put_text(j, "basis", f->basis);
	put_text(j, "period", f->period);
	put_value(j, "value", f->value);
	put_value(j, "against", f->against);
	put_number(j, "submission", f->submission);
	put_text(j, "feed", f->source);
	put_text(j, "owner", f->owner);
	put_time(j, "opened", f->opened_ms);
	put_text(j, "text", f->text);
	put_text(j, "text_zh", f->text_zh);
	json_key(j, "history");
	json_array(j);
	for (size_t i = 0; i < f->nevents; i++)
		put_event(j, &f->events[i]);
	json_end(j);
	json_end(j);
}

static void put_list(struct exchange *x, const struct finding *list, size_t n, bool more)
{
	struct json_writer j;

	api_begin(&j, x);
	json_object(&j);
	json_key(&j, "findings");
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		put_finding(&j, &list[i]);
	json_end(&j);
	if (more)
		put_number(&j, "before", list[n - 1].id);
	json_end(&j);
	api_end(&j);
}

void serve_findings(struct exchange *x)
{
	struct bearer who = { 0 };
	struct finding_wanted want;
	struct finding *list;
	struct err e = { 0 };
	struct arena a;
	bool more;
	size_t n;
	int token = holder_of(x, &who);

	if (token < 0)
		return;
	if (findings_wanted(x, &want, &e) < 0) {
		reply_api_error(x, 400, "bad_data", &e);
		return;
	}
	if (token) {
		if (want.owner.n && !slice_is(want.owner, who.owner)) {
			reply_api_text(x, 403, "forbidden", "the token belongs to another owner");
			return;
		}
		confine(&want, &who);
		want.owner = slice_str(who.owner);
	}
	arena_init(&a, ARENA_BYTES);
	if (findings_read(x->ctx, &want, &a, &list, &n, &more, &e) < 0)
		reply_store_error(x, &e);
	else
		put_list(x, list, n, more);
	arena_release(&a);
}

/* --- answer and acceptance ---------------------------------------------------------- */

static unsigned status_of(const struct err *e, const char **type)
{
	*type = "bad_data";
	switch (e->code) {
	case ERR_INVALID:
		return 400;
	case ERR_NOT_FOUND:
		*type = "not_found";
		return 404;
	case ERR_EXISTS:
	case ERR_LIMIT:
		*type = "conflict";
		return 409;
	case ERR_FULL:
		*type = "unavailable";
		return 507;
	case ERR_BUSY:
	case ERR_MEMORY:
	case ERR_CANCELLED:
	case ERR_TIMEOUT:
		*type = "unavailable";
		return 503;
	default:
		*type = "internal";
		return 500;
	}
}

static void refuse_act(struct exchange *x, const struct err *e)
{
	const char *type;
	unsigned status = status_of(e, &type);

	reply_api_error(x, status, type, e);
}

static int read_act(struct exchange *x, struct finding_act *act, struct err *e)
{
	const struct exporter_view *view = x->ctx;
	struct slice text = exchange_param(x, "text");
	const char *fault = finding_text_fault(text, FINDING_TEXT_MAX);

	if (param_limit(x, "id", &act->finding, e) < 0)
		return -1;
	if (!act->finding)
		return err_set(e, ERR_INVALID, "id=N is wanted, the number of a finding");
	if (fault)
		return err_set(e, ERR_INVALID, "invalid parameter \"text\": it %s", fault);
	act->text = text.n ? arena_strndup(&x->arena, text.p, text.n) : "";
	act->t_ms = view->now(view->ctx);
	return act->text ? 0 : err_set(e, ERR_MEMORY, "no memory for this request");
}

static int find(struct exchange *x, uint64_t id, struct finding *out, struct err *e)
{
	const struct exporter_view *view = x->ctx;
	struct snapshot *v = snapshot_open(view->store, 0, e);
	int rc = v ? snapshot_finding(v, id, &x->arena, out, e) : -1;

	if (v)
		snapshot_close(v);
	return rc;
}

void findings_act(struct exchange *x, const struct finding_act *act)
{
	const struct exporter_view *view = x->ctx;
	struct json_writer j;
	struct finding f;
	struct err e = { 0 };

	if (store_act_on_finding(view->store, act, &e) < 0 || find(x, act->finding, &f, &e) < 0) {
		refuse_act(x, &e);
		return;
	}
	api_begin(&j, x);
	put_finding(&j, &f);
	api_end(&j);
}

/* Whether it is the token's: of its owner, its units, its indicators. */
static bool is_own(const struct finding *f, const struct bearer *who)
{
	struct finding_wanted own = { .owner = slice_str(who->owner) };

	confine(&own, who);
	return strcmp(f->owner, who->owner) == 0 && finding_fits(f, &own);
}

void serve_finding_answer(struct exchange *x)
{
	struct finding_act act = { .to = FINDING_ANSWERED };
	struct bearer who = { 0 };
	struct finding f;
	struct err e = { 0 };
	int token = holder_of(x, &who);

	if (token < 0)
		return;
	if (token == 0) {
		exchange_set_header(x, "WWW-Authenticate", "Bearer realm=\"parkwatch\"");
		reply_api_text(x, 401, "unauthorized",
			       "a token is wanted: Authorization: Bearer TOKEN");
		return;
	}
	if (read_act(x, &act, &e) < 0 || find(x, act.finding, &f, &e) < 0) {
		refuse_act(x, &e);
		return;
	}
	if (!is_own(&f, &who)) {
		reply_api_text(x, 403, "forbidden", "this finding is not the token's to answer");
		return;
	}
	act.by = arena_printf(&x->arena, "token %s", who.id);
	if (act.by)
		findings_act(x, &act);
	else
		reply_api_text(x, 503, "unavailable", "no memory for this request");
}

void findings_accept(struct exchange *x, const char *by)
{
	struct finding_act act = { .to = FINDING_ACCEPTED, .by = by };
	struct err e = { 0 };

	if (read_act(x, &act, &e) < 0)
		refuse_act(x, &e);
	else
		findings_act(x, &act);
}
