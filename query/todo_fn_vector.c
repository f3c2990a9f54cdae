/* Stands in for fn_vector.c until that is written. */
#include "query/functions_impl.h"

int call_max_of(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "max_of() is not there yet");
}

int call_min_of(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "min_of() is not there yet");
}

int call_pi(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	    struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "pi() is not there yet");
}

int call_scalar(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "scalar() is not there yet");
}

int call_vector(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "vector() is not there yet");
}
