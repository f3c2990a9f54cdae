/*
 * audit_export.c - writes the ledger out so that it can be checked without parkwatch.
 *
 *     README.txt          how to check, in English and Chinese
 *     SHA256SUMS          of every other file, for sha256sum -c
 *     chain.txt           the canonical texts in order, behind each "sha256: ", its hash
 *                         and an empty line
 *     originals/HASH.ext  as they came
 *     catalogue/NAME      the files that were given
 *
 * SHA256SUMS is written last, when the others are durable: a folder without it is not
 * whole. They are synchronised together; one by one took 4 s for 1,000 originals.
 */
#include "storage/audit.h"

#include "base/file.h"
#include "storage/keys.h"
#include "storage/ledger.h"
#include "storage/originals.h"
#include "storage/submission.h"
#include "storage/walk.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX_BYTES = 1 << 30, /* of a catalogue */
	SUMS_MAX_BYTES = 1 << 30,
	PATH_BYTES = 4096,
};

struct exporter {
	const struct audit_export *x;
	struct db_txn *t;
	FILE *pipe;
	int folder; /* descriptor */
	struct buf sums;
	uint64_t entries, originals;
};

/* --- files ------------------------------------------------------------------------------ */

static int cannot_write(const struct exporter *w, const char *name, struct err *e)
{
	return err_sys(e, errno, "cannot write %s/%s", w->x->folder, name);
}

static int put_sum(struct exporter *w, const char *name, const uint8_t sha256[SHA256_BYTES],
		   struct err *e)
{
	char hex[SHA256_HEX];

	buf_printf(&w->sums, "%s  %s\n", sha256_hex(sha256, hex), name);
	return buf_check(&w->sums, e);
}

