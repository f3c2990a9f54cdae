/*
 * test_sdmx_structure.c - structure messages: components, code lists, names; and data read with
 * them.
 */
#include "tests/lib/tmp.h"
#include "tests/unit/collectors/documents.h"
#include "tests/unit/collectors/sdmx_records.h"

struct fixture {
	struct arena a;
	struct sdmx_structure s;
	struct err e;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->a, 16 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->a);
	free(f);
	return 0;
}

#define OPEN  "<m:Structure xmlns:m='m' xmlns:s='s' xmlns:c='c'><m:Structures>"
#define CLOSE "</m:Structures></m:Structure>"

static const char version_2_1[] = OPEN
	"<s:Dataflows><s:Dataflow id='F' agencyID='A' version='1.0'><c:Name>flow</c:Name>"
	"<s:Structure><Ref id='D' version='1.0' agencyID='A' class='DataStructure'/>"
	"</s:Structure></s:Dataflow></s:Dataflows>"
	"<s:Codelists><s:Codelist id='CL_AREA' agencyID='A'><c:Name xml:lang='en'>areas</c:Name>"
	"<s:Code id='y'><c:Name xml:lang='en'>West</c:Name></s:Code>"
	"<s:Code id='x'><c:Annotations/><c:Name xml:lang='fr'>Est</c:Name>"
	"<c:Name xml:lang='zh-CN'>东 &amp; 南</c:Name><c:Name xml:lang='en'>East</c:Name>"
	"<c:Description xml:lang='zh'>not this</c:Description></s:Code></s:Codelist>"
	"<s:Codelist id='CL_FREQ' agencyID='SDMX'><s:Code id='M'>"
	"<c:Name xml:lang='en'>Monthly</c:Name></s:Code></s:Codelist></s:Codelists>"
	"<s:Concepts><s:ConceptScheme id='CS' agencyID='A'><s:Concept id='FREQ'>"
	"<c:Name xml:lang='en'>Frequency</c:Name><s:CoreRepresentation><s:Enumeration>"
	"<Ref id='CL_FREQ' agencyID='SDMX'/></s:Enumeration></s:CoreRepresentation>"
	"</s:Concept><s:Concept id='AREA'><c:Name xml:lang='zh'>地区</c:Name></s:Concept>"
	"</s:ConceptScheme></s:Concepts>"
	"<s:DataStructures><s:DataStructure id='D' agencyID='A'><s:DataStructureComponents>"
	"<s:DimensionList><s:Dimension position='1'><s:ConceptIdentity>"
	"<Ref id='FREQ' maintainableParentID='CS' agencyID='A'/></s:ConceptIdentity>"
	"</s:Dimension><s:Dimension id='AREA'><s:ConceptIdentity><Ref id='AREA' agencyID='A'/>"
	"</s:ConceptIdentity><s:LocalRepresentation><s:Enumeration>"
	"<Ref id='CL_AREA' agencyID='A'/></s:Enumeration></s:LocalRepresentation>"
	"</s:Dimension><s:TimeDimension id='TIME_PERIOD'/></s:DimensionList>"
	"<s:Group id='G'><s:GroupDimension><s:DimensionReference><Ref id='AREA'/>"
	"</s:DimensionReference></s:GroupDimension></s:Group>"
	"<s:AttributeList><s:Attribute id='OBS_STATUS'><s:AttributeRelationship>"
	"<s:Dimension><Ref id='AREA'/></s:Dimension></s:AttributeRelationship></s:Attribute>"
	"</s:AttributeList><s:MeasureList><s:PrimaryMeasure id='OBS_VALUE'/></s:MeasureList>"
	"</s:DataStructureComponents></s:DataStructure></s:DataStructures>" CLOSE;

static struct slice code_name(const struct sdmx_component *c, const char *code,
			      const char *language)
{
	const struct sdmx_code *found = sdmx_code_find(c->codes, slice_str(code));

	assert_non_null(found);
	return sdmx_name_in(found->names, language);
}

