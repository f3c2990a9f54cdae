#!/usr/bin/env bash
# Clients that do nothing but shake hands over TLS, and one that prepares hellos and sends them all at once: a feed is fetched
# meanwhile and health checks are answered, and no turn of the loop is held for many handshakes.
. tests/system/lib.sh
need openssl
need python3

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 5 -subj /CN=localhost \
	-addext 'subjectAltName=DNS:localhost' >"$tmp/openssl.log" 2>&1 || { not_ok "a certificate is made" "$(cat "$tmp/openssl.log")"; exit 1; }
echo 'tls_server_config: {cert_file: cert.pem, key_file: key.pem}' >"$tmp/web.yml"

cat >"$tmp/shake.py" <<'P'
# shake PORT N SECONDS: one handshake after the other. burst PORT N: their hellos at one moment. silent PORT N: says nothing.
# Each prints how many were whole.
import socket, ssl, sys, time
kind, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
def dial(): return socket.create_connection(("127.0.0.1", port), timeout=20)
def shake():
    end, done = time.monotonic() + float(sys.argv[4]), 0
    while done < n and time.monotonic() < end:
        context.wrap_socket(dial()).close()
        done += 1
    return done
def burst():
    hands = []
    for _ in range(n):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(into, out)
        try: tls.do_handshake()
        except ssl.SSLWantReadError: pass
        hands.append((dial(), into, out, tls))
    time.sleep(1)
    for sock, into, out, tls in hands: sock.sendall(out.read())
    done = 0
    for sock, into, out, tls in hands:
        while True:
            try:
                tls.do_handshake()
                done += 1
                break
            except ssl.SSLWantReadError:
                data = sock.recv(65536)
                if not data: break
                into.write(data)
        sock.sendall(out.read())
    time.sleep(1)
    return done
def silent():
    socks = [dial() for _ in range(n)]
    closed = 0
    for s in socks:
        s.settimeout(120)
        closed += s.recv(1) == b""
    return closed
print({"shake": shake, "burst": burst, "silent": silent}[kind]())
P

pages=$(free_port)
mkdir "$tmp/pages"
echo 'steady 1' >"$tmp/pages/metrics"
python3 -m http.server --bind 127.0.0.1 --directory "$tmp/pages" "$pages" >"$tmp/pages.log" 2>&1 &
pids+=($!)
cp examples/provinces/catalogue.yaml "$tmp/"
cat >"$tmp/ours.yaml" <<Y
catalogue: [catalogue.yaml]
feeds: [{name: steady, url: "http://127.0.0.1:$pages/metrics", format: prometheus, every: 1s, backoff_max: 1s, jitter: 0}]
Y
port=$(free_port)
"$build/parkwatch" run --config "$tmp/ours.yaml" --data-dir "$tmp/data" --listen "127.0.0.1:$port" \
	--web.config.file "$tmp/web.yml" 2>>"$tmp/parkwatch.log" &
daemon=$!
pids+=("$daemon")
base=https://localhost:$port
ask() { curl -fsS --max-time 60 --cacert "$tmp/cert.pem" "$@"; }
wait_for 20 ask -o /dev/null "$base/-/ready" || { not_ok "parkwatch becomes ready" "$(tail -n 5 "$tmp/parkwatch.log")"; exit 1; }
metric() { ask "$base/metrics" | awk -v m="$1" '$1 == m { print $2; some = 1 } END { if (!some) print 0 }'; }
fetched() { metric 'parkwatch_feed_figures_kept_total{feed="steady"}'; }
done_so_far() { metric 'parkwatch_tls_handshakes_total{result="done"}'; }
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }

# --- eight that shake hands again and again, 150 times or for 20 seconds
before=$(fetched) hands_before=$(done_so_far) begin=$SECONDS
clients=()
for k in 1 2 3 4 5 6 7 8; do
	python3 "$tmp/shake.py" shake "$port" 150 20 >"$tmp/shaken.$k" 2>>"$tmp/shake.log" &
	clients+=($!)
done
asked=0 answered=0
while [ $((SECONDS - begin)) -lt 6 ] || kill -0 "${clients[@]}" 2>/dev/null; do
	asked=$((asked + 1))
	ask -o /dev/null "$base/-/healthy" && answered=$((answered + 1))
	[ $((SECONDS - begin)) -lt 40 ] || break
done
for p in "${clients[@]}"; do wait "$p"; done
took=$((SECONDS - begin))
shaken=$(awk '{ s += $1 } END { print s }' "$tmp"/shaken.*)
fetches=$(($(fetched) - before))
what="eight clients shook hands $shaken times"
[ "$(cat "$tmp"/shaken.* | wc -l)" = 8 ] && at_least "$shaken" 400 && ok "$what" || not_ok "$what" "$(tail -n 20 "$tmp/shake.log")"
what="the feed was fetched $fetches times meanwhile"
at_least "$fetches" $((took / 5)) && ok "$what" || not_ok "$what" "in $took s"
what="$answered of $asked health checks were answered"
[ "$asked" = "$answered" ] && at_least "$asked" 10 && ok "$what" || not_ok "$what"
check "all were counted" at_least "$(($(done_so_far) - hands_before))" "$shaken"

# --- two hundred at one moment: a third of a second on the loop, were they taken at once
what=$(python3 "$tmp/shake.py" burst "$port" 200 2>>"$tmp/shake.log")
[ "$what" = 200 ] && ok "two hundred hellos at one moment are all answered" ||
	not_ok "two hundred hellos at one moment are all answered" "$what: $(tail -n 20 "$tmp/shake.log")"
# Of each two steps at least, and four a turn at most.
hands=$(done_so_far) turns=$(metric parkwatch_tls_handshake_turns_total)
what="$hands handshakes took $turns turns of the loop"
at_least "$turns" $((hands / 2)) && ok "$what" || not_ok "$what"
# By the processor's time: the clock's goes on while the machine has none for us.
longest=$(ask "$base/metrics" | awk '/^parkwatch_loop_callback_cpu_max_seconds{/ && $2 > m { m = $2 } END { print m + 0 }')
what="no callback took more of the processor than $longest s; the loop was late by $(metric parkwatch_loop_lag_max_seconds) s at most"
at_least 0.25 "$longest" && ok "$what" || not_ok "$what"

# --- those that say nothing hold nobody up, and are cut off
python3 "$tmp/shake.py" silent "$port" 100 >"$tmp/silent" 2>>"$tmp/shake.log" &
silent=$!
waiting() { at_least "$(metric parkwatch_tls_handshakes)" 100; }
check "a hundred clients say nothing" wait_for 10 waiting
check "a health check is answered meanwhile" ask -o /dev/null "$base/-/healthy"
wait "$silent"
check "they are cut off" [ "$(cat "$tmp/silent")" = 100 ]
late() { at_least "$(metric 'parkwatch_tls_handshakes_total{result="late"}')" 100; }
check "and counted" wait_for 10 late

# --- what a client may not choose
refused() { grep -q 'Cipher is (NONE)' <<<"$(echo | openssl s_client -connect "localhost:$port" "$@" 2>&1)"; }
check "a group that takes a third of a second is refused" refused -tls1_3 -groups ffdhe8192
check "so is Diffie-Hellman in TLS 1.2" refused -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
check "so is RSA's own exchange" refused -tls1_2 -cipher AES128-GCM-SHA256
kill "$daemon"
wait "$daemon" && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
