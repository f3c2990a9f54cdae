/* test_xml.c - XML as a stream: names, texts, places, and what is refused. */
#include "tests/lib/assert.h"
#include "base/buf.h"
#include "base/xml.h"
#include "tests/lib/starve.h"

struct fixture {
	struct xml_handler h;
	struct xml_reader *r;
	struct buf told;
	unsigned line, column; /* of the last start */
	bool at_end;           /* the last tag ended with its piece */
	struct err e;
};

/* <local{ns} name{ns}=value …> */
static int start(void *ctx, struct xml_name name, const struct xml_attrs *attrs, struct err *e)
{
	struct fixture *f = ctx;
	struct slice value;

	(void)e;
	xml_place(f->r, &f->line, &f->column);
	f->at_end = xml_at_piece_end(f->r);
	buf_printf(&f->told, "<%.*s{%.*s}", SLICE_FMT(name.local), SLICE_FMT(name.ns));
	for (size_t i = 0; xml_attr_next(attrs, &i, &name, &value);)
		buf_printf(&f->told, " %.*s{%.*s}=%.*s", SLICE_FMT(name.local), SLICE_FMT(name.ns),
			   SLICE_FMT(value));
	buf_puts(&f->told, ">");
	return xml_attr(attrs, "enough", &value);
}

static int end(void *ctx, struct xml_name name, struct err *e)
{
	struct fixture *f = ctx;

	(void)e;
	f->at_end = xml_at_piece_end(f->r);
	buf_printf(&f->told, "</%.*s>", SLICE_FMT(name.local));
	return 0;
}

static int text(void *ctx, struct slice piece, struct err *e)
{
	struct fixture *f = ctx;

	if (slice_is(piece, "no"))
		return err_set(e, ERR_BUSY, "this text is not wanted");
	buf_slice(&f->told, piece);
	return 0;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.h = (struct xml_handler){ start, end, text, &f };
	buf_init(&f.told, 8 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->told);
	return 0;
}

static int parse_by(struct fixture *f, struct slice s, size_t step)
{
	int result = 0;

	buf_clear(&f->told);
	f->r = xml_reader_new(&f->h, &f->e);
	if (!f->r)
		return -1;
	while (result == 0 && s.n > step) {
		result = xml_parse(f->r, slice_of(s.p, step), false, &f->e);
		s = slice_skip(s, step);
	}
	if (result == 0)
		result = xml_parse(f->r, s, true, &f->e);
	xml_reader_free(f->r);
	buf_putc(&f->told, '\0');
	return result;
}

static int parse(struct fixture *f, const char *xml)
{
	return parse_by(f, slice_str(xml), SIZE_MAX);
}

static void names_are_split_and_prefixes_do_not_matter(void **state)
{
	struct fixture *f = *state;
	static const char xml[] = "<?xml version='1.0'?><x:a xmlns:x='urn:one' xmlns='urn:two' "
				  "k='1' x:k='2'><b xmlns=''/><c>&lt;<![CDATA[&]]></c></x:a>\n";
	static const char want[] = "<a{urn:one} k{}=1 k{urn:one}=2><b{}></b><c{urn:two}><&</c></a>";

	assert_ok(parse(f, xml), &f->e);
	assert_string_equal(f->told.p, want);
	for (size_t step = 1; step < 40; step++) {
		assert_ok(parse_by(f, slice_str(xml), step), &f->e);
		assert_string_equal(f->told.p, want);
	}
}

static void an_attribute_is_found_by_its_local_name(void **state)
{
	static const char *const pairs[] = { "urn:x id", "a", "id", "b", "empty", "", NULL };
	const struct xml_attrs attrs = { pairs };
	struct slice v;

	(void)state;
	assert_true(xml_attr(&attrs, "id", &v));
	assert_slice(v, "a");
	assert_true(xml_attr(&attrs, "empty", &v));
	assert_slice(v, "");
	assert_false(xml_attr(&attrs, "i", &v));
	assert_slice(v, "");
}

