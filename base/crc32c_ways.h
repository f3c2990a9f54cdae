/*
 * crc32c_ways.h - the two ways crc32c() can take, for the test that compares them.
 */
#ifndef BASE_CRC32C_WAYS_H
#define BASE_CRC32C_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool crc32c_has_instruction(void);
/* Only where crc32c_has_instruction(). */
uint32_t crc32c_by_instruction(uint32_t crc, const void *p, size_t n);
uint32_t crc32c_by_table(uint32_t crc, const void *p, size_t n);

#endif
