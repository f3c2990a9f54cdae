/*
 * zstd.c - see zstd.h.
 *
 * libzstd's own allocator is used: the calls that would take ours are not part of its
 * stable interface.
 */
#include "base/zstd.h"

#include "base/spool.h"

#include <zstd.h>
#include <zstd_errors.h>

/* The level: 3 packs reports of offices ten to twenty to one, higher ones cost several times the
 * time for a few per cent. The window bounds what unpacking needs: 2^23 bytes, as RFC 8878
 * recommends decoders to support. */
enum { LEVEL = 3, STEP_BYTES = 128 << 10, WINDOW_LOG_MAX = 23 };

static int say(size_t code, const char *what, struct err *e)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
		return err_set(e, ERR_MEMORY, "no memory to %s zstd data", what);
	return err_set(e, ERR_INVALID, "cannot %s zstd data: %s", what, ZSTD_getErrorName(code));
}

static int set_up(ZSTD_CCtx *c, size_t plain_bytes, struct err *e)
{
	const size_t codes[] = {
		ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL),
		ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1),
		ZSTD_CCtx_setPledgedSrcSize(c, plain_bytes),
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (ZSTD_isError(codes[i]))
			return say(codes[i], "pack", e);
	return 0;
}

/* Room for the next step: at least a byte beyond the limit is never asked for. */
static char *next_room(struct buf *out, size_t *n)
{
	size_t left = out->limit - out->n;

	*n = left < STEP_BYTES ? left : STEP_BYTES;
	return *n ? buf_room(out, *n) : NULL;
}

static int pack_some(ZSTD_CCtx *c, ZSTD_inBuffer *in, bool last, struct buf *out, size_t *left,
		     struct err *e)
{
	ZSTD_outBuffer to = { 0 };

	to.dst = next_room(out, &to.size);
	if (!to.dst) {
		if (buf_check(out, e) < 0)
			return -1;
		return err_set(e, ERR_LIMIT, "packed data needs more than %zu bytes", out->limit);
	}
	*left = ZSTD_compressStream2(c, &to, in, last ? ZSTD_e_end : ZSTD_e_continue);
	if (ZSTD_isError(*left))
		return say(*left, "pack", e);
	buf_added(out, to.pos);
	return 0;
}

/* By steps: a large text lies in a spool. */
static int pack_all(ZSTD_CCtx *c, struct slice plain, struct buf *out, struct err *e)
{
	struct slice step = { 0 };
	bool last = false;

	while (!last) {
		ZSTD_inBuffer in = { 0 };
		size_t left = 0;

		spool_step(&plain, &step);
		last = plain.n == 0;
		in = (ZSTD_inBuffer){ .src = step.p, .size = step.n };
		do {
			if (pack_some(c, &in, last, out, &left, e) < 0)
				return -1;
		} while (last ? left : in.pos < in.size);
	}
	return 0;
}

int zstd_pack(struct slice plain, struct buf *out, struct err *e)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t start = out->n;
	int rc;

	if (!c)
		return err_set(e, ERR_MEMORY, "no memory to pack zstd data");
	rc = set_up(c, plain.n, e);
	if (rc == 0)
		rc = pack_all(c, plain, out, e);
	ZSTD_freeCCtx(c);
	if (rc < 0)
		out->n = start;
	return rc;
}

static int too_much(const struct buf *out, struct err *e)
{
	return err_set(e, ERR_LIMIT, "zstd data unpacks to more than the allowed %zu bytes",
		       out->limit);
}

/* When the buffer is full one byte of scratch shows whether there is more. */
static int unpack_all(ZSTD_DCtx *d, struct slice packed, struct buf *out, struct err *e)
{
	ZSTD_inBuffer in = { .src = packed.p, .size = packed.n };
	size_t left = 1;

	while (left) {
		char scratch;
		ZSTD_outBuffer to = { 0 };
		size_t before = in.pos;

		to.dst = next_room(out, &to.size);
		if (!to.dst && to.size)
			return buf_check(out, e);
		if (!to.dst)
			to = (ZSTD_outBuffer){ .dst = &scratch, .size = 1 };
		left = ZSTD_decompressStream(d, &to, &in);
		if (ZSTD_isError(left))
			return say(left, "unpack", e);
		if (to.dst == &scratch && to.pos)
			return too_much(out, e);
		if (to.dst != &scratch)
			buf_added(out, to.pos);
		if (left && in.pos == before && !to.pos)
			return err_set(e, ERR_INVALID, "zstd data ends after %zu bytes", packed.n);
	}
	if (in.pos < in.size)
		return err_set(e, ERR_INVALID, "%zu bytes follow the end of the zstd data",
			       in.size - in.pos);
	return 0;
}

int zstd_unpack(struct slice packed, struct buf *out, struct err *e)
{
	unsigned long long said = ZSTD_getFrameContentSize(packed.p, packed.n);
	size_t start = out->n;
	ZSTD_DCtx *d;
	int rc;

	if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR &&
	    said > out->limit - out->n)
		return too_much(out, e);
	d = ZSTD_createDCtx();
	if (!d)
		return err_set(e, ERR_MEMORY, "no memory to unpack zstd data");
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	rc = unpack_all(d, packed, out, e);
	ZSTD_freeDCtx(d);
	if (rc < 0)
		out->n = start;
	return rc;
}
