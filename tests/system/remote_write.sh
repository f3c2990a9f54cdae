#!/usr/bin/env bash
# Remote write's wire format against protoc, and against what a Prometheus sends.
. tests/system/lib.sh
need protoc
again=$build/tests/system/write_again
proto() { protoc -I tests/system "$1=t.Request" tests/system/remote_write.proto; }
# What protoc reads before and after our reader and writer had the message.
same() { # file
	proto --decode <"$1" >"$tmp/before" && "$again" copy <"$1" >"$tmp/copy" &&
		proto --decode <"$tmp/copy" >"$tmp/after" && diff "$tmp/before" "$tmp/after"
}

cat >"$tmp/text" <<'T'
series {
  labels { name: "__name__" value: "park_output_yuan" }
  labels { name: "park" value: "产业园区-0001" }
  samples { value: 1.5 timestamp: 1790000000000 }
  samples { value: nan timestamp: 1790000015000 }
  samples { value: inf timestamp: 9223372036854775807 }
  samples { value: -inf timestamp: -9223372036854775808 }
  samples { value: -0.0 timestamp: -1 }
  samples { value: 5e-324 }
  samples { timestamp: 7 }
  samples { }
}
series { labels { name: "__name__" value: "up" } }
metadata { type: 1 family: "up" help: "Whether 它 answers." unit: "s" }
metadata { family: "x" }
T
for ((i = 0; i < 500; i++)); do
	printf 'series { labels { name: "__name__" value: "m_%d" } labels { name: "l" value: "%*s" } ' $i $((i + 1)) x
	printf 'samples { value: %d.25 timestamp: %d } }\n' $i $((1790000000000 + i * 7919))
done >>"$tmp/text"
proto --encode <"$tmp/text" >"$tmp/raw"
check "what protoc writes is read, and what is written protoc reads" same "$tmp/raw"
"$again" pack <"$tmp/raw" >"$tmp/packed"
check "packed and unpacked it is the same" sh -c "'$again' unpack <'$tmp/packed' | cmp - '$tmp/raw'"
printf 'series { labels { name: "b" value: "1" } labels { name: "__name__" value: "m" } exemplars { value: 1 } }' |
	proto --encode >"$tmp/exemplar"
check "exemplars are counted" sh -c "'$again' copy <'$tmp/exemplar' 2>&1 >/dev/null | grep -q '1 exemplars'"

command -v prometheus >/dev/null 2>&1 || { skip "prometheus is not installed"; exit 0; }
port=$(free_port) web=$(free_port)
cat >"$tmp/keep.py" <<'P'
import http.server, sys
class Keep(http.server.BaseHTTPRequestHandler):
    n = 0
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Keep.n += 1
        open("%s/%d.part" % (sys.argv[2], Keep.n), "wb").write(body)
        open("%s/%d.headers" % (sys.argv[2], Keep.n), "w").write(str(self.headers))
        import os; os.rename("%s/%d.part" % (sys.argv[2], Keep.n), "%s/%d.sent" % (sys.argv[2], Keep.n))
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Keep).serve_forever()
P
mkdir "$tmp/sent"
python3 "$tmp/keep.py" "$port" "$tmp/sent" &
pids+=($!)
cat >"$tmp/prometheus.yml" <<Y
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:$web"]}]}]
remote_write:
  - url: http://127.0.0.1:$port/api/v1/write
    metadata_config: {send_interval: 1s}
    queue_config: {batch_send_deadline: 500ms}
Y
prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" \
	--web.listen-address="127.0.0.1:$web" >"$tmp/prometheus.log" 2>&1 &
pids+=($!)
samples() { for f in "$tmp"/sent/*.sent; do "$again" unpack <"$f" | proto --decode; done | grep -c '^  samples'; }
many() { [ "$(ls "$tmp"/sent/*.sent | wc -l)" -ge 6 ] && [ "$(samples)" -gt 500 ]; }
check "a Prometheus sends" wait_for 40 many
all_the_same() {
	local f n=0
	for f in "$tmp"/sent/*.sent; do
		"$again" unpack <"$f" >"$tmp/raw" && same "$tmp/raw" || return 1
		n=$((n + $(grep -c '^  samples' "$tmp/before")))
	done
	[ "$n" -gt 500 ]
}
check "its requests unpack and come back the same" all_the_same
check "its headers are those we look for" sh -c "grep -qi '^content-encoding: snappy' '$tmp/sent/1.headers' &&
	grep -qi '^content-type: application/x-protobuf' '$tmp/sent/1.headers'"
