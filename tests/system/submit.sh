#!/usr/bin/env bash
# Figures handed in by token: who may, what of, what is answered and kept, and where no token is found.
. tests/system/lib.sh

cat >"$tmp/catalogue.yaml" <<'Y'
units:
  - {id: jiahe, class: park, name: 甲河}
  - {id: yishan, class: park, name: 乙山}
releases:
  - {id: m, freq: M, working_day: 10, january: false}
indicators:
  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: ytd, release: m, min: 0, max: 100000}
  - {code: tax_yuan, name: 税收, measure: 亿元, freq: M, form: ytd, release: m, min: 0, max: 100000}
Y
cat >"$tmp/parkwatch.yaml" <<'Y'
catalogue: [catalogue.yaml]
feeds:
  - name: statistics
    submit: true
    owner: statistics
    format: csv
    body_limit: 64KiB
    layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {header: true}}
  - name: land
    submit: true
    owner: land
    format: csv
    layout: {unit: {column: 园区}, period: {column: 月份}, indicator: {header: true}}
Y
printf '园区,月份,总产值,税收\n甲河,2026年9月,12.5,1.5\n乙山,2026年9月,10.5,0.5\n' >"$tmp/good.csv"
printf '园区,月份,总产值,税收\n甲河,2026年9月,12.75,1.5\n丙川,2026年9月,10.5,abc\n' >"$tmp/mixed.csv"
printf '园区,月份,总产值\n丙川,2026年9月,10.5\n' >"$tmp/bad.csv"
pw=$build/parkwatch
mkdir -m 700 "$tmp/data"
token() { "$pw" token "$@" 2>>"$tmp/token.err"; }
make_token() { token create --data-dir "$tmp/data" "$@"; }

# --- tokens
make_token --owner statistics >"$tmp/first" && grep -qx 'pw_[A-Za-z0-9_-]\{43\}' "$tmp/first" &&
	ok "a token is printed" || not_ok "a token is printed" "$(cat "$tmp/token.err")"
[ "$(stat -c %a "$tmp/data/tokens")" = 600 ] && ok "its file is private" || not_ok "its file is private"
grep -qF "$(cut -c4- "$tmp/first")" "$tmp/data/tokens" && not_ok "the file does not hold it" || ok "the file does not hold it"
make_token --owner statistics --units jiahe --indicators output_yuan >"$tmp/second"
make_token --owner statistics >"$tmp/third" && not_ok "a third of one owner is refused" ||
	check "a third of one owner is refused" grep -q "two live tokens" "$tmp/token.err"
make_token --owner land >"$tmp/land"
make_token --owner land --expires 2020-01-01 >"$tmp/old" && not_ok "one that would be over is refused" ||
	ok "one that would be over is refused"
check "the list names them" sh -c "'$pw' token list --data-dir '$tmp/data' | grep -c live | grep -qx 3"

