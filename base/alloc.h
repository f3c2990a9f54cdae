/*
 * alloc.h - every allocation of ours goes through here.
 *
 * One table of hooks, so that a test can make the k-th allocation fail and
 * count what is still held. The hooks are set once, before threads start.
 * All functions may be called from any thread.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* NULL when there is no memory. mem_alloc(0) gives a pointer that can be freed. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
char *mem_strdup(const char *text);
char *mem_strndup(const char *p, size_t n);
void mem_free(void *p);

/* At the start of a program that runs for long: what is large goes back to the system when it is
 * freed, and all threads share two heaps. By default glibc keeps, for each thread, as much as was
 * ever freed at once: six queries with answers of 14 MB left 130 MB behind, with this 12. And what
 * one thread's heap has free another's cannot use: a join of 10,000 series took the process to 204
 * MiB, with this to 152. */
void mem_keep_little(void);

/* Test hook: after `ok` more successful allocations the next fails; with
 * `sticky` all later ones fail too. ok < 0 switches it off. */
void mem_fail_after(long ok, int sticky);

/* Test hook: counts from here on; mem_held() is what was allocated since then less
 * what was freed. Blocks that arenas keep for reuse count as held. */
void mem_count(int on);
long mem_held(void);

#endif
