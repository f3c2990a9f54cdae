#!/usr/bin/env bash
# The query language and API against what others have: Prometheus' acceptance scripts over HTTP, the same
# data and queries in Debian's prometheus, and promtool.
#
# PARKWATCH_LONG=1 compares 2,000 random queries for each of ten seeds.
. tests/system/lib.sh
need prometheus
need promtool
features=promql-experimental-functions,promql-delayed-name-removal,promql-extended-range-selectors
features+=,promql-binop-fill-modifiers,type-and-unit-labels
ours="$build/parkwatch run --data-dir {dir} --listen 127.0.0.1:{port} --log-level error --enable-feature"
theirs="prometheus --config.file={empty} --storage.tsdb.path={dir} --web.listen-address=127.0.0.1:{port}
 --web.enable-remote-write-receiver --storage.tsdb.retention.time=100y --storage.tsdb.min-block-duration=1000d
 --storage.tsdb.max-block-duration=1000d --log.level=error"

# --- the scripts: one test for each file
if [ -d "$shared/promql" ]; then
	timeout 600 python3 "$shared/tools/promqltest.py" --list-failures --start-cmd "$ours $features" \
		"$shared/promql" >"$tmp/scripts" 2>&1
	while read -r file passed failed; do
		[ "$failed" = 0 ] && ok "$file: $passed cases" ||
			not_ok "$file" "$(grep -A 1 "^    $file:" "$tmp/scripts")"
	done < <(sed -nE 's/^([a-z_-]+\.test) .*evals: +([0-9]+) passed, +([0-9]+) failed.*/\1 \2 \3/p' "$tmp/scripts")
	check "900 cases and more were run" awk '/ passed, .* failed, .* skipped$/ { n = $1 } END { exit !(n >= 900) }' \
		"$tmp/scripts"
else
	skip "there are no acceptance scripts in $shared"
fi

# --- side by side with prometheus 2.42. What differs, and why, is in docs/promql.md: ln and log10 of subnormal
# numbers, and the left edge of windows, for which promql_edges.py asks again.
differ() { # name, option...: what promdiff.py says in NAME, its answers in NAME.json
	local to=$tmp/$1
	shift
	timeout 900 python3 "$shared/tools/promdiff.py" --start-ref "$theirs" \
		--start-test "$ours promql-experimental-functions" --check-status --json "$to.json" "$@" >"$to" 2>&1
}
edges() { # name: 0 when nothing in NAME.json differs but by edges; what does is in NAME.odd
	timeout 300 python3 tests/system/promql_edges.py --tools "$shared/tools" --start-ref "$theirs" \
		--start-test "$ours promql-experimental-functions" "$tmp/$1.json" >"$tmp/$1.odd" 2>&1
}
if [ -d "$shared/tools" ]; then
	differ list
	check "the list of queries was compared" grep -qE '^(6[0-9]{3}|7[0-9]{3}) passed' "$tmp/list"
	edges list
	grep -E '\[(instant|range)\]$' "$tmp/list.odd" | grep -vE '^(ln|log10)\(park_special\) \[' >"$tmp/unexplained"
	grep -q ' of [0-9]* differ, ' "$tmp/list.odd" && [ ! -s "$tmp/unexplained" ] &&
		ok "no query of it answers otherwise than prometheus" ||
		not_ok "no query of it answers otherwise than prometheus" "$(cat "$tmp/list.odd")"
	seeds=7 n=300
	[ -z "${PARKWATCH_LONG:-}" ] || seeds="1 2 3 4 5 6 7 8 9 10" n=2000
	for seed in $seeds; do
		differ "fuzz" --fuzz "$n" --seed "$seed"
		what=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 equal, \2 not/p' "$tmp/fuzz")
		edges fuzz && [ -n "$what" ] && ok "random queries, seed $seed: $what, by edges alone" ||
			not_ok "random queries, seed $seed: $what" "$(cat "$tmp/fuzz.odd")"
	done
else
	skip "there is nothing to compare with in $shared"
fi

# --- promtool
start_daemon ""
base=http://127.0.0.1:$port
"$build/bench/load" --url "$base/api/v1/write" --set Smini >/dev/null 2>&1 || not_ok "samples are loaded"
end=$(date +%s)
check "promtool: instant" sh -c "promtool query instant $base 'count(cpu_usage_percent)' | grep -q '=> 160 @'"
check "promtool: range" sh -c \
	"promtool query range --start=$((end - 1800)) --end=$end --step=60s $base 'sum(rate(network_receive_bytes_total[5m]))' | grep -cq '@'"
check "promtool: series" sh -c \
	"promtool query series --match='load_average{window=\"1m\"}' --start=$((end - 7200)) --end=$end $base | grep -c load_average | grep -qx 40"
check "promtool: labels" sh -c "promtool query labels --start=$((end - 7200)) --end=$end $base hostname | grep -qx host-1"
stop_daemon
