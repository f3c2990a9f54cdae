#!/usr/bin/env bash
# The rest of the HTTP API beside Debian's prometheus: the same samples pushed to both, the same requests;
# then a prometheus that reads from us, and one that scrapes /federate.
. tests/system/lib.sh
need prometheus
need jq

# a prometheus that listens: CONFIG DIR [option...] sets $web
start_prometheus() {
	local config=$1 dir=$2
	shift 2
	web=$(free_port)
	prometheus --config.file="$config" --storage.tsdb.path="$tmp/$dir" --web.listen-address="127.0.0.1:$web" \
		--log.level=error "$@" >>"$tmp/prometheus.log" 2>&1 &
	pids+=($!)
	wait_for 30 get -o /dev/null "http://127.0.0.1:$web/-/ready"
}

echo 'global: {}' >"$tmp/empty.yml"
printf 'remote_write: {enabled: true}\nenable_admin_api: true\n' >"$tmp/ours.yaml"
start_daemon "$tmp/ours.yaml" --enable-feature promql-per-step-stats
ours=http://127.0.0.1:$port
start_prometheus "$tmp/empty.yml" theirs --web.enable-remote-write-receiver --web.enable-admin-api \
	--enable-feature=promql-per-step-stats
theirs=http://127.0.0.1:$web