# --- handing in
start_daemon "$tmp/parkwatch.yaml" --log-level debug
base=http://127.0.0.1:$port
# code TOKENFILE QUERY DOCUMENT [curl option...]: the status; the answer in $tmp/answer
code() {
	local token=$1 query=$2 document=$3
	shift 3
	curl -s -o "$tmp/answer" -D "$tmp/headers" -w '%{http_code}' --max-time 60 \
		${token:+-H "Authorization: Bearer $(cat "$token")"} --data-binary @"$document" "$@" "$base/api/v1/submit?$query"
}
# answers WHAT STATUS JQ ARGS-OF-CODE...
answers() {
	local what=$1 want=$2 filter=$3 got
	shift 3
	got=$(code "$@")
	[ "$got" = "$want" ] && jq -e "$filter" "$tmp/answer" >/dev/null && ok "$what" ||
		not_ok "$what" "$got $(cat "$tmp/answer")"
}
value() { get "$base/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"'; }
output='park_output_yuan{park="jiahe",__period__="2026-09"}'

answers "without a token: 401" 401 '.errorType == "unauthorized"' "" feed=statistics "$tmp/good.csv"
check "and how to show one" grep -qi '^www-authenticate: Bearer' "$tmp/headers"
printf 'pw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n' >"$tmp/wrong"
answers "an unknown token: 401" 401 '.error' "$tmp/wrong" feed=statistics "$tmp/good.csv"
cp "$tmp/answer" "$tmp/unknown.answer"
answers "a dry run: 200 with the report" 200 '.data | .dry_run and .rows == 2 and .kept == 4 and .refused == 0 and (has("submission") | not)' \
	"$tmp/first" "feed=statistics&dry_run=1" "$tmp/good.csv"
[ "$(value "$output")" = none ] && ok "and nothing is stored" || not_ok "and nothing is stored"
answers "a document is stored" 200 '.data | .submission == 1 and .new == 4 and .revised == 0 and .complaints == []' \
	"$tmp/first" "feed=statistics&filename=good.csv" "$tmp/good.csv"
[ "$(value "$output")" = 1250000000 ] && ok "and seen by a query" || not_ok "and seen by a query" "$(value "$output")"
answers "again: unchanged" 200 '.data | .unchanged == 4 and .new == 0' "$tmp/first" feed=statistics "$tmp/good.csv"
answers "a packed one with a mistake: the rest is stored" 200 \
	'.data | .kept == 2 and .refused == 2 and .revised == 1 and (.complaints[0] | .place == "3:1" and .line == 3 and .column == 1 and .reason == "unit" and (.text | test("丙川")))' \
	"$tmp/first" feed=statistics <(gzip <"$tmp/mixed.csv") -H 'Content-Encoding: gzip'
[ "$(value "$output")" = 1275000000 ] && ok "a correction is seen" || not_ok "a correction is seen"
answers "as a whole: 400 with the report" 400 '.status == "error" and .data.refused == 1 and .data.complaints[0].line == 2' \
	"$tmp/first" feed=statistics "$tmp/bad.csv"
answers "no figures: 400" 400 '.status == "error"' "$tmp/first" feed=statistics /dev/null
answers "another owner's feed: 403" 403 '.errorType == "forbidden"' "$tmp/land" feed=statistics "$tmp/good.csv"
answers "what is not the token's is refused, each with its place" 200 \
	'.data | .kept == 1 and .refused == 3 and ([.complaints[] | .reason] | sort == ["token_indicator", "token_unit"])' \
	"$tmp/second" feed=statistics "$tmp/good.csv"
printf '园区,月份,税收\n甲河,2026年9月,1.5\n' >"$tmp/foreign.csv"
answers "when that is all: 403 with the report" 403 '.data.refused == 1 and .data.complaints[0].reason == "token_indicator"' \
	"$tmp/second" feed=statistics "$tmp/foreign.csv"
answers "no such feed: 404" 404 '.errorType == "not_found"' "$tmp/first" feed=nobody "$tmp/good.csv"
answers "no feed named: 400" 400 '.errorType == "bad_data"' "$tmp/first" "" "$tmp/good.csv"
head -c 70000 /dev/zero | tr '\0' 'x' >"$tmp/large"
answers "larger than the feed takes: 413" 413 '.errorType == "too_large"' "$tmp/first" feed=statistics "$tmp/large"
head -c 3000000 /dev/zero | gzip >"$tmp/bomb.gz"
answers "larger when unpacked: 413" 413 '.errorType == "too_large"' "$tmp/first" feed=statistics "$tmp/bomb.gz" -H 'Content-Encoding: gzip'
[ "$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $(cat "$tmp/first")" -F "f=@$tmp/good.csv" \
	"$base/api/v1/submit?feed=statistics")" = 415 ] && ok "a form: 415" || not_ok "a form: 415" "$(cat "$tmp/answer")"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$base/api/v1/submit?feed=statistics")" = 405 ] && ok "GET: 405" || not_ok "GET: 405"
[ "$(curl -s -o /dev/null -w '%{http_code}' --data-binary x -H "Authorization: Bearer $(cat "$tmp/wrong")" \
	"$base/api/v1/submit?feed=statistics&token=$(cat "$tmp/first")")" = 401 ] && ok "a token in the address is none" ||
	not_ok "a token in the address is none"

# --- the command
submit() { "$pw" submit --url "$base" --token-file "$tmp/first" --feed statistics "$@"; }
out=$(submit --dry-run "$tmp/good.csv") && grep -q '^4 figures kept, 0 refused' <<<"$out" && grep -q 'dry run' <<<"$out" &&
	ok "submit --dry-run prints the report" || not_ok "submit --dry-run prints the report" "$out"
out=$(submit - <"$tmp/good.csv") && grep -q 'stored as submission' <<<"$out" && ok "submit reads standard input" ||
	not_ok "submit reads standard input" "$out"
out=$(submit "$tmp/mixed.csv")
[ $? = 1 ] && grep -q '^3:1: unit: ' <<<"$out" && ok "submit ends with 1 when figures are refused" ||
	not_ok "submit ends with 1 when figures are refused" "$out"
