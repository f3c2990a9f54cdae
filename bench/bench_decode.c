/*
 * bench_decode.c - how fast a document becomes observations.
 *
 * One document of each format with the same figures (200 parks, 60 indicators,
 * 15 months; the Prometheus one: 180,000 samples of 60 families) goes through
 * document_decode(): check of the bytes, decoding, names, periods, values, checks
 * against each other. History is asked and knows nothing. Bytes are those of the
 * body as fetched, unpacked; of a workbook those of its XML.
 *
 * `scrape` is what a machine's exporter says, 1,000 samples, polled again and again with
 * other values; `scrape_first` the same with nothing known from the polls before.
 *
 *	bench_decode [FORMAT [RUNS]]
 */
#include "bench/made.h"
#include "collectors/samples.h"
#include "tests/lib/made_zip.h"

#include <iconv.h>

enum { PARKS = 200, INDICATORS = 60, MONTHS = 15, RUNS = 7 };
enum { FIGURES = PARKS * INDICATORS * MONTHS };

struct text {
	char *p;
	size_t n;
	size_t counted; /* bytes that the figure counts, where they are not n */
	FILE *to;
};

static void text_open(struct text *t)
{
	t->to = must_have(open_memstream(&t->p, &t->n));
}

static void text_close(struct text *t)
{
	if (fclose(t->to) != 0)
		die("no memory");
}

/* From 2025-01 on. */
static void month_at(int i, int *year, int *month)
{
	*year = 2025 + i / 12;
	*month = i % 12 + 1;
}

/* --- documents ------------------------------------------------------------------- */

/* 单位,指标,期间,数值 */
static void write_long(struct text *t)
{
	char park[64], indicator[64];
	uint64_t seed = 1;
	int y, m;

	fputs("单位,指标,期间,数值\r\n", t->to);
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				made_park_name(p, park);
				made_indicator_name(i, indicator);
				month_at(k, &y, &m);
				fprintf(t->to, "%s,%s,%d年%d月,%.2f\r\n", park, indicator, y, m,
					made_value(p, i, y, m, &seed));
			}
}

/* 园区,月份,规上工业第000号指标(万元),… */
static void write_wide(struct text *t)
{
	char name[64];
	uint64_t seed = 1;
	int y, m;

	fputs("园区,月份", t->to);
	for (int i = 0; i < INDICATORS; i++) {
		made_indicator_name(i, name);
		fprintf(t->to, ",%s(万元)", name);
	}
	fputs("\r\n", t->to);
	for (int p = 0; p < PARKS; p++)
		for (int k = 0; k < MONTHS; k++) {
			made_park_name(p, name);
			month_at(k, &y, &m);
			fprintf(t->to, "%s,%d-%02d", name, y, m);
			for (int i = 0; i < INDICATORS; i++)
				fprintf(t->to, ",%.2f", made_value(p, i, y, m, &seed));
			fputs("\r\n", t->to);
		}
}

static void write_gb18030(struct text *t)
{
	iconv_t cd = iconv_open("GB18030", "UTF-8");
	struct text utf8;
	char *in, *out;
	size_t in_left, out_left;

	text_open(&utf8);
	write_long(&utf8);
	text_close(&utf8);
	in = utf8.p;
	in_left = out_left = utf8.n;
	out = must_have(malloc(out_left));
	fclose(t->to);
	free(t->p);
	t->p = out;
	if (cd == (iconv_t)-1 || iconv(cd, &in, &in_left, &out, &out_left) == (size_t)-1)
		die("iconv does not know GB18030");
	t->n = utf8.n - out_left;
	t->to = must_have(fmemopen(t->p, t->n, "r"));
	iconv_close(cd);
	free(utf8.p);
}

static void put_texts(struct buf *b, int n, void (*name)(int i, char out[64]))
{
	char text[64];

	for (int i = 0; i < n; i++) {
		name(i, text);
		buf_printf(b, "<si><t>%s</t></si>", text);
	}
}

