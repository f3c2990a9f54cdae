#!/usr/bin/env bash
# The load generator of bench/: what it says must be there is what Debian's prometheus then has.
. tests/system/lib.sh
load=$build/bench/load
need prometheus

"$load" --set Smini --dry --end 1767225600000 >"$tmp/dry.1"
"$load" --set Smini --dry --end 1767225600000 --connections 3 --batch 700 >"$tmp/dry.2"
check "it makes the set whole, however it is cut up" jq -es \
	'all(.sent == 144000 and .acked == 144000 and .complete) and .[0].raw_bytes == .[1].raw_bytes' \
	"$tmp/dry.1" "$tmp/dry.2"
"$load" --set parksmini --expect corrected >"$tmp/corrected"
"$load" --set parksmini --dry >"$tmp/dry.3"
check "figures and corrections are what it says it corrects" jq -es --slurpfile dry "$tmp/dry.3" \
	'([.[].points | length] | add) + 60000 == $dry[0].sent and all(.[].points[]; .[1] != .[2])' "$tmp/corrected"
check "another seed is other data" sh -c \
	"[ \"\$($load --set parksmini --seed 2 --expect 0)\" != \"\$($load --set parksmini --expect 0)\" ]"
check "a set that does not exist is named, and those that do" sh -c \
	"$load --set T --dry 2>&1 | grep -q \"there is no set 'T'; there are: S M parks\""
check "it stays on loopback" sh -c \
	"$load --set S --url http://10.0.0.1:80/ 2>&1 | grep -q '10.0.0.1 is not a loopback address'"

web=$(free_port)
url=http://127.0.0.1:$web
check "nobody there: status 1 and the reason" sh -c \
	"! $load --set Smini --url $url/api/v1/write >$tmp/nobody && grep -q 'Connection refused' $tmp/nobody"
printf 'storage: {tsdb: {out_of_order_time_window: 30y}}\n' >"$tmp/prometheus.yml"
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" --web.listen-address="127.0.0.1:$web" \
	--storage.tsdb.retention.time=40y --web.enable-remote-write-receiver --log.level=warn >"$tmp/prometheus.log" 2>&1 &
pids+=($!)
wait_for 30 get -o /dev/null "$url/-/ready"
ask() { get "$url/api/v1/query" --data-urlencode "query=$1" --data-urlencode "time=$2"; }

"$load" --set parksmini --url "$url/api/v1/write" --phase figures >"$tmp/figures"
check "figures of sixteen years are acknowledged" jq -e '.acked == 60000 and .sent == 60000' "$tmp/figures"
"$load" --set parksmini --url "$url/api/v1/write" --phase corrections >"$tmp/refused"
status=$?
[ $status = 1 ] && ok "refused corrections end it with 1" || not_ok "refused corrections end it with 1" "$status"
check "and say why" jq -e '.acked == 0 and (.statuses | keys) == ["400"] and (.first_error | test("HTTP 400"))' "$tmp/refused"
told=$("$load" --set parksmini --expect 'park_exports_wan_yuan{park="park-3"}' --at 1767110400000)
value=$(ask 'park_exports_wan_yuan{park="park-3"}' 1767110460 | jq -r '.data.result[0].value[1]')
[ "$(jq -r '.points[0][1]' <<<"$told")" = "$value" ] &&
	ok "a figure is stamped midnight in Shanghai of the month's last day" ||
	not_ok "a figure is stamped midnight in Shanghai of the month's last day" "$told, got $value"

end=$(($(date +%s) / 60 * 60 - 120))
check "every sample of a devops set is acknowledged" "$load" --set Smini --end ${end}000 --url "$url/api/v1/write"
all=$(ask 'sum(count_over_time({hostname=~".+"}[2h]))' $end | jq -r '.data.result[0].value[1]')
[ "$all" = 144000 ] && ok "and there" || not_ok "and there" "$all of 144000"
same() { # what NUMBER of the set is, and what the server says of it
	"$load" --set Smini --end ${end}000 --expect "$1" >"$tmp/expect"
	ask "$(jq -r '.name + "{" + ([.labels | to_entries[] | "\(.key)=\"\(.value)\""] | join(",")) + "}[2h]"' \
		"$tmp/expect")" $end >"$tmp/answer"
	jq -es '(.[0].points | map([.[0], .[1]])) == (.[1].data.result[0].values | map([.[0] * 1000, (.[1] | tonumber)]))' \
		"$tmp/expect" "$tmp/answer"
}
for n in 0 4 7 9 399; do check "series $n is there value for value" same $n; done
