#!/usr/bin/env bash
# The commands that read a store beside a daemon that takes all it is sent, and moves it from log to run
# to partition without a pause: each answer is exact, up to what had been acknowledged before it was asked. At last with
# a daemon that is killed and starts again while a command has the store open.
. tests/system/lib.sh
need python3
need jq
send=(python3 "$repo/tests/system/beside_daemon.py" send)
rounds=${PARKWATCH_ROUNDS:-6}

printf 'remote_write:\n  statistics: [days]\n' >"$tmp/config.yaml"
start_daemon "$tmp/config.yaml"
: >"$tmp/acked"
touch "$tmp/go"
"${send[@]}" "http://127.0.0.1:$port/api/v1/write" "$tmp/acked" 2>"$tmp/sender.log" &
pids+=($!)
flush() {
	while [ -e "$tmp/go" ]; do
		get -X POST -o /dev/null "http://127.0.0.1:$port/api/v1/admin/flush" 2>/dev/null || sleep 0.1
	done
}
flush &
pids+=($!)

acked() { wc -l <"$tmp/acked"; }
more_acked() { [ "$(acked)" -gt "$1" ]; }
# The request at hand may be there already, that is one more.
high() { echo $(($(acked) + 1)); }
wait_for 20 more_acked 50 || { not_ok "requests are taken" "$(cat "$tmp/sender.log" "$tmp/parkwatch.log")"; exit 1; }

pw() { "$build/parkwatch" "$@"; }
compare() { python3 "$repo/tests/system/beside_daemon.py" compare "$@"; }
value() { pw query "$1" --data-dir "$tmp/data" --time 2010-01-01T00:00:00Z --format json | jq -er '.data.result[0].value[1]'; }

exports() {
	local low
	low=$(acked)
	pw export --data-dir "$tmp/data" --format csv --to "$tmp/export.$BASHPID" 2>"$tmp/said.$BASHPID" || { cat "$tmp/said.$BASHPID"; return 1; }
	compare "$tmp/export.$BASHPID" "$low" "$(high)"
}
# 1 + 2 + … + n of each family, ten times.
queries() {
	local low n family
	for family in work days; do
		low=$(acked)
		n=$(value "sum(count_over_time(${family}[12000d]))") || return 1
		[ "$n" -ge $((10 * low)) ] && [ "$n" -le $((10 * $(high))) ] ||
			{ echo "$n of $family, $low requests were acknowledged"; return 1; }
		low=$(acked)
		n=$(value "sum(sum_over_time(${family}[12000d]))") || return 1
		n=$(awk -v s="$n" 'BEGIN { printf "%d", (sqrt(1 + 4 * s / 5) - 1) / 2 + 0.5 }')
		[ "$n" -ge "$low" ] && [ "$n" -le "$(high)" ] || { echo "the sum of $family is one of $n requests, not $low"; return 1; }
	done
}
checks() { pw check store "$tmp/data"; }
verifies() {
	local low
	low=$(acked)
	pw audit verify --data-dir "$tmp/data" >"$tmp/audit" || { cat "$tmp/audit"; return 1; }
	[ "$(awk '/ submissions, / { print $1 }' "$tmp/audit")" -ge "$low" ] || { echo "of $low:"; cat "$tmp/audit"; return 1; }
}
exports_audit() {
	rm -rf "$tmp/dossier"
	pw audit export --data-dir "$tmp/data" --to "$tmp/dossier" && [ -s "$tmp/dossier/SHA256SUMS" ]
}
backs_up() {
	local low
	rm -rf "$tmp/backup" "$tmp/restored"
	low=$(acked)
	pw backup --data-dir "$tmp/data" --to "$tmp/backup" || return 1
	high=$(high)
	pw restore --from "$tmp/backup" --data-dir "$tmp/restored" &&
		pw export --data-dir "$tmp/restored" --format csv --to "$tmp/export.$BASHPID" && compare "$tmp/export.$BASHPID" "$low" "$high"
}
# again WHAT COMMAND: at every round
again() {
	local i out
	for ((i = 1; i <= rounds; i++)); do
		out=$("$2" 2>&1) || { not_ok "$1" "round $i: $out"; return; }
	done
	ok "$1"
}

again "so do exports at the same time" exports &
other=$!
again "queries answer with all that was acknowledged" queries
wait $other || bad=$((bad + 1))
count=$((count + 1))
again "exports have every row once" exports
again "the store is sound" checks
again "the ledger is sound" verifies
rounds=3
again "the ledger is exported" exports_audit
again "backups have all that was acknowledged" backs_up

mkfifo "$tmp/slow"
pw export --data-dir "$tmp/data" --format csv >"$tmp/slow" 2>/dev/null &
reader=$!
exec 9<"$tmp/slow"
for _ in 1 2 3 4 5; do
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null
	"$build/parkwatch" run --config "$tmp/config.yaml" --data-dir "$tmp/data" --listen "127.0.0.1:$port" \
		2>>"$tmp/parkwatch.log" 9<&- &
	daemon=$!
	pids+=("$daemon")
	before=$(acked)
	wait_for 20 more_acked $((before + 20)) || { not_ok "the daemon starts again" "$(tail "$tmp/parkwatch.log")"; exit 1; }
	exports >"$tmp/said.$BASHPID" 2>&1 || { not_ok "all is there after a kill" "$(cat "$tmp/said.$BASHPID")"; break; }
done
check "a command had the store open all the while" kill -0 $reader
exec 9<&-
wait $reader
check "the ledger is sound after kills" verifies
check "the store is sound after kills" checks
rm "$tmp/go"
stop_daemon
check "the daemon ends as it should" test $? = 0
check "all is there at the end" exports

# Mounted read-only LMDB cannot say what it reads.
mounted='mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && shift 2 && exec "$@"'
mkdir "$tmp/ro"
read_only() { unshare -rm sh -c "$mounted" sh "$tmp/data" "$tmp/ro" "$build/parkwatch" "$@"; }
unshare -rm sh -c "$mounted" sh "$tmp/data" "$tmp/ro" true 2>/dev/null ||
	{ skip "no read-only mount can be made here"; exit 0; }
all_commands() { # command...: with each of them
	rm -rf "$tmp/backup" "$tmp/dossier" "$tmp/out"
	"$@" query 'count(work)' --data-dir "$tmp/ro" && "$@" export --data-dir "$tmp/ro" --to "$tmp/out" &&
		"$@" check store "$tmp/ro" && "$@" audit verify --data-dir "$tmp/ro" &&
		"$@" audit export --data-dir "$tmp/ro" --to "$tmp/dossier" && "$@" backup --data-dir "$tmp/ro" --to "$tmp/backup"
}
check "a folder that is mounted read-only is read" all_commands read_only
refused() {
	local out
	out=$(read_only "$@" 2>&1) && { echo "$* goes on: $out"; return 1; }
	case $out in *"cannot be read beside it"*) ;; *) echo "$out"; return 1 ;; esac
}
start_daemon "$tmp/config.yaml"
check "but not while a daemon writes to it from elsewhere" all_commands refused
