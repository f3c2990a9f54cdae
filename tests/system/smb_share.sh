#!/usr/bin/env bash
# Drop folders on shares of a real SMB server (samba), mounted by rclone: one that is written, one that is not.
# The server stops, hangs and comes back, the daemon is killed: every file counts once, and other feeds go on.
. tests/system/lib.sh
need smbd
need rclone
need fusermount3
need jq
[ -w /dev/fuse ] || { skip "no file system can be mounted here: /dev/fuse cannot be written"; exit 0; }
[ "$(id -u)" = 0 ] || { skip "samba needs root"; exit 0; }

mkdir -p "$tmp/state" "$tmp/server" "$tmp/share" "$tmp/kept" "$tmp/local"
export RCLONE_CONFIG=/dev/null
smb_port=$(free_port)
cat >"$tmp/smb.conf" <<X
[global]
  server role = standalone server
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  smb ports = $smb_port
  disable netbios = yes
  map to guest = bad user
  guest account = root
  load printers = no
  printing = bsd
  log file = $tmp/smbd.log
  rpc start on demand helpers = no
  lock directory = $tmp/state
  state directory = $tmp/state
  cache directory = $tmp/state
  pid directory = $tmp/state
  private dir = $tmp/state
  ncalrpc dir = $tmp/state/ncalrpc
[drop]
  path = $tmp/server
  guest ok = yes
  read only = no
[read]
  path = $tmp/server/accepted
  guest ok = yes
X
server_pids() { pgrep -f "smbd .*$tmp/smb.conf"; }
start_server() {
	smbd -F --no-process-group -s "$tmp/smb.conf" >>"$tmp/smbd.out" 2>&1 &
	pids+=($!)
	wait_for 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$smb_port" 2>/dev/null
}
# mount_share NAME FOLDER [option...]: what other clients change is seen at the next look
mount_share() {
	local name=$1 folder=$2
	shift 2
	rclone mount ":smb,host=127.0.0.1,port=$smb_port,user=guest:$name" "$folder" --dir-cache-time 0s \
		--attr-timeout 0s --contimeout 2s --timeout 10s --low-level-retries 1 "$@" >>"$tmp/rclone.log" 2>&1 &
	pids+=($!)
	wait_for 20 mountpoint -q "$folder"
}
clean_up() {
	[ -z "$(server_pids)" ] || kill -KILL $(server_pids)
	fusermount3 -uz "$tmp/share" 2>/dev/null
	fusermount3 -uz "$tmp/kept" 2>/dev/null
	finish
}
trap clean_up EXIT

cat >"$tmp/catalogue.yaml" <<'Y'
units: [{id: jiahe, class: park, name: 甲河}]
releases: [{id: m, freq: M, working_day: 10}]
indicators:
  - {code: output_yuan, name: 总产值, measure: 亿元, freq: M, form: period, release: m}
  - {code: tax_yuan, name: 税收, measure: 亿元, freq: M, form: period, release: m}
  - {code: export_yuan, name: 出口额, measure: 亿元, freq: M, form: period, release: m}
Y
feed() { # name folder indicator
	printf '  - name: %s\n    folder: %s\n    format: csv\n    every: 1s\n' "$1" "$2"
	printf '    layout: {unit: {column: 园区}, indicator: {is: %s}, period: {header: true}}\n' "$3"
}
{
	printf 'catalogue: [%s]\nfeeds:\n' "$tmp/catalogue.yaml"
	feed share "$tmp/share" output_yuan
	feed kept "$tmp/kept" tax_yuan
	feed local "$tmp/local" export_yuan
} >"$tmp/config.yaml"

put() { # folder month value
	printf '园区,2026年%d月\n甲河,%d\n' "$2" "$3" >"$1/$2月报表.csv"
}
query() {
	get -G "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "none"'
}
# has INDICATOR MONTH VALUE: in 亿元, and told once
has() {
	local p=2026-$(printf %02d "$2")
	[ "$(query "park_$1{__period__=\"$p\"}")" = "$3"00000000 ] &&
		[ "$(query "park_$1{__period__=\"$p\",__release__=\"2\"}")" = none ]
}
feed_of() { get "http://127.0.0.1:$port/api/v1/feeds" | jq -e ".data[] | select(.name == \"$1\") | $2"; }
taken() { grep -c "\"document accepted\" feed=$1" "$tmp/parkwatch.log"; }

mkdir "$tmp/server/accepted" "$tmp/server/rejected"
check "samba serves" start_server
check "a share is mounted" mount_share drop "$tmp/share"
check "one that is read only, too" mount_share read "$tmp/kept" --read-only
put "$tmp/server" 1 11
put "$tmp/local" 1 31
start_daemon "$tmp/config.yaml"
check "a file of the share is taken" wait_for 30 has output_yuan 1 11
check "it is moved on the server" wait_for 30 test -e "$tmp/server/accepted/1月报表.csv" -a ! -e "$tmp/server/1月报表.csv"
check "from where the read-only share has it" wait_for 30 has tax_yuan 1 11
check "and there it stays" test -e "$tmp/server/accepted/1月报表.csv"

# It grows for longer than a file has to be still.
{
	printf '园区,2026年2月\n'
	for k in $(seq 1 25); do
		printf '没有,%d\n' "$k"
		sleep 0.2
	done
	printf '甲河,12\n'
} >"$tmp/server/2月报表.csv"
check "a file that is still being written is taken when it is whole" wait_for 30 has output_yuan 2 12
check "as one document" test "$(taken share)" = 2

# The server hangs: its processes stand still, connections stay open.
kill -STOP $(server_pids)
put "$tmp/local" 2 32
check "a share that hangs holds up no other folder" wait_for 30 has export_yuan 2 32
check "nor the daemon" get -o /dev/null "http://127.0.0.1:$port/-/healthy"
kill -CONT $(server_pids)
put "$tmp/server" 3 13
check "it goes on when the server does" wait_for 60 has output_yuan 3 13

# The server dies.
kill -KILL $(server_pids)
put "$tmp/server" 4 14
check "that the server is gone is said, with the reason" wait_for 60 feed_of share '.health == "failing" and .failingSince != null and (.error | length > 0)'
check "of the read-only share, too" wait_for 60 feed_of kept '.health == "failing"'
put "$tmp/local" 3 33
check "other folders go on" wait_for 30 has export_yuan 3 33
check "what was known is still there" has output_yuan 3 13
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$tmp/config.yaml"
check "a daemon starts without the server" get -o /dev/null "http://127.0.0.1:$port/-/ready"
check "the server is back" start_server
check "the file that waited is taken" wait_for 90 has output_yuan 4 14
check "the feed is well again" wait_for 60 feed_of share '.health == "ok"'
check "so is the other" wait_for 60 feed_of kept '.health == "ok"'
check "from the read-only share all four are there" wait_for 60 has tax_yuan 4 14

once() {
	for m in 1 2 3 4; do
		has output_yuan "$m" "1$m" || { echo "output, month $m"; return 1; }
		has tax_yuan "$m" "1$m" || { echo "tax, month $m"; return 1; }
	done
	[ "$(taken share)" = 4 ] && [ "$(taken kept)" = 4 ] || { echo "share $(taken share), kept $(taken kept)"; return 1; }
}
check "every file was taken once" once
all_moved() { [ "$(find "$tmp/server/accepted" -name "*.csv" | wc -l)" = 4 ]; }
check "all of them lie in accepted/" wait_for 60 all_moved
stop_daemon
check "the ledger holds" "$build/parkwatch" audit verify --data-dir "$tmp/data"
