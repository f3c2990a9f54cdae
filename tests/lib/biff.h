/*
 * biff.h - workbooks made record by record, and containers made sector by sector.
 *
 * Written from the same descriptions as the readers and of nothing of their code, so that
 * damage of every kind can be made, too.
 */
#ifndef TESTS_LIB_BIFF_H
#define TESTS_LIB_BIFF_H

#include "base/slice.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BIFF_BYTES = 4 << 20, BIFF_SHEETS = 300, CFB_SECTOR = 512, CFB_NONE = -1, CFB_END = -2 };

struct biff {
	uint8_t *p;
	size_t n;
	size_t record;             /* where the last one begins */
	size_t bound[BIFF_SHEETS]; /* where offsets of sheets have to be put */
	size_t nbound, nsheets;
};

static inline void biff_init(struct biff *m)
{
	*m = (struct biff){ .p = malloc(BIFF_BYTES) };
	assert(m->p);
}

static inline void biff_release(struct biff *m)
{
	free(m->p);
}

static inline struct slice biff_stream(const struct biff *m)
{
	return slice_of((const char *)m->p, m->n);
}

static inline void biff_number(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline void biff_add(struct biff *m, const void *p, size_t n)
{
	assert(m->n + n <= BIFF_BYTES);
	memcpy(m->p + m->n, p, n);
	m->n += n;
	biff_number(m->p + m->record + 2, m->n - m->record - 4, 2);
}

static inline void biff_add_number(struct biff *m, uint64_t v, unsigned bytes)
{
	uint8_t b[8];

	biff_number(b, v, bytes);
	biff_add(m, b, bytes);
}

/* More bytes of the last record: b a byte, h two, w four, d a double, s text, u UTF-16 of text
 * that is ASCII. */
static inline void biff_vmore(struct biff *m, const char *fields, va_list ap)
{
	const char *text;
	uint64_t bits;
	double d;

	for (; *fields; fields++)
		switch (*fields) {
		case 'b':
			biff_add_number(m, va_arg(ap, unsigned), 1);
			break;
		case 'h':
			biff_add_number(m, va_arg(ap, unsigned), 2);
			break;
		case 'w':
			biff_add_number(m, va_arg(ap, unsigned), 4);
			break;
		case 'd':
			d = va_arg(ap, double);
			memcpy(&bits, &d, sizeof(bits));
			biff_add_number(m, bits, 8);
			break;
		case 's':
			text = va_arg(ap, const char *);
			biff_add(m, text, strlen(text));
			break;
		case 'u':
			for (text = va_arg(ap, const char *); *text; text++)
				biff_add_number(m, (unsigned char)*text, 2);
			break;
		default:
			abort();
		}
}

static inline void biff_more(struct biff *m, const char *fields, ...)
{
	va_list ap;

	va_start(ap, fields);
	biff_vmore(m, fields, ap);
	va_end(ap);
}

static inline void biff_record(struct biff *m, unsigned type, const char *fields, ...)
{
	va_list ap;

	assert(m->n + 4 <= BIFF_BYTES);
	m->record = m->n;
	biff_number(m->p + m->n, type, 4);
	m->n += 4;
	va_start(ap, fields);
	biff_vmore(m, fields, ap);
	va_end(ap);
}

static inline void biff_bof(struct biff *m, unsigned version, unsigned kind)
{
	biff_record(m, 0x809, "hhhhww", version, kind, 0x0dbb, 0x07cc, 0x41, 6);
}

static inline void biff_eof(struct biff *m)
{
	biff_record(m, 0x0a, "");
}

/* A sheet's line in the globals; its name has one byte a character. */
static inline void biff_bound(struct biff *m, const char *name, unsigned state, unsigned kind)
{
	biff_record(m, 0x85, "wbbbbs", 0, state, kind, (unsigned)strlen(name), 0, name);
	m->bound[m->nbound++] = m->record + 4;
}

static inline void biff_sheet(struct biff *m)
{
	assert(m->nsheets < m->nbound);
	biff_number(m->p + m->bound[m->nsheets++], m->n, 4);
	biff_bof(m, 0x600, 0x10);
}

/* Globals of one visible sheet, "T", and its beginning; cell formats 0: General, 1: built-in 14,
 * 2: built-in 10. */
static inline void biff_simple(struct biff *m)
{
	biff_init(m);
	biff_bof(m, 0x600, 5);
	biff_record(m, 0xe0, "hh", 0, 0);
	biff_record(m, 0xe0, "hh", 0, 14);
	biff_record(m, 0xe0, "hh", 0, 10);
	biff_bound(m, "T", 0, 0);
	biff_eof(m);
	biff_sheet(m);
}

static inline void biff_label(struct biff *m, unsigned row, unsigned column, const char *text)
{
	biff_record(m, 0x204, "hhhhbs", row, column, 0, (unsigned)strlen(text), 0, text);
}

static inline void biff_value(struct biff *m, unsigned row, unsigned column, unsigned xf, double v)
{
	biff_record(m, 0x203, "hhhd", row, column, xf, v);
}

/* --- containers --------------------------------------------------------------------------- */

/* A file of sectors: header, FAT, directory (one sector), then one stream. */
struct cfb {
	uint8_t *p;
	size_t n;
	unsigned fat_sectors, directory, first; /* sectors */
};

static inline uint8_t *cfb_sector(struct cfb *f, unsigned sector)
{
	return f->p + CFB_SECTOR * ((size_t)sector + 1);
}

static inline void cfb_fat(struct cfb *f, unsigned sector, int next)
{
	biff_number(cfb_sector(f, sector / 128) + 4 * (sector % 128), (uint32_t)next, 4);
}

static inline void cfb_entry(struct cfb *f, unsigned i, const char *name, unsigned type, int child,
			     unsigned first, size_t bytes)
{
	uint8_t *p = cfb_sector(f, f->directory) + 128 * (size_t)i;

	for (size_t k = 0; name[k]; k++)
		p[2 * k] = (uint8_t)name[k];
	biff_number(p + 64, 2 * strlen(name) + 2, 2);
	p[66] = (uint8_t)type;
	p[67] = 1;
	biff_number(p + 68, (uint32_t)CFB_NONE, 4);
	biff_number(p + 72, (uint32_t)CFB_NONE, 4);
	biff_number(p + 76, (uint32_t)child, 4);
	biff_number(p + 116, first, 4);
	biff_number(p + 120, bytes, 4);
}

enum { CFB_HEADER_FAT = 109 };

/* Room for `all` sectors, the header, and a FAT with nothing but itself and the directory. FAT
 * sectors for which the header has no room are listed in one sector behind them. */
static inline void cfb_init(struct cfb *f, unsigned fat_sectors, unsigned all)
{
	static const uint8_t magic[8] = { 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1 };
	unsigned more = fat_sectors > CFB_HEADER_FAT;

	all += more;
	assert(fat_sectors <= CFB_HEADER_FAT + 127 && all <= fat_sectors * 128);
	*f = (struct cfb){ .n = CFB_SECTOR * ((size_t)all + 1), .fat_sectors = fat_sectors };
	f->directory = fat_sectors + more;
	f->first = f->directory + 1;
	f->p = calloc(1, f->n);
	assert(f->p);
	memcpy(f->p, magic, sizeof(magic));
	biff_number(f->p + 24, 0x3e, 2);
	biff_number(f->p + 26, 3, 2);
	biff_number(f->p + 28, 0xfffe, 2);
	biff_number(f->p + 30, 9, 2);
	biff_number(f->p + 32, 6, 2);
	biff_number(f->p + 44, fat_sectors, 4);
	biff_number(f->p + 48, f->directory, 4);
	biff_number(f->p + 56, 4096, 4);
	biff_number(f->p + 60, (uint32_t)CFB_END, 4);
	biff_number(f->p + 68, more ? fat_sectors : (uint32_t)CFB_END, 4);
	biff_number(f->p + 72, more, 4);
	for (unsigned i = 0; i < CFB_HEADER_FAT; i++)
		biff_number(f->p + 76 + 4 * i, i < fat_sectors ? i : (uint32_t)CFB_NONE, 4);
	for (unsigned i = 0; more && i < 128; i++)
		biff_number(cfb_sector(f, fat_sectors) + 4 * i,
			    CFB_HEADER_FAT + i < fat_sectors ? CFB_HEADER_FAT + i
			    : i < 127                        ? (uint32_t)CFB_NONE
							     : (uint32_t)CFB_END,
			    4);
	for (unsigned i = 0; i < fat_sectors * 128; i++)
		cfb_fat(f, i, i < fat_sectors ? -3 : CFB_NONE);
	if (more)
		cfb_fat(f, fat_sectors, -4);
	cfb_fat(f, f->directory, CFB_END);
}

/* The sectors from `from` to before `end`, one behind the other. */
static inline void cfb_chain(struct cfb *f, unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++)
		cfb_fat(f, i, i + 1 < end ? (int)i + 1 : CFB_END);
}

