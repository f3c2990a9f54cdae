/*
 * format.c - see format.h.
 */
#include "collectors/format.h"

#include "collectors/formats/easyquery.h"
#include "collectors/formats/jsonstat.h"
#include "collectors/formats/sdmx.h"
#include "collectors/formats/xls.h"
#include "collectors/formats/xlsx.h"

#include <string.h>

static int read_sdmx(struct slice body, struct arena *a, const struct row_sink *sink, struct err *e)
{
	const struct sdmx_options o = { .structure = sink->structure };

	return sdmx_read(body, a, &o, sink, e);
}

/* The second is what the ECB's older structures call it. */
static const char *const sdmx_confidentiality[] = { "CONF_STATUS", "OBS_CONF" };

static const struct format formats[FORMATS] = {
	[FORMAT_TABLE] = { .name = "table", .kind = KIND_GRID, .accept = "Accept: */*" },
	[FORMAT_CSV] = { .name = "csv",
			 .kind = KIND_GRID,
			 .as_text = true,
			 .wanted = "CSV",
			 .accept = "Accept: text/csv,text/plain;q=0.9,*/*;q=0.5" },
	[FORMAT_XLSX] = { .name = "xlsx",
			  .kind = KIND_GRID,
			  .read = xlsx_read,
			  .accept = "Accept: application/vnd.openxmlformats-officedocument."
				    "spreadsheetml.sheet,*/*;q=0.5" },
	[FORMAT_XLS] = { .name = "xls",
			 .kind = KIND_GRID,
			 .read = xls_read,
			 .accept = "Accept: application/vnd.ms-excel,*/*;q=0.5" },
	[FORMAT_JSON] = { .name = "json",
			  .kind = KIND_POINTERS,
			  .as_text = true,
			  .wanted = "JSON",
			  .accept = "Accept: application/json,*/*;q=0.5" },
	[FORMAT_JSONSTAT] = { .name = "json-stat",
			      .kind = KIND_RECORDS,
			      .read = jsonstat_read,
			      .as_text = true,
			      .wanted = "JSON-stat",
			      .accept = "Accept: application/json,*/*;q=0.5",
			      .value = "value" },
	[FORMAT_EASYQUERY] = { .name = "easyquery",
			       .kind = KIND_RECORDS,
			       .read = easyquery_read,
			       .as_text = true,
			       .wanted = "an answer of easyquery",
			       .accept = "Accept: application/json,*/*;q=0.5",
			       .period = "sj",
			       .value = "value" },
	[FORMAT_SDMX] = { .name = "sdmx",
			  .kind = KIND_RECORDS,
			  .read = read_sdmx,
			  .wanted = "SDMX",
			  .accept = "Accept: application/vnd.sdmx.data+json;q=1,"
				    "application/vnd.sdmx.data+csv;q=0.9,"
				    "application/vnd.sdmx.genericdata+xml;q=0.8,*/*;q=0.5",
			  .period = "TIME_PERIOD",
			  .value = "OBS_VALUE",
			  .confidentiality = sdmx_confidentiality,
			  .nconfidentiality = 2 },
	[FORMAT_PROMETHEUS] = { .name = "prometheus",
				.kind = KIND_SAMPLES,
				.accept = "Accept: "
					  "application/openmetrics-text;version=1.0.0;q=0.8,"
					  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1" },
};

const struct format *format_of(enum feed_format f)
{
	return &formats[f];
}

bool format_has_layout(enum feed_format f)
{
	return formats[f].kind != KIND_SAMPLES;
}

static bool has(struct slice body, const char *text)
{
	return memmem(body.p, body.n, text, strlen(text)) != NULL;
}

enum feed_format format_guess(struct slice body)
{
	struct slice text = text_trim(body);

	if (slice_starts(text, "{") || slice_starts(text, "[")) {
		if (has(text, "\"returndata\""))
			return FORMAT_EASYQUERY;
		if (has(text, "\"dimension\"") && has(text, "\"category\""))
			return FORMAT_JSONSTAT;
		return has(text, "\"dataSets\"") ? FORMAT_SDMX : FORMAT_JSON;
	}
	if ((slice_starts(text, "<") && has(text, "SDMX")) || slice_starts(text, "DATAFLOW,") ||
	    slice_starts(text, "STRUCTURE,") || slice_starts(text, "STRUCTURE;") ||
	    slice_starts(text, "STRUCTURE["))
		return FORMAT_SDMX;
	if (slice_starts(text, "# HELP ") || slice_starts(text, "# TYPE "))
		return FORMAT_PROMETHEUS;
	return FORMAT_TABLE;
}

enum feed_format format_told(enum feed_format f, struct slice body)
{
	if (f != FORMAT_TABLE)
		return f;
	if (slice_starts(body, "PK\x03\x04"))
		return FORMAT_XLSX;
	if (slice_starts(body, "\xd0\xcf\x11\xe0"))
		return FORMAT_XLS;
	return FORMAT_CSV;
}