static void places_count_lines_and_characters(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse(f, "<a>\n  北京<b/></a>"), &f->e);
	assert_int_equal(f->line, 2);
	assert_int_equal(f->column, 5);
}

static void a_tag_knows_whether_its_piece_ends_there(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *piece;
		bool at_end;
	} pieces[] = { { "<a>", true },  { "<b k='1'> ", false }, { "</b>", true },
		       { "<c/>", true }, { "<c/><!-- >", false }, { "--></a", false },
		       { ">", true } };

	f->r = xml_reader_new(&f->h, &f->e);
	assert_non_null(f->r);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		assert_ok(xml_parse(f->r, slice_str(pieces[i].piece), false, &f->e), &f->e);
		assert_int_equal(f->at_end, pieces[i].at_end);
	}
	xml_reader_free(f->r);
}

static void the_end_of_a_step_within_a_piece_is_not_its_end(void **state)
{
	struct fixture *f = *state;
	static char piece[100000];

	/* expat gets it in steps of 64 KiB; the first ends with </b>. */
	memset(piece, ' ', sizeof(piece));
	memcpy(piece, "<a><b>", 6);
	memcpy(piece + 65536 - 4, "</b>", 4);
	f->r = xml_reader_new(&f->h, &f->e);
	assert_non_null(f->r);
	assert_ok(xml_parse(f->r, slice_of(piece, sizeof(piece)), false, &f->e), &f->e);
	assert_int_equal(slice_ends(buf_all(&f->told), " "), true);
	assert_false(f->at_end);
	xml_reader_free(f->r);
}

static void a_callback_may_have_enough(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse_by(f, slice_str("<a><b enough=''/><c></nonsense>"), 3), 1);
	assert_string_equal(f->told.p, "<a{}><b{} enough{}=>");
}

static void the_error_of_a_callback_comes_out_as_it_is(void **state)
{
	struct fixture *f = *state;

	assert_fails(parse(f, "<a><b>no</b></a>"), &f->e, ERR_BUSY, "this text is not wanted");
	assert_string_equal(f->told.p, "<a{}><b{}>");
}

static void other_encodings_become_utf_8(void **state)
{
	struct fixture *f = *state;

	assert_ok(parse_by(f, slice_of("\xff\xfe<\0a\0>\0\x2d\x4e<\0/\0a\0>\0", 18), SIZE_MAX),
		  &f->e);
	assert_string_equal(f->told.p, "<a{}>中</a>");
	assert_ok(parse(f, "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>"), &f->e);
	assert_string_equal(f->told.p, "<a{}>é</a>");
	assert_fails(parse(f, "<?xml version='1.0' encoding='GB18030'?><a/>"), &f->e, ERR_INVALID,
		     "line 1, column 31: the encoding is none of UTF-8, UTF-16");
}

static void a_doctype_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_fails(parse(f, "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
		     &f->e, ERR_REFUSED, "line 2, column ");
	assert_has(f->e.text, "a DOCTYPE is not accepted, since it can define entities");
	assert_fails(parse(f, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), &f->e, ERR_REFUSED,
		     "a DOCTYPE is not accepted");
	assert_string_equal(f->told.p, "");
	assert_fails(parse(f, "<a>&x;</a>"), &f->e, ERR_INVALID,
		     "line 1, column 4: undefined entity");
}

