/*
 * heading.h - what a heading, or the label of a row, says beside the indicator's name.
 *
 * "其中：规上工业增加值 本年累计(亿元)" is the indicator 规上工业增加值, as a figure since New
 * Year, in 亿元; "上年同期" behind it is the figure of a year ago; "同比增长(%)" its growth.
 * Offices write these words before and behind the name, joined in one cell or stacked in two.
 *
 * Pure functions; any thread.
 */
#ifndef COLLECTORS_HEADING_H
#define COLLECTORS_HEADING_H

#include "base/arena.h"
#include "base/text.h"
#include "catalogue/catalogue.h"

enum heading_form {
	HEADING_ANY,    /* says nothing of it */
	HEADING_PERIOD, /* 本月, 当月, 本季 */
	HEADING_YTD,    /* 累计, 本年累计, 1-本月 */
	HEADING_LEVEL,  /* 期末, 月末 */
	HEADING_GROWTH, /* 同比增长, 增速, ±% */
};

struct heading {
	struct slice name;    /* as text_key() makes it; empty: it names no indicator */
	struct slice measure; /* in brackets, behind a blank or a slash, or a %; may be empty */
	enum heading_form form;
	enum heading_form basis; /* of a growth rate: HEADING_PERIOD, HEADING_YTD or HEADING_ANY */
	bool rate;     /* 增速, 同比增长: growth in %, whatever the figure itself counts in */
	bool year_ago; /* 上年同期: the figure of the same period a year before */
	bool part;     /* 其中: what is also counted in the row above */
};

/* False when there is no memory, or the text is not UTF-8. */
bool heading_read(struct slice text, struct arena *a, struct heading *out);

/* What stands in the brackets is no measure: words such as 上年同期 count as they do without, and
 * what is left of it, 不含农户, belongs to the name. False when there is no memory. */
bool heading_take_remark(struct heading *h, struct arena *a);

/* "a figure of the period", "one since New Year", "a growth rate of the period", … */
const char *heading_form_words(const struct heading *h);

/* Whether an indicator of this form may stand under the heading. */
bool heading_fits(const struct heading *h, const struct indicator *i);

/* 有效期至：2027年1月, 填报日期：2026年11月1日: a date of the form, not of its figures. */
bool heading_is_of_form(struct slice text);

/* 合计, 总计, 小计, 全市合计: the row is the sum of others. */
bool heading_is_total(struct slice text, struct arena *a);
/* Of such a text: 小计, the sum of those since the one before it. */
bool heading_is_subtotal(struct slice text);

/* Cuts "地区：上海市" in two, both trimmed; false when there is no colon. */
bool heading_cut_colon(struct slice text, struct slice *before, struct slice *after);

/* What stands behind the label and a colon, bracket or blank within "主要指标（单位：万元）", up to
 * a blank or the bracket; false when the label does not stand there or nothing follows. */
bool heading_find_label(struct slice text, const char *label, struct slice *value);

/* The next of the measures that "亿元、%" names, cut off. */
struct slice heading_measure_word(struct slice *rest);
/* Whether one of them at least is known. */
bool heading_names_measure(struct slice text);

/* Cuts "固定资产投资(万元)" in two; false when there is no bracket at the end with a text in it. */
bool heading_cut_bracket(struct slice text, struct slice *name, struct slice *inside);

#endif