static void month_name(int i, char out[64])
{
	int y, m;

	month_at(i, &y, &m);
	snprintf(out, 64, "%d年%d月", y, m);
}

/* The rows of write_long() in a workbook; texts are shared, as all programs write them. */
static void put_sheet(struct buf *b)
{
	const int indicators = 4 + PARKS, months = indicators + INDICATORS;
	uint64_t seed = 1;
	int row = 1, y, m;

	buf_puts(b, "<worksheet xmlns=\"" MADE_MAIN "\"><sheetData><row r=\"1\">"
		    "<c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>"
		    "<c r=\"C1\" t=\"s\"><v>2</v></c><c r=\"D1\" t=\"s\"><v>3</v></c></row>");
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				month_at(k, &y, &m);
				row++;
				buf_printf(b,
					   "<row r=\"%d\" spans=\"1:4\"><c r=\"A%d\" t=\"s\">"
					   "<v>%d</v></c><c r=\"B%d\" t=\"s\"><v>%d</v></c>"
					   "<c r=\"C%d\" t=\"s\"><v>%d</v></c><c r=\"D%d\">"
					   "<v>%.2f</v></c></row>",
					   row, row, 4 + p, row, indicators + i, row, months + k,
					   row, made_value(p, i, y, m, &seed));
			}
	buf_puts(b, "</sheetData></worksheet>");
}

/* Counted are the bytes of its XML. */
static void write_xlsx(struct text *t)
{
	struct buf sheet, texts;
	struct made_zip z;
	struct slice body;

	buf_init(&sheet, (size_t)1 << 30);
	buf_init(&texts, (size_t)1 << 30);
	put_sheet(&sheet);
	buf_puts(&texts, "<sst xmlns=\"" MADE_MAIN "\"><si><t>单位</t></si><si><t>指标</t></si>"
			 "<si><t>期间</t></si><si><t>数值</t></si>");
	put_texts(&texts, PARKS, made_park_name);
	put_texts(&texts, INDICATORS, made_indicator_name);
	put_texts(&texts, MONTHS, month_name);
	buf_puts(&texts, "</sst>");
	made_zip_init(&z);
	made_package(&z, MADE_DEFLATED);
	made_zip_text(&z, "xl/workbook.xml",
		      "<workbook xmlns=\"" MADE_MAIN "\" xmlns:r=\"" MADE_RELATIONS "\"><sheets>"
		      "<sheet name=\"月报\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>");
	made_zip_text(&z, "xl/styles.xml",
		      "<styleSheet xmlns=\"" MADE_MAIN "\"><cellXfs><xf numFmtId=\"0\"/></cellXfs>"
		      "</styleSheet>");
	made_zip_add(&z, "xl/sharedStrings.xml", buf_all(&texts), MADE_DEFLATED);
	made_zip_add(&z, "xl/worksheets/sheet1.xml", buf_all(&sheet), MADE_DEFLATED);
	body = made_zip_end(&z);
	if (fwrite(body.p, 1, body.n, t->to) != body.n)
		die("no memory");
	t->counted = sheet.n + texts.n;
	made_zip_release(&z);
	buf_release(&sheet);
	buf_release(&texts);
}

static void write_json(struct text *t)
{
	char code[32];
	uint64_t seed = 1;
	int y, m;

	fputs("{\"data\":[", t->to);
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				made_code(i, code);
				month_at(k, &y, &m);
				fprintf(t->to,
					"%s\n{\"park\":\"p%03d\",\"code\":\"%s\",\"month\":\"%d-%"
					"02d\","
					"\"value\":%.2f}",
					p || i || k ? "," : "", p, code, y, m,
					made_value(p, i, y, m, &seed));
			}
	fputs("]}\n", t->to);
}

