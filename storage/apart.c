/*
 * apart.c - see apart.h.
 *
 * Lines of the pipe begin with F (a fault), P (to be printed), E (the end of trying,
 * with the error's code) or D (done).
 */
#include "storage/apart.h"

#include "storage/disk.h"
#include "storage/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_line(FILE *pipe, char kind, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void put_line(FILE *pipe, char kind, const char *fmt, va_list ap)
{
	fputc(kind, pipe);
	vfprintf(pipe, fmt, ap);
	fputc('\n', pipe);
}

void apart_fault(FILE *pipe, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(pipe, 'F', fmt, ap);
	va_end(ap);
}

void apart_say(FILE *pipe, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(pipe, 'P', fmt, ap);
	va_end(ap);
}

/* --- the child ------------------------------------------------------------------------ */

struct task {
	const char *dir;
	bool alone; /* nobody writes */
	apart_work *work;
	void *ctx;
};

static void work_in_child(const struct task *k, FILE *pipe)
{
	struct db_options o = { .dir = k->dir, .mode = k->alone ? DB_READ_ALONE : DB_READ };
	struct err e = { 0 };
	struct db *db = db_open(&o, &e);
	struct db_txn *t;
	int rc = -1;

	if (db && db_read_begin(db, &t, &e) == 0) {
		rc = k->work(t, k->ctx, pipe, &e);
		db_read_end(t);
	}
	db_close(db);
	if (rc < 0 && e.code == ERR_CORRUPT) {
		apart_fault(pipe, "%s", e.text);
		rc = 0;
	}
	if (rc < 0)
		fprintf(pipe, "E%d %s\n", e.code, e.text);
	else
		fprintf(pipe, "D\n");
}

static void be_child(const struct task *k, int fd)
{
	static const int falls[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
	FILE *pipe = fdopen(fd, "w");

	/* A handler of the program would go on with the program. */
	for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
		signal(falls[i], SIG_DFL);
	if (pipe) {
		setvbuf(pipe, NULL, _IOLBF, 0); /* what was found before a sudden end counts */
		work_in_child(k, pipe);
		fflush(pipe);
	}
	_exit(0);
}

/* --- the parent ------------------------------------------------------------------------- */

/* The faults so far, -1 when it could not be done; *ended: the child said that it was. */
static long collect(FILE *from, FILE *to, bool *ended, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	long faults = 0;
	ssize_t n;

	*ended = false;
	while (!*ended && (n = getline(&line, &cap, from)) > 0) {
		line[n - 1] = '\0';
		faults += line[0] == 'F';
		*ended = line[0] == 'D' || line[0] == 'E';
		if (line[0] == 'F' || line[0] == 'P')
			fprintf(to, "%s\n", line + 1);
		if (line[0] == 'E') {
			char *text;
			long code = strtol(line + 1, &text, 10);

			faults = err_set(e, (enum err_code)code, "%s", text + (*text == ' '));
		}
	}
	free(line);
	return faults;
}

static void tell_end(FILE *to, int signal)
{
	fprintf(to, "reading ended with signal %d: %s\n", signal,
		signal == SIGBUS ? "data.mdb is cut off, or the disk does not give all of it"
				 : "the pages of data.mdb are damaged");
}

static long collect_from(int fd, pid_t child, FILE *to, struct err *e)
{
	FILE *from = fdopen(fd, "r");
	bool ended = false;
	int status = 0;
	long faults;

	faults = from ? collect(from, to, &ended, e) : err_sys(e, errno, "cannot read the store");
	if (from)
		fclose(from);
	else
		close(fd);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (faults >= 0 && !ended) {
		tell_end(to, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		faults++;
	}
	return faults;
}

static long run(const struct task *k, FILE *to, struct err *e)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot read the store");
	fflush(to);
	child = fork();
	if (child < 0) {
		int why = errno;

		close(ends[0]);
		close(ends[1]);
		return err_sys(e, why, "cannot read the store");
	}
	if (child == 0)
		be_child(k, ends[1]);
	close(ends[1]);
	return collect_from(ends[0], child, to, e);
}

long apart_read(const char *dir, apart_work *work, void *ctx, FILE *to, struct err *e)
{
	struct task k = { .dir = dir, .work = work, .ctx = ctx };
	struct err why = { 0 };
	bool marked, busy;
	long faults = -1;
	int lock;

	if (disk_folder_open(dir, false, e) < 0)
		return -1;
	lock = lockfile_take_existing(dir, &why);
	busy = lock < 0 && why.code == ERR_BUSY;
	k.alone = !busy;
	if (lock < 0 && !busy && why.code != ERR_NONE) {
		if (e)
			*e = why;
		return -1;
	}
	why = (struct err){ .code = ERR_NONE };
	if (version_check(dir, &marked, &why) == 0 && busy && !marked)
		err_set(&why, ERR_NOT_FOUND, "there is no store in %s yet, it is being made", dir);
	if (why.code == ERR_NONE) {
		faults = run(&k, to, e);
	} else if (why.code == ERR_CORRUPT) {
		fprintf(to, "%s\n", why.text);
		faults = 1;
	} else if (e) {
		*e = why;
	}
	lockfile_release(lock);
	return faults;
}
