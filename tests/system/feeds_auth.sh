#!/usr/bin/env bash
# Feeds that say who they are: tokens, passwords, certificates, a proxy; and servers that are not who they should be.
. tests/system/lib.sh
need openssl
need python3
need jq

pki=$tmp/pki
mkdir "$pki"
cat >"$pki/ca.cnf" <<C
[ca]
default_ca = d
[d]
dir = $pki
database = $pki/index.txt
new_certs_dir = $pki
serial = $pki/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
C
: >"$pki/index.txt" && echo 01 >"$pki/serial"
# certificate NAME ALTERNATIVE-NAMES [option...]: signed by our authority
certificate() {
	local name=$1 names=$2
	shift 2
	openssl req -newkey rsa:2048 -nodes -keyout "$pki/$name.key" -out "$pki/$name.csr" -subj "/CN=$name" &&
		openssl ca -batch -config "$pki/ca.cnf" -in "$pki/$name.csr" -cert "$pki/ca.pem" -keyfile "$pki/ca.key" -notext \
			-extfile <(printf 'subjectAltName=%s' "$names") -out "$pki/$name.pem" "$@"
}
self() { openssl req -x509 -newkey rsa:2048 -nodes -keyout "$pki/$1.key" -out "$pki/$1.pem" -days 5 -subj "/CN=$1" "${@:2}"; }
{
	self ca && self self -addext 'subjectAltName=IP:127.0.0.1' && certificate good IP:127.0.0.1 -days 5 &&
		certificate client DNS:client -days 5 && certificate stranger DNS:stat.example -days 5 &&
		certificate expired IP:127.0.0.1 -startdate 200101000000Z -enddate 200201000000Z
} >"$tmp/openssl.log" 2>&1 || { not_ok "certificates are made" "$(tail "$tmp/openssl.log")"; exit 1; }
openssl rsa -aes128 -passout pass:x -in "$pki/client.key" -out "$pki/locked.key" 2>/dev/null

python3 tests/system/feeds_auth.py "$pki" "$tmp/asked" "$tmp/ports" 2>>"$tmp/servers.log" &
pids+=($!)
wait_for 20 test -s "$tmp/ports" || { not_ok "the servers start" "$(cat "$tmp/servers.log")"; exit 1; }
declare -A at
while read -r name number; do at[$name]=$number; done <"$tmp/ports"

printf 'geheim-one\n' >"$tmp/token"
printf 'geheim-sesame' >"$tmp/password"
printf 'geheim-key\r\n' >"$tmp/key"
feed() { # NAME URL [key: value...]
	echo "  - {name: $1, url: '$2', format: prometheus, every: 1s, jitter: 0, backoff_max: 1s, timeout: 5s"
	shift 2
	for key; do echo "    , $key"; done
	echo "    }"
}
trust="tls_config: {ca_file: pki/ca.pem}"
shown="cert_file: pki/client.pem, key_file: pki/client.key"
{
	echo feeds:
	feed bearer "https://127.0.0.1:${at[good]}/bearer" "$trust" 'authorization: {credentials_file: token}'
	feed inline "https://127.0.0.1:${at[good]}/inline" "$trust" 'authorization: {type: Token, credentials: geheim-inline}'
	feed basic "https://127.0.0.1:${at[good]}/basic" "$trust" 'basic_auth: {username: anna, password_file: password}'
	feed header "https://127.0.0.1:${at[good]}/header" "$trust" 'http_headers: {X-Api-Key: {files: [key]}}'
	feed post "https://127.0.0.1:${at[good]}/post" "$trust" 'method: POST' "body: '{\"a\": [1]}'" 'content_type: application/json'
	feed redirect "https://127.0.0.1:${at[good]}/redirect" "$trust" 'redirects: 3' 'authorization: {credentials_file: token}'
	feed shown "https://127.0.0.1:${at[wants]}/shown" "tls_config: {ca_file: pki/ca.pem, $shown}"
	feed unshown "https://127.0.0.1:${at[wants]}/unshown" "$trust"
	feed locked "https://127.0.0.1:${at[wants]}/locked" 'tls_config: {ca_file: pki/ca.pem, cert_file: pki/client.pem, key_file: pki/locked.key}'
	feed named "https://127.0.0.1:${at[stranger]}/named" 'tls_config: {ca_file: pki/ca.pem, server_name: stat.example}'
	feed tunnel "https://127.0.0.1:${at[good]}/tunnel" "$trust" "proxy_url: 'http://127.0.0.1:${at[proxy]}'" 'authorization: {credentials_file: token}'
	feed through "http://127.0.0.1:${at[plain]}/through" "proxy_url: 'http://127.0.0.1:${at[proxy]}'"
	feed closed "https://127.0.0.1:${at[good]}/closed" "$trust" "proxy_url: 'http://127.0.0.1:${at[closed]}'"
	feed around "https://127.0.0.1:${at[good]}/redirect" "$trust" "proxy_url: 'http://127.0.0.1:${at[proxy]}'" 'redirects: 3'
	feed missing "https://127.0.0.1:${at[good]}/missing" "$trust" 'authorization: {credentials_file: nowhere}'
	feed unknown "https://127.0.0.1:${at[good]}/unknown"
	for name in expired stranger self tls10 tls11; do feed "$name" "https://127.0.0.1:${at[$name]}/$name" "$trust"; done
} >"$tmp/ours.yaml"
# lib.sh asks the daemon over http: these are for the daemon alone.
https_proxy=http://127.0.0.1:${at[unasked]} HTTPS_PROXY=http://127.0.0.1:${at[unasked]} start_daemon "$tmp/ours.yaml"