/* A cube: park, indicator, month. */
static void write_jsonstat(struct text *t)
{
	uint64_t seed = 1;
	char text[64];
	int y, m;

	fprintf(t->to,
		"{\"class\":\"dataset\",\"id\":[\"park\",\"code\",\"month\"],\"size\":[%d,%d,%d],"
		"\"dimension\":{\"park\":{\"category\":{\"index\":[",
		PARKS, INDICATORS, MONTHS);
	for (int p = 0; p < PARKS; p++)
		fprintf(t->to, "%s\"p%03d\"", p ? "," : "", p);
	fputs("]}},\"code\":{\"category\":{\"index\":[", t->to);
	for (int i = 0; i < INDICATORS; i++) {
		made_code(i, text);
		fprintf(t->to, "%s\"%s\"", i ? "," : "", text);
	}
	fputs("]}},\"month\":{\"category\":{\"index\":[", t->to);
	for (int k = 0; k < MONTHS; k++) {
		month_at(k, &y, &m);
		fprintf(t->to, "%s\"%d-%02d\"", k ? "," : "", y, m);
	}
	fputs("]}}},\"value\":[", t->to);
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				month_at(k, &y, &m);
				fprintf(t->to, "%s%.2f", p || i || k ? "," : "",
					made_value(p, i, y, m, &seed));
			}
	fputs("]}\n", t->to);
}

static void write_easyquery(struct text *t)
{
	uint64_t seed = 1;
	char code[32];
	int y, m;

	fputs("{\"returncode\":200,\"returndata\":{\"datanodes\":[", t->to);
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++)
			for (int k = 0; k < MONTHS; k++) {
				double v;

				made_code(i, code);
				month_at(k, &y, &m);
				v = made_value(p, i, y, m, &seed);
				fprintf(t->to,
					"%s{\"code\":\"zb.%s_reg.p%03d_sj.%d%02d\",\"data\":{"
					"\"data\":%.2f,"
					"\"dotcount\":2,\"hasdata\":true,\"strdata\":\"%.2f\"},"
					"\"wds\":["
					"{\"valuecode\":\"%s\",\"wdcode\":\"zb\"},{\"valuecode\":"
					"\"p%03d\","
					"\"wdcode\":\"reg\"},{\"valuecode\":\"%d%02d\",\"wdcode\":"
					"\"sj\"}]}",
					p || i || k ? "," : "", code, p, y, m, v, v, code, p, y, m);
			}
	fputs("],\"wdnodes\":[{\"wdcode\":\"zb\",\"nodes\":[]},{\"wdcode\":\"reg\",\"nodes\":[]},"
	      "{\"wdcode\":\"sj\",\"nodes\":[]}]}}\n",
	      t->to);
}

#define SDMX_HEAD                                                                                  \
	"xmlns:m=\"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message\" xmlns:c=\"urn:c\" " \
	"xmlns:g=\"urn:g\" xmlns:ss=\"urn:ss\">\n<m:Header><m:ID>bench</m:ID><m:Structure "        \
	"structureID=\"S\" dimensionAtObservation=\"TIME_PERIOD\"><c:Structure><Ref "              \
	"agencyID=\"PW\" id=\"BENCH\" version=\"1.0\"/></c:Structure></m:Structure></m:Header>\n"

/* A series a park and indicator, its months below. */
static void write_sdmx(struct text *t, bool generic)
{
	uint64_t seed = 1;
	char code[32];
	int y, m;

	fprintf(t->to, generic ? "<m:GenericData " SDMX_HEAD "<m:DataSet structureRef=\"S\">\n"
			       : "<m:StructureSpecificData " SDMX_HEAD
				 "<m:DataSet ss:structureRef=\"S\">\n");
	for (int p = 0; p < PARKS; p++)
		for (int i = 0; i < INDICATORS; i++) {
			made_code(i, code);
			fprintf(t->to,
				generic ? "<g:Series><g:SeriesKey><g:Value id=\"REF_AREA\" "
					  "value=\"p%03d\"/><g:Value id=\"INDICATOR\" "
					  "value=\"%s\"/></g:SeriesKey>\n"
					: "<Series REF_AREA=\"p%03d\" INDICATOR=\"%s\">\n",
				p, code);
			for (int k = 0; k < MONTHS; k++) {
				month_at(k, &y, &m);
				fprintf(t->to,
					generic ? "<g:Obs><g:ObsDimension value=\"%d-%02d\"/>"
						  "<g:ObsValue value=\"%.2f\"/></g:Obs>\n"
						: "<Obs TIME_PERIOD=\"%d-%02d\" "
						  "OBS_VALUE=\"%.2f\"/>\n",
					y, m, made_value(p, i, y, m, &seed));
			}
			fputs(generic ? "</g:Series>\n" : "</Series>\n", t->to);
		}
	fprintf(t->to, "</m:DataSet></m:%s>\n", generic ? "GenericData" : "StructureSpecificData");
}

