#!/usr/bin/env bash
# What becomes of reports that bring no number: figures kept secret, which are in and show nowhere as a value, and
# figures that were refused, which are not in and leave a word why.
. tests/system/lib.sh
need jq

month() { date -u -d "$(date -u +%Y-%m-15) $1 months ago" +%Y-%m; } # N: so many months ago
old=$(month 5) secret=$(month 4) open=$(month 3)
cat >"$tmp/catalogue.yaml" <<Y
units:
  - {id: jiahe, class: park, name: 甲河}
  - {id: yishan, class: park, name: 乙山}
releases:
  - {id: m, freq: M, working_day: 5}
indicators:
  - {code: tax_yuan, name: 税收, measure: 万元, freq: M, form: period, release: m, from: $old-01, min: 0, max: 1000,
     edits: {range: hard}}
Y
cat >"$tmp/parkwatch.yaml" <<'Y'
catalogue: [catalogue.yaml]
feeds:
  - name: taxes
    submit: true
    owner: taxes
    format: csv
    layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {is: tax_yuan}, value: {column: 数值},
             confidentiality: {column: 密级}, suppressed: ['*']}
Y
pw=$build/parkwatch
mkdir -m 700 "$tmp/data"
"$pw" token create --data-dir "$tmp/data" --owner taxes >"$tmp/token" 2>"$tmp/token.err"
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port

# hand_in ROW...: the status; the answer in $tmp/answer
hand_in() {
	{ echo 园区,月份,数值,密级; printf '%s\n' "$@"; } >"$tmp/doc.csv"
	curl -s --max-time 60 -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $(cat "$tmp/token")" \
		--data-binary @"$tmp/doc.csv" "$base/api/v1/submit?feed=taxes"
}
taken() { # what, jq filter, row...
	local what=$1 filter=$2 got
	shift 2
	got=$(hand_in "$@")
	[ "$got" = 200 ] && jq -e "$filter" "$tmp/answer" >/dev/null && ok "$what" || not_ok "$what" "$got $(cat "$tmp/answer")"
}
board() { # filter, jq filter of the list of reports
	get "$base/api/v1/reporting?$1" | jq -e ".data.reports | $2"
}
state() { # what, unit, month, state
	check "$1" wait_for 20 board "unit=$2&period=$3" "length == 1 and .[0].state == \"$4\""
}
values() { get -G "$base/api/v1/query" --data-urlencode "query=$1" | jq -c '[.data.result[].value[1]]'; }
is() { # what, want, got
	[ "$2" = "$3" ] && ok "$1" || not_ok "$1" "$3"
}

# --- kept secret
state "what has not come is late" jiahe "$secret" late
taken "three ways to say that a figure is kept secret" '.data.kept == 6 and .data.refused == 0 and .data.suppressed == 4' \
	"甲河,$old,11," "甲河,$secret,保密," "甲河,$open,13,公开" "乙山,$old,*," "乙山,$secret,,N" "乙山,$open,4711,机密"
state "it is in" jiahe "$secret" suppressed
state "by another mark" yishan "$old" suppressed
state "by its confidentiality, without a number" yishan "$secret" suppressed
state "and with one" yishan "$open" suppressed
state "the one beside it is released" jiahe "$open" released
check "the board says when it came" board "unit=jiahe&period=$secret" '.[0].received != null and .[0].released != null'
check "the state is a filter" board state=suppressed 'length == 4'
is "the feed counts them" 4 \
	"$(get "$base/metrics" | sed -n 's/^parkwatch_feed_figures_suppressed_total{feed="taxes"} //p')"

is "a query finds no figure of it" '[]' "$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$secret\"}")"
is "nor of who has no other" '[]' "$(values 'last_over_time(park_tax_yuan{park="yishan"}[400d])')"
is "and those around it" '["110000","130000"]' "$(jq -c -s 'add' <<<"$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$old\"}")
$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$open\"}")")"
get -G "$base/api/v1/query" --data-urlencode 'query=park_tax_yuan[400d]' >"$tmp/answer"
is "a range has the two that are known" '[2]' "$(jq -c '[.data.result[].values | length]' "$tmp/answer")"
grep -q 'NaN\|4711\|"0"' "$tmp/answer" && not_ok "and no number for the others" "$(cat "$tmp/answer")" || ok "and no number for the others"
page=$(get "$base/unit?id=jiahe"; get "$base/unit?id=yishan"; get "$base/indicator?code=tax_yuan")
[[ $page != *4711* && $page != *NaN* && $page != *nan* ]] && ok "no page has a number for it" || not_ok "no page has a number for it"
get "$base/federate?match[]=park_tax_yuan" >"$tmp/answer"
grep -q yishan "$tmp/answer" && not_ok "federation leaves it out" "$(cat "$tmp/answer")" || ok "federation leaves it out"

