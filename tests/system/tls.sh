#!/usr/bin/env bash
# TLS and passwords of our own server: versions, certificates that are renewed, clients' certificates, users.
. tests/system/lib.sh
need openssl

pki=$tmp/pki
mkdir "$pki"
authority() { openssl req -x509 -newkey rsa:2048 -nodes -keyout "$pki/$1.key" -out "$pki/$1.pem" -days 10 -subj "/CN=$1"; }
certificate() { # NAME AUTHORITY PURPOSE
	openssl req -newkey rsa:2048 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 5 \
			-extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=%s' "$3") -out "$pki/$1.pem"
}
{
	authority ca && authority stranger && certificate first ca serverAuth && certificate second ca serverAuth &&
		certificate client ca clientAuth && certificate other stranger clientAuth
} >"$tmp/openssl.log" 2>&1 || { not_ok "certificates are made" "$(cat "$tmp/openssl.log")"; exit 1; }
show() { cp "$pki/$1.pem" "$pki/cert.pem" && cp "$pki/$1.key" "$pki/key.pem"; }
show first
# The passwords are geheim and neu, at cost 10.
anna='$2b$10$A5zoS/wb7RDqssC0pbjp0Ouv.0IfoicheUp6m8NjLLt/.xov0UCt.'
cat >"$pki/web.yml" <<Y
tls_server_config: {cert_file: cert.pem, key_file: key.pem}
basic_auth_users: {anna: '$anna'}
Y
: >"$tmp/parkwatch.yaml"
pw=$build/parkwatch

# start CONFIG...: as start_daemon, over TLS
start() {
	port=$(free_port)
	"$pw" run --config "$tmp/parkwatch.yaml" --data-dir "$tmp/data" --listen "${host:-127.0.0.1}:$port" \
		--web.config.file "$pki/web.yml" 2>>"$tmp/parkwatch.log" &
	daemon=$!
	pids+=("$daemon")
	base=https://localhost:$port
	wait_for 20 sh -c "curl -sk -o /dev/null ${1:-} $base/-/ready" || {
		not_ok "parkwatch becomes ready" "$(tail -n 5 "$tmp/parkwatch.log")"
		exit 1
	}
}
code() { curl -s -o "$tmp/answer" -w '%{http_code}' --max-time 60 --cacert "$pki/ca.pem" "$@"; }
is() { # WHAT WANT GOT
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "$3, not $2: $(cat "$tmp/answer" 2>/dev/null)"
}
s_client() { echo | openssl s_client -connect "localhost:$port" -CAfile "$pki/ca.pem" -cipher 'DEFAULT@SECLEVEL=0' "$@" 2>&1; }

check "check web-config finds no mistake" "$pw" check web-config "$pki/web.yml"
start
# --- versions
for v in tls1_2 tls1_3; do
	s_client "-$v" | grep -q 'Verify return code: 0' && ok "$v is spoken" || not_ok "$v is spoken" "$(s_client "-$v")"
done
# not_spoken, of $out: the client says hello, and the server ends the connection without an answer
not_spoken() { grep -qE 'handshake has read 0 bytes and written [1-9]' <<<"$out" && grep -q 'Cipher is (NONE)' <<<"$out"; }
for v in tls1 tls1_1; do
	out=$(s_client "-$v")
	not_spoken && ok "$v is refused" || not_ok "$v is refused" "$out"
done
curl -s --max-time 60 -o "$tmp/answer" "http://localhost:$port/-/ready" -u anna:geheim && not_ok "plain HTTP is not" || ok "plain HTTP is not"
is "a client that does not know the authority goes away" 000 "$(curl -s -o "$tmp/answer" -w '%{http_code}' "$base/")"

