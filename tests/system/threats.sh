#!/usr/bin/env bash
# What a feed's server or whoever hands something in may try on a running daemon (docs/security.md), with what it costs: bodies
# without end, 10 MB that unpack to 10 GB, hundreds that drip, stamps at the ends of the numbers. Each is refused in
# a sentence, takes little memory, and nobody else notices. threats.py plays the others.
. tests/system/lib.sh
need python3
need jq
need protoc

web=$(free_port)
mkdir "$tmp/gates"
python3 tests/system/threats.py serve "$web" "$tmp/gates" 2>>"$tmp/threats.log" &
pids+=($!)
bodies=(endless chunks announced)
bombs=(gzip members deflate bare stacked zstd br x)
dripping=200 good=20
# Feeds of their own address each, so that none waits for another's connections.
feeds() {
	echo feeds:
	for name in "${bodies[@]}" "${bombs[@]}" stamps; do
		echo "  - {name: $name, url: 'http://127.0.0.1:$web/$name', format: prometheus, every: 1s, jitter: 0, backoff_max: 1s}"
	done
	echo '  - {name: handed, submit: true, owner: o, format: csv, layout: {unit: {column: u}, period: {column: p}, indicator: {header: true}}}'
}
drips() {
	for k in $(seq "$dripping"); do
		echo "  - {name: drip$k, url: 'http://127.1.0.$k:$web/drip/$k', format: prometheus, every: 1s, jitter: 0, timeout: 60s}"
	done
	for k in $(seq "$good"); do
		echo "  - {name: good$k, url: 'http://127.2.0.$k:$web/good/$k', format: prometheus, every: 1s, jitter: 0}"
	done
}
cat >"$tmp/catalogue.yaml" <<'Y'
units: [{id: jia, class: park, name: 甲}]
releases: [{id: m, freq: M, working_day: 10}]
indicators:
  - {code: power_joules, name: 用电量, measure: 千瓦时, freq: M, form: period, release: m, preliminary: true}
Y
{
	echo "catalogue: [$tmp/catalogue.yaml]"
	echo 'remote_write: {statistics: [park_power_joules]}'
	feeds
} >"$tmp/ours.yaml"
mkdir -m 700 "$tmp/data"
"$build/parkwatch" token create --data-dir "$tmp/data" --owner o >"$tmp/token" 2>>"$tmp/token.err"
start_daemon "$tmp/ours.yaml"
ours=http://127.0.0.1:$port

healthy() { get -o /dev/null "$ours/-/healthy"; }
memory() { awk -v m="Vm$1:" '$1 == m { print $2 }' "/proc/$daemon/status"; } # KiB
before=0
# From here on the most that is resident is counted anew.
measure() {
	echo 5 >"/proc/$daemon/clear_refs"
	before=$(memory HWM)
}
# took WHAT MIB: so much more than before at most
took() {
	local grown=$((($(memory HWM) - before) / 1024))
	[ "$grown" -le "$2" ] && ok "$1: $grown MiB" || not_ok "$1: $grown MiB, more than $2"
}
said() { grep "feed=$1 " "$tmp/parkwatch.log" | grep -qF -- "$2"; }

# --- a server that does not stop, or sends what unpacks to far more. Of a body 4 MiB are memory, the rest lies in a file
attack() { # NAME MIB SENTENCE
	measure
	touch "$tmp/gates/$1"
	wait_for 60 test -e "$tmp/gates/$1.over" && wait_for 60 said "$1" "$3" && ok "$1 is refused: $3" ||
		not_ok "$1 is refused: $3" "$(grep "feed=$1 " "$tmp/parkwatch.log" | tail -3)"
	took "the memory it takes" "$2"
}
wait_for 20 said x 'HTTP status 503' || not_ok "the feeds are asked" "$(tail -n 5 "$tmp/parkwatch.log")"
for name in "${bodies[@]}"; do attack "$name" 24 'body is larger than 16777216 bytes'; done
for name in gzip members; do attack "$name" 16 'gzip data unpacks to more than the allowed 16777216 bytes'; done
for name in deflate bare; do attack "$name" 16 'deflate data unpacks to more than the allowed 16777216 bytes'; done
attack stacked 8 'content encoding \"gzip, gzip\" is none of gzip, deflate, identity'
attack zstd 8 'content encoding \"zstd\" is none of'
attack br 8 'content encoding \"br\" is none of'
attack x 8 'content encoding \"x-yyyy'
check "the daemon is well" healthy

# --- the same, handed in
hand_in() { # KIND ENCODING STATUS SENTENCE
	local got
	python3 tests/system/threats.py bomb "$1" >"$tmp/bomb"
	measure
	got=$(curl -s -o "$tmp/answer" -w '%{http_code}' --max-time 60 -H "Authorization: Bearer $(cat "$tmp/token")" -H "Content-Encoding: $2" \
		--data-binary "@$tmp/bomb" "$ours/api/v1/submit?feed=handed")
	[ "$got" = "$3" ] && grep -qF "$4" "$tmp/answer" && ok "$1 handed in: $got" || not_ok "$1 handed in: $got" "$(cat "$tmp/answer")"
	took "the memory it takes" 16
}
for kind in gzip members; do hand_in $kind gzip 413 'unpacks to more than the allowed'; done
for kind in deflate bare; do hand_in $kind deflate 413 'unpacks to more than the allowed'; done
hand_in stacked 'gzip, gzip' 400 'none of gzip, deflate, identity'
hand_in zstd zstd 400 'none of gzip, deflate, identity'
hand_in br br 400 'none of gzip, deflate, identity'
hand_in x "x-$(printf 'y%.0s' {1..3000})" 400 'none of gzip, deflate, identity'
check "the daemon is well" healthy

