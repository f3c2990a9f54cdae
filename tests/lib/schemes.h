/*
 * schemes.h - URLs of every scheme that somebody might try instead of http: what curl could speak,
 * what browsers and Java have, and one that nobody has.
 */
#ifndef TESTS_LIB_SCHEMES_H
#define TESTS_LIB_SCHEMES_H

static const struct {
	const char *scheme, *url; /* the scheme as it is named in the refusal */
} other_schemes[] = {
	{ "file", "file:///etc/passwd" },
	{ "file", "file://localhost/etc/passwd" },
	{ "file", "file:/etc/passwd" },
	{ "ftp", "ftp://127.0.0.1/land.csv" },
	{ "ftps", "ftps://127.0.0.1/land.csv" },
	{ "gopher", "gopher://127.0.0.1:70/1" },
	{ "gophers", "gophers://127.0.0.1:70/1" },
	{ "dict", "dict://127.0.0.1:2628/show:server" },
	{ "smb", "smb://127.0.0.1/share/land.csv" },
	{ "smbs", "smbs://127.0.0.1/share/land.csv" },
	{ "ldap", "ldap://127.0.0.1/dc=example" },
	{ "ldaps", "ldaps://127.0.0.1/dc=example" },
	{ "tftp", "tftp://127.0.0.1/land.csv" },
	{ "scp", "scp://127.0.0.1/land.csv" },
	{ "sftp", "sftp://127.0.0.1/land.csv" },
	{ "imap", "imap://127.0.0.1/INBOX" },
	{ "imaps", "imaps://127.0.0.1/INBOX" },
	{ "pop3", "pop3://127.0.0.1/1" },
	{ "pop3s", "pop3s://127.0.0.1/1" },
	{ "smtp", "smtp://127.0.0.1/land.example" },
	{ "smtps", "smtps://127.0.0.1/land.example" },
	{ "rtsp", "rtsp://127.0.0.1/land" },
	{ "rtmp", "rtmp://127.0.0.1/land" },
	{ "telnet", "telnet://127.0.0.1:23" },
	{ "mqtt", "mqtt://127.0.0.1/land" },
	{ "ws", "ws://127.0.0.1/land" },
	{ "wss", "wss://127.0.0.1/land" },
	{ "nfs", "nfs://127.0.0.1/land.csv" },
	{ "ssh", "ssh://127.0.0.1/" },
	{ "git", "git://127.0.0.1/land" },
	{ "unix", "unix:///run/land.sock" },
	{ "http+unix", "http+unix://%2Frun%2Fland.sock/" },
	{ "socks5", "socks5://127.0.0.1:1080" },
	{ "netdoc", "netdoc:///etc/passwd" },
	{ "jar", "jar:http://127.0.0.1/land.jar!/land.csv" },
	{ "php", "php://filter/resource=/etc/passwd" },
	{ "expect", "expect://id" },
	{ "phar", "phar://land.phar" },
	{ "data", "data:text/csv,park%2Cvalue" },
	{ "data", "data:text/csv;base64,cGFyaw==" },
	{ "javascript", "javascript:alert(1)" },
	{ "vbscript", "vbscript:msgbox(1)" },
	{ "blob", "blob:http://127.0.0.1/1" },
	{ "about", "about:blank" },
	{ "view-source", "view-source:http://127.0.0.1/" },
	{ "mailto", "mailto:land@example" },
	{ "urn", "urn:land" },
	{ "httpx", "httpx://127.0.0.1/" },
	{ "h2", "h2://127.0.0.1/" },
	{ "x-nobody.knows+1", "x-nobody.knows+1://127.0.0.1/" },
};

enum { OTHER_SCHEMES = sizeof(other_schemes) / sizeof(other_schemes[0]) };

#endif
