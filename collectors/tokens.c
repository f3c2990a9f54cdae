/*
 * tokens.c - see tokens.h.
 *
 * A line that is wrong makes the whole file wrong: half of the rights would be a
 * guess. No sentence quotes the field of the hash, where somebody may have put a
 * token by mistake.
 */
#include "collectors/tokens.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>

enum { ARENA_BYTES = 64 << 20, ID_BYTES = 4 };

static const char prefix[] = "pw_";
static const char heading[] = "parkwatch-tokens\t1";

struct tokens *tokens_new(struct err *e)
{
	struct tokens *t = mem_zalloc(sizeof(*t));

	if (!t) {
		err_set(e, ERR_MEMORY, "no memory for the tokens");
		return NULL;
	}
	atomic_init(&t->refs, 1);
	arena_init(&t->arena, ARENA_BYTES);
	return t;
}

struct tokens *tokens_ref(struct tokens *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void tokens_unref(struct tokens *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	arena_release(&t->arena);
	mem_free(t);
}

static int add(struct tokens *t, const struct token *k, struct err *e)
{
	struct token *list = arena_grow(&t->arena, t->list, t->n, &t->cap, t->n + 1, sizeof(*list));

	if (!list)
		return err_set(e, ERR_MEMORY, "no memory for the tokens");
	t->list = list;
	t->list[t->n++] = *k;
	return 0;
}

/* --- fields ---------------------------------------------------------------------------- */

/* Takes what is before `end` off the front of *rest; all of it when there is none. */
static struct slice take(struct slice *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct slice item = slice_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = slice_skip(*rest, item.n + (at ? 1 : 0));
	return item;
}

static const char *text_fault(struct slice s, bool in_list)
{
	if (!s.n || s.n > TOKEN_TEXT_MAX)
		return "has no character, or more than 128 bytes";
	if (utf8_bad_at(s) >= 0)
		return "is not UTF-8";
	if (!slice_eq(text_trim(s), s))
		return "has blanks around it";
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return "has a control character";
	if (in_list && (memchr(s.p, ',', s.n) || memchr(s.p, '*', s.n)))
		return "has a character that no id has";
	return NULL;
}

static int read_text(struct tokens *t, struct slice s, const char *what, bool in_list,
		     const char **out, struct err *e)
{
	const char *fault = text_fault(s, in_list);
	char shown[TEXT_SHOWN];

	if (fault)
		return err_set(e, ERR_INVALID, "%s %s %s", what, text_shown(s, shown), fault);
	*out = arena_strndup(&t->arena, s.p, s.n);
	return *out ? 0 : err_set(e, ERR_MEMORY, "no memory for the tokens");
}

static size_t count_of(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* "*", or names between commas. */
static int read_list(struct tokens *t, struct slice s, const char *what, const char *const **out,
		     size_t *n, struct err *e)
{
	size_t all = count_of(s, ',') + 1;
	const char **list;

	*out = NULL;
	*n = 0;
	if (slice_is(s, "*"))
		return 0;
	if (all > TOKEN_LIST_MAX)
		return err_set(e, ERR_LIMIT, "%zu of %s, more than %d", all, what, TOKEN_LIST_MAX);
	list = arena_array(&t->arena, all, sizeof(*list));
	if (!list)
		return err_set(e, ERR_MEMORY, "no memory for the tokens");
	for (size_t i = 0; i < all; i++)
		if (read_text(t, take(&s, ','), what, true, &list[i], e) < 0)
			return -1;
	*out = list;
	*n = all;
	return 0;
}

static int read_last_day(struct slice s, struct date *out, struct err *e)
{
	*out = (struct date){ 0 };
	if (slice_is(s, "-"))
		return 0;
	return date_parse(s, out, e) < 0 ? err_wrap(e, "last day") : 0;
}

static int read_id(struct slice s, char out[TOKEN_ID], struct err *e)
{
	char shown[TEXT_SHOWN];

	if (s.n != TOKEN_ID - 1)
		goto bad;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789abcdef", s.p[i]))
			goto bad;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return 0;
bad:
	return err_set(e, ERR_INVALID, "id %s is not 8 digits 0-9a-f", text_shown(s, shown));
}

/* --- the file's text ---------------------------------------------------------------------- */

static int read_line(struct tokens *t, struct slice line, struct token *k, struct err *e)
{
	struct slice rest = line;

	*k = (struct token){ .owner = NULL };
	if (count_of(line, '\t') != 6)
		return err_set(e, ERR_INVALID,
			       "id, hash, owner, day made, last day, units and indicators are "
			       "wanted, between tabs");
	if (read_id(take(&rest, '\t'), k->id, e) < 0)
		return -1;
	if (!sha256_parse(take(&rest, '\t'), k->sha256))
		return err_set(e, ERR_INVALID, "the hash is not 64 digits 0-9a-f");
	if (read_text(t, take(&rest, '\t'), "owner", false, &k->owner, e) < 0)
		return -1;
	if (date_parse(take(&rest, '\t'), &k->created, e) < 0)
		return err_wrap(e, "day made");
	if (read_last_day(take(&rest, '\t'), &k->last_day, e) < 0)
		return -1;
	if (read_list(t, take(&rest, '\t'), "units", &k->rights.units, &k->rights.nunits, e) < 0)
		return -1;
	return read_list(t, rest, "indicators", &k->rights.indicators, &k->rights.nindicators, e);
}

struct reader {
	struct tokens *tokens;
	struct map ids, hashes; /* of what was read */
};

static int read_one(struct reader *r, struct slice line, struct err *e)
{
	struct slice id, hash;
	struct token *k;

	if (r->tokens->n == TOKENS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d tokens", TOKENS_MAX);
	/* Alone, as the keys of the maps point into it. */
	k = arena_new(&r->tokens->arena, struct token);
	if (!k)
		return err_set(e, ERR_MEMORY, "no memory for the tokens");
	if (read_line(r->tokens, line, k, e) < 0)
		return -1;
	id = slice_str(k->id);
	hash = slice_of((const char *)k->sha256, SHA256_BYTES);
	if (map_get(&r->ids, id) || map_get(&r->hashes, hash))
		return err_set(e, ERR_INVALID, "token %s is there twice", k->id);
	if (map_put(&r->ids, id, k, e) < 0 || map_put(&r->hashes, hash, k, e) < 0)
		return -1;
	return add(r->tokens, k, e);
}

static int read_all(struct reader *r, struct slice text, struct err *e)
{
	unsigned line = 1;

	if (text.n > TOKENS_FILE_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d MiB", TOKENS_FILE_MAX >> 20);
	if (!slice_ends(text, "\n"))
		return err_set(e, ERR_INVALID, "the last line has no end: it was cut off");
	if (!slice_is(take(&text, '\n'), heading))
		return err_set(e, ERR_UNSUPPORTED,
			       "line 1: it does not begin with \"parkwatch-tokens\", a tab and 1");
	while (text.n) {
		line++;
		if (read_one(r, take(&text, '\n'), e) < 0)
			return err_wrap(e, "line %u", line);
	}
	return 0;
}

struct tokens *tokens_parse(struct slice text, struct err *e)
{
	struct reader r = { .tokens = tokens_new(e) };
	int rc;

	if (!r.tokens)
		return NULL;
	map_init(&r.ids);
	map_init(&r.hashes);
	rc = read_all(&r, text, e);
	map_release(&r.ids);
	map_release(&r.hashes);
	if (rc == 0)
		return r.tokens;
	tokens_unref(r.tokens);
	return NULL;
}

static void print_list(const char *const *list, size_t n, struct buf *out)
{
	if (!n)
		buf_putc(out, '*');
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i ? "," : "");
		buf_puts(out, list[i]);
	}
}

void tokens_print(const struct tokens *t, struct buf *out)
{
	buf_printf(out, "%s\n", heading);
	for (size_t i = 0; i < t->n; i++) {
		const struct token *k = &t->list[i];
		char hash[SHA256_HEX], created[DATE_TEXT], last[DATE_TEXT];

		buf_printf(out, "%s\t%s\t%s\t%s\t%s\t", k->id, sha256_hex(k->sha256, hash),
			   k->owner, date_print(k->created, created),
			   k->last_day.year ? date_print(k->last_day, last) : "-");
		print_list(k->rights.units, k->rights.nunits, out);
		buf_putc(out, '\t');
		print_list(k->rights.indicators, k->rights.nindicators, out);
		buf_putc(out, '\n');
	}
}

/* --- looking ------------------------------------------------------------------------------- */

bool token_is_live(const struct token *k, struct date today)
{
	return !k->last_day.year || date_cmp(today, k->last_day) <= 0;
}

const struct token *tokens_find(const struct tokens *t, struct slice secret, struct date today)
{
	const struct token *found = NULL;
	uint8_t hash[SHA256_BYTES];

	sha256_of(secret, hash);
	for (size_t i = 0; i < t->n; i++)
		if (secret_equal(t->list[i].sha256, hash, SHA256_BYTES))
			found = &t->list[i];
	return found && token_is_live(found, today) ? found : NULL;
}

/* --- changes -------------------------------------------------------------------------------- */

static struct token *by_id(struct tokens *t, const char *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].id, id) == 0)
			return &t->list[i];
	return NULL;
}

