/*
 * err.h - an error is a code for the program and a sentence for a person.
 *
 * A function that can fail returns 0 or -1 (or NULL) and takes a `struct err *`
 * last. It fills the error where it happens; a caller that knows more puts it in
 * front with err_wrap(); it is logged once, where it is handled:
 *
 *     query failed: series 812, chunk at 2024-03-01: cut off after 37 of 120 samples
 *
 * The error lives on the caller's stack. It may be NULL where nobody asks why.
 * No function here allocates; text that does not fit is cut at a character, control bytes
 * become '?', so that a sentence is one line whatever it quotes.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_INVALID, /* malformed or impossible input */
	ERR_LIMIT,   /* a stated limit was reached */
	ERR_ORDER,   /* times out of order */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_IO,      /* the operating system said no */
	ERR_FULL,    /* no space left on the disk or in the map */
	ERR_CORRUPT, /* a checksum or a structure on disk is wrong */
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_REFUSED, /* policy forbids it: address, scheme, permission */
	ERR_NET,     /* the other side or the way there failed */
	ERR_MEMORY,
	ERR_BUSY, /* a queue is full; later may work */
	ERR_UNSUPPORTED,
};

struct err {
	enum err_code code; /* what a caller may branch on */
	char text[240];     /* what a person reads */
};

/* Both return -1, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of what `e` holds, keeping its code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set(), with ": " and the system's text for `errnum` behind. ENOSPC and
 * EDQUOT become ERR_FULL, ENOMEM ERR_MEMORY, ENOENT ERR_NOT_FOUND, else ERR_IO. */
int err_sys(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* The analyser sees one file at a time and would not know that these return -1. */
#define err_set(...)  (err_set(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#define err_sys(...)  (err_sys(__VA_ARGS__), -1)
#endif

/* A short stable word for metrics and logs: "limit", "not_found", … */
const char *err_code_name(enum err_code code);

#endif