/* A stream in sectors: of 4,096 bytes and more, made longer with zeros. */
static inline void cfb_container(struct cfb *f, const char *name, struct slice stream)
{
	size_t bytes = stream.n < 4096 ? 4096 : stream.n;
	unsigned n = (unsigned)((bytes + CFB_SECTOR - 1) / CFB_SECTOR), fat = n / 125 + 1;

	cfb_init(f, fat, fat + 1 + n);
	cfb_chain(f, f->first, f->first + n);
	cfb_entry(f, 0, "Root Entry", 5, 1, (uint32_t)CFB_END, 0);
	cfb_entry(f, 1, name, 2, CFB_NONE, f->first, bytes);
	memcpy(cfb_sector(f, f->first), stream.p, stream.n);
}

/* A stream below 4,096 bytes: in small sectors of 64, which lie in the root's stream and have a
 * FAT of their own. */
static inline void cfb_small_container(struct cfb *f, const char *name, struct slice stream)
{
	unsigned n = (unsigned)((stream.n + CFB_SECTOR - 1) / CFB_SECTOR);
	unsigned small = (unsigned)((stream.n + 63) / 64);

	assert(stream.n < 4096);
	cfb_init(f, 1, 3 + n);
	cfb_fat(f, f->first, CFB_END);
	biff_number(f->p + 60, f->first, 4);
	biff_number(f->p + 64, 1, 4);
	for (unsigned i = 0; i < 128; i++)
		biff_number(cfb_sector(f, f->first) + 4 * i,
			    i + 1 < small    ? i + 1
			    : i + 1 == small ? (uint32_t)CFB_END
					     : (uint32_t)CFB_NONE,
			    4);
	cfb_chain(f, f->first + 1, f->first + 1 + n);
	cfb_entry(f, 0, "Root Entry", 5, 1, f->first + 1, (size_t)n * CFB_SECTOR);
	cfb_entry(f, 1, name, 2, CFB_NONE, 0, stream.n);
	memcpy(cfb_sector(f, f->first + 1), stream.p, stream.n);
}

static inline struct slice cfb_bytes(const struct cfb *f)
{
	return slice_of((const char *)f->p, f->n);
}

#endif
