/*
 * withheld.h - figures that are kept secret: how a document says so.
 *
 * In the cell itself, by a mark instead of a number (保密, 涉密, and those of the layout); in the
 * flag beside it (SDMX' OBS_STATUS Q, Eurostat's c); or in a confidentiality of its own (SDMX'
 * CONF_STATUS, 密级). Whoever says so has reported: the figure is in, without its value.
 *
 * Pure functions; any thread.
 */
#ifndef COLLECTORS_WITHHELD_H
#define COLLECTORS_WITHHELD_H

#include "collectors/decode.h"

/* Whether the cell of a value is such a mark. */
bool mark_withholds(const struct layout *l, struct slice cell);

/* Whether what stands in the row beside a value withholds it. Words that are not known do not. */
bool fact_withholds(const struct fact *f);

/* A confidentiality: F, 公开 and an empty one are free; A C D E G M N O S T X (SDMX'
 * CL_CONF_STATUS) and 内部, 秘密, 机密, 绝密, 保密, 涉密 withhold, as does one of several.
 * ERR_INVALID names the word that is not known: what it means must not be guessed. */
int confidentiality_read(struct slice s, bool *withheld, struct err *e);

#endif
