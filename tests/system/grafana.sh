#!/usr/bin/env bash
# Every query of the dashboards in examples/grafana answers with something over the example city, as Grafana
# asks it: POST, variables put in, instant or over the dashboard's range with a step of a day.
. tests/system/lib.sh
need jq
start_city
start_daemon "$city_config"
base=http://127.0.0.1:$port
full='{__name__=~"park_mean_pace_ratio|park_fixed_asset_investment_yuan|ALERTS_FOR_STATE|park_period_end_timestamp_seconds"}'
check "the city is assessed" wait_for 90 sh -c \
	"curl -fsS $base/api/v1/query --data-urlencode 'query=count(count by (__name__) ($full))' | jq -es '.[0].data.result[0].value[1] == \"4\"'"
ask() { # instant?, time range of the panel's own, expression; the answer to $tmp/answer
	local own=$2 end=$(($(date +%s) / 86400 * 86400 + 86400))
	set -- "$1" "$3"
	if [ "$own" != null ]; then
		curl -fsS "$base/api/v1/query_range" --data-urlencode "query=$2" \
			--data "start=$(($(date +%s) - 86400))&end=$(date +%s)&step=60"
	elif [ "$1" = true ]; then
		curl -fsS "$base/api/v1/query" --data-urlencode "query=$2" --data "time=$(date +%s)"
	else
		curl -fsS "$base/api/v1/query_range" --data-urlencode "query=$2" \
			--data "start=$((end - 730 * 86400))&end=$end&step=86400"
	fi >"$tmp/answer"
}
# What was received in this second counts from the next, and the last of the feeds may still be on its way.
has_answer() { ask "$@" && jq -es '.[0].data.result | length > 0' "$tmp/answer"; }
for file in examples/grafana/dashboards/*.json; do
	name=$(basename "$file")
	check "$name: panels have numbers of their own and lie beside each other" jq -e \
		'([.panels[].id] | length == (unique | length)) and (.uid | test("^[A-Za-z0-9_-]{1,40}$"))
		 and all(.panels[].gridPos; .x + .w <= 24)' "$file"
	while IFS=$'\t' read -r title instant own expr; do
		expr=${expr//\$\{indicator\}/fixed_asset_investment_yuan}
		expr=${expr//\$park/bingquan-park}
		check "$title: $expr" wait_for 20 has_answer "$instant" "$own" "$expr"
	done < <(jq -r '.panels[] | .title as $t | (.timeFrom | tostring) as $own | .targets[]? |
		[$t, (.instant | tostring), $own, .expr] | @tsv' "$file" |
		sed 's/\\\\/\\/g')
	while IFS=$'\t' read -r selector label; do
		check "variable: values of $label of $selector" wait_for 20 sh -c \
			"curl -fsSG '$base/api/v1/label/$label/values' --data-urlencode 'match[]=$selector' | jq -es '.[0].data | length > 0'"
	done < <(jq -r '.templating.list[].definition | capture("label_values\\((?<s>[^,]+), *(?<l>\\w+)\\)") | [.s, .l] | @tsv' "$file")
done
for label in __period__ __as_of__ __release__; do
	check "a drop-down of $label has values" wait_for 20 sh -c \
		"curl -fsSG '$base/api/v1/label/$label/values' --data-urlencode 'match[]=park_fixed_asset_investment_yuan' |
		 jq -es '.[0].data | length > 0'"
done
for file in examples/grafana/provisioning/*/*.yaml; do
	check "$file is YAML" python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$file"
done
stop_daemon
