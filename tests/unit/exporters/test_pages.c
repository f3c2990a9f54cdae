/* The pages, from an assessment filled by hand. */
#include "tests/unit/exporters/face.h"

static const char *overview(struct face *f)
{
	return face_get(f, serve_overview, "", NULL, NULL);
}

/* The table row that contains `mark`, until the next call. */
static const char *row_with(const char *page, const char *mark)
{
	static char row[8192];
	const char *at = strstr(page, "<tbody>"), *start = NULL, *end;
	size_t n;

	at = at ? strstr(at, mark) : NULL;
	for (const char *tr = page; at && (tr = strstr(tr, "<tr")) && tr < at; tr++)
		start = tr;
	end = at ? strstr(at, "</tr>") : NULL;
	if (!start || !end) {
		fail_msg("no row with %s in\n%s", mark, page);
		return "";
	}
	n = (size_t)(end - start);
	assert_true(n < sizeof(row));
	memcpy(row, start, n);
	row[n] = '\0';
	return row;
}

/* The content of the row's n-th cell, from 0, without tags. */
static const char *cell(const char *row, int n)
{
	static char ring[4][1024];
	static unsigned turn;
	char *out = ring[turn++ % 4], *to = out;
	const char *at = row;
	bool tag = false;

	for (int i = 0; i <= n && at; i++) {
		const char *td = strstr(at, "<td"), *th = strstr(at, "<th");

		at = !td || (th && th < td) ? th : td;
		at = at ? strchr(at, '>') : NULL;
		at = at ? at + 1 : NULL;
	}
	if (!at) {
		fail_msg("no cell %d in %s", n, row);
		return "";
	}
	for (; *at && strncmp(at, "</td", 4) != 0 && strncmp(at, "</th", 4) != 0; at++) {
		if (*at == '<' || *at == '>')
			tag = *at == '<';
		else if (!tag)
			*to++ = *at;
	}
	*to = '\0';
	return out;
}

static void assert_before(const char *page, const char *first, const char *second)
{
	const char *a = strstr(page, first), *b = strstr(page, second);

	if (!a || !b || a > b)
		fail_msg("\"%s\" does not stand before \"%s\"", first, second);
}

/* --- the overview ------------------------------------------------------------------- */

