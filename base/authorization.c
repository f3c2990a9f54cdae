/* authorization.c - see authorization.h. */
#include "base/authorization.h"
#include "base/secret.h"

#include <strings.h>

/* What follows the scheme and its blanks; empty when it is another scheme. */
static struct slice after_scheme(struct slice header, const char *scheme)
{
	size_t n = strlen(scheme);

	if (header.n <= n || strncasecmp(header.p, scheme, n) != 0 || header.p[n] != ' ')
		return slice_of("", 0);
	header = slice_skip(header, n);
	while (header.n && header.p[0] == ' ')
		header = slice_skip(header, 1);
	while (header.n && (header.p[header.n - 1] == ' ' || header.p[header.n - 1] == '\t'))
		header.n--;
	return header;
}

/* token68: letters, digits and -._~+/ with '=' only at the end. */
static bool is_token68(struct slice s)
{
	static const char other[] = "-._~+/";
	size_t end = s.n;

	while (end && s.p[end - 1] == '=')
		end--;
	for (size_t i = 0; i < end; i++) {
		char c = s.p[i], lower = (char)(c | 0x20);

		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
		    !memchr(other, c, sizeof(other) - 1))
			return false;
	}
	return end > 0;
}

bool authorization_bearer(struct slice header, struct slice *token)
{
	*token = after_scheme(header, "Bearer");
	return is_token68(*token);
}

bool authorization_basic(struct slice header, struct basic_credentials *out)
{
	struct slice all = after_scheme(header, "Basic");
	const char *colon;
	size_t n;

	if (!is_token68(all) || !base64_decode(all, out->bytes, BASIC_BYTES - 1, &n))
		return false;
	out->bytes[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out->bytes[i] < ' ' || out->bytes[i] == 0x7f)
			return false;
	colon = memchr(out->bytes, ':', n);
	if (!colon)
		return false;
	out->user = slice_of(out->bytes, (size_t)(colon - out->bytes));
	out->password = slice_of(colon + 1, n - out->user.n - 1);
	return true;
}
