#!/usr/bin/env bash
# What `parkwatch export` writes, promtool turns into blocks that hold the same; what it writes as CSV
# comes back by `import`, figures with every vintage.
. tests/system/lib.sh
park=$build/parkwatch
quiet() { "$park" "$@" >"$tmp/said" 2>&1 || { cat "$tmp/said"; return 1; }; }

cat >"$tmp/make.py" <<'P'
import csv, random, sys
random.seed(7)
base = 1_790_000_000_000
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["series", "time", "value"])
for f in range(12):
    for s in range(5):
        name = r'm%d_total{host="h%d",quote="\"",zone="东\\"}' % (f, s)
        for i in range(300):
            v = random.choice([random.random(), random.randrange(10**6), 1e21, 5e-324, -0.0,
                               float("inf"), float("-inf"), random.randrange(10**9) / 100])
            text = {"inf": "+Inf", "-inf": "-Inf"}.get(repr(v), repr(v))
            out.writerow([name, base + i * 977 + s, text])
        out.writerow([name, base + 10**6, "NaN"])
        out.writerow([name, base + 10**6 + 1, "NaN:0x7ff0000000000002"])
# Fractions that are one millisecond less once multiplied and cut off.
for ms in range(1001, 2000, 7):
    out.writerow(["old", 10**12 + ms, ms])
P
python3 "$tmp/make.py" >"$tmp/made.csv"
made=$(($(wc -l <"$tmp/made.csv") - 1))
check "CSV is imported" quiet import --data-dir "$tmp/a" "$tmp/made.csv"
check "all of it" grep -q "made.csv: $made samples kept, 0 refused" "$tmp/said"
check "and exported as CSV" quiet export --data-dir "$tmp/a" --format csv --to "$tmp/a.csv"
check "and as OpenMetrics" quiet export --data-dir "$tmp/a" --to "$tmp/a.om"
check "which leaves out staleness marks and says so" grep -q '^60 staleness marks left out' "$tmp/said"
check "CSV comes back" quiet import --data-dir "$tmp/b" "$tmp/a.csv"
quiet export --data-dir "$tmp/b" --format csv --to "$tmp/b.csv"
check "as the same bytes" cmp "$tmp/a.csv" "$tmp/b.csv"
check "OpenMetrics comes back" quiet import --data-dir "$tmp/c" "$tmp/a.om"
quiet export --data-dir "$tmp/c" --to "$tmp/c.om"
check "as the same bytes" cmp "$tmp/a.om" "$tmp/c.om"
check "the store has no fault" "$park" check store "$tmp/b"

# --- families of the catalogue ------------------------------------------------------------------
config=$tmp/city.yaml
sed -e '/state\/targets/d' -e "s#^  - catalogue/#  - $repo/examples/city/catalogue/#" -e "s#\.\./\.\./#$repo/#" \
	examples/city/parkwatch.yaml >"$config"
printf '%s\n' '# TYPE park_industrial_value_added_yuan unknown' 'park_industrial_value_added_yuan{park="p1",freq="Q"} 1.25e+08 1766016000' \
	'# TYPE up unknown' 'up{job="node"} 1 1766016000' '# EOF' >"$tmp/k.om"
check "samples of a family that no catalogue knows" quiet import --data-dir "$tmp/k" "$tmp/k.om"
check "are plain" grep -q "k.om: 2 samples kept, 0 refused" "$tmp/said"
"$park" import --data-dir "$tmp/k" --config $config --source office "$tmp/k.om" >"$tmp/said" 2>&1
check "with a configuration they are figures, which a plain family refuses with a remedy" \
	grep -q 'k.om:2:1: the series is plain and cannot take a figure: export, delete and import it' "$tmp/said"
quiet export --data-dir "$tmp/k" --match park_industrial_value_added_yuan --to "$tmp/k2.om"
check "the remedy: delete" quiet delete --data-dir "$tmp/k" --match park_industrial_value_added_yuan
"$park" import --data-dir "$tmp/k" --config $config "$tmp/k2.om" >"$tmp/said" 2>&1
check "and import, as what has a source" grep -q 'k2.om:2:1: this is a figure: --source says' "$tmp/said"
check "and import" quiet import --data-dir "$tmp/k" --config $config --source office "$tmp/k2.om"
check "as figures" grep -q "k2.om: 0 samples, 1 figures (1 new" "$tmp/said"
quiet export --data-dir "$tmp/k" --vintages --format csv --match park_industrial_value_added_yuan --to "$tmp/k.csv"
check "of a quarter" grep -q '"park_industrial_value_added_yuan{freq=""Q"",park=""p1""}",2025-12-18T00:00:00.000Z,125000000,3,' "$tmp/k.csv"
check "the store has no fault" "$park" check store "$tmp/k"

# --- promtool ---------------------------------------------------------------------------------
if command -v promtool >/dev/null 2>&1; then
	check "promtool makes blocks of it" promtool tsdb create-blocks-from openmetrics "$tmp/a.om" "$tmp/blocks"
	mkdir -p "$tmp/blocks/wal"
	promtool tsdb dump "$tmp/blocks" >"$tmp/dump" 2>"$tmp/dump.err"
	cat >"$tmp/same.py" <<'P'
