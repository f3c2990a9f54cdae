/*
 * heading.c - see heading.h.
 *
 * The text is brought to its key first (one width, no blanks), so "累 计" and "累计" are
 * one word. Then words of the table are taken off at both ends until none is left;
 * what remains is the name.
 */
#include "collectors/heading.h"

#include <string.h>

enum { HEADING_MAX_BYTES = 1024 };

enum {
	YEAR_AGO = 1 << 8,
	PART = 1 << 9,
	RATE = 1 << 10,     /* growth that is in %, whatever the figure beside it counts in */
	OF_MONTH = 1 << 11, /* growth of the month alone */
	SINCE = 1 << 12,    /* growth since New Year */
};

/* As text_key() writes them, longer ones before those they begin or end with. */
static const struct {
	const char *word;
	int says; /* enum heading_form, or one of the marks above */
} words[] = {
	{ "完成额", HEADING_ANY },
	{ "完成数", HEADING_ANY },
	{ "完成值", HEADING_ANY },
	{ "绝对量", HEADING_ANY },
	{ "绝对额", HEADING_ANY },
	{ "绝对值", HEADING_ANY },
	{ "绝对数", HEADING_ANY },
	{ "总量", HEADING_ANY },
	{ "比上年同期±", HEADING_GROWTH | RATE },
	{ "比去年同期±", HEADING_GROWTH | RATE },
	{ "比上年±", HEADING_GROWTH | RATE },
	{ "比上年同期增长率", HEADING_GROWTH | RATE },
	{ "比同期增长", HEADING_GROWTH },
	{ "比同期增减", HEADING_GROWTH },
	{ "当月同比增长", HEADING_GROWTH | RATE | OF_MONTH },
	{ "当月同比", HEADING_GROWTH | RATE | OF_MONTH },
	{ "当月增速", HEADING_GROWTH | RATE | OF_MONTH },
	{ "当月增长", HEADING_GROWTH | OF_MONTH },
	{ "比上年同期增长", HEADING_GROWTH | RATE },
	{ "比去年同期增长", HEADING_GROWTH | RATE },
	{ "比上年同期增减", HEADING_GROWTH },
	{ "较上年同期增长", HEADING_GROWTH | RATE },
	{ "比上年增长", HEADING_GROWTH | RATE },
	{ "上年同期累计", HEADING_YTD | YEAR_AGO },
	{ "去年同期累计", HEADING_YTD | YEAR_AGO },
	{ "上年同期数", YEAR_AGO },
	{ "去年同期数", YEAR_AGO },
	{ "上年同期", YEAR_AGO },
	{ "去年同期", YEAR_AGO },
	{ "上年同月", HEADING_PERIOD | YEAR_AGO },
	{ "去年同月", HEADING_PERIOD | YEAR_AGO },
	{ "上年累计", HEADING_YTD | YEAR_AGO },
	{ "去年累计", HEADING_YTD | YEAR_AGO },
	{ "累计同比增长", HEADING_GROWTH | RATE | SINCE },
	{ "累计同比增速", HEADING_GROWTH | RATE | SINCE },
	{ "同比增长率", HEADING_GROWTH | RATE },
	{ "同比增长", HEADING_GROWTH | RATE },
	{ "同比增速", HEADING_GROWTH | RATE },
	{ "同比增减", HEADING_GROWTH },
	{ "累计增长", HEADING_GROWTH | SINCE },
	{ "累计增速", HEADING_GROWTH | RATE | SINCE },
	{ "累计同比", HEADING_GROWTH | RATE | SINCE },
	{ "同比±", HEADING_GROWTH | RATE },
	{ "增长率", HEADING_GROWTH | RATE },
	{ "增减", HEADING_GROWTH },
	{ "增长", HEADING_GROWTH },
	{ "增速", HEADING_GROWTH | RATE },
	{ "增幅", HEADING_GROWTH | RATE },
	{ "同比", HEADING_GROWTH | RATE },
	{ "±", HEADING_GROWTH | RATE },
	{ "本月止累计", HEADING_YTD },
	{ "自年初累计", HEADING_YTD },
	{ "年初至本月累计", HEADING_YTD },
	/* What 累计同比增长 leaves of 本月止累计 同比增长. */
	{ "本月止", HEADING_YTD },
	{ "本季止", HEADING_YTD },
	{ "年初至本月", HEADING_YTD },
	{ "自年初", HEADING_YTD },
	{ "本年累计值", HEADING_YTD },
	{ "本年累计数", HEADING_YTD },
	{ "本年累计", HEADING_YTD },
	{ "累计完成", HEADING_YTD },
	{ "年初至今", HEADING_YTD },
	{ "本年止累计", HEADING_YTD },
	{ "累计值", HEADING_YTD },
	{ "累计数", HEADING_YTD },
	{ "累计", HEADING_YTD },
	{ "本年", HEADING_YTD },
	{ "1-本月", HEADING_YTD },
	{ "1—本月", HEADING_YTD },
	{ "本月末", HEADING_LEVEL },
	{ "本季末", HEADING_LEVEL },
	{ "本月完成", HEADING_PERIOD },
	{ "本月数", HEADING_PERIOD },
	{ "当月值", HEADING_PERIOD },
	{ "当月数", HEADING_PERIOD },
	{ "当期值", HEADING_PERIOD },
	{ "本月", HEADING_PERIOD },
	{ "当月", HEADING_PERIOD },
	{ "本季", HEADING_PERIOD },
	{ "当季", HEADING_PERIOD },
	{ "本期末", HEADING_LEVEL },
	{ "期末数", HEADING_LEVEL },
	{ "期末值", HEADING_LEVEL },
	{ "期末", HEADING_LEVEL },
	{ "月末", HEADING_LEVEL },
	{ "季末", HEADING_LEVEL },
	{ "本期数", HEADING_ANY },
	{ "本期", HEADING_ANY },
	{ "其中:", PART },
	{ "其中", PART },
	{ "#", PART },
};

