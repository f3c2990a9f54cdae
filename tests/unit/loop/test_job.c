/* test_job.c - work off the loop: order, bounds, cancelling, the end. */
#include "tests/lib/assert.h"

#include "base/counter.h"
#include "loop/job.h"
#include "loop/loop_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
	struct loop *l;
	struct err e;
	pthread_mutex_t gate_lock;
	pthread_cond_t gate_moved;
	bool gate_open;
	atomic_int inside; /* workers that have reached the gate */
	char trace[64];
};

struct task {
	struct job job;
	struct fixture *f;
	char name;
	bool gated, again;
	atomic_int worked;
	int done;
	enum job_end how;
	pthread_t worker, finisher;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct loop_options o = { .workers = { 1, 2, 1, 1 }, .queue_max = { 2, 100, 100, 100 } };

	pthread_mutex_init(&f->gate_lock, NULL);
	pthread_cond_init(&f->gate_moved, NULL);
	f->l = loop_new(&o, &f->e);
	if (!f->l)
		fail_msg("%s", f->e.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->l);
	pthread_mutex_destroy(&f->gate_lock);
	pthread_cond_destroy(&f->gate_moved);
	free(f);
	return 0;
}

static void open_gate(struct fixture *f)
{
	pthread_mutex_lock(&f->gate_lock);
	f->gate_open = true;
	pthread_cond_broadcast(&f->gate_moved);
	pthread_mutex_unlock(&f->gate_lock);
}

static void task_work(struct job *j)
{
	struct task *t = (struct task *)j;
	struct fixture *f = t->f;

	t->worker = pthread_self();
	if (t->gated) {
		pthread_mutex_lock(&f->gate_lock);
		atomic_fetch_add(&f->inside, 1);
		while (!f->gate_open)
			pthread_cond_wait(&f->gate_moved, &f->gate_lock);
		pthread_mutex_unlock(&f->gate_lock);
	}
	atomic_fetch_add(&t->worked, 1);
}

static void task_done(struct job *j, enum job_end how)
{
	struct task *t = (struct task *)j;
	size_t at = strlen(t->f->trace);

	t->done++;
	t->how = how;
	t->finisher = pthread_self();
	if (at + 1 < sizeof(t->f->trace))
		t->f->trace[at] = t->name;
	if (t->again) {
		t->again = false;
		job_start(t->f->l, j, JOB_QUERY, NULL);
	}
}

static struct task task_of(struct fixture *f, char name)
{
	return (struct task){ .job = { .work = task_work, .done = task_done },
			      .f = f,
			      .name = name };
}

static bool gate_reached(void *ctx)
{
	return atomic_load(&((struct fixture *)ctx)->inside) > 0;
}

static void works_elsewhere_and_is_done_on_the_loop(void **state)
{
	struct fixture *f = *state;
	struct task t = task_of(f, 'a');

	assert_ok(job_start(f->l, &t.job, JOB_DECODE, &f->e), &f->e);
	assert_int_equal(t.done, 0);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(atomic_load(&t.worked), 1);
	assert_int_equal(t.done, 1);
	assert_int_equal(t.how, JOB_RAN);
	assert_false(pthread_equal(t.worker, pthread_self()));
	assert_true(pthread_equal(t.finisher, pthread_self()));
}

static void between_turns_of_the_loop_it_works_at_once(void **state)
{
	struct fixture *f = *state;
	struct task t = task_of(f, 'a');

	assert_ok(job_start(f->l, &t.job, JOB_STORE, &f->e), &f->e);
	for (int i = 0; i < 5000 && atomic_load(&t.worked) == 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&t.worked), 1);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
}

static void what_goes_on_comes_first_and_is_not_refused(void **state)
{
	struct fixture *f = *state;
	struct task t[4];

	for (int i = 0; i < 4; i++)
		t[i] = task_of(f, (char)('a' + i));
	t[0].gated = true;
	assert_ok(job_start(f->l, &t[0].job, JOB_DECODE, &f->e), &f->e);
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	assert_ok(job_start(f->l, &t[1].job, JOB_DECODE, &f->e), &f->e);
	assert_ok(job_start(f->l, &t[2].job, JOB_DECODE, &f->e), &f->e);
	assert_ok(job_continue(f->l, &t[3].job, JOB_DECODE, &f->e), &f->e);
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_string_equal(f->trace, "adbc");
}

