/* test_address.c - spellings of addresses, resolved as a connection would. */
#include "tests/lib/assert.h"

#include "loop/address.h"

#include <netdb.h>
#include <sys/un.h>

/* What getaddrinfo() makes of a spelling, as curl would ask. 0: it is no address at all. */
static int resolve(const char *text, struct sockaddr_storage *out)
{
	struct addrinfo hint = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found;

	if (getaddrinfo(text, "80", &hint, &found) != 0)
		return 0;
	memcpy(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 1;
}

struct spelling {
	const char *text;
	enum address_class class;
};

static const struct spelling spellings[] = {
	{ "127.0.0.1", ADDRESS_LOOPBACK },
	{ "127.1", ADDRESS_LOOPBACK },
	{ "127.0.1", ADDRESS_LOOPBACK },
	{ "127.255.255.254", ADDRESS_LOOPBACK },
	{ "0x7f.1", ADDRESS_LOOPBACK },
	{ "0x7f000001", ADDRESS_LOOPBACK },
	{ "0x7F.0x0.0x0.0x1", ADDRESS_LOOPBACK },
	{ "2130706433", ADDRESS_LOOPBACK },
	{ "017700000001", ADDRESS_LOOPBACK },
	{ "0177.0.0.1", ADDRESS_LOOPBACK },
	{ "0177.1", ADDRESS_LOOPBACK },
	{ "00000127.0.0.1", ADDRESS_PUBLIC }, /* octal 87: another machine, not ours */
	{ "localhost", ADDRESS_LOOPBACK },
	{ "LOCALHOST", ADDRESS_LOOPBACK },
	{ "::1", ADDRESS_LOOPBACK },
	{ "0:0:0:0:0:0:0:1", ADDRESS_LOOPBACK },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:7f00:1", ADDRESS_LOOPBACK },
	{ "0:0:0:0:0:ffff:7f00:0001", ADDRESS_LOOPBACK },
	{ "::127.0.0.1", ADDRESS_LOOPBACK },
	{ "64:ff9b::127.0.0.1", ADDRESS_LOOPBACK },
	{ "64:ff9b::a00:1", ADDRESS_PRIVATE },
	{ "2002:7f00:1::", ADDRESS_LOOPBACK },
	{ "2002:c0a8:101::1", ADDRESS_PRIVATE },
	{ "10.0.0.1", ADDRESS_PRIVATE },
	{ "10.1", ADDRESS_PRIVATE },
	{ "0xa.1", ADDRESS_PRIVATE },
	{ "167772161", ADDRESS_PRIVATE },
	{ "172.16.0.1", ADDRESS_PRIVATE },
	{ "172.31.255.255", ADDRESS_PRIVATE },
	{ "192.168.1.1", ADDRESS_PRIVATE },
	{ "192.168.257", ADDRESS_PRIVATE },
	{ "0xc0a80101", ADDRESS_PRIVATE },
	{ "::ffff:192.168.1.1", ADDRESS_PRIVATE },
	{ "100.64.0.1", ADDRESS_PRIVATE },
	{ "100.127.255.255", ADDRESS_PRIVATE },
	{ "fc00::1", ADDRESS_PRIVATE },
	{ "fdff:ffff::1", ADDRESS_PRIVATE },
	{ "fec0::1", ADDRESS_PRIVATE },
	{ "64:ff9b:1::1", ADDRESS_PRIVATE },
	{ "169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "0xa9fea9fe", ADDRESS_LINK_LOCAL },
	{ "2852039166", ADDRESS_LINK_LOCAL },
	{ "0251.0376.0251.0376", ADDRESS_LINK_LOCAL },
	{ "::ffff:169.254.169.254", ADDRESS_LINK_LOCAL },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "febf::1", ADDRESS_LINK_LOCAL },
	{ "0.0.0.0", ADDRESS_UNSPECIFIED },
	{ "0", ADDRESS_UNSPECIFIED },
	{ "0.1.2.3", ADDRESS_UNSPECIFIED },
	{ "::", ADDRESS_UNSPECIFIED },
	{ "::ffff:0.0.0.0", ADDRESS_UNSPECIFIED },
	{ "224.0.0.1", ADDRESS_MULTICAST },
	{ "239.255.255.255", ADDRESS_MULTICAST },
	{ "ff02::1", ADDRESS_MULTICAST },
	{ "255.255.255.255", ADDRESS_RESERVED },
	{ "240.0.0.1", ADDRESS_RESERVED },
	{ "192.0.2.7", ADDRESS_RESERVED },
	{ "198.18.0.1", ADDRESS_RESERVED },
	{ "198.19.255.255", ADDRESS_RESERVED },
	{ "2001:db8::1", ADDRESS_RESERVED },
	{ "2001:0:1234::1", ADDRESS_RESERVED },
	{ "100.63.255.255", ADDRESS_PUBLIC },
	{ "100.128.0.0", ADDRESS_PUBLIC },
	{ "172.15.255.255", ADDRESS_PUBLIC },
	{ "172.32.0.0", ADDRESS_PUBLIC },
	{ "126.255.255.255", ADDRESS_PUBLIC },
	{ "128.0.0.1", ADDRESS_PUBLIC },
	{ "223.255.255.255", ADDRESS_PUBLIC },
	{ "::ffff:8.8.8.8", ADDRESS_PUBLIC },
	{ "2606:4700:4700::1111", ADDRESS_PUBLIC },
	{ "240e::1", ADDRESS_PUBLIC },
};

static void every_spelling_is_judged_by_where_it_leads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const struct spelling *s = &spellings[i];
		struct sockaddr_storage at;
		enum address_class class;

		if (!resolve(s->text, &at))
			fail_msg("%s does not resolve", s->text);
		class = address_classify((struct sockaddr *)&at);
		if (class != s->class)
			fail_msg("%s is of class %d, not %d", s->text, class, s->class);
	}
}

