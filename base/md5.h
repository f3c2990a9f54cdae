/*
 * md5.h - the MD5 digest (RFC 1321), for what others work out with it, too.
 *
 * It keeps nobody out: two texts with one digest are easily made. Relabelling by `hashmod` needs
 * it.
 */
#ifndef BASE_MD5_H
#define BASE_MD5_H

#include "base/slice.h"

#include <stdint.h>

enum { MD5_BYTES = 16 };

void md5_of(struct slice s, uint8_t out[MD5_BYTES]);

#endif