static void what_may_wait_is_not_refused_and_keeps_its_place(void **state)
{
	struct fixture *f = *state;
	struct task t[5];

	for (int i = 0; i < 5; i++)
		t[i] = task_of(f, (char)('a' + i));
	t[0].gated = true;
	assert_ok(job_start(f->l, &t[0].job, JOB_DECODE, &f->e), &f->e);
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	for (int i = 1; i < 5; i++)
		assert_ok(job_wait(f->l, &t[i].job, JOB_DECODE, &f->e), &f->e);
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_string_equal(f->trace, "abcde");
}

static void one_worker_keeps_the_order(void **state)
{
	struct fixture *f = *state;
	struct task t[5];

	for (int i = 0; i < 5; i++) {
		t[i] = task_of(f, (char)('a' + i));
		assert_ok(job_start(f->l, &t[i].job, JOB_STORE, &f->e), &f->e);
	}
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_string_equal(f->trace, "abcde");
}

static void a_full_queue_refuses_and_done_is_not_called(void **state)
{
	struct fixture *f = *state;
	struct task t[4];
	double refused = counter_get_for(C_JOBS_REFUSED, slice_str("decode"));

	for (int i = 0; i < 4; i++) {
		t[i] = task_of(f, (char)('a' + i));
		t[i].gated = true;
	}
	assert_ok(job_start(f->l, &t[0].job, JOB_DECODE, &f->e), &f->e);
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	assert_ok(job_start(f->l, &t[1].job, JOB_DECODE, &f->e), &f->e);
	assert_ok(job_start(f->l, &t[2].job, JOB_DECODE, &f->e), &f->e);
	assert_f64(counter_get_for(C_JOBS_WAITING, slice_str("decode")), 2);
	assert_fails(job_start(f->l, &t[3].job, JOB_DECODE, &f->e), &f->e, ERR_BUSY,
		     "2 decode jobs are waiting already");
	assert_f64(counter_get_for(C_JOBS_REFUSED, slice_str("decode")), refused + 1);
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_string_equal(f->trace, "abc");
	assert_int_equal(t[3].done, 0);
	assert_f64(counter_get_for(C_JOBS_WAITING, slice_str("decode")), 0);
}

static bool query_done(void *ctx)
{
	return ((struct task *)ctx)->done == 1;
}

static void a_stuck_class_does_not_hold_up_another(void **state)
{
	struct fixture *f = *state;
	struct task stuck = task_of(f, 's'), other = task_of(f, 'o');

	stuck.gated = true;
	assert_ok(job_start(f->l, &stuck.job, JOB_FILE, &f->e), &f->e);
	assert_ok(job_start(f->l, &other.job, JOB_QUERY, &f->e), &f->e);
	assert_true(loop_settle(f->l, query_done, &other, 20000));
	assert_int_equal(stuck.done, 0);
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(stuck.done, 1);
}

static void cancelling_a_waiting_job_keeps_it_from_running(void **state)
{
	struct fixture *f = *state;
	struct task first = task_of(f, 'f'), waits = task_of(f, 'w');

	first.gated = true;
	assert_ok(job_start(f->l, &first.job, JOB_STORE, &f->e), &f->e);
	assert_ok(job_start(f->l, &waits.job, JOB_STORE, &f->e), &f->e);
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	job_cancel(f->l, &waits.job);
	assert_int_equal(waits.done, 0); /* never from within the call */
	assert_true(loop_settle(f->l, query_done, &waits, 20000));
	assert_int_equal(waits.how, JOB_CANCELLED);
	assert_int_equal(atomic_load(&waits.worked), 0);
	assert_true(atomic_load(&waits.job.cancelled));
	job_cancel(f->l, &waits.job); /* no longer under way: nothing */
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(waits.done, 1);
	assert_int_equal(first.how, JOB_RAN);
}

