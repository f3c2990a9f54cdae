#!/usr/bin/env bash
# Doubted figures become findings: asked, answered by their owner, accepted by the bureau, corrected by figures; kept
# over SIGKILL, in a backup, and proven by the ledger.
. tests/system/lib.sh

cat >"$tmp/catalogue.yaml" <<'Y'
units:
  - {id: jiahe, class: park, name: 甲河}
  - {id: yishan, class: park, name: 乙山}
releases:
  - {id: m, freq: M, working_day: 10, january: false}
indicators:
  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: ytd, release: m, min: 0, max: 100000}
Y
cat >"$tmp/parkwatch.yaml" <<'Y'
catalogue: [catalogue.yaml]
enable_admin_api: true
feeds:
  - name: statistics
    submit: true
    owner: statistics
    format: csv
    layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {header: true}}
  - name: land
    submit: true
    owner: land
    format: csv
    layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {header: true}}
Y
pw=$build/parkwatch
mkdir -m 700 "$tmp/data"
make_token() { "$pw" token create --data-dir "$tmp/data" "$@" 2>>"$tmp/token.err"; }
make_token --owner statistics >"$tmp/own"
make_token --owner statistics --units yishan >"$tmp/narrow"
make_token --owner land >"$tmp/land"
printf 'pw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n' >"$tmp/wrong"
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port

# hand_in AUGUST SEPTEMBER: of 甲河, in 亿元
hand_in() {
	printf '园区,月份,总产值\n甲河,2026年8月,%s\n甲河,2026年9月,%s\n' "$1" "$2" >"$tmp/doc.csv"
	curl -s --max-time 60 -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $(cat "$tmp/own")" \
		--data-binary @"$tmp/doc.csv" "$base/api/v1/submit?feed=statistics"
}
# ask TOKENFILE PATH [curl option...]: the status; the answer in $tmp/answer
ask() {
	local token=$1 path=$2
	shift 2
	curl -s --max-time 60 -o "$tmp/answer" -D "$tmp/headers" -w '%{http_code}' \
		${token:+-H "Authorization: Bearer $(cat "$token")"} "$@" "$base$path"
}
# answers WHAT STATUS JQ ARGS-OF-ASK...
answers() {
	local what=$1 want=$2 filter=$3 got
	shift 3
	got=$(ask "$@")
	[ "$got" = "$want" ] && jq -e "$filter" "$tmp/answer" >/dev/null && ok "$what" || not_ok "$what" "$got $(cat "$tmp/answer")"
}
gauge() { get "$base/metrics" | sed -n "s/^parkwatch_findings{state=\"$1\"} //p"; }

# --- opened
[ "$(hand_in 12.5 11.5)" = 200 ] && jq -e '.data.doubtful == 1' "$tmp/answer" >/dev/null &&
	ok "a figure that falls is kept and doubted" || not_ok "a figure that falls is kept and doubted" "$(cat "$tmp/answer")"
answers "a finding is open, with all that is known of it" 200 \
	'.data.findings | length == 1 and (.[0] | .id == 1 and .state == "open" and .reason == "ytd_falls" and .unit == "jiahe"
	 and .indicator == "output_yuan" and .freq == "M" and .basis == "ytd" and .period == "2026-09" and .value == 1150000000
	 and .against == 1250000000 and .submission == 1 and .feed == "statistics" and .owner == "statistics"
	 and (.text | test("suspect")) and (.text_zh | test("甲河")) and .history == [])' "" /api/v1/findings
[ "$(gauge open)" = 1 ] && ok "and counted" || not_ok "and counted" "$(gauge open)"
hand_in 12.5 11.5 >/dev/null
answers "the document again: not asked twice" 200 '.data.findings | length == 1' "" /api/v1/findings
for f in state=open feed=statistics owner=statistics unit=jiahe indicator=output_yuan period=2026-09 reason=ytd_falls \
	'state=open,answered' before=2 limit=1; do
	answers "filter $f" 200 '.data.findings | length == 1' "" "/api/v1/findings?$f"
done
for f in state=accepted feed=land owner=land unit=yishan indicator=tax period=2026-08 reason=panel before=1; do
	answers "filter $f" 200 '.data.findings == []' "" "/api/v1/findings?$f"
done
answers "a state that is none: 400" 400 '.error | test("there is no state")' "" "/api/v1/findings?state=lost"
answers "a limit that is none: 400" 400 '.errorType == "bad_data"' "" "/api/v1/findings?limit=x"
get "$base/findings" >"$tmp/page"
check "the page has the sentence" grep -q '甲河' "$tmp/page"
check "pages lead there" sh -c "curl -s '$base/feeds' | grep -q 'href=\"findings\"'"

