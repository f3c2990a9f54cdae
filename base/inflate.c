/*
 * inflate.c - see inflate.h.
 *
 * The whole body is in hand, so the ratio is judged against all of it: a body
 * that begins with a megabyte of blanks and goes on with noise is no bomb. A
 * gzip body may have several members one after another (RFC 1952 2.2).
 * "deflate" is zlib's format (RFC 9110 8.4.1.2), but many servers send the
 * bare one; the first two bytes tell them apart.
 */
#include "base/inflate.h"
#include "base/alloc.h"

#include <stdint.h>
#include <strings.h>
#include <zlib.h>

enum {
	STEP_BYTES = 64 << 10,
	FREE_OF_RATIO = 64 << 10,
	GZIP_WINDOW = 15 + 16,
	ZLIB_WINDOW = 15,
	BARE_WINDOW = -15,
};

struct unpacking {
	z_stream z;
	const char *what; /* "gzip" or "deflate" */
	struct slice packed;
	size_t given; /* bytes of `packed` handed to zlib */
	size_t start; /* out->n before */
	size_t most;  /* plain bytes the ratio allows */
	struct buf *out;
};

static void *zlib_alloc(void *unused, unsigned n, unsigned size)
{
	size_t bytes;

	(void)unused;
	return __builtin_mul_overflow((size_t)n, (size_t)size, &bytes) ? NULL : mem_alloc(bytes);
}

static void zlib_free(void *unused, void *p)
{
	(void)unused;
	mem_free(p);
}

