#!/usr/bin/env bash
# Debian's prometheus scrapes itself and a node exporter and writes to us, while each of us is killed
# in turn. Nothing acknowledged is missing; what it holds itself we hold too, time and value.
#
# PARKWATCH_LONG=3600 goes on for that many seconds, with a kill a minute.
. tests/system/lib.sh
need prometheus
need prometheus-node-exporter
again=$build/tests/system/write_again
seconds=${PARKWATCH_LONG:-40}
pause=$((seconds > 300 ? 60 : seconds / 5))

port=$(free_port) node=$(free_port) web=$(free_port) proxy=$(free_port)
base=http://127.0.0.1:$port
begin() {
	"$build/parkwatch" run --data-dir "$tmp/data" --listen "127.0.0.1:$port" 2>>"$tmp/parkwatch.log" &
	daemon=$!
	pids+=("$daemon")
	wait_for 20 get -o /dev/null "$base/-/ready"
}
begin_prometheus() {
	prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" --log.level=warn \
		--web.listen-address="127.0.0.1:$web" >>"$tmp/prometheus.log" 2>&1 &
	prometheus=$!
	pids+=("$prometheus")
	wait_for 60 get -o /dev/null "http://127.0.0.1:$web/-/ready"
}
dies() { # pid
	kill -9 "$1"
	wait "$1" 2>/dev/null
}
now() { date +%s.%3N; }

cat >"$tmp/prometheus.yml" <<Y
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: self, static_configs: [{targets: ["127.0.0.1:$web"]}]}
  - {job_name: node, static_configs: [{targets: ["127.0.0.1:$node"]}]}
remote_write:
  - url: http://127.0.0.1:$proxy/api/v1/write
    queue_config: {batch_send_deadline: 500ms, min_backoff: 30ms, max_backoff: 500ms, max_shards: 4}
Y
prometheus-node-exporter --web.listen-address="127.0.0.1:$node" >"$tmp/node.log" 2>&1 &
pids+=($!)
python3 tests/system/recording_proxy.py "$proxy" "$base/api/v1/write" "$tmp/record" >"$tmp/proxy.log" 2>&1 &
pids+=($!)
begin && ok "an empty server becomes ready" || not_ok "an empty server becomes ready" "$(cat "$tmp/parkwatch.log")"
begin_prometheus && ok "prometheus becomes ready" || not_ok "prometheus becomes ready" "$(cat "$tmp/prometheus.log")"

gaps=()
kills=0
until=$((SECONDS + seconds))
while sleep "$pause" && { [ $kills -lt 3 ] || [ $((SECONDS + pause)) -le $until ]; }; do
	kills=$((kills + 1))
	if [ $((kills % 2)) = 1 ]; then
		dies "$daemon"
		sleep 1
		begin || not_ok "it becomes ready again" "$(tail -n 20 "$tmp/parkwatch.log")"
	else
		from=$(now)
		dies "$prometheus"
		begin_prometheus || not_ok "prometheus becomes ready again" "$(tail -n 5 "$tmp/prometheus.log")"
		# What it had scraped shortly before it had not sent; it starts to send at its start.
		gaps+=("$(python3 -c "print('%.3f-%.3f' % ($from - 30, $(now)))")")
	fi
done
[ "$kills" -ge 3 ] && ok "both were killed in turn ($kills times)" || not_ok "both were killed in turn" "$kills"

# No more scrapes, so that the queue can run empty: what is sent last says nothing of the other shards.
sed -i 's/scrape_interval: 1s/scrape_interval: 10h/' "$tmp/prometheus.yml"
reloaded_at() { get "http://127.0.0.1:$web/metrics" | sed -n 's/^prometheus_config_last_reload_success_timestamp_seconds //p'; }
before=$(reloaded_at)
reloaded() { local at; at=$(reloaded_at) && [ -n "$at" ] && [ "$at" != "$before" ]; }
sleep 1 # the stamp is one of seconds
kill -HUP "$prometheus"
check "prometheus scrapes no more" wait_for 20 reloaded
sleep 2
end=$(now)
drained() {
	get "http://127.0.0.1:$web/metrics" | awk '
		/^prometheus_remote_storage_samples_pending/ { pending += $2; seen = 1 }
		/^prometheus_remote_storage_highest_timestamp_in_seconds/ { newest = $2 }
		/^prometheus_remote_storage_queue_highest_sent_timestamp_seconds/ { sent = $2 }
		END { exit !(seen && pending == 0 && sent >= newest && newest > 0) }'
}
check "the sender's queue is drained" wait_for 60 drained
check "export reads beside the running server" "$build/parkwatch" export --data-dir "$tmp/data" \
	--format csv --to "$tmp/beside.csv"
dies "$daemon"
check "and after it was killed" "$build/parkwatch" export --data-dir "$tmp/data" --format csv --to "$tmp/after.csv"
compared=$(python3 tests/system/same_samples.py "$tmp/record" "$tmp/after.csv" "$again" \
	"http://127.0.0.1:$web" "$end" "${gaps[@]}" 2>&1) &&
	ok "$(head -n 1 <<<"$compared")" || not_ok "nothing is missing" "$compared"
check "what was read beside it is a part of that" python3 - "$tmp/beside.csv" "$tmp/after.csv" <<'P'
import sys
beside, after = (set(open(p)) for p in sys.argv[1:])
print(len(beside), len(after), *list(beside - after)[:5])
sys.exit(not beside or not beside <= after)
P
grep -v '^503 ' "$tmp/proxy.log" | grep -q . && not_ok "no request was refused" "$(cat "$tmp/proxy.log")" ||
	ok "no request was refused"
check "the store has no fault" "$build/parkwatch" check store "$tmp/data"
