#!/usr/bin/env bash
# docs/storage-format.md: a reader that was written from it alone (format_reader.py) reads of any store what
# parkwatch's own code reads (torture-readback), byte for byte.
. tests/system/lib.sh
python=
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$p" -c 'import lmdb' 2>/dev/null || python=$p
done
[ -n "$python" ] || { skip "python3-lmdb is not installed"; exit 0; }
reader() { "$python" -B tests/system/format_reader.py "$@"; }
readback() { "$build/torture-readback" --read-only "$@"; }
same() { # folder: also what was met on the way, in $tmp/met
	readback "$1" >"$tmp/ours" && reader --met "$1" >"$tmp/theirs" 2>"$tmp/met" || { cat "$tmp/met"; return 1; }
	cmp "$tmp/ours" "$tmp/theirs" && [ "$(wc -l <"$tmp/ours")" -gt 1000 ]
}

store=$tmp/store
check "a store with something of everything is made" "$build/tests/system/format_store" "$store"
check "it is read by the document as by our own code" same "$store"
cp "$tmp/met" "$tmp/met.1"
# What that proves: all of these were met.
cat >"$tmp/wanted" <<'T'
XOR case 0
XOR case 1
XOR case 2
XOR case 3
a first block of twelve
a refused figure
a refused series
a sample of the future
a series that only the log knows
a suppressed figure
an exception
an exception again
bits in lanes
bits one after the other
finding: accepted
finding: answered
finding: corrected
finding: open
fresh
known-from 0
known-from 1
known-from 2
ledger: acceptance
ledger: answer
ledger: rejected
ledger: release
ledger: return
ledger: submission
log
order 0 mixed
order 1 first
order 2 first
order 3 mixed
original 1
original 2 in pieces
partition 1
partition 2
patches
run
samples of our own
small numbers: runs
small numbers: whole
times 1
times 2
times 3
values 1
values 2
values 3
values 4
whole numbers with a unit
whole numbers: blocks
whole numbers: constant
whole numbers: line
zeros left out
zeros left out and patches
T
missing=$(grep -vxFf "$tmp/met.1" "$tmp/wanted")
[ -z "$missing" ] && ok "and everything in it was met" || not_ok "and everything in it was met" "$missing"
check "check store has nothing to say of it" "$build/parkwatch" check store "$store"

