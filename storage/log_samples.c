/*
 * log_samples.c - see log_samples.h.
 */
#include "storage/log_samples.h"

#include "base/remote_write.h"
#include "base/varint.h"
#include "storage/keys.h"

#include <string.h>

_Static_assert(LOG_SAMPLE_MOST >= 2 * VARINT_MAX_BYTES + 8, "two varints and a value");

void log_put_series(struct buf *list, const struct labels *ls)
{
	size_t n = rw_labels_size(ls->l, ls->n);
	char *p;

	varint_add(list, n);
	p = buf_room(list, n);
	if (!p)
		return;
	rw_write_labels((uint8_t *)p, ls->l, ls->n);
	buf_added(list, n);
}

static uint64_t less(int64_t a, int64_t b)
{
	return zigzag((int64_t)((uint64_t)a - (uint64_t)b));
}

static int64_t plus(int64_t a, uint64_t step)
{
	return (int64_t)((uint64_t)a + (uint64_t)unzigzag(step));
}

uint8_t *log_put_sample(uint8_t *p, struct log_sample *before, const struct log_sample *x)
{
	uint64_t bits;

	p += varint_put(p, less(x->number, before->number));
	p += varint_put(p, less(x->t_ms, before->t_ms));
	memcpy(&bits, &x->value, sizeof(bits));
	put_le64(p, bits);
	*before = *x;
	return p + 8;
}

bool log_take_series(struct slice *list, struct slice *labels)
{
	uint64_t n;

	if (!varint_take(list, &n) || n > list->n)
		return false;
	*labels = slice_of(list->p, (size_t)n);
	*list = slice_of(list->p + n, list->n - (size_t)n);
	return true;
}

bool log_take_sample(struct slice *body, struct log_sample *at)
{
	uint64_t number, t, bits;

	if (!varint_take(body, &number) || !varint_take(body, &t) || body->n < 8)
		return false;
	at->number = plus(at->number, number);
	at->t_ms = plus(at->t_ms, t);
	bits = get_le64(body->p);
	memcpy(&at->value, &bits, sizeof(bits));
	*body = slice_of(body->p + 8, body->n - 8);
	return true;
}

int log_samples_read(const struct wal_record *r, const struct log_samples_visitor *v,
		     uint64_t *named, struct err *e)
{
	struct log_sample at = log_sample_before(r->received_ms);
	struct slice list = r->list, body = r->body, labels;

	for (; list.n; ++*named) {
		if (!log_take_series(&list, &labels))
			return err_set(e, ERR_CORRUPT, "the labels of a series are cut off");
		if (v->series && v->series(v->ctx, labels, e) < 0)
			return -1;
	}
	while (body.n) {
		if (!log_take_sample(&body, &at))
			return err_set(e, ERR_CORRUPT, "a sample is cut off");
		if (at.number < 0 || (uint64_t)at.number >= *named)
			return err_set(e, ERR_CORRUPT, "a sample of a series that is not named");
		if (v->sample && v->sample(v->ctx, &at, e) < 0)
			return -1;
	}
	return 0;
}
