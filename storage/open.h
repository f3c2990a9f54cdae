/*
 * open.h - reading what a store holds into memory, and forgetting it.
 *
 * While no other thread uses the store.
 */
#ifndef STORAGE_OPEN_H
#define STORAGE_OPEN_H

#include "storage/store_impl.h"

/* Layout, fresh figures, series, log; the sync and writer threads are not needed, the packer finds
 * a sealed generation to do when there was something in the log. */
int store_load(struct store *s, struct err *e);
void store_unload(struct store *s);

#endif
