/*
 * columns_values.h - what the encodings of values give to columns.c.
 *
 * Each *_pack() returns how many bytes it wrote, or 0 where it is not for these values;
 * it may touch values_bound() bytes. Each *_unpack() takes the column off the front.
 */
#ifndef STORAGE_COLUMNS_VALUES_H
#define STORAGE_COLUMNS_VALUES_H

#include "storage/columns_whole.h"

size_t decimal_pack(const double *v, size_t n, uint8_t *out, struct columns_scratch *s);
/* v[from] … v[to - 1]; others may be written, too. */
int decimal_unpack(struct slice *in, size_t n, size_t from, size_t to, double *v,
		   struct columns_scratch *s, struct err *e);
/* All of the column are decimals, so none is a NaN. */
bool decimal_without_exceptions(struct slice in);

size_t xor_pack(const double *v, size_t n, uint8_t *out);
int xor_unpack(struct slice *in, size_t n, double *v, struct err *e);

#endif
