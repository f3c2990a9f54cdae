/*
 * resolve.c - see resolve.h.
 *
 * Each distinct text of an axis gets a number. A figure then costs three look-ups
 * of texts (none for a text that repeats itself from row to row) and two or three
 * of pairs of numbers:
 *
 *     (period text, indicator) -> period, stamp, months
 *     (unit text, last day)    -> unit: a name may pass from one unit to another
 *     (unit, indicator)        -> series
 */
#include "collectors/resolve.h"

#include "base/text.h"
#include "collectors/heading.h"

enum { NAME_MAX_BYTES = 1024 }; /* a longer text is no name */

struct text_entry {
	struct slice text;
	uint32_t id;
	struct text_entry *after;          /* what came behind it the last time */
	struct known_indicator *indicator; /* of indicator texts */
	bool parsed;                       /* of period texts */
	struct period period;
	const char *wrong;          /* why it is no period */
	struct known_unit *refused; /* of unit texts: the newest one */
	bool unknown;               /* likewise: refused whatever the day */
};

/* A unit that is refused answers for all its series: the refusal is in one without a series. */
struct known_unit {
	struct known_series none;
	const struct unit *unit;
};

static int no_room(struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document's names need more memory than it may have");
}

/* --- texts --------------------------------------------------------------------------- */

static struct text_entry *text_entry(struct resolver *r, struct texts *t, struct slice text,
				     struct err *e)
{
	struct text_entry *last = t->last, *x = last;

	if (x && slice_eq(x->text, text))
		return x;
	/* Rows come in turns: months behind each other, units behind each other. */
	x = last ? last->after : NULL;
	if (x && slice_eq(x->text, text)) {
		t->last = x;
		return x;
	}
	x = map_get(&t->map, text);
	if (!x) {
		x = arena_new(r->arena, struct text_entry);
		if (!x || !(x->text = arena_slice(r->arena, text)).p) {
			no_room(e);
			return NULL;
		}
		x->id = t->n++;
		if (map_put(&t->map, x->text, x, e) < 0)
			return NULL;
	}
	if (last)
		last->after = x;
	t->last = x;
	return x;
}

/* A look-up that failed for want of memory says nothing of the name. */
static bool is_trouble(const struct err *why, struct err *e)
{
	if (why->code != ERR_MEMORY && why->code != ERR_LIMIT)
		return false;
	*e = *why;
	return true;
}

/* An empty list has everything. */
static bool is_listed(const char *const *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], id) == 0)
			return true;
	return n == 0;
}

/* --- refusals ------------------------------------------------------------------------- */