/* A new file below the folder. */
static int write_file(const struct exporter *w, const char *name, struct slice body, struct err *e)
{
	int fd =
		openat(w->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int rc = 0;

	if (fd < 0)
		return cannot_write(w, name, e);
	if (file_write_all(fd, body) < 0)
		rc = cannot_write(w, name, e);
	if (close(fd) < 0 && rc == 0)
		rc = cannot_write(w, name, e);
	return rc;
}

static int write_summed(struct exporter *w, const char *name, struct slice body, struct err *e)
{
	uint8_t sha256[SHA256_BYTES];

	sha256_of(body, sha256);
	if (write_file(w, name, body, e) < 0)
		return -1;
	return put_sum(w, name, sha256, e);
}

static int check_is_empty(const char *folder, int fd, struct err *e)
{
	int copy = dup(fd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	bool empty = true;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return err_sys(e, errno, "cannot read %s", folder);
	}
	while ((entry = readdir(d)))
		empty = empty &&
			(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
	closedir(d);
	return empty ? 0
		     : err_set(e, ERR_EXISTS, "%s is not empty: an export needs a new folder",
			       folder);
}

static int open_folder(struct exporter *w, struct err *e)
{
	const char *folder = w->x->folder;

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make %s", folder);
	w->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->folder < 0)
		return err_sys(e, errno, "cannot open %s", folder);
	if (check_is_empty(folder, w->folder, e) < 0)
		return -1;
	if (mkdirat(w->folder, "originals", 0755) < 0 ||
	    (w->x->ncatalogue && mkdirat(w->folder, "catalogue", 0755) < 0))
		return err_sys(e, errno, "cannot make folders in %s", folder);
	return 0;
}

/* --- originals ---------------------------------------------------------------------------- */

static const char *const known_extensions[] = { "csv", "tsv",  "txt", "json", "xml", "html",
						"htm", "xlsx", "xls", "et",   "ods", "docx",
						"doc", "wps",  "pdf", "zip",  "gz",  "yaml" };

/* What its sender called it, when that is one of the usual ones. */
static const char *extension_of_name(struct slice origin)
{
	const char *part = memmem(origin.p, origin.n, " (part ", 7); /* of a large document */
	size_t end = 0, dot;

	if (part)
		origin.n = (size_t)(part - origin.p);
	while (end < origin.n && origin.p[end] != '?' && origin.p[end] != '#')
		end++;
	for (dot = end; dot > 0 && origin.p[dot - 1] != '.' && origin.p[dot - 1] != '/'; dot--)
		;
	if (dot == 0 || origin.p[dot - 1] != '.')
		return NULL;
	for (size_t i = 0; i < sizeof(known_extensions) / sizeof(*known_extensions); i++)
		if (strlen(known_extensions[i]) == end - dot &&
		    strncasecmp(known_extensions[i], origin.p + dot, end - dot) == 0)
			return known_extensions[i];
	return NULL;
}

/* By how it begins. */
static const char *extension_of_body(struct slice s)
{
	static const struct {
		const char *magic, *extension;
	} known[] = {
		{ "PK\x03\x04", "zip" }, { "\xd0\xcf\x11\xe0", "xls" },
		{ "%PDF-", "pdf" },      { "\x1f\x8b", "gz" },
		{ "<?xml", "xml" },      { "<", "html" },
		{ "{", "json" },         { "[", "json" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (slice_starts(s, known[i].magic))
			return known[i].extension;
	return memchr(s.p, '\0', s.n) ? "bin" : "txt";
}

static const char *extension(struct exporter *w, const struct original_piece *p, struct slice body)
{
	uint8_t key[KEY_SUBMISSION_BYTES];
	struct submission_view view = { 0 };
	const char *given = NULL;
	struct slice value;

	key_submission(key, p->submission);
	if (record_get(w->t, DB_SUBMISSIONS, key_slice(key, sizeof(key)), &value, NULL) == 1 &&
	    submission_read(value, &view, NULL) == 0)
		given = extension_of_name(view.origin);
	return given ? given : extension_of_body(body);
}

static int export_one(struct exporter *w, const struct original_piece *p, struct buf *body,
		      struct err *e)
{
	char hex[SHA256_HEX], name[128];
	struct err why = { 0 };

	sha256_hex(p->sha256, hex);
	buf_clear(body);
	if (original_get(w->t, p->sha256, body, &why) != 1) {
		apart_fault(w->pipe, "original %s is left out: %s", hex, why.text);
		return 0;
	}
	snprintf(name, sizeof(name), "originals/%s.%s", hex, extension(w, p, buf_all(body)));
	w->originals++;
	if (write_file(w, name, buf_all(body), e) < 0)
		return -1;
	return put_sum(w, name, p->sha256, e);
}

static int export_record(struct exporter *w, struct slice key, struct slice value, struct buf *body,
			 struct err *e)
{
	struct original_piece p;
	struct err why = { 0 };

	if (key.n != KEY_ORIGINAL_BYTES || !record_good(key, value) ||
	    original_read(key, value, &p, &why) < 0) {
		apart_fault(w->pipe, "a record of an original is damaged");
		return 0;
	}
	return p.number == 0 ? export_one(w, &p, body, e) : 0;
}

static int export_originals(struct exporter *w, struct err *e)
{
	enum db_move how = DB_FIRST;
	struct slice key, value;
	struct db_cursor *c;
	struct buf body;
	int rc;

	if (db_cursor_open(w->t, DB_ORIGINALS, &c, e) < 0)
		return -1;
	buf_init(&body, ORIGINAL_MAX_BYTES);
	while ((rc = db_move(c, how, &key, &value, e)) == 1) {
		how = DB_NEXT;
		if (export_record(w, key, value, &body, e) < 0) {
			rc = -1;
			break;
		}
	}
	buf_release(&body);
	db_cursor_close(c);
	return rc < 0 ? -1 : 0;
}

/* --- the chain ------------------------------------------------------------------------------ */

/* It may be larger than memory: written entry by entry, hashed on the way. */
struct chain_file {
	int fd;
	struct sha256 sha;
	struct buf text;
};

static int put_entry(struct exporter *w, struct chain_file *f, uint64_t number, struct err *e)
{
	struct ledger_view v;
	char hex[SHA256_HEX];
	struct err why = { 0 };
	int rc = ledger_get(w->t, number, &v, &why);

	if (rc != 1) {
		apart_fault(w->pipe, "entry %" PRIu64 " is left out: %s", number,
			    rc == 0 ? "it is missing" : why.text);
		return 0;
	}
	buf_clear(&f->text);
	buf_slice(&f->text, v.text);
	buf_printf(&f->text, "sha256: %s\n\n", sha256_hex(v.hash, hex));
	if (buf_check(&f->text, e) < 0)
		return -1;
	sha256_add(&f->sha, f->text.p, f->text.n);
	w->entries++;
	return file_write_all(f->fd, buf_all(&f->text)) < 0 ? cannot_write(w, "chain.txt", e) : 0;
}

static int fill_chain(struct exporter *w, struct chain_file *f, struct err *e)
{
	struct ledger_head head;

	if (ledger_head_get(w->t, &head, e) < 0)
		return -1;
	for (uint64_t n = 1; n <= head.entries; n++)
		if (put_entry(w, f, n, e) < 0)
			return -1;
	return 0;
}

static int export_chain(struct exporter *w, struct err *e)
{
	struct chain_file f = { .fd = openat(w->folder, "chain.txt",
					     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) };
	uint8_t sha256[SHA256_BYTES];
	int rc;

	if (f.fd < 0)
		return cannot_write(w, "chain.txt", e);
	sha256_init(&f.sha);
	buf_init(&f.text, LEDGER_TEXT_MAX + 256);
	rc = fill_chain(w, &f, e);
	buf_release(&f.text);
	if (close(f.fd) < 0 && rc == 0)
		rc = cannot_write(w, "chain.txt", e);
	sha256_end(&f.sha, sha256);
	return rc < 0 ? -1 : put_sum(w, "chain.txt", sha256, e);
}

/* --- the catalogue ------------------------------------------------------------------ */

static int export_catalogue(struct exporter *w, struct err *e)
{
	for (size_t i = 0; i < w->x->ncatalogue; i++) {
		const char *path = w->x->catalogue[i], *last = strrchr(path, '/');
		char name[PATH_BYTES];
		struct buf body;
		int rc;

		snprintf(name, sizeof(name), "catalogue/%s", last ? last + 1 : path);
		buf_init(&body, FILE_MAX_BYTES);
		rc = file_read(path, SIZE_MAX, &body, e);
		if (rc == 0)
			rc = write_summed(w, name, buf_all(&body), e);
		buf_release(&body);
		if (rc < 0)
			return err_wrap(e, "the catalogue's file %s", path);
	}
	return 0;
}

/* --- all of it ---------------------------------------------------------------------- */

static int sync_all(const struct exporter *w, struct err *e)
{
	return syncfs(w->folder) < 0 ? err_sys(e, errno, "cannot write %s", w->x->folder) : 0;
}

static int export_all(struct exporter *w, struct err *e)
{
	if (open_folder(w, e) < 0 || export_originals(w, e) < 0 || export_chain(w, e) < 0 ||
	    export_catalogue(w, e) < 0 ||
	    write_summed(w, "README.txt", slice_str(audit_readme), e) < 0 || sync_all(w, e) < 0 ||
	    write_file(w, "SHA256SUMS", buf_all(&w->sums), e) < 0)
		return -1;
	return sync_all(w, e);
}

static int export_work(struct db_txn *t, void *ctx, FILE *pipe, struct err *e)
{
	struct exporter w = { .x = ctx, .t = t, .pipe = pipe, .folder = -1 };
	int rc;

	buf_init(&w.sums, SUMS_MAX_BYTES);
	rc = export_all(&w, e);
	buf_release(&w.sums);
	if (w.folder >= 0)
		close(w.folder);
	if (rc == 0)
		apart_say(pipe, "%" PRIu64 " entries and %" PRIu64 " originals written to %s",
			  w.entries, w.originals, w.x->folder);
	return rc;
}

long store_audit_export(const char *dir, const struct audit_export *x, FILE *to, struct err *e)
{
	return apart_read(dir, export_work, (void *)(uintptr_t)x, to, e);
}
