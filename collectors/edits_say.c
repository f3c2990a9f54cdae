/*
 * edits_say.c - what an edit that fails means for the figure. See edits.h.
 */
#include "collectors/edits.h"

#include <math.h>
#include <stdarg.h>

static const struct {
	enum refusal hard, soft;
} reasons[EDITS] = {
	[EDIT_RANGE] = { REFUSED_RANGE, SUSPECT_RANGE },
	[EDIT_PART] = { REFUSED_PART, SUSPECT_PART },
	[EDIT_TOTAL] = { REFUSED_TOTAL, SUSPECT_TOTAL },
	[EDIT_UNIT_SLIP] = { REFUSED_UNIT_SLIP, SUSPECT_UNIT_SLIP },
	[EDIT_YTD_FALLS] = { REFUSED_YTD_FALLS, SUSPECT_YTD_FALLS },
	[EDIT_RATIO] = { REFUSED_RATIO, SUSPECT_RATIO },
	[EDIT_PANEL] = { REFUSED_PANEL, SUSPECT_PANEL },
	[EDIT_GROWTH] = { REFUSED_GROWTH, SUSPECT_GROWTH },
};

bool edit_is_on(const struct indicator *i, enum edit edit)
{
	return i->edits[edit] != EDIT_OFF;
}

struct period period_of_index(const struct indicator *i, int64_t index)
{
	return indicator_period(i, period_from_index(i->freq, index));
}

const char *measured(const struct indicator *i, double value, char out[MEASURED_TEXT])
{
	double unit = pow(10, i->scale.shift) * i->scale.mul / i->scale.div;

	snprintf(out, MEASURED_TEXT, "%.12g%.60s", value / unit, i->measure);
	return out;
}

static void append(char text[SAID_MAX], const char *fmt, va_list ap)
{
	size_t n = strlen(text);

	vsnprintf(text + n, SAID_MAX - n, fmt, ap);
	/* A character that did not fit as a whole is left out. */
	text[slice_cut(slice_str(text), SAID_MAX - 4).n] = '\0';
}

void failure_zh(struct failure *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(x->zh, fmt, ap);
	va_end(ap);
}

void failure_en(struct failure *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(x->en, fmt, ap);
	va_end(ap);
}

void failure_init(struct edits *w, struct failure *x, enum edit edit, const struct series *s,
		  struct figure *f)
{
	struct period single = period_from_index(s->indicator->freq, f->index);
	struct slice name;
	char period[PERIOD_TEXT], value[MEASURED_TEXT];

	(void)w;
	*x = (struct failure){ .edit = edit, .f = f, .series = s };
	name = slice_cut(slice_str(unit_name(s->unit, period_last_day(single))), 80);
	failure_en(x, "%.*s, %.100s %s: ", SLICE_FMT(name), s->indicator->code,
		   period_print(single, period));
	failure_zh(x, "%.*s %.*s %s：%s", SLICE_FMT(name),
		   SLICE_FMT(slice_cut(slice_str(s->indicator->name), 80)),
		   period_print_zh(period_of_index(s->indicator, f->index), period),
		   measured(s->indicator, f->value, value));
}

bool failure_decide_at(struct edits *w, struct failure *x, enum edit_rule rule,
		       const struct figure *place)
{
	struct complaint c = { .line = place->line,
			       .column = place->column,
			       .table = place->table };

	if (rule == EDIT_OFF || x->f->doomed)
		return x->f->doomed;
	if (rule == EDIT_HARD) {
		x->f->doomed = true;
		c.why = reasons[x->edit].hard;
		x->f->why = (uint8_t)(c.why + 1);
		failure_zh(x, "。退回，请核对后重报");
	} else {
		x->f->flags |= FIGURE_SUSPECT;
		c.why = reasons[x->edit].soft;
		failure_en(x, "; kept, marked as suspect");
		failure_zh(x, "。已保留并标记存疑，请核对或说明");
	}
	batch_say(w->batch, c, x->zh, x->en);
	if (rule == EDIT_SOFT)
		edits_doubt(w, x, refusal_name(c.why));
	return rule == EDIT_HARD;
}

void failure_share(struct edits *w, struct figure *f, enum edit edit, enum edit_rule rule)
{
	if (rule == EDIT_OFF || f->doomed)
		return;
	if (rule == EDIT_HARD) {
		f->doomed = true;
		f->why = (uint8_t)(reasons[edit].hard + 1);
	} else {
		f->flags |= FIGURE_SUSPECT;
	}
	batch_count(w->batch, rule == EDIT_HARD ? reasons[edit].hard : reasons[edit].soft, 1);
}

bool failure_decide_as(struct edits *w, struct failure *x, enum edit_rule rule)
{
	return failure_decide_at(w, x, rule, x->f);
}

bool failure_decide(struct edits *w, struct failure *x)
{
	return failure_decide_as(w, x, (enum edit_rule)x->series->indicator->edits[x->edit]);
}
