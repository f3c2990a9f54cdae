/*
 * tokens.h - who may hand in figures, and of what.
 *
 * A token is 32 random bytes that its holder shows with each submission. Kept is only
 * its SHA-256 (the bytes cannot be guessed, so no slow hash is needed), with the owner it
 * speaks for, a last day, and the units and indicators it may write. An owner has
 * two at most, so that one can be replaced while the other still works.
 *
 * The file is text, one line each, fields between tabs; '*' is everything, '-' no last day:
 *
 *     parkwatch-tokens	1
 *     7c1f09ab	<64 hex digits>	land	2026-11-25	2027-06-30	jiahe,yishan	*
 *
 * A set is immutable once it is shared; any thread. tokens_file.h has the file itself.
 */
#ifndef COLLECTORS_TOKENS_H
#define COLLECTORS_TOKENS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdatomic.h>

enum {
	TOKENS_MAX = 4096,
	TOKENS_PER_OWNER = 2,
	TOKENS_FILE_MAX = 8 << 20,
	TOKEN_LIST_MAX = 1000, /* units, indicators of one */
	TOKEN_TEXT_MAX = 128,  /* bytes of an owner, a unit, an indicator */
	TOKEN_ID = 9,
	TOKEN_BYTES = 32,
	TOKEN_SECRET = 3 + 43 + 1, /* "pw_", 32 bytes in base64url, NUL */
};

/* What may be written; an empty list is everything. */
struct token_rights {
	const char *const *units, *const *indicators;
	size_t nunits, nindicators;
};

struct token {
	char id[TOKEN_ID]; /* no secret: names it in lists and in the ledger */
	uint8_t sha256[SHA256_BYTES];
	const char *owner;
	struct date created, last_day; /* last_day.year 0: none */
	struct token_rights rights;
};

struct tokens {
	atomic_uint refs;
	struct arena arena;
	struct token *list;
	size_t n, cap;
};

/* An empty set, or what the file says. One reference. ERR_INVALID names the line, never a secret.
 */
struct tokens *tokens_new(struct err *e);
struct tokens *tokens_parse(struct slice text, struct err *e);
struct tokens *tokens_ref(struct tokens *t);
void tokens_unref(struct tokens *t); /* NULL is nothing */
void tokens_print(const struct tokens *t, struct buf *out);

bool token_is_live(const struct token *k, struct date today);
/* The live token with this secret; NULL also when it is known but over. Looks at every
 * token in any case, so that the time tells nothing. */
const struct token *tokens_find(const struct tokens *t, struct slice secret, struct date today);

/* Lists are separated by commas; NULL is everything. last_day NULL: none. */
struct token_wish {
	const char *owner, *units, *indicators, *last_day;
};

/* The secret is nowhere else from here on. ERR_INVALID, ERR_LIMIT (a third of one owner). */
int tokens_add(struct tokens *t, const struct token_wish *w, struct date today,
	       char secret[TOKEN_SECRET], struct token *out, struct err *e);
/* ERR_NOT_FOUND. */
int tokens_remove(struct tokens *t, const char *id, struct err *e);

#endif
