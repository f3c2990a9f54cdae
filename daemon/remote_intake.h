/*
 * remote_intake.h - from the remote write endpoint to the store.
 *
 * Says what a family is that is pushed: a plain metric, a statistic that the configuration names
 * remote write as the source of, or one of the catalogue that it may not touch. Counts the series
 * of each sender and of all together, and refuses those that are new and too many (series_quota.h).
 * For a sender count those that nobody brought this day or the day before. A sender is a user with
 * a password or, where none is asked for, an address.
 */
#ifndef DAEMON_REMOTE_INTAKE_H
#define DAEMON_REMOTE_INTAKE_H

#include "catalogue/catalogue.h"
#include "collectors/remote_write.h"
#include "collectors/series_quotas.h"
#include "daemon/config.h"
#include "storage/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct remote_intake {
	pthread_mutex_t lock; /* the next two */
	struct config *config;
	struct catalogue *catalogue;
	struct store *store;
	atomic_size_t under_way; /* requests that the store has */
	/* Of the series of all senders, and of each; NULL: any number. */
	struct series_quota *quota;
	struct series_quotas *senders;
};

void remote_intake_init(struct remote_intake *in);
/* From now on series are counted and new ones refused that are too many
 * (remote_write.series_limit and sender_series_limit). Before the first request. */
int remote_intake_limit_series(struct remote_intake *in, struct err *e);
void remote_intake_release(struct remote_intake *in);
/* Takes references; what series are is asked anew. */
void remote_intake_configure(struct remote_intake *in, struct config *config,
			     struct catalogue *catalogue);
/* The present catalogue with a reference for the caller, any thread; NULL before the first. */
struct catalogue *remote_intake_catalogue(struct remote_intake *in);

/* remote_write_options.write and store_options.classify, with the intake as ctx. */
int remote_intake_write(void *ctx, struct write_job *w, struct err *e);
struct series_kind remote_intake_classify(void *ctx, const struct label *l, size_t n);

#endif
