/* bcrypt.c - see bcrypt.h. */
#include "base/bcrypt.h"
#include "base/alloc.h"
#include "base/secret.h"

#include <crypt.h>

/* "$2b$10$", 22 characters of salt, 31 of the hash */
enum { HASH_BYTES = 60, COST_AT = 4, SALT_AT = 7, COST_MIN = 4 };

static bool is_of_alphabet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '/';
}

int bcrypt_check(struct slice hash, struct err *e)
{
	int cost;

	if (hash.n != HASH_BYTES || !slice_starts(hash, "$2") || !strchr("aby", hash.p[2]) ||
	    !hash.p[2] || hash.p[3] != '$' || hash.p[6] != '$')
		goto bad;
	for (int i = COST_AT; i < COST_AT + 2; i++)
		if (hash.p[i] < '0' || hash.p[i] > '9')
			goto bad;
	for (size_t i = SALT_AT; i < hash.n; i++)
		if (!is_of_alphabet(hash.p[i]))
			goto bad;
	cost = (hash.p[COST_AT] - '0') * 10 + hash.p[COST_AT + 1] - '0';
	if (cost < COST_MIN || cost > BCRYPT_COST_MAX)
		return err_set(e, ERR_LIMIT, "cost %d of a bcrypt hash is not within %d and %d",
			       cost, COST_MIN, BCRYPT_COST_MAX);
	return 0;
bad:
	return err_set(e, ERR_INVALID,
		       "it is no bcrypt hash such as `htpasswd -nBC 10 USER` prints, 60 characters "
		       "beginning with $2y$");
}

bool bcrypt_fits(const char *hash, struct slice password)
{
	struct crypt_data *room = mem_zalloc(sizeof(*room));
	char *text = mem_strndup(password.p, password.n);
	const char *got = room && text ? crypt_r(text, hash, room) : NULL;
	bool fits = got && strlen(got) == HASH_BYTES && strlen(hash) == HASH_BYTES &&
		    secret_equal(got, hash, HASH_BYTES);

	if (room)
		secret_wipe(room, sizeof(*room));
	if (text)
		secret_wipe(text, password.n);
	mem_free(room);
	mem_free(text);
	return fits;
}
