/* manifest.c - see manifest.h. */
#include "storage/manifest.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>

const char manifest_unfinished[] = "parkwatch backup, unfinished\n";

static const char first_words[] = "parkwatch backup, ";

bool manifest_is_ours(struct slice text)
{
	return slice_starts(text, first_words);
}

/* SUB/NNNNNNNN.ENDING, eight digits or more. */
static bool numbered(struct slice name, const char *sub, const char *ending)
{
	size_t n = 0;

	if (!slice_starts(name, sub))
		return false;
	name = slice_skip(name, strlen(sub));
	while (n < name.n && name.p[n] >= '0' && name.p[n] <= '9')
		n++;
	return n >= 8 && slice_is(slice_skip(name, n), ending);
}

bool manifest_names(const char *name)
{
	struct slice s = slice_str(name);

	return s.n < MANIFEST_NAME && (slice_is(s, "data.mdb") || slice_is(s, "VERSION") ||
				       numbered(s, "log/", ".log") || numbered(s, "runs/", ".run"));
}

void manifest_init(struct manifest *m)
{
	*m = (struct manifest){ 0 };
}

void manifest_release(struct manifest *m)
{
	mem_free(m->files);
	manifest_init(m);
}

int manifest_add(struct manifest *m, const char *name, uint64_t bytes, uint32_t crc, struct err *e)
{
	struct manifest_file *f;

	if (m->n == MANIFEST_FILES)
		return err_set(e, ERR_LIMIT, "a backup has at most %d files", MANIFEST_FILES);
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;

		f = mem_realloc(m->files, cap * sizeof(*f));
		if (!f)
			return err_set(e, ERR_MEMORY, "no memory for the list of a backup's files");
		m->files = f;
		m->cap = cap;
	}
	f = &m->files[m->n++];
	*f = (struct manifest_file){ .bytes = bytes, .crc = crc };
	snprintf(f->name, sizeof(f->name), "%s", name);
	return 0;
}

void manifest_write(const struct manifest *m, struct buf *out)
{
	buf_clear(out);
	buf_printf(out,
		   "%sformat %d\nmade %" PRId64 "\nstore %u\nepoch %" PRIu64 "\nsequence %" PRIu64
		   "\n",
		   first_words, MANIFEST_FORMAT, m->made_ms, m->format, m->epoch, m->sequence);
	for (size_t i = 0; i < m->n; i++)
		buf_printf(out, "file %" PRIu64 " %08x %s\n", m->files[i].bytes, m->files[i].crc,
			   m->files[i].name);
	buf_printf(out, "end %08x\n", crc32c(0, out->p, out->n));
}

/* --- reading ------------------------------------------------------------------------------ */

struct reading {
	struct slice all, rest;
	unsigned line;
};

static int bad(const struct reading *r, struct err *e, const char *why)
{
	return err_set(e, ERR_CORRUPT, MANIFEST_FILE ", line %u: %s", r->line, why);
}

/* Without its end; false when there is none. */
static bool next_line(struct reading *r, struct slice *line)
{
	const char *end = r->rest.n ? memchr(r->rest.p, '\n', r->rest.n) : NULL;

	r->line++;
	if (!end)
		return false;
	*line = slice_of(r->rest.p, (size_t)(end - r->rest.p));
	r->rest = slice_skip(r->rest, line->n + 1);
	return true;
}

static struct slice next_word(struct slice *line)
{
	const char *space = line->n ? memchr(line->p, ' ', line->n) : NULL;
	struct slice word = space ? slice_of(line->p, (size_t)(space - line->p)) : *line;

	*line = slice_skip(*line, space ? word.n + 1 : word.n);
	return word;
}

static bool number(struct slice word, int64_t *v)
{
	return word.n > 0 && word.p[0] >= '0' && word.p[0] <= '9' &&
	       num_parse_i64(word, v, NULL) == 0;
}

static bool hex(struct slice word, uint32_t *v)
{
	*v = 0;
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		*v = *v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return word.n == 8;
}

