/*
 * feed_layout.h - `layout:` of a feed: where unit, indicator, period and value stand.
 *
 * Used while the configuration is read; pure.
 */
#ifndef COLLECTORS_FEED_LAYOUT_H
#define COLLECTORS_FEED_LAYOUT_H

#include "base/yaml_read.h"
#include "collectors/decode.h"

/* Reads and checks the map for this format (enum feed_format, csv or json). Mistakes are added to
 * `d` and do not fail; -1 only when there is no memory. */
int feed_layout_read(const struct yaml_node *map, int format, struct layout *out, struct arena *a,
		     struct diags *d);

#endif
