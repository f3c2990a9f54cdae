/*
 * main.c - city-offices: the simulated offices of the example city.
 *
 *     city-offices targets CATALOGUE...            targets for these years, as YAML
 *     city-offices serve PORT STATE_DIR DROP_DIR CATALOGUE...
 */
#include "base/log.h"
#include "examples/city/figures.h"
#include "examples/city/offices.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct catalogue *load(char **paths, int n, struct err *e)
{
	struct catalogue_options o = { .zone = zone_open("Asia/Shanghai", e),
				       .hours = { 540, 1020 } };
	struct catalogue *c;
	struct arena arena;
	struct diags diags;

	if (!o.zone)
		return NULL;
	arena_init(&arena, 16 << 20);
	diags_init(&diags, &arena, 100);
	c = catalogue_load((const char *const *)paths, (size_t)n, &o, &diags);
	diags_print(&diags, stderr);
	if (!c)
		err_set(e, ERR_INVALID, "the catalogue has mistakes");
	arena_release(&arena);
	return c;
}

static void on_signal(void *ctx, int signum)
{
	(void)signum;
	loop_stop(ctx);
}

static int serve(int port, const char *state_dir, const char *drop_dir, struct catalogue *c,
		 struct err *e)
{
	struct loop *l = loop_new(&(struct loop_options){ 0 }, e);
	struct offices_options o = { .loop = l,
				     .catalogue = c,
				     .host = "127.0.0.1",
				     .port = port,
				     .drop_dir = drop_dir,
				     .state_dir = state_dir,
				     .correct_after_ms = 30 * 1000 };
	struct offices *offices = l ? offices_open(&o, e) : NULL;

	if (!offices || loop_on_signal(l, SIGTERM, on_signal, l, e) < 0 ||
	    loop_on_signal(l, SIGINT, on_signal, l, e) < 0) {
		offices_close(offices);
		loop_free(l);
		return -1;
	}
	log_event(LOG_INFO, "simulated offices run", log_i("port", offices_port(offices)));
	loop_run(l);
	offices_close(offices);
	loop_free(l);
	return 0;
}

int main(int argc, char **argv)
{
	struct catalogue *c = NULL;
	struct err e = { 0 };
	int rc = -1;

	if (argc > 2 && strcmp(argv[1], "targets") == 0) {
		c = load(argv + 2, argc - 2, &e);
		rc = c ? figures_write_targets(c, (int64_t)time(NULL) * 1000, stdout) : -1;
	} else if (argc > 5 && strcmp(argv[1], "serve") == 0) {
		c = load(argv + 5, argc - 5, &e);
		rc = c ? serve(atoi(argv[2]), argv[3], argv[4], c, &e) : -1;
	} else {
		fputs("usage: city-offices targets CATALOGUE...\n"
		      "       city-offices serve PORT STATE_DIR DROP_DIR CATALOGUE...\n",
		      stderr);
		return 2;
	}
	if (c)
		catalogue_unref(c);
	if (rc < 0)
		fprintf(stderr, "city-offices: %s\n", e.text);
	return rc < 0;
}
