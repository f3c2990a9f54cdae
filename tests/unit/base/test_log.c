/* test_log.c - one event, one line, nothing forged. */
#include "tests/lib/assert.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

struct fixture {
	int ends[2];
	char text[65536];
};

static int setup(void **state)
{
	static struct fixture f;

	assert_int_equal(pipe(f.ends), 0);
	log_set_fd(f.ends[1]);
	log_set_level(LOG_INFO);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	log_set_fd(2);
	close(f->ends[0]);
	close(f->ends[1]);
	return 0;
}

/* What one read gives, from "level=" on; the time in front has the right shape. */
static const char *line(struct fixture *f)
{
	static const char shape[] = "time=####-##-##T##:##:##.###Z ";
	ssize_t n = read(f->ends[0], f->text, sizeof(f->text) - 1);

	assert_true(n > (ssize_t)sizeof(shape));
	f->text[n] = '\0';
	for (size_t i = 0; i + 1 < sizeof(shape); i++) {
		if (shape[i] == '#')
			assert_in_range(f->text[i], '0', '9');
		else
			assert_int_equal(f->text[i], shape[i]);
	}
	return f->text + sizeof(shape) - 1;
}

static void an_event_is_one_line(void **state)
{
	struct fixture *f = *state;
	struct err e = { .code = ERR_NET, .text = "connection reset" };

	log_event(LOG_WARN, "feed failed", log_s("feed", "land"), log_i("tries", -3),
		  log_d("seconds", 1.5), log_err(&e));
	assert_string_equal(line(f), "level=warn msg=\"feed failed\" feed=land tries=-3 "
				     "seconds=1.5 err=\"connection reset\"\n");
}

static void only_what_needs_quotes_gets_them(void **state)
{
	struct fixture *f = *state;

	log_event(LOG_ERROR, "m", log_s("a", "plain-1:2/3"), log_s("b", ""), log_s("c", "x=y"),
		  log_s("d", "say \"hi\""), log_s("e", "back\\slash"), log_s("f", "高新区"),
		  log_s("g", NULL));
	assert_string_equal(line(f), "level=error msg=m a=plain-1:2/3 b=\"\" c=\"x=y\" "
				     "d=\"say \\\"hi\\\"\" e=\"back\\\\slash\" f=高新区 g=\"\"\n");
}

static void a_line_cannot_be_forged(void **state)
{
	struct fixture *f = *state;

	log_event(LOG_INFO, "m",
		  log_s("a", "x\r\ntime=2026-01-01T00:00:00.000Z level=error msg=forged"),
		  log_s("b", "\x1b[31m"), log_s("c", "\xe2\x80\xa8"), log_s("d", "\xff\xe5"),
		  log_s("e", "\xc2\x85"), log_s("f", "\xe2\x80\xae"),
		  log_sl("g", slice_of("\0x", 2)), log_s("h", "\x7f"));
	assert_string_equal(line(f),
			    "level=info msg=m "
			    "a=\"x\\x0d\\x0atime=2026-01-01T00:00:00.000Z level=error msg=forged\" "
			    "b=\"\\x1b[31m\" c=\"\\xe2\\x80\\xa8\" d=\"\\xff\\xe5\" "
			    "e=\"\\xc2\\x85\" f=\"\\xe2\\x80\\xae\" g=\"\\x00x\" h=\"\\x7f\"\n");
}

static void a_long_field_is_cut_at_a_character(void **state)
{
	struct fixture *f = *state;
	char value[3001];
	const char *text;

	for (int i = 0; i < 1000; i++)
		memcpy(value + (size_t)3 * i, "区", 4);
	log_event(LOG_INFO, "m", log_s("v", value), log_s("after", "here"));
	text = line(f);
	value[510] = '\0'; /* 170 characters; 512 bytes would be two thirds of one more */
	assert_true(slice_starts(slice_str(text), "level=info msg=m v=\""));
	text += strlen("level=info msg=m v=\"");
	assert_true(slice_starts(slice_str(text), value));
	assert_string_equal(text + 510, "…\" after=here\n");
}

static void a_line_is_never_longer_than_a_pipe_takes_at_once(void **state)
{
	struct fixture *f = *state;
	struct log_field fields[20];
	char value[513];
	const char *text;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 19; i++)
		fields[i] = log_s("k", value);
	fields[19] = log_i("small", 1);
	log_write(LOG_INFO, "m", fields, 20);
	text = line(f);
	assert_true(strlen(f->text) <= 4096);
	/* Seven large ones fit, twelve do not; the small one behind them does. */
	assert_has(text, " small=1 left_out=12\n");
}

static void levels_below_the_least_are_silent(void **state)
{
	struct fixture *f = *state;

	log_event(LOG_DEBUG, "no", log_i("n", 1));
	log_set_level(LOG_WARN);
	log_event(LOG_INFO, "no", log_i("n", 2));
	log_event(LOG_WARN, "yes", log_i("n", 3));
	assert_string_equal(line(f), "level=warn msg=yes n=3\n");
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "now", log_i("n", 4));
	assert_string_equal(line(f), "level=debug msg=now n=4\n");
}

static void no_descriptor_is_fine_and_errno_stays(void **state)
{
	struct fixture *f = *state;

	errno = EAGAIN;
	log_set_fd(-1);
	log_event(LOG_INFO, "nobody", log_i("n", 1));
	log_set_fd(9999);
	log_event(LOG_INFO, "nobody", log_i("n", 1));
	assert_int_equal(errno, EAGAIN);
	log_set_fd(f->ends[1]);
}

enum { THREADS = 4, LINES = 50 };

static void *write_lines(void *ctx)
{
	char fill[200];

	memset(fill, 'a' + *(int *)ctx, sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO, "m", log_s("fill", fill));
	return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	int numbers[THREADS], lines = 0;
	size_t have = 0;
	ssize_t n;

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, write_lines, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL); /* 200 lines of 250 bytes: less than a pipe holds */
	close(f->ends[1]);
	while ((n = read(f->ends[0], f->text + have, sizeof(f->text) - 1 - have)) > 0)
		have += (size_t)n;
	f->text[have] = '\0';
	f->ends[1] = dup(f->ends[0]); /* for the teardown */
	for (char *p = f->text, *end; (end = strchr(p, '\n')); p = end + 1, lines++) {
		const char *fill = strstr(p, "fill=") + 5;

		assert_int_equal(end - fill, 199);
		for (const char *c = fill; c < end; c++)
			assert_int_equal(*c, *fill);
	}
	assert_int_equal(lines, THREADS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(only_what_needs_quotes_gets_them, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_cannot_be_forged, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_field_is_cut_at_a_character, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_line_is_never_longer_than_a_pipe_takes_at_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(levels_below_the_least_are_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(no_descriptor_is_fine_and_errno_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(lines_of_several_threads_do_not_mix, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
