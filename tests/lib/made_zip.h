/*
 * made_zip.h - ZIP archives and workbooks put together from texts.
 *
 * Written by hand after APPNOTE.TXT 4.3 rather than by the library that reads them, so that a
 * test can make archives that lie. Names and bodies are copied. A failure ends the program.
 */
#ifndef TESTS_LIB_MADE_ZIP_H
#define TESTS_LIB_MADE_ZIP_H

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { MADE_STORED = 0, MADE_DEFLATED = 8 };

struct made_zip {
	struct buf out, directory;
	unsigned n;
};

static inline void made_zip_init(struct made_zip *z)
{
	buf_init(&z->out, (size_t)1 << 30);
	buf_init(&z->directory, (size_t)1 << 30);
	z->n = 0;
}

static inline void made_zip_release(struct made_zip *z)
{
	buf_release(&z->out);
	buf_release(&z->directory);
}

static inline void made_number(struct buf *b, uint64_t v, int bytes)
{
	for (; bytes--; v >>= 8)
		buf_putc(b, (char)(v & 0xff));
}

/* As raw deflate writes it, at a level at which made workbooks look like real ones. */
static inline void made_deflate(struct slice body, struct buf *out)
{
	z_stream s = { .next_in = (Bytef *)(uintptr_t)body.p, .avail_in = (uInt)body.n };
	size_t room;

	if (deflateInit2(&s, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	room = deflateBound(&s, (uLong)body.n);
	s.next_out = (Bytef *)buf_room(out, room);
	s.avail_out = (uInt)room;
	if (!s.next_out || deflate(&s, Z_FINISH) != Z_STREAM_END)
		abort();
	buf_added(out, room - s.avail_out);
	deflateEnd(&s);
}

/* The fields that the local header and the one of the directory share. */
static inline void made_header(struct buf *b, int method, uint32_t crc, size_t packed, size_t plain,
			       size_t name)
{
	made_number(b, 20, 2); /* version needed */
	made_number(b, 0, 2);  /* flags */
	made_number(b, (uint64_t)method, 2);
	made_number(b, 0x00210000, 4); /* 1980-01-01 */
	made_number(b, crc, 4);
	made_number(b, packed, 4);
	made_number(b, plain, 4);
	made_number(b, name, 2);
	made_number(b, 0, 2); /* extra */
}

static inline void made_zip_add(struct made_zip *z, const char *name, struct slice body, int method)
{
	uint32_t crc = (uint32_t)crc32(0, (const Bytef *)body.p, (uInt)body.n);
	size_t at = z->out.n;
	struct buf packed;

	buf_init(&packed, (size_t)1 << 30);
	if (method == MADE_DEFLATED)
		made_deflate(body, &packed);
	else
		buf_slice(&packed, body);
	buf_puts(&z->out, "PK\3\4");
	made_header(&z->out, method, crc, packed.n, body.n, strlen(name));
	buf_puts(&z->out, name);
	buf_slice(&z->out, buf_all(&packed));
	buf_puts(&z->directory, "PK\1\2");
	made_number(&z->directory, 20, 2); /* version made by */
	made_header(&z->directory, method, crc, packed.n, body.n, strlen(name));
	made_number(&z->directory, 0, 2);  /* comment */
	made_number(&z->directory, 0, 2);  /* disk */
	made_number(&z->directory, 0, 6);  /* attributes */
	made_number(&z->directory, at, 4); /* of the local header */
	buf_puts(&z->directory, name);
	z->n++;
	buf_release(&packed);
}

/* The whole archive; nothing can be added afterwards. */
static inline struct slice made_zip_end(struct made_zip *z)
{
	size_t at = z->out.n;

	buf_slice(&z->out, buf_all(&z->directory));
	buf_puts(&z->out, "PK\5\6");
	made_number(&z->out, 0, 4); /* disks */
	made_number(&z->out, z->n & 0xffff, 2);
	made_number(&z->out, z->n & 0xffff, 2);
	made_number(&z->out, z->directory.n, 4);
	made_number(&z->out, at, 4);
	made_number(&z->out, 0, 2);
	if (buf_check(&z->out, NULL) < 0 || buf_check(&z->directory, NULL) < 0)
		abort();
	return buf_all(&z->out);
}

/* --- workbooks ------------------------------------------------------------------------- */

#define MADE_MAIN      "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define MADE_RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define MADE_PACKAGE   "http://schemas.openxmlformats.org/package/2006/relationships"

static inline void made_zip_text(struct made_zip *z, const char *name, const char *text)
{
	made_zip_add(z, name, slice_str(text), MADE_DEFLATED);
}

/* The relationships of a package whose workbook is xl/workbook.xml. */
static inline void made_package(struct made_zip *z, int method)
{
	made_zip_add(z, "_rels/.rels",
		     slice_str("<Relationships xmlns='" MADE_PACKAGE
			       "'><Relationship Id='a' Type='" MADE_RELATIONS
			       "/officeDocument' Target='xl/workbook.xml'/></Relationships>"),
		     method);
	made_zip_add(z, "xl/_rels/workbook.xml.rels",
		     slice_str("<Relationships xmlns='" MADE_PACKAGE "'>"
			       "<Relationship Id='s1' Type='" MADE_RELATIONS
			       "/worksheet' Target='worksheets/sheet1.xml'/>"
			       "<Relationship Id='s2' Type='" MADE_RELATIONS
			       "/worksheet' Target='/xl/worksheets/sheet2.xml'/>"
			       "<Relationship Id='s3' Type='" MADE_RELATIONS
			       "/worksheet' Target='../xl/./worksheets/sheet3.xml'/>"
			       "<Relationship Id='t' Type='" MADE_RELATIONS
			       "/sharedStrings' Target='sharedStrings.xml'/>"
			       "<Relationship Id='y' Type='" MADE_RELATIONS
			       "/styles' Target='styles.xml'/>"
			       "</Relationships>"),
		     method);
}

#endif
