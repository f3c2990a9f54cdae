/*
 * page_cells.c - words and cells that several pages show. See page.h.
 */
#include "exporters/page.h"

#include <math.h>
#include <stdio.h>

const char *word_class(enum unit_class class)
{
	static const char *const words[UNIT_CLASSES] = {
		[UNIT_PARK] = "产业集聚区",     [UNIT_PRO_PARK] = "专业园区",
		[UNIT_COUNTY] = "县（市、区）", [UNIT_ZONE] = "开发区",
		[UNIT_DEPARTMENT] = "部门",     [UNIT_CITY] = "全市",
		[UNIT_CONFERENCE] = "联席会议", [UNIT_PROJECT] = "项目",
	};

	return (unsigned)class < UNIT_CLASSES ? words[class] : "";
}

const char *word_form(enum figure_form form)
{
	static const char *const words[] = { "当期", "累计", "期末", "增速" };

	return words[form];
}

const char *word_freq(enum freq f)
{
	switch (f) {
	case FREQ_MONTH:
		return "月";
	case FREQ_QUARTER:
		return "季";
	case FREQ_HALF:
		return "半年";
	case FREQ_YEAR:
		return "年";
	case FREQ_DAY:
		return "日";
	case FREQ_NONE:
		break;
	}
	return "";
}

const char *word_light(enum light l)
{
	static const char *const words[] = { "未评", "绿", "关注", "黄", "红" };

	return words[l];
}

const char *word_schedule(enum schedule_source s)
{
	static const char *const words[] = { "", "分解", "本单位历年", "同类", "全省参考", "线性" };

	return words[s];
}

/* --- cells ---------------------------------------------------------------------------- */

void cell_time(struct buf *b, const struct page *p, int64_t ms)
{
	struct civil t;
	char utc[TIME_TEXT];

	if (ms == 0)
		return;
	if (!p->zone) {
		buf_printf(b, "%.16s UTC", time_print_utc(ms, utc));
		return;
	}
	t = zone_civil(p->zone, ms);
	buf_printf(b, "%04d-%02d-%02d %02d:%02d", t.date.year, t.date.month, t.date.day, t.hour,
		   t.minute);
}

void cell_period(struct buf *b, struct period period)
{
	char text[PERIOD_TEXT];

	if (period.freq != FREQ_NONE)
		buf_puts(b, period_print_zh(period, text));
}

/* The stored value is the sent one times a power of ten, rounded once to binary. Divided again
 * it is off by a few units in the 16th digit; to 12 digits it is what the office wrote. */
static void put_native(struct buf *b, struct num_scale s, double value)
{
	long double native = (long double)value * s.div / s.mul * powl(10, -s.shift);
	char text[NUM_TEXT];
	double rounded;

	snprintf(text, sizeof(text), "%.12Lg", native);
	if (num_parse(slice_str(text), &rounded, NULL) < 0)
		return;
	num_print(rounded == 0 ? 0 : rounded, text);
	buf_puts(b, text);
}

void cell_amount(struct buf *b, const struct indicator *i, double value)
{
	if (!isfinite(value))
		return;
	put_native(b, i->scale, value);
	buf_puts(b, " <small>");
	html_text(b, i->measure);
	buf_puts(b, "</small>");
}

/* Halves go away from zero, as offices round (四舍五入); printf's would go to the even digit. The
 * nudge is too small for a digit that anyone has reported. */
void cell_fixed(struct buf *b, double v, int decimals)
{
	double nudged = v + v * 1e-12;

	buf_printf(b, "%.*f", decimals, fabs(nudged) < pow(10, -decimals) / 2 ? 0.0 : nudged);
}

void cell_percent(struct buf *b, double ratio)
{
	cell_fixed(b, ratio * 100, 1);
	buf_puts(b, " %");
}

void cell_change(struct buf *b, double ratio)
{
	if (ratio * 100 >= 0.05)
		buf_putc(b, '+');
	cell_percent(b, ratio);
}

void cell_light(struct buf *b, enum light l)
{
	static const char *const shapes[] = { "○", "●", "◆", "▲", "■" };

	buf_printf(b, "<span class=\"light %s\">%s %s</span>", light_name(l), shapes[l],
		   word_light(l));
}

void cell_late(struct buf *b, unsigned figures, double hours)
{
	if (!figures)
		return;
	buf_printf(b, "<span class=\"mark\">迟报 %u 项</span>，最长 ", figures);
	cell_fixed(b, hours, 1);
	buf_puts(b, " 工作小时");
}

void cell_punctuality(struct buf *b, const struct punctuality *p)
{
	if (p->due == 0)
		return;
	buf_printf(b, "%u / %u（", p->on_time, p->due);
	cell_percent(b, (double)p->on_time / p->due);
	buf_puts(b, "）");
}

void cell_county(struct buf *b, const struct page *p, const struct unit *u)
{
	const char *id = unit_county(u, p->today);
	const struct unit *county = *id ? catalogue_unit(p->c, slice_str(id)) : NULL;

	if (county)
		html_text(b, unit_name(county, p->today));
	else
		html_text(b, id);
}

void cell_unit_link(struct buf *b, const struct page *p, const struct unit *u)
{
	html_link(b, "unit", "id", u->id, unit_name(u, p->today));
}

void cell_indicator_link(struct buf *b, const struct indicator *i)
{
	html_link(b, "indicator", "code", i->code, i->name);
}

void page_group_heading(struct buf *b, enum unit_class class, const char *league)
{
	buf_puts(b, "<h3>");
	html_text(b, word_class(class));
	buf_puts(b, *league ? " · " : "");
	html_text(b, league);
	buf_puts(b, "</h3>\n");
}
