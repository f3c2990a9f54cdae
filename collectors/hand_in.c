/*
 * hand_in.c - one document that its owner brings, through the same intake as what is polled.
 *
 *     hand_in_start ─▶ intake ─▶ on_intake ─▶ tell ─▶ ended
 *
 * A feed with `submit` makes no attempts; it is busy while any hand-in is under way, so
 * that a reload which removes it, and the collector's end, wait for the last.
 */
#include "collectors/feed_private.h"

#include "base/text.h"

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static void link_in(struct feed *f, struct hand_in *h)
{
	h->next = f->hand_ins;
	if (h->next)
		h->next->prev = h;
	f->hand_ins = h;
	f->busy = true;
}

static void take_out(struct feed *f, struct hand_in *h)
{
	if (h->prev)
		h->prev->next = h->next;
	else
		f->hand_ins = h->next;
	if (h->next)
		h->next->prev = h->prev;
	h->prev = h->next = NULL;
}

static void on_intake(struct intake *in, enum intake_end how)
{
	struct hand_in *h = container_of(in, struct hand_in, intake);
	struct feed *f = in->feed;

	if (!in->dry_run && (how == INTAKE_STORED || how == INTAKE_REFUSED))
		feed_handed_in(f, in, how);
	h->tell(h, how);
	intake_release(in);
	take_out(f, h);
	if (!f->hand_ins)
		feed_rest(f);
	h->ended(h);
}

static struct feed *find(struct collector *c, const char *name, const struct hand_in *h,
			 struct err *e)
{
	struct feed *f = feed_of_name(c, name);
	char shown[TEXT_SHOWN];

	if (!f || !f->config.submit) {
		err_set(e, ERR_NOT_FOUND, "no feed that documents are handed in for is called %s",
			text_shown(slice_str(name), shown));
		f = NULL;
	} else if (strcmp(f->config.owner, h->owner) != 0) {
		err_set(e, ERR_REFUSED, "feed %s belongs to another owner than this token", name);
		f = NULL;
	} else if (h->intake.body.n > (size_t)f->config.body_limit) {
		err_set(e, ERR_LIMIT, "the document is larger than the %lld bytes of feed %s",
			(long long)f->config.body_limit, name);
		f = NULL;
	}
	return f;
}

int hand_in_start(struct collector *c, const char *name, struct hand_in *h, struct err *e)
{
	const struct collector_options *o = &c->o;
	struct intake *in = &h->intake;
	struct feed *f = find(c, name, h, e);

	if (!f)
		return -1;
	if (c->closing)
		return err_set(e, ERR_BUSY, "the daemon is ending");
	in->feed = f;
	in->done = on_intake;
	in->handed_in = true;
	in->now_ms = loop_now(o->loop);
	in->catalogue = o->catalogue(o->catalogue_ctx);
	if (intake_start(in, e) < 0) {
		if (!f->busy)
			f->stage = STAGE_WAITING;
		return -1;
	}
	link_in(f, h);
	return 0;
}

void hand_in_cancel(struct feed *f)
{
	struct hand_in *next;

	for (struct hand_in *h = f->hand_ins; h; h = next) {
		next = h->next;
		intake_cancel(&h->intake);
	}
}
