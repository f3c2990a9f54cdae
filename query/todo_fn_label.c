/* Stands in for fn_label.c until that is written. */
#include "query/functions_impl.h"

int call_label_join(struct eval *ev, const struct node *call, const struct grid *g,
		    struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "label_join() is not there yet");
}

int call_label_replace(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "label_replace() is not there yet");
}