import csv, re, sys
def labels(text):
    text = re.sub(r'^([a-zA-Z_:][\w:]*)\{', r'{__name__="\1", ', text)
    text = text if "{" in text else '{__name__="%s"}' % text
    return tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', text)))
import datetime
def ms(text):
    d = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    return (d.days * 86400 + d.seconds) * 1000 + d.microseconds // 1000
ours = {}
for r in csv.DictReader(open(sys.argv[1])):
    if r["value"] != "NaN:0x7ff0000000000002":
        ours[labels(r["series"]), ms(r["time"])] = repr(float(r["value"]))
theirs = {}
for line in open(sys.argv[2]):
    l, v, t = line.rstrip("\n").rsplit(" ", 2)
    theirs[labels(l), int(t)] = repr(float(v))
for k in list(ours.keys() ^ theirs.keys())[:5]:
    print("only one has", k)
for k in [k for k in ours if k in theirs and ours[k] != theirs[k]][:5]:
    print(k, ours[k], theirs[k])
print(len(ours), len(theirs))
sys.exit(ours != theirs or not ours)
P
	check "promtool dumps the same samples ($(wc -l <"$tmp/dump"))" python3 "$tmp/same.py" "$tmp/a.csv" "$tmp/dump"
else
	skip "promtool is not installed"
fi

# --- beside a daemon -----------------------------------------------------------------------------
mv "$tmp/b" "$tmp/data"
start_daemon ""
"$park" import --data-dir "$tmp/data" "$tmp/a.csv" >"$tmp/said" 2>&1
[ $? = 3 ] && grep -q "is in use by process $daemon\$" "$tmp/said" && ok "import names the daemon that has the store" ||
	not_ok "import names the daemon that has the store" "$(cat "$tmp/said")"
quiet export --data-dir "$tmp/data" --format csv --to "$tmp/beside.csv"
check "export reads beside it" cmp "$tmp/a.csv" "$tmp/beside.csv"
stop_daemon

# --- figures with vintages ---------------------------------------------------------------------------
# Published figures of 29 series, a row each time one appeared or changed: series,period,vintage,value.
changes=$shared/data/frbny-fred-vintages/vintages_changes_2010on.csv
[ -f "$changes" ] || { skip "there is no $changes"; exit $bad; }
cat >"$tmp/convert.awk" <<'A'
BEGIN {
	FS = ","
	split("31 28 31 30 31 30 31 31 30 31 30 31", days, " ")
	quarterly["GDPC1"] = quarterly["A261RX1Q020SBEA"] = quarterly["ULCNFB"] = 1
	print "series,stamp,value,months,known_from"
}
NR > 1 {
	sub(/\r$/, "")
	year = substr($2, 1, 4); month = substr($2, 6) + 0
	day = month == 2 && year % 4 == 0 ? 29 : days[month]
	printf "%s,%04d-%02d-%02dT00:00:00Z,%s,%d,%sT00:00:00Z\n", $1, year, month, day, $4,
		($1 in quarterly) ? 3 : 1, $3
}
A
awk -f "$tmp/convert.awk" "$changes" >"$tmp/figures.csv"
check "published figures are imported as trusted" quiet import --data-dir "$tmp/d" --trusted \
	--source frbny --owner research "$tmp/figures.csv"
check "each with its revisions" grep -q \
	'figures.csv: 0 samples, 3072 figures (2258 new, 814 revised, 0 known already) in 1 submissions kept, 0 refused' "$tmp/said"
cat >"$tmp/dates.py" <<'P'
import csv, subprocess, sys
park, changes, dir = sys.argv[1:]
rows = sorted(csv.DictReader(open(changes)), key=lambda r: r["vintage"])
dates = sorted({r["vintage"] for r in rows})
wrong = 0
for d in dates:
    want = {(r["series"], r["period"]): float(r["value"]) for r in rows if r["vintage"] <= d}
    out = subprocess.run([park, "export", "--data-dir", dir, "--format", "csv", "--as-of", d + "T00:00:00Z"],
                         capture_output=True, text=True, check=True).stdout
    got = {(r["series"], r["time"][:7]): float(r["value"]) for r in csv.DictReader(out.splitlines())}
    if got != want:
        wrong += 1
        print(d, len(want), len(got))
print(len(dates), "dates,", wrong, "wrong")
sys.exit(wrong or len(dates) != 78)
P
check "each of 78 publication dates is given back" python3 "$tmp/dates.py" "$park" "$changes" "$tmp/d"
quiet export --data-dir "$tmp/d" --format csv --vintages --to "$tmp/d.csv"
check "every vintage is exported and imported" quiet import --data-dir "$tmp/e" --trusted --source frbny "$tmp/d.csv"
quiet export --data-dir "$tmp/e" --format csv --vintages --to "$tmp/e.csv"
# All but when and from whom this store has it.
what() { python3 -c 'import csv, sys
for r in csv.reader(open(sys.argv[1])): print(r[:6] + r[7:8])' "$1"; }
check "and is the same" cmp <(what "$tmp/d.csv") <(what "$tmp/e.csv")
check "each is there" [ "$(wc -l <"$tmp/e.csv")" = 3073 ]
check "the store has no fault" "$park" check store "$tmp/e"