static void mistakes_are_told_with_their_place(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *xml, *said;
	} cases[] = {
		{ "", "line 1, column 1: there is no element" },
		{ "<a>\n<b></a>", "line 2, column 6: this tag closes another element" },
		{ "<a>\n", "line 2, column 1: the document ends inside an element" },
		{ "<a><b", "line 1, column 4: the document ends here, inside a tag" },
		{ "<a/>x", "line 1, column 5: something stands behind the last element" },
		{ "<a>\xff</a>", "line 1, column 4: this is not well-formed XML in UTF-8" },
		{ "<a>\x01</a>", "line 1, column 4: this is not well-formed XML" },
		{ "<x:a/>", "line 1, column 1: unbound prefix" },
		{ "<a k='1' k='2'/>", "line 1, column 10: duplicate attribute" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_fails(parse(f, cases[i].xml), &f->e, ERR_INVALID, cases[i].said);
}

/* `n` times `what`. */
static void put_times(struct buf *b, int n, const char *what)
{
	for (int i = 0; i < n; i++)
		buf_puts(b, what);
}

static void limits_hold(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	put_times(&b, 64, "<a>");
	put_times(&b, 64, "</a>");
	assert_ok(parse_by(f, buf_all(&b), 100), &f->e);
	buf_clear(&b);
	put_times(&b, 65, "<a>");
	assert_fails(parse_by(f, buf_all(&b), 100), &f->e, ERR_LIMIT,
		     "line 1, column 193: more than 64 elements inside each other");
	buf_clear(&b);
	buf_puts(&b, "<a");
	for (int i = 0; i < 1025; i++)
		buf_printf(&b, " k%d=''", i);
	buf_puts(&b, "/>");
	assert_fails(parse_by(f, buf_all(&b), 100), &f->e, ERR_LIMIT,
		     "line 1, column 1: an element has more than 1024 attributes");
	buf_clear(&b);
	buf_puts(&b, "<a>");
	put_times(&b, 1 << 16, "sixteen letters.");
	buf_puts(&b, "<b/>");
	put_times(&b, 1 << 16, "sixteen letters.");
	buf_puts(&b, "</a>");
	assert_ok(parse_by(f, buf_all(&b), 1000), &f->e);
	b.n -= 4;
	buf_puts(&b, "x</a>");
	assert_fails(parse_by(f, buf_all(&b), 1000), &f->e, ERR_LIMIT,
		     "a text is longer than 1 MiB");
	buf_clear(&b);
	buf_puts(&b, "<a k='");
	put_times(&b, 1 << 20, "sixteen letters.");
	buf_puts(&b, "'/>");
	assert_fails(parse_by(f, buf_all(&b), 60000), &f->e, ERR_LIMIT, "a tag that is too long");
	buf_release(&b);
}

/* Gives the text by pieces until it is refused; how much of it that took. */
static size_t given_until_refused(struct fixture *f, struct slice s, size_t step)
{
	size_t given = 0;
	int result = 0;

	buf_clear(&f->told);
	f->r = xml_reader_new(&f->h, &f->e);
	assert_non_null(f->r);
	while (result == 0 && given < s.n) {
		struct slice piece = slice_cut(slice_skip(s, given), step);

		given += piece.n;
		result = xml_parse(f->r, piece, given == s.n, &f->e);
	}
	xml_reader_free(f->r);
	assert_int_equal(result, -1);
	return given;
}

static void put_numbered(struct buf *b, int n, const char *before, const char *behind)
{
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s%d%s", before, i, behind);
}

/* What is not complete is read again with each piece, so the limit is what keeps it cheap. */
static void four_hundred_thousand_attributes_are_refused_before_all_are_there(void **state)
{
	static const struct {
		const char *begin, *before, *behind;
	} tags[] = {
		{ "<a", " k", "=''" },
		{ "<a xmlns:x='urn:x'", " x:k", "=''" },
		{ "<a", " xmlns:k", "='urn:x'" },
		{ "<a k='", "", " " },
		{ "<a", " k", "='>'" },
		{ "<a><!--", "", " " },
		{ "<?a", " k", "=''" },
	};
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		buf_clear(&b);
		buf_puts(&b, tags[i].begin);
		put_numbered(&b, 400000, tags[i].before, tags[i].behind);
		assert_true(b.n > 2 << 20);
		for (size_t step = 16 << 10; step <= 64 << 10; step *= 4) {
			size_t given = given_until_refused(f, buf_all(&b), step);

			assert_int_equal(f->e.code, ERR_LIMIT);
			assert_has(f->e.text,
				   "a tag that is too long, or too many different names");
			assert_in_range(given, XML_TAG_MAX, 2 * XML_TAG_MAX + step);
		}
		assert_true(given_until_refused(f, buf_all(&b), SIZE_MAX) > 0);
		assert_int_equal(f->e.code, ERR_LIMIT);
	}
	buf_release(&b);
}