# --- who sees, who answers
answers "an owner sees its own" 200 '.data.findings | length == 1' "$tmp/own" /api/v1/findings
answers "another owner sees nothing" 200 '.data.findings == []' "$tmp/land" /api/v1/findings
answers "nor a token for other units" 200 '.data.findings == []' "$tmp/narrow" /api/v1/findings
answers "no token looks at another owner" 403 '.errorType == "forbidden"' "$tmp/land" "/api/v1/findings?owner=statistics"
answers "an unknown token: 401" 401 '.errorType == "unauthorized"' "$tmp/wrong" /api/v1/findings
answers "what is no token at all: 401" 401 '.errorType == "unauthorized"' "" /api/v1/findings -H 'Authorization: Bearer !!'
post=/api/v1/findings/answer
answers "an answer without a token: 401" 401 '.error' "" $post -d id=1 -d text=x
answers "of another owner: 403" 403 '.errorType == "forbidden"' "$tmp/land" $post -d id=1 -d text=x
answers "of a token for other units: 403" 403 '.errorType == "forbidden"' "$tmp/narrow" $post -d id=1 -d text=x
answers "without a text: 400" 400 '.error' "$tmp/own" $post -d id=1
answers "without a number: 400" 400 '.error' "$tmp/own" $post -d text=x
answers "with a control character: 400" 400 '.error | test("control")' "$tmp/own" $post -d id=1 --data-urlencode $'text=a\e[31m'
answers "not UTF-8: 400" 400 '.error' "$tmp/own" $post -d 'id=1&text=%ff'
answers "too long: 400" 400 '.error | test("too long")' "$tmp/own" $post -d id=1 -d "text=$(head -c 2001 /dev/zero | tr '\0' x)"
answers "to what is not there: 404" 404 '.errorType == "not_found"' "$tmp/own" $post -d id=2 -d text=x
[ "$(ask "$tmp/own" $post)" = 405 ] && ok "GET: 405" || not_ok "GET: 405"
accept=/api/v1/admin/findings/accept
answers "what has no answer is not accepted: 409" 409 '.errorType == "conflict"' "" $accept -d id=1
answers "its owner answers" 200 '.data | .state == "answered" and (.history[0] | .state == "answered" and (.by | test("^token ")) and .entry > 0)' \
	"$tmp/own" $post -d id=1 --data-urlencode 'text=企业停产<script>alert(1)</script>'
answers "the same once more adds nothing" 200 '.data.history | length == 1' \
	"$tmp/own" $post -d id=1 --data-urlencode 'text=企业停产<script>alert(1)</script>'
get "$base/findings" >"$tmp/page"
grep -q '企业停产&lt;script' "$tmp/page" && ! grep -q '<script' "$tmp/page" && ok "the page escapes it" || not_ok "the page escapes it"
answers "no web page may accept: 403" 403 '.error' "" $accept -d id=1 -H 'Origin: http://elsewhere.example'

# --- kept over a SIGKILL
kill -9 "$daemon"
{ wait "$daemon"; } 2>/dev/null
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port
answers "after SIGKILL it is answered still" 200 '.data.findings[0] | .state == "answered" and (.history | length == 1)' "" /api/v1/findings
answers "the bureau accepts" 200 '.data | .state == "accepted" and .history[1].by == "王敏"' "" $accept -d id=1 --data-urlencode by=王敏
answers "an answer comes too late: 409" 409 '.errorType == "conflict"' "$tmp/own" $post -d id=1 -d text=x
hand_in 12.5 11.5 >/dev/null
answers "the document again: accepted, and not asked again" 200 '.data.findings | length == 1 and .[0].state == "accepted"' "" /api/v1/findings

# --- another value, and a correction
hand_in 12.5 11.25 >/dev/null
answers "another value that falls is another finding" 200 '.data.findings | length == 2 and .[0].id == 2 and .[0].state == "open"' "" /api/v1/findings
answers "pages: newest first, and where it goes on" 200 '.data | .before == 2 and (.findings | length == 1)' "" "/api/v1/findings?limit=1"
hand_in 12.5 13.5 >/dev/null
answers "a figure that passes corrects it, and says which" 200 \
	'.data.findings[0] | .state == "corrected" and .history[0].submission == 5' "" "/api/v1/findings?state=corrected"
[ "$(gauge accepted) $(gauge corrected) $(gauge open)" = "1 1 0" ] && ok "the gauges say so" || not_ok "the gauges say so"

# --- the command
hand_in 12.5 12 >/dev/null
list() { "$pw" findings list --url "$base" "$@"; }
out=$(list --token-file "$tmp/own" --state open) && grep -q '^3  open  jiahe output_yuan 2026-09' <<<"$out" &&
	ok "findings list" || not_ok "findings list" "$out"
check "findings answer" "$pw" findings answer --url "$base" --token-file "$tmp/own" 3 "has been looked at"
out=$("$pw" findings answer --url "$base" --token-file "$tmp/land" 3 x 2>&1)
[ $? = 3 ] && grep -q "not the token's" <<<"$out" && ok "with 3 when it is not its own" || not_ok "with 3 when it is not its own" "$out"
out=$("$pw" findings accept --url "$base" --by 王敏 3 "see mail") && grep -q 'accepted 王敏: see mail' <<<"$out" &&
	ok "findings accept" || not_ok "findings accept" "$out"

# --- the books
check "a backup is made" "$pw" backup --data-dir "$tmp/data" --to "$tmp/backup"
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
check "the store has no fault" "$pw" check store "$tmp/data"
check "the ledger proves the answers" "$pw" audit verify --data-dir "$tmp/data"
check "the books are handed out" "$pw" audit export --data-dir "$tmp/data" --to "$tmp/books"
check "with the answer" grep -rq "has been looked at" "$tmp/books"
mv "$tmp/data" "$tmp/lost"
check "the backup is restored" "$pw" restore --from "$tmp/backup" --data-dir "$tmp/data"
start_daemon "$tmp/parkwatch.yaml"
base=http://127.0.0.1:$port
answers "and holds them all" 200 '[.data.findings[].state] == ["accepted", "corrected", "accepted"]' "" /api/v1/findings
stop_daemon