static void refuse(struct resolver *r, struct refused *to, enum refusal why, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse(struct resolver *r, struct refused *to, enum refusal why, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	to->why = why;
	to->text = arena_strdup(r->arena, text);
	if (!to->text)
		to->text = refusal_name(why);
}

/* Whether a sentence that is new will be read: what was meant instead is not looked for in vain. */
static bool is_heard(const struct resolver *r)
{
	return r->batch->ncomplaints < BATCH_COMPLAINTS_MAX;
}

static int fault_axis(enum refusal why)
{
	switch (why) {
	case REFUSED_UNIT:
	case REFUSED_TOKEN_UNIT:
	case REFUSED_SERIES:
		return AXIS_UNIT;
	case REFUSED_INDICATOR:
	case REFUSED_MEASURE:
	case REFUSED_TOKEN_INDICATOR:
		return AXIS_INDICATOR;
	default:
		return AXIS_PERIOD;
	}
}

bool resolver_refuses(struct resolver *r, struct refused *why, const struct fact *f)
{
	struct fact_place at = fact_place(f, fault_axis(why->why));
	size_t before = r->batch->ncomplaints;

	if (!why->text)
		return false;
	if (why->said) {
		why->more++;
		batch_count(r->batch, why->why, 1);
		return true;
	}
	batch_complain_of(r->batch, why->why, at.line, at.column, f->text[fault_axis(why->why)],
			  "%s", why->text);
	why->said = true;
	if (r->batch->ncomplaints > before) {
		why->complaint = before;
		why->next = r->said;
		r->said = why;
	}
	return true;
}

void resolver_finish(struct resolver *r)
{
	for (struct refused *why = r->said; why; why = why->next) {
		struct complaint *c = &r->batch->complaints[why->complaint];
		const char *text;

		if (!why->more)
			continue;
		text = arena_printf(&r->batch->arena, "%s (and %zu more figure%s)", c->text,
				    why->more, why->more == 1 ? "" : "s");
		if (text)
			c->text = text;
		text = arena_printf(&r->batch->arena, "%s（另有 %zu 个数据相同）", c->text_zh,
				    why->more);
		if (text)
			c->text_zh = text;
	}
	r->said = NULL;
}

/* --- indicators ------------------------------------------------------------------------ */

static int pair_of(struct resolver *r, struct slice text, const struct name_pair **pair,
		   struct err *e)
{
	struct slice key;

	*pair = NULL;
	if (!r->doc->nnames || text.n > NAME_MAX_BYTES || utf8_bad_at(text) >= 0)
		return 0;
	key = text_key(text, r->arena);
	if (!key.p)
		return no_room(e);
	*pair = map_get(&r->name_pairs, key);
	return 0;
}

/* The scale of a measure, which must lead to the same base as the indicator's own. */
static int set_measure(struct resolver *r, struct known_indicator *k, struct slice measure,
		       struct err *e)
{
	const char *base;
	struct err why;
	char shown[TEXT_SHOWN];

	if (slice_is(measure, k->indicator->measure))
		return 0;
	if (measure_find(measure, &k->scale, &base, &why) < 0) {
		refuse(r, &k->refused, REFUSED_MEASURE, "measure of %s: %s", k->indicator->code,
		       why.text);
		return is_trouble(&why, e) ? -1 : 0;
	}
	if (strcmp(base, k->base) != 0)
		refuse(r, &k->refused, REFUSED_MEASURE,
		       "%s cannot be a measure of %s, which is in %s", text_shown(measure, shown),
		       k->indicator->code, k->indicator->measure);
	return 0;
}

/* Whether a text is a measure, and the base it leads to ("" when it is none). */
static int base_of(struct slice text, const char **base, bool *known, struct err *e)
{
	struct num_scale scale;
	struct err why;

	*base = "";
	*known = measure_find(text, &scale, base, &why) == 0;
	return *known || !is_trouble(&why, e) ? 0 : -1;
}

/* Reads a heading, and what stands in its brackets as a part of it unless that is a measure.
 * *unremarked: the name without. */
static int read_heading(struct resolver *r, struct slice text, struct heading *h,
			struct slice *unremarked, struct err *e)
{
	const char *base;
	bool known;

	if (!heading_read(text, r->arena, h))
		return no_room(e);
	*unremarked = h->name;
	if (!h->measure.n)
		return 0;
	if (base_of(h->measure, &base, &known, e) < 0)
		return -1;
	return known || heading_take_remark(h, r->arena) ? 0 : no_room(e);
}

static int link_names(struct resolver *r, struct err *e)
{
	for (size_t n = r->bare_names ? r->nbare_names : 0; n-- > 0;) {
		struct bare_name *b = &r->bare_names[n];

		b->same_key = map_get(&r->by_key, b->key);
		b->same_unremarked = map_get(&r->by_unremarked, b->unremarked);
		if (map_put(&r->by_key, b->key, b, e) < 0 ||
		    map_put(&r->by_unremarked, b->unremarked, b, e) < 0)
			return -1;
	}
	return 0;
}

/* What the catalogue's names and aliases are without words of form, once a document. */
static int read_names(struct resolver *r, struct err *e)
{
	size_t n = catalogue_indicators(r->cat), cap = 0;
	struct slice unremarked;
	struct heading h;

	for (size_t k = 0; k < n; k++) {
		const struct indicator *i = catalogue_indicator_at(r->cat, k);

		for (size_t a = 0; a <= i->naliases; a++) {
			void *p = arena_grow(r->arena, r->bare_names, r->nbare_names, &cap,
					     r->nbare_names + 1, sizeof(*r->bare_names));

			if (!p)
				return no_room(e);
			r->bare_names = p;
			if (read_heading(r, slice_str(a ? i->aliases[a - 1] : i->name), &h,
					 &unremarked, e) < 0)
				return -1;
			r->bare_names[r->nbare_names++] = (struct bare_name){
				.key = h.name, .unremarked = unremarked, .indicator = i
			};
		}
	}
	return link_names(r, e);
}

static const char *form_words(const struct indicator *i)
{
	static const char *const words[] = {
		[FORM_PERIOD] = "a figure of the period",
		[FORM_YTD] = "one since New Year",
		[FORM_LEVEL] = "a level",
	};

	if (i->form == FORM_GROWTH)
		return strcmp(i->basis, "ytd") == 0 ? "a growth rate since New Year"
						    : "a growth rate of the period";
	return words[i->form];
}

/* What by_heading() has met so far. */
struct met {
	const struct indicator *indicator, *other; /* two that fit */
	const struct indicator *near;              /* one in another form */
};

static void meet(struct met *m, const struct heading *h, const struct indicator *i)
{
	if (i == m->indicator)
		return;
	if (!heading_fits(h, i)) {
		if (!m->near || m->near->form == FORM_GROWTH)
			m->near = i;
	} else if (!m->indicator) {
		m->indicator = i;
	} else if (!m->other) {
		m->other = i;
	}
}

/* 增加值 累计增速 may be 增加值增速(可比价), when nothing is called so without the brackets; but
 * 投资(不含农户) is not 投资. */
static struct met meet_all(const struct resolver *r, const struct heading *h, bool remarked)
{
	const struct bare_name *b;
	struct met m = { 0 };

	for (b = map_get(&r->by_key, h->name); b; b = b->same_key)
		meet(&m, h, b->indicator);
	if (remarked || m.indicator || m.near)
		return m;
	for (b = map_get(&r->by_unremarked, h->name); b; b = b->same_unremarked)
		meet(&m, h, b->indicator);
	return m;
}

/* The indicator that a heading such as "其中：工业投资 上年同期累计(万元)" is about; it stays NULL
 * when there is none, with the reason refused when there are two. */
static int by_heading(struct resolver *r, struct known_indicator *k, struct slice text,
		      struct slice *measure, struct err *e)
{
	struct slice unremarked;
	struct met m = { 0 };
	struct heading h;
	char shown[TEXT_SHOWN];

	if (!r->bare_names && read_names(r, e) < 0)
		return -1;
	if (read_heading(r, text, &h, &unremarked, e) < 0)
		return -1;
	if (h.name.n)
		m = meet_all(r, &h, h.name.n != unremarked.n);
	if (m.other)
		refuse(r, &k->refused, REFUSED_INDICATOR, "%s may be %s or %s",
		       text_shown(text, shown), m.indicator->code, m.other->code);
	else if (!m.indicator && m.near)
		refuse(r, &k->refused, REFUSED_INDICATOR, "%s is %s, but %s is kept as %s",
		       text_shown(text, shown), heading_form_words(&h), m.near->code,
		       form_words(m.near));
	k->indicator = m.other ? NULL : m.indicator;
	k->year_ago = h.year_ago;
	k->rate = h.rate;
	*measure = h.measure;
	return 0;
}

/* Whether each row says of its one indicator in what it counts. */
static bool row_has_measure(const struct resolver *r)
{
	const struct layout *l = r->doc->layout;

	return !l || (l->measure.where == AXIS_COLUMN && l->indicator.where == AXIS_COLUMN &&
		      !l->indicator.headed);
}

static int find_indicator(struct resolver *r, struct known_indicator *k, struct slice text,
			  struct err *e)
{
	const struct token_rights *rights = r->doc->rights;
	const struct name_pair *pair;
	struct slice name = text, inside = slice_of("", 0), measure = slice_of("", 0);
	struct err why;
	const char *base;
	bool bracket = heading_cut_bracket(text, &name, &inside), known = false, plain;

	if (pair_of(r, text, &pair, e) < 0 ||
	    (pair && bracket && base_of(inside, &base, &known, e) < 0))
		return -1;
	if (known)
		measure = inside; /* else it belongs to the name that was configured */
	if (!pair && bracket) {
		if (pair_of(r, name, &pair, e) < 0)
			return -1;
		measure = pair ? inside : measure;
	}
	if (pair) {
		k->indicator = catalogue_indicator(r->cat, slice_str(pair->code));
		if (!measure.n)
			measure = slice_str(pair->measure);
		if (!k->indicator)
			err_set(&why, ERR_NOT_FOUND, "no indicator has the code '%s'", pair->code);
	} else
		k->indicator = catalogue_find_indicator_plainly(r->cat, text, &measure, &why);
	plain = k->indicator != NULL;
	if (!k->indicator && is_trouble(&why, e))
		return -1;
	if (!k->indicator && !pair && by_heading(r, k, text, &measure, e) < 0)
		return -1;
	if (!k->indicator) {
		if (!k->refused.text && !pair && is_heard(r))
			catalogue_find_indicator(r->cat, text, NULL, &why);
		if (!k->refused.text)
			refuse(r, &k->refused, REFUSED_INDICATOR, "%s", why.text);
		return is_trouble(&why, e) ? -1 : 0;
	}
	if (rights && !is_listed(rights->indicators, rights->nindicators, k->indicator->code))
		refuse(r, &k->refused, REFUSED_TOKEN_INDICATOR,
		       "%s is not among the indicators of this token", k->indicator->code);
	k->scale = k->indicator->scale;
	if (base_of(slice_str(k->indicator->measure), &k->base, &known, e) < 0)
		return -1;
	k->measured = measure.n > 0;
	k->rate = (k->rate || plain) && k->indicator->form == FORM_GROWTH && !row_has_measure(r);
	return measure.n && !k->refused.text ? set_measure(r, k, measure, e) : 0;
}

struct known_indicator *resolve_indicator(struct resolver *r, struct slice text, struct err *e)
{
	struct text_entry *x = text_entry(r, &r->indicator_texts, text, e);

	if (!x || x->indicator)
		return x ? x->indicator : NULL;
	x->indicator = arena_new(r->arena, struct known_indicator);
	if (!x->indicator) {
		no_room(e);
		return NULL;
	}
	x->indicator->id = x->id;
	return find_indicator(r, x->indicator, x->text, e) < 0 ? NULL : x->indicator;
}

/* --- periods -------------------------------------------------------------------------- */

static const char *freq_words(enum freq f)
{
	switch (f) {
	case FREQ_MONTH:
		return "month";
	case FREQ_QUARTER:
		return "quarter";
	case FREQ_HALF:
		return "half-year";
	case FREQ_YEAR:
		return "year";
	default:
		return "day";
	}
}

static bool is_cumulative(const struct indicator *i)
{
	return i->basis && strcmp(i->basis, "ytd") == 0;
}

/* The period of the indicator's frequency that ends with `p`, when one does. */
static bool ends_with(const struct indicator *i, struct period p, struct period *out)
{
	if (p.freq == FREQ_DAY || freq_months(i->freq) == 0 ||
	    p.last_month % freq_months(i->freq) != 0)
		return false;
	*out = period_of(i->freq, period_last_day(p));
	return true;
}

/* January to month m: a cumulative figure has it as the figure of month m, a figure of the period
 * only where the run is what the indicator collects ("January-February", or a quarter's months). */
static bool take_run(const struct indicator *i, struct period p, struct period *out)
{
	struct period single;

	if (!ends_with(i, p, &single))
		return false;
	if (i->freq == FREQ_MONTH)
		single = period_month(p.year, p.last_month);
	*out = single;
	if (strcmp(i->basis, "period") != 0)
		return p.first_month == 1;
	if (i->freq != FREQ_MONTH)
		return single.first_month == p.first_month;
	/* A published growth rate of a merged period too, though its form is not FORM_PERIOD. */
	return period_eq(indicator_period(i, single), p) ||
	       (!indicator_collects(i, period_month(p.year, 1)) && p.first_month == 1 &&
		p.last_month == 2);
}

/* Offices name the quarters of a cumulative figure 一季度, 上半年, 前三季度, 全年; a year alone
 * says too little of a monthly one. */
static bool take_coarser(const struct indicator *i, struct period p, struct period *out)
{
	return is_cumulative(i) && p.first_month == 1 && p.freq != FREQ_DAY &&
	       (i->freq != FREQ_MONTH || p.freq != FREQ_YEAR) &&
	       freq_months(p.freq) > freq_months(i->freq) && ends_with(i, p, out);
}

/* A workbook's month is often the date of its first or last day. */
static struct period period_of_date(const struct indicator *i, struct period p)
{
	struct date day = { p.year, p.first_month, p.day };
	struct period whole;

	if (p.freq != FREQ_DAY || i->freq == FREQ_DAY)
		return p;
	whole = period_of(i->freq, day);
	return date_cmp(day, period_first_day(whole)) == 0 ||
			       date_cmp(day, period_last_day(whole)) == 0
		       ? whole
		       : p;
}

static void fit_period(struct resolver *r, struct known_period *k, struct period p,
		       const struct known_indicator *known)
{
	const struct indicator *i = known->indicator;
	bool run = p.freq == FREQ_MONTH && p.first_month != p.last_month, fits;
	char text[PERIOD_TEXT];

	p = period_of_date(i, p);
	period_print(p, text);
	if (known->year_ago && p.freq == FREQ_DAY && p.first_month == 2 && p.day == 29) {
		refuse(r, &k->refused, REFUSED_PERIOD, "%s has no same day a year before", text);
		return;
	}
	p.year -= known->year_ago;
	fits = run ? take_run(i, p, &k->period) : p.freq == i->freq;
	if (!run && fits)
		k->period = p;
	else if (!fits)
		fits = take_coarser(i, p, &k->period);
	if (!fits && run)
		refuse(r, &k->refused, REFUSED_PERIOD,
		       "%s is a run of months, but %s is a figure of the single %s", text, i->code,
		       freq_words(i->freq));
	else if (!fits)
		refuse(r, &k->refused, REFUSED_PERIOD, "%s is a %s, but %s is reported by %s", text,
		       freq_words(p.freq), i->code, freq_words(i->freq));
	else if (!indicator_collects(i, k->period))
		refuse(r, &k->refused, REFUSED_PERIOD,
		       "%s: %s is not collected for January by itself; February covers both months",
		       text, i->code);
	else if (!validity_holds(i->valid, period_last_day(k->period)))
		refuse(r, &k->refused, REFUSED_INDICATOR, "%s is not in use in %s", i->code, text);
}

static void date_period(struct resolver *r, struct known_period *k, const struct indicator *i)
{
	const struct zone *z = catalogue_zone(r->cat);
	char text[PERIOD_TEXT];

	k->last_day = period_last_day(k->period);
	k->day = (uint32_t)date_to_days(k->last_day);
	k->index = (int32_t)period_index(k->period);
	k->stamp_ms = period_stamp(k->period, z);
	k->months = (uint8_t)period_months(indicator_period(i, k->period));
	if (period_end(k->period, z) <= r->doc->now_ms)
		return;
	if (i->preliminary)
		k->flags |= FIGURE_PROVISIONAL;
	else
		refuse(r, &k->refused, REFUSED_NOT_ENDED,
		       "%s has not ended yet, and %s takes no preliminary figures",
		       period_print(k->period, text), i->code);
}

/* Reads the text once, whatever the indicators. */
static int parse_period(struct resolver *r, struct text_entry *x, struct err *e)
{
	bool folded;
	struct slice text = text_fold_width(x->text, r->arena, &folded);
	struct err why;

	if (!text.p)
		return no_room(e);
	x->parsed = true;
	if (period_parse(text, &x->period, &why) == 0)
		return 0;
	x->wrong = arena_strdup(r->arena, why.text);
	return x->wrong ? 0 : no_room(e);
}

struct known_period *resolve_period(struct resolver *r, struct slice text,
				    const struct known_indicator *i, struct err *e)
{
	struct text_entry *x = text_entry(r, &r->period_texts, text, e);
	struct known_period *k;
	char shown[TEXT_SHOWN];
	uint64_t key;

	if (!x)
		return NULL;
	key = pair_key(x->id, i->indicator->index * 2 + i->year_ago);
	k = pairs_get(&r->periods, key);
	if (k)
		return k;
	k = arena_new(r->arena, struct known_period);
	if (!k) {
		no_room(e);
		return NULL;
	}
	if (pairs_put(&r->periods, key, k, e) < 0)
		return NULL;
	if (!x->parsed && parse_period(r, x, e) < 0)
		return NULL;
	if (x->wrong) {
		/* Some of its sentences quote the text already. */
		if (x->wrong[0] == '\'')
			refuse(r, &k->refused, REFUSED_PERIOD, "%s", x->wrong);
		else
			refuse(r, &k->refused, REFUSED_PERIOD, "period %s: %s",
			       text_shown(text, shown), x->wrong);
		return k;
	}
	fit_period(r, k, x->period, i);
	if (!k->refused.text)
		date_period(r, k, i->indicator);
	return k;
}

void resolve_single(struct resolver *r, struct slice text, const struct known_indicator *i,
		    struct known_period *p)
{
	char shown[TEXT_SHOWN];

	if (is_cumulative(i->indicator) && !p->single.text)
		refuse(r, &p->single, REFUSED_PERIOD,
		       "%s stands beside the months since New Year and is the month by itself, but "
		       "%s is kept since New Year",
		       text_shown(text, shown), i->indicator->code);
}

/* --- units and series -------------------------------------------------------------------- */

static bool may_report(const struct document *d, const struct unit *u)
{
	return is_listed(d->units, d->nunits, u->id);
}

static bool token_may_report(const struct document *d, const struct unit *u)
{
	return !d->rights || is_listed(d->rights->units, d->rights->nunits, u->id);
}

static int find_unit(struct resolver *r, struct known_unit *k, struct text_entry *x, struct date on,
		     struct err *e)
{
	char shown[TEXT_SHOWN], day[DATE_TEXT];
	struct slice text = x->text;
	struct err why;

	k->unit = catalogue_find_unit_plainly(r->cat, text, r->doc->class, on, &why);
	if (!k->unit && !is_trouble(&why, e) && heading_is_total(text, r->arena)) {
		k->none.total = heading_is_subtotal(text) ? COLUMN_SUBTOTAL : COLUMN_TOTAL;
		return 0;
	}
	if (!k->unit) {
		x->unknown = why.code == ERR_NOT_FOUND;
		if (x->unknown && is_heard(r))
			catalogue_find_unit(r->cat, text, r->doc->class, on, &why);
		refuse(r, &k->none.refused, REFUSED_UNIT, "%s", why.text);
		return is_trouble(&why, e) ? -1 : 0;
	}
	if (!may_report(r->doc, k->unit))
		refuse(r, &k->none.refused, REFUSED_UNIT,
		       "%s (%s) is not among the units of this feed", text_shown(text, shown),
		       k->unit->id);
	else if (!token_may_report(r->doc, k->unit))
		refuse(r, &k->none.refused, REFUSED_TOKEN_UNIT,
		       "%s (%s) is not among the units of this token", text_shown(text, shown),
		       k->unit->id);
	else if (!validity_holds(k->unit->valid, on))
		refuse(r, &k->none.refused, REFUSED_UNIT, "%s (%s) does not exist on %s",
		       text_shown(text, shown), k->unit->id, date_print(on, day));
	return 0;
}

static struct known_unit *resolve_unit(struct resolver *r, struct slice text, struct date on,
				       uint32_t day, struct err *e)
{
	struct text_entry *x = text_entry(r, &r->unit_texts, text, e);
	struct known_unit *k;
	uint64_t key;

	if (!x)
		return NULL;
	key = pair_key(x->id, day);
	k = pairs_get(&r->units, key);
	if (k)
		return k;
	if (x->unknown)
		return pairs_put(&r->units, key, x->refused, e) < 0 ? NULL : x->refused;
	k = arena_new(r->arena, struct known_unit);
	if (!k) {
		no_room(e);
		return NULL;
	}
	if (find_unit(r, k, x, on, e) < 0)
		return NULL;
	if (k->none.refused.text) {
		/* The same sentence for another day is the same refusal. */
		if (x->refused && strcmp(x->refused->none.refused.text, k->none.refused.text) == 0)
			k = x->refused;
		x->refused = k;
	}
	return pairs_put(&r->units, key, k, e) < 0 ? NULL : k;
}

static bool quota_admits(const struct document *d, const struct unit *u, const struct indicator *i)
{
	const struct label key = { slice_str(u->id), slice_str(i->code) };

	return !d->quota || series_quota_admits(d->quota, series_quota_key(&key, 1));
}

static void refuse_new(struct resolver *r, struct known_series *k, const struct unit *u,
		       const struct indicator *i)
{
	char who[128], said[SERIES_QUOTA_TEXT];

	snprintf(who, sizeof(who), "feed %s", r->doc->feed);
	series_quota_say(r->doc->quota, who, "series_limit", said);
	refuse(r, &k->refused, REFUSED_SERIES, "%s of %s is a new series; %s", i->code, u->id,
	       said);
}

static int make_series(struct resolver *r, struct known_series *k, const struct unit *u,
		       const struct indicator *i, struct err *e)
{
	if (!indicator_reports(i, u->class)) {
		refuse(r, &k->refused, REFUSED_INDICATOR, "%s is not reported by a %s such as %s",
		       i->code, unit_class_name(u->class), u->id);
		return 0;
	}
	if (!quota_admits(r->doc, u, i)) {
		refuse_new(r, k, u, i);
		return 0;
	}
	k->series = figures_series(r->figures, u, i, e);
	return k->series ? 0 : -1;
}

struct known_series *resolve_series(struct resolver *r, struct slice unit_text,
				    const struct known_indicator *i, const struct known_period *p,
				    struct err *e)
{
	struct known_unit *u = resolve_unit(r, unit_text, p->last_day, p->day, e);
	struct known_series *k;
	uint64_t key;

	if (!u)
		return NULL;
	if (!u->unit || u->none.refused.text)
		return &u->none;
	key = pair_key(u->unit->index, i->indicator->index);
	if (r->last_series && r->last_key == key)
		return r->last_series;
	k = pairs_get(&r->series, key);
	if (!k) {
		k = arena_new(r->arena, struct known_series);
		if (!k) {
			no_room(e);
			return NULL;
		}
		if (make_series(r, k, u->unit, i->indicator, e) < 0 ||
		    pairs_put(&r->series, key, k, e) < 0)
			return NULL;
	}
	r->last_key = key;
	r->last_series = k;
	return k;
}

/* --- life ------------------------------------------------------------------------------- */

int resolver_init(struct resolver *r, const struct document *d, const struct catalogue *cat,
		  struct figures *figures, struct batch *b, struct arena *a, struct err *e)
{
	*r = (struct resolver){ .doc = d, .cat = cat, .figures = figures, .batch = b, .arena = a };
	map_init(&r->unit_texts.map);
	map_init(&r->indicator_texts.map);
	map_init(&r->period_texts.map);
	map_init(&r->name_pairs);
	map_init(&r->by_key);
	map_init(&r->by_unremarked);
	for (size_t i = 0; i < d->nnames; i++) {
		struct slice key = text_key(slice_str(d->names[i].text), a);

		if (!key.p)
			return no_room(e);
		if (map_put(&r->name_pairs, key, (void *)&d->names[i], e) < 0)
			return -1;
	}
	return 0;
}

void resolver_release(struct resolver *r)
{
	map_release(&r->unit_texts.map);
	map_release(&r->indicator_texts.map);
	map_release(&r->period_texts.map);
	map_release(&r->name_pairs);
	map_release(&r->by_key);
	map_release(&r->by_unremarked);
	pairs_release(&r->units);
	pairs_release(&r->periods);
	pairs_release(&r->series);
}
