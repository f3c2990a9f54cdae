/* Stands in for fn_statistic.c until that is written. */
#include "query/functions_impl.h"

int call_period_of(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "period_of() is not there yet");
}

int call_release_time(struct eval *ev, const struct node *call, const struct grid *g,
		      struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "release_time() is not there yet");
}
