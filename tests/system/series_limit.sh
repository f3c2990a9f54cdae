#!/usr/bin/env bash
# A feed whose labels change at each fetch, and a sender that does the same, bring what their series_limit allows and no more; what
# is known goes on.
. tests/system/lib.sh
need python3
need jq

cat >"$tmp/pages.py" <<'P'
import http.server, sys, time
class Pages(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Pages.asked += 1
        text = "steady 1\n"
        if self.path == "/restless":
            text += "".join('restless{id="%d.%d"} 1\n' % (Pages.asked, k) for k in range(5))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Pages).serve_forever()
P
pages=$(free_port)
python3 "$tmp/pages.py" "$pages" &
pids+=($!)
cp examples/provinces/catalogue.yaml "$tmp/"
cat >"$tmp/ours.yaml" <<Y
catalogue: [catalogue.yaml]
remote_write: {series_limit: 6, sender_series_limit: 4}
feeds:
  - {name: restless, url: "http://127.0.0.1:$pages/restless", format: prometheus, every: 1s, jitter: 0, series_limit: 21}
  - {name: steady, url: "http://127.0.0.1:$pages/steady", format: prometheus, every: 1s, jitter: 0}
Y
wait_for 10 get -o /dev/null "http://127.0.0.1:$pages/steady"
start_daemon "$tmp/ours.yaml"
base=http://127.0.0.1:$port

shows() { # query, value
	[ "$(get "$base/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"')" = "$2" ]
}
metric() { get "$base/metrics" | awk -v m="$1" '$1 == m { print $2 }'; }
above() { [ "$(metric "$1")" -ge "$2" ]; }
feed() { get "$base/api/v1/feeds?feed=restless" | jq -e "$1"; }

check "new series are refused after a while" wait_for 30 above 'parkwatch_feed_figures_refused_total{reason="series_limit"}' 40
check "one known and twenty others came in" shows 'count(last_over_time({job="restless",__name__=~"steady|restless"}[1h]))' 21
check "the known one goes on" wait_for 20 shows 'count_over_time(steady{job="restless"}[5s]) > bool 2' 1
check "the feed is up" wait_for 20 shows 'up{job="restless"}' 1
check "the other feed is whole" wait_for 20 shows 'count_over_time(steady{job="steady"}[5s]) > bool 2' 1
check "the metric says how many there are" [ "$(metric 'parkwatch_feed_series{feed="restless"}')" = 21 ]
check "so does the status" wait_for 20 feed '.data[0] | .series == 21 and .seriesLimit == 21'
check "it says why, with the feed's name" wait_for 20 \
	feed '.data[0].complaints[0] | .reason == "series_limit" and (.text | test("feed restless has brought 21 different series"))'
check "so does the page" wait_for 20 sh -c "curl -fsS '$base/feed?name=restless' | grep -q 'feed restless has brought 21 different series'"
check "the log says it once" [ "$(grep -c 'msg="new series refused.*feed=restless' "$tmp/parkwatch.log")" = 1 ]
sed -i 's/series_limit: 21/series_limit: 26/' "$tmp/ours.yaml"
kill -HUP "$daemon"
check "a reload may raise it" wait_for 30 shows 'count(last_over_time({job="restless",__name__=~"steady|restless"}[1h]))' 26

# --- remote write
if command -v protoc >/dev/null 2>&1 && [ -x "$build/tests/system/write_again" ]; then
	push() { # name...: one sample of each now; sets $code
		for name in "$@"; do
			printf 'series { labels { name: "__name__" value: "pushed" } labels { name: "id" value: "%s" } samples { value: 1 timestamp: %d } }\n' \
				"$name" "$(date +%s%3N)"
		done | protoc -I tests/system --encode=t.Request tests/system/remote_write.proto |
			"$build/tests/system/write_again" pack >"$tmp/packed"
		code=$(curl -s -o "$tmp/answer" -w '%{http_code}' --max-time 60 -H 'Content-Type: application/x-protobuf' \
			--data-binary @"$tmp/packed" "$base/api/v1/write")
	}
	push a b c
	check "a sender brings three series" [ "$code" = 204 ]
	push a d e f
	check "of three more two are too many" [ "$code" = 400 ]
	check "which is said" grep -q 'new series were refused: remote write of 127.0.0.1 has brought 4 different series' "$tmp/answer"
	push a b c d
	check "the known ones go on" [ "$code" = 204 ]
	check "and are all there is" shows 'count({__name__="pushed"})' 4
	check "it is counted" [ "$(metric 'parkwatch_remote_write_samples_refused_total{reason="series_limit"}')" = 2 ]
else
	skip "protoc is not installed"
fi
stop_daemon && ok "SIGTERM ends it with 0" || not_ok "SIGTERM ends it with 0"
