/*
 * fuzz_propose.c - a layout for any document: what is proposed must be what a configuration says of
 * it.
 *
 * The proposal is printed, read as YAML, read as a layout without a mistake, and printed again: the
 * same. What was kept when it was tried is kept when it is read.
 */
#include "base/yaml_read.h"
#include "collectors/feed_layout.h"
#include "collectors/propose.h"

#include "fuzz.h"
#include "small_catalogue.h"

static void must_read_back(const struct proposal *p, struct arena *a)
{
	struct proposal again = *p;
	struct buf first, second;
	const struct yaml_node *root;
	struct diags d;

	buf_init(&first, 1 << 20);
	buf_init(&second, 1 << 20);
	diags_init(&d, a, 20);
	proposal_print(p, 0, &first);
	root = yaml_parse(buf_all(&first), "proposal", a, &d);
	MUST(root && yaml_get(root, "layout"));
	MUST(feed_layout_read(yaml_get(root, "layout"), FORMAT_TABLE, &again.layout, a, &d) == 0);
	MUST(d.n == 0);
	proposal_print(&again, 0, &second);
	MUST(slice_eq(buf_all(&first), buf_all(&second)));
	buf_release(&first);
	buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct catalogue *cat;
	struct document d = { .format = FORMAT_TABLE,
			      .class = UNIT_CLASSES,
			      .feed = "fuzz",
			      .instance = "",
			      .body = slice_of((const char *)data, n),
			      .now_ms = 1795406400000 };
	struct proposal p;
	struct arena a;
	struct err e;

	if (!cat)
		cat = small_catalogue();
	arena_init(&a, 64 << 20);
	if (propose(&d, cat, &a, &p, &e) == 0) {
		MUST(p.kept > 0);
		if (format_of(p.format)->kind == KIND_GRID)
			must_read_back(&p, &a);
	} else
		MUST(e.code != ERR_NONE && e.text[0]);
	arena_release(&a);
	return 0;
}
