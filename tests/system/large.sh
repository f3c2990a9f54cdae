#!/usr/bin/env bash
# A large document: killed in the middle of it, taken after that, every figure once; memory and a full disk.
. tests/system/lib.sh
need python3

figures=$(python3 bench/large.py make csv 40 "$tmp/large.csv" "$tmp/catalogue.yaml")
mkdir "$tmp/drop"
cat >"$tmp/parkwatch.yaml" <<Y
catalogue: [catalogue.yaml]
assess_every: 24h
feeds:
  - name: large
    folder: $tmp/drop
    every: 1s
    format: csv
    body_limit: 100MiB
    layout: {unit: {column: 单位}, indicator: {column: 指标}, period: {column: 期间}, value: {column: 数值}}
Y
metric() { get "http://127.0.0.1:$port/metrics" | awk -v m="$1" '$1 == m { print $2 }'; }
portions_are() { [ "$(metric parkwatch_document_portions_total)" -ge "$1" ]; }
is_taken() { [ -e "$tmp/drop/accepted/large.csv" ]; }
anonymous() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$daemon/status"; }

# --- killed in the middle
killed_early() { # again when we were too slow, and all of it was taken already
	rm -rf "$tmp/data" "$tmp/drop"
	mkdir "$tmp/drop"
	start_daemon "$tmp/parkwatch.yaml"
	put_whole "$tmp/large.csv" "$tmp/drop/large.csv"
	wait_for 60 portions_are 2 && portions=0 || portions=1
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	[ -e "$tmp/drop/large.csv" ] || [ $portions = 1 ]
}
for _ in 1 2 3 4 5; do killed_early && break; done
check "portions are stored while it is read" test $portions = 0
[ -e "$tmp/drop/large.csv" ] && ok "the file stays where it is" || not_ok "the file stays where it is" "$(ls -R "$tmp/drop")"
check "what was killed checks" "$build/parkwatch" check store "$tmp/data"
check "no temporary file is left" sh -c "! ls -a '$tmp/data' | grep spool"

# --- taken after that
start_daemon "$tmp/parkwatch.yaml"
before=$(anonymous)
(
	most=0
	while [ ! -e "$tmp/over" ] && kill -0 "$daemon"; do
		now=$(anonymous) && [ "$now" -gt "$most" ] && most=$now
		sleep 0.05
	done
	echo "$most" >"$tmp/most"
) 2>/dev/null &
watcher=$!
check "it is taken when the daemon is there again" wait_for 180 is_taken
touch "$tmp/over"
wait "$watcher"
grown=$((($(cat "$tmp/most") - before) / 1024))
[ "$grown" -le 64 ] && ok "not more than 64 MiB of memory are needed" || not_ok "not more than 64 MiB of memory are needed" "$grown MiB"
stop_daemon
"$build/parkwatch" audit verify --data-dir "$tmp/data" >"$tmp/verified" 2>&1 && ok "the ledger is verified" ||
	not_ok "the ledger is verified" "$(cat "$tmp/verified")"
check "the store checks" "$build/parkwatch" check store "$tmp/data"
"$build/parkwatch" audit export --data-dir "$tmp/data" --to "$tmp/books" >"$tmp/out" 2>&1 || not_ok "the books are written out" "$(cat "$tmp/out")"
kept=$(awk '$1 == "kept:" { n += $2 } END { print n }' "$tmp/books/chain.txt")
[ "$kept" = "$figures" ] && ok "every figure is kept once" || not_ok "every figure is kept once" "$kept of $figures"
sum=$(sha256sum <"$tmp/large.csv" | cut -d' ' -f1)
check "the original is there, byte for byte" cmp "$tmp/large.csv" "$tmp/books/originals/$sum.csv"
parts=$(grep -c 'origin: .*large.csv (part ' "$tmp/books/chain.txt")
[ "$parts" -ge 6 ] && ok "the ledger says which part each submission is" || not_ok "the ledger says which part each submission is" "$parts"