static void a_redirect_may_only_go_to_public_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const struct spelling *s = &spellings[i];
		struct sockaddr_storage at;
		struct err e = { 0 };

		assert_true(resolve(s->text, &at));
		if (s->class == ADDRESS_PUBLIC)
			assert_ok(address_check((struct sockaddr *)&at, false, &e), &e);
		else
			assert_fails(address_check((struct sockaddr *)&at, false, &e), &e,
				     ERR_REFUSED,
				     "refused: not a public address and not the configured host");
	}
}

static int check(const char *text, bool configured, struct err *e)
{
	struct sockaddr_storage at;

	assert_true(resolve(text, &at));
	return address_check((struct sockaddr *)&at, configured, e);
}

static void the_configured_host_may_be_private_but_never_these(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_ok(check("127.0.0.1", true, &e), &e);
	assert_ok(check("::1", true, &e), &e);
	assert_ok(check("10.2.3.4", true, &e), &e);
	assert_ok(check("fd00::1", true, &e), &e);
	assert_fails(check("169.254.169.254", true, &e), &e, ERR_REFUSED,
		     "connection to 169.254.169.254 refused: a link-local address");
	assert_fails(check("fe80::1", true, &e), &e, ERR_REFUSED,
		     "connection to fe80::1 refused: a link-local address");
	assert_fails(check("0", true, &e), &e, ERR_REFUSED,
		     "connection to 0.0.0.0 refused: an unspecified address");
	assert_fails(check("224.0.0.1", true, &e), &e, ERR_REFUSED, "a multicast address");
	assert_ok(check("198.18.0.7", true, &e), &e);
}

static void the_sentence_names_the_address_not_the_spelling(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(check("0x7f.1", false, &e), -1);
	assert_string_equal(e.text, "redirect to 127.0.0.1 refused: not a public address and not "
				    "the configured host");
}

static void a_socket_file_is_no_place_for_http(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct err e = { 0 };

	(void)state;
	assert_fails(address_check((struct sockaddr *)&un, true, &e), &e, ERR_REFUSED,
		     "connection to ? refused");
}

static void addresses_print_with_and_without_port(void **state)
{
	struct sockaddr_storage at;
	char text[ADDRESS_TEXT];

	(void)state;
	assert_true(resolve("127.1", &at));
	address_text((struct sockaddr *)&at, true, text);
	assert_string_equal(text, "127.0.0.1:80");
	address_text((struct sockaddr *)&at, false, text);
	assert_string_equal(text, "127.0.0.1");
	assert_true(resolve("::1", &at));
	address_text((struct sockaddr *)&at, true, text);
	assert_string_equal(text, "[::1]:80");
	address_text((struct sockaddr *)&at, false, text);
	assert_string_equal(text, "::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_judged_by_where_it_leads),
		cmocka_unit_test(a_redirect_may_only_go_to_public_addresses),
		cmocka_unit_test(the_configured_host_may_be_private_but_never_these),
		cmocka_unit_test(the_sentence_names_the_address_not_the_spelling),
		cmocka_unit_test(a_socket_file_is_no_place_for_http),
		cmocka_unit_test(addresses_print_with_and_without_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
