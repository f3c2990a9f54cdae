/*
 * little_endian.h - whole numbers whose lowest byte comes first, at any address.
 *
 * Pure functions; any thread. The caller has checked that the bytes are there.
 */
#ifndef BASE_LITTLE_ENDIAN_H
#define BASE_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint16_t little_16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t little_32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t little_64(const void *p)
{
	const uint8_t *b = p;

	return (uint64_t)little_32(b + 4) << 32 | little_32(b);
}

#endif
