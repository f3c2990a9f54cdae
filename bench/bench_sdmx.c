/*
 * bench_sdmx.c - how fast an SDMX message becomes records.
 *
 * The same cube in each format: 600 series of 240 months, one attribute at each observation, five
 * at each series (ML; in JSON by index, in CSV repeated in each row). Records go to a sink that
 * counts them. Bytes are those of the message, unpacked.
 *
 *	bench_sdmx [FORMAT [RUNS]]
 */
#include "bench/bench.h"
#include "collectors/formats/sdmx.h"

enum { SERIES = 600, MONTHS = 240, RUNS = 7 };

#define MESSAGE "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
#define STRUCTURE                                                                                  \
	"<m:Structure structureID=\"S\" dimensionAtObservation=\"TIME_PERIOD\"><c:Structure>"      \
	"<Ref agencyID=\"PW\" id=\"BENCH\" version=\"1.0\"/></c:Structure></m:Structure>"
#define HEADER     "<m:Header><m:ID>bench</m:ID>" STRUCTURE "</m:Header>\n"
#define NAMESPACES "xmlns:m=\"" MESSAGE "\" xmlns:c=\"urn:c\" xmlns:g=\"urn:g\" xmlns:ss=\"urn:ss\""

static const char *const attributes[][2] = {
	{ "UNIT_MEASURE", "CNY" }, { "UNIT_MULT", "6" },
	{ "DECIMALS", "2" },       { "TITLE", "规模以上工业增加值，当月" },
	{ "COLLECTION", "A" },
};
enum { ATTRIBUTES = sizeof(attributes) / sizeof(*attributes) };

static double value_at(int s, int t)
{
	return 1000.0 + s * 17 + (t * 7919 + s * 104729) % 100000 / 100.0;
}

static void write_generic(FILE *to)
{
	fprintf(to, "<m:GenericData " NAMESPACES ">\n" HEADER "<m:DataSet structureRef=\"S\">\n");
	for (int s = 0; s < SERIES; s++) {
		fprintf(to,
			"<g:Series>\n<g:SeriesKey>\n<g:Value id=\"FREQ\" value=\"M\"/>\n<g:Value "
			"id=\"REF_AREA\" value=\"A%03d\"/>\n<g:Value id=\"INDICATOR\" "
			"value=\"I%02d\"/>\n</g:SeriesKey>\n<g:Attributes>\n",
			s / 20, s % 20);
		for (int i = 0; i < ATTRIBUTES; i++)
			fprintf(to, "<g:Value id=\"%s\" value=\"%s\"/>\n", attributes[i][0],
				attributes[i][1]);
		fputs("</g:Attributes>\n", to);
		for (int t = 0; t < MONTHS; t++)
			fprintf(to,
				"<g:Obs>\n<g:ObsDimension value=\"%d-%02d\"/>\n<g:ObsValue "
				"value=\"%.2f\"/>\n<g:Attributes>\n<g:Value id=\"OBS_STATUS\" "
				"value=\"A\"/>\n</g:Attributes>\n</g:Obs>\n",
				2000 + t / 12, t % 12 + 1, value_at(s, t));
		fputs("</g:Series>\n", to);
	}
	fputs("</m:DataSet></m:GenericData>\n", to);
}

static void write_specific(FILE *to)
{
	fprintf(to, "<m:StructureSpecificData " NAMESPACES ">\n" HEADER
		    "<m:DataSet ss:structureRef=\"S\">\n");
	for (int s = 0; s < SERIES; s++) {
		fprintf(to, "<Series FREQ=\"M\" REF_AREA=\"A%03d\" INDICATOR=\"I%02d\"", s / 20,
			s % 20);
		for (int i = 0; i < ATTRIBUTES; i++)
			fprintf(to, " %s=\"%s\"", attributes[i][0], attributes[i][1]);
		fputs(">\n", to);
		for (int t = 0; t < MONTHS; t++)
			fprintf(to,
				"<Obs TIME_PERIOD=\"%d-%02d\" OBS_VALUE=\"%.2f\" "
				"OBS_STATUS=\"A\"/>\n",
				2000 + t / 12, t % 12 + 1, value_at(s, t));
		fputs("</Series>\n", to);
	}
	fputs("</m:DataSet></m:StructureSpecificData>\n", to);
}

static void write_values(FILE *to, const char *id, char letter, int digits, int n)
{
	fprintf(to, "{\"id\":\"%s\",\"values\":[", id);
	for (int i = 0; i < n; i++) {
		fputs(i ? ",{\"id\":\"" : "{\"id\":\"", to);
		fprintf(to, "%c%0*d", letter, digits, i);
		fputs("\",\"name\":\"something with a name\"}", to);
	}
	fputs("]}", to);
}

static void write_times(FILE *to)
{
	fputs("{\"id\":\"TIME_PERIOD\",\"values\":[", to);
	for (int t = 0; t < MONTHS; t++)
		fprintf(to, "%s{\"id\":\"%d-%02d\"}", t ? "," : "", 2000 + t / 12, t % 12 + 1);
	fputs("]}", to);
}

