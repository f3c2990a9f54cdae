/*
 * admin.c - what an administrator asks of the store.
 *
 * Only on the loopback listener, so far the only one there is.
 */
#include "exporters/handlers.h"

void serve_flush(struct exchange *x)
{
	const struct exporter_view *view = x->ctx;
	struct err e;

	if (store_flush(view->store, &e) == 0)
		x->status = 204;
	else
		reply_error(x, e.code == ERR_FULL ? 507 : 503, &e);
}
