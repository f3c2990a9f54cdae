#!/usr/bin/env bash
# Debian's prometheus scrapes our /metrics for a minute; promtool has no complaint.
. tests/system/lib.sh
need prometheus
need promtool

start_city
start_daemon "$city_config"
metrics=http://127.0.0.1:$port/metrics
wait_for 60 sh -c "curl -fsS $metrics | grep -q '^park_mean_pace_ratio'"

get "$metrics" >"$tmp/metrics.txt"
lint=$(promtool check metrics <"$tmp/metrics.txt" 2>&1) && [ -z "$lint" ] &&
	ok "promtool check metrics is silent" || not_ok "promtool check metrics is silent" "$lint"
get -H 'Accept: application/openmetrics-text; version=1.0.0' "$metrics" >"$tmp/open.txt"
check "OpenMetrics ends with # EOF" grep -qx '# EOF' <(tail -n 1 "$tmp/open.txt")

web=$(free_port)
cat >"$tmp/prometheus.yml" <<Y
global: {scrape_interval: 2s}
scrape_configs:
  - job_name: parkwatch
    static_configs: [{targets: ["127.0.0.1:$port"]}]
Y
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" \
	--web.listen-address="127.0.0.1:$web" --log.level=warn >"$tmp/prometheus.log" 2>&1 &
pids+=($!)
wait_for 30 get -o /dev/null "http://127.0.0.1:$web/-/ready"
ask() { get "http://127.0.0.1:$web/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"'; }
at_least() { local got; got=$(ask "$2") && [ "$got" != none ] && [ "$got" -ge "$1" ]; }
wait_for 300 at_least 30 'sum_over_time(up{job="parkwatch"}[10m])'
scrapes=$(ask 'sum_over_time(up{job="parkwatch"}[10m])')
# One that took the two seconds it may says nothing of the page, but of the machine.
failed=$(ask 'count_over_time((up{job="parkwatch"} == 0 and scrape_duration_seconds{job="parkwatch"} < 1.9)[10m:1s])')
[ "$scrapes" != none ] && [ "$scrapes" -ge 30 ] && [ "$failed" = none ] &&
	ok "every scrape of a minute succeeded ($scrapes)" ||
	not_ok "every scrape of a minute succeeded" "scrapes $scrapes, failed $failed"
families='count(count by (__name__) ({__name__=~"park_.+"}))'
wait_for 60 at_least 40 "$families"
families=$(ask "$families")
[ "$families" != none ] && [ "$families" -ge 40 ] && ok "prometheus holds $families families of parks" ||
	not_ok "prometheus holds the parks' families" "$families"
as_many() {
	ours=$(get "$metrics" | grep -c '^park_fixed_asset_investment_yuan{')
	theirs=$(ask 'count(park_fixed_asset_investment_yuan)')
	[ "$ours" = "$theirs" ] && [ "$ours" -ge 9 ]
}
wait_for 60 as_many && ok "as many parks there as here ($ours)" ||
	not_ok "as many parks there as here" "ours $ours, theirs $theirs"
dropped=$(ask 'max_over_time((sum(prometheus_target_scrapes_sample_duplicate_timestamp_total) or vector(0))[1m:5s])')
[ "$dropped" = 0 ] || [ "$dropped" = none ] && ok "no sample was dropped as a duplicate" ||
	not_ok "no sample was dropped as a duplicate" "$dropped"
grep -v '^$' "$tmp/prometheus.log" | grep -q 'level=error' &&
	not_ok "prometheus logged no error" "$(cat "$tmp/prometheus.log")" || ok "prometheus logged no error"