# --- the same samples in both
now=$(date +%s)
{
	for ((i = 0; i < 20; i++)); do
		printf 'series { labels { name: "__name__" value: "requests_total" } labels { name: "instance" value: "h%d" } ' $i
		printf 'labels { name: "job" value: "%s" } ' "$([ $((i % 2)) = 0 ] && echo web || echo api)"
		for ((k = 0; k < 40; k++)); do
			printf 'samples { value: %d timestamp: %d } ' $((i * 10 + k)) $(((now - 600 + k * 15) * 1000))
		done
		echo '}'
	done
	# a histogram of 20 samples: every bucket counts a little more than the one below it
	for le in 0.1 0.5 +Inf sum; do
		printf 'series { labels { name: "__name__" value: "%s" } ' "$([ $le = sum ] && echo latency_sum || echo latency_bucket)"
		printf 'labels { name: "job" value: "api" } '
		[ $le = sum ] || printf 'labels { name: "le" value: "%s" } ' $le
		for ((k = 0; k < 20; k++)); do
			printf 'samples { value: %d timestamp: %d } ' $((k * (${#le} + 1))) $(((now - 600 + k * 30) * 1000))
		done
		echo '}'
	done
	# values and distances of all sizes
	printf 'series { labels { name: "__name__" value: "bits" } '
	awk -v at=$((now - 500))000 'BEGIN {
		srand(1)
		split("0 -0.0 1 1 1.5 nan inf -inf 1e300 5e-324 0.1 0.2 123456789 123456790", v, " ")
		for (i = 0; i < 90; i++) {
			at += i % 3 ? 5000 : 1 + int(rand() * (i % 2 ? 9000 : 200))
			printf "samples { value: %s timestamp: %.0f } ", i % 5 ? v[1 + int(rand() * 14)] : rand(), at
		}
		print "}"
	}'
	printf 'series { labels { name: "__name__" value: "%s" } labels { name: "%s" value: "%s" } samples { value: %s timestamp: %d000 } }\n' \
		gone job api 1 $((now - 3600)) temp room 甲 1e21 $((now - 1)) esc q 'a\"b\\c\nd' -0.0 $((now - 1)) \
		huge job cron inf $((now - 1)) small job cron 1e-7 $((now - 2))
} >"$tmp/text"
protoc -I tests/system --encode=t.Request tests/system/remote_write.proto <"$tmp/text" |
	"$build/tests/system/write_again" pack >"$tmp/body"
for to in "$ours" "$theirs"; do
	check "samples are pushed to $to" get -X POST --data-binary "@$tmp/body" -H 'Content-Encoding: snappy' \
		-H 'Content-Type: application/x-protobuf' -H 'X-Prometheus-Remote-Write-Version: 0.1.0' "$to/api/v1/write"
done

# --- the same requests to both: status and answer
ask() { curl -gsS --max-time 60 -w '\n%{http_code}\n' "$@"; }
same_answer() { # path [curl option...]
	local path=$1
	shift
	ask "$@" "$ours$path" >"$tmp/a" && ask "$@" "$theirs$path" >"$tmp/b" && diff "$tmp/a" "$tmp/b"
}
while read -r path; do
	check "as prometheus: $path" same_answer "$path"
done <<T
/api/v1/series
/api/v1/series?match[]={}
/api/v1/series?match[]=requests_total
/api/v1/series?match[]=requests_total{job="api"}&match[]=temp&match[]={job="api"}
/api/v1/series?match[]=nothing
/api/v1/series?match[]=foo(
/api/v1/series?match[]=sum
/api/v1/series?match[]=x[5m]
/api/v1/series?match[]=up&start=abc
/api/v1/series?match[]=up&end=abc
/api/v1/series?match[]={job!=""}&start=$((now - 60))&end=$now
/api/v1/series?match[]=temp&start=1&end=2
/api/v1/labels
/api/v1/labels?match[]=temp
/api/v1/labels?match[]={}
/api/v1/labels?start=zz
/api/v1/labels?start=1&end=2
/api/v1/label/job/values
/api/v1/label/__name__/values
/api/v1/label/q/values
/api/v1/label/nothing/values
/api/v1/label/job/values?match[]=gone
/api/v1/label/job/values?match[]=gone&match[]=huge
/api/v1/label/job/values?match[]={}
/api/v1/label/job/values?start=1&end=2
/api/v1/metadata
/api/v1/metadata?limit=x
/api/v1/query?query=1&time=abc
/api/v1/query?query=temp&time=$now
/api/v1/query?query=small&time=$now
/api/v1/query_range?query=1&start=abc&end=1&step=1
/api/v1/query_range?query=sum(requests_total)by(job)&start=$((now - 300))&end=$now&step=60
/api/v1/rules
/api/v1/alertmanagers
/api/v1/targets/metadata
/api/v1/scrape_pools
/api/v1/query_exemplars?query=(
/api/v1/query_exemplars?query=up
/api/v1/query_exemplars
/api/v1/query_exemplars?query=up&start=x
/api/v1/query_exemplars?query=up&start=5&end=4
/api/v1/format_query?query=(
/api/v1/metadata?limit=1_0
/api/v1/metadata?limit=-1
/api/v1/status/walreplay
/federate?match[]={__name__=~".%2B"}
/federate?match[]={}
/federate?match[]=x(
/federate
T
check "as prometheus: POST /api/v1/series" same_answer /api/v1/series --data-urlencode 'match[]=temp'
# The same status; a 405 has other words.
same_status() { # method path
	local to
	for to in "$ours" "$theirs"; do
		curl -gsS --max-time 60 -X "$1" -o /dev/null -w '%{http_code}\n' "$to$2"
	done | uniq | wc -l | grep -qx 1
}
while read -r method path; do
	check "as prometheus: $method $path" same_status "$method" "$path"
done <<T
POST /api/v1/label/job/values?match[]=temp
POST /api/v1/metadata
POST /api/v1/status/flags
PUT /api/v1/query?query=1
GET /api/v1/read
OPTIONS /api/v1/query
OPTIONS /api/v1/label/job/values
OPTIONS /api/v1/read
OPTIONS /api/v1/admin/tsdb/delete_series
GET /api/v1/nothing
T
check "OPTIONS tells no origin that it may read" sh -c "curl -sS -D - -X OPTIONS -H 'Origin: http://elsewhere' \
	-H 'Access-Control-Request-Method: POST' '$ours/api/v1/query' | tr -d '\r' >'$tmp/options' &&
	grep -qx 'HTTP/1.1 204 No Content' '$tmp/options' && ! grep -qiE '^(access-control|content-type)' '$tmp/options'"
check "as prometheus: POST /api/v1/labels" same_answer /api/v1/labels --data-urlencode 'match[]=temp'

# --- what `promtool query analyze` asks: buckets as they were stored, the sums' labels, a duration as Go writes it
# (2.42 has no such subcommand; one that is there is run as well)
analyze() { # query [curl option...]
	local query=$1
	shift
	same_answer /api/v1/query "$@" --data-urlencode "query=$query" -d "time=$now.25"
}
for query in 'latency_bucket[1h0m0s]' 'last_over_time(latency_sum[1h0m0s])' 'latency_bucket{job="api"}[1h0m0s]' \
	'latency_bucket{job="none",}[1h0m0s]'; do
	check "as prometheus: query analyze asks for $query" analyze "$query"
done
check "buckets come with all their samples, at the same times" sh -c "curl -gsS '$ours/api/v1/query' \
	--data-urlencode 'query=latency_bucket[1h0m0s]' -d time=$now.25 | jq -e '.data | .resultType == \"matrix\" and
	([.result[].metric.le] | sort) == [\"+Inf\", \"0.1\", \"0.5\"] and
	(.result | map(.values | length == 20) | all) and ([.result[] | .values | map(.[0])] | unique | length) == 1'"
if promtool query analyze --help >/dev/null 2>&1; then
	check "promtool: query analyze" promtool query analyze --server="$ours" --type=histogram --match=latency_bucket
fi

head='.data.headStats | [.numSeries, .numLabelPairs, .minTime, .maxTime]'
check "as many series of the same time at /api/v1/status/tsdb" test \
	"$(get "$ours/api/v1/status/tsdb" | jq -c "$head")" = "$(get "$theirs/api/v1/status/tsdb" | jq -c "$head")"

# --- samples by step. Half a second beside the samples: ranges are open on the left since 3.0
samples() { # query, server
	get -G "$2/api/v1/query_range" -d "start=$((now - 600)).5&end=$now.5&step=70&stats=all" --data-urlencode "query=$1" |
		jq -c '.data.stats.samples | del(.peakSamples)'
}
same_samples() {
	samples "$1" "$ours" >"$tmp/a" && samples "$1" "$theirs" >"$tmp/b" && diff "$tmp/a" "$tmp/b" &&
		grep -q '"totalQueryableSamplesPerStep":\[\[' "$tmp/a"
}
for query in requests_total 'sum by (job) (rate(requests_total[1m]))' 'requests_total @ end()' \
	'rate(requests_total[1m] @ end()) + requests_total' 'max_over_time(sum_over_time(requests_total[1m:30s])[2m:1m])' \
	'topk(2, requests_total and nothing)' 'absent_over_time(requests_total[2m])' 'timestamp(requests_total)' \
	'requests_total > 100 or temp' 'time() + scalar(temp)' 'sum_over_time((temp @ end())[2m:30s])'; do
	check "samples by step as in prometheus: $query" same_samples "$query"
done

# --- a prometheus that reads from us has what it would have itself
cat >"$tmp/reads.yml" <<Y
remote_read: [{url: "$ours/api/v1/read", read_recent: true}]
Y
start_prometheus "$tmp/reads.yml" reads
reads=http://127.0.0.1:$web
same_query() { # query
	get -G "$reads/api/v1/query" -d "time=$now" --data-urlencode "query=$1" >"$tmp/a" &&
		get -G "$theirs/api/v1/query" -d "time=$now" --data-urlencode "query=$1" >"$tmp/b" &&
		diff "$tmp/a" "$tmp/b" && jq -e '.data.result | length > 0' "$tmp/a"
}
for query in requests_total 'sort(sum by (job) (rate(requests_total[5m])))' 'requests_total{job!~"a.*"}[2m]' temp esc huge \
	'count({__name__=~".+",job!="api"})' 'gone offset 1h'; do
	check "through remote read: $query" same_query "$query"
done

# --- chunks, which 2.42 gives but does not ask for: byte for byte, unless it cut one at an even hour, as it does
chunks() { timeout 120 python3 tests/system/read_chunks.py "$1" $(((now - 7200) * 1000)) $((now * 1000)) __name__=requests_total \
	job=none '__name__=~temp|esc|huge|small' __name__=bits; }
same_chunks() {
	chunks "$ours" >"$tmp/a" && chunks "$theirs" >"$tmp/b" || return 1
	[ "$(wc -l <"$tmp/a")" -ge 25 ] || return 1
	for f in a b; do
		awk '{ print $1, $2 }' "$tmp/$f" | uniq >"$tmp/$f.series"
	done
	diff "$tmp/a.series" "$tmp/b.series" || return 1
	[ "$(wc -l <"$tmp/a")" != "$(wc -l <"$tmp/b")" ] || diff "$tmp/a" "$tmp/b"
}
check "as prometheus: chunks of remote read" same_chunks

# --- a prometheus that scrapes /federate
cat >"$tmp/federation.yml" <<Y
scrape_configs:
  - job_name: federation
    scrape_interval: 1s
    honor_labels: true
    metrics_path: /federate
    params: {'match[]': ['requests_total', 'temp']}
    static_configs: [{targets: ["127.0.0.1:$port"]}]
Y
start_prometheus "$tmp/federation.yml" federation
federated() { [ "$(get -G "http://127.0.0.1:$web/api/v1/query" --data-urlencode 'query=count(requests_total)' |
	jq -r '.data.result[0].value[1]')" = 20 ]; }
check "a prometheus takes what /federate gives" wait_for 30 federated

# --- deletion
for to in "$ours" "$theirs"; do
	check "series are deleted at $to" get -g -X POST "$to/api/v1/admin/tsdb/delete_series?match[]=requests_total{job=\"api\"}&match[]=temp"
done
check "as prometheus: what is left" same_answer "/api/v1/query?query=count({__name__=~\".%2B\"})by(__name__,job)>0&time=$now"
stop_daemon

# --- without the admin API, which is off by default; the limits of queries
cat >"$tmp/limits.yaml" <<Y
query: {lookback_delta: 7m, timeout: 90s, max_samples: 12345, max_concurrency: 9}
Y
start_daemon "$tmp/limits.yaml"
start_prometheus "$tmp/empty.yml" limits --query.lookback-delta=7m --query.timeout=90s --query.max-samples=12345 \
	--query.max-concurrency=9
ours=http://127.0.0.1:$port theirs=http://127.0.0.1:$web
for call in 'delete_series?match[]=temp' clean_tombstones snapshot; do
	check "as prometheus: $call is off" same_answer "/api/v1/admin/tsdb/$call" -X POST
done
limits() { get "$1/api/v1/status/flags" | jq -S '.data | with_entries(select(.key | test(
	"^(query[.](lookback-delta|timeout|max-samples|max-concurrency)|web[.]enable-admin-api)$")))'; }
same_limits() { limits "$ours" >"$tmp/a" && limits "$theirs" >"$tmp/b" && diff "$tmp/a" "$tmp/b" && grep -q 12345 "$tmp/a"; }
check "as prometheus: the flags of queries" same_limits
echo 'query: {timeout: 91s}' >"$tmp/limits.yaml"
kill -HUP "$daemon"
check "a reload says that they change with a restart" wait_for 10 grep -q 'limits of queries.*with a restart only' \
	"$tmp/parkwatch.log"
stop_daemon
