#!/usr/bin/env bash
# The first day of a bureau: ten parks hand in ten workbooks, no two offices alike. Each is shown to `check feed`, what is
# proposed is taken as it stands, the workbooks go into the drop folders, and the figures are there.
. tests/system/lib.sh
need python3
mkdir -p "$tmp/books"
python3 tests/system/first_day.py "$tmp/books" || exit 1

{
	echo 'units:'
	k=0
	for c in 甲 乙 丙 丁 戊 己 庚 辛 壬 癸; do
		echo "  - {id: p$k, class: park, name: ${c}园产业集聚区, aliases: [${c}园]}"
		k=$((k + 1))
	done
	cat <<'Y'
releases: [{id: m, freq: M, working_day: 10}]
indicators:
  - {code: value_added_yuan, name: 规上工业增加值, measure: 亿元, freq: M, form: ytd, release: m}
  - {code: value_added_growth_ratio, name: 规上工业增加值增速, measure: "%", freq: M, form: growth, basis: ytd, release: m}
  - {code: investment_yuan, name: 固定资产投资完成额, aliases: [固定资产投资], measure: 亿元, freq: M, form: ytd, release: m}
  - {code: investment_growth_ratio, name: 固定资产投资增速, measure: "%", freq: M, form: growth, basis: ytd, release: m}
  - {code: industrial_investment_yuan, name: 工业投资, measure: 亿元, freq: M, form: ytd, release: m}
Y
} >"$tmp/catalogue.yaml"
printf 'catalogue: [%s]\nfeeds: []\n' "$tmp/catalogue.yaml" >"$tmp/empty.yaml"

printf 'catalogue: [%s]\nfeeds:\n' "$tmp/catalogue.yaml" >"$tmp/ours.yaml"
for k in 0 1 2 3 4 5 6 7 8 9; do
	"$build/parkwatch" check feed --config "$tmp/empty.yaml" "$tmp/books/park$k.xlsx" >"$tmp/said" 2>&1
	mkdir -p "$tmp/in$k"
	# From the feed's name to the blank line behind it; its folder is the only thing a person adds.
	if sed -n '/^  - name:/,/^$/p' "$tmp/said" | sed -e "s#folder: in\$#folder: $tmp/in$k#" -e '/^$/d' >"$tmp/feed" &&
		[ -s "$tmp/feed" ]; then
		cat "$tmp/feed" >>"$tmp/ours.yaml"
		printf '    every: 1s\n    settle: 0s\n' >>"$tmp/ours.yaml"
		ok "a layout is proposed for park$k.xlsx"
	else
		not_ok "a layout is proposed for park$k.xlsx" "$(cat "$tmp/said")"
	fi
done
check "what was proposed is a configuration" "$build/parkwatch" check config "$tmp/ours.yaml"

start_daemon "$tmp/ours.yaml"
for k in 0 1 2 3 4 5 6 7 8 9; do put_whole "$tmp/books/park$k.xlsx" "$tmp/in$k/park$k.xlsx"; done
figure() { # indicator, park: the figure of October, in the base unit
	get -G "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=park_$1{park=\"$2\",__period__=\"2026-10\"}" |
		jq -r '.data.result[0].value[1] // "none"'
}
all_there() {
	while read -r park added invested; do
		[ "$(figure value_added_yuan "$park")" = "$added" ] && [ "$(figure investment_yuan "$park")" = "$invested" ] || return 1
	done <"$tmp/books/wanted"
}
wait_for 30 all_there
while read -r park added invested; do
	is="$(figure value_added_yuan "$park") $(figure investment_yuan "$park")"
	[ "$is" = "$added $invested" ] && ok "$park: value added and investment are exactly $added and $invested" ||
		not_ok "$park: wanted $added $invested, is $is" "$(cat "$tmp"/in*/rejected/*.txt 2>/dev/null; tail -n 20 "$tmp/parkwatch.log")"
done <"$tmp/books/wanted"
accepted() { [ "$(ls "$tmp"/in*/accepted/*.xlsx | wc -l)" = 10 ]; }
check "all ten workbooks are in accepted/" wait_for 10 accepted
stop_daemon
