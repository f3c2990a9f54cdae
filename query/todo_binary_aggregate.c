/* Stands in for eval_binary.c and eval_aggregate.c until they are written. */
#include "query/eval.h"

int eval_binary(struct eval *ev, const struct node *n, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)n;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int eval_aggregate(struct eval *ev, const struct node *n, const struct grid *g, struct vector *out,
		   struct err *e)
{
	(void)ev;
	(void)n;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}
