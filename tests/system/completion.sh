#!/usr/bin/env bash
# Editors of queries (Prometheus' own page, Grafana and others) complete names with the package codemirror-promql:
# its client asks a running daemon, and what it understands is what was stored.
. tests/system/lib.sh
need node
need jq
[ -d build/npm/node_modules/@prometheus-io ] || {
	skip "codemirror-promql is not in build/npm: tools/deps installs it"
	exit 0
}

printf 'remote_write: {enabled: true}\n' >"$tmp/ours.yaml"
start_daemon "$tmp/ours.yaml"
base=http://127.0.0.1:$port
now=$(date +%s)
{
	for instance in h1 h2; do
		for job in api web; do
			printf 'series { labels { name: "__name__" value: "requests_total" } labels { name: "instance" value: "%s" } ' $instance
			printf 'labels { name: "job" value: "%s" } samples { value: 1 timestamp: %d } }\n' $job $(((now - 5) * 1000))
		done
	done
	printf 'series { labels { name: "__name__" value: "%s" } labels { name: "%s" value: "%s" } samples { value: 1 timestamp: %d } }\n' \
		request_size_bucket le 0.5 $(((now - 5) * 1000)) temp room '甲 \"1\"' $(((now - 5) * 1000)) \
		old was here $(((now - 86400) * 1000))
	echo 'metadata { type: 1 family: "requests_total" help: "Requests that were answered." }'
	echo 'metadata { type: 3 family: "request_size" help: "Sizes." unit: "bytes" }'
} >"$tmp/text"
protoc -I tests/system --encode=t.Request tests/system/remote_write.proto <"$tmp/text" |
	"$build/tests/system/write_again" pack >"$tmp/body"
check "samples are pushed" get -X POST --data-binary "@$tmp/body" -H 'Content-Encoding: snappy' \
	-H 'Content-Type: application/x-protobuf' -H 'X-Prometheus-Remote-Write-Version: 0.1.0' "$base/api/v1/write"

# what is asked, the filter of jq on the answer, what it gives
answers() { # filter, wanted, question...
	local filter=$1 wanted=$2 got
	shift 2
	got=$(timeout 60 node tests/system/completion/ask.js "$base" "$@" | jq -c "$filter") && [ "$got" = "$wanted" ] && return
	printf 'wanted %s\ngot    %s\n' "$wanted" "$got"
	return 1
}
export METHOD LOOKBACK
for METHOD in POST GET; do
	check "$METHOD: names of labels" answers sort '["__name__","instance","job","le","room","was"]' labelNames
	check "$METHOD: names of a metric's labels" answers . '["__name__","instance","job"]' labelNames requests_total
	check "$METHOD: series" answers 'map(.instance + .job) | sort' '["h1api","h1web","h2api","h2web"]' series requests_total
	LOOKBACK=600000
	check "$METHOD: names of labels in the last minutes" answers . '["__name__","instance","job","le","room"]' labelNames
	check "$METHOD: series in the last minutes" answers length 0 series old
	LOOKBACK=
done
check "names of metrics" answers . '["old","request_size_bucket","requests_total","temp"]' metricNames
check "values of a label" answers . '["api","web"]' labelValues job
check "values of a metric's label" answers . '["甲 \"1\""]' labelValues room temp
check "values of another metric's label" answers . '[]' labelValues room requests_total
check "type, help and unit of metrics" answers . \
	'{"request_size":[{"type":"histogram","help":"Sizes.","unit":"bytes"}],"requests_total":[{"type":"counter","help":"Requests that were answered.","unit":""}]}' \
	metricMetadata
check "switches of the server" answers '."query.lookback-delta"' '"5m"' flags
check "a metric's name is completed, with its type and help" answers . \
	'[{"label":"request_size_bucket","detail":"counter","info":"The total count of observations for a bucket in the histogram: Sizes."},{"label":"requests_total","detail":"counter","info":"Requests that were answered."}]' \
	complete 'sum(rate(req'
check "a label's name is completed" answers 'map(.label)' '["instance"]' complete 'requests_total{in'
check "a label's value is completed" answers 'map(.label)' '["web"]' complete 'requests_total{job="we'
check "a value is completed beside another label" answers 'map(.label)' '["h1","h2"]' complete 'requests_total{job="api",instance="h'
stop_daemon
