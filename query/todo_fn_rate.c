/* Stands in for fn_rate.c until that is written. */
#include "query/functions_impl.h"

int range_changes(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_delta(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_idelta(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_increase(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_irate(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_rate(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}

int range_resets(const struct range_row *r, double *out, struct err *e)
{
	(void)r;
	(void)out;
	return err_set(e, ERR_UNSUPPORTED, "not there yet");
}
