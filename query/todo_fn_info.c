/* Stands in for fn_info.c until that is written. */
#include "query/functions_impl.h"

int call_info(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "info() is not there yet");
}
