/*
 * zip_archive.c - see zip_archive.h.
 *
 * libzip reads the whole directory when it opens an archive, some 150 bytes of memory for 46
 * of the file, so how many entries there are is looked up before: in the record at the end
 * of the file (APPNOTE.TXT 4.3.16), or in the one of zip64 (4.3.14) that is found through its
 * locator (4.3.15). A comment may hold bytes that look like such a record, and which one
 * libzip takes is its own affair: the highest count decides.
 *
 * libzip checks the CRC where a part ends; the plain size that an entry claims is not believed.
 */
#include "collectors/formats/zip_archive.h"

#include "base/alloc.h"
#include "base/spool.h"
#include "base/text.h"

#include <zip.h>

enum {
	LEAVE_BYTES = 4 << 20, /* unpacked, after which what was read of a large body is let go */
	END_BYTES = 22,
	END_COUNT_AT = 10,
	COMMENT_MAX = 65535,
	LOCATOR_BYTES = 20,
	LOCATOR_OFFSET_AT = 8,
	END64_BYTES = 56,
	END64_COUNT_AT = 32,
};

struct zip_archive {
	struct zip *zip;
	struct slice body;
	size_t packed_bytes;
	uint64_t unpacked_bytes; /* so far, of all parts */
};

struct zip_part {
	struct zip_archive *archive;
	struct zip_file *file;
	uint64_t packed_bytes, unpacked_bytes;
	uint64_t plain_bytes; /* as the entry claims */
};

/* --- how many entries --------------------------------------------------------------- */

static uint64_t little_endian(const char *p, int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | (unsigned char)p[n];
	return v;
}

/* What the record at `at` says, and the one of zip64 that belongs to it. */
static uint64_t count_at(struct slice body, size_t at)
{
	uint64_t n = little_endian(body.p + at + END_COUNT_AT, 2), offset, n64;

	if (at < LOCATOR_BYTES || memcmp(body.p + at - LOCATOR_BYTES, "PK\6\7", 4) != 0)
		return n;
	offset = little_endian(body.p + at - LOCATOR_BYTES + LOCATOR_OFFSET_AT, 8);
	if (body.n < END64_BYTES || offset > body.n - END64_BYTES)
		return n;
	n64 = little_endian(body.p + offset + END64_COUNT_AT, 8);
	return n64 > n ? n64 : n;
}

static uint64_t count_entries(struct slice body)
{
	size_t first = body.n > END_BYTES + COMMENT_MAX ? body.n - END_BYTES - COMMENT_MAX : 0;
	uint64_t most = 0;

	for (size_t at = first; body.n >= END_BYTES && at <= body.n - END_BYTES; at++)
		if (memcmp(body.p + at, "PK\5\6", 4) == 0 && count_at(body, at) > most)
			most = count_at(body, at);
	return most;
}

/* --- an archive ---------------------------------------------------------------------- */

static int open_error(zip_error_t *why, struct err *e)
{
	if (zip_error_code_zip(why) == ZIP_ER_MEMORY)
		err_set(e, ERR_MEMORY, "no memory for a ZIP archive");
	else
		err_set(e, ERR_INVALID, "the ZIP archive is damaged: %s", zip_error_strerror(why));
	zip_error_fini(why);
	return -1;
}

static int open_body(struct zip_archive *z, struct slice body, struct err *e)
{
	zip_source_t *source;
	zip_error_t why;

	zip_error_init(&why);
	source = zip_source_buffer_create(body.p, body.n, 0, &why);
	if (!source)
		return open_error(&why, e);
	z->zip = zip_open_from_source(source, ZIP_RDONLY, &why);
	if (!z->zip) {
		zip_source_free(source);
		return open_error(&why, e);
	}
	zip_error_fini(&why);
	return 0;
}

struct zip_archive *zip_archive_open(struct slice body, struct err *e)
{
	uint64_t n = count_entries(body);
	struct zip_archive *z;

	if (n > ZIP_ENTRIES_MAX) {
		err_set(e, ERR_LIMIT, "the ZIP archive has %llu entries, more than %d",
			(unsigned long long)n, ZIP_ENTRIES_MAX);
		return NULL;
	}
	z = mem_zalloc(sizeof(*z));
	if (!z) {
		err_set(e, ERR_MEMORY, "no memory for a ZIP archive");
		return NULL;
	}
	z->body = body;
	z->packed_bytes = body.n;
	if (open_body(z, body, e) == 0)
		return z;
	mem_free(z);
	return NULL;
}

