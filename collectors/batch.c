/*
 * batch.c - see batch.h.
 *
 * Lists grow in the batch's arena, so a document that brings too much meets the
 * arena's ceiling and is refused with ERR_LIMIT. Complaints are counted without
 * end but only the first are kept: a file of a million broken rows must not cost
 * a million sentences.
 */
#include "collectors/batch.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	SENTENCE_MAX = 512,
	TABLE_SHOWN = 60, /* bytes of a sheet's name */
};

static const struct {
	const char *name, *zh;
	bool keeps;
} refusals[REFUSALS] = {
	[REFUSED_LAYOUT] = { "layout", "表式与约定不符", false },
	[REFUSED_ENCODING] = { "encoding", "文字编码有误", false },
	[REFUSED_UNIT] = { "unit", "单位名称不在目录中，或不由本来源报送", false },
	[REFUSED_INDICATOR] = { "indicator", "指标不在目录中，或此期此单位不报", false },
	[REFUSED_PERIOD] = { "period", "报告期无法识别，或与指标的报告频率不符", false },
	[REFUSED_NOT_ENDED] = { "not_ended", "报告期尚未结束", false },
	[REFUSED_VALUE] = { "value", "不是可用的数值", false },
	[REFUSED_RANGE] = { "range", "超出允许范围", false },
	[REFUSED_UNIT_SLIP] = { "unit_slip", "疑似计量单位填错", false },
	[REFUSED_PART] = { "part", "其中项大于总项", false },
	[REFUSED_TOTAL] = { "total", "合计与分项之和不等", false },
	[REFUSED_YTD_FALLS] = { "ytd_falls", "累计数小于上期", false },
	[REFUSED_RATIO] = { "ratio", "与上期相差过大", false },
	[REFUSED_PANEL] = { "panel", "变动与同类单位相差过大", false },
	[REFUSED_GROWTH] = { "growth", "增速与水平数据不符", false },
	[REFUSED_CONFLICT] = { "conflict", "同一数据前后不一致，均不采用", false },
	[REFUSED_MEASURE] = { "measure", "计量单位与指标不符", false },
	[REFUSED_LIMIT] = { "limit", "超出报送上限", false },
	[REFUSED_CATALOGUED] = { "catalogued", "该名称属于统计指标，不作普通度量采集", false },
	[REFUSED_SCRAPE] = { "scrape", "该序列由采集本身写入", false },
	[REFUSED_SERIES] = { "series_limit", "本来源当日新序列过多", false },
	[REFUSED_TOKEN_UNIT] = { "token_unit", "令牌无权报送该单位", false },
	[REFUSED_TOKEN_INDICATOR] = { "token_indicator", "令牌无权报送该指标", false },
	[SUSPECT_YTD_FALLS] = { "ytd_falls", "累计数小于上期，已保留", true },
	[SUSPECT_RATIO] = { "ratio", "与上期相差过大，已保留", true },
	[SUSPECT_PANEL] = { "panel", "变动与同类单位相差过大，已保留", true },
	[SUSPECT_GROWTH] = { "growth", "增速与水平数据不符，已保留", true },
	[SUSPECT_RANGE] = { "range", "超出允许范围，已保留", true },
	[SUSPECT_UNIT_SLIP] = { "unit_slip", "疑似计量单位填错，已保留", true },
	[SUSPECT_PART] = { "part", "其中项大于总项，已保留", true },
	[SUSPECT_TOTAL] = { "total", "合计与分项之和不等，已保留", true },
	[SUSPECT_FULL_WIDTH] = { "full_width", "数字为全角字符，已按其含义采用", true },
	[SUSPECT_MINUS] = { "minus", "按负数采用", true },
	[SUSPECT_HIDDEN] = { "hidden", "有隐藏的行、列（已采用）或隐藏的工作表（未读取）", true },
};

const char *refusal_zh(enum refusal r)
{
	return refusals[r].zh;
}

const char *refusal_name(enum refusal r)
{
	return refusals[r].name;
}

bool refusal_keeps(enum refusal r)
{
	return refusals[r].keeps;
}

/* 16 times the document: its UTF-8 form, a JSON tree, and the figures with the doubling of their
 * list. Not more than what one document may hold of the machine. */