# --- users
is "nobody gets in without a password" 401 "$(code "$base/-/healthy")"
check "and is told how" sh -c "curl -sD- -o /dev/null --cacert '$pki/ca.pem' '$base/' | grep -qi '^www-authenticate: Basic'"
is "nor learns what there is" 401 "$(code "$base/no/such/path")"
is "the right password gets in" 200 "$(code -u anna:geheim "$base/-/ready")"
is "and everywhere" 200 "$(code -u anna:geheim "$base/api/v1/query?query=1")"
is "the wrong one does not" 401 "$(code -u anna:falsch "$base/-/ready")"
is "nor again" 401 "$(code -u anna:falsch "$base/-/ready")"
is "nor another user" 401 "$(code -u bob:geheim "$base/-/ready")"
is "nor a token instead" 401 "$(code -H 'Authorization: Bearer pw_x' "$base/-/ready")"
is "a body is not waited for" 401 "$(head -c 3000000 /dev/zero | code --data-binary @- "$base/api/v1/write")"
is "a token alone is enough, or not, where figures are handed in" 401 \
	"$(code -H 'Authorization: Bearer pw_x' -d x "$base/api/v1/submit?feed=x")"
grep -q 'this token is not known' "$tmp/answer" && ok "as the token's own answer" || not_ok "as the token's own answer"
for i in 1 2 3 4 5 6 7 8; do code -u anna:geheim "$base/-/ready" >/dev/null; done
is "a password is compared once" 1 \
	"$(curl -s --cacert "$pki/ca.pem" -u anna:geheim "$base/metrics" | sed -n 's/^parkwatch_http_passwords_checked_total{result="good"} //p')"
head -c 4000000 /dev/urandom | gzip -1 >"$tmp/body"
is "a large body comes through whole" 400 "$(code -u anna:geheim -H 'Content-Encoding: snappy' -H 'Content-Type: application/x-protobuf' --data-binary @"$tmp/body" "$base/api/v1/write")"
grep -q snappy "$tmp/answer" && ok "and is looked at" || not_ok "and is looked at" "$(cat "$tmp/answer")"

printf 'anna:geheim\n' >"$tmp/user"
ask() { "$pw" query --url "$base" --ca-file "$pki/ca.pem" --user-file "$tmp/$1" --format json 'vector(7)' 2>&1; }
ask user | grep -q '"7"' && ok "query asks with a password" || not_ok "query asks with a password" "$(ask user)"
printf 'nonsense\n' >"$tmp/nobody"
out=$(ask nobody)
grep -q 'no user:password' <<<"$out" && ok "and says when its file holds none" || not_ok "and says when its file holds none"

# --- a renewed certificate, while a connection is kept
cat >"$tmp/keep.py" <<'P'
import base64, http.client, os, signal, ssl, subprocess, sys, time
port, pki, pid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
context = ssl.create_default_context(cafile=pki + "/ca.pem")
auth = {"Authorization": "Basic " + base64.b64encode(b"anna:geheim").decode()}
def connect():
    c = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)
    c.connect()
    return c
def name(c): return c.sock.getpeercert()["subject"][0][0][1]
def ask(c):
    c.request("GET", "/-/ready", headers=auth)
    r = c.getresponse()
    r.read()
    return r.status
kept = connect()
assert ask(kept) == 200 and name(kept) == "first", name(kept)
sock = kept.sock
for f in ("pem", "key"):
    data = open("%s/second.%s" % (pki, f)).read()
    open("%s/%s" % (pki, "cert.pem" if f == "pem" else "key.pem"), "w").write(data)
os.kill(pid, signal.SIGHUP)
for _ in range(600):
    fresh = connect()
    if name(fresh) == "second": break
    fresh.close()
    time.sleep(0.1)
assert name(fresh) == "second", name(fresh)
assert ask(fresh) == 200
assert ask(kept) == 200 and kept.sock is sock and name(kept) == "first", "the kept connection was lost"
P
check "a renewed certificate is shown to new connections, and old ones go on" python3 "$tmp/keep.py" "$port" "$pki" "$daemon"
cp "$pki/first.key" "$pki/key.pem"
kill -HUP "$daemon"
check "a key that does not fit is refused" wait_for 10 grep -q 'the key is not that of the certificate' "$tmp/parkwatch.log"
is "and everything goes on" 200 "$(code -u anna:geheim "$base/-/ready")"
show second
sed -i "s/anna/berta/" "$pki/web.yml"
kill -HUP "$daemon"
changed() { [ "$(code -u berta:geheim "$base/-/ready")" = 200 ]; }
check "a new user gets in after a reload" wait_for 10 changed
is "and one that was removed does not" 401 "$(code -u anna:geheim "$base/-/ready")"
sed -i '/^tls/d' "$pki/web.yml"
kill -HUP "$daemon"
check "TLS does not go while it runs" wait_for 10 grep -q 'TLS goes on or off with a restart only' "$tmp/parkwatch.log"
check "it still speaks TLS" changed
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
grep -qE 'geheim|falsch|\$2b\$' "$tmp/parkwatch.log" && not_ok "no password is in the log" || ok "no password is in the log"

