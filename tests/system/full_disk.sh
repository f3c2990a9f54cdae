#!/usr/bin/env bash
# A full disk: nothing is acknowledged that is not kept, the pages go on, the file waits, and all is well
# again when there is room.
. tests/system/lib.sh
mkdir -p "$tmp/data" "$tmp/drop"
if ! mount -t tmpfs -o size=24m,mode=0700 tmpfs "$tmp/data" 2>/dev/null; then
	skip "a small file system cannot be mounted here (needs root)"
	exit 0
fi
unmount() { stop_daemon 2>/dev/null; umount "$tmp/data" 2>/dev/null || umount -l "$tmp/data"; finish; }
trap unmount EXIT

cp examples/provinces/catalogue.yaml "$tmp/"
cat >"$tmp/parkwatch.yaml" <<Y
catalogue: [catalogue.yaml]
assess_every: 1s
feeds:
  - name: tidy
    folder: drop
    format: csv
    every: 1s
    backoff_max: 1s
    settle: 500ms
    layout: {unit: {column: province}, period: {column: period}, indicator: {header: true}}
Y
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port
put_whole examples/provinces/data/realestate-2017.csv "$tmp/drop/realestate-2017.csv"
check "a file is accepted while there is room" wait_for 20 test -e "$tmp/drop/accepted/realestate-2017.csv"
stored() { get "$base/metrics" | awk '/^parkwatch_store_observations_total\{result="(fresh|new)"\}/ { print $2 }'; }
first=$(stored)
# Take all the room there is.
dd if=/dev/zero of="$tmp/data/ballast" bs=64k 2>/dev/null
put_whole examples/provinces/data/realestate-2018.csv "$tmp/drop/realestate-2018.csv"
check "with the disk full the feed fails and says why" wait_for 20 sh -c \
	"curl -fsS $base/feeds | grep -q 'no space left'"
[ -e "$tmp/drop/realestate-2018.csv" ] && [ ! -e "$tmp/drop/accepted/realestate-2018.csv" ] &&
	ok "the file stays where it is" || not_ok "the file stays where it is" "$(ls -R "$tmp/drop")"
check "the pages go on" get -o /dev/null "$base/"
check "the store says that it cannot be written" wait_for 10 sh -c \
	"curl -fsS $base/metrics | grep -qx 'parkwatch_store_writable 0'"
[ "$(stored)" = "$first" ] && ok "nothing was counted as stored" || not_ok "nothing was counted as stored" "$(stored) $first"
rm "$tmp/data/ballast"
check "with room again the file is accepted" wait_for 30 test -e "$tmp/drop/accepted/realestate-2018.csv"
check "and the store can be written" wait_for 10 sh -c \
	"curl -fsS $base/metrics | grep -qx 'parkwatch_store_writable 1'"
# Killed and started on a full disk: what was acknowledged is read.
dd if=/dev/zero of="$tmp/data/ballast" bs=64k 2>/dev/null
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$tmp/parkwatch.yaml"
ok "it starts on a full disk"
check "and shows what it has" sh -c "curl -fsS 'http://127.0.0.1:$port/indicator?code=real_estate_investment_growth_ratio' | grep -q 上海"
rm "$tmp/data/ballast"
