/*
 * ole.c - see ole.h.
 *
 * Sectors are numbered from behind the header. The FAT says for each sector which one follows; its
 * own sectors are listed in the header (the first 109) and in DIFAT sectors, each of which ends
 * with the number of the next one. The check walks that far and no further: to count the sectors
 * of the directory.
 */
#include "collectors/formats/ole.h"
#include "base/little_endian.h"

#include <gsf/gsf.h>
#include <pthread.h>
#include <strings.h>

enum {
	HEADER_BYTES = 512,
	HEADER_FAT = 109, /* FAT sectors listed in the header */
	SMALL_BELOW = 4096,
	ENTRY_BYTES = 128,
	ENTRIES_MAX = 4096,
	SPARE_FAT = 16, /* FAT sectors more than the file needs */
};

static const char magic[8] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

static const uint32_t NONE = UINT32_MAX; /* no entry */

struct container {
	struct slice body;
	unsigned shift;   /* 1 << shift bytes are a sector */
	uint32_t sectors; /* that the file has room for */
	uint32_t fat_sectors, difat_first, difat_sectors, directory_first;
};

bool ole_is(struct slice body)
{
	return body.n >= sizeof(magic) && memcmp(body.p, magic, sizeof(magic)) == 0;
}

/* --- what libgsf may see ------------------------------------------------------------- */

static uint32_t entries_per_sector(const struct container *c)
{
	return (1U << c->shift) / 4;
}

/* The i-th number in a sector; false when the file has no such sector. */
static bool sector_number(const struct container *c, uint32_t sector, uint32_t i, uint32_t *out)
{
	size_t at = ((size_t)sector + 1) << c->shift;

	if (sector >= c->sectors || at + 4 * ((size_t)i + 1) > c->body.n)
		return false;
	*out = get_le32(c->body.p + at + 4 * (size_t)i);
	return true;
}

static bool fat_sector(const struct container *c, uint32_t i, uint32_t *out)
{
	uint32_t per = entries_per_sector(c) - 1, sector = c->difat_first;

	if (i >= c->fat_sectors)
		return false;
	if (i < HEADER_FAT) {
		*out = get_le32(c->body.p + 76 + 4 * (size_t)i);
		return true;
	}
	i -= HEADER_FAT;
	for (; i >= per; i -= per)
		if (!sector_number(c, sector, per, &sector))
			return false;
	return sector_number(c, sector, i, out);
}

static bool next_sector(const struct container *c, uint32_t sector, uint32_t *out)
{
	uint32_t per = entries_per_sector(c), of_fat;

	return fat_sector(c, sector / per, &of_fat) && sector_number(c, of_fat, sector % per, out);
}

/* The root, entry 0, has none on its left or right. */
static int check_root(const struct container *c, struct err *e)
{
	uint32_t left, right;

	if (!sector_number(c, c->directory_first, 17, &left) ||
	    !sector_number(c, c->directory_first, 18, &right))
		return err_set(e, ERR_INVALID, "the container is damaged: it has no directory");
	if ((left && left != NONE) || (right && right != NONE))
		return err_set(e, ERR_INVALID,
			       "the container is damaged: something stands beside its root");
	return 0;
}

static int check_directory(const struct container *c, struct err *e)
{
	uint32_t sector = c->directory_first, per = (1U << c->shift) / ENTRY_BYTES;

	for (uint32_t n = 0; sector < c->sectors; n += per) {
		if (n >= ENTRIES_MAX)
			return err_set(e, ERR_LIMIT,
				       "the container has a directory of more than %d entries, or "
				       "one that runs in a circle",
				       ENTRIES_MAX);
		if (!next_sector(c, sector, &sector))
			return err_set(e, ERR_INVALID,
				       "the container is damaged: the directory has no end");
	}
	return 0;
}

static int check_tables(const struct container *c, uint32_t small_fat, struct err *e)
{
	uint32_t per = entries_per_sector(c), difat = 0;

	if (c->fat_sectors > HEADER_FAT)
		difat = (c->fat_sectors - HEADER_FAT + per - 2) / (per - 1);
	if (c->fat_sectors > c->sectors / per + SPARE_FAT || small_fat > c->sectors)
		return err_set(e, ERR_INVALID,
			       "the container is cut off: %zu bytes are too few for its tables",
			       c->body.n);
	if (c->difat_sectors > difat)
		return err_set(e, ERR_INVALID,
			       "the container is damaged: %u sectors list %u others, which needs "
			       "%u",
			       c->difat_sectors, c->fat_sectors, difat);
	return 0;
}

