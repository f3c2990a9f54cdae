/* bearer.c - see bearer.h. */
#include "daemon/bearer.h"

#include "base/authorization.h"
#include "base/counter.h"

#include <strings.h>

static const char *const *copy_list(struct arena *a, const char *const *list, size_t n)
{
	const char **to = arena_array(a, n + 1, sizeof(*to));

	for (size_t i = 0; to && i < n; i++)
		if (!(to[i] = arena_strdup(a, list[i])))
			return NULL;
	return to;
}

static int copy_holder(const struct token *k, struct arena *a, struct bearer *out, struct err *e)
{
	*out = (struct bearer){
		.id = arena_strdup(a, k->id),
		.owner = arena_strdup(a, k->owner),
		.units = copy_list(a, k->rights.units, k->rights.nunits),
		.indicators = copy_list(a, k->rights.indicators, k->rights.nindicators),
		.nunits = k->rights.nunits,
		.nindicators = k->rights.nindicators,
	};
	if (out->id && out->owner && out->units && out->indicators)
		return 1;
	return err_set(e, ERR_MEMORY, "no memory for this request");
}

/* The server asks for no password when the scheme is this one: whatever follows it. */
static bool is_of_scheme(struct slice header)
{
	return header.n >= 6 && strncasecmp(header.p, "Bearer", 6) == 0;
}

int bearer_find(struct token_book *book, int64_t mono_ms, struct date today, struct slice header,
		struct arena *a, struct bearer *out, struct err *e)
{
	const struct token *k;
	struct tokens *tokens;
	struct slice secret;
	int rc;

	if (!is_of_scheme(header))
		return 0;
	tokens = token_book_get(book, mono_ms, e);
	if (!tokens)
		/* Why stands in the log: it names files of ours. */
		return err_set(e, ERR_BUSY, "the tokens cannot be read at the moment");
	k = authorization_bearer(header, &secret) ? tokens_find(tokens, secret, today) : NULL;
	if (k) {
		rc = copy_holder(k, a, out, e);
	} else {
		counter_add(C_SUBMIT_REFUSED_AUTH, 1);
		rc = err_set(e, ERR_REFUSED, "this token is not known, or not any more");
	}
	tokens_unref(tokens);
	return rc;
}