static int check_room(const struct tokens *t, const char *owner, struct date today, struct err *e)
{
	const struct token *live[TOKENS_PER_OWNER];
	char shown[TEXT_SHOWN];
	int n = 0;

	if (t->n == TOKENS_MAX)
		return err_set(e, ERR_LIMIT,
			       "there are %d tokens, no more are possible: revoke those that are "
			       "over",
			       TOKENS_MAX);
	for (size_t i = 0; i < t->n && n < TOKENS_PER_OWNER; i++)
		if (strcmp(t->list[i].owner, owner) == 0 && token_is_live(&t->list[i], today))
			live[n++] = &t->list[i];
	if (n < TOKENS_PER_OWNER)
		return 0;
	return err_set(e, ERR_LIMIT,
		       "%s has two live tokens, %s and %s: one works while the other is replaced; "
		       "revoke one before a third is made",
		       text_shown(slice_str(owner), shown), live[0]->id, live[1]->id);
}

static void make_id(struct tokens *t, char out[TOKEN_ID])
{
	uint8_t raw[ID_BYTES];

	do {
		secret_random(raw, sizeof(raw));
		snprintf(out, TOKEN_ID, "%02x%02x%02x%02x", raw[0], raw[1], raw[2], raw[3]);
	} while (by_id(t, out));
}