static void check_area(struct fixture *f)
{
	const struct sdmx_dsd *d = sdmx_structure_dsd(&f->s, slice_str("A:F(2.0)"));
	const struct sdmx_component *freq, *area;

	assert_non_null(d);
	assert_ptr_equal(d, sdmx_structure_dsd(&f->s, slice_str("A:D(1.0)")));
	assert_int_equal(d->n, 5);
	freq = sdmx_dsd_component(d, slice_str("FREQ"));
	area = sdmx_dsd_component(d, slice_str("AREA"));
	assert_non_null(freq);
	assert_non_null(area);
	assert_int_equal(freq->role, SDMX_DIMENSION);
	assert_int_equal(sdmx_dsd_component(d, slice_str("TIME_PERIOD"))->role, SDMX_DIMENSION);
	assert_int_equal(sdmx_dsd_component(d, slice_str("OBS_VALUE"))->role, SDMX_MEASURE);
	assert_int_equal(sdmx_dsd_component(d, slice_str("OBS_STATUS"))->role, SDMX_ATTRIBUTE);
	assert_slice(sdmx_name_in(freq->names, NULL), "Frequency");
	assert_slice(sdmx_name_in(area->names, NULL), "地区");
	assert_slice(code_name(freq, "M", NULL), "Monthly");
	assert_slice(code_name(area, "x", NULL), "东 & 南");
	assert_slice(code_name(area, "x", "en"), "East");
	assert_slice(code_name(area, "x", "fr"), "Est");
	assert_slice(code_name(area, "x", "de"), "East");
	assert_slice(code_name(area, "y", "fr"), "West");
	assert_null(sdmx_code_find(area->codes, slice_str("z")));
}

static void names_are_found_by_references_of_2_1(void **state)
{
	struct fixture *f = *state;

	assert_ok(sdmx_structure_read(slice_str(version_2_1), &f->a, &f->s, &f->e), &f->e);
	check_area(f);
}

static void names_are_found_by_urns_in_json(void **state)
{
	static const char message[] =
		"{\"data\":{\"dataflows\":[{\"id\":\"F\",\"agencyID\":\"A\",\"structure\":"
		"\"urn:sdmx:x.DataStructure=A:D(1.0)\"}],\"dataStructures\":[{\"id\":\"D\","
		"\"agencyID\":\"A\",\"dataStructureComponents\":{\"dimensionList\":{\"dimensions\":"
		"["
		"{\"id\":\"FREQ\",\"conceptIdentity\":\"urn:sdmx:x.Concept=A:CS(1.0).FREQ\"},"
		"{\"conceptIdentity\":\"urn:sdmx:x.Concept=A:CS(1.0).AREA\","
		"\"localRepresentation\":"
		"{\"enumeration\":\"urn:sdmx:x.Codelist=A:CL_AREA(1.0)\"}}],\"timeDimension\":"
		"{\"id\":\"TIME_PERIOD\"}},\"measureList\":{\"primaryMeasure\":{\"id\":\"OBS_"
		"VALUE\"}},"
		"\"attributeList\":{\"attributes\":[{\"id\":\"OBS_STATUS\"}]}}}],"
		"\"conceptSchemes\":[{\"id\":\"CS\",\"agencyID\":\"A\",\"concepts\":[{\"id\":"
		"\"FREQ\","
		"\"name\":\"Frequency\",\"coreRepresentation\":{\"enumeration\":"
		"\"urn:sdmx:x.Codelist=SDMX:CL_FREQ(2.1)\"}},{\"id\":\"AREA\",\"names\":{\"zh\":"
		"\"地区\"}}]}],\"codelists\":[{\"id\":\"CL_AREA\",\"agencyID\":\"A\",\"codes\":[{"
		"\"id\":"
		"\"y\",\"name\":\"West\"},{\"id\":\"x\",\"names\":{\"fr\":\"Est\",\"zh-CN\":\"东 & "
		"南\","
		"\"en\":\"East\"}}]},{\"id\":\"CL_FREQ\",\"agencyID\":\"SDMX\",\"codes\":[{\"id\":"
		"\"M\","
		"\"name\":\"Monthly\"}]}]}}";
	struct fixture *f = *state;

	assert_ok(sdmx_structure_read(slice_str(message), &f->a, &f->s, &f->e), &f->e);
	check_area(f);
}

