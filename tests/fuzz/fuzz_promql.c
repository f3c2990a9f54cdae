/*
 * fuzz_promql.c - any text as a query, with all features on.
 *
 * An error is a sentence. What is read is printed, and the print reads as the same query: it
 * prints as itself. Pretty printing reads back, too; the tree as JSON and the plan for a range of
 * times never fail but with a sentence.
 */
#include "fuzz.h"
#include "query/features.h"
#include "query/plan.h"
#include "query/print.h"

enum { ALL_FEATURES = ~0, ARENA_BYTES = 64 << 20, PRINT_BYTES = 16 << 20 };

typedef void (*print_fn)(const struct node *n, struct buf *out);

/* `print` of the query, read again, is printed by print_expr() as `line`. */
static void must_read_back(const struct node *n, print_fn print, struct slice line)
{
	struct buf text, again;
	struct arena a;
	struct expr x;
	struct err e;

	arena_init(&a, ARENA_BYTES);
	buf_init(&text, PRINT_BYTES);
	buf_init(&again, PRINT_BYTES);
	print(n, &text);
	if (buf_all(&text).n <= QUERY_TEXT_MAX_BYTES) {
		MUST(parse(buf_all(&text), (unsigned)ALL_FEATURES, &a, &x, &e) == 0);
		print_expr(x.root, &again);
		MUST(slice_eq(line, buf_all(&again)));
		expr_release(&x);
	}
	buf_release(&again);
	buf_release(&text);
	arena_release(&a);
}

static void must_print(const struct node *n)
{
	struct buf line;

	buf_init(&line, PRINT_BYTES);
	print_expr(n, &line);
	must_read_back(n, print_expr, buf_all(&line));
	must_read_back(n, print_pretty, buf_all(&line));
	buf_release(&line);
}

static void must_be_json(const struct node *n)
{
	struct json_writer j;
	struct buf text;

	buf_init(&text, PRINT_BYTES);
	json_init(&j, &text);
	print_json(n, &j);
	MUST(buf_all(&text).n > 0);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct plan_times times = { 1000000, 4600000, 60000 };
	struct slice text = slice_of((const char *)data, n);
	struct arena a;
	struct expr x;
	struct err e;

	arena_init(&a, ARENA_BYTES);
	if (parse(text, (unsigned)ALL_FEATURES, &a, &x, &e) == 0) {
		must_print(x.root);
		must_be_json(x.root);
		if (plan(&x, &times, &e) < 0)
			must_say_why(&e);
		expr_release(&x);
	} else {
		must_say_why(&e);
	}
	arena_release(&a);
	return 0;
}
