#!/usr/bin/env bash
# A share that is mounted read-only: its files stay, each counts once however often the daemon is killed, and
# what is known of them survives; a mount that is missing loses nothing.
. tests/system/lib.sh
need python3
need jq
unshare -rm sh -c 'mount --bind /tmp /tmp && mount -o remount,ro,bind /tmp' 2>/dev/null ||
	{ skip "no read-only mount can be made here"; exit 0; }

mkdir -p "$tmp/server" "$tmp/share" "$tmp/wrapped"
export SERVER=$tmp/server SHARE=$tmp/share PARKWATCH=$build/parkwatch NO_SHARE=$tmp/no_share
cat >"$tmp/wrapped/parkwatch" <<'X'
#!/bin/sh
exec unshare -rm sh -c '
	[ -e "$NO_SHARE" ] || { mount --bind "$SERVER" "$SHARE" && mount -o remount,ro,bind "$SHARE"; } || exit 1
	exec "$PARKWATCH" "$@"' sh "$@"
X
chmod +x "$tmp/wrapped/parkwatch"
build=$tmp/wrapped

cat >"$tmp/catalogue.yaml" <<'Y'
units: [{id: jiahe, class: park, name: 甲河}]
releases: [{id: m, freq: M, working_day: 10}]
indicators:
  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: period, release: m}
Y
cat >"$tmp/config.yaml" <<Y
catalogue: [$tmp/catalogue.yaml]
feeds:
  - name: share
    folder: $tmp/share
    format: csv
    every: 1s
    layout: {unit: {column: 园区}, indicator: {is: output_yuan}, period: {header: true}}
Y
# Twenty months of files, and one that is no delivery at all.
for k in $(seq 1 20); do
	printf '园区,%d年%d月\n甲河,%d\n' $((2024 + (k - 1) / 12)) $(((k - 1) % 12 + 1)) "$k" >"$tmp/server/$k.csv"
	touch -d "2025-12-01 00:00:$(printf %02d "$k")" "$tmp/server/$k.csv"
done
echo '<html>503</html>' >"$tmp/server/bad.csv"
touch -d 2025-12-02 "$tmp/server/bad.csv"

taken() { grep -c '"document accepted"' "$tmp/parkwatch.log"; }
state=$tmp/data/folders/share.folder
known() { [ "$(grep -c ' file ' "$state" 2>/dev/null)" -ge "$1" ]; }

start_daemon "$tmp/config.yaml"
wait_for 20 known 1
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$tmp/config.yaml"
wait_for 20 known 10
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$tmp/config.yaml"
check "every file is known" wait_for 30 known 21
count_of() {
	get -G "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "0"'
}
figures() {
	for k in $(seq 1 20); do
		p=$((2024 + (k - 1) / 12))-$(printf %02d $(((k - 1) % 12 + 1)))
		[ "$(count_of "park_output_yuan{__period__=\"$p\"}")" = "$k"00000000 ] || { echo "$p is not there"; return 1; }
		[ "$(count_of "park_output_yuan{__period__=\"$p\",__release__=\"2\"}")" = 0 ] ||
			{ echo "$p was taken for two"; return 1; }
	done
}
check "all figures are there, and none twice" figures
check "the files lie where they lay" test "$(ls "$tmp/server" | wc -l)" = 21
check "at most one file was read again by each of two kills" test "$(taken)" -le 22
check "that files stay is in the log, once a start" test "$(grep -c 'files and their reasons stay unmoved' "$tmp/parkwatch.log")" -le 3
status_says() { get "http://127.0.0.1:$port/api/v1/targets" | grep "$1"; }
# The copy that is shown is two seconds old.
check "the status says which was rejected" wait_for 20 status_says bad.csv

stop_daemon
before=$(taken)
touch "$tmp/no_share"
start_daemon "$tmp/config.yaml"
check "a share that is not mounted is said" wait_for 20 grep -q 'msg="folder is empty"' "$tmp/parkwatch.log"
check "its mount point is left alone" test -z "$(find "$tmp/share" -type f)"
stop_daemon
rm -rf "$tmp/no_share"
start_daemon "$tmp/config.yaml"
printf '园区,2026年1月\n甲河,99\n' >"$tmp/new.csv"
touch -d 2026-02-01 "$tmp/new.csv"
mv "$tmp/new.csv" "$tmp/server/"
check "a new file is taken" wait_for 30 known 22
check "and nothing else again" test "$(taken)" = $((before + 1))
stop_daemon
check "the ledger holds" "$PARKWATCH" audit verify --data-dir "$tmp/data"
check "the store holds" "$PARKWATCH" check store "$tmp/data"