metric() { get "http://127.0.0.1:$port/metrics" | grep -F "$1"; }
is_up() { metric "parkwatch_feed_up{feed=\"$1\"} 1"; }
asked() { { jq -c "select($1)" "$tmp/asked" || true; } | grep .; }
comes() { # WHAT FEED JQ-CONDITION
	wait_for 20 is_up "$2" && wait_for 10 asked "$3" && ok "$1" || not_ok "$1" "$(grep "feed=$2 " "$tmp/parkwatch.log" | tail -3; grep "/$2 " "$tmp/asked" | tail -1)"
}
fails() { # WHAT FEED SENTENCE
	said() { grep "feed=$1 " "$tmp/parkwatch.log" | grep "$2"; }
	wait_for 20 said "$2" "$3" && wait_for 10 metric "parkwatch_feed_up{feed=\"$2\"} 0" && ok "$1" ||
		not_ok "$1" "$(grep "feed=$2 " "$tmp/parkwatch.log" | tail -3)"
}

comes "a token is shown" bearer '.line == "GET /bearer HTTP/1.1" and .headers.authorization == "Bearer geheim-one"'
comes "one in the configuration, with its word" inline '.headers.authorization == "Token geheim-inline"'
comes "user and password" basic ".headers.authorization == \"Basic $(printf 'anna:geheim-sesame' | base64)\""
comes "a secret header, without its line end" header '.line == "GET /header HTTP/1.1" and .headers["x-api-key"] == "geheim-key"'
comes "a POST with its body" post '.line == "POST /post HTTP/1.1" and .body == "{\"a\": [1]}" and .headers["content-type"] == "application/json"'
comes "a certificate is shown to who wants one" shown '.server == "wants" and .line == "GET /shown HTTP/1.1"'
comes "a server of another name is asked under its own" named ".server == \"stranger\" and .headers.host == \"127.0.0.1:${at[stranger]}\""
comes "a proxy is asked for a way" tunnel ".server == \"proxy\" and .line == \"CONNECT 127.0.0.1:${at[good]} HTTP/1.1\" and (.headers.authorization | not)"
comes "through which the token goes" tunnel '.server == "good" and .line == "GET /tunnel HTTP/1.1" and .headers.authorization == "Bearer geheim-one"'
comes "or for the document itself" through ".server == \"proxy\" and .line == \"GET http://127.0.0.1:${at[plain]}/through HTTP/1.1\""
fails "a proxy that refuses is said to" closed 'the proxy answered HTTP status 403'
fails "who shows no certificate is not served" unshown 'certificate required'
fails "a key with a password is not asked for it" locked 'cannot be shown'
fails "a missing file is named" missing 'nowhere: cannot be opened: No such file'
fails "a redirect to another port is refused" redirect 'redirect to 127.0.0.1 refused'
fails "and behind a proxy one to anybody else" around 'behind a proxy only the configured host is asked'
fails "an authority that is not trusted" unknown 'is refused: '
fails "a certificate that has expired" expired 'is refused: certificate has expired'
fails "a certificate of another name" stranger 'no alternative certificate subject name matches'
fails "a certificate that is its own authority" self 'is refused: self-signed'
fails "TLS 1.0" tls10 'protocol version'
fails "TLS 1.1" tls11 'protocol version'
for name in expired self tls10 tls11 other unasked; do
	asked ".server == \"$name\"" >/dev/null && not_ok "$name was asked nothing" "$(jq -c "select(.server == \"$name\")" "$tmp/asked" | tail -3)" ||
		ok "$name was asked nothing"
done

printf 'geheim-two\n' >"$tmp/token"
check "a new secret is shown from the next attempt on" wait_for 20 asked '.line == "GET /bearer HTTP/1.1" and .headers.authorization == "Bearer geheim-two"'
rm "$tmp/password"
fails "a secret that is gone fails the attempt" basic 'password: cannot be opened'

for path in metrics api/v1/status/config api/v1/status/flags api/v1/status/runtimeinfo api/v1/targets api/v1/feeds / feeds targets status config; do
	curl -s --max-time 60 "http://127.0.0.1:$port/$path" >>"$tmp/pages"
done
coded=$(printf 'anna:geheim-sesame' | base64)
[ -s "$tmp/pages" ] && ! grep -qE "geheim|$coded" "$tmp/pages" && ok "no secret is on a page" ||
	not_ok "no secret is on a page" "$(grep -E "geheim|$coded" "$tmp/pages")"
# --- memory, as a core file would have it: what is no longer used has left nothing behind
in_memory() { printf %s "$1" | python3 tests/system/memory.py "$daemon"; }
in_memory geheim-inline
readable=$?
gone() { in_memory "$1"; [ $? = 1 ]; }
if [ $readable = 3 ]; then
	skip "memory of another process cannot be read here"
else
	[ $readable = 0 ] && ok "a secret of the configuration is in memory, so the search finds" ||
		not_ok "a secret of the configuration is in memory, so the search finds"
	for secret in geheim-one geheim-sesame "$coded"; do
		check "one that was replaced or removed is not ($secret)" wait_for 10 gone "$secret"
	done
fi
check "no core file is written" sh -c "grep -qE '^Max core file size +0 ' /proc/$daemon/limits"
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
grep -qE "geheim|$coded" "$tmp/parkwatch.log" && not_ok "no secret is in the log" || ok "no secret is in the log"
grep -rqE "geheim|$coded" "$tmp/data" && not_ok "no secret is in the store" || ok "no secret is in the store"
