/*
 * commands.h - what `parkwatch WORD …` does; each returns the exit code.
 *
 * 0: done; 1: what was checked has faults; 2: the command line is wrong; 3: it
 * could not be done.
 */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include "base/err.h"

#include <stdint.h>

enum { EXIT_DONE = 0, EXIT_FAULTS = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

/* argv[0] is the word itself. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);
int command_delete(int argc, char **argv);
int command_query(int argc, char **argv);
int command_token(int argc, char **argv);
int command_submit(int argc, char **argv);
int command_findings(int argc, char **argv);

/* The value of an option such as --start: RFC 3339, or seconds since 1970 as Prometheus takes them.
 */
int time_option_parse(const char *option, const char *text, int64_t *ms, struct err *e);

#endif
