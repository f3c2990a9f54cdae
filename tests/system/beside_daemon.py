"""What beside_daemon.sh sends and compares.

    beside_daemon.py send URL ACKNOWLEDGED     remote write requests, one after the other, until it is ended
    beside_daemon.py compare CSV LOW HIGH      an export has requests 1 to some number between LOW and HIGH, whole

Request K has for each of WIDTH numbers I the sample K of the series work{i=I,era=K/ERA} and the figure K of
days{i=I}, at noon of day K after 1980. Its number is appended to ACKNOWLEDGED once it has been answered. What is not answered
is sent again.
"""
import csv
import struct
import sys
import time
import urllib.error
import urllib.request

WIDTH, ERA, PAUSE = 10, 40, 0.01
DAY, FIRST = 86400, 315576000


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def series(labels, value, seconds):
    parts = [field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items())]
    return field(1, b"".join(parts) + field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(seconds * 1000)))


def packed(raw):  # a block of snappy without copies
    out = [varint(len(raw))]
    for at in range(0, len(raw), 65536):
        piece = raw[at:at + 65536]
        out += [b"\xf4", struct.pack("<H", len(piece) - 1), piece]
    return b"".join(out)


def labels_of(family, k, i):
    labels = {"__name__": family, "i": str(i)}
    if family == "work":
        labels["era"] = str(k // ERA)
    return labels


def request(k):
    return packed(b"".join(series(labels_of(f, k, i), k, FIRST + k * DAY) for f in ("days", "work") for i in range(WIDTH)))


def send(url, acknowledged):
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
               "X-Prometheus-Remote-Write-Version": "0.1.0"}
    k = 1
    with open(acknowledged, "a") as notes:
        while True:
            try:
                urllib.request.urlopen(urllib.request.Request(url, request(k), headers), timeout=60).close()
            except urllib.error.HTTPError as e:
                sys.exit("request %d: %d %s" % (k, e.code, e.read()[:200]))
            except OSError:
                time.sleep(0.05)
                continue
            notes.write("%d\n" % k)
            notes.flush()
            k += 1
            time.sleep(PAUSE)


def rows_of(k, family):
    at = time.strftime("%Y-%m-%dT12:00:00.000Z", time.gmtime(FIRST + k * DAY))
    for i in range(WIDTH):
        labels = labels_of(family, k, i)
        del labels["__name__"]
        yield "%s{%s}" % (family, ",".join('%s="%s"' % x for x in sorted(labels.items()))), at, str(k)


def compare(path, low, high):
    with open(path, newline="") as f:
        rows = [tuple(row) for row in csv.reader(f)][1:]
    for family in ("days", "work"):
        there = {row for row in rows if row[0].startswith(family)}
        n = len(there) // WIDTH
        wanted = {row for k in range(1, n + 1) for row in rows_of(k, family)}
        if not low <= n <= high or there != wanted:
            sys.exit("%s: %d rows, requests %d to %d were acknowledged; %s are missing, %s too many" % (
                family, len(there), low, high, sorted(wanted - there)[:3], sorted(there - wanted)[:3]))
    if len(set(rows)) != len(rows):
        sys.exit("%d rows are there twice" % (len(rows) - len(set(rows))))


if sys.argv[1] == "send":
    send(*sys.argv[2:])
compare(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
