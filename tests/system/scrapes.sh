#!/usr/bin/env bash
# parkwatch and Debian's prometheus scrape the same targets side by side: an exporter, prometheus itself, parkwatch
# itself, and pages of our own with stamps, labels of their own and rules. They must hold the same.
. tests/system/lib.sh
need prometheus
need prometheus-node-exporter

node=$(free_port) web=$(free_port) pages=$(free_port)
prometheus-node-exporter --web.listen-address="127.0.0.1:$node" >"$tmp/node.log" 2>&1 &
exporter=$!
pids+=($exporter)
mkdir "$tmp/pages"
python3 -m http.server --bind 127.0.0.1 --directory "$tmp/pages" "$pages" >"$tmp/pages.log" 2>&1 &
pids+=($!)

page() { # line...: the page, put there at once
	printf '%s\n' "$@" >"$tmp/page"
	mv "$tmp/page" "$tmp/pages/metrics"
}
common=('# TYPE a counter' 'a{job="own",instance=""} 1' "b{x=\"1\",y=\"2\"} 2 $(date +%s)000" 'c{device="sda12",mode="IDLE"} 3'
	'c{mode="Ünten",device="nvme0n1"} -0.25' 'd NaN' 'e{q="\"\\\n"} +Inf' 'f_bucket{le="0.5"} 4' 'go_x 1'
	'h{twin="1",other="2"} 1' 'h{twin="1",other="1"} 2')
page "${common[@]}" 'ends{n="1"} 7' 'ends{n="2"} 8' 'ends 9'

rules='metric_relabel_configs:
      - {source_labels: [__name__], regex: "go_.*", action: drop}
      - {source_labels: [device], regex: "(.*[a-z])[0-9]+", target_label: disk, replacement: "x-$1"}
      - {source_labels: [__name__, mode], separator: /, target_label: both}
      - {source_labels: [mode], target_label: lower, action: lowercase}
      - {source_labels: [mode], target_label: upper, action: uppercase}
      - {source_labels: [__name__, instance], target_label: shard, modulus: 17, action: hashmod}
      - {source_labels: [__name__], regex: "(ends|d)", target_label: __name__, replacement: "now_${1}"}
      - {source_labels: [twin], target_label: other, action: keepequal}
      - {regex: "exported_(.*)", replacement: "was_$1", action: labelmap}
      - {regex: "exported_.*|le", action: labeldrop}
      - {regex: "__name__|job|instance|disk|both|lower|upper|shard|was_.*|[nxyq]|twin", action: labelkeep}'

# Both configurations, of lines "NAME PORT KEYS". A port of 0 is a target that is gone: prometheus marks what ended when a
# job loses its targets, but not when the job goes with them.
jobs() {
	: >"$tmp/feeds" >"$tmp/scrapes"
	for job in "$@"; do
		read -r name at keys <<<"$job"
		[ "$keys" != rules ] || keys=$rules
		printf '  - job_name: %s\n    static_configs: [{targets: [%s]}]\n    %s\n' "$name" \
			"$([ "$at" = 0 ] || echo "\"127.0.0.1:$at\"")" "$keys" >>"$tmp/scrapes"
		[ "$at" = 0 ] || printf '  - name: %s\n    url: http://127.0.0.1:%s/metrics\n    format: prometheus
    every: 1s\n    backoff_max: 1s\n    jitter: 0\n    %s\n' "$name" "$at" "$keys" >>"$tmp/feeds"
	done
	{
		printf 'catalogue: [catalogue.yaml]\nfeeds:\n'
		cat "$tmp/feeds"
	} >"$tmp/parkwatch.yaml"
	{
		printf 'global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n'
		cat "$tmp/scrapes"
	} >"$tmp/prometheus.yml"
}
own=("page $pages" "honored $pages honor_labels: true" "unstamped $pages honor_timestamps: false" "ruled $pages rules"
	"limited $pages sample_limit: 5")

cp examples/provinces/catalogue.yaml "$tmp/"
jobs "node $node" "prometheus $web" "${own[@]}"
start_daemon "$tmp/parkwatch.yaml"
jobs "node $node" "prometheus $web" "parkwatch $port" "${own[@]}"
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" --web.enable-lifecycle \
	--web.listen-address="127.0.0.1:$web" --log.level=warn >"$tmp/prometheus.log" 2>&1 &
pids+=($!)
wait_for 30 get -o /dev/null "http://127.0.0.1:$web/-/ready"
reload() {
	kill -HUP "$daemon"
	curl -fsS -X POST "http://127.0.0.1:$web/-/reload"
}
same() { python3 tests/system/same_scrapes.py "http://127.0.0.1:$port" "http://127.0.0.1:$web" 90; }
shows() { # query, value
	[ "$(get "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"')" = "$2" ]
}
reload
wait_for 30 shows 'count(up == 1)' 7
sleep 10
check "seven targets: the same series, the same values" same
check "one of them has more samples than it may" wait_for 20 shows 'up{job="limited"}' 0
check "the whole exporter is there" wait_for 20 shows 'count({job="node"}) > bool 500' 1

page "${common[@]}" 'ends{n="2"} 8' 'ends{n="3"} 9'
kill $exporter
wait_for 20 shows 'up{job="node"}' 0
sleep 3
check "a target that is down and series that ended: the same" same
check "they ended at once" wait_for 20 shows 'count({job="node",__name__!~"up|scrape_.*"}) or vector(0)' 0
check "nothing else did" wait_for 20 shows 'count({__name__="ends",job="page"})' 2

jobs "node 0" "prometheus $web" "parkwatch $port" "page $pages rules" "honored $pages honor_labels: true" \
	"unstamped 0 honor_timestamps: false" "ruled 0 rules" "limited 0 sample_limit: 5"
reload
sleep 6
check "targets that were removed and rules that changed: the same" same
check "nothing of them is left but what is stamped" wait_for 20 \
	shows 'count({job=~"node|ruled|limited|unstamped",__name__!="b"}) or vector(0)' 0
grep -E 'level=(warn|error)' "$tmp/prometheus.log" | grep -vE 'sample_limit|out-of-order|out of order|Error on ingesting' >"$tmp/odd" &&
	not_ok "prometheus has nothing to complain of" "$(cat "$tmp/odd")" || ok "prometheus has nothing to complain of"