void zip_archive_close(struct zip_archive *z)
{
	if (z)
		zip_discard(z->zip);
	mem_free(z);
}

static zip_int64_t find(const struct zip_archive *z, const char *name)
{
	zip_int64_t i = zip_name_locate(z->zip, name, 0);

	return i >= 0 ? i : zip_name_locate(z->zip, name, ZIP_FL_NOCASE);
}

bool zip_archive_has(const struct zip_archive *z, const char *name)
{
	return find(z, name) >= 0;
}

/* --- a part --------------------------------------------------------------------------- */

static int check_part(const zip_stat_t *st, const char *shown, struct err *e)
{
	if (st->encryption_method != ZIP_EM_NONE)
		return err_set(e, ERR_REFUSED, "part %s is encrypted", shown);
	if (st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE)
		return err_set(e, ERR_UNSUPPORTED,
			       "part %s is packed by method %d, neither stored nor deflated", shown,
			       st->comp_method);
	return 0;
}

/* Opens entry i and notes how many packed bytes it can have at most. */
static int open_entry(struct zip_part *p, zip_uint64_t i, const char *shown, struct err *e)
{
	struct zip_archive *z = p->archive;
	zip_stat_t st;

	if (zip_stat_index(z->zip, i, 0, &st) < 0)
		return err_set(e, ERR_INVALID, "part %s: %s", shown, zip_strerror(z->zip));
	if (check_part(&st, shown, e) < 0)
		return -1;
	p->packed_bytes = st.comp_size < z->packed_bytes ? st.comp_size : z->packed_bytes;
	p->plain_bytes = st.size;
	p->file = zip_fopen_index(z->zip, i, 0);
	if (!p->file)
		return err_set(e, ERR_INVALID, "part %s is damaged: %s", shown,
			       zip_strerror(z->zip));
	return 0;
}

struct zip_part *zip_part_open(struct zip_archive *z, const char *name, struct err *e)
{
	char shown[TEXT_SHOWN];
	zip_int64_t i = find(z, name);
	struct zip_part *p;

	text_shown(slice_str(name), shown);
	if (i < 0) {
		err_set(e, ERR_NOT_FOUND, "part %s is not in the archive", shown);
		return NULL;
	}
	p = mem_zalloc(sizeof(*p));
	if (!p) {
		err_set(e, ERR_MEMORY, "no memory for part %s", shown);
		return NULL;
	}
	p->archive = z;
	if (open_entry(p, (zip_uint64_t)i, shown, e) == 0)
		return p;
	mem_free(p);
	return NULL;
}

static int check_size(const struct zip_part *p, struct err *e)
{
	if (p->unpacked_bytes > ZIP_PART_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "unpacks to more than %d MiB",
			       ZIP_PART_BYTES_MAX >> 20);
	if (p->unpacked_bytes > ZIP_RATIO_FREE_BYTES &&
	    p->unpacked_bytes / ZIP_RATIO_MAX > p->packed_bytes)
		return err_set(e, ERR_LIMIT,
			       "%llu packed bytes unpack to more than %d times as many: refused as "
			       "a bomb",
			       (unsigned long long)p->packed_bytes, ZIP_RATIO_MAX);
	if (p->archive->unpacked_bytes > ZIP_TOTAL_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "all parts together unpack to more than %d GiB",
			       (int)(ZIP_TOTAL_BYTES_MAX >> 30));
	return 0;
}

long zip_part_read(struct zip_part *p, char piece[ZIP_PIECE_BYTES], struct err *e)
{
	zip_int64_t n = zip_fread(p->file, piece, ZIP_PIECE_BYTES);

	if (n < 0)
		return err_set(e, ERR_INVALID, "damaged after %llu bytes: %s",
			       (unsigned long long)p->unpacked_bytes, zip_file_strerror(p->file));
	if (n && p->unpacked_bytes % LEAVE_BYTES + (uint64_t)n >= LEAVE_BYTES)
		spool_leave(p->archive->body);
	p->unpacked_bytes += (uint64_t)n;
	p->archive->unpacked_bytes += (uint64_t)n;
	return check_size(p, e) < 0 ? -1 : (long)n;
}

size_t zip_part_packed(const struct zip_part *p)
{
	double share = p->plain_bytes ? (double)p->unpacked_bytes / (double)p->plain_bytes : 1;

	return (size_t)((double)p->packed_bytes * (share < 1 ? share : 1));
}

void zip_part_close(struct zip_part *p)
{
	if (p)
		zip_fclose(p->file);
	mem_free(p);
}
