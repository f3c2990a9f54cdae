/*
 * script.c - the text of a script, line by line, into commands.
 */
#include "tests/promql/script.h"

#include "base/duration.h"
#include "query/features.h"
#include "query/lex.h"

enum { SCRIPT_BYTES = 256 << 20 };

/* Lines are trimmed; a comment is an empty one. */
struct reading {
	struct slice text;
	size_t at;
	unsigned line;
	struct script *s;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trim(struct slice s)
{
	while (s.n && blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool next_line(struct reading *r, struct slice *out)
{
	const char *end;
	size_t n;

	if (r->at >= r->text.n)
		return false;
	end = memchr(r->text.p + r->at, '\n', r->text.n - r->at);
	n = end ? (size_t)(end - r->text.p) - r->at : r->text.n - r->at;
	*out = trim(slice_of(r->text.p + r->at, n));
	if (slice_starts(*out, "#"))
		*out = slice_str("");
	r->at += n + 1;
	r->line++;
	return true;
}

/* The next line of a block: false at its end. */
static bool next_in_block(struct reading *r, struct slice *out)
{
	return next_line(r, out) && out->n > 0;
}

static struct slice take_word(struct slice *line)
{
	size_t n = 0;

	*line = trim(*line);
	while (n < line->n && !blank(line->p[n]))
		n++;
	struct slice word = slice_of(line->p, n);

	*line = trim(slice_skip(*line, n));
	return word;
}

static int take_duration(struct slice *line, int64_t *ms, struct err *e)
{
	return duration_parse(take_word(line), ms, e);
}

static bool take_literal(struct slice *line, const char *text)
{
	struct slice rest = *line;

	if (!slice_is(take_word(&rest), text))
		return false;
	*line = rest;
	return true;
}

static int full(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the script is too long");
}

static struct script_command *new_command(struct reading *r, enum script_command_kind kind,
					  struct err *e)
{
	struct script *s = r->s;

	s->c = arena_grow(&s->arena, s->c, s->n, &s->room, s->n + 1, sizeof(*s->c));
	if (!s->c) {
		full(e);
		return NULL;
	}
	s->c[s->n] = (struct script_command){ .kind = kind, .line = r->line };
	return &s->c[s->n++];
}

static int add_series(struct reading *r, struct slice line, struct script_series_list *to,
		      struct err *e)
{
	struct arena *a = &r->s->arena;

	to->s = arena_grow(a, to->s, to->n, &to->room, to->n + 1, sizeof(*to->s));
	if (!to->s) {
		to->n = 0;
		return full(e);
	}
	if (script_read_series(line, a, &to->s[to->n], e) < 0)
		return -1;
	to->n++;
	return 0;
}

/* --- load ----------------------------------------------------------------------------------- */

static int read_load(struct reading *r, struct slice word, struct slice line, struct err *e)
{
	struct script_command *c = new_command(r, SCRIPT_LOAD, e);

	if (!c || take_duration(&line, &c->load.step_ms, e) < 0)
		return -1;
	c->load.custom_buckets = slice_is(word, "load_with_nhcb");
	while (next_in_block(r, &line))
		if (add_series(r, line, &c->load.series, e) < 0)
			return -1;
	return 0;
}

/* --- eval ------------------------------------------------------------------------------------ */

static int add_message(struct reading *r, struct script_messages *to, enum script_how how,
		       struct slice text, struct err *e)
{
	to->wanted = true;
	if (how == MESSAGE_ANY)
		return 0;
	to->m = arena_grow(&r->s->arena, to->m, to->n, &to->room, to->n + 1, sizeof(*to->m));
	if (!to->m)
		return full(e);
	to->m[to->n++] = (struct script_message){ how, text };
	return 0;
}

static int read_message(struct reading *r, struct script_messages *to, struct slice line,
			struct err *e)
{
	if (line.n == 0)
		return add_message(r, to, MESSAGE_ANY, line, e);
	if (slice_starts(line, "msg:"))
		return add_message(r, to, MESSAGE_IS, trim(slice_skip(line, 4)), e);
	if (slice_starts(line, "regex:"))
		return add_message(r, to, MESSAGE_MATCHES, trim(slice_skip(line, 6)), e);
	return err_set(e, ERR_INVALID, "expect … msg: or regex:, not \"%.*s\"", SLICE_FMT(line));
}

/* from A to B step S */
static int read_times(struct slice *line, struct script_eval *v, struct err *e)
{
	if (!take_literal(line, "from") || take_duration(line, &v->start_ms, e) < 0 ||
	    !take_literal(line, "to") || take_duration(line, &v->end_ms, e) < 0 ||
	    !take_literal(line, "step") || take_duration(line, &v->step_ms, e) < 0)
		return err_set(e, ERR_INVALID, "from TIME to TIME step TIME is missing");
	return 0;
}

static int read_expect(struct reading *r, struct script_eval *v, struct slice line, struct err *e)
{
	struct slice what = take_word(&line);

	if (slice_is(what, "ordered")) {
		v->ordered = true;
		return 0;
	}
	if (slice_is(what, "no_warn")) {
		v->warnings.forbidden = true;
		return 0;
	}
	if (slice_is(what, "no_info")) {
		v->infos.forbidden = true;
		return 0;
	}
	if (slice_is(what, "fail")) {
		v->fails = true;
		return read_message(r, &v->errors, line, e);
	}
	if (slice_is(what, "warn"))
		return read_message(r, &v->warnings, line, e);
	if (slice_is(what, "info"))
		return read_message(r, &v->infos, line, e);
	if (slice_is(what, "string")) {
		v->is_string = true;
		return string_unquote(line, &r->s->arena, &v->string, e);
	}
	if (slice_is(what, "range") && take_literal(&line, "vector")) {
		v->is_matrix = true;
		if (read_times(&line, v, e) < 0)
			return -1;
		v->at_ms = v->end_ms;
		return 0;
	}
	return err_set(e, ERR_INVALID, "cannot expect \"%.*s\"", SLICE_FMT(what));
}

/* A line of the block: 1 when it was the last one. */
static int read_expected(struct reading *r, struct script_eval *v, struct slice line, struct err *e)
{
	struct slice rest = line;

	if (take_literal(&rest, "expect"))
		return read_expect(r, v, rest, e);
	if (v->fails && take_literal(&rest, "expected_fail_message"))
		return add_message(r, &v->errors, MESSAGE_IS, rest, e) < 0 ? -1 : 1;
	if (v->fails && take_literal(&rest, "expected_fail_regexp"))
		return add_message(r, &v->errors, MESSAGE_MATCHES, rest, e) < 0 ? -1 : 1;
	if (script_read_number(line, &v->scalar)) {
		v->is_scalar = true;
		return 1;
	}
	if (add_series(r, line, &v->rows, e) < 0)
		return -1;
	if (!v->is_range && !v->is_matrix && v->rows.s[v->rows.n - 1].n > 1)
		return err_set(e, ERR_INVALID, "an instant query has one value a row");
	return 0;
}

static int read_head(struct script_eval *v, struct slice kind, struct slice line, struct err *e)
{
	v->fails = slice_is(kind, "eval_fail");
	v->ordered = slice_is(kind, "eval_ordered");
	v->warnings.wanted = slice_is(kind, "eval_warn");
	v->infos.wanted = slice_is(kind, "eval_info");
	if (take_literal(&line, "range")) {
		v->is_range = true;
		if (read_times(&line, v, e) < 0)
			return -1;
	} else if (!take_literal(&line, "instant")) {
		return err_set(e, ERR_INVALID, "eval instant or eval range");
	} else if (take_literal(&line, "at") && take_duration(&line, &v->at_ms, e) < 0) {
		return -1;
	}
	v->text = line;
	return line.n ? 0 : err_set(e, ERR_INVALID, "eval without an expression");
}

static int read_eval(struct reading *r, struct slice word, struct slice line, struct err *e)
{
	struct script_command *c = new_command(r, SCRIPT_EVAL, e);
	int done;

	if (!c || read_head(&c->eval, word, line, e) < 0)
		return -1;
	do
		done = next_in_block(r, &line) ? read_expected(r, &c->eval, line, e) : 1;
	while (done == 0);
	return done < 0 ? -1 : 0;
}

static int read_features(struct reading *r, struct slice line, struct err *e)
{
	struct script_command *c = new_command(r, SCRIPT_FEATURES, e);

	if (!c)
		return -1;
	if (slice_is(line, "all"))
		c->features = ~0u;
	else if (!slice_is(line, "none"))
		return features_parse(line, &c->features, e);
	return 0;
}

static int read_command(struct reading *r, struct slice line, struct err *e)
{
	struct slice word = take_word(&line);

	if (slice_is(word, "clear"))
		return new_command(r, SCRIPT_CLEAR, e) ? 0 : -1;
	if (slice_is(word, "features"))
		return read_features(r, line, e);
	if (slice_is(word, "load") || slice_is(word, "load_with_nhcb"))
		return read_load(r, word, line, e);
	if (slice_is(word, "eval") || slice_starts(word, "eval_"))
		return read_eval(r, word, line, e);
	return err_set(e, ERR_INVALID, "no command \"%.*s\"", SLICE_FMT(word));
}

int script_read(struct slice text, struct script *out, struct err *e)
{
	struct reading r = { .text = text, .s = out };
	struct slice line;

	memset(out, 0, sizeof(*out));
	arena_init(&out->arena, SCRIPT_BYTES);
	while (next_line(&r, &line))
		if (line.n > 0 && read_command(&r, line, e) < 0)
			return err_wrap(e, "line %u", r.line);
	return 0;
}

static void forget(struct script_series_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		labels_unref(l->s[i].labels);
}

void script_release(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->c[i].kind == SCRIPT_LOAD)
			forget(&s->c[i].load.series);
		else if (s->c[i].kind == SCRIPT_EVAL)
			forget(&s->c[i].eval.rows);
	arena_release(&s->arena);
}