static void write_sdmx_generic(struct text *t)
{
	write_sdmx(t, true);
}

static void write_sdmx_specific(struct text *t)
{
	write_sdmx(t, false);
}

static void write_prometheus(struct text *t)
{
	uint64_t seed = 1;

	for (int i = 0; i < INDICATORS; i++) {
		fprintf(t->to, "# HELP node_thing_%d_bytes Something a machine counts.\n", i);
		fprintf(t->to, "# TYPE node_thing_%d_bytes gauge\n", i);
		for (int p = 0; p < PARKS * MONTHS; p++)
			fprintf(t->to,
				"node_thing_%d_bytes{cpu=\"%d\",device=\"sd%c\",mode=\"idle%d\"} "
				"%.3f\n",
				i, p % 64, 'a' + p % 26, p,
				(double)(random_next(&seed) % 100000000) / 1000);
	}
}

/* As prometheus-node-exporter writes it: help and type of each family, counters as Go prints them.
 */
static void write_family(struct text *t, const char *name, const char *const *labels, int n,
			 uint64_t *seed)
{
	fprintf(t->to, "# HELP %s Number of things that a device has done since it was started.\n",
		name);
	fprintf(t->to, "# TYPE %s counter\n", name);
	for (int i = 0; i < n; i++) {
		uint64_t r = random_next(seed) % 1000000000000;

		fprintf(t->to, labels[0] ? "%s{" : "%s", name);
		for (int k = 0; labels[k]; k++)
			fprintf(t->to, "%s%s=\"%s%d\"", k ? "," : "", labels[k], labels[k],
				k ? i % 8 : i / 8);
		if (labels[0])
			fputc('}', t->to);
		if (i % 2)
			fprintf(t->to, " %.17g\n", (double)(r % 100000000) / 64);
		else
			fprintf(t->to, r < 1000000 ? " %.0f\n" : " %.9e\n", (double)r);
	}
}

enum { SCRAPE_SAMPLES = 1000 };

static void write_scrape(struct text *t, uint64_t seed)
{
	static const char *const cpu[] = { "cpu", "mode", NULL },
				 *const device[] = { "device", NULL },
				 *const mount[] = { "device", "fstype", "mountpoint", NULL },
				 *const none[] = { NULL };
	char name[64];

	write_family(t, "node_cpu_seconds_total", cpu, 128, &seed);
	for (int i = 0; i < 54; i++) {
		snprintf(name, sizeof(name), "node_network_%d_packets_total", i);
		write_family(t, name, device, 8, &seed);
	}
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "node_filesystem_%d_bytes", i);
		write_family(t, name, mount, 20, &seed);
	}
	for (int i = 0; i < 240; i++) {
		snprintf(name, sizeof(name), "node_memory_thing_%d_bytes", i);
		write_family(t, name, none, 1, &seed);
	}
}

/* --- layouts ------------------------------------------------------------------------ */

#define COLUMN(name)                                                                               \
	{                                                                                          \
		.where = AXIS_COLUMN, .columns = (const char *const[]){ name }, .ncolumns = 1      \
	}

