/*
 * address.c - see address.h.
 *
 * Two tables of networks, IPv4 and IPv6, first match wins. What no row names is
 * public. Sources: IANA's special-purpose address registries (RFC 6890, RFC 8190).
 */
#include "loop/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct network4 {
	uint8_t net[4];
	unsigned bits;
	enum address_class class;
};

static const struct network4 networks4[] = {
	{ { 0, 0, 0, 0 }, 8, ADDRESS_UNSPECIFIED },
	{ { 10, 0, 0, 0 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64, 0, 0 }, 10, ADDRESS_PRIVATE },
	{ { 127, 0, 0, 0 }, 8, ADDRESS_LOOPBACK },
	{ { 169, 254, 0, 0 }, 16, ADDRESS_LINK_LOCAL },
	{ { 172, 16, 0, 0 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 0, 2, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 88, 99, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 168, 0, 0 }, 16, ADDRESS_PRIVATE },
	{ { 198, 18, 0, 0 }, 15, ADDRESS_RESERVED },
	{ { 198, 51, 100, 0 }, 24, ADDRESS_RESERVED },
	{ { 203, 0, 113, 0 }, 24, ADDRESS_RESERVED },
	{ { 224, 0, 0, 0 }, 4, ADDRESS_MULTICAST },
	{ { 240, 0, 0, 0 }, 4, ADDRESS_RESERVED },
};

struct network6 {
	uint8_t net[16];
	unsigned bits;
	enum address_class class;
	unsigned v4_at; /* where an IPv4 address lies inside; 0: nowhere */
};

static const struct network6 networks6[] = {
	{ { 0 }, 128, ADDRESS_UNSPECIFIED, 0 },
	{ { [15] = 1 }, 128, ADDRESS_LOOPBACK, 0 },
	{ { [10] = 0xff, 0xff }, 96, ADDRESS_PUBLIC, 12 },         /* mapped */
	{ { 0 }, 96, ADDRESS_PUBLIC, 12 },                         /* compatible */
	{ { [8] = 0xff, 0xff }, 96, ADDRESS_PUBLIC, 12 },          /* translated, RFC 2765 */
	{ { 0, 0x64, 0xff, 0x9b }, 96, ADDRESS_PUBLIC, 12 },       /* NAT64 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, ADDRESS_PRIVATE, 0 }, /* local NAT64 */
	{ { 0x20, 0x02 }, 16, ADDRESS_PUBLIC, 2 },                 /* 6to4 */
	{ { 0x20, 0x01, 0, 0 }, 32, ADDRESS_RESERVED, 0 },         /* Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_RESERVED, 0 },   /* documentation */
	{ { 0x01, 0x00 }, 64, ADDRESS_RESERVED, 0 },               /* discard */
	{ { 0xfc }, 7, ADDRESS_PRIVATE, 0 },
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL, 0 },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE, 0 }, /* site-local */
	{ { 0xff }, 8, ADDRESS_MULTICAST, 0 },
};

static bool prefix_equal(const uint8_t *a, const uint8_t *net, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, net, bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] ^ net[bytes]) >> (8 - rest) == 0;
}

static enum address_class classify4(const uint8_t a[4])
{
	for (size_t i = 0; i < sizeof(networks4) / sizeof(networks4[0]); i++) {
		const struct network4 *n = &networks4[i];

		if (prefix_equal(a, n->net, n->bits))
			return n->class;
	}
	return ADDRESS_PUBLIC;
}

static enum address_class classify6(const uint8_t a[16])
{
	for (size_t i = 0; i < sizeof(networks6) / sizeof(networks6[0]); i++) {
		const struct network6 *n = &networks6[i];

		if (prefix_equal(a, n->net, n->bits))
			return n->v4_at ? classify4(a + n->v4_at) : n->class;
	}
	return ADDRESS_PUBLIC;
}

enum address_class address_classify(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		return classify4((const uint8_t *)&in->sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		return classify6(in6->sin6_addr.s6_addr);
	}
	return ADDRESS_UNSPECIFIED;
}

static const char *never_allowed(enum address_class class)
{
	switch (class) {
	case ADDRESS_LINK_LOCAL:
		return "a link-local address";
	case ADDRESS_MULTICAST:
		return "a multicast address";
	case ADDRESS_UNSPECIFIED:
		return "an unspecified address";
	default:
		return NULL;
	}
}

int address_check(const struct sockaddr *sa, bool configured, struct err *e)
{
	enum address_class class = address_classify(sa);
	const char *never = never_allowed(class);
	char text[ADDRESS_TEXT];

	if (class == ADDRESS_PUBLIC || (configured && !never))
		return 0;
	address_text(sa, false, text);
	if (configured)
		return err_set(e, ERR_REFUSED, "connection to %s refused: %s", text, never);
	return err_set(e, ERR_REFUSED,
		       "redirect to %s refused: not a public address and not the configured host",
		       text);
}

void address_text(const struct sockaddr *sa, bool with_port, char out[ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		if (with_port)
			snprintf(out, ADDRESS_TEXT, "%s:%u", host, ntohs(in->sin_port));
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		if (with_port)
			snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		with_port = false;
	}
	if (!with_port)
		snprintf(out, ADDRESS_TEXT, "%s", host);
}
