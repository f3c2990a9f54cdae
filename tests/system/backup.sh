#!/usr/bin/env bash
# Backups of a daemon that takes 5,000 samples a second: each restored, and compared with what had been
# acknowledged when it began. PARKWATCH_BACKUPS: how many (10).
. tests/system/lib.sh
need jq
load=$build/bench/load
backups=${PARKWATCH_BACKUPS:-10}
series=20
wave_samples=$((series * 360)) # an hour of Smini, every ten seconds

start_daemon ""
url=http://127.0.0.1:$port
base=$(($(date +%s) / 3600 * 3600 - 3600 * 3000))
mkdir "$tmp/waves"
: >"$tmp/ledger"

# Wave K is hour K of the set with seed K; when it is acknowledged its number is in the ledger. Between them
# all there is goes to runs and partitions, so that files go while they are copied.
wave() { "$load" --set Smini --series $series --seed "$1" --end $(((base + $1 * 3600) * 1000)) "${@:2}"; }
send() {
	local k
	for ((k = 1; k < 2900; k++)); do
		while [ -e "$tmp/pause" ]; do sleep 0.05; done
		[ ! -e "$tmp/stop" ] || return 0
		wave "$k" --url "$url/api/v1/write" --rate 5000 --batch 500 >"$tmp/waves/$k.load" || return 1
		echo "$k" >>"$tmp/ledger"
		[ $((k % 2)) = 1 ] || get -X POST -o /dev/null "$url/api/v1/admin/flush" || return 1
	done
}
expected() { # wave: a file with its points
	local f=$tmp/waves/$1.expect n
	[ -e "$f" ] || for ((n = 0; n < series; n++)); do wave "$1" --expect $n; done >"$f"
}
acked() { wc -l <"$tmp/ledger"; }
more_acked() { [ "$(acked)" -gt "$1" ]; }

can_export=false how="by their number"
"$build/parkwatch" help | grep -q '^ *parkwatch export' && can_export=true how="each value right"
# Everything of waves 1 … BEFORE, and nothing that was not sent until AFTER.
compare() { # folder, before, after
	local k want=() maybe=()
	"$build/parkwatch" export --data-dir "$1" --format openmetrics >"$tmp/export" || return 1
	for ((k = 1; k <= $3; k++)); do
		expected "$k"
		if [ "$k" -le "$2" ]; then want+=("$tmp/waves/$k.expect"); else maybe+=("$tmp/waves/$k.expect"); fi
	done
	python3 "$repo/tests/system/backup_points.py" "$tmp/export" "${want[@]}" -- "${maybe[@]}"
}
# Without export: a daemon on it counts them.
held() { get "http://127.0.0.1:$1/metrics" |
	awk '/^parkwatch_store_held\{place="(log|runs|partitions)"\}/ { n += $2 } END { printf "%d", n }'; }
count() { # folder, before, after
	local p n pid
	p=$(free_port)
	"$build/parkwatch" run --data-dir "$1" --listen "127.0.0.1:$p" 2>>"$tmp/restored.log" &
	pid=$!
	wait_for 20 get -o /dev/null "http://127.0.0.1:$p/-/ready" && n=$(held "$p")
	kill $pid && wait $pid
	[ "${n:-0}" -ge $(($2 * wave_samples)) ] && [ "$n" -le $(($3 * wave_samples)) ] ||
		{ echo "${n:-no} samples, $2 to $3 waves of $wave_samples were sent"; return 1; }
}

backup() { "$build/parkwatch" backup --data-dir "$tmp/data" --to "$@"; }
restore() { "$build/parkwatch" restore --from "$1" --data-dir "$2" && "$build/parkwatch" check store "$2"; }
restored() { # number, before, after
	# What comes meanwhile would only have to be compared the next time.
	touch "$tmp/pause"
	restore "$tmp/backup-$1" "$tmp/restored-$1" || return 1
	if $can_export; then compare "$tmp/restored-$1" "$2" "$3"; else count "$tmp/restored-$1" "$2" "$3"; fi
}

send &
sender=$!
wait_for 60 more_acked 1 || { not_ok "samples come in" "$(cat "$tmp/parkwatch.log")"; exit 1; }
for ((i = 1; i <= backups; i++)); do
	before=$(acked)
	# Every second one slowly.
	if ! out=$(backup "$tmp/backup-$i" --rate $((1 + i % 2 * 63)) 2>&1); then
		not_ok "backup $i is made" "$out"
		continue
	fi
	after=$(($(acked) + 1))
	check "backup $i holds all $before waves acknowledged before it, $how" restored $i "$before" "$after"
	rm -f "$tmp/pause"
	[ $i = "$backups" ] || rm -rf "$tmp/backup-$i" "$tmp/restored-$i"
	wait_for 60 more_acked "$before"
done

# Ended anywhere it leaves nothing that the next one to the same name would mind.
halves=0
for ms in 0 5 20 50 100 200; do
	setsid "$build/parkwatch" backup --data-dir "$tmp/data" --to "$tmp/killed" --rate 1 >/dev/null 2>&1 &
	victim=$!
	sleep 0.$(printf '%03d' $ms)
	kill -9 -- -$victim 2>/dev/null
	[ ! -e "$tmp/killed.unfinished" ] || halves=$((halves + 1))
	wait $victim 2>/dev/null
	[ ! -e "$tmp/killed" ] || mv "$tmp/killed" "$tmp/was-done-$ms"
done
echo "# six were killed, $halves left half a backup"
before=$(acked)
check "after six that were killed the next one is made" backup "$tmp/killed"
[ ! -e "$tmp/killed.unfinished" ] && ok "and has cleared up" || not_ok "and has cleared up" "$(ls -la "$tmp")"
check "and can be restored" restore "$tmp/killed" "$tmp/after-killed"
check "what is there is not replaced" sh -c \
	"! '$build/parkwatch' backup --data-dir '$tmp/data' --to '$tmp/killed' 2>&1 | grep -v 'is there already'"
check "neither is a store" sh -c \
	"! '$build/parkwatch' restore --from '$tmp/killed' --data-dir '$tmp/data' 2>&1 | grep -v 'is not empty, it holds'"

check "samples go on coming in" wait_for 60 more_acked "$before"
touch "$tmp/stop"
wait $sender && ok "none was refused meanwhile" || not_ok "none was refused meanwhile" "$(tail -n 5 "$tmp/parkwatch.log")"
stop_daemon
check "the store is sound" "$build/parkwatch" check store "$tmp/data"
echo "# $(acked) waves of $wave_samples samples; p99 of acknowledgements by wave, ms:" \
	"$(jq -r .latency_ms.p99 "$tmp"/waves/*.load | sort -n | tr '\n' ' ')"

# Life goes on in what was restored.
rm -rf "$tmp/data" && mv "$tmp/restored-$backups" "$tmp/data"
start_daemon ""
check "a restored store takes what comes next" wave 2950 --url "http://127.0.0.1:$port/api/v1/write"
get -X POST -o /dev/null "http://127.0.0.1:$port/api/v1/admin/flush"
stop_daemon
check "and is sound" "$build/parkwatch" check store "$tmp/data"