static int check(struct slice body, struct err *e)
{
	struct container c = { .body = body };
	unsigned version;

	if (body.n < HEADER_BYTES)
		return err_set(e, ERR_INVALID, "the container is cut off after %zu bytes", body.n);
	version = get_le16(body.p + 26);
	c.shift = get_le16(body.p + 30);
	c.fat_sectors = get_le32(body.p + 44);
	c.directory_first = get_le32(body.p + 48);
	c.difat_first = get_le32(body.p + 68);
	c.difat_sectors = get_le32(body.p + 72);
	if (c.shift != 9 && c.shift != 12)
		return err_set(e, ERR_INVALID, "the container has sectors of 2^%u bytes", c.shift);
	if (get_le16(body.p + 32) != 6 || get_le32(body.p + 56) != SMALL_BELOW)
		return err_set(e, ERR_INVALID,
			       "the container (version %u) cuts small streams in a way of its own",
			       version);
	if (body.n >> c.shift > UINT32_MAX / 2)
		return err_set(e, ERR_LIMIT, "a container of %zu bytes is too long", body.n);
	c.sectors = (uint32_t)((body.n - 1) >> c.shift);
	if (check_tables(&c, get_le32(body.p + 64), e) < 0)
		return -1;
	return check_root(&c, e) < 0 ? -1 : check_directory(&c, e);
}

/* --- libgsf -------------------------------------------------------------------------- */

/* Only the last word before glib ends the program is let through. */
static void say_last_words(const gchar *domain, GLogLevelFlags level, const gchar *text,
			   gpointer ctx)
{
	if (level & G_LOG_FLAG_FATAL)
		g_log_default_handler(domain, level, text, ctx);
}

/* libgsf makes its types known on first use, without a lock. */
static void prepare(void)
{
	g_log_set_default_handler(say_last_words, NULL);
	gsf_init();
	g_type_ensure(gsf_input_memory_get_type());
	g_type_ensure(gsf_infile_msole_get_type());
}

static GsfInfile *open_container(struct slice body, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	GError *why = NULL;
	GsfInput *bytes;
	GsfInfile *in;

	pthread_once(&once, prepare);
	bytes = gsf_input_memory_new((const guint8 *)body.p, (gsf_off_t)body.n, FALSE);
	in = gsf_infile_msole_new(bytes, &why);
	g_object_unref(bytes);
	if (!in)
		err_set(e, ERR_INVALID, "the container is damaged: %s",
			why ? why->message : "libgsf does not open it");
	g_clear_error(&why);
	return in;
}

static int copy_stream(GsfInput *in, struct arena *a, struct slice *out, struct err *e)
{
	gsf_off_t n = in ? gsf_input_size(in) : -1;
	char *p;

	if (n < 0)
		return err_set(e, ERR_INVALID,
			       "the container is damaged: the stream in it cannot be followed");
	p = arena_alloc(a, n ? (size_t)n : 1);
	if (!p)
		return err_set(e, ERR_LIMIT, "a stream of %lld bytes does not fit into %zu MiB",
			       (long long)n, a->limit >> 20);
	if (n && !gsf_input_read(in, (size_t)n, (guint8 *)p))
		return err_set(e, ERR_INVALID,
			       "the container is damaged or cut off: a stream of %lld bytes is not "
			       "all there",
			       (long long)n);
	*out = slice_of(p, (size_t)n);
	return 0;
}

/* Which child has that name; -1: none. */
static int child_named(GsfInfile *in, const char *name)
{
	int n = gsf_infile_num_children(in);

	for (int i = 0; i < n; i++) {
		const char *have = gsf_infile_name_by_index(in, i);

		if (have && strcasecmp(have, name) == 0)
			return i;
	}
	return -1;
}

int ole_stream(struct slice body, const char *const *names, struct arena *a, struct slice *out,
	       struct err *e)
{
	int rc = 0, which = 0, at = -1;
	GsfInput *child;
	GsfInfile *in;

	if (check(body, e) < 0)
		return -1;
	in = open_container(body, e);
	if (!in)
		return -1;
	while (at < 0 && names[which])
		at = child_named(in, names[which++]);
	if (at >= 0) {
		child = gsf_infile_child_by_index(in, at);
		rc = copy_stream(child, a, out, e);
		if (child)
			g_object_unref(child);
	}
	g_object_unref(in);
	return at < 0 ? 0 : rc < 0 ? -1 : which;
}
