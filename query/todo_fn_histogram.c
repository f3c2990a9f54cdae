/* Stands in for fn_histogram.c until that is written. */
#include "query/functions_impl.h"

int call_histogram_floats(struct eval *ev, const struct node *call, const struct grid *g,
			  struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "histogram_floats() is not there yet");
}

int call_histogram_fraction(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "histogram_fraction() is not there yet");
}

int call_histogram_quantile(struct eval *ev, const struct node *call, const struct grid *g,
			    struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "histogram_quantile() is not there yet");
}

int call_histogram_quantiles(struct eval *ev, const struct node *call, const struct grid *g,
			     struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "histogram_quantiles() is not there yet");
}
