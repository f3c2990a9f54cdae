/*
 * num_shortest.h - the shortest digits of a double, by the C++ standard library. Only num.c needs
 * it.
 *
 * std::to_chars (C++17; libstdc++ 11 and newer has it for doubles, by Ryu: Adams 2018) gives the
 * shortest digits that read back and of those the closest, in some 50 ns; C has no such function.
 */
#ifndef BASE_NUM_SHORTEST_H
#define BASE_NUM_SHORTEST_H

#ifdef __cplusplus
extern "C" {
#endif

/* v is finite and above 0: 0.d1d2d3… × 10^*point. Returns how many digits, at most 17. */
int num_shortest(double v, char digits[24], int *point);

#ifdef __cplusplus
}
#endif

#endif
