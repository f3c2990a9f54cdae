/*
 * daemon.h - the whole program as one object.
 *
 * main() opens one and runs it; a scenario test opens one over a manual clock and
 * looks inside. Everything here is for the loop's thread.
 *
 *     feeds ─▶ collector ─▶ intake ─▶ store ─▶ watch (assess, alerts) ─▶ exporters
 *
 * wire.c joins the rooms; that picture is its table of contents.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/config.h"
#include "loop/loop.h"

#include <stdio.h>

struct daemon;

struct daemon_options {
	const char *config_path; /* NULL: an empty server with defaults */
	struct config_overrides overrides;
	struct clock *clock; /* borrowed; NULL: the real one */
	FILE *complaints;    /* mistakes of configuration and catalogue; NULL: stderr */
	unsigned features;   /* of queries: enum query_feature */
};

/* Loads, opens the store, listens; feeds begin when the loop runs. */
struct daemon *daemon_open(const struct daemon_options *o, struct err *e);
/* Until SIGTERM, SIGINT or a failed store. The process' exit code. */
int daemon_run(struct daemon *d);
/* Ends everything in order, however long running jobs take; what was acknowledged is on disk. NULL
 * is nothing. */
void daemon_close(struct daemon *d);
/* The same, for main(): a job in a file system that no longer answers cannot be ended, so after
 * `seconds` the process ends with code 3. Uses SIGALRM. */
void daemon_close_within(struct daemon *d, unsigned seconds);

/* Configuration and catalogue anew; the old ones stay when there is a mistake. Reads files. */
int daemon_reload(struct daemon *d, struct err *e);
/* The same, the reading in a job; how it went is logged and counted. What SIGHUP does. */
void daemon_start_reload(struct daemon *d);

/* For scenario tests and the line that says where to look. */
struct loop *daemon_loop(struct daemon *d);
struct store *daemon_store(struct daemon *d);
struct collector *daemon_collector(struct daemon *d);
struct alerts *daemon_alerts(struct daemon *d);
/* With a reference; NULL before the first. */
struct assessment *daemon_assessment(struct daemon *d);
int daemon_port(const struct daemon *d);

#endif
