# lib.sh - for the tests against the built daemon and real counterparts; sourced, not run.
#
# Each script prints TAP lines: "ok N - what", "not ok N - what", "ok N # SKIP what". Everything listens
# on loopback, lives in $tmp, and ends with the script.
set -uo pipefail
build=$(cd "${PARKWATCH_BUILD:-build}" && pwd)
repo=$PWD
shared=${PARKWATCH_SHARED:-$PWD/../shared}
tmp=$(mktemp -d)
count=0
bad=0
pids=()

finish() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null; done
	rm -rf "$tmp"
	[ "$bad" -eq 0 ]
}
trap finish EXIT

ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() {
	count=$((count + 1)) bad=$((bad + 1))
	echo "not ok $count - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | head -n 40 | sed 's/^/# /'
}
skip() { count=$((count + 1)); echo "ok $count # SKIP $1"; }
# check WHAT COMMAND...: ok when it succeeds; what it prints is shown when it does not
check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$what"; else not_ok "$what" "$out"; fi
}
need() { # command: or the whole script is one skipped test
	command -v "$1" >/dev/null 2>&1 || { skip "$1 is not installed"; exit 0; }
}
# A port nobody has now.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
wait_for() { # seconds, command...: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
get() { curl -fsS --max-time 10 "$@"; }

# start_daemon CONFIG [option...]: sets $port and $daemon; data in $tmp/data
start_daemon() {
	local config=$1
	shift
	port=$(free_port)
	"$build/parkwatch" run ${config:+--config "$config"} --data-dir "$tmp/data" \
		--listen "127.0.0.1:$port" "$@" 2>>"$tmp/parkwatch.log" &
	daemon=$!
	pids+=("$daemon")
	wait_for 20 get -o /dev/null "http://127.0.0.1:$port/-/ready" || {
		not_ok "parkwatch becomes ready" "$(tail -n 20 "$tmp/parkwatch.log")"
		exit 1
	}
}
stop_daemon() {
	kill "$daemon" && wait "$daemon"
}

# The example city on free ports: $city_config, offices running.
start_city() {
	local offices_port dir=$tmp/city
	mkdir -p "$dir/state/drop"
	offices_port=$(free_port)
	local static=("$repo"/examples/city/catalogue/{units,indicators,targets}.yaml
		"$repo/catalogue/data/holidays-cn.yaml")
	"$build/city-offices" targets "${static[@]}" >"$dir/state/targets.yaml"
	sed -e "s#127.0.0.1:9291/#127.0.0.1:$offices_port/#" \
		-e "s#- ../../catalogue/#- $repo/catalogue/#" \
		-e "s#- catalogue/#- $repo/examples/city/catalogue/#" \
		"$repo/examples/city/parkwatch.yaml" >"$dir/parkwatch.yaml"
	"$build/city-offices" serve "$offices_port" "$dir/state" "$dir/state/drop" "${static[@]}" \
		"$dir/state/targets.yaml" 2>"$tmp/offices.log" &
	pids+=($!)
	wait_for 10 get -o /dev/null "http://127.0.0.1:$offices_port/metrics"
	city_config=$dir/parkwatch.yaml
}