static void a_million_elements_inside_each_other_end_at_64(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	put_times(&b, 1000000, "<a>");
	for (size_t step = 1; step <= 4096; step *= 64) {
		assert_in_range(given_until_refused(f, buf_all(&b), step), 3 * 65, 3 * 65 + step);
		assert_int_equal(f->e.code, ERR_LIMIT);
		assert_has(f->e.text,
			   "line 1, column 193: more than 64 elements inside each other");
	}
	buf_release(&b);
}

static void a_billion_laughs_end_at_the_doctype(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY l0 'ha'>");
	for (int i = 1; i < 10; i++) {
		buf_printf(&b, "<!ENTITY l%d '", i);
		for (int k = 0; k < 10; k++)
			buf_printf(&b, "&l%d;", i - 1);
		buf_puts(&b, "'>");
	}
	buf_puts(&b, "]><a>&l9;</a>");
	for (size_t step = 1; step <= 4096; step *= 64) {
		given_until_refused(f, buf_all(&b), step);
		assert_int_equal(f->e.code, ERR_REFUSED);
		assert_has(f->e.text, "a DOCTYPE is not accepted");
		assert_int_equal(f->told.n, 0);
	}
	buf_release(&b);
}

/* What is long but complete, piece by piece, is no long tag. */
static void long_documents_of_short_tags_are_read(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 64 << 20);
	put_times(&b, 200000, "<!-- blank -->\n\n\n\n");
	for (int i = 0; i < 3 << 20; i++)
		buf_putc(&b, ' ');
	buf_puts(&b, "<a>");
	put_times(&b, 100000, "<b k='1'>text</b><![CDATA[more]]><!-- -->");
	buf_puts(&b, "</a>");
	for (int i = 0; i < 3 << 20; i++)
		buf_putc(&b, ' ');
	assert_ok(parse_by(f, buf_all(&b), SIZE_MAX), &f->e);
	assert_ok(parse_by(f, buf_all(&b), 50000), &f->e);
	buf_release(&b);
}

static void every_failed_allocation_is_an_error_without_a_leak(void **state)
{
	struct fixture *f = *state;
	struct starve s = { .keeps_nothing = true };

	buf_room(&f->told, 4096);
	while (starve_again(&s)) {
		int rc;

		starve_begin(&s);
		rc = parse_by(f, slice_str("<x:a xmlns:x='urn:x'><b k='1' l='2'>t</b></x:a>"), 9);
		starve_end(&s, rc == 0, &f->e);
		if (rc < 0)
			assert_string_equal(f->e.text, "no memory to read XML");
	}
	assert_true(s.failed > 7);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(names_are_split_and_prefixes_do_not_matter),
		T(an_attribute_is_found_by_its_local_name),
		T(places_count_lines_and_characters),
		T(a_tag_knows_whether_its_piece_ends_there),
		T(the_end_of_a_step_within_a_piece_is_not_its_end),
		T(a_callback_may_have_enough),
		T(the_error_of_a_callback_comes_out_as_it_is),
		T(other_encodings_become_utf_8),
		T(a_doctype_is_refused),
		T(mistakes_are_told_with_their_place),
		T(limits_hold),
		T(four_hundred_thousand_attributes_are_refused_before_all_are_there),
		T(a_million_elements_inside_each_other_end_at_64),
		T(a_billion_laughs_end_at_the_doctype),
		T(long_documents_of_short_tags_are_read),
		T(every_failed_allocation_is_an_error_without_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
