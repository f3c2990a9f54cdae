/*
 * fuzz_web_config.c - any bytes as the file of TLS and passwords.
 *
 * It is taken exactly when nothing is said of it, and then it is whole: TLS has its files,
 * versions are in order, each user has a hash that libcrypt can use.
 */
#include "base/bcrypt.h"
#include "daemon/web_config.h"
#include "tests/fuzz/fuzz.h"

static struct memory_file file;

static void must_be_whole(const struct web_config *c)
{
	struct err e;

	if (c->tls) {
		MUST(c->cert_file && *c->cert_file && c->key_file && *c->key_file);
		MUST(c->min <= c->max);
		MUST((c->client == TLS_CLIENT_NONE) == !c->client_ca_file);
	}
	for (size_t i = 0; i < c->nusers; i++) {
		MUST(*c->users[i].name && !strchr(c->users[i].name, ':'));
		MUST(bcrypt_check(slice_str(c->users[i].hash), &e) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct web_config c;
	struct arena a;
	struct diags d;
	int rc;

	memory_file_write(&file, slice_of((const char *)data, n));
	arena_init(&a, 64 << 20);
	diags_init(&d, &a, 50);
	rc = web_config_read(file.path, &a, &d, &c);
	MUST((rc == 0) == (d.n + d.left_out == 0));
	must_be_complaints(&d);
	if (rc == 0)
		must_be_whole(&c);
	arena_release(&a);
	return 0;
}
