/*
 * findings.h - what the API and the page of findings share.
 */
#ifndef EXPORTERS_FINDINGS_H
#define EXPORTERS_FINDINGS_H

#include "exporters/handlers.h"

/* The arguments state, feed, owner, unit, indicator, period, reason, limit and before; texts are
 * the exchange's. ERR_INVALID names the argument. */
int findings_wanted(const struct exchange *x, struct finding_wanted *out, struct err *e);
/* Reads them, in the arena. */
int findings_read(const struct exporter_view *view, const struct finding_wanted *want,
		  struct arena *a, struct finding **out, size_t *n, bool *more, struct err *e);

/* Does it and answers with the finding as it is now. */
void findings_act(struct exchange *x, const struct finding_act *act);
/* Accepts the answer that the arguments id and text name; `by` is who does it. */
void findings_accept(struct exchange *x, const char *by);

#endif
