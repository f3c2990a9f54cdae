/*
 * load.h - configuration and the catalogue it names, read and checked as one.
 */
#ifndef DAEMON_LOAD_H
#define DAEMON_LOAD_H

#include "catalogue/catalogue.h"
#include "daemon/config.h"

#include <stdio.h>

struct loaded {
	struct config *config;
	struct catalogue *catalogue;
};

/* All of it or nothing; every mistake is printed to `complaints`. `path` NULL gives the defaults.
 * Any thread. */
int load_all(const char *path, const struct config_overrides *o, FILE *complaints,
	     struct loaded *out, struct err *e);
void loaded_drop(struct loaded *l);

#endif