size_t batch_room(uint64_t body_bytes)
{
	enum { BASE_BYTES = 64 << 20, PER_BYTE = 16, MOST_BYTES = 512 << 20 };

	if (body_bytes > (MOST_BYTES - BASE_BYTES) / PER_BYTE)
		return MOST_BYTES;
	return BASE_BYTES + (size_t)body_bytes * PER_BYTE;
}

struct batch *batch_new(size_t arena_limit, struct err *e)
{
	struct batch *b = mem_zalloc(sizeof(*b));

	if (!b) {
		err_set(e, ERR_MEMORY, "no memory for a batch");
		return NULL;
	}
	arena_init(&b->arena, arena_limit);
	return b;
}

static void drop_figures(struct batch *b)
{
	for (size_t i = 0; i < b->nobs; i++)
		labels_unref(b->obs[i].labels);
	for (size_t i = 0; i < b->ncells; i++)
		labels_unref(b->cells[i].labels);
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	drop_figures(b);
	batch_drop_samples(b);
	arena_release(&b->arena);
	mem_free(b);
}

void batch_drop_samples(struct batch *b)
{
	for (size_t i = 0; i < b->nsamples && !b->samples_borrowed; i++)
		labels_unref(b->samples[i].labels);
	b->nsamples = 0;
}

void batch_portion_stored(struct batch *b)
{
	drop_figures(b);
	b->stored += b->nobs;
	b->nobs = 0;
	b->ncells = 0;
	b->doubts_stored += b->ndoubts;
	b->ndoubts = 0;
	b->portions++;
}

static int too_much(const struct batch *b, const char *what, struct err *e)
{
	return err_set(e, ERR_LIMIT, "the document brings more %s than %zu MiB hold", what,
		       b->arena.limit >> 20);
}

int batch_reserve(struct batch *b, size_t n, struct err *e)
{
	void *p;

	if (b->obs_cap - b->nobs >= n)
		return 0;
	p = arena_grow(&b->arena, b->obs, b->nobs, &b->obs_cap, b->nobs + n, sizeof(*b->obs));
	if (!p)
		return too_much(b, "figures", e);
	b->obs = p;
	return 0;
}

int batch_observe(struct batch *b, struct observation o, struct err *e)
{
	if (b->nobs == b->obs_cap) {
		void *p = arena_grow(&b->arena, b->obs, b->nobs, &b->obs_cap, b->nobs + 1,
				     sizeof(*b->obs));

		if (!p) {
			labels_unref(o.labels);
			return too_much(b, "figures", e);
		}
		b->obs = p;
	}
	b->suppressed += (o.flags & FIGURE_SUPPRESSED) != 0;
	b->obs[b->nobs++] = o;
	return 0;
}

int batch_refused(struct batch *b, struct labels *labels, int64_t stamp_ms, enum refusal why,
		  struct err *e)
{
	void *p = b->cells;

	if (b->ncells == BATCH_CELLS_MAX)
		return 0;
	if (b->ncells == b->cells_cap)
		p = arena_grow(&b->arena, p, b->ncells, &b->cells_cap, b->ncells + 1,
			       sizeof(*b->cells));
	if (!p)
		return too_much(b, "refused figures", e);
	b->cells = p;
	b->cells[b->ncells++] =
		(struct refused_cell){ labels_ref(labels), stamp_ms, refusal_name(why) };
	return 0;
}

int batch_doubt(struct batch *b, const struct doubt *d, struct err *e)
{
	void *p = b->doubts;

	if (b->ndoubts == b->doubts_cap)
		p = arena_grow(&b->arena, p, b->ndoubts, &b->doubts_cap, b->ndoubts + 1,
			       sizeof(*b->doubts));
	if (!p)
		return too_much(b, "doubts", e);
	b->doubts = p;
	b->doubts[b->ndoubts] = *d;
	b->doubts[b->ndoubts++].row = b->nobs - 1;
	return 0;
}

int batch_sample(struct batch *b, struct plain_sample s, struct err *e)
{
	if (b->nsamples == b->samples_cap) {
		void *p = arena_grow(&b->arena, b->samples, b->nsamples, &b->samples_cap,
				     b->nsamples + 1, sizeof(*b->samples));

		if (!p) {
			if (!b->samples_borrowed)
				labels_unref(s.labels);
			return too_much(b, "samples", e);
		}
		b->samples = p;
	}
	b->samples[b->nsamples++] = s;
	return 0;
}

