"""Compares what a Prometheus sent, what it holds itself, and what `parkwatch export` writes.

    same_samples.py RECORD EXPORT.csv UNPACK PROMETHEUS-URL END-SECONDS GAP...

RECORD is of recording_proxy.py; UNPACK the command that unpacks snappy; a GAP is from-to in seconds, when
that Prometheus was killed and had not sent what it had: its sender begins at its start, not in its past.

- everything acknowledged is in the export, bit for bit;
- everything in the export was sent;
- every sample of ten metrics that Prometheus' own API gives up to END is in the export, time and
  value, gaps excepted.
"""
import csv
import datetime
import json
import re
import struct
import subprocess
import sys
import urllib.parse
import urllib.request

record, export, unpack, url, end = sys.argv[1:6]
gaps = [tuple(float(x) for x in g.split("-")) for g in sys.argv[6:]]
METRICS = ["up", "scrape_duration_seconds", "scrape_samples_scraped", "node_cpu_seconds_total",
           "node_memory_MemFree_bytes", "node_load1", "go_goroutines", "go_gc_duration_seconds",
           "prometheus_tsdb_head_samples_appended_total", "prometheus_http_request_duration_seconds_bucket"]
STALE = 0x7FF0000000000002
faults = 0


def fault(*what):
    global faults
    faults += 1
    if faults <= 20:
        print(*what)


# --- protobuf, as far as remote write needs it (protobuf.dev/programming-guides/encoding)
def varint(b, i):
    value = shift = 0
    while True:
        value |= (b[i] & 127) << shift
        shift += 7
        i += 1
        if b[i - 1] < 128:
            return value, i


def fields(b):
    i = 0
    while i < len(b):
        tag, i = varint(b, i)
        if tag & 7 == 0:
            value, i = varint(b, i)
        else:
            n, i = (8, i) if tag & 7 == 1 else (4, i) if tag & 7 == 5 else varint(b, i)
            value, i = b[i:i + n], i + n
        yield tag >> 3, value


def labels_of(pairs):
    return tuple(sorted(p for p in pairs if p[1]))


def request(raw):
    for number, series in fields(raw):
        if number != 1:
            continue
        pairs, samples = [], []
        for number, value in fields(series):
            if number == 1:
                pair = {1: b"", 2: b""}
                pair.update(fields(value))
                pairs.append((pair[1].decode(), pair[2].decode()))
            elif number == 2:
                sample = {1: bytes(8), 2: 0}
                sample.update(fields(value))
                t = sample[2] - (1 << 64) if sample[2] >> 63 else sample[2]
                samples.append((t, struct.unpack("<Q", sample[1])[0]))
        yield labels_of(pairs), samples


# --- what was sent
acked, tried, requests = {}, {}, [0, 0]
with open(record, "rb") as f:
    while len(head := f.read(5)) == 5:
        ok, n = struct.unpack("<BI", head)
        raw = subprocess.run([unpack, "unpack"], input=f.read(n), capture_output=True, check=True).stdout
        requests[ok] += 1
        for labels, samples in request(raw):
            into = (acked if ok else tried).setdefault(labels, {})
            into.update(samples)


# --- what we hold
def bits(text):
    if text.startswith("NaN"):
        return int(text[6:], 16) if len(text) > 3 else 0x7FF8000000000001
    return struct.unpack("<Q", struct.pack("<d", float(text)))[0]


EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)


def ms(text):
    d = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return (d.days * 86400 + d.seconds) * 1000 + d.microseconds // 1000


ESCAPES = {"n": "\n", "\\": "\\", '"': '"'}


def series(text):
    name, _, rest = text.partition("{")
    pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', rest)
    return labels_of([("__name__", name)] + [(n, re.sub(r"\\(.)", lambda m: ESCAPES[m[1]], v)) for n, v in pairs])


ours, last = {}, None
for row in csv.reader(open(export, newline="")):
    if row[0] == "series":
        continue
    if row[0] != last:
        last, into = row[0], ours.setdefault(series(row[0]), {})
    into[ms(row[1])] = bits(row[2])

count = 0
for labels, samples in acked.items():
    held = ours.get(labels, {})
    for t, v in samples.items():
        count += 1
        if held.get(t) != v:
            fault("acknowledged and not there:", labels, t, hex(v), held.get(t) and hex(held[t]))
for labels, samples in ours.items():
    sent, more = acked.get(labels, {}), tried.get(labels, {})
    for t, v in samples.items():
        if sent.get(t) != v and more.get(t) != v:
            fault("never sent:", labels, t, hex(v))

# --- what Prometheus says
asked = excused = 0
for metric in METRICS:
    q = urllib.parse.urlencode({"query": "%s[1d]" % metric, "time": end})
    result = json.load(urllib.request.urlopen(url + "/api/v1/query?" + q))["data"]["result"]
    if not result:
        fault("Prometheus has no", metric)
    for r in result:
        held = ours.get(labels_of(r["metric"].items()), {})
        theirs = {}
        for t, v in r["values"]:
            theirs[round(t * 1000)] = "NaN" if v == "NaN" else struct.pack("<d", float(v))
        for t, v in theirs.items():
            got = held.get(t)
            same = got is not None and (v == struct.pack("<Q", got) or
                                        (v == "NaN" and got == 0x7FF8000000000001))
            asked += 1
            if same:
                continue
            if got is None and any(a <= t / 1000 <= b for a, b in gaps):
                excused += 1
                continue
            sent = t in tried.get(labels_of(r["metric"].items()), {})
            fault("Prometheus has another:", r["metric"], t, v, got, "tried" if sent else "never tried",
                  "%.3f s before the end" % (float(end) - t / 1000))
        for t, v in held.items():
            if v != STALE and t <= float(end) * 1000 and t not in theirs:
                fault("Prometheus does not have:", r["metric"], t, hex(v))

print("%d requests acknowledged, %d not; %d acknowledged samples of %d series; %d asked of Prometheus, %d of "
      "them it had not sent when it was killed" % (requests[1], requests[0], count, len(acked), asked, excused))
if asked < 1000 or excused > asked / 4:
    fault("too little was compared")
print(faults, "faults")
sys.exit(faults != 0)