out=$(submit "$tmp/bad.csv")
[ $? = 1 ] && grep -q '^refused as a whole: ' <<<"$out" && ok "and when all are" || not_ok "and when all are" "$out"
out=$("$pw" submit --url "$base" --token-file "$tmp/wrong" --feed statistics "$tmp/good.csv" 2>&1)
[ $? = 3 ] && grep -q 'not known' <<<"$out" && ok "with 3 when the token is wrong" || not_ok "with 3 when the token is wrong" "$out"
out=$("$pw" submit --url http://192.0.2.1:9290 --token-file "$tmp/first" --feed statistics "$tmp/good.csv" 2>&1)
[ $? = 3 ] && grep -q 'without TLS' <<<"$out" && ok "a token does not go over the network in the open" ||
	not_ok "a token does not go over the network in the open" "$out"

# --- rotation, revocation, expiry, while it runs
id=$("$pw" token list --data-dir "$tmp/data" | awk '/statistics  units all/ {print $1}')
check "a token is revoked" "$pw" token revoke --data-dir "$tmp/data" "$id"
gone() { [ "$(code "$tmp/first" feed=statistics "$tmp/good.csv")" = 401 ]; }
check "within seconds it is refused" wait_for 10 gone
check "with the same words as one that never was" cmp "$tmp/answer" "$tmp/unknown.answer"
make_token --owner statistics >"$tmp/next"
works() { [ "$(code "$tmp/next" feed=statistics "$tmp/good.csv")" = 200 ]; }
check "the next one works" wait_for 10 works
sed -i 's/\(\tland\t\)[0-9-]*\t-\t/\12020-01-01\t2020-02-01\t/' "$tmp/data/tokens"
over() { [ "$(code "$tmp/land" feed=land "$tmp/good.csv")" = 401 ]; }
check "one that is over is refused" wait_for 10 over
check "with the same words" cmp "$tmp/answer" "$tmp/unknown.answer"
check "the list says so" sh -c "'$pw' token list --data-dir '$tmp/data' | grep -q 'expired.*land'"
echo broken >>"$tmp/data/tokens"
shut() { [ "$(code "$tmp/next" feed=statistics "$tmp/good.csv")" = 503 ]; }
check "a file with a mistake lets nobody in" wait_for 10 shut
check "and the log says where" grep -q 'tokens: line 5' "$tmp/parkwatch.log"
sed -i '$d' "$tmp/data/tokens"
check "repaired, it works again" wait_for 10 works
kill -HUP "$daemon"
check "after a reload too" wait_for 10 works

# --- what is counted, kept, and not found anywhere
get "$base/metrics" >"$tmp/metrics"
check "what was stored is counted" grep -q '^parkwatch_submissions_total{result="stored"} [1-9]' "$tmp/metrics"
check "refused tokens are counted" grep -q '^parkwatch_submit_refused_auth_total [1-9]' "$tmp/metrics"
for page in / /feeds /api/v1/targets /api/v1/status/config /api/v1/status/flags; do get "$base$page"; done >"$tmp/pages"
check "the feed has a place on its page" grep -q statistics "$tmp/pages"
# --- memory, as a core file would have it
in_memory() { printf %s "$1" | python3 tests/system/memory.py "$daemon"; }
gone_from_memory() { in_memory "$1"; [ $? = 1 ]; }
# Many at once, so that memory in which a token stood is not soon used again: "pw_" and 43 letters, of which 30 are the same.
crowd_mark=ManyClientsShowTokensAtOneTime
check "a crowd of clients with unknown tokens is answered" python3 - "$port" "$crowd_mark" <<'P'
import http.client, sys, threading
port, mark = int(sys.argv[1]), sys.argv[2]
answers = []
def ask(client):
    for turn in range(10):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for n in range(3):
            token = "pw_%s%06d%06d%d" % (mark, client, turn, n)
            c.request("POST", "/api/v1/submit?feed=statistics&token=" + token, body=b"x" * (200 + client * 300),
                      headers={"Authorization": "Bearer " + token})
            answer = c.getresponse()
            answer.read()
            answers.append(answer.status)
        c.close()
clients = [threading.Thread(target=ask, args=(i,)) for i in range(40)]
for t in clients: t.start()
for t in clients: t.join()
assert answers == [401] * 1200, sorted(set(answers))
P
in_memory statistics
readable=$?
if [ $readable = 3 ]; then
	skip "memory of another process cannot be read here"
else
	[ $readable = 0 ] && ok "a feed's name is in memory, so the search finds" ||
		not_ok "a feed's name is in memory, so the search finds"
	for t in first second land next; do
		check "no token is ($t)" wait_for 10 gone_from_memory "$(cut -c4- "$tmp/$t")"
	done
	check "none of the crowd's is" wait_for 10 gone_from_memory "$crowd_mark"
fi
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
open_to_others=$(find "$tmp/data" -perm /077)
[ -z "$open_to_others" ] && ok "no file or folder of the data is open to others" ||
	not_ok "no file or folder of the data is open to others" "$open_to_others"
check "the store has no fault" "$pw" check store "$tmp/data"
check "the ledger has no fault" "$pw" audit verify --data-dir "$tmp/data"
check "the books are handed out" "$pw" audit export --data-dir "$tmp/data" --to "$tmp/books"
sha=$(sha256sum <"$tmp/good.csv" | cut -d' ' -f1)
check "the original is among them, byte for byte" sh -c \
	"find '$tmp/books' -type f -exec sha256sum {} + | grep -q '^$sha'"
check "with the token's id as its origin" grep -rqE "token $id: good.csv" "$tmp/books"
found=0
for t in first second land next; do
	secret=$(cut -c4- "$tmp/$t")
	grep -rlaF -- "$secret" "$tmp/data" "$tmp/books" "$tmp/parkwatch.log" "$tmp/metrics" "$tmp/pages" && found=1
done
[ $found = 0 ] && ok "no token is found in store, books, log, metrics or pages" ||
	not_ok "no token is found in store, books, log, metrics or pages"
