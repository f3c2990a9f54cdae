/*
 * interpose.h - standing in front of the C library's functions from an LD_PRELOAD object.
 *
 * NEXT(name) is the function that would have been called without us: the C
 * library's, or that of the next object in LD_PRELOAD. Any thread.
 */
#ifndef TESTS_TORTURE_INTERPOSE_H
#define TESTS_TORTURE_INTERPOSE_H

#include <dlfcn.h>
#include <stdatomic.h>

/* Two threads may both look a name up; they find the same. */
#define NEXT(name)                                                                                 \
	({                                                                                         \
		static _Atomic(void *) next_##name;                                                \
		void *found_ = atomic_load(&next_##name);                                          \
		if (!found_) {                                                                     \
			found_ = dlsym(RTLD_NEXT, #name);                                          \
			atomic_store(&next_##name, found_);                                        \
		}                                                                                  \
		(__typeof__(&name))found_;                                                         \
	})

#endif