static void a_name_never_comes_out_as_markup(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	face_alert(f, "ParkLagging", "park", "jia", 0, "<script>alert(2)</script>");
	f->view.notice = "SIMULATION <script>";
	page = overview(f);
	assert_null(strstr(page, "<script"));
	assert_has(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_has(page, "&lt;script&gt;alert(2)&lt;/script&gt;");
	assert_has(page, "<title>示例市&lt;监测&gt;</title>");
	page = face_get(f, serve_unit, "", "id", "jia");
	assert_null(strstr(page, "<script"));
	assert_has(page, "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>");
	page = face_get(f, serve_indicator, "", "code", ADDED);
	assert_null(strstr(page, "<script"));
	page = face_get(f, serve_unit, "", "id", "<script>x</script>");
	assert_null(strstr(page, "<script"));
}

static void the_page_says_what_it_is_and_of_when(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	f->view.notice = "模拟数据（SIMULATION）";
	page = overview(f);
	assert_string_equal(f->r.x.content_type, "text/html; charset=utf-8");
	assert_has(page, "<html lang=\"zh-CN\">");
	assert_has(page, "<p class=\"notice\" role=\"note\">模拟数据（SIMULATION）</p>");
	assert_has(page, "2026-11-23 17:05（Asia/Shanghai）");
	assert_has(page, "2026年10月（1 项指标）");
	assert_has(page, "单位 4 个 · 应报数字 8 项，已有 2 项 · 迟报 6 项 · 告警 0 条");
	assert_has(page, "没有告警。");
}

static void units_are_ranked_within_class_and_league(void **state)
{
	struct face *f = *state;
	const char *page, *row;

	face_fill_city(f);
	page = overview(f);
	assert_has(page, "<h3>产业集聚区 · 市区</h3>");
	assert_has(page, "<h3>产业集聚区 · 县区</h3>");
	assert_before(page, "unit?id=yi", "unit?id=jia");
	assert_before(page, "unit?id=jia", "unit?id=bing");
	row = row_with(page, "unit?id=yi");
	assert_string_equal(cell(row, 0), "1");
	assert_string_equal(cell(row, 1), "乙水产业集聚区");
	assert_string_equal(cell(row, 3), "—");
	assert_string_equal(cell(row, 4), "● 绿");
	assert_string_equal(cell(row, 5), "1");
	assert_string_equal(cell(row, 7), "0");
	assert_string_equal(cell(row, 10), "1.250 （1 项）");
	row = row_with(page, "unit?id=jia");
	assert_string_equal(cell(row, 0), "2");
	assert_string_equal(cell(row, 2), "北县");
	assert_string_equal(cell(row, 3), "工业");
	assert_string_equal(cell(row, 4), "▲ 黄");
	assert_string_equal(cell(row, 7), "1");
	assert_string_equal(cell(row, 10), "0.900 （1 项）");
	assert_has(cell(row, 11), "2026年");
	assert_has(cell(row, 11), "2026-");
}

static void a_late_unit_is_there_and_marked_though_it_has_no_figure(void **state)
{
	struct face *f = *state;
	const char *row;

	face_fill_city(f);
	face_unit(f, "bing")->late_hours = 55.25;
	row = row_with(overview(f), "unit?id=bing");
	assert_has(row, "<tr class=\"late\">");
	assert_string_equal(cell(row, 0), "—");
	assert_string_equal(cell(row, 4), "—");
	assert_string_equal(cell(row, 9), "1");
	assert_string_equal(cell(row, 10), "—");
	assert_string_equal(cell(row, 11), "—");
	assert_string_equal(cell(row, 12), "0 / 2（0.0 %）");
	assert_string_equal(cell(row, 13),
			    "迟报 2 项，最长 55.3 工作小时；不排名：评估账期的数字未报");
	row = row_with(f->r.x.reply.p, "unit?id=ding");
	assert_has(cell(row, 13), "不排名：没有年度目标");
}

static void before_the_first_period_is_closed_every_unit_says_so(void **state)
{
	struct face *f = *state;
	const char *page = overview(f);

	assert_has(page, "尚无已关账的账期</p>");
	assert_has(cell(row_with(page, "unit?id=jia"), 13), "不排名：尚无已关账的账期");
	assert_string_equal(cell(row_with(page, "indicator?code=" ADDED), 1), "—");
	assert_string_equal(cell(row_with(page, "indicator?code=" ADDED), 3), "—");
}

static void indicators_with_targets_are_counted_and_the_others_linked(void **state)
{
	struct face *f = *state;
	const char *page, *row;

	face_fill_city(f);
	page = overview(f);
	row = row_with(page, "indicator?code=" ADDED);
	assert_string_equal(cell(row, 0), "规上工业增加值");
	assert_string_equal(cell(row, 1), "2026年10月");
	assert_string_equal(cell(row, 2), "2026-11-22 17:05");
	assert_string_equal(cell(row, 3), "2 / 4");
	assert_string_equal(cell(row, 4), "1");
	assert_string_equal(cell(row, 5), "0");
	assert_string_equal(cell(row, 6), "1");
	assert_string_equal(cell(row, 8), "1");
	assert_has(page, "</small>：<a href=\"indicator?code=" TAXES "\">税收收入</a></p>");
}

static void firing_alerts_stand_before_pending_ones(void **state)
{
	struct face *f = *state;
	const char *page, *row;

	face_alert(f, "A", "park", "yi", 60000, "waits");
	face_alert(f, "FeedDown", "feed", "stat<1>", 0, "feed fails");
	face_alert(f, "ParkLagging", "park", "jia", 0, "lags");
	page = overview(f);
	assert_before(page, "feed fails", "waits");
	assert_before(page, "lags", "waits");
	assert_has(page, "告警 2 条（待定 1 条）");
	row = row_with(page, "lags");
	assert_string_equal(cell(row, 0), "■ 告警中");
	assert_has(row, "<a href=\"unit?id=jia\">");
	assert_string_equal(cell(row, 2), "进度滞后：规上工业增加值");
	assert_string_equal(cell(row, 3), "2026-11-23 17:05");
	assert_string_equal(cell(row_with(page, "waits"), 0), "◇ 待定");
	assert_string_equal(cell(row_with(page, "feed fails"), 1), "数据源 stat&lt;1&gt;");
}

/* --- one unit, one indicator ---------------------------------------------------------- */

static void a_figure_shows_the_native_measure_exactly(void **state)
{
	struct face *f = *state;
	struct figure *g;
	const char *row;

	face_fill_city(f);
	g = face_figure(f, "jia", ADDED);
	g->has_period_value = g->has_growth_yoy = g->has_growth_ytd = true;
	g->period_value = 110000000.0 * 3; /* 3.3 亿元 */
	g->period_months = 2;
	g->implied_revision = true;
	g->growth_yoy = -0.0304;
	g->growth_ytd = 0.0825;
	g->vintages = 3;
	g->flags = FIGURE_PROVISIONAL;
	g->late_hours = 3.5;
	g->schedule_source = SCHEDULE_PROVINCIAL;
	row = row_with(face_get(f, serve_unit, "", "id", "jia"), "indicator?code=" ADDED);
	assert_string_equal(cell(row, 0), "规上工业增加值 累计");
	assert_string_equal(cell(row, 1), "2026年10月");
	assert_string_equal(cell(row, 2), "12.34 亿元初步");
	assert_string_equal(cell(row, 3), "2026年10月");
	assert_string_equal(cell(row, 4), "12.34 亿元");
	assert_string_equal(cell(row, 5), "3.3 亿元2 个月合计含追溯修订");
	assert_string_equal(cell(row, 6), "-3.0 %");
	assert_string_equal(cell(row, 7), "+8.3 %");
	assert_string_equal(cell(row, 8), "20 亿元");
	assert_string_equal(cell(row, 9), "72.0 %");
	assert_string_equal(cell(row, 10), "80.0 %※ 全省参考");
	assert_string_equal(cell(row, 11), "0.900");
	assert_string_equal(cell(row, 12), "▲ 黄");
	assert_string_equal(cell(row, 13), "2 / 2");
	assert_string_equal(cell(row, 14), "2026-11-23 16:05");
	assert_string_equal(cell(row, 15), "修订 2 次");
	assert_string_equal(cell(row, 16), "正常最近一期晚 3.5 工作小时");
}

static void missing_figures_are_dashes_and_never_zero(void **state)
{
	struct face *f = *state;
	struct figure *g = face_figure(f, "ding", ADDED);
	const char *row;

	g->state = REPORT_DUE;
	g->missing = (struct period){ 0 };
	g->late_hours = 0;
	row = row_with(face_get(f, serve_unit, "", "id", "ding"), "indicator?code=" ADDED);
	for (int i = 1; i <= 15; i++)
		if (strcmp(cell(row, i), "—") != 0)
			fail_msg("cell %d is %s", i, cell(row, i));
	assert_string_equal(cell(row, 16), "待报");
}

/* Of the month before; NOW is in November. */
static struct delivery *october_of(struct face *f, const struct figure *g)
{
	const struct indicator_summary *sum = &f->a->indicators[g->indicator->index];

	assert_true(period_eq(sum->periods[sum->nperiods - 1].period, period_month(2026, 10)));
	return (struct delivery *)(uintptr_t)&g->deliveries[sum->nperiods - 1];
}

static void what_is_kept_secret_is_said_to_be(void **state)
{
	struct face *f = *state;
	struct figure *g = face_figure(f, "ding", ADDED);
	const char *row;

	g->state = REPORT_SUPPRESSED;
	g->missing = (struct period){ 0 };
	g->late_hours = 0;
	g->judged = period_month(2026, 10);
	*october_of(f, g) = (struct delivery){ NOW_MS - 2, NOW_MS - 1, DELIVERY_SUPPRESSED };
	row = row_with(face_get(f, serve_unit, "", "id", "ding"), "indicator?code=" ADDED);
	assert_string_equal(cell(row, 2), "—");
	assert_string_equal(cell(row, 4), "保密");
	assert_string_equal(cell(row, 16), "已报，保密");
}

static void a_report_that_was_refused_is_said_to_be(void **state)
{
	struct face *f = *state;
	struct figure *g = face_figure(f, "ding", ADDED);
	struct delivery *d = october_of(f, g);
	const char *row;

	*d = (struct delivery){ .marks = DELIVERY_EXPECTED | DELIVERY_REJECTED };
	g->state = REPORT_REJECTED;
	g->missing = (struct period){ 0 };
	g->late_hours = 0;
	row = row_with(face_get(f, serve_unit, "", "id", "ding"), "indicator?code=" ADDED);
	assert_string_equal(cell(row, 16), "未通过核对");
	g->state = REPORT_LATE;
	g->missing = period_month(2026, 10);
	g->late_hours = 8;
	row = row_with(face_get(f, serve_unit, "", "id", "ding"), "indicator?code=" ADDED);
	assert_string_equal(cell(row, 16), "迟报 2026年10月已报，未通过核对逾期 8.0 工作小时");
}

static void a_zero_that_was_reported_is_a_zero(void **state)
{
	struct face *f = *state;
	const char *row;

	face_fill(f, "yi", 0, 0, LIGHT_RED, 2)->flags = FIGURE_ZERO;
	row = row_with(face_get(f, serve_unit, "", "id", "yi"), "indicator?code=" ADDED);
	assert_string_equal(cell(row, 2), "0 亿元确认为零");
	assert_string_equal(cell(row, 11), "0.000");
	assert_string_equal(cell(row, 9), "0.0 %");
}

static void a_late_figure_says_since_which_period(void **state)
{
	struct face *f = *state;
	struct figure *g = face_figure(f, "bing", TAXES);
	const char *row;

	g->missing = period_month(2026, 9);
	g->late_hours = 120.75;
	g->has_value = true;
	g->current = false;
	g->period = period_month(2026, 8);
	g->value = -25000;
	g->vintages = 1;
	row = row_with(face_get(f, serve_unit, "", "id", "bing"), "indicator?code=" TAXES);
	assert_has(row, "<tr class=\"late\">");
	assert_string_equal(cell(row, 1), "2026年8月");
	assert_string_equal(cell(row, 2), "-2.5 万元已过期");
	assert_string_equal(cell(row, 15), "未修订");
	assert_string_equal(cell(row, 16), "迟报 2026年9月逾期 120.8 工作小时");
}

static void an_indicator_shows_its_units_by_rank(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	page = face_get(f, serve_indicator, "", "code", ADDED);
	assert_has(page, "<h1>规上工业增加值</h1>");
	assert_has(page, "Value added</span> · 亿元 · 月报 · 累计 · 越高越好 · 责任部门 统计局");
	assert_has(page, "评估账期 2026年10月，已报 2 / 应报 4，2026-11-22 17:05 关账");
	assert_has(page, "<h3>产业集聚区 · 县区</h3>");
	assert_before(page, "unit?id=yi", "unit?id=jia");
	assert_before(page, "unit?id=jia", "unit?id=bing");
	assert_string_equal(cell(row_with(page, "unit?id=yi"), 13), "1 / 2");
	assert_string_equal(cell(row_with(page, "unit?id=bing"), 13), "—");
	assert_string_equal(cell(row_with(page, "unit?id=bing"), 12), "○ 未评");
	assert_string_equal(cell(row_with(page, "unit?id=ding"), 12), "—");
}

static void a_unit_page_tells_its_standing(void **state)
{
	struct face *f = *state;
	const char *page;

	face_fill_city(f);
	page = face_get(f, serve_unit, "", "id", "jia");
	assert_has(page, "<p>产业集聚区 · 工业 · 市区 · 北县 · <code>jia</code></p>");
	assert_has(page, "平均进度比 0.900，名次 2 / 2");
	page = face_get(f, serve_unit, "", "id", "stat");
	assert_int_equal(f->r.x.status, 200);
	assert_has(page, "这个单位没有需要上报的指标。");
}

static void an_unknown_id_is_not_found(void **state)
{
	struct face *f = *state;

	assert_has(face_get(f, serve_unit, "", "id", "nobody&"),
		   "目录中没有 &#39;nobody&amp;&#39;");
	assert_int_equal(f->r.x.status, 404);
	assert_string_equal(f->r.x.content_type, "text/html; charset=utf-8");
	assert_has(face_get(f, serve_indicator, "", "code", "nothing"), "没有这个指标");
	assert_int_equal(f->r.x.status, 404);
	assert_has(face_get(f, serve_unit, "", NULL, NULL), "地址中缺少参数 id");
	assert_int_equal(f->r.x.status, 400);
	assert_has(face_get(f, serve_indicator, "", "code", ""), "地址中缺少参数 code");
	assert_int_equal(f->r.x.status, 400);
}

/* --- feeds ---------------------------------------------------------------------------------- */

static void feeds_show_how_it_goes_and_where_the_mistakes_are(void **state)
{
	struct face *f = *state;
	struct feed_row feeds[2] = {
		{ .name = "stat-report",
		  .source = "http://127.0.0.1/a?b=<c>",
		  .owner = "stat",
		  .health = "ok",
		  .state = "waiting",
		  .error = "",
		  .last_success_ms = NOW_MS,
		  .last_change_ms = NOW_MS - 60000,
		  .next_ms = NOW_MS + 60000,
		  .kept = 12,
		  .refused = 2 },
		{ .name = "drop",
		  .source = "/srv/drop",
		  .owner = "县局",
		  .health = "failing",
		  .state = "fetching",
		  .error = "cannot read <folder>",
		  .failing_since_ms = NOW_MS - 3600000 },
	};
	const char *page, *row;

	feeds[0].complaints = calloc(2, sizeof(*feeds[0].complaints));
	feeds[0].ncomplaints = 2;
	feeds[0].complaints[0].line = 3;
	feeds[0].complaints[0].column = 14;
	feeds[0].complaints[0].place = "3:14";
	feeds[0].complaints[0].text = "'<b>' is no number";
	feeds[0].complaints[0].reason = "number";
	feeds[0].complaints[1].place = "1:1";
	feeds[0].complaints[1].text = "no header";
	feeds[0].complaints[1].reason = "layout";
	f->feeds = feeds;
	f->nfeeds = 2;
	page = face_get(f, serve_feeds, "", NULL, NULL);
	row = row_with(page, "http://127.0.0.1/");
	assert_has(row, "<a href=\"feed?name=stat-report\">stat-report</a>");
	assert_string_equal(cell(row, 1), "http://127.0.0.1/a?b=&lt;c&gt;");
	assert_string_equal(cell(row, 2), "统计局");
	assert_string_equal(cell(row, 3), "● 正常");
	assert_string_equal(cell(row, 4), "等待");
	assert_string_equal(cell(row, 5), "2026-11-23 17:05");
	assert_string_equal(cell(row, 6), "2026-11-23 17:04");
	assert_string_equal(cell(row, 7), "2026-11-23 17:06");
	assert_string_equal(cell(row, 8), "12");
	assert_string_equal(cell(row, 9), "2");
	assert_string_equal(cell(row, 10), "—");
	row = row_with(page, "/srv/drop");
	assert_string_equal(cell(row, 2), "县局");
	assert_string_equal(cell(row, 3), "■ 失败自 2026-11-23 16:05 起");
	assert_string_equal(cell(row, 5), "—");
	assert_string_equal(cell(row, 8), "—");
	assert_string_equal(cell(row, 10), "cannot read &lt;folder&gt;");
	assert_has(page,
		   "<li>第 3 行第 14 列 <small>3:14</small>：&#39;&lt;b&gt;&#39; is no number");
	assert_has(page, "<li>整份文件：no header");
	page = overview(f);
	assert_has(page, "共 2 个，失败 1 个");
	assert_has(page, "<span class=\"mark\">drop</span>：cannot read &lt;folder&gt;");
	free(feeds[0].complaints);
	f->nfeeds = 0;
}

static struct feed_reason feed_reasons[] = {
	{ "value", "不是数字", false, 12 },
	{ "ratio", "变动过大", true, 21 },
};

/* A feed with everything, also what nobody should be able to put into a page. */
static struct feed_row one_feed(void)
{
	struct feed_row r = { .name = "a<b>&\"\x01",
			      .source = "http://127.0.0.1/x?<y>",
			      .owner = "stat",
			      .format = "csv",
			      .health = "failing",
			      .state = "decoding",
			      .error = "no \xe2\x80\xae<i>answer",
			      .last_attempt_ms = NOW_MS - 1000,
			      .last_success_ms = NOW_MS - 7200000,
			      .failing_since_ms = NOW_MS - 3600000,
			      .next_ms = NOW_MS + 60000,
			      .every_ms = 600000,
			      .failures = 3,
			      .body_bytes = 2000,
			      .read_bytes = 900,
			      .stored_figures = 17,
			      .kept = 30,
			      .refused = 12,
			      .kept_total = 300,
			      .refused_total = 13,
			      .bytes_total = 99999,
			      .document_ms = NOW_MS - 7200000,
			      .bytes = 4096,
			      .rows = 41,
			      .suspect = 21,
			      .submission = 77,
			      .fresh = 28,
			      .revised = 1,
			      .unchanged = 1,
			      .fetch_seconds = 0.25,
			      .decode_seconds = 0.0015,
			      .reasons = feed_reasons,
			      .nreasons = 2,
			      .nattempts = 2 };

	r.attempts[0].at_ms = NOW_MS - 1000;
	r.attempts[0].result = "failed";
	r.attempts[0].seconds = 1.5;
	r.attempts[1].at_ms = NOW_MS - 7200000;
	r.attempts[1].result = "changed";
	r.attempts[1].bytes = 4096;
	r.attempts[1].kept = 30;
	r.attempts[1].refused = 12;
	return r;
}

static void a_feed_has_a_page_of_its_own(void **state)
{
	struct face *f = *state;
	struct feed_row feed = one_feed();
	const char *page, *row;

	feed.complaints = calloc(1, sizeof(*feed.complaints));
	feed.ncomplaints = 1;
	feed.complaints[0].line = 3;
	feed.complaints[0].column = 2;
	feed.complaints[0].place = "B3";
	feed.complaints[0].text = "'<b>' is no number";
	feed.complaints[0].text_zh = "不是数字：<b>";
	feed.complaints[0].reason = "value";
	f->feeds = &feed;
	f->nfeeds = 1;
	page = face_get(f, serve_feed, "", "name", "a<b>&\"\x01");
	assert_has(page, "<h1>a&lt;b&gt;&amp;&quot;\xef\xbf\xbd</h1>");
	assert_null(strstr(page, "<b>"));
	assert_null(strstr(page, "<i>"));
	assert_has(page, "http://127.0.0.1/x?&lt;y&gt;");
	assert_has(page, "统计局");
	assert_has(page, "解析</td>");
	assert_has(page, "45.0 % <small>（900 / 2000 字节）</small><br>已入库 17 个数据");
	assert_has(page, "起，连续 3 次");
	assert_has(page, "<td>10 分</td>");
	assert_has(page, "4096 <small>（累计 99999）</small>");
	assert_has(page, "30 <small>（累计 300）</small>");
	assert_has(page, "12 <small>（累计 13）</small>");
	assert_has(page, "<td>28、1、1</td>");
	assert_has(page, "<td>77</td>");
	assert_has(page, "0.250 秒");
	assert_has(page, "不是数字 <small lang=\"en\">value</small>");
	assert_has(page, "不是数字：&lt;b&gt;");
	assert_has(page, "共 33 处，以上为前 1 条");
	row = row_with(page, "● 有更新");
	assert_string_equal(cell(row, 0), "2026-11-23 15:05");
	assert_string_equal(cell(row, 3), "4096");
	row = row_with(page, "1.50 秒");
	assert_string_equal(cell(row, 1), "■ 失败");
	assert_string_equal(cell(row, 3), "—");
	assert_has(face_get(f, serve_feed, "", "name", "other"), "没有这个数据源");
	assert_int_equal(f->r.x.status, 404);
	assert_has(face_get(f, serve_feed, "", NULL, NULL), "地址中缺少参数 name");
	assert_int_equal(f->r.x.status, 400);
	free(feed.complaints);
	f->nfeeds = 0;
}

static void a_feed_that_has_brought_nothing_says_so(void **state)
{
	struct face *f = *state;
	struct feed_row feed = { .name = "new",
				 .source = "/srv",
				 .owner = "",
				 .health = "new",
				 .state = "waiting",
				 .error = "",
				 .format = "table" };
	const char *page;

	f->feeds = &feed;
	f->nfeeds = 1;
	page = face_get(f, serve_feed, "", "name", "new");
	assert_has(page, "尚未收到文件");
	assert_null(strstr(page, "最近几次"));
	assert_null(strstr(page, "退回与存疑"));
	f->nfeeds = 0;
}

static void ten_thousand_feeds_come_in_pages_the_broken_first(void **state)
{
	enum { MANY = 10000 };
	struct face *f = *state;
	struct feed_row *feeds = calloc(MANY, sizeof(*feeds));
	char(*names)[16] = calloc(MANY, sizeof(*names));
	const char *page;

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "feed%05d", i);
		feeds[i] = (struct feed_row){ .name = names[i],
					      .source = "/srv",
					      .owner = "",
					      .health = "ok",
					      .state = "waiting",
					      .error = "" };
	}
	feeds[9000].health = "failing";
	feeds[9001].refused = 1;
	f->feeds = feeds;
	f->nfeeds = MANY;
	page = face_get(f, serve_feeds, "", NULL, NULL);
	assert_true(strlen(page) < 300000);
	assert_has(page, "第 1–200 个，共 10000 个");
	assert_has(page, "href=\"feeds?from=200\"");
	assert_has(page, "<a href=\"feed?name=feed09000\">");
	assert_true(strstr(page, "feed09000") < strstr(page, "feed09001"));
	assert_true(strstr(page, "feed09001") < strstr(page, "feed00000"));
	assert_null(strstr(page, "feed00198"));
	page = face_get(f, serve_feeds, "", "from", "9800");
	assert_has(page, "第 9801–10000 个，共 10000 个");
	assert_has(page, "href=\"feeds?from=9600\"");
	assert_null(strstr(page, "下一页"));
	assert_has(face_get(f, serve_feeds, "", "from", "-1"), "from");
	assert_int_equal(f->r.x.status, 400);
	free(names);
	free(feeds);
	f->nfeeds = 0;
}

