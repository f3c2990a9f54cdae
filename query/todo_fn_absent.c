/* Stands in for fn_absent.c until that is written. */
#include "query/functions_impl.h"

int call_absent(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "absent() is not there yet");
}

int call_absent_over_time(struct eval *ev, const struct node *call, const struct grid *g,
			  struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "absent_over_time() is not there yet");
}