static void a_working_job_sees_the_flag_and_still_ran(void **state)
{
	struct fixture *f = *state;
	struct task t = task_of(f, 't');

	t.gated = true;
	assert_ok(job_start(f->l, &t.job, JOB_QUERY, &f->e), &f->e);
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	job_cancel(f->l, &t.job);
	assert_true(atomic_load(&t.job.cancelled));
	open_gate(f);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(t.how, JOB_RAN);
	assert_int_equal(t.done, 1);
}

static void done_may_start_the_job_again(void **state)
{
	struct fixture *f = *state;
	struct task t = task_of(f, 't');

	t.again = true;
	assert_ok(job_start(f->l, &t.job, JOB_QUERY, &f->e), &f->e);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(t.done, 2);
	assert_int_equal(atomic_load(&t.worked), 2);
	assert_false(atomic_load(&t.job.cancelled));
}

static void *open_later(void *arg)
{
	struct fixture *f = arg;

	while (!gate_reached(f))
		sched_yield();
	open_gate(f);
	return NULL;
}

static void finishing_now_waits_for_work_and_calls_done(void **state)
{
	struct fixture *f = *state;
	struct task t = task_of(f, 't'), idle = task_of(f, 'i');
	pthread_t opener;

	t.gated = true;
	assert_ok(job_start(f->l, &t.job, JOB_QUERY, &f->e), &f->e);
	pthread_create(&opener, NULL, open_later, f);
	/* Working or still waiting: done is called before it returns either way. */
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	job_finish_now(f->l, &t.job);
	assert_int_equal(t.done, 1);
	assert_int_equal(t.how, JOB_RAN);
	pthread_join(opener, NULL);
	job_finish_now(f->l, &idle.job);
	assert_int_equal(idle.done, 0);
	assert_true(loop_settle(f->l, NULL, NULL, 20000));
	assert_int_equal(t.done, 1);
}

/* The gate opens when the job at work has been asked to stop, not before. */
static void *open_when_cancelled(void *arg)
{
	struct task *t = arg;

	while (!atomic_load(&t->job.cancelled))
		sched_yield();
	open_gate(t->f);
	return NULL;
}

static void freeing_the_loop_ends_every_job(void **state)
{
	struct fixture *f = *state;
	struct task t[3];
	pthread_t opener;

	for (int i = 0; i < 3; i++) {
		t[i] = task_of(f, (char)('a' + i));
		t[i].gated = true;
		assert_ok(job_start(f->l, &t[i].job, JOB_STORE, &f->e), &f->e);
	}
	assert_true(loop_settle(f->l, gate_reached, f, 20000));
	t[1].again = true; /* too late: refused, not lost */
	pthread_create(&opener, NULL, open_when_cancelled, &t[0]);
	loop_free(f->l);
	f->l = NULL;
	pthread_join(opener, NULL);
	assert_int_equal(t[0].done, 1);
	assert_int_equal(t[0].how, JOB_RAN);
	assert_int_equal(t[1].done, 1);
	assert_int_equal(t[1].how, JOB_CANCELLED);
	assert_int_equal(t[2].done, 1);
	assert_int_equal(t[2].how, JOB_CANCELLED);
}

static void classes_have_names(void **state)
{
	(void)state;
	assert_string_equal(job_class_name(JOB_DECODE), "decode");
	assert_string_equal(job_class_name(JOB_FILE), "file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(works_elsewhere_and_is_done_on_the_loop),
		T(between_turns_of_the_loop_it_works_at_once),
		T(what_may_wait_is_not_refused_and_keeps_its_place),
		T(one_worker_keeps_the_order),
		T(what_goes_on_comes_first_and_is_not_refused),
		T(a_full_queue_refuses_and_done_is_not_called),
		T(a_stuck_class_does_not_hold_up_another),
		T(cancelling_a_waiting_job_keeps_it_from_running),
		T(a_working_job_sees_the_flag_and_still_ran),
		T(done_may_start_the_job_again),
		T(finishing_now_waits_for_work_and_calls_done),
		T(freeing_the_loop_ends_every_job),
		T(classes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