static void write_structures(FILE *to, bool flat)
{
	fputs("{\"meta\":{},\"data\":{\"structures\":[{\"dimensions\":{\"dataSet\":[],\"series\":[",
	      to);
	fputs(flat ? "],\"observation\":[" : "", to);
	write_values(to, "FREQ", 'M', 1, 1);
	fputc(',', to);
	write_values(to, "REF_AREA", 'A', 3, SERIES / 20);
	fputc(',', to);
	write_values(to, "INDICATOR", 'I', 2, 20);
	fputs(flat ? "," : "],\"observation\":[", to);
	write_times(to);
	fputs("]},\"attributes\":{\"series\":[", to);
	for (int i = 0; i < ATTRIBUTES; i++)
		fprintf(to, "%s{\"id\":\"%s\",\"values\":[{\"value\":\"%s\"}]}", i ? "," : "",
			attributes[i][0], attributes[i][1]);
	fputs("],\"observation\":[{\"id\":\"OBS_STATUS\",\"values\":[{\"id\":\"A\"}]}]}}],"
	      "\"dataSets\":[{\"action\":\"Replace\",",
	      to);
}

static void write_json(FILE *to)
{
	write_structures(to, false);
	fputs("\"series\":{", to);
	for (int s = 0; s < SERIES; s++) {
		fprintf(to, "%s\n\"0:%d:%d\":{\"attributes\":[0,0,0,0,0],\"observations\":{",
			s ? "," : "", s / 20, s % 20);
		for (int t = 0; t < MONTHS; t++)
			fprintf(to, "%s\"%d\":[%.2f,0]", t ? "," : "", t, value_at(s, t));
		fputs("}}", to);
	}
	fputs("}}]}}", to);
}

static void write_json_flat(FILE *to)
{
	write_structures(to, true);
	fputs("\"observations\":{", to);
	for (int s = 0; s < SERIES; s++)
		for (int t = 0; t < MONTHS; t++)
			fprintf(to, "%s\"0:%d:%d:%d\":[%.2f,0]", s || t ? "," : "", s / 20, s % 20,
				t, value_at(s, t));
	fputs("}}]}}", to);
}

static void write_csv(FILE *to)
{
	fputs("STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,"
	      "OBS_STATUS",
	      to);
	for (int i = 0; i < ATTRIBUTES; i++)
		fprintf(to, ",%s", attributes[i][0]);
	fputc('\n', to);
	for (int s = 0; s < SERIES; s++)
		for (int t = 0; t < MONTHS; t++) {
			fprintf(to, "dataflow,PW:BENCH(1.0),I,M,A%03d,I%02d,%d-%02d,%.2f,A", s / 20,
				s % 20, 2000 + t / 12, t % 12 + 1, value_at(s, t));
			for (int i = 0; i < ATTRIBUTES; i++)
				fprintf(to, ",%s", attributes[i][1]);
			fputc('\n', to);
		}
}

static const struct kind {
	const char *name;
	void (*write)(FILE *to);
} kinds[] = {
	{ "ml_generic", write_generic },
	{ "ml_specific", write_specific },
	{ "json", write_json },
	{ "json_flat", write_json_flat },
	{ "csv", write_csv },
};

/* --- measuring ---------------------------------------------------------------------------- */

struct counted {
	size_t rows, held;
	const struct arena *arena;
};

static int count_row(void *ctx, const struct row *row, struct err *e)
{
	struct counted *c = ctx;

	(void)row;
	(void)e;
	c->rows++;
	if (c->arena->held > c->held)
		c->held = c->arena->held;
	return 1;
}

static struct took read_once(struct slice body, size_t *memory)
{
	struct took from = took_now(), took;
	struct err e = { 0 };
	struct arena a;
	struct counted c = { .arena = &a };
	struct row_sink sink = { .row = count_row, .ctx = &c };

	arena_init(&a, (size_t)1 << 30);
	must(sdmx_read(body, &a, NULL, &sink, &e), &e);
	*memory = c.held;
	took = took_since(from);
	arena_release(&a);
	if (c.rows != 1 + SERIES * MONTHS)
		die("%zu rows came out", c.rows);
	return took;
}

static void measure(const struct kind *k, int nruns)
{
	struct runs cpu = { .n = 0 };
	size_t n, memory = 0;
	char *p;
	FILE *to = must_have(open_memstream(&p, &n));

	k->write(to);
	if (fclose(to) != 0)
		die("no memory");
	for (int i = 0; i < nruns; i++)
		runs_add(&cpu, (double)n / 1e6 / read_once(slice_of(p, n), &memory).cpu);
	report(name_of("sdmx_%s_size", k->name), (double)n / 1e6, "MB");
	report_runs(name_of("sdmx_%s_cpu", k->name), &cpu, "MB/CPU-s");
	report(name_of("sdmx_%s_memory", k->name), (double)memory / (double)n, "of the message");
	free(p);
}

int main(int argc, char **argv)
{
	int nruns = argc > 2 ? atoi(argv[2]) : RUNS;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 2 || strcmp(argv[1], kinds[i].name) == 0)
			measure(&kinds[i], nruns);
	return 0;
}
