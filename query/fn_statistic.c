/* fn_statistic.c - parkwatch's own: of which period the shown figure is, and when it was released.
 */
#include "query/functions_impl.h"

static int see_figure(struct eval *ev, const struct node *call, const struct grid *g,
		      enum selector_view what, struct vector *out, struct err *e)
{
	const struct node *arg = node_inner(call->call.args[0]);

	if (arg->kind != NODE_SELECTOR)
		return eval_fail(ev, e, "%s() is of a selector's figures: its argument is none",
				 call->call.fn->name);
	if (eval_selector_see(ev, arg, g, what, out, e) < 0)
		return -1;
	return vector_drop_names(ev, out, e);
}

int call_period_of(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	return see_figure(ev, call, g, SEE_PERIOD, &out->vector, e);
}

int call_release_time(struct eval *ev, const struct node *call, const struct grid *g,
		      struct value *out, struct err *e)
{
	return see_figure(ev, call, g, SEE_RELEASED, &out->vector, e);
}