bool heading_cut_colon(struct slice text, struct slice *before, struct slice *after)
{
	for (size_t i = 0; i < text.n; i++) {
		size_t n = text.p[i] == ':' ? 1 : slice_starts(slice_skip(text, i), "：") ? 3 : 0;

		if (!n)
			continue;
		*before = text_trim(slice_of(text.p, i));
		*after = text_trim(slice_skip(text, i + n));
		return true;
	}
	return false;
}

bool heading_cut_bracket(struct slice text, struct slice *name, struct slice *inside)
{
	size_t close = slice_ends(text, ")") ? 1 : slice_ends(text, "）") ? 3 : 0;

	for (size_t i = text.n; close && i-- > 0;) {
		size_t open = text.p[i] == '('                          ? 1
			      : slice_starts(slice_skip(text, i), "（") ? 3
									: 0;

		if (!open)
			continue;
		*name = text_trim(slice_of(text.p, i));
		*inside = text_trim(slice_of(text.p + i + open, text.n - i - open - close));
		return name->n > 0 && inside->n > 0;
	}
	return false;
}

/* Length of the first of these that `s` begins with, or 0. */
static size_t first_of(struct slice s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_starts(s, list[i]))
			return strlen(list[i]);
	return 0;
}
#define FIRST_OF(s, list) first_of((s), (list), sizeof(list) / sizeof((list)[0]))

/* 一、 （二） 3. 4、: how rows are numbered. "3.5亿元以上" is no third row. */
static struct slice skip_number(struct slice text)
{
	static const char *const digits[] = { "一", "二", "三", "四", "五", "六", "七",
					      "八", "九", "十", "0",  "1",  "2",  "3",
					      "4",  "5",  "6",  "7",  "8",  "9" };
	static const char *const opens[] = { "(", "（" }, *const closes[] = { ")", "）" };
	static const char *const marks[] = { "、", "．", "." };
	size_t open = FIRST_OF(text, opens), n;
	struct slice s = slice_skip(text, open);
	bool any = false;

	while ((n = FIRST_OF(s, digits)) != 0) {
		s = slice_skip(s, n);
		any = true;
	}
	n = any ? open ? FIRST_OF(s, closes) : FIRST_OF(s, marks) : 0;
	if (!n)
		return text;
	s = text_trim(slice_skip(s, n));
	return s.n && s.p[0] >= '0' && s.p[0] <= '9' && !open && n == 1 ? text : s;
}

/* 累计 beside 增长 is the growth since New Year, 本月 beside it that of the month; of both, as in
 * 本月 累计, the one since New Year counts. */
static void note_form(struct heading *h, int says)
{
	enum heading_form form = (enum heading_form)(says & 0xff);

	if (form == HEADING_YTD || (says & SINCE))
		h->basis = HEADING_YTD;
	else if (h->basis == HEADING_ANY && (form == HEADING_PERIOD || (says & OF_MONTH)))
		h->basis = HEADING_PERIOD;
	if (says & RATE)
		h->rate = true;
	if (form > h->form)
		h->form = form;
}