static void references_name_an_agency_and_an_id(void **state)
{
	struct sdmx_ref r = sdmx_ref_of(slice_str("urn:sdmx:org.x.Codelist=A.B:CL(1.0+)"));

	(void)state;
	assert_slice(r.agency, "A.B");
	assert_slice(r.id, "CL");
	r = sdmx_ref_of(slice_str("urn:sdmx:org.x.Concept=A:CS(1.0).ITEM.x"));
	assert_slice(r.agency, "A");
	assert_slice(r.id, "ITEM.x");
	r = sdmx_ref_of(slice_str("A:D"));
	assert_slice(r.id, "D");
	r = sdmx_ref_of(slice_str("D"));
	assert_slice(r.agency, "");
	assert_slice(r.id, "D");
	assert_slice(sdmx_ref_of(slice_str("A:D(1")).id, "D");
}

static void data_get_names_and_complete_keys_from_a_structure(void **state)
{
	static const char ml[] =
		"<m:StructureSpecificData xmlns:m='m' xmlns:c='c' xmlns:ss='s'><m:Header>"
		"<m:Structure structureID='S' dimensionAtObservation='TIME_PERIOD'>"
		"<c:StructureUsage><Ref agencyID='A' id='F' version='1.0'/></c:StructureUsage>"
		"</m:Structure></m:Header><m:DataSet ss:structureRef='S'>\n"
		"<Series FREQ='M' AREA='x'><Obs TIME_PERIOD='2020' OBS_VALUE='1'/></Series>\n"
		"<Series FREQ='M' AREA='q'><Obs TIME_PERIOD='2020'/></Series>\n"
		"<Series AREA='x'><Obs TIME_PERIOD='2020' OBS_VALUE='1'/></Series>"
		"</m:DataSet></m:StructureSpecificData>";
	struct fixture *f = *state;
	struct sdmx_options o = { .structure = &f->s, .language = "en" };

	assert_ok(sdmx_structure_read(slice_str(version_2_1), &f->a, &f->s, &f->e), &f->e);
	assert_message_with(
		ml, &o,
		"= A:F(1.0)\n"
		"FREQ|FREQ.name|AREA|AREA.name|TIME_PERIOD|OBS_VALUE\n"
		"2:27 M|Monthly|x|East|2020|1\n"
		"3:27 M|Monthly|q||2020|\n"
		"!4:18 layout: the observation has no value of dimension FREQ; it is left "
		"out\n");
	assert_message_with(
		"DATAFLOW,FREQ,TIME_PERIOD,OBS_VALUE\nA:D(1.0),M,2020,1\n", &o,
		"= A:D(1.0)\n"
		"FREQ|FREQ.name|TIME_PERIOD|OBS_VALUE|AREA|AREA.name\n"
		"!2:1 layout: the observation has no value of dimension AREA; it is left "
		"out\n");
	/* Another data flow: its keys may differ, names of the only structure still serve. */
	assert_message_with("DATAFLOW,FREQ,TIME_PERIOD,OBS_VALUE\nA:OTHER(1.0),M,2020,1\n", &o,
			    "= A:OTHER(1.0)\n"
			    "FREQ|FREQ.name|TIME_PERIOD|OBS_VALUE\n"
			    "2:21 M|Monthly|2020|1\n");
}

