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
	local watchdog
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	# Whoever does not end is not waited for without end.
	(trap 'kill $nap' TERM; sleep 60 & nap=$!; wait $nap && kill -9 "${pids[@]}") >/dev/null 2>&1 &
	watchdog=$!
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null; done
	kill "$watchdog" 2>/dev/null
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
# A port nobody has now, and that no other call here gave: below those that the kernel gives to clients, one of which would have
# it before its server does, or while that is started again.
free_port() {
	python3 - "$tmp/ports" <<'P'
import random, socket, sys
given = open(sys.argv[1], "a+")
given.seek(0)
taken = set(given.read().split())
end = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
for port in random.sample(range(10000, end), min(end - 10000, 200)) if end > 11000 else [0]:
    s = socket.socket()
    try: s.bind(("127.0.0.1", port))
    except OSError: continue
    port = str(s.getsockname()[1])
    if port not in taken: break
else: sys.exit("no port is free")
given.write(port + "\n")
print(port)
P
}
wait_for() { # seconds, command...: until it succeeds. A minute at least: a slow machine needs it, others do not
	local end=$((SECONDS + ($1 < 60 ? 60 : $1)))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
get() { curl -fsS --max-time 60 "$@"; }
# put_whole FILE PLACE: there at once, as a folder's feed might look before a copy has come to its end
put_whole() {
	cp "$1" "$tmp/whole.new" && mv "$tmp/whole.new" "$2"
}

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