# --- stamps: one sample of 2^63-1 must not keep others' out
push() { # NAME VALUE STAMP [LABEL VALUE...]: the status; the answer in $tmp/answer
	{
		printf 'series { labels { name: "__name__" value: "%s" } ' "$1"
		local sample="samples { value: $2 timestamp: $3 }"
		shift 3
		while [ $# -gt 0 ]; do
			printf 'labels { name: "%s" value: "%s" } ' "$1" "$2"
			shift 2
		done
		echo "$sample }"
	} | protoc -I tests/system --encode=t.Request tests/system/remote_write.proto | "$build/tests/system/write_again" pack >"$tmp/body"
	curl -s -o "$tmp/answer" -w '%{http_code}' --max-time 60 --data-binary "@$tmp/body" -H 'Content-Encoding: snappy' \
		-H 'Content-Type: application/x-protobuf' -H 'X-Prometheus-Remote-Write-Version: 0.1.0' "$ours/api/v1/write"
}
value() { get "$ours/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"'; }
refused() { # WHAT SENTENCE PUSHED...
	local what=$1 sentence=$2 got
	shift 2
	got=$(push "$@")
	[ "$got" = 400 ] && grep -qF "$sentence" "$tmp/answer" && ok "$what: 400" || not_ok "$what" "$got $(cat "$tmp/answer")"
}
canaries=0
canary() {
	[ "$(push canary "$1" "$(date +%s)000" n "$1")" = 204 ] && [ "$(value "canary{n=\"$1\"}")" = "$1" ] && canaries=$((canaries + 1))
}
for k in $(seq 0 10); do canary "$k"; done
most=9223372036854775807 least=-9223372036854775808
figure=(park jia freq M basis period)
refused "2^63-1 pushed" "far at $most ms: more than 10 minutes in the future" far 1 $most
refused "-2^63 pushed" "far at $least ms: before the year 0" far 1 $least
refused "2^63-1 as a figure that may be early" "at $most ms: past the year 9999" park_power_joules 1 $most "${figure[@]}"
refused "-2^63 as a figure" "at $least ms: before the year 0" park_power_joules 1 $least "${figure[@]}"
near() { [ "$(value 'max_over_time(near[10m])')" = 3 ]; }
check "of a page the good line is kept" wait_for 30 near
get "$ours/api/v1/feeds?feed=stamps" >"$tmp/answer"
complaint() { jq -e --arg t "$1" '[.data[0].complaints[].text] | index($t)' "$tmp/answer"; }
check "2^63-1 on it is refused" complaint "time stamp '$most' is past the year 9999"
check "-2^63 on it is refused" complaint "time stamp '$least' is before the year 0"
for k in $(seq 11 21); do canary "$k"; done
[ "$canaries" = 22 ] && ok "22 of 22 samples of others are taken" || not_ok "$canaries of 22 samples of others are taken"
[ "$(value far)" = none ] && ok "nothing of it is stored" || not_ok "nothing of it is stored"

# --- log lines: a page's title, a file's name, a label that would be lines of their own, or speak to a terminal
forged=$'\r\ntime=2026-01-01T00:00:00.000Z level=error msg=forged\e[31m\u2028\u0085\u202e'
printf '<html><title>%s</title></html>' "$forged" >"$tmp/page"
curl -s -o "$tmp/answer" --max-time 60 -H "Authorization: Bearer $(cat "$tmp/token")" --data-binary "@$tmp/page" \
	"$ours/api/v1/submit?feed=handed&filename=named%E2%80%A8%E2%80%AE.csv"
refused "a label with line ends" 'before the year 0' far 1 $least a '\r\nlevel=error msg=forged\033[31m'
check "the title and the name are in the log" grep -q 'named.*forged' "$tmp/parkwatch.log"
check "no line of it is another's" sh -c "! grep -v '^time=[0-9TZ:.-]* level=[a-z]* msg=' '$tmp/parkwatch.log'"
not_clean() { LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xa8\xae]|\xc2\x85' "$tmp/parkwatch.log"; }
not_clean >"$tmp/odd" && not_ok "none has control characters" "$(cat "$tmp/odd")" || ok "none has control characters"

# --- feeds and submitters that drip, all at once. A document that is handed in has two minutes, a query or samples half of one
{
	cat "$tmp/ours.yaml"
	drips
} >"$tmp/more.yaml"
mv "$tmp/more.yaml" "$tmp/ours.yaml"
measure
python3 tests/system/threats.py drip "$ours" 65 /api/v1/write '/api/v1/submit?feed=handed' /api/v1/query >"$tmp/dripping" 2>&1 &
posts=$!
pids+=("$posts")
kill -HUP "$daemon"
begun() { read -r a b c <"$tmp/gates/drip" && [ "$a" -ge "$dripping" ]; }
check "$dripping feeds drip" wait_for 60 begun
read -r _ _ asked_before <"$tmp/gates/drip"
over() { read -r a b c <"$tmp/gates/drip" && [ "$b" -ge "$dripping" ]; }
check "each is cut off" wait_for 90 over
read -r _ _ asked <"$tmp/gates/drip"
what="$good good feeds were asked $((asked - asked_before)) times meanwhile"
[ $((asked - asked_before)) -ge $((3 * good)) ] && ok "$what" || not_ok "$what"
check "in a sentence" wait_for 10 said drip1 'slower than 100 bytes a second for 10000 ms'
wait "$posts"
[ $? = 0 ] && ok "posts that drip: $(cat "$tmp/dripping")" || not_ok "posts that drip" "$(cat "$tmp/dripping")"
took "the memory all of them take" 32
check "the daemon is well" healthy

stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
check "the store has no fault" "$build/parkwatch" check store "$tmp/data"