static const struct layout long_layout = {
	.unit = COLUMN("单位"),
	.indicator = COLUMN("指标"),
	.period = COLUMN("期间"),
	.value = COLUMN("数值"),
};
static const struct layout wide_layout = {
	.unit = COLUMN("园区"),
	.period = COLUMN("月份"),
	.indicator = { .where = AXIS_HEADER },
};
static const struct layout json_layout = {
	.unit = COLUMN("/park"),
	.indicator = COLUMN("/code"),
	.period = COLUMN("/month"),
	.value = COLUMN("/value"),
	.rows = "/data",
};
static const struct layout jsonstat_layout = {
	.unit = COLUMN("park"),
	.indicator = COLUMN("code"),
	.period = COLUMN("month"),
	.value = COLUMN("value"),
};
static const struct layout easyquery_layout = {
	.unit = COLUMN("reg"),
	.indicator = COLUMN("zb"),
	.period = COLUMN("sj"),
	.value = COLUMN("value"),
};

static const struct layout sdmx_layout = {
	.unit = COLUMN("REF_AREA"),
	.indicator = COLUMN("INDICATOR"),
	.period = COLUMN("TIME_PERIOD"),
	.value = COLUMN("OBS_VALUE"),
};

static const struct kind {
	const char *name;
	void (*write)(struct text *t);
	enum feed_format format;
	enum text_encoding encoding;
	const struct layout *layout;
} kinds[] = {
	{ "csv_long", write_long, FORMAT_CSV, TEXT_AUTO, &long_layout },
	{ "csv_wide", write_wide, FORMAT_CSV, TEXT_AUTO, &wide_layout },
	{ "csv_long_gb18030", write_gb18030, FORMAT_CSV, TEXT_GB18030, &long_layout },
	{ "xlsx_long", write_xlsx, FORMAT_XLSX, TEXT_UTF8, &long_layout },
	{ "json", write_json, FORMAT_JSON, TEXT_UTF8, &json_layout },
	{ "jsonstat", write_jsonstat, FORMAT_JSONSTAT, TEXT_UTF8, &jsonstat_layout },
	{ "easyquery", write_easyquery, FORMAT_EASYQUERY, TEXT_UTF8, &easyquery_layout },
	{ "sdmx_generic", write_sdmx_generic, FORMAT_SDMX, TEXT_UTF8, &sdmx_layout },
	{ "sdmx_specific", write_sdmx_specific, FORMAT_SDMX, TEXT_UTF8, &sdmx_layout },
	{ "prometheus", write_prometheus, FORMAT_PROMETHEUS, TEXT_UTF8, &long_layout },
};

/* --- measuring ------------------------------------------------------------------------ */

static int open_nothing(void *ctx, void **at, struct err *e)
{
	(void)e;
	*at = ctx;
	return 0;
}

static int knows_nothing(void *at, const struct labels *labels, int64_t from_ms, int64_t to_ms,
			 struct arena *a, struct past **out, size_t *n, struct err *e)
{
	(void)at;
	(void)labels;
	(void)from_ms;
	(void)to_ms;
	(void)a;
	(void)e;
	*out = NULL;
	*n = 0;
	return 0;
}

static void close_nothing(void *at)
{
	(void)at;
}

static struct took decode_once(const struct document *d, const struct catalogue *c, size_t want)
{
	static int nothing;
	struct history history = { open_nothing, knows_nothing, close_nothing, &nothing };
	struct took from = took_now(), took;
	struct err e = { 0 };
	struct batch *b = batch_new((size_t)1 << 30, &e);

	if (!b)
		die("%s", e.text);
	must(document_decode(d, c, &history, b, &e), &e);
	took = took_since(from);
	if (b->nobs + b->nsamples != want || b->refused)
		die("%zu observations and %zu samples came out, %zu were refused%s%s", b->nobs,
		    b->nsamples, b->refused, b->ncomplaints ? ": " : "",
		    b->ncomplaints ? b->complaints[0].text : "");
	batch_free(b);
	return took;
}

