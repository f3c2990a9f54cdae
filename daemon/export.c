/* export.c - see export.h. */
#include "daemon/export.h"

#include "base/alloc.h"
#include "base/num.h"
#include "daemon/series_csv.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	SNAPSHOT_USE_MS = 5000,
	SNAPSHOT_DEADLINE_MS = 120000,
	FLUSH_BYTES = 1 << 20,
	OUT_LIMIT = 64 << 20,
	PIPE_WAIT_MS = 1000,
	SOURCES = 256,
};

#define NAMES_ARENA  ((size_t)2 << 30)
#define SERIES_ARENA ((size_t)512 << 20)

struct export
{
	const struct export_options *o;
	struct export_counts *counts;
	struct snapshot *v;
	int64_t opened_ms;
	bool pipe; /* not a file: who reads may be slow */
	struct arena family, data;
	struct buf out, name; /* name: the series at hand as its rows begin */
	bool typed;           /* the family's head is written */
	struct {
		uint64_t submission;
		char *name;
	} sources[SOURCES];
};

/* --- snapshots --------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int renew(struct export *x, struct err *e)
{
	snapshot_close(x->v);
	x->v = snapshot_open(x->o->store, SNAPSHOT_DEADLINE_MS, e);
	x->opened_ms = mono_ms();
	return x->v ? 0 : -1;
}

static int renew_when_old(struct export *x, struct err *e)
{
	return x->v && mono_ms() - x->opened_ms < SNAPSHOT_USE_MS ? 0 : renew(x, e);
}

/* --- the output --------------------------------------------------------------------------- */

/* A reader that lets a pipe wait must not make the daemon's store grow: then the snapshot goes. */
static void wait_for_reader(struct export *x)
{
	struct pollfd p = { .fd = x->o->fd, .events = POLLOUT };

	if (poll(&p, 1, PIPE_WAIT_MS) != 0 || !x->v)
		return;
	snapshot_close(x->v);
	x->v = NULL;
}

static int write_out(struct export *x, struct err *e)
{
	const char *p = x->out.p;
	size_t n = x->out.n;

	if (buf_check(&x->out, e) < 0)
		return -1;
	while (n > 0) {
		size_t most = x->pipe && n > PIPE_BUF ? PIPE_BUF : n;
		ssize_t done;

		if (x->pipe)
			wait_for_reader(x);
		done = write(x->o->fd, p, most);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, errno, "cannot write");
		p += done;
		n -= (size_t)done;
	}
	buf_clear(&x->out);
	return 0;
}

static int write_when_much(struct export *x, struct err *e)
{
	return x->out.n < FLUSH_BYTES && !x->out.failed ? 0 : write_out(x, e);
}

void export_put_seconds(struct buf *out, int64_t ms)
{
	uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	unsigned part = (unsigned)(size % 1000);

	buf_printf(out, "%s%" PRIu64, ms < 0 ? "-" : "", size / 1000);
	if (part == 0)
		return;
	if (size < UINT64_C(1) << 51 && (int64_t)((double)ms / 1000 * 1000) != ms)
		buf_printf(out, ".%03u2", part);
	else if (part % 100 == 0)
		buf_printf(out, ".%u", part / 100);
	else if (part % 10 == 0)
		buf_printf(out, ".%02u", part / 10);
	else
		buf_printf(out, ".%03u", part);
}

/* The name of a family, without quotes: labels_print() puts those that need some in braces. */
static void put_type(struct export *x)
{
	if (x->typed)
		return;
	x->typed = true;
	buf_puts(&x->out, "# TYPE ");
	buf_put(&x->out, x->name.p, strcspn(x->name.p, "{ "));
	buf_puts(&x->out, " unknown\n");
}

static void put_value(struct export *x, int64_t t_ms, double v)
{
	char text[NUM_TEXT];
	size_t n;

	if (x->o->format == EXPORT_CSV) {
		csv_put_sample(&x->out, buf_all(&x->name), t_ms, v, x->o->vintages);
	} else if (is_stale_mark(v)) {
		x->counts->stale++;
		return;
	} else {
		put_type(x);
		n = num_print_g(v, text);
		buf_put(&x->out, x->name.p, x->name.n - 1); /* without its NUL */
		buf_putc(&x->out, ' ');
		buf_put(&x->out, text, n);
		buf_putc(&x->out, ' ');
		export_put_seconds(&x->out, t_ms);
		buf_putc(&x->out, '\n');
	}
	x->counts->values++;
}

/* --- one series --------------------------------------------------------------------- */

/* Looked up anew in each snapshot: what is still in a log has no number for good. 0 when it is
 * gone. */
static int look_up(struct export *x, const struct labels *ls, struct series_ref *s, struct err *e)
{
	if (renew_when_old(x, e) < 0)
		return -1;
	if (snapshot_find(x->v, ls, s, e) == 0)
		return 1;
	return e->code == ERR_NOT_FOUND ? 0 : -1;
}

