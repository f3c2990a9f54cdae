/*
 * pem.h - two self-signed certificates with their keys, for tests of TLS. They open nothing.
 */
#ifndef TESTS_LIB_PEM_H
#define TESTS_LIB_PEM_H

#define PEM_A_EXPIRY_S 4128431339

static const char pem_cert_a[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBbzCCARWgAwIBAgIUEsdg9zNEP3KTM+nBTt8XiX797UUwCgYIKoZIzj0EAwIw\n"
	"DDEKMAgGA1UEAwwBYTAgFw0yNjExMjUxODI4NTlaGA8yMTAwMTAyODE4Mjg1OVow\n"
	"DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNtsEbPanB+V\n"
	"SDH//bUTYetRAzWITLiybDddzUoU8fjpW69DSx6ab2lyLjljHPQrQS7ypeq1La0S\n"
	"wBDVy6D1sQSjUzBRMB0GA1UdDgQWBBQ22kDkqk5rbiBAjIREKQrmguKtLzAfBgNV\n"
	"HSMEGDAWgBQ22kDkqk5rbiBAjIREKQrmguKtLzAPBgNVHRMBAf8EBTADAQH/MAoG\n"
	"CCqGSM49BAMCA0gAMEUCIQDddV7IHA1XfQN1FayCbWCm1b8550IBIKK3HNerNkLj\n"
	"RQIgY70637Gwj9XIIAu3yJQNWQlaoply1yWi8+ze/XvU2XQ=\n"
	"-----END CERTIFICATE-----\n";

static const char pem_key_a[] __attribute__((unused)) =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4gmPjsV3y6OxFin3\n"
	"17/V8TzoJ7j6PNQcNSpERomEzE6hRANCAATbbBGz2pwflUgx//21E2HrUQM1iEy4\n"
	"smw3Xc1KFPH46VuvQ0semm9pci45Yxz0K0Eu8qXqtS2tEsAQ1cug9bEE\n"
	"-----END PRIVATE KEY-----\n";

static const char pem_cert_b[] __attribute__((unused)) =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBcDCCARWgAwIBAgIUf/mR4PIPUDIH8R8YjUlN/wR2EYcwCgYIKoZIzj0EAwIw\n"
	"DDEKMAgGA1UEAwwBYjAgFw0yNjExMjUxODI4NTlaGA8yMTAwMTAyODE4Mjg1OVow\n"
	"DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCq9kcfWvWyP\n"
	"WcT1ceYiYKdeBMzRdPqTnBZCajYGhLELgEmFBfAPWTMzunc9j5di6wk8UQ0UtFw/\n"
	"TU32uZahPlCjUzBRMB0GA1UdDgQWBBQQ+CSVTw2aIppdxAOhP1z4X8WL/jAfBgNV\n"
	"HSMEGDAWgBQQ+CSVTw2aIppdxAOhP1z4X8WL/jAPBgNVHRMBAf8EBTADAQH/MAoG\n"
	"CCqGSM49BAMCA0kAMEYCIQCNbK9df35tIWhBorC9jTISQZmjTlEPhhgaLgCoIpCZ\n"
	"RAIhAJEcnwAGXFH3pHcOB6GuDFqNQmSRkebjnayyWzuwdlhO\n"
	"-----END CERTIFICATE-----\n";

static const char pem_key_b[] __attribute__((unused)) =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVIfb0pTS1q4D4XDN\n"
	"QJBiUb1N+bpea0ITUrf1Y8cFtgGhRANCAAQqvZHH1r1sj1nE9XHmImCnXgTM0XT6\n"
	"k5wWQmo2BoSxC4BJhQXwD1kzM7p3PY+XYusJPFENFLRcP01N9rmWoT5Q\n"
	"-----END PRIVATE KEY-----\n";

#endif