taken "it is told after all" '.data.revised == 1' "甲河,$secret,12,F"
state "then it is released" jiahe "$secret" released
is "and shows" '["120000"]' "$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$secret\"}")"
taken "a figure is withdrawn into secrecy" '.data.revised == 1' "甲河,$open,保密,"
state "then it is secret" jiahe "$open" suppressed
is "and shows no more" '[]' "$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$open\"}")"
is "but what was said first stays said" '["130000"]' \
	"$(values "park_tax_yuan{park=\"jiahe\",__period__=\"$open\",__release__=\"first\"}")"

# --- refused
refused=$(month 2)
state "what has not come is late" jiahe "$refused" late
got=$(hand_in "甲河,$refused,4711,")
[ "$got" = 400 ] && jq -e '.data.refused == 1' "$tmp/answer" >/dev/null && ok "a figure out of range is refused, and the document with it" ||
	not_ok "a figure out of range is refused, and the document with it" "$got $(cat "$tmp/answer")"
state "something came and was refused" jiahe "$refused" rejected
check "the board says when and why" board "unit=jiahe&period=$refused" \
	'.[0] | .received == null and .refused != null and .reason == "range" and .lateHours > 0'
taken "a document with a good and a bad figure" '.data.kept == 1 and .data.refused == 1' "甲河,$refused,abc," "乙山,$refused,14,"
state "the good one is in" yishan "$refused" released
check "the newest reason is shown" wait_for 20 board "unit=jiahe&period=$refused" '.[0].reason == "value"'
check "the state is a filter" board state=rejected 'length == 1'
page=$(get "$base/unit?id=jiahe")
[[ $page == *未通过核对* ]] && ok "the page says so" || not_ok "the page says so"
kill -9 "$daemon" && wait "$daemon" 2>/dev/null
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port
state "it is known after SIGKILL" jiahe "$refused" rejected
taken "a good figure comes" '.data.kept == 1' "甲河,$refused,15,"
state "then it is released" jiahe "$refused" released
hand_in "甲河,$refused,4712," >/dev/null
state "and stays so when a correction is refused" jiahe "$refused" released
newest=$(month 1)
hand_in "乙山,$newest,-1," >/dev/null
state "another one is refused" yishan "$newest" rejected

# --- exports say it
stop_daemon && ok "the daemon ends" || not_ok "the daemon ends" "$(tail -n 5 "$tmp/parkwatch.log")"
"$pw" export --data-dir "$tmp/data" --format csv >"$tmp/plain.csv" 2>"$tmp/err"
is "a plain export has what is known" 4 "$(grep -c '^"park_tax' "$tmp/plain.csv")"
check "and says what it leaves out" grep -q '^4 periods left out, whose figures are suppressed' "$tmp/err"
"$pw" export --data-dir "$tmp/data" --format csv --vintages >"$tmp/all.csv" 2>"$tmp/err"
is "one with vintages has them, without a value" 5 "$(grep -c 'Z,,1,suppressed,' "$tmp/all.csv")"
check "which is read again" "$pw" import --data-dir "$tmp/new" --trusted --source migration --owner taxes "$tmp/all.csv"
"$pw" export --data-dir "$tmp/new" --format csv --vintages >"$tmp/again.csv" 2>"$tmp/err"
first7() { sed 's/\(Z,[^,]*,1,[a-z ]*,[^,]*\),.*/\1/' "$1"; }
check "and exported the same" cmp <(first7 "$tmp/all.csv") <(first7 "$tmp/again.csv")
check "a backup is made" "$pw" backup --data-dir "$tmp/data" --to "$tmp/backup"
check "and restored" "$pw" restore --from "$tmp/backup" --data-dir "$tmp/restored"
readback() { "$build/torture-readback" --read-only "$1" | grep '^R '; }
if [ -x "$build/torture-readback" ]; then
	is "refused figures are in it" "4 $(readback "$tmp/data" | md5sum)" \
		"$(readback "$tmp/restored" | wc -l) $(readback "$tmp/restored" | md5sum)"
fi
for data in data new restored; do
	check "check store has nothing to say of $data" "$pw" check store "$tmp/$data"
	check "nor has audit verify" "$pw" audit verify --data-dir "$tmp/$data"
done