/* The whole range at once, or where that is more than the arena holds, its halves. */
static int put_samples(struct export *x, const struct labels *ls, int64_t from_ms, int64_t to_ms,
		       struct err *e)
{
	struct arena_mark mark = arena_mark(&x->data);
	struct samples list = { 0 };
	struct series_ref s;
	int64_t half = from_ms / 2 + to_ms / 2;
	int rc = look_up(x, ls, &s, e);

	if (rc <= 0)
		return rc;
	rc = snapshot_samples(x->v, s.id, from_ms, to_ms, &x->data, &list, e);
	if (rc < 0 && e->code == ERR_LIMIT && half > from_ms && half < to_ms) {
		arena_reset(&x->data, mark);
		rc = put_samples(x, ls, from_ms, half, e);
		return rc < 0 ? rc : put_samples(x, ls, half + 1, to_ms, e);
	}
	for (size_t i = 0; i < list.n && rc == 0; i++) {
		put_value(x, list.t_ms[i], list.value[i]);
		rc = write_when_much(x, e);
	}
	arena_reset(&x->data, mark);
	return rc;
}

static int put_figures(struct export *x, uint32_t id, struct err *e)
{
	struct view view = x->o->view;
	struct vintage *list = NULL;
	size_t n = 0;
	int rc;

	view.suppressed = true; /* to count them */
	rc = snapshot_figures(x->v, id, x->o->from_ms, x->o->to_ms, view, &x->data, &list, &n, e);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (list[i].flags & FIGURE_SUPPRESSED) {
			x->counts->suppressed++;
			continue;
		}
		put_value(x, list[i].stamp_ms, list[i].value);
		rc = write_when_much(x, e);
	}
	return rc;
}

static int source_of(struct export *x, uint64_t submission, const char **out, struct err *e)
{
	size_t at = submission % SOURCES;
	struct arena_mark mark = arena_mark(&x->data);
	struct submission s;

	*out = x->sources[at].name;
	if (*out && x->sources[at].submission == submission)
		return 0;
	if (renew_when_old(x, e) < 0 || snapshot_submission(x->v, submission, &x->data, &s, e) < 0)
		return -1;
	mem_free(x->sources[at].name);
	x->sources[at].name = mem_strdup(s.source);
	x->sources[at].submission = submission;
	arena_reset(&x->data, mark);
	*out = x->sources[at].name;
	return *out ? 0 : err_set(e, ERR_MEMORY, "no memory for the name of a source");
}

static bool is_seen(const struct vintage *f, int64_t as_of_ms)
{
	return as_of_ms == INT64_MAX ||
	       (f->released_ms != 0 && f->released_ms <= as_of_ms && f->known_from_ms <= as_of_ms);
}

static int put_history(struct export *x, uint32_t id, struct err *e)
{
	struct vintage *list = NULL;
	const char *source;
	size_t n = 0;

	if (snapshot_history(x->v, id, x->o->from_ms, x->o->to_ms, &x->data, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!is_seen(&list[i], x->o->view.as_of_ms))
			continue;
		if (source_of(x, list[i].submission, &source, e) < 0)
			return -1;
		csv_put_figure(&x->out, buf_all(&x->name), &list[i], slice_str(source));
		x->counts->values++;
		if (write_when_much(x, e) < 0)
			return -1;
	}
	return 0;
}

static int put_values(struct export *x, const struct labels *ls, const struct series_ref *s,
		      struct err *e)
{
	struct arena_mark mark = arena_mark(&x->data);
	int rc;

	if (!s->statistic)
		return put_samples(x, ls, x->o->from_ms, x->o->to_ms, e);
	rc = x->o->vintages ? put_history(x, s->id, e) : put_figures(x, s->id, e);
	arena_reset(&x->data, mark);
	return rc;
}

static bool can_be_named(const struct labels *ls)
{
	for (uint32_t i = 0; i < ls->n; i++)
		if (!label_name_is_plain(ls->l[i].name))
			return false;
	return metric_name_is_plain(labels_name(ls));
}

static int begin_rows(struct export *x, const struct labels *ls, struct err *e)
{
	buf_clear(&x->name);
	if (x->o->format == EXPORT_CSV) {
		csv_put_series(&x->name, ls);
	} else {
		labels_print(ls, &x->name);
		buf_putc(&x->name, '\0');
	}
	return buf_check(&x->name, e);
}

/* Something that stands in the way of this series only. */
static bool is_damage(const struct err *e)
{
	return e->code == ERR_CORRUPT;
}

static int put_series(struct export *x, const struct labels *ls, struct err *e)
{
	struct series_ref s;
	int rc;

	if (x->o->format == EXPORT_OPENMETRICS && !can_be_named(ls)) {
		x->counts->unnamed++;
		return 0;
	}
	rc = look_up(x, ls, &s, e);
	if (rc <= 0)
		return rc;
	if (begin_rows(x, ls, e) < 0)
		return -1;
	rc = put_values(x, ls, &s, e);
	if (rc < 0 && is_damage(e)) {
		fprintf(x->o->complaints, "%s\n", e->text);
		x->counts->damaged++;
		return 0;
	}
	x->counts->series++;
	return rc;
}

/* --- families and the whole --------------------------------------------------------- */

