/*
 * num_shortest.h - the shortest digits of a double, by {fmt}. Only num.c needs it.
 *
 * {fmt} 8 and newer has Dragonbox (Jeon 2020), which gives the shortest digits that read back
 * and of those the closest, in 12 ns; std::to_chars of libstdc++ (Ryu: Adams 2018) takes 38, and C
 * has no such function. It stands in {fmt}'s inner namespace: should a later version move it, this
 * file does not compile and goes back to std::to_chars.
 */
#ifndef BASE_NUM_SHORTEST_H
#define BASE_NUM_SHORTEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* v is finite and above 0, and equals the result × 10^*exponent when read back. At most 17 digits,
 * the last of them not 0. */
uint64_t num_shortest(double v, int *exponent);

#ifdef __cplusplus
}
#endif

#endif
