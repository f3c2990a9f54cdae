/*
 * bench_start.c - from exec to ready.
 *
 *	bench_start NAME RUNS PARKWATCH run [OPTION...]
 *
 * Starts the daemon RUNS times with --listen on a free port, asks /-/ready each
 * half millisecond until it answers 200, ends the daemon with SIGTERM and waits. CPU is
 * that of the whole short life, the end included.
 */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { STEP_US = 500, PATIENCE_S = 30, ARGS_MAX = 64 };

static struct sockaddr_in at_port(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int free_port(void)
{
	struct sockaddr_in a = at_port(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("no free port: %s", strerror(errno));
	close(fd);
	return ntohs(a.sin_port);
}

static bool is_ready(int port)
{
	static const char ask[] =
		"GET /-/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
	struct sockaddr_in a = at_port(port);
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char reply[64] = "";
	bool ready;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ready = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) > 0 &&
		recv(fd, reply, sizeof(reply) - 1, MSG_WAITALL) > 0 &&
		strncmp(reply, "HTTP/1.1 200", 12) == 0;
	close(fd);
	return ready;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		execv(command[0], command);
		die("cannot run %s: %s", command[0], strerror(errno));
	}
	return pid;
}

static struct took start_once(char **command, int port)
{
	double from = wall_now();
	pid_t pid = start(command);
	struct took took;
	struct rusage u;
	int status;

	while (!is_ready(port)) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			die("the daemon ended with status %d before it was ready", status);
		if (wall_now() - from > PATIENCE_S)
			die("not ready within %d seconds", PATIENCE_S);
		usleep(STEP_US);
	}
	took.wall = wall_now() - from;
	kill(pid, SIGTERM);
	if (wait4(pid, &status, 0, &u) != pid || status != 0)
		die("the daemon ended with status %d", status);
	took.cpu = rusage_cpu(&u);
	return took;
}

int main(int argc, char **argv)
{
	struct runs wall = { .n = 0 }, cpu = { .n = 0 };
	char option[] = "--listen", listen_at[32], *command[ARGS_MAX + 3];
	int nargs = argc - 3, port = free_port();

	if (nargs < 2 || nargs > ARGS_MAX)
		die("bench_start NAME RUNS PARKWATCH run [OPTION...]");
	memcpy(command, argv + 3, (size_t)nargs * sizeof(*command));
	snprintf(listen_at, sizeof(listen_at), "127.0.0.1:%d", port);
	command[nargs] = option;
	command[nargs + 1] = listen_at;
	command[nargs + 2] = NULL;
	for (int i = 0; i < atoi(argv[2]); i++) {
		struct took took = start_once(command, port);

		runs_add(&wall, took.wall * 1000);
		runs_add(&cpu, took.cpu * 1000);
	}
	report_runs(argv[1], &wall, "ms");
	report_runs(name_of("%s_and_end_cpu", argv[1]), &cpu, "CPU-ms");
	return 0;
}
