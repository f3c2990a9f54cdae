/*
 * drop_state.c - what is known of files, and as text; see drop_state.h.
 */
#include "collectors/drop_state.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 1, CRC_CHARS = 8, WORDS_MAX = 12, LINE_MAX_BYTES = 16 << 10 };

static const char *const results[] = { "accepted", "partly", "rejected" };

/* --- what is known -------------------------------------------------------------------------- */

void drop_state_init(struct drop_state *s, const char *folder)
{
	*s = (struct drop_state){ .folder = folder, .fd = -1 };
	map_init(&s->known);
}

void drop_state_clear(struct drop_state *s)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&s->known, &i));)
		mem_free(m->value);
	map_release(&s->known);
	map_init(&s->known);
	s->lines = 0;
}

struct drop_known *drop_state_find(const struct drop_state *s, const char *name)
{
	return map_get(&s->known, slice_str(name));
}

const struct drop_known *drop_state_same(const struct drop_state *s,
					 const uint8_t sha256[SHA256_BYTES])
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&s->known, &i));) {
		const struct drop_known *k = m->value;

		if (k->result == RESULT_ACCEPTED && !memcmp(k->sha256, sha256, SHA256_BYTES))
			return k;
	}
	return NULL;
}

/* One block: the texts lie behind it. */
static struct drop_known *copy_of(const struct drop_known *k)
{
	size_t name = strlen(k->name) + 1, reason = strlen(k->reason) + 1;
	struct drop_known *c = mem_alloc(sizeof(*c) + name + reason);
	char *text;

	if (!c)
		return NULL;
	text = (char *)(c + 1);
	*c = *k;
	c->name = memcpy(text, k->name, name);
	c->reason = memcpy(text + name, k->reason, reason);
	return c;
}

void drop_state_drop(struct drop_state *s, const char *name)
{
	mem_free(map_remove(&s->known, slice_str(name)));
}

/* Room for one more: of the files that are missing the one that is so for longest goes. */
static int make_room(struct drop_state *s, struct err *e)
{
	const struct drop_known *longest = NULL;
	const struct map_entry *m;

	if (s->known.n < DROP_STATE_FILES_MAX)
		return 0;
	for (size_t i = 0; (m = map_next(&s->known, &i));) {
		const struct drop_known *k = m->value;

		if (k->missing_mono_ms &&
		    (!longest || k->missing_mono_ms < longest->missing_mono_ms))
			longest = k;
	}
	if (!longest)
		return err_set(e, ERR_LIMIT, "folder %s has more than %d files", s->folder,
			       DROP_STATE_FILES_MAX);
	drop_state_drop(s, longest->name);
	s->unwritten = true;
	return 0;
}

int drop_state_remember(struct drop_state *s, const struct drop_known *k, struct err *e)
{
	struct drop_known *c = copy_of(k);

	if (!c)
		return err_set(e, ERR_MEMORY, "not enough memory for what is known of files");
	drop_state_drop(s, k->name);
	if (make_room(s, e) == 0 && map_put(&s->known, slice_str(c->name), c, e) == 0)
		return 0;
	mem_free(c);
	return -1;
}

void drop_state_forget_missing(struct drop_state *s, int64_t before_mono_ms)
{
	const struct map_entry *m;

	for (size_t i = 0; (m = map_next(&s->known, &i));) {
		const struct drop_known *k = m->value;

		if (!k->missing_mono_ms || k->missing_mono_ms > before_mono_ms)
			continue;
		drop_state_drop(s, k->name);
		s->unwritten = true;
		i = 0; /* the map has moved */
	}
}

/* --- as text -------------------------------------------------------------------------------- */

static void put_word(struct buf *b, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c == 0x7f || c == '%')
			buf_printf(b, "%%%02X", c);
		else
			buf_putc(b, (char)c);
	}
}

/* A line was put behind `from`, where room was left for its checksum. */
static size_t begin_line(struct buf *b)
{
	buf_puts(b, "00000000 ");
	return b->n;
}

static void end_line(struct buf *b, size_t from)
{
	char crc[CRC_CHARS + 1];

	if (!b->failed) {
		snprintf(crc, sizeof(crc), "%08" PRIx32, crc32c(0, b->p + from, b->n - from));
		memcpy(b->p + from - CRC_CHARS - 1, crc, CRC_CHARS);
	}
	buf_putc(b, '\n');
}

void drop_state_print_file(const struct drop_known *k, struct buf *out)
{
	size_t from = begin_line(out);
	char hex[SHA256_HEX];

	buf_printf(out, "file %s %" PRId64 " %" PRId64 " %" PRId64 " %s %" PRIu64 " %" PRId64 " ",
		   results[k->result], k->stamp.size, k->stamp.mtime_ns, k->stamp.ctime_ns,
		   sha256_hex(k->sha256, hex), k->submission, k->taken_ms);
	put_word(out, k->name);
	buf_putc(out, ' ');
	put_word(out, k->reason);
	end_line(out, from);
}

void drop_state_print_gone(const char *name, struct buf *out)
{
	size_t from = begin_line(out);

	buf_puts(out, "gone ");
	put_word(out, name);
	end_line(out, from);
}

