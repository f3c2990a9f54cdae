#!/usr/bin/env bash
# Debian's prometheus-node-exporter, polled as a feed of plain samples.
. tests/system/lib.sh
need prometheus-node-exporter

node=$(free_port)
prometheus-node-exporter --web.listen-address="127.0.0.1:$node" >"$tmp/node.log" 2>&1 &
exporter=$!
pids+=($exporter)
wait_for 10 get -o /dev/null "http://127.0.0.1:$node/metrics"
cp examples/provinces/catalogue.yaml "$tmp/"
cat >"$tmp/parkwatch.yaml" <<Y
catalogue: [catalogue.yaml]
alerts: {feed_down: {failures: 2, for: 0s}}
assess_every: 1s
feeds:
  - {name: node, url: "http://127.0.0.1:$node/metrics", format: prometheus, every: 1s, backoff_max: 2s}
Y
start_daemon "$tmp/parkwatch.yaml"
metrics=http://127.0.0.1:$port/metrics
check "a whole page is kept" wait_for 20 sh -c \
	"curl -fsS $metrics | awk '/^parkwatch_feed_figures_kept_total\\{feed=\"node\"\\}/ { exit !(\$2 > 500) }'"
get "$metrics" | grep -E '^parkwatch_feed_figures_refused_by_feed_total\{feed="node"\} [1-9]' >"$tmp/refused" &&
	not_ok "nothing of it is refused" "$(cat "$tmp/refused")" || ok "nothing of it is refused"
kill $exporter
check "a dead feed raises an alert" wait_for 20 sh -c \
	"curl -fsS http://127.0.0.1:$port/api/v1/alerts | jq -e '.data.alerts[] | select(.labels.alertname == \"FeedDown\" and .labels.feed == \"node\" and .state == \"firing\")'"
check "which is a series" wait_for 20 sh -c "curl -fsS $metrics | grep -q '^ALERTS{.*alertname=\"FeedDown\"'"
check "and a log line" wait_for 20 grep -q 'msg="alert firing".*FeedDown' "$tmp/parkwatch.log"
check "and feed_up is 0" wait_for 20 sh -c "curl -fsS $metrics | grep -qx 'parkwatch_feed_up{feed=\"node\"} 0'"
prometheus-node-exporter --web.listen-address="127.0.0.1:$node" >>"$tmp/node.log" 2>&1 &
pids+=($!)
check "which ends when the feed is back" wait_for 30 sh -c \
	"! curl -fsS http://127.0.0.1:$port/api/v1/alerts | grep -q FeedDown"
