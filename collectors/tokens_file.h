/*
 * tokens_file.h - the tokens on disk, and the daemon's present view of them.
 *
 * The file is its owner's alone (0600) and is replaced as a whole: written beside,
 * synchronised, renamed. A missing file is one without tokens.
 */
#ifndef COLLECTORS_TOKENS_FILE_H
#define COLLECTORS_TOKENS_FILE_H

#include "collectors/tokens.h"

#include <pthread.h>
#include <sys/stat.h>

/* NULL with a sentence that names the file: also when others may read it. */
struct tokens *tokens_load(const char *path, struct err *e);

/* Reads, has `change` change it, and writes: two commands at once come one after the other. Nothing
 * is written when `change` fails. */
int tokens_change(const char *path, int (*change)(void *ctx, struct tokens *t, struct err *e),
		  void *ctx, struct err *e);

/* What the file says now, for any thread: it is looked at at most once a second, and read when it
 * has changed. While it cannot be read nobody has a token. */
struct token_book {
	pthread_mutex_t lock;
	char *path;
	struct tokens *now; /* NULL: it cannot be read, see `why` */
	struct err why;
	struct stat seen;
	bool there;
	int64_t looked_ms; /* monotonic; 0: never */
};

int token_book_init(struct token_book *b, const char *path, struct err *e);
void token_book_release(struct token_book *b);
/* With the next use the file is read in any case, from `path`. */
int token_book_reload(struct token_book *b, const char *path, struct err *e);
/* A reference; NULL with why the file cannot be used. */
struct tokens *token_book_get(struct token_book *b, int64_t mono_ms, struct err *e);

#endif