# --- certificates of clients
cat >"$pki/web.yml" <<Y
tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, min_version: TLS13}
Y
host=0.0.0.0 start "--cert $pki/client.pem --key $pki/client.key"
is "a client's certificate gets in, from anywhere" 200 "$(code --cert "$pki/client.pem" --key "$pki/client.key" "$base/-/ready")"
is "one of another authority does not" 000 "$(code --cert "$pki/other.pem" --key "$pki/other.key" "$base/-/ready")"
is "nor none" 000 "$(code "$base/-/ready")"
is "nor the server's own, which is not for clients" 000 "$(code --cert "$pki/first.pem" --key "$pki/first.key" "$base/-/ready")"
out=$(s_client -tls1_2)
not_spoken && ok "min_version holds" || not_ok "min_version holds" "$out"
stop_daemon

# --- what is refused before it starts
refused() { # WHAT TEXT WEB-CONFIG ADDRESS
	printf '%s\n' "$3" >"$pki/web.yml"
	timeout 60 "$pw" run --data-dir "$tmp/data" --listen "$4" --web.config.file "$pki/web.yml" >"$tmp/refused" 2>&1
	[ $? = 3 ] && grep -qF "$2" "$tmp/refused" && ok "$1" || not_ok "$1" "$(cat "$tmp/refused")"
}
refused "beyond loopback TLS alone is not enough" "not a loopback address" \
	"tls_server_config: {cert_file: cert.pem, key_file: key.pem}" 0.0.0.0:0
refused "nor passwords alone" "not a loopback address" "basic_auth_users: {anna: '$anna'}" 0.0.0.0:0
refused "a missing file is named" "nowhere.pem" "tls_server_config: {cert_file: nowhere.pem, key_file: key.pem}" 127.0.0.1:0
refused "an unknown key is named, with its place" "web.yml:1:1: unknown key 'tls_config'" "tls_config: {}" 127.0.0.1:0
refused "what cannot be honoured is said" "web.yml:1:31" "http_server_config: {headers: {X-A: b}}" 127.0.0.1:0
printf 'basic_auth_users: {anna: geheim}\n' >"$pki/web.yml"
out=$("$pw" check web-config "$pki/web.yml")
[ $? = 1 ] && grep -q 'web.yml:1:26: it is no bcrypt hash' <<<"$out" && ! grep -q geheim <<<"$out" &&
	ok "check web-config does not repeat a password" || not_ok "check web-config does not repeat a password" "$out"

# --- promtool and Prometheus' own reading of the same file
command -v promtool >/dev/null 2>&1 || { skip "promtool is not installed"; exit 0; }
cat >"$pki/web.yml" <<Y
tls_server_config: {cert_file: cert.pem, key_file: key.pem}
basic_auth_users: {anna: '$anna'}
Y
check "promtool takes the file, too" promtool check web-config "$pki/web.yml"
command -v prometheus >/dev/null 2>&1 || { skip "prometheus is not installed"; exit 0; }
start
cat >"$tmp/prometheus.yml" <<Y
scrape_configs:
  - job_name: parkwatch
    scheme: https
    scrape_interval: 5s
    scrape_timeout: 5s
    basic_auth: {username: anna, password: geheim}
    tls_config: {ca_file: $pki/ca.pem}
    static_configs: [{targets: ["localhost:$port"]}]
Y
web=$(free_port)
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" --web.listen-address="127.0.0.1:$web" \
	>"$tmp/prometheus.log" 2>&1 &
pids+=($!)
up() { get "http://127.0.0.1:$web/api/v1/query?query=up" | jq -e '.data.result[0].value[1] == "1"'; }
check "a Prometheus scrapes over TLS with a password" wait_for 40 up
