#!/usr/bin/env bash
# Requests that want far more than they are worth: each is answered at once, with what Prometheus answers or with a
# limit of ours, and takes little memory; whoever asks meanwhile is served. bombs.py has the list; what each took is
# printed, 10 ms are promised.
. tests/system/lib.sh
need protoc

cat >"$tmp/ours.yaml" <<Y
remote_write: {body_limit: 4MiB}
catalogue: [$tmp/catalogue.yaml]
feeds:
  - {name: deep, folder: $tmp/drop, format: json, every: 1s, settle: 0s,
     layout: {unit: {pointer: u}, indicator: {pointer: i}, period: {pointer: p}, value: {pointer: v}}}
Y
cat >"$tmp/catalogue.yaml" <<Y
units: [{id: jia, class: park, name: 甲}]
Y
mkdir -p "$tmp/drop"
start_daemon "$tmp/ours.yaml"
ours=http://127.0.0.1:$port

now=$(date +%s)
for i in 1 2 3; do
	printf 'series { labels { name: "__name__" value: "m" } labels { name: "i" value: "%d" } ' $i
	for ((k = 0; k < 40; k++)); do printf 'samples { value: %d timestamp: %d } ' $k $(((now - 600 + k * 15) * 1000)); done
	echo '}'
done >"$tmp/text"
protoc -I tests/system --encode=t.Request tests/system/remote_write.proto <"$tmp/text" |
	"$build/tests/system/write_again" pack >"$tmp/body"
push() { get -X POST --data-binary "@$tmp/body" -H 'Content-Encoding: snappy' -H 'Content-Type: application/x-protobuf' \
	-H 'X-Prometheus-Remote-Write-Version: 0.1.0' "$1/api/v1/write"; }
check "samples are pushed" push "$ours"

report() { # its lines: name, what it took, what is wrong
	local name wrong took
	while IFS=$'\t' read -r name took wrong; do
		[ -z "$wrong" ] && ok "$name: $took" || not_ok "$name: $took" "$wrong"
	done
}
report < <(timeout 300 python3 tests/system/bombs.py "$ours" "$daemon")
check "others are served meanwhile" timeout 240 python3 tests/system/bombs.py "$ours" "$daemon" rush

# --- JSON is taken from feeds
python3 -c 'print("[" * 1000000)' >"$tmp/deep.json"
echo 5 >"/proc/$daemon/clear_refs"
high() { awk '/^VmHWM/ { print $2 }' "/proc/$daemon/status"; }
before=$(high)
mv "$tmp/deep.json" "$tmp/drop/"
check "deep JSON is refused" wait_for 20 test -e "$tmp/drop/rejected/deep.json"
check "deep JSON takes $((($(high) - before) / 1024)) MiB" test $(($(high) - before)) -le 8192
check "its reason is told" wait_for 5 grep -q 'more than 64 objects and arrays inside each other' \
	"$tmp/drop/rejected/deep.json.reasons.txt"
stop_daemon

# --- beside prometheus, which works on some of them for as long as it may: those are left out
need prometheus
echo 'global: {}' >"$tmp/empty.yml"
web=$(free_port)
prometheus --config.file="$tmp/empty.yml" --storage.tsdb.path="$tmp/theirs" --web.listen-address="127.0.0.1:$web" \
	--web.enable-remote-write-receiver --log.level=error 2>>"$tmp/prometheus.log" &
pids+=($!)
wait_for 30 get -o /dev/null "http://127.0.0.1:$web/-/ready"
check "samples are pushed to prometheus" push "http://127.0.0.1:$web"
report < <(timeout 300 python3 tests/system/bombs.py "http://127.0.0.1:$web")
