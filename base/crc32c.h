/*
 * crc32c.h - CRC-32C (Castagnoli, reflected 0x82f63b78), as in iSCSI (RFC 3720).
 * crc32c(0, "123456789", 9) is 0xe3069283.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
