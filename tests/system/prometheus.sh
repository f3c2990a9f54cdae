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
sleep 60
ask() { get "http://127.0.0.1:$web/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"'; }
scrapes=$(ask 'count_over_time(up{job="parkwatch"}[2m])')
lowest=$(ask 'min_over_time(up{job="parkwatch"}[2m])')
[ "$scrapes" != none ] && [ "$scrapes" -ge 25 ] && [ "$lowest" = 1 ] &&
	ok "every scrape of a minute succeeded ($scrapes)" ||
	not_ok "every scrape of a minute succeeded" "scrapes $scrapes, lowest up $lowest"
families=$(ask 'count(count by (__name__) ({__name__=~"park_.+"}))')
[ "$families" != none ] && [ "$families" -ge 40 ] && ok "prometheus holds $families families of parks" ||
	not_ok "prometheus holds the parks' families" "$families"
ours=$(get "$metrics" | grep -c '^park_fixed_asset_investment_yuan{')
theirs=$(ask 'count(park_fixed_asset_investment_yuan)')
[ "$ours" = "$theirs" ] && [ "$ours" -ge 9 ] && ok "as many parks there as here ($ours)" ||
	not_ok "as many parks there as here" "ours $ours, theirs $theirs"
dropped=$(ask 'max_over_time((sum(prometheus_target_scrapes_sample_duplicate_timestamp_total) or vector(0))[1m:5s])')
[ "$dropped" = 0 ] || [ "$dropped" = none ] && ok "no sample was dropped as a duplicate" ||
	not_ok "no sample was dropped as a duplicate" "$dropped"
grep -v '^$' "$tmp/prometheus.log" | grep -q 'level=error' &&
	not_ok "prometheus logged no error" "$(cat "$tmp/prometheus.log")" || ok "prometheus logged no error"
