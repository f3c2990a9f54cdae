#!/usr/bin/env python3
"""Asks a server for samples by remote read with the response type STREAMED_XOR_CHUNKS and prints what came.

    read_chunks.py URL FROM_MS TO_MS NAME=VALUE...     (each a query with one matcher; NAME=~VALUE is a pattern)

One line for each chunk: number of the query, labels, first and last time, number of samples, its bytes without the
zeros at the end (Prometheus pads with one byte more at times). Lengths, checksums and the content type are checked.
"""
import json
import sys
import urllib.request


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def number(field, v):
    return varint(field << 3) + varint(v)


def text(field, v):
    return varint(field << 3 | 2) + varint(len(v)) + v


def query(start, end, matcher):
    name, value = matcher.split("=", 1)
    kind = 2 if value.startswith("~") else 0
    m = number(1, kind) + text(2, name.encode()) + text(3, value.lstrip("~").encode())
    return text(1, number(1, start) + number(2, end) + text(3, m))


def snappy(raw):
    """A block of literals only."""
    out = varint(len(raw))
    for i in range(0, len(raw), 60):
        part = raw[i : i + 60]
        out += bytes([len(part) - 1 << 2]) + part
    return out


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def take_varint(data, at):
    v = shift = 0
    while True:
        v |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return v, at


def fields(message):
    at = 0
    while at < len(message):
        tag, at = take_varint(message, at)
        v, at = take_varint(message, at)
        if tag & 7 == 2:
            v, at = message[at : at + v], at + v
        yield tag >> 3, v


def frames(answer):
    at = 0
    while at < len(answer):
        n, at = take_varint(answer, at)
        message = answer[at + 4 : at + 4 + n]
        assert len(message) == n, "a frame is cut off"
        assert int.from_bytes(answer[at : at + 4], "big") == crc32c(message), "a frame's checksum is wrong"
        yield message
        at += 4 + n


def signed(v):
    return v - (1 << 64) if v >> 63 else v


def show(message):
    top = list(fields(message))
    index = next((v for n, v in top if n == 2), 0)
    for series in (v for n, v in top if n == 1):
        parts = list(fields(series))
        labels = [tuple(t.decode() for _, t in fields(v)) for n, v in parts if n == 1]
        for chunk in (dict(fields(v)) for n, v in parts if n == 2):
            assert chunk[3] == 1, "a chunk is not XOR"
            print(index, json.dumps(labels, separators=(",", ":")), signed(chunk.get(1, 0)), signed(chunk.get(2, 0)),
                  int.from_bytes(chunk[4][:2], "big"), chunk[4].rstrip(b"\0").hex())


def main():
    url, start, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    body = b"".join(query(start, end, m) for m in sys.argv[4:]) + number(2, 1)
    request = urllib.request.Request(url + "/api/v1/read", snappy(body), {
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Read-Version": "0.1.0"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        kind = answer.headers["Content-Type"]
        assert kind == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", kind
        for message in frames(answer.read()):
            show(message)


main()