void batch_count(struct batch *b, enum refusal why, size_t n)
{
	b->count[why] += n;
	if (refusal_keeps(why))
		b->suspect += n;
	else
		b->refused += n;
}

int batch_table(struct batch *b, struct slice name, struct err *e)
{
	const char *kept = arena_strndup(&b->arena, name.p, name.n);
	void *p = b->tables;

	if (b->ntables + 1 >= b->tables_cap)
		p = arena_grow(&b->arena, b->tables, b->ntables, &b->tables_cap, b->ntables + 2,
			       sizeof(*b->tables));
	if (!kept || !p)
		return too_much(b, "tables", e);
	b->tables = p;
	if (b->ntables == 0)
		b->tables[b->ntables++] = "";
	b->tables[b->ntables++] = kept;
	return 0;
}

/* 1 is A, 27 AA. */
static char *column_letters(unsigned column, char out[8])
{
	char *p = out + 7;

	*p = '\0';
	for (unsigned n = column; n && p > out; n = (n - 1) / 26)
		*--p = (char)('A' + (n - 1) % 26);
	return p;
}

static const char *place_text(struct batch *b, const struct complaint *c)
{
	struct slice table = slice_str(c->table < b->ntables ? b->tables[c->table] : "");
	/* Of the document or the line as a whole: its beginning is where one looks. */
	unsigned line = c->line ? c->line : 1, column = c->column ? c->column : 1;
	char letters[8];

	table = slice_cut(table, TABLE_SHOWN);
	if (!table.n)
		return arena_printf(&b->arena, "%u:%u", line, column);
	if (b->sheets)
		return arena_printf(&b->arena, "%.*s!%s%u", SLICE_FMT(table),
				    column_letters(column, letters), line);
	return arena_printf(&b->arena, "%.*s!%u:%u", SLICE_FMT(table), line, column);
}

/* A copy, cut between characters when it is long. */
static const char *kept_text(struct batch *b, const char *text)
{
	return arena_strndup(&b->arena, text, slice_cut(slice_str(text), SENTENCE_MAX - 4).n);
}

void batch_say(struct batch *b, struct complaint c, const char *zh, const char *en)
{
	batch_count(b, c.why, 1);
	if (b->ncomplaints >= BATCH_COMPLAINTS_MAX)
		return;
	c.text = kept_text(b, en);
	c.text_zh = kept_text(b, zh);
	c.place = place_text(b, &c);
	if (!c.text || !c.text_zh || !c.place)
		return;
	if (b->ncomplaints == b->complaints_cap) {
		void *p = arena_grow(&b->arena, b->complaints, b->ncomplaints, &b->complaints_cap,
				     b->ncomplaints + 1, sizeof(*b->complaints));

		if (!p)
			return;
		b->complaints = p;
	}
	b->complaints[b->ncomplaints++] = c;
}

static void keep_sentence(struct batch *b, struct complaint c, struct slice found, const char *fmt,
			  va_list ap)
{
	char text[SENTENCE_MAX], zh[SENTENCE_MAX], shown[TEXT_SHOWN];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		*text = '\0';
	snprintf(zh, sizeof(zh), "%s%s%s", refusal_zh(c.why), found.n ? "：" : "",
		 found.n ? text_shown(found, shown) : "");
	batch_say(b, c, zh, text);
}

static struct complaint here(const struct batch *b, enum refusal why, unsigned line,
			     unsigned column)
{
	return (struct complaint){ .why = why,
				   .line = line,
				   .column = column,
				   .table = b->ntables ? (unsigned)b->ntables - 1 : 0 };
}

void batch_complain(struct batch *b, enum refusal why, unsigned line, unsigned column,
		    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_sentence(b, here(b, why, line, column), slice_of("", 0), fmt, ap);
	va_end(ap);
}

void batch_complain_of(struct batch *b, enum refusal why, unsigned line, unsigned column,
		       struct slice found, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_sentence(b, here(b, why, line, column), found, fmt, ap);
	va_end(ap);
}

void batch_complain_in(struct batch *b, unsigned table, enum refusal why, unsigned line,
		       unsigned column, const char *fmt, ...)
{
	struct complaint c = { .why = why, .line = line, .column = column, .table = table };
	va_list ap;

	va_start(ap, fmt);
	keep_sentence(b, c, slice_of("", 0), fmt, ap);
	va_end(ap);
}