static void without_feeds_the_page_says_where_to_configure_them(void **state)
{
	struct face *f = *state;

	assert_has(face_get(f, serve_feeds, "", NULL, NULL), "<code>feeds:</code>");
}

/* --- while there is nothing ------------------------------------------------------------------- */

static void an_empty_catalogue_says_what_to_do_next(void **state)
{
	struct face *f = *state;
	const char *page;

	face_load(f, "units: []\n");
	face_assess(f);
	page = overview(f);
	assert_int_equal(f->r.x.status, 200);
	assert_has(page, "<code>catalogue:</code>");
	assert_has(page, "docs/catalogue.md");
	assert_has(page, "没有需要上报的单位。");
}

static void an_empty_store_says_where_figures_come_from(void **state)
{
	struct face *f = *state;

	assert_has(overview(f), "还没有收到任何数字");
	face_fill_city(f);
	assert_null(strstr(overview(f), "还没有收到任何数字"));
}

static void before_the_first_assessment_the_pages_say_so(void **state)
{
	struct face *f = *state;

	assessment_unref(f->a);
	f->a = NULL;
	f->ready = false;
	assert_has(overview(f), "尚无评估结果");
	assert_has(f->r.x.reply.p, "尚未就绪：the catalogue is being read");
	assert_int_equal(f->r.x.status, 200);
	face_get(f, serve_unit, "", "id", "jia");
	assert_int_equal(f->r.x.status, 503);
	assert_has(face_get(f, serve_feeds, "", NULL, NULL), "<code>feeds:</code>");
	assert_int_equal(f->r.x.status, 200);
}

