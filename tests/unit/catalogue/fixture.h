/*
 * fixture.h - a catalogue made from a text, for the tests of this folder.
 */
#ifndef TESTS_UNIT_CATALOGUE_FIXTURE_H
#define TESTS_UNIT_CATALOGUE_FIXTURE_H

#include "catalogue/catalogue.h"
#include "tests/lib/assert.h"
#include "tests/lib/tmp.h"

#include <stdlib.h>

struct fixture {
	struct arena arena;
	struct diags d;
	struct err e;
	char *dir;
	struct catalogue *c;
};

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->dir = tmp_make();
	arena_init(&f->arena, 64 << 20);
	diags_init(&f->d, &f->arena, 200);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	catalogue_unref(f->c);
	arena_release(&f->arena);
	tmp_remove(f->dir);
	free(f);
	return 0;
}

/* All paths, in Asia/Shanghai, offices open 9 to 17. */
static inline struct catalogue *load_paths(struct fixture *f, const char *const *paths, size_t n)
{
	struct catalogue_options o = { .hours = { 9 * 60, 17 * 60 } };

	o.zone = zone_open("Asia/Shanghai", &f->e);
	if (!o.zone)
		fail_msg("%s", f->e.text);
	catalogue_unref(f->c);
	f->c = catalogue_load(paths, n, &o, &f->d);
	return f->c;
}

/* One file with this text; NULL with complaints in f->d. */
static inline struct catalogue *load_text(struct fixture *f, const char *text)
{
	const char *path = tmp_path(f->dir, "c.yaml");

	diags_init(&f->d, &f->arena, 200);
	tmp_write(path, text, strlen(text));
	return load_paths(f, &path, 1);
}

/* The same, and it must be without complaint. */
static inline struct catalogue *load_good(struct fixture *f, const char *text)
{
	if (!load_text(f, text))
		diags_print(&f->d, stderr);
	assert_non_null(f->c);
	return f->c;
}

/* "line:column: text" of the i-th complaint, in a static ring. */
static inline const char *complaint(const struct fixture *f, size_t i)
{
	static char ring[4][1200];
	static unsigned at;
	char *out = ring[at++ % 4];

	if (i >= f->d.n)
		return "(none)";
	snprintf(out, sizeof(ring[0]), "%u:%u: %s", f->d.list[i].line, f->d.list[i].column,
		 f->d.list[i].text);
	return out;
}

static inline const struct unit *unit_called(struct fixture *f, const char *id)
{
	const struct unit *u = catalogue_unit(f->c, slice_str(id));

	if (!u)
		fail_msg("no unit %s", id);
	return u;
}

static inline const struct indicator *indicator_called(struct fixture *f, const char *code)
{
	const struct indicator *i = catalogue_indicator(f->c, slice_str(code));

	if (!i)
		fail_msg("no indicator %s", code);
	return i;
}

#endif