static void make_secret(char out[TOKEN_SECRET])
{
	uint8_t raw[TOKEN_BYTES];

	secret_random(raw, sizeof(raw));
	memcpy(out, prefix, sizeof(prefix) - 1);
	base64_url(raw, sizeof(raw), out + sizeof(prefix) - 1);
	secret_wipe(raw, sizeof(raw));
}

int tokens_add(struct tokens *t, const struct token_wish *w, struct date today,
	       char secret[TOKEN_SECRET], struct token *out, struct err *e)
{
	struct token k = { .created = today };
	struct slice units = slice_str(w->units ? w->units : "*");
	struct slice indicators = slice_str(w->indicators ? w->indicators : "*");
	char day[DATE_TEXT];

	if (read_text(t, slice_str(w->owner), "owner", false, &k.owner, e) < 0 ||
	    read_list(t, units, "units", &k.rights.units, &k.rights.nunits, e) < 0 ||
	    read_list(t, indicators, "indicators", &k.rights.indicators, &k.rights.nindicators, e) <
		    0)
		return -1;
	if (w->last_day && read_last_day(slice_str(w->last_day), &k.last_day, e) < 0)
		return -1;
	if (!token_is_live(&k, today))
		return err_set(e, ERR_INVALID, "the last day is over: today is %s",
			       date_print(today, day));
	if (check_room(t, k.owner, today, e) < 0)
		return -1;
	make_id(t, k.id);
	make_secret(secret);
	sha256_of(slice_str(secret), k.sha256);
	*out = k;
	return add(t, &k, e);
}

int tokens_remove(struct tokens *t, const char *id, struct err *e)
{
	struct token *k = by_id(t, id);
	char shown[TEXT_SHOWN];

	if (!k)
		return err_set(e, ERR_NOT_FOUND, "there is no token %s",
			       text_shown(slice_str(id), shown));
	memmove(k, k + 1, (size_t)(t->list + t->n - (k + 1)) * sizeof(*k));
	t->n--;
	return 0;
}
