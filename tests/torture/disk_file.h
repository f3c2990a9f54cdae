/*
 * disk_file.h - one file of the model in disk_model.h: its bytes and its size.
 *
 * Two pictures are kept: what is durable, and in order what has happened since.
 * `seq` is the number of the frame, rising. One thread.
 */
#ifndef TESTS_TORTURE_DISK_FILE_H
#define TESTS_TORTURE_DISK_FILE_H

#include "tests/torture/disk_model.h"

enum { SECTOR = 512 };

struct change {
	uint64_t seq;
	uint64_t off, len;      /* bytes that it touches */
	const uint8_t *data;    /* NULL: zeros */
	uint64_t before, after; /* size of the file */
};

struct disk_file {
	uint8_t *durable; /* `room` bytes, zeros behind the size */
	uint64_t *stamp;  /* per sector: changes up to this seq are in `durable` */
	uint64_t room;
	uint64_t durable_size;
	uint64_t size_seq; /* changes of size up to this one are in durable_size */
	uint64_t size;     /* as the program sees it */
	struct change *changes;
	size_t nchanges, cap;
};

void file_release(struct disk_file *f);
void file_set(struct disk_file *f, const uint8_t *data, uint64_t n); /* durable from the start */
void file_write(struct disk_file *f, uint64_t seq, uint64_t off, const uint8_t *data, uint64_t n);
void file_truncate(struct disk_file *f, uint64_t seq, uint64_t size);
void file_extend(struct disk_file *f, uint64_t seq, uint64_t size);
void file_zero(struct disk_file *f, uint64_t seq, uint64_t off, uint64_t n);

/* All changes before `seq` are durable. */
void file_sync(struct disk_file *f, uint64_t seq);
/* The bytes of one range are, and the size as far as they need it. */
void file_sync_range(struct disk_file *f, uint64_t off, uint64_t n);

/* Random numbers that are the same everywhere. */
struct dice {
	uint64_t state;
};
uint64_t dice_next(struct dice *d);
bool dice_yes(struct dice *d, double p);
uint64_t dice_below(struct dice *d, uint64_t n);

/* A picture that a disk may have: *n bytes, to be freed. `keep`: how likely a change is there. */
uint8_t *file_picture(const struct disk_file *f, enum disk_mode mode, double keep, struct dice *d,
		      uint64_t *n);

#endif
