/*
 * progress.h - how far the reading of one document has come.
 *
 * Written by the job that reads it, looked at by any thread meanwhile. The numbers are
 * for people: each is right by itself, together they may be a moment apart.
 */
#ifndef COLLECTORS_PROGRESS_H
#define COLLECTORS_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

struct progress {
	_Atomic uint64_t body_bytes; /* of the document, unpacked (a workbook as it is) */
	_Atomic uint64_t read_bytes; /* of them, as far as rows were made of them */
	_Atomic uint64_t stored;     /* figures that are durable already */
};

#endif
