/*
 * load_send.h - sends a set over some connections and counts what was acknowledged.
 *
 * One thread a connection; each has whole hosts or parks of its own, so what concerns
 * one series is sent in order: figures first, corrections after all of them. No
 * connection runs more than some minutes of a devops set ahead of the slowest: servers
 * refuse what is older than the newest by too much, and real senders share one clock.
 */
#ifndef BENCH_LOAD_SEND_H
#define BENCH_LOAD_SEND_H

#include "bench/load_http.h"
#include "bench/load_set.h"

enum {
	LOAD_CONNECTIONS_MAX = 64,
	LOAD_BATCH_MAX = 100000,
	LOAD_STATUS_MAX = 600,
};

enum load_phase { LOAD_FIGURES = 1, LOAD_CORRECTIONS = 2, LOAD_BOTH = 3 };

struct load_plan {
	const struct load_set *set;
	const struct load_target *target; /* NULL: everything but the sending */
	enum load_phase phase;
	uint32_t connections;
	uint32_t batch; /* samples a request, up to a message more */
	double rate;    /* samples a second over all connections; 0: as fast as it goes */
};

struct load_result {
	bool complete; /* nobody stopped early */
	uint64_t sent, acked, requests, raw_bytes, wire_bytes;
	uint64_t no_answer;                 /* requests */
	uint64_t statuses[LOAD_STATUS_MAX]; /* requests by status */
	double *latency_s;                  /* of each request, rising; owned */
	size_t latencies;
	double wall_s;
	char first_error[240]; /* "" when there was none */
};

/* 0 also when the server refused some or all: r says so. ERR_MEMORY, or a thread that
 * does not start. */
int load_send(const struct load_plan *plan, struct load_result *r, struct err *e);
void load_result_release(struct load_result *r);

#endif