void drop_state_print(const struct drop_state *s, struct buf *out)
{
	size_t from = begin_line(out);
	const struct map_entry *m;

	buf_printf(out, "folder %d ", VERSION);
	put_word(out, s->folder);
	end_line(out, from);
	for (size_t i = 0; (m = map_next(&s->known, &i));)
		drop_state_print_file(m->value, out);
}

/* --- from text ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place, which it fits: a word only gets shorter. */
static bool get_word(char *word)
{
	char *to = word;

	for (const char *c = word; *c; c++) {
		int high, low;

		if (*c != '%') {
			*to++ = *c;
			continue;
		}
		high = hex_digit(c[1]);
		low = high < 0 ? -1 : hex_digit(c[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high << 4 | low);
		c += 2;
	}
	*to = '\0';
	return true;
}

static bool get_i64(const char *word, int64_t *v)
{
	struct err e;

	return num_parse_i64(slice_str(word), v, &e) == 0;
}

static size_t split(char *line, char *words[WORDS_MAX])
{
	size_t n = 1;

	words[0] = line;
	for (char *at = line; n < WORDS_MAX && (at = strchr(at, ' ')); n++) {
		*at++ = '\0';
		words[n] = at;
	}
	return n;
}

static bool get_result(const char *word, enum drop_result *out)
{
	for (int i = 0; i < 3; i++)
		if (!strcmp(word, results[i])) {
			*out = (enum drop_result)i;
			return true;
		}
	return false;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) < 256 && !strchr(name, '/');
}

static bool get_file(char *w[WORDS_MAX], struct drop_known *k)
{
	int64_t submission;

	*k = (struct drop_known){ .name = w[8], .reason = w[9] };
	if (!get_result(w[1], &k->result) || !get_i64(w[2], &k->stamp.size) ||
	    !get_i64(w[3], &k->stamp.mtime_ns) || !get_i64(w[4], &k->stamp.ctime_ns) ||
	    !sha256_parse(slice_str(w[5]), k->sha256) || !get_i64(w[6], &submission) ||
	    !get_i64(w[7], &k->taken_ms) || submission < 0)
		return false;
	k->submission = (uint64_t)submission;
	return get_word(w[8]) && get_word(w[9]) && is_name(w[8]);
}

/* 1: understood. 0: damaged. */
static int take_line(struct drop_state *s, char *line, struct err *e)
{
	struct drop_known k;
	char *w[WORDS_MAX];
	size_t n = split(line, w);

	if (n == 10 && !strcmp(w[0], "file") && get_file(w, &k))
		return drop_state_remember(s, &k, e) < 0 ? -1 : 1;
	if (n == 2 && !strcmp(w[0], "gone") && get_word(w[1])) {
		drop_state_drop(s, w[1]);
		return 1;
	}
	return 0;
}

/* The line behind its checksum, copied into `out`; false: it is not as it was written. */
static bool check_line(struct slice line, char out[LINE_MAX_BYTES])
{
	char crc[CRC_CHARS + 2];

	if (line.n <= CRC_CHARS + 1 || line.n - CRC_CHARS - 1 >= LINE_MAX_BYTES)
		return false;
	snprintf(crc, sizeof(crc), "%08" PRIx32 " ",
		 crc32c(0, line.p + CRC_CHARS + 1, line.n - CRC_CHARS - 1));
	if (memcmp(line.p, crc, CRC_CHARS + 1) != 0 || memchr(line.p, '\0', line.n))
		return false;
	memcpy(out, line.p + CRC_CHARS + 1, line.n - CRC_CHARS - 1);
	out[line.n - CRC_CHARS - 1] = '\0';
	return true;
}

static bool next_line(struct slice *rest, struct slice *line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!end)
		return false;
	*line = slice_of(rest->p, (size_t)(end - rest->p));
	*rest = slice_skip(*rest, line->n + 1);
	return true;
}

/* 1: the lines are of this folder. 0: of another, or nobody knows of which. */
static int take_header(const struct drop_state *s, char *line, struct err *e)
{
	char *w[WORDS_MAX];
	int64_t version;

	if (split(line, w) != 3 || strcmp(w[0], "folder") != 0 || !get_i64(w[1], &version))
		return 0;
	if (version != VERSION)
		return err_set(e, ERR_UNSUPPORTED,
			       "what is known of folder %s has version %lld, and %d is understood",
			       s->folder, (long long)version, VERSION);
	return get_word(w[2]) && !strcmp(w[2], s->folder);
}

int64_t drop_state_parse(struct drop_state *s, struct slice text, struct err *e)
{
	char copy[LINE_MAX_BYTES];
	int64_t damaged = 0;
	struct slice line;
	int rc = 0;

	/* Without the header nothing tells of which folder the rest is. */
	s->unwritten = true;
	if (!next_line(&text, &line))
		return text.n > 0;
	if (!check_line(line, copy))
		return 1;
	rc = take_header(s, copy, e);
	if (rc <= 0)
		return rc;
	while (next_line(&text, &line)) {
		rc = check_line(line, copy) ? take_line(s, copy, e) : 0;
		if (rc < 0)
			return -1;
		damaged += rc == 0;
		s->lines++;
	}
	s->unwritten = text.n > 0 || damaged;
	return damaged;
}