static int by_labels(const void *a, const void *b)
{
	const struct series_ref *x = a, *y = b;

	return labels_cmp(x->labels, y->labels);
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static size_t count_selectors(const struct export *x)
{
	return x->o->nselectors ? x->o->nselectors : 1;
}

static const struct node_selector *selector_at(const struct export *x, size_t i)
{
	static const struct node_selector everything;

	return x->o->nselectors ? &x->o->selectors[i].root->selector : &everything;
}

/* The series of a family that one selector selects, behind the *n in *all. */
static int add_selected(struct export *x, const struct node_selector *s, struct slice family,
			struct series_ref **all, size_t *n, struct err *e)
{
	struct matcher *m = arena_array(&x->family, s->nm + 1, sizeof(*m));
	struct series_ref *more, *grown;
	size_t nmore;

	if (!m)
		return err_set(e, ERR_LIMIT, "too many conditions in one selector");
	if (s->nm)
		memcpy(m, s->m, s->nm * sizeof(*m));
	m[s->nm] = (struct matcher){ MATCH_EQ, slice_str(LABEL_NAME), family, NULL };
	if (snapshot_select(x->v, m, s->nm + 1, &x->family, &more, &nmore, e) < 0)
		return -1;
	if (*n == 0) {
		*all = more;
		*n = nmore;
		return 0;
	}
	grown = arena_array(&x->family, *n + nmore, sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_LIMIT, "too many series in one family");
	memcpy(grown, *all, *n * sizeof(*grown));
	memcpy(grown + *n, more, nmore * sizeof(*grown));
	*all = grown;
	*n += nmore;
	return 0;
}

static int select_family(struct export *x, struct slice family, struct series_ref **out, size_t *n,
			 struct err *e)
{
	size_t kept = 0;

	*n = 0;
	for (size_t i = 0; i < count_selectors(x); i++)
		if (add_selected(x, selector_at(x, i), family, out, n, e) < 0)
			return -1;
	if (count_selectors(x) == 1)
		return 0;
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_labels);
	for (size_t i = 0; i < *n; i++)
		if (i == 0 || (*out)[i].id != (*out)[kept - 1].id)
			(*out)[kept++] = (*out)[i];
	*n = kept;
	return 0;
}

static int put_family(struct export *x, struct slice family, struct err *e)
{
	struct arena_mark mark = arena_mark(&x->family);
	struct series_ref *list = NULL;
	size_t n = 0;
	int rc = renew_when_old(x, e);

	x->typed = false;
	if (rc == 0)
		rc = select_family(x, family, &list, &n, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_series(x, list[i].labels, e);
	arena_reset(&x->family, mark);
	return rc;
}

static int find_families(struct export *x, struct slice **out, size_t *n, struct err *e)
{
	*n = 0;
	*out = NULL;
	for (size_t i = 0; i < count_selectors(x); i++) {
		const struct node_selector *s = selector_at(x, i);
		struct slice *more, *all;
		size_t nmore;

		if (snapshot_label_values(x->v, slice_str(LABEL_NAME), s->m, s->nm, &x->family,
					  &more, &nmore, e) < 0)
			return -1;
		if (nmore == 0)
			continue;
		all = arena_array(&x->family, *n + nmore, sizeof(*all));
		if (!all)
			return err_set(e, ERR_LIMIT, "too many families");
		if (*n)
			memcpy(all, *out, *n * sizeof(*all));
		memcpy(all + *n, more, nmore * sizeof(*all));
		*out = all;
		*n += nmore;
	}
	if (*n > 1)
		qsort(*out, *n, sizeof(**out), by_text);
	return 0;
}

static int put_all(struct export *x, struct err *e)
{
	struct slice *families;
	size_t n;

	if (renew(x, e) < 0 || find_families(x, &families, &n, e) < 0)
		return -1;
	if (x->o->format == EXPORT_CSV)
		csv_put_header(&x->out, x->o->vintages);
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || !slice_eq(families[i], families[i - 1])) &&
		    put_family(x, families[i], e) < 0)
			return -1;
	if (x->o->format == EXPORT_OPENMETRICS)
		buf_puts(&x->out, "# EOF\n");
	return write_out(x, e);
}

int export_run(const struct export_options *o, struct export_counts *out, struct err *e)
{
	struct export x = { .o = o, .counts = out };
	struct stat st;
	struct err own;
	int rc;

	x.pipe = fstat(o->fd, &st) == 0 && !S_ISREG(st.st_mode);
	*out = (struct export_counts){ 0 };
	arena_init(&x.family, NAMES_ARENA);
	arena_init(&x.data, SERIES_ARENA);
	buf_init(&x.out, OUT_LIMIT);
	buf_init(&x.name, 2 * SERIES_TEXT_MAX_BYTES);
	rc = put_all(&x, e ? e : &own);
	snapshot_close(x.v);
	for (size_t i = 0; i < SOURCES; i++)
		mem_free(x.sources[i].name);
	buf_release(&x.out);
	buf_release(&x.name);
	arena_release(&x.family);
	arena_release(&x.data);
	return rc;
}
