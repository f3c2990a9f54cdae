/* Stands in for fn_time.c until that is written. */
#include "query/functions_impl.h"

int call_day_of_month(struct eval *ev, const struct node *call, const struct grid *g,
		      struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "day_of_month() is not there yet");
}

int call_day_of_week(struct eval *ev, const struct node *call, const struct grid *g,
		     struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "day_of_week() is not there yet");
}

int call_day_of_year(struct eval *ev, const struct node *call, const struct grid *g,
		     struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "day_of_year() is not there yet");
}

int call_days_in_month(struct eval *ev, const struct node *call, const struct grid *g,
		       struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "days_in_month() is not there yet");
}

int call_end(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	     struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "end() is not there yet");
}

int call_hour(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "hour() is not there yet");
}

int call_minute(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
		struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "minute() is not there yet");
}

int call_month(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "month() is not there yet");
}

int call_range(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "range() is not there yet");
}

int call_start(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	       struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "start() is not there yet");
}

int call_start_timestamp(struct eval *ev, const struct node *call, const struct grid *g,
			 struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "start_timestamp() is not there yet");
}

int call_step(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "step() is not there yet");
}

int call_time(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "time() is not there yet");
}

int call_timestamp(struct eval *ev, const struct node *call, const struct grid *g,
		   struct value *out, struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "timestamp() is not there yet");
}

int call_year(struct eval *ev, const struct node *call, const struct grid *g, struct value *out,
	      struct err *e)
{
	(void)ev;
	(void)call;
	(void)g;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "year() is not there yet");
}