/* Takes one word off; false when there is none. */
static bool take_word(struct slice *s, struct heading *h)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		bool front = slice_starts(*s, words[i].word);

		if (!front && !slice_ends(*s, words[i].word))
			continue;
		*s = front ? slice_skip(*s, n) : slice_of(s->p, s->n - n);
		if (words[i].says & PART)
			h->part = true;
		if (words[i].says & YEAR_AGO)
			h->year_ago = true;
		note_form(h, words[i].says);
		return true;
	}
	return false;
}

/* "产销率%" */
static bool take_percent(struct slice *s, struct heading *h)
{
	if (!slice_ends(*s, "%"))
		return false;
	s->n--;
	if (!h->measure.n)
		h->measure = slice_of(s->p + s->n, 1);
	return true;
}

/* All words, and what joined them to the name. */
static void take_words(struct slice *key, struct heading *h)
{
	while (key->n && (take_word(key, h) || take_percent(key, h)))
		;
	while (slice_starts(*key, ":") || slice_starts(*key, "-"))
		*key = slice_skip(*key, 1);
	while (slice_ends(*key, ":") || slice_ends(*key, "-"))
		key->n--;
}

/* In a stacked header "固定资产投资 其中：工业投资" is the heading of a part: what stands before
 * names the whole, but its words count. */
static struct slice skip_whole(struct slice key, struct heading *h)
{
	static const char part[] = "其中";
	const char *at = memmem(key.p, key.n, part, strlen(part));
	struct slice whole;

	if (!at || at == key.p)
		return key;
	whole = slice_of(key.p, (size_t)(at - key.p));
	take_words(&whole, h);
	return slice_skip(key, (size_t)(at - key.p));
}

/* Of a stacked header the lowest row: "增加值 万元"; also "增加值/万元". */
static bool cut_tail(struct slice text, struct slice *name, struct slice *measure)
{
	struct num_scale scale;
	const char *base;

	for (size_t i = text.n; i-- > 1;) {
		if (text.p[i] != ' ' && text.p[i] != '/')
			continue;
		*name = text_trim(slice_of(text.p, i));
		*measure = slice_skip(text, i + 1);
		if (name->n && measure_find(*measure, &scale, &base, NULL) == 0)
			return true;
	}
	return false;
}

/* Cuts the brackets out of "增加值（亿元） 累计" when a measure is in them; false when there is no
 * memory. A key has no brackets any more. */
static bool cut_inner(struct slice *text, struct slice *measure, struct arena *a)
{
	static const char *const opens[] = { "(", "（" }, *const closes[] = { ")", "）" };
	struct num_scale scale;
	const char *base;
	char *both;

	for (size_t i = 0; i < text->n; i++) {
		struct slice rest = slice_skip(*text, i), inside;
		size_t n = 0, close = 0, k = FIRST_OF(rest, opens);

		if (!k)
			continue;
		rest = slice_skip(rest, k);
		while (n < rest.n && !(close = FIRST_OF(slice_skip(rest, n), closes)))
			n++;
		inside = text_trim(slice_of(rest.p, n));
		if (!close || measure_find(inside, &scale, &base, NULL) < 0)
			continue;
		rest = slice_skip(rest, n + close);
		both = arena_alloc(a, i + rest.n + 1);
		if (!both)
			return false;
		memcpy(both, text->p, i);
		memcpy(both + i, rest.p, rest.n);
		*text = slice_of(both, i + rest.n);
		*measure = inside;
	}
	return true;
}

bool heading_read(struct slice text, struct arena *a, struct heading *out)
{
	struct slice name = text, measure = slice_of("", 0), inner = measure, key, before;

	*out = (struct heading){ .name = slice_of("", 0) };
	if (text.n > HEADING_MAX_BYTES)
		text = slice_cut(text, HEADING_MAX_BYTES);
	if (heading_cut_bracket(text, &name, &measure) || cut_tail(text, &name, &measure))
		out->measure = measure;
	else
		name = text;
	do {
		before = name;
		name = skip_number(name);
	} while (name.n < before.n);
	if (!cut_inner(&name, &inner, a))
		return false;
	key = text_key(name, a);
	if (!key.p)
		return false;
	key = skip_whole(key, out);
	take_words(&key, out);
	out->name = key;
	/* 亿元 is of the figure that grows. */
	if (!out->measure.n && !out->rate)
		out->measure = inner;
	return true;
}