/* --- failures ----------------------------------------------------------------------- */

/* The k-th allocation fails, for every k: an answer each time. (The sanitizer looks for leaks.) */
static void a_page_without_memory_is_an_error(void **state)
{
	struct face *f = *state;
	unsigned failed = 0;

	face_fill_city(f);
	face_alert(f, "ParkLagging", "park", "jia", 0, "lags");
	for (long k = 0;; k++) {
		bool complete;

		face_forget(f);
		memset(&f->r, 0, sizeof(f->r));
		f->r.x.ctx = &f->view;
		f->r.x.status = 200;
		arena_init(&f->r.x.arena, 16 << 20);
		buf_init(&f->r.x.reply, 16 << 20);
		mem_fail_after(k, 1);
		serve_overview(&f->r.x);
		mem_fail_after(-1, 0);
		complete = f->r.x.status == 200 && !f->r.x.reply.failed;
		failed += !complete;
		arena_release(&f->r.x.arena);
		buf_release(&f->r.x.reply);
		if (complete)
			break;
	}
	assert_true(failed > 3);
	overview(f);
	assert_int_equal(f->r.x.status, 200);
}

#define T(f) cmocka_unit_test_setup_teardown(f, face_setup, face_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_name_never_comes_out_as_markup),
		T(the_page_says_what_it_is_and_of_when),
		T(units_are_ranked_within_class_and_league),
		T(a_late_unit_is_there_and_marked_though_it_has_no_figure),
		T(before_the_first_period_is_closed_every_unit_says_so),
		T(indicators_with_targets_are_counted_and_the_others_linked),
		T(firing_alerts_stand_before_pending_ones),
		T(a_figure_shows_the_native_measure_exactly),
		T(missing_figures_are_dashes_and_never_zero),
		T(what_is_kept_secret_is_said_to_be),
		T(a_report_that_was_refused_is_said_to_be),
		T(a_zero_that_was_reported_is_a_zero),
		T(a_late_figure_says_since_which_period),
		T(an_indicator_shows_its_units_by_rank),
		T(a_unit_page_tells_its_standing),
		T(an_unknown_id_is_not_found),
		T(feeds_show_how_it_goes_and_where_the_mistakes_are),
		T(a_feed_has_a_page_of_its_own),
		T(a_feed_that_has_brought_nothing_says_so),
		T(ten_thousand_feeds_come_in_pages_the_broken_first),
		T(without_feeds_the_page_says_where_to_configure_them),
		T(an_empty_catalogue_says_what_to_do_next),
		T(an_empty_store_says_where_figures_come_from),
		T(before_the_first_assessment_the_pages_say_so),
		T(a_page_without_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