static int read_first(struct reading *r, struct err *e)
{
	struct slice line;
	int64_t format;

	if (!next_line(r, &line) || !slice_starts(line, first_words))
		return bad(r, e, "this is no manifest of a backup");
	line = slice_skip(line, sizeof(first_words) - 1);
	if (slice_is(line, "unfinished"))
		return err_set(e, ERR_CORRUPT, "the backup was not finished");
	if (!slice_is(next_word(&line), "format") || !number(line, &format) || format < 1)
		return bad(r, e, "this is no manifest of a backup");
	if (format > MANIFEST_FORMAT)
		return err_set(e, ERR_UNSUPPORTED,
			       "the backup has format %" PRId64
			       ", this version of parkwatch reads up to %d: use the newer one",
			       format, MANIFEST_FORMAT);
	return 0;
}

static int read_number(struct reading *r, const char *key, int64_t *v, struct err *e)
{
	struct slice line;

	if (next_line(r, &line) && slice_is(next_word(&line), key) && number(line, v))
		return 0;
	return err_set(e, ERR_CORRUPT, MANIFEST_FILE ", line %u: it must be \"%s\" and a number",
		       r->line, key);
}

static int read_file(struct reading *r, struct manifest *m, struct slice line, struct err *e)
{
	char name[MANIFEST_NAME] = "";
	int64_t bytes;
	uint32_t crc;

	if (!number(next_word(&line), &bytes) || !hex(next_word(&line), &crc))
		return bad(r, e, "it must be \"file\", bytes, checksum and name");
	if (line.n < sizeof(name))
		memcpy(name, line.p, line.n);
	if (strlen(name) != line.n || !manifest_names(name))
		return bad(r, e, "a store has no file of this name");
	return manifest_add(m, name, (uint64_t)bytes, crc, e);
}

static int read_end(struct reading *r, struct manifest *m, struct slice before, struct slice line,
		    struct err *e)
{
	uint32_t crc, found = 0;

	if (!hex(line, &crc) || r->rest.n > 0)
		return bad(r, e, "it must end with \"end\" and a checksum");
	if (crc != crc32c(0, before.p, before.n))
		return err_set(e, ERR_CORRUPT, MANIFEST_FILE " is damaged: the checksum is wrong");
	for (size_t i = 0; i < m->n; i++)
		found |= (strcmp(m->files[i].name, "data.mdb") == 0 ? 1 : 0) |
			 (strcmp(m->files[i].name, "VERSION") == 0 ? 2 : 0);
	return found == 3 ? 0 : bad(r, e, "data.mdb and VERSION must be listed");
}

static int read_files(struct reading *r, struct manifest *m, struct err *e)
{
	for (;;) {
		size_t at = r->all.n - r->rest.n;
		struct slice line, word;

		if (!next_line(r, &line))
			return bad(r, e, "it is cut off");
		word = next_word(&line);
		if (slice_is(word, "end"))
			return read_end(r, m, slice_of(r->all.p, at), line, e);
		if (!slice_is(word, "file"))
			return bad(r, e, "it must begin with \"file\" or \"end\"");
		if (read_file(r, m, line, e) < 0)
			return -1;
	}
}

int manifest_read(struct manifest *m, struct slice text, struct err *e)
{
	struct reading r = { .all = text, .rest = text };
	int64_t format, epoch, sequence;

	manifest_init(m);
	if (read_first(&r, e) < 0 || read_number(&r, "made", &m->made_ms, e) < 0 ||
	    read_number(&r, "store", &format, e) < 0 || read_number(&r, "epoch", &epoch, e) < 0 ||
	    read_number(&r, "sequence", &sequence, e) < 0)
		return -1;
	if (format > UINT32_MAX)
		return bad(&r, e, "a number is too large");
	m->format = (uint32_t)format;
	m->epoch = (uint64_t)epoch;
	m->sequence = (uint64_t)sequence;
	return read_files(&r, m, e);
}
