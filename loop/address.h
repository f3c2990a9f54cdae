/*
 * address.h - which addresses a fetch may connect to.
 *
 * Pure functions over socket addresses, that is, after name resolution: however
 * an address was spelled, it is judged by where the connection would go. IPv4
 * inside IPv6 (mapped, compatible, NAT64, 6to4) counts as that IPv4 address. Any thread.
 */
#ifndef LOOP_ADDRESS_H
#define LOOP_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum address_class {
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE, /* RFC 1918, RFC 4193, 100.64/10, site-local */
	ADDRESS_LINK_LOCAL,
	ADDRESS_MULTICAST,
	ADDRESS_UNSPECIFIED, /* 0/8, ::, where the kernel would connect to ourselves; no IP at all
			      */
	ADDRESS_RESERVED, /* documentation, benchmarks (198.18/15: what some proxies make up), 240/4
			   */
};

enum { ADDRESS_TEXT = 64 };

enum address_class address_classify(const struct sockaddr *sa);

/* The host somebody configured may be anything a server can have. What a redirect names may
 * only be public. ERR_REFUSED: "redirect to 127.0.0.1 refused: not a public address and not
 * the configured host". */
int address_check(const struct sockaddr *sa, bool configured, struct err *e);

/* "127.0.0.1:80", "[::1]:80"; without the port "127.0.0.1", "::1". */
void address_text(const struct sockaddr *sa, bool with_port, char out[ADDRESS_TEXT]);

#endif