static void measure(const struct kind *k, const struct catalogue *c, int nruns)
{
	struct runs wall = { .n = 0 }, cpu = { .n = 0 }, figures = { .n = 0 };
	struct document d = { .format = k->format,
			      .encoding = k->encoding,
			      .layout = k->layout,
			      .class = UNIT_PARK,
			      .content_type = slice_str(k->format == FORMAT_PROMETHEUS
								? "text/plain; version=0.0.4"
								: ""),
			      .feed = "bench",
			      .instance = "127.0.0.1:1",
			      .now_ms = (int64_t)1790000000 * 1000 };
	struct text t = { 0 };
	double megabytes;

	text_open(&t);
	k->write(&t);
	text_close(&t);
	megabytes = (double)(t.counted ? t.counted : t.n) / 1e6;
	d.body = slice_of(t.p, t.n);
	decode_once(&d, c, FIGURES); /* memory, caches */
	for (int i = 0; i < nruns; i++) {
		struct took took = decode_once(&d, c, FIGURES);

		runs_add(&wall, megabytes / took.wall);
		runs_add(&cpu, megabytes / took.cpu);
		runs_add(&figures, FIGURES / took.cpu);
	}
	report_runs(name_of("decode_%s", k->name), &wall, "MB/s");
	report_runs(name_of("decode_%s_cpu", k->name), &cpu, "MB/CPU-s");
	report_runs(name_of("decode_%s_figures", k->name), &figures, "figures/CPU-s");
	free(t.p);
}

enum { SCRAPES = 400, BODIES = 8 };

static void measure_scrapes(const char *name, bool known, const struct catalogue *c, int nruns)
{
	struct runs cpu = { .n = 0 }, samples = { .n = 0 };
	struct document d = { .format = FORMAT_PROMETHEUS,
			      .content_type = slice_str("text/plain; version=0.0.4"),
			      .feed = "bench",
			      .instance = "127.0.0.1:1",
			      .now_ms = (int64_t)1790000000 * 1000 };
	struct scrape scrape = { 0 };
	struct text t[BODIES];
	struct err e;

	if (known) {
		scrape.cache = must_have(scrape_cache_new(&e));
		d.scrape = &scrape;
	}
	d.quota = must_have(series_quota_new(200000, &e));
	for (int i = 0; i < BODIES; i++) {
		text_open(&t[i]);
		write_scrape(&t[i], (uint64_t)i + 1);
		text_close(&t[i]);
	}
	for (int i = -1; i < nruns; i++) {
		double seconds = 0, bytes = 0;

		for (int k = 0; k < SCRAPES; k++) {
			d.body = slice_of(t[k % BODIES].p, t[k % BODIES].n);
			seconds += decode_once(&d, c, SCRAPE_SAMPLES).cpu;
			bytes += (double)d.body.n;
		}
		if (i < 0)
			continue; /* memory, caches */
		runs_add(&cpu, bytes / 1e6 / seconds);
		runs_add(&samples, SCRAPES * SCRAPE_SAMPLES / seconds);
	}
	report_runs(name_of("decode_%s_cpu", name), &cpu, "MB/CPU-s");
	report_runs(name_of("decode_%s_samples", name), &samples, "samples/CPU-s");
	for (int i = 0; i < BODIES; i++)
		free(t[i].p);
	scrape_cache_free(scrape.cache);
	series_quota_free(d.quota);
}

static bool wanted(int argc, char **argv, const char *name)
{
	return argc < 2 || strcmp(argv[1], name) == 0;
}

int main(int argc, char **argv)
{
	struct made m = { PARKS, INDICATORS, 0, 0 };
	struct catalogue *c = made_load(&m, folder_make(), NULL);
	int nruns = argc > 2 ? atoi(argv[2]) : RUNS;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (wanted(argc, argv, kinds[i].name))
			measure(&kinds[i], c, nruns);
	if (wanted(argc, argv, "scrape"))
		measure_scrapes("scrape", true, c, nruns);
	if (wanted(argc, argv, "scrape_first"))
		measure_scrapes("scrape_first", false, c, nruns);
	catalogue_unref(c);
	return 0;
}