static void what_holds_no_structure_is_refused(void **state)
{
	static const char *const bodies[][2] = {
		{ OPEN CLOSE, "the message holds no data structure, code list or concept" },
		{ "{}", "the message holds no data structure, code list or concept" },
		{ "<a>", "line 1, column 4: the document ends inside an element" },
		{ "{", "the document ends too early" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		assert_fails(sdmx_structure_read(slice_str(bodies[i][0]), &f->a, &f->s, &f->e),
			     &f->e, ERR_INVALID, bodies[i][1]);
}

/* --- samples of others -------------------------------------------------------------- */

#define SAMPLES "data/formats-sdmx/"

static const struct sample {
	const char *file;
	size_t dsds, components, coded, flows;
	const char *said;
} samples[] = {
	{ "bis_der-structure-json2.0.json", 1, 26, 1, 1, NULL },
	{ "data_structure.xml", 1, 7, 0, 0, NULL },
	{ "data_structure_metadata.xml", 1, 2, 0, 0, NULL },
	{ "data_structure_no_structure.xml", 0, 0, 0, 0,
	  "the message holds no data structure, code list or concept" },
	{ "dataflow_final_version.xml", 0, 0, 0, 1, NULL },
	{ "dataflow_no_structure_specific.xml", 0, 0, 0, 0,
	  "the message holds no data structure, code list or concept" },
	{ "dataflow_structure.xml", 0, 0, 0, 1, NULL },
	{ "datastructure_complete_with_link.xml", 1, 1, 0, 1, NULL },
	{ "datastructure_concept_id_with_ref.xml", 1, 2, 0, 0, NULL },
	{ "datastructure_group.xml", 1, 25, 0, 0, NULL },
};

static void check_sample(struct fixture *f, const struct sample *s, int rc)
{
	size_t components = 0, coded = 0;

	if ((rc < 0) != (s->said != NULL) || (s->said && strcmp(f->e.text, s->said) != 0))
		fail_msg("%s: %s", s->file, rc < 0 ? f->e.text : "was not refused");
	for (size_t i = 0; i < f->s.ndsds; i++) {
		components += f->s.dsds[i].n;
		for (size_t k = 0; k < f->s.dsds[i].n; k++)
			coded += f->s.dsds[i].components[k].codes != NULL;
	}
	if (f->s.ndsds != s->dsds || components != s->components || coded != s->coded ||
	    f->s.nflows != s->flows)
		fail_msg("%s: %zu structures, %zu components, %zu coded, %zu flows", s->file,
			 f->s.ndsds, components, coded, f->s.nflows);
}

static void each_sample_holds_what_is_known_of_it(void **state)
{
	struct fixture *f = *state;

	if (!shared_path(SAMPLES "structure/data_structure.xml"))
		skip();
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		char name[256], *body;
		size_t n;

		snprintf(name, sizeof(name), SAMPLES "structure/%s", samples[i].file);
		body = tmp_read(shared_path(name), &n);
		check_sample(f, &samples[i],
			     sdmx_structure_read(slice_of(body, n), &f->a, &f->s, &f->e));
		free(body);
	}
}

static void a_sample_of_data_is_read_with_its_structure(void **state)
{
	struct fixture *f = *state;
	struct sdmx_options o = { .structure = &f->s };
	struct records r = { .rc = 0 };
	char *body;
	size_t n;

	if (!shared_path(SAMPLES "structure/bis_der-structure-json2.0.json"))
		skip();
	body = tmp_read(shared_path(SAMPLES "structure/bis_der-structure-json2.0.json"), &n);
	assert_ok(sdmx_structure_read(slice_of(body, n), &f->a, &f->s, &f->e), &f->e);
	free(body);
	body = tmp_read(shared_path(SAMPLES "ml21/bis-str_ser.xml"), &n);
	sdmx_records_read(&r, slice_of(body, n), &o);
	free(body);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.rows, 1000);
	assert_int_equal(r.complaints, 0);
	assert_has(r.text.p, "= BIS:BIS_DER(1.0)\nFREQ|FREQ.name|DER_TYPE|");
	assert_has(r.text.p,
		   " A|Annual|U|A|B|5J|A|1E|A|HKD|TO1|A|A|3|C|K|S|2004|14206.490766|A|F|");
	records_release(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(names_are_found_by_references_of_2_1),
		T(names_are_found_by_urns_in_json),
		T(references_name_an_agency_and_an_id),
		T(data_get_names_and_complete_keys_from_a_structure),
		T(what_holds_no_structure_is_refused),
		T(each_sample_holds_what_is_known_of_it),
		T(a_sample_of_data_is_read_with_its_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