static bool is(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static size_t taken(const struct unpacking *u)
{
	return u->given - u->z.avail_in;
}

/* zlib counts in unsigned: a body of more than 4 GiB goes in pieces. */
static void give_input(struct unpacking *u)
{
	size_t n = u->packed.n - u->given;

	if (u->z.avail_in || n == 0)
		return;
	if (n > UINT32_MAX / 2)
		n = UINT32_MAX / 2;
	u->z.next_in = (Bytef *)(uintptr_t)(u->packed.p + u->given);
	u->z.avail_in = (uInt)n;
	u->given += n;
}

static int too_much(struct unpacking *u, struct err *e)
{
	return err_set(e, ERR_LIMIT, "%s data unpacks to more than the allowed %zu bytes", u->what,
		       u->out->limit);
}

/* One call of inflate(). When the buffer is full it gets one byte of scratch: if that is
 * used, there is more than the limit. */
static int step(struct unpacking *u, int *status, struct err *e)
{
	size_t room = u->out->limit - u->out->n;
	Bytef scratch;
	char *to = (char *)&scratch;

	if (room > STEP_BYTES)
		room = STEP_BYTES;
	if (room) {
		to = buf_room(u->out, room);
		if (!to)
			return buf_check(u->out, e);
	}
	give_input(u);
	u->z.next_out = (Bytef *)to;
	u->z.avail_out = room ? (uInt)room : 1;
	*status = inflate(&u->z, Z_NO_FLUSH);
	if (!room && u->z.avail_out == 0)
		return too_much(u, e);
	if (room)
		buf_added(u->out, room - u->z.avail_out);
	if (u->out->n - u->start > u->most)
		return err_set(e, ERR_LIMIT,
			       "%zu bytes of %s data unpack to more than %zu: refused as a bomb",
			       u->packed.n, u->what, u->most);
	return 0;
}

static int check_status(struct unpacking *u, int status, struct err *e)
{
	switch (status) {
	case Z_OK:
	case Z_STREAM_END:
		return 0;
	case Z_MEM_ERROR:
		return err_set(e, ERR_MEMORY, "no memory to unpack %s data", u->what);
	case Z_BUF_ERROR:
		/* No progress: with room for output that means the input is over. */
		if (taken(u) < u->packed.n)
			return 0;
		return err_set(e, ERR_INVALID, "%s data ends after %zu bytes without its end mark",
			       u->what, u->packed.n);
	default:
		return err_set(e, ERR_INVALID, "%s data is damaged near byte %zu: %s", u->what,
			       taken(u), u->z.msg ? u->z.msg : "it needs a dictionary");
	}
}

static int unpack_all(struct unpacking *u, bool members, struct err *e)
{
	for (;;) {
		int status = Z_OK;

		if (step(u, &status, e) < 0 || check_status(u, status, e) < 0)
			return -1;
		if (status != Z_STREAM_END)
			continue;
		if (taken(u) == u->packed.n)
			return 0;
		if (!members || u->packed.p[taken(u)] != '\x1f')
			return err_set(e, ERR_INVALID, "%zu bytes follow the end of the %s data",
				       u->packed.n - taken(u), u->what);
		inflateReset(&u->z);
	}
}

static int window_of(struct slice packed, bool gzip)
{
	const unsigned char *p = (const unsigned char *)packed.p;

	if (gzip)
		return GZIP_WINDOW;
	if (packed.n >= 2 && (p[0] & 0x0f) == 8 && (p[0] << 8 | p[1]) % 31 == 0)
		return ZLIB_WINDOW;
	return BARE_WINDOW;
}

static int unpack(struct slice packed, bool gzip, unsigned ratio, struct buf *out, struct err *e)
{
	struct unpacking u = {
		.z = { .zalloc = zlib_alloc, .zfree = zlib_free },
		.what = gzip ? "gzip" : "deflate",
		.packed = packed,
		.start = out->n,
		.out = out,
	};
	int result;

	if (__builtin_mul_overflow(packed.n, (size_t)ratio, &u.most))
		u.most = SIZE_MAX;
	if (u.most < FREE_OF_RATIO)
		u.most = FREE_OF_RATIO;
	if (inflateInit2(&u.z, window_of(packed, gzip)) != Z_OK)
		return err_set(e, ERR_MEMORY, "no memory to unpack %s data", u.what);
	result = unpack_all(&u, gzip, e);
	inflateEnd(&u.z);
	if (result < 0)
		out->n = u.start;
	return result;
}

int inflate_body(struct slice packed, struct slice encoding, unsigned ratio, struct buf *out,
		 struct err *e)
{
	while (encoding.n && (*encoding.p == ' ' || *encoding.p == '\t'))
		encoding = slice_skip(encoding, 1);
	while (encoding.n &&
	       (encoding.p[encoding.n - 1] == ' ' || encoding.p[encoding.n - 1] == '\t'))
		encoding.n--;
	if (buf_check(out, e) < 0)
		return -1;
	if (encoding.n == 0 || is(encoding, "identity")) {
		buf_slice(out, packed);
		return buf_check(out, e);
	}
	if (is(encoding, "gzip") || is(encoding, "x-gzip"))
		return unpack(packed, true, ratio, out, e);
	if (is(encoding, "deflate"))
		return unpack(packed, false, ratio, out, e);
	return err_set(e, ERR_UNSUPPORTED,
		       "content encoding \"%.*s\" is none of gzip, deflate, identity",
		       SLICE_FMT(slice_cut(encoding, 40)));
}

/* --- packing ----------------------------------------------------------------------- */

struct packer {
	z_stream z;
};

struct packer *packer_new(struct err *e)
{
	struct packer *p = mem_zalloc(sizeof(*p));

	if (p) {
		p->z.zalloc = zlib_alloc;
		p->z.zfree = zlib_free;
		if (deflateInit2(&p->z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8,
				 Z_DEFAULT_STRATEGY) == Z_OK)
			return p;
	}
	mem_free(p);
	err_set(e, ERR_MEMORY, "no memory to pack a reply");
	return NULL;
}

void packer_free(struct packer *p)
{
	if (p)
		deflateEnd(&p->z);
	mem_free(p);
}

int packer_add(struct packer *p, struct slice plain, bool last, struct buf *out, struct err *e)
{
	z_stream *z = &p->z;
	int status = Z_OK;

	z->next_in = (Bytef *)(uintptr_t)plain.p;
	/* Room that is left over says that zlib has nothing more to give. */
	while (last ? status != Z_STREAM_END : plain.n || z->avail_in || z->avail_out == 0) {
		size_t room = out->limit - out->n < STEP_BYTES ? out->limit - out->n : STEP_BYTES;
		char *to = buf_room(out, room ? room : 1);

		if (!to)
			return buf_check(out, e);
		if (z->avail_in == 0) {
			z->avail_in = plain.n < UINT32_MAX / 2 ? (uInt)plain.n : UINT32_MAX / 2;
			plain.n -= z->avail_in;
		}
		z->next_out = (Bytef *)to;
		z->avail_out = (uInt)room;
		status = deflate(z, last && plain.n == 0 ? Z_FINISH : Z_NO_FLUSH);
		buf_added(out, room - z->avail_out);
	}
	return 0;
}

int deflate_body(struct slice plain, struct buf *out, struct err *e)
{
	size_t start = out->n;
	struct packer *p;
	int result;

	if (buf_check(out, e) < 0)
		return -1;
	p = packer_new(e);
	if (!p)
		return -1;
	result = packer_add(p, plain, true, out, e);
	packer_free(p);
	if (result < 0)
		out->n = start;
	return result;
}
