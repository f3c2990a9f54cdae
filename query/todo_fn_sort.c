/* Stands in for fn_sort.c until that is written. */
#include "query/functions_impl.h"

int call_sort(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "sort() is not there yet");
}

int call_sort_by_label(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "sort_by_label() is not there yet");
}

int call_sort_by_label_desc(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "sort_by_label_desc() is not there yet");
}

int call_sort_desc(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "sort_desc() is not there yet");
}
