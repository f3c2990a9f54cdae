/*
 * little_endian.h - whole numbers whose lowest byte comes first, at any address.
 *
 * All our files have them so, and protobuf, OLE and BIFF. One load or store where the processor
 * has the same order. Pure functions; any thread. The caller has checked that the bytes are there.
 */
#ifndef BASE_LITTLE_ENDIAN_H
#define BASE_LITTLE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE_ENDIAN_OF(bits, v) __builtin_bswap##bits(v)
#else
#define LITTLE_ENDIAN_OF(bits, v) (v)
#endif

static inline uint16_t get_le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return LITTLE_ENDIAN_OF(16, v);
}

static inline uint32_t get_le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return LITTLE_ENDIAN_OF(32, v);
}

static inline uint64_t get_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return LITTLE_ENDIAN_OF(64, v);
}

static inline void put_le16(void *p, uint16_t v)
{
	v = LITTLE_ENDIAN_OF(16, v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_le32(void *p, uint32_t v)
{
	v = LITTLE_ENDIAN_OF(32, v);
	memcpy(p, &v, sizeof(v));
}

static inline void put_le64(void *p, uint64_t v)
{
	v = LITTLE_ENDIAN_OF(64, v);
	memcpy(p, &v, sizeof(v));
}

#endif