# Ends of crashes, and damage.
again() { rm -rf "$tmp/copy" && cp -r "$store" "$tmp/copy"; }
log=$(cd "$store" && ls log/*.log | tail -n 1)
run=$(cd "$store" && ls runs/*.run | head -n 1)
again
head -c 1000 "$store/$log" | tail -c 960 >>"$tmp/copy/$log"
check "a torn end of the log is nothing to both" same "$tmp/copy"
check "and it was one" grep -qx "a torn end" "$tmp/met"
again
"$build/parkwatch" run --data-dir "$tmp/copy" --listen "127.0.0.1:$(free_port)" 2>"$tmp/parkwatch.log" &
daemon=$!
pids+=($daemon)
sealed() { [ "$(ls "$tmp"/copy/runs/*.run | wc -l)" -gt "$(ls "$store"/runs/*.run | wc -l)" ]; }
check "opened, the log becomes a run" wait_for 20 sealed
kill -9 "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null
check "then it is read the same" same "$tmp/copy"
check "and nothing has changed" sh -c "'$build/torture-readback' --read-only '$store' | cmp - '$tmp/theirs'"
both_refuse() {
	! readback "$tmp/copy" >/dev/null 2>&1 && ! reader "$tmp/copy" >/dev/null 2>"$tmp/out" &&
		grep -q '^format_reader: ' "$tmp/out"
}
damage() { # what, file, offset
	again
	byte=$(od -An -tu1 -j "$3" -N1 "$store/$2")
	printf "\\x$(printf %02x $((byte ^ 4)))" | dd of="$tmp/copy/$2" bs=1 seek="$3" conv=notrunc status=none
	check "$1: both refuse it" both_refuse
}
damage "a byte of the log's head" "$log" 3
damage "a byte of a request" "$log" 200
damage "a byte of a run's head" "$run" 9
damage "a byte of a segment's directory" "$run" 100
damage "a byte of a run's values" "$run" $(($(stat -c %s "$store/$run") / 2))
damage "a byte of a run's table" "$run" $(($(stat -c %s "$store/$run") - 30))
again
rm "$tmp/copy/$run"
check "a run that is missing: both refuse it" both_refuse

# A store from before there were findings, and one that they were taken out of.
drop_findings() { # folder
	"$python" -B - "$1" <<'T'
import sys, lmdb
env = lmdb.open(sys.argv[1], max_dbs=16)
tables = [env.open_db(name, create=False) for name in (b"findings", b"finding_cells")]
meta = env.open_db(b"meta", create=False)
with env.begin(write=True) as t:
    for table in tables:
        t.drop(table)
    t.delete(b"findings", db=meta)
T
}
"$build/parkwatch" import --data-dir "$tmp/before" --format csv --source s - >/dev/null 2>&1 <<'T'
series,time,value
"up{job=""x""}",2026-01-01T00:00:00.000Z,1
T
check "the findings' tables go" drop_findings "$tmp/before"
check "a store without them is sound" "$build/parkwatch" check store "$tmp/before"
check "it opens to be read" readback "$tmp/before"
check "and to be written, which makes them" "$build/torture-readback" "$tmp/before"
check "they are there again" drop_findings "$tmp/before"
again
check "findings are taken out of a store" drop_findings "$tmp/copy"
missed=$("$build/parkwatch" audit verify --data-dir "$tmp/copy" 2>&1)
[ $? = 1 ] && grep -q 'finding 1 is missing' <<<"$missed" && ok "the ledger misses them" || not_ok "the ledger misses them" "$missed"

# What a daemon makes of remote write: before and after packing.
printf 'remote_write: {statistics: ["park_*"]}\n' >"$tmp/parkwatch.yaml"
start_daemon "$tmp/parkwatch.yaml"
load() {
	"$build/bench/load" --url "http://127.0.0.1:$port/api/v1/write" "$@" >"$tmp/load" || { cat "$tmp/load"; return 1; }
}
end=$(($(date +%s) / 60 * 60 - 120))000
check "figures come" load --set parksmini --phase figures
check "samples come" load --set Smini --scale 0.2 --end $((end - 3600000))
check "all is packed" get -X POST -o /dev/null "http://127.0.0.1:$port/api/v1/admin/flush"
check "corrections come" load --set parksmini --phase corrections
check "samples come again" load --set Smini --scale 0.1 --end "$end"
check "and of others" load --set Mmini --scale 0.2 --end "$end"
stop_daemon && ok "the daemon ends" || not_ok "the daemon ends" "$(tail -n 5 "$tmp/parkwatch.log")"
check "what it leaves is read the same" same "$tmp/data"
met_all() { for what in "$@"; do grep -qx "$what" "$tmp/met" || { echo "$what"; return 1; }; done; }
check "from partitions, fresh figures and the log" met_all "partition 1" "partition 2" fresh log \
	"a series that only the log knows"

# The example city: feeds, folders, originals.
rm -rf "$tmp/data"
start_city
start_daemon "$city_config"
many() { [ "$(get "http://127.0.0.1:$port/metrics" | grep -c '^park_.*freq="M"')" -gt 200 ]; }
check "the city reports" wait_for 30 many
stop_daemon && ok "the daemon ends" || not_ok "the daemon ends" "$(tail -n 5 "$tmp/parkwatch.log")"
check "what its feeds brought is read the same" same "$tmp/data"
check "with its originals" grep -q '^original' "$tmp/met"
