/*
 * commands.h - what `parkwatch WORD …` does; each returns the exit code.
 *
 * 0: done; 1: what was checked has faults; 2: the command line is wrong; 3: it
 * could not be done.
 */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

enum { EXIT_DONE = 0, EXIT_FAULTS = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

/* argv[0] is the word itself. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);

#endif