bool heading_take_remark(struct heading *h, struct arena *a)
{
	struct slice remark = text_key(h->measure, a);
	char *both;

	if (!remark.p)
		return false;
	take_words(&remark, h);
	h->measure = slice_of("", 0);
	if (!remark.n)
		return true;
	both = arena_alloc(a, h->name.n + remark.n);
	if (!both)
		return false;
	memcpy(both, h->name.p, h->name.n);
	memcpy(both + h->name.n, remark.p, remark.n);
	h->name = slice_of(both, h->name.n + remark.n);
	return true;
}

static struct slice skip_all_of(struct slice s, const char *const *list, size_t n, size_t *skipped)
{
	size_t k;

	for (*skipped = 0; (k = first_of(s, list, n)) != 0; ++*skipped)
		s = slice_skip(s, k);
	return s;
}

bool heading_find_label(struct slice text, const char *label, struct slice *value)
{
	static const char *const marks[] = { ":", "：", "(", "（", " ", "　", "\t" };
	static const char *const ends[] = { ")", "）", "]", "】", " ", "　", "\t" };
	const char *at = memmem(text.p, text.n, label, strlen(label));
	size_t any;

	if (!at)
		return false;
	*value = slice_skip(text, (size_t)(at - text.p) + strlen(label));
	*value = skip_all_of(*value, marks, sizeof(marks) / sizeof(marks[0]), &any);
	for (size_t i = 0; i < value->n; i++)
		if (FIRST_OF(slice_skip(*value, i), ends))
			*value = slice_of(value->p, i);
	return any && value->n;
}

bool heading_names_measure(struct slice text)
{
	struct num_scale scale;
	const char *base;

	if (measure_find(text, &scale, &base, NULL) == 0)
		return true;
	while (text.n)
		if (measure_find(text_trim(heading_measure_word(&text)), &scale, &base, NULL) == 0)
			return true;
	return false;
}

struct slice heading_measure_word(struct slice *rest)
{
	static const char *const marks[] = { "、", "，", ",", ";", "；" };
	struct slice word;
	size_t n = 0, mark = 0;

	while (n < rest->n && !(mark = FIRST_OF(slice_skip(*rest, n), marks)))
		n++;
	word = text_trim(slice_of(rest->p, n));
	*rest = slice_skip(*rest, n + mark);
	return word;
}

const char *heading_form_words(const struct heading *h)
{
	static const char *const names[] = {
		[HEADING_ANY] = "no growth rate",     [HEADING_PERIOD] = "a figure of the period",
		[HEADING_YTD] = "one since New Year", [HEADING_LEVEL] = "a level",
		[HEADING_GROWTH] = "a growth rate",
	};

	if (h->form == HEADING_GROWTH && h->basis == HEADING_PERIOD)
		return "a growth rate of the period";
	if (h->form == HEADING_GROWTH && h->basis == HEADING_YTD)
		return "a growth rate since New Year";
	return names[h->form];
}

static bool basis_fits(const struct heading *h, const struct indicator *i)
{
	return h->basis == HEADING_ANY ||
	       strcmp(i->basis, h->basis == HEADING_YTD ? "ytd" : "period") == 0;
}

bool heading_fits(const struct heading *h, const struct indicator *i)
{
	switch (h->form) {
	case HEADING_PERIOD:
		return i->form == FORM_PERIOD;
	case HEADING_YTD:
		return i->form == FORM_YTD;
	case HEADING_LEVEL:
		return i->form == FORM_LEVEL;
	case HEADING_GROWTH:
		return i->form == FORM_GROWTH && basis_fits(h, i);
	default:
		return i->form != FORM_GROWTH;
	}
}

bool heading_is_of_form(struct slice text)
{
	static const char *const labels[] = { "有效期",   "日期",     "填报时间", "上报时间",
					      "报送时间", "制表时间", "打印时间", "批准",
					      "文号",     "印发" };

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (memmem(text.p, text.n, labels[i], strlen(labels[i])))
			return true;
	return false;
}

bool heading_is_total(struct slice text, struct arena *a)
{
	static const char *const totals[] = { "合计", "总计", "小计", "总和", "全市合计", "total" };
	struct slice key;

	if (text.n > 64)
		return false;
	key = text_key(text, a);
	for (size_t i = 0; key.p && i < sizeof(totals) / sizeof(totals[0]); i++)
		if (slice_is(key, totals[i]))
			return true;
	return false;
}

bool heading_is_subtotal(struct slice text)
{
	return memmem(text.p, text.n, "小", strlen("小")) != NULL;
}
