/*
 * scene.h - the whole daemon in a test, over a clock that is moved by hand.
 */
#ifndef TESTS_SCENARIO_SCENE_H
#define TESTS_SCENARIO_SCENE_H

#include "daemon/daemon.h"
#include "loop/clock.h"
#include "rules/alert.h"
#include "storage/store.h"

struct scene {
	struct clock clock;
	char *dir; /* a folder of its own */
	char config[4096];
	struct daemon *d;
	struct err e;
};

/* A folder and a manual clock; nothing runs yet. */
void scene_make(struct scene *s, const char *local_time);
/* "2026-11-23T08:00:00+08:00" to ms; fails the test when it is none. */
int64_t scene_time(const char *text);
/* Writes DIR/NAME (formatted); folders on the way are made. */
void scene_write(struct scene *s, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Opens the daemon with DIR/parkwatch.yaml; fails the test when it does not open. */
void scene_open(struct scene *s);
void scene_close(struct scene *s);
void scene_end(struct scene *s); /* closes and removes the folder */

/* Moves the clock in steps of `step_ms` until `until` holds, at most `ms`; then fails the test with
 * `what`. */
void scene_until(struct scene *s, bool (*until)(struct scene *s, void *ctx), void *ctx, int64_t ms,
		 int64_t step_ms, const char *what);

/* Every feed has succeeded at least once and none is at work. */
bool scene_feeds_quiet(struct scene *s, void *ctx);
/* An assessment is there that was made at or after the time in ctx (int64_t *). */
bool scene_assessed_since(struct scene *s, void *ctx);

/* The figure of a series at a period's stamp; fails the test when it is not there. */
double scene_figure(struct scene *s, const char *family, const char *unit, const char *basis,
		    const char *day);
/* Observations of all statistics, latest releases. */
size_t scene_count_figures(struct scene *s);
/* State of the first pending or firing alert of that name whose labels contain the pair; -1: none.
 */
int scene_alert(struct scene *s, const char *name, const char *label, const char *value);

/* Folder of the shared data, or NULL (then skip). */
const char *shared_data(void);
/* Reads a file of the repository. */
char *repo_file(const char *path);

#endif
