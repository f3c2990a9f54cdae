#!/usr/bin/env bash
# The example city as a user meets it: the page, the API, a reload with mistakes, SIGKILL and back.
. tests/system/lib.sh

start_city
start_daemon "$city_config"
base=http://127.0.0.1:$port
check "a lagging park is alerted on" wait_for 60 sh -c \
	"curl -fsS $base/api/v1/alerts | jq -e '[.data.alerts[] | select(.labels.alertname == \"ParkLagging\" and .state == \"firing\")] | length > 0'"
check "a late park is alerted on" wait_for 30 sh -c \
	"curl -fsS $base/api/v1/alerts | jq -e '[.data.alerts[] | select(.labels.alertname == \"ReportLate\")] | length == 1'"
check "the board has the late reports" sh -c \
	"curl -fsS '$base/api/v1/reporting?state=late' | jq -e '.data.reports | length > 0 and all(.received == null and .lateHours >= 0)'"
check "and every unit's share of reports in time" sh -c \
	"curl -fsS $base/api/v1/reporting | jq -e '(.data.units | length > 10) and (.data.owners | length > 0) and all(.data.units[]; .onTime <= .due)'"
check "which is a series, too" sh -c "curl -fsS $base/metrics | grep -q '^park_reports_on_time_ratio{park='"
page=$(get "$base/")
check "the page says that it is a simulation" grep -q SIMULATION <<<"$page"
[ "$(grep -c '<script' <<<"$page")" = 0 ] && ok "the page runs no script" || not_ok "the page runs no script"
for unit in $(jq -r '.data.alerts[].labels.park // empty' <(get "$base/api/v1/alerts") | sort -u); do
	check "the page of $unit answers" get -o /dev/null "$base/unit?id=$unit"
done
check "buildinfo has a version and no features" sh -c \
	"curl -fsS $base/api/v1/status/buildinfo | jq -e '.data.version != \"\" and (.data | has(\"features\") | not)'"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$base/no/such/path")" = 404 ] && ok "an unknown path is a 404" ||
	not_ok "an unknown path is a 404"

# A reload with mistakes keeps everything.
cp "$city_config" "$tmp/good.yaml"
printf 'feds: []\nlights: {green: 0.5}\n' >>"$city_config"
kill -HUP "$daemon"
check "a bad reload is refused" wait_for 10 sh -c \
	"curl -fsS $base/metrics | grep -qx 'parkwatch_config_last_reload_successful 0'"
check "with its place" grep -qE "parkwatch.yaml:[0-9]+:[0-9]+: .*feds" "$tmp/parkwatch.log"
check "and the parks are still there" sh -c "curl -fsS $base/metrics | grep -q '^park_fixed_asset_investment_yuan'"
cp "$tmp/good.yaml" "$city_config"
kill -HUP "$daemon"
check "a good reload is taken" wait_for 10 sh -c \
	"curl -fsS $base/metrics | grep -qx 'parkwatch_config_last_reload_successful 1'"

# SIGKILL: everything acknowledged is there again before any feed is asked. The offices end first, so that no figure is stored
# between the reading and the kill.
kill "${pids[0]}"
figures() { get "http://127.0.0.1:$port/metrics" | grep -E '^park_[a-z_]+\{.*freq="M"' | sort; }
still() { before=$(figures); sleep 1; [ -n "$before" ] && [ "$before" = "$(figures)" ]; }
wait_for 60 still
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
sed '/^feeds:/,$d' "$tmp/good.yaml" >"$city_config"
start_daemon "$city_config"
after=$(figures)
[ -n "$before" ] && [ "$before" = "$after" ] && ok "after SIGKILL every figure is there ($(wc -l <<<"$after"))" ||
	not_ok "after SIGKILL every figure is there" "$(diff <(echo "$before") <(echo "$after"))"
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0" "$(tail -n 5 "$tmp/parkwatch.log")"
check "the store has no fault" "$build/parkwatch" check store "$tmp/data"
check "the ledger has no fault" "$build/parkwatch" audit verify --data-dir "$tmp/data"
"$build/parkwatch" run --listen 0.0.0.0:1 2>"$tmp/refused" && not_ok "a public address is refused" ||
	check "a public address is refused" grep -q 'not a loopback address' "$tmp/refused"
