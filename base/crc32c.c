/*
 * crc32c.c - see crc32c.h.
 *
 * The processor's own instruction where it has one (SSE 4.2, the ARMv8 CRC
 * extension), asked for at run time since a package runs on any machine of its
 * architecture; else eight tables that take eight bytes a step. Both go
 * byte by byte at the ends, and read words with memcpy(), so alignment does not
 * matter. The tables are worked out once, on first use.
 */
#include "base/crc32c.h"
#include "base/crc32c_ways.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

enum { SLICES = 8 };

static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int s = 1; s < SLICES; s++)
			table[s][i] = table[s - 1][i] >> 8 ^ table[0][table[s - 1][i] & 0xff];
}

static uint32_t little_endian(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;

	pthread_once(&table_once, make_table);
	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t a = crc ^ little_endian(p), b = little_endian(p + 4);

		crc = table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^ table[5][a >> 16 & 0xff] ^
		      table[4][a >> 24] ^ table[3][b & 0xff] ^ table[2][b >> 8 & 0xff] ^
		      table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
	}
	while (n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__)

#define CRC_TARGET     __attribute__((target("sse4.2")))
#define CRC_WORD(c, w) (uint32_t) _mm_crc32_u64((c), (w))
#define CRC_BYTE(c, b) _mm_crc32_u8((c), (b))

bool crc32c_has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

#elif defined(__aarch64__)

/* clang's arm_acle.h declares the functions only when the whole file is for such a machine. */
#if defined(__clang__)
#define CRC_TARGET     __attribute__((target("crc")))
#define CRC_WORD(c, w) __builtin_arm_crc32cd((c), (w))
#define CRC_BYTE(c, b) __builtin_arm_crc32cb((c), (b))
#else
#define CRC_TARGET     __attribute__((target("+crc")))
#define CRC_WORD(c, w) __crc32cd((c), (w))
#define CRC_BYTE(c, b) __crc32cb((c), (b))
#endif

bool crc32c_has_instruction(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#endif

#if defined(CRC_TARGET)

/* What is left over is the upper bytes of one more word, whose lower ones are zero: with a sum of
 * zero those change nothing, so the sum so far goes in with the first byte that counts. Many
 * texts are short and of any length, and a branch for each byte would mostly be guessed wrong. */
CRC_TARGET
uint32_t crc32c_by_instruction(uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;
	bool has_word = n >= 8;
	uint64_t word;

	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, sizeof(word));
		crc = CRC_WORD(crc, word);
	}
	if (has_word && n > 0) {
		unsigned shift = 64 - 8 * (unsigned)n;

		memcpy(&word, p + n - 8, sizeof(word));
		word = word >> shift << shift;
		crc = CRC_WORD(0, word ^ (uint64_t)crc << shift) ^
		      (uint32_t)((uint64_t)crc >> (8 * n));
		return ~crc;
	}
	while (n--)
		crc = CRC_BYTE(crc, *p++);
	return ~crc;
}

#else

bool crc32c_has_instruction(void)
{
	return false;
}

uint32_t crc32c_by_instruction(uint32_t crc, const void *data, size_t n)
{
	return crc32c_by_table(crc, data, n);
}

#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
	return crc32c_has_instruction() ? crc32c_by_instruction(crc, p, n)
					: crc32c_by_table(crc, p, n);
}
