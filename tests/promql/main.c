/*
 * main.c - build/promql-scripts [--brief] FILE...
 *
 * Runs scripts of the query language. Output is TAP; --brief prints failures and one line a file.
 */
#include "base/buf.h"
#include "tests/promql/run.h"

enum { FILE_MAX_BYTES = 16 << 20 };

static int read_whole(const char *path, struct buf *out, struct err *e)
{
	FILE *f = fopen(path, "r");
	size_t n = 1;

	if (!f)
		return err_set(e, ERR_IO, "cannot open it");
	while (n > 0) {
		char *room = buf_room(out, 1 << 16);

		n = room ? fread(room, 1, 1 << 16, f) : 0;
		buf_added(out, n);
	}
	fclose(f);
	return buf_check(out, e);
}

static void run_file(struct script_run *r, const char *path)
{
	unsigned passed = r->passed, failed = r->failed, skipped = r->skipped;
	const char *slash = strrchr(path, '/');
	struct buf text;
	struct err e = { 0 };

	buf_init(&text, FILE_MAX_BYTES);
	if (read_whole(path, &text, &e) < 0 ||
	    script_run(r, slash ? slash + 1 : path, buf_all(&text), &e) < 0) {
		printf("not ok %u - %s: %s\n", ++r->number, path, e.text);
		r->failed++;
	}
	buf_release(&text);
	if (r->brief)
		printf("%-44s %4u passed, %4u failed, %4u skipped\n", path, r->passed - passed,
		       r->failed - failed, r->skipped - skipped);
}

int main(int argc, char **argv)
{
	struct script_run r = { .out = stdout,
				.brief = argc > 1 && strcmp(argv[1], "--brief") == 0 };

	if (argc < 2 + r.brief) {
		fprintf(stderr, "usage: promql-scripts [--brief] FILE...\n");
		return 2;
	}
	for (int i = 1 + r.brief; i < argc; i++)
		run_file(&r, argv[i]);
	printf("# %u passed, %u failed, %u skipped\n", r.passed, r.failed, r.skipped);
	return r.failed || r.number == 0;
}
