"""Reads a store by docs/storage-format.md alone, with nothing of parkwatch's own code.

    format_reader.py [--met] DIR

Prints what `torture-readback --read-only DIR` prints: each sample of each plain series, each value of each period
of each statistic that has one that was released. Every checksum on the way is verified, and the chain of the
ledger; what is wrong ends it with 1. For a store that nobody has open.

--met prints, to standard error, what of the format was met on the way, a line each, so that a test knows what
it has proven.

Names of sections in the comments are those of the document. Needs python3-lmdb.
"""
import hashlib
import os
import re
import struct
import sys

import lmdb

M64 = (1 << 64) - 1
YEAR_0 = -62167219200000
NO_VALUE = 0x7FF8000000000000  # of a suppressed figure


met = set()  # what was met


class Damaged(Exception):
    pass


def want(ok, what):
    if not ok:
        raise Damaged(what)


# --- Common rules -----------------------------------------------------------------------------


def _tables():
    small = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        small.append(i)
    halves = (small[i & 255] ^ i >> 8 for i in range(65536))
    return small, [small[h & 255] ^ h >> 8 for h in halves]


CRC_BYTE, CRC_PAIR = _tables()


def crc(*parts):
    """CRC-32C, two bytes a step."""
    c = 0xFFFFFFFF
    for p in parts:
        even = len(p) & ~1
        for pair in struct.unpack("<%dH" % (even // 2), p[:even]):
            c = CRC_PAIR[(c ^ pair) & 0xFFFF] ^ c >> 16
        if len(p) & 1:
            c = CRC_BYTE[(c ^ p[-1]) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def unsigned(b):
    return int.from_bytes(b, "little")


def s64(v):
    v &= M64
    return v - (1 << 64) if v >> 63 else v


class Bytes:
    """Bytes that are taken off one after another."""

    def __init__(self, b, at=0):
        self.b, self.at = b, at

    def take(self, n):
        want(self.at + n <= len(self.b), "cut off")
        self.at += n
        return self.b[self.at - n : self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self, n):
        return unsigned(self.take(n))

    def varint(self):
        v = shift = 0
        while True:
            b = self.byte()
            v |= (b & 127) << shift
            shift += 7
            if b < 128:
                want(v <= M64, "a varint of more than 64 bits")
                return v

    def signed(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def text(self):
        return self.take(self.varint()).decode()

    def end(self):
        want(self.at == len(self.b), "%d bytes are left over" % (len(self.b) - self.at))


# --- Columns: whole numbers -------------------------------------------------------------------


def take_bits(b, n, width, whole_block):
    if width == 0:
        return [0] * n
    raw, mask = b.take((n * width + 7) // 8), (1 << width) - 1
    if whole_block and width <= 32:
        met.add("bits in lanes")
        lanes = []
        for lane in range(4):
            words = b"".join(raw[16 * w + 4 * lane :][:4] for w in range(width))
            bits = unsigned(words)
            lanes.append([bits >> r * width & mask for r in range(32)])
        return [lanes[(0, 2, 1, 3)[i & 3]][i >> 2] for i in range(128)]
    met.add("bits one after the other" + (" of 64" if width == 64 else ""))
    bits = unsigned(raw)
    return [bits >> i * width & mask for i in range(n)]


def take_block(b, n, slope_follows):
    head, base = b.byte(), b.signed()
    width = 64 if head & 0x3F == 63 else head & 0x3F
    slope = b.signed() if slope_follows else 0
    if head & 0x80:
        met.add("zeros left out" + (" and patches" if head & 0x40 else ""))
        present = unsigned(b.take((n + 7) // 8))
        places = [i for i in range(n) if present >> i & 1]
        left = [0] * n
        for i, bits in zip(places, take_bits(b, len(places), width, False)):
            left[i] = base + bits
    else:
        left = [base + bits for bits in take_bits(b, n, width, n == 128)]
    if head & 0x40:
        met.add("patches")
        for i in list(b.take(b.byte())):
            left[i] += b.signed() << width
    return left, slope


def whole(b, n):
    head, first = b.byte(), b.signed()
    unit = b.signed() if head & 4 else 1
    kind, year, mixed = head & 3, head & 8, head & 0x40
    want(kind < 3 and head < 0x80, "whole numbers of kind %#x" % head)
    met.add("whole numbers: " + ("constant", "line", "blocks")[kind])
    if head & 4:
        met.add("whole numbers with a unit")
    if kind == 0:
        return [first] * n
    if kind == 1:
        return [first + i * unit for i in range(n)]
    blocks = 1 + (n - 12 + 127) // 128 if year else (n + 127) // 128
    orders = unsigned(b.take((blocks + 3) // 4)) if mixed else 0
    x = []
    for k in range(blocks):
        order = orders >> 2 * k & 3 if mixed else head >> 4 & 3
        count = 12 if year and k == 0 else min(128, n - len(x))
        left, slope = take_block(b, count, k == 0 and order == 2)
        want(k > 0 or order != 3, "a first block by the year")
        met.add("order %d%s%s" % (order, " first" if k == 0 else "", " mixed" if mixed else ""))
        if year:
            met.add("a first block of twelve")
        for l in left:
            i = len(x)
            if i == 0:
                x.append(first)
            elif i == 1 and order == 2:
                x.append(first + slope * unit)
            elif order == 0:
                x.append(first + l * unit & M64)
            elif order == 1:
                x.append(x[i - 1] + l * unit & M64)
            elif order == 2:
                x.append(2 * x[i - 1] - x[i - 2] + l * unit & M64)
            else:
                x.append(x[i - 12] + l * unit & M64)
    want(len(x) == n, "blocks of %d numbers instead of %d" % (len(x), n))
    return x


def small_numbers(b, n):
    """A column of small whole numbers, with its length before it."""
    b = Bytes(b.take(b.varint()))
    x = []
    met.add("small numbers: %s" % ("runs" if b.b[:1] == b"\3" else "whole"))
    if b.b[:1] == b"\3":
        b.take(1)
        while len(x) < n:
            v = b.varint()
            x += [v] * (b.varint() + 1)
        want(len(x) == n, "a run goes too far")
    else:
        x = [v & M64 for v in whole(b, n)]
    b.end()
    return x


# --- Columns: times ---------------------------------------------------------------------------


def days_before(year, month):
    """From 1970-01-01 to the month's first day in the Gregorian calendar."""
    y = year if month > 2 else year - 1  # years that begin in March
    m = (month + 9) % 12
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 - 719468


def times(raw, n):
    b = Bytes(raw)
    kind = b.byte()
    met.add("times %d" % kind)
    if kind == 1:
        t = whole(b, n)
    elif kind == 2:
        shift, months, rests = b.signed(), whole(b, n), whole(b, n)
        t = [days_before(m // 12, m % 12 + 1) * 86400000 + shift + r for m, r in zip(months, rests)]
    elif kind == 3:
        step = b.signed()
        t = [i * step + r for i, r in enumerate(whole(b, n))]
    else:
        raise Damaged("times of kind %d" % kind)
    b.end()
    return [s64(v) for v in t]


# --- Columns: values, as their bits -----------------------------------------------------------


def bits_of(v):
    return struct.unpack("<Q", struct.pack("<d", v))[0]


def decimals(b, n):
    head = b.byte()
    exponent = head & 0x1F
    want(head < 0x40 and exponent <= 18, "decimals with head %#x" % head)
    power = float(10**exponent)
    v = [bits_of(float(s64(k)) / power if exponent else float(s64(k))) for k in whole(b, n)]
    at, bits = 0, None
    for _ in range(b.varint() if head & 0x20 else 0):
        gap = b.varint()
        met.add("an exception" + (" again" if gap & 1 else ""))
        if not gap & 1:
            bits = b.number(8)
        at += gap >> 1
        v[at] = bits
        at += 1
    return v


def xors(b, n):
    bits, at = unsigned(b.b), 0
    zeros_of = (0, 8, 12, 16, 18, 20, 22, 24)

    def take(k):
        nonlocal at
        at += k
        want(at <= 8 * len(b.b), "cut off")
        return bits >> at - k & (1 << k) - 1

    # A long number is shifted slowly: keep what is used short.
    v, zeros, word = [take(64)], 0, 0
    for _ in range(n - 1):
        if at > 65536:
            bits >>= at & ~7
            b.b = b.b[at // 8 :]
            at &= 7
        case = take(2)
        met.add("XOR case %d" % case)
        if case == 1:
            zeros = zeros_of[take(3)]
            length = take(6) + 1
            word = take(length) << 64 - zeros - length
        elif case == 2:
            word = take(64 - zeros)
        elif case == 3:
            zeros = zeros_of[take(3)]
            word = take(64 - zeros)
        v.append(v[-1] ^ word if case else v[-1])
    b.at = (at + 7) // 8
    return v


def values(encoding, raw, n):
    b = Bytes(raw)
    met.add("values %d" % encoding)
    if encoding == 1:
        v = list(struct.unpack("<%dQ" % n, b.take(8 * n)))
    elif encoding == 2:
        v = xors(b, n)
    elif encoding == 3:
        v = decimals(b, n)
    elif encoding == 4:
        v = [k & M64 for k in whole(b, n)]
    else:
        raise Damaged("values of encoding %d" % encoding)
    b.end()
    return v


# --- Segments ---------------------------------------------------------------------------------


class Segment:
    """columns: (bytes, crc, count, first, last, of attributes); chunks() unpacks nothing but times."""

    def __init__(self, raw, kind):
        want(len(raw) >= 32 and unsigned(raw[20:24]) == len(raw) <= 131056, "a segment's length")
        directory = unsigned(raw[16:20])
        want(crc(raw[4:directory]) == unsigned(raw[:4]), "a segment's directory")
        want(raw[4] == kind and raw[5] == 1 and raw[6:8] == b"\0\0", "a segment's kind")
        self.raw, self.kind, self.unpacked = raw, kind, {}
        ncolumns, self.nchunks = unsigned(raw[8:12]), unsigned(raw[12:16])
        self.first, self.last = unsigned(raw[24:28]), unsigned(raw[28:32])
        self.directory = Bytes(raw[:directory], 32)
        self.columns = self.take_columns(ncolumns)

    def take_columns(self, n):
        d, columns, before = self.directory, [], 0
        for _ in range(n):
            size, check = d.varint(), d.number(4)
            if size & 1:
                columns.append((size >> 1, check, None, 0, 0))
                continue
            count, first = d.varint(), s64(before + d.signed())
            columns.append((size >> 1, check, count, first, first + d.varint()))
            before = first
        at, out = len(d.b), []
        for size, check, count, first, last in columns:
            raw = self.raw[at : at + size]
            head = b"" if count is None else struct.pack("<Iqq", count, first, last)
            want(crc(head, raw) == check, "a column of a segment")
            out.append((raw, check, count, first, last))
            at += size
        self.values_at = at
        return out

    def times_of(self, number):
        if number not in self.unpacked:
            raw, _, count, first, last = self.columns[number]
            t = times(raw, count)
            want(len(t) == count and t[0] == first and t[-1] == last, "times of a column")
            self.unpacked[number] = t
        return self.unpacked[number]

    def chunks(self):
        """(series, times, bits of the values, attributes)"""
        d, at, series = self.directory, self.values_at, self.first
        for _ in range(self.nchunks):
            series += d.varint()
            encoding, times_at = d.byte(), d.varint()
            attributes_at = d.varint() if self.kind == 2 else None
            size, check = d.varint(), d.number(4)
            raw = self.raw[at : at + size]
            at += size
            attributes, attributes_crc = self.columns[attributes_at][:2] if self.kind == 2 else (b"", 0)
            head = struct.pack("<IBII", series, encoding, self.columns[times_at][1], attributes_crc)
            want(crc(head, raw) == check, "a chunk of series %d" % series)
            t = self.times_of(times_at)
            yield series, t, values(encoding, raw, len(t)), attributes
        d.end()
        want(at == len(self.raw) and series == self.last, "a segment's end")


def take_table(b):
    """The table of segments: (first series, last series, first time, last time, bytes, chunks, samples, crc)"""
    out, series, t = [], 0, 0
    for _ in range(b.varint()):
        first = series + b.varint()
        series = first + b.varint()
        t = s64(t + b.signed())
        out.append((first, series, t, t + b.varint(), b.varint(), b.varint(), b.varint(), b.number(4)))
    b.end()
    return out


def layer_chunks(table, segment_of, kind):
    for i, (first, last, t0, t1, size, chunks, samples, check) in enumerate(table):
        raw = segment_of(i)
        want(raw is not None and len(raw) == size and unsigned(raw[:4]) == check, "segment %d" % i)
        s, n, low, high = Segment(raw, kind), 0, [], []
        want((s.first, s.last, s.nchunks) == (first, last, chunks), "what the table says of segment %d" % i)
        for chunk in s.chunks():
            n += len(chunk[1])
            low.append(chunk[1][0])
            high.append(chunk[1][-1])
            yield chunk
        want((n, min(low), max(high)) == (samples, t0, t1), "what the table says of segment %d" % i)


# --- Figures ----------------------------------------------------------------------------------


def figures(t, v, attributes):
    """(stamp, known-from, sequence, value, months, flags, kind, received, released)"""
    b, n = Bytes(attributes), len(t)
    submissions, sequence, received = [], 0, 0
    for _ in range(b.varint()):
        sequence += b.varint()
        received = s64(received + b.signed())
        z = b.varint()
        released = s64(received + ((z - 1) >> 1 ^ -((z - 1) & 1))) if z else 0
        submissions.append((sequence, received, released))
    which, months, flags, kinds = (small_numbers(b, n) for _ in range(4))
    out = []
    for i in range(n):
        sequence, received, released = submissions[which[i]]
        known = s64(received + b.signed()) if kinds[i] else received
        met.add("known-from %d" % kinds[i])
        if kinds[i] == 2:
            released = known
        out.append((t[i], known, sequence, v[i], months[i], flags[i], kinds[i], received, released))
    b.end()
    return out


# --- parts ------------------------------------------------------------------------------------


def part_series(raw):
    """id, labels, statistic of each series, verified whole."""
    want(raw[:8] == b"pwindex\n" and crc(raw[:156]) == unsigned(raw[156:160]), "a part's head")
    head = struct.unpack("<20I", raw[8:88])
    version, head_bytes, size, first_id, last_id, count, nruns, nnames, nvalues, nshapes = head[:10]
    want(version == 1 and head_bytes == 160 and size == len(raw), "a part's head")
    places = struct.unpack("<22I", raw[64:152])
    section = [raw[places[2 * i] : places[2 * i] + places[2 * i + 1]] for i in range(11)]
    sums = struct.unpack("<%dI" % (len(section[10]) // 4), section[10])
    checked = raw[: places[20]]
    want(len(sums) == (len(checked) + 65535) // 65536, "a part's checksums")
    for i, check in enumerate(sums):
        want(crc(checked[i * 65536 :][:65536]) == check, "block %d of a part" % i)

    runs = list(struct.iter_unpack("<II", section[0]))
    names = list(struct.iter_unpack("<III", section[1]))
    texts = [text for text, _ in struct.iter_unpack("<II", section[2])]
    shapes = [at for at, in struct.iter_unpack("<I", section[3])]
    want((len(runs), len(names), len(texts), len(shapes)) == (nruns, nnames + 1, nvalues, nshapes + 1), "a part")

    def text(at):
        return Bytes(section[9], at).text()

    def shape_names(k):
        b, out = Bytes(section[4][: shapes[k + 1]], shapes[k]), []
        while b.at < shapes[k + 1]:
            out.append(b.varint())
        return out

    shape_list = [shape_names(k) for k in range(nshapes)]
    name_texts = [text(at) for at, _, _ in names[:-1]]
    value_texts = [text(at) for at in texts]
    ids = []
    for (first, ordinal), (_, end) in zip(runs, runs[1:] + [(0, count)]):
        ids += range(first, first + end - ordinal)
    want(ids[0] == first_id and ids[-1] == last_id and len(ids) == count, "a part's ids")
    b = Bytes(section[6])
    for ordinal, series in enumerate(ids):
        if ordinal % 16 == 0:
            want(unsigned(section[5][ordinal // 4 :][:4]) == b.at, "a part's samples")
        one = Bytes(b.take(b.varint()))
        shape = one.varint()
        labels = tuple((name_texts[k], value_texts[names[k][1] + one.varint()]) for k in shape_list[shape >> 1])
        one.end()
        yield series, labels, bool(shape & 1)


# --- Log files --------------------------------------------------------------------------------


def unpack_snappy(raw):
    b, out = Bytes(raw), bytearray()
    size = b.varint()
    while b.at < len(raw):
        t = b.byte()
        if t & 3 == 0:
            n = t >> 2
            out += b.take(1 + (n if n < 60 else b.number(n - 59)))
            continue
        if t & 3 == 1:
            n, back = 4 + (t >> 2 & 7), (t >> 5) * 256 + b.byte()
        else:
            n, back = 1 + (t >> 2), b.number(2 if t & 3 == 2 else 4)
        want(0 < back <= len(out), "a copy from nowhere")
        start = len(out) - back
        if back >= n:
            out += out[start : start + n]
        else:
            out += (out[start:] * (n // back + 1))[:n]
    want(len(out) == size, "a snappy block's size")
    return bytes(out)


def fields(raw):
    """(number, value) of a protobuf message; bytes, or an int."""
    b = Bytes(raw)
    while b.at < len(raw):
        tag = b.varint()
        if tag & 7 == 0:
            yield tag >> 3, b.varint()
        elif tag & 7 == 1:
            yield tag >> 3, b.number(8)
        elif tag & 7 == 2:
            yield tag >> 3, b.take(b.varint())
        elif tag & 7 == 5:
            yield tag >> 3, b.number(4)
        else:
            raise Damaged("a protobuf group")


def request_series(raw, known):
    """Labels and [(time, bits)] of each time series; `known` remembers labels by their bytes."""
    for number, message in fields(raw):
        if number != 1:
            continue
        texts, samples = [], []
        for field, value in fields(message):
            if field == 1:
                texts.append(value)
            elif field == 2:
                sample = {1: 0, 2: 0}
                sample.update(fields(value))
                samples.append((s64(sample[2]), sample[1]))
        yield sorted_labels(texts, known), samples


def sorted_labels(texts, known):
    """Labels by their `labels` fields, as one puts them in order."""
    key = tuple(texts)
    if key not in known:
        pairs = ({1: b"", 2: b"", **dict(fields(text))} for text in texts)
        known[key] = tuple(sorted(((p[1], p[2]) for p in pairs if p[2])))
    return known[key]


def samples_of_request(refused, body, received, known):
    """Labels and [(time, bits)] of what was not refused."""
    skip = refused_numbers(refused)
    for i, (labels, samples) in enumerate(request_series(unpack_snappy(body), known)):
        if i in skip:
            met.add("a refused series")
            continue
        good = [(t, v) for t, v in samples if YEAR_0 <= t <= received + 600000]
        if len(good) < len(samples):
            met.add("a sample of the future")
        yield labels, good


def series_names(raw, known):
    """Labels of the series that a record of samples names."""
    b = Bytes(raw)
    while b.at < len(raw):
        yield sorted_labels([value for _, value in fields(b.take(b.varint()))], known)


def named_samples(raw, named, received):
    b, number, t = Bytes(raw), -1, received
    while b.at < len(raw):
        number += b.signed()
        t = s64(t + b.signed() & M64)
        want(0 <= number < len(named), "a sample of a series that is not named")
        yield named[number], [(t, b.number(8))]


def good_record(raw, at):
    """The record's end, or None."""
    if len(raw) - at < 32:
        return None
    check, size, _, _, kind, _, _, first = struct.unpack("<IIQqBBHI", raw[at : at + 32])
    if kind not in (1, 2) or not 32 <= size <= min(64 << 20, len(raw) - at) or first > size - 32:
        return None
    return at + size if crc(raw[at + 4 : at + size]) == check else None


def log_records(raw, number):
    """(kind, received, list, body) of each record; what is torn at the end is left out."""
    if len(raw) < 40:
        return
    want(raw[:8] == b"pwlog\0\0\1" and unsigned(raw[8:16]) == number, "log file %d" % number)
    want(crc(raw[:16]) == unsigned(raw[16:20]), "the head of log file %d" % number)
    durable, turned = struct.unpack("<QQ", raw[24:40])
    if durable != turned ^ M64:
        durable = 0
    at = 40
    met.add("log")
    while at < len(raw) and (end := good_record(raw, at)):
        received, first = unsigned(raw[at + 16 : at + 24]), unsigned(raw[at + 28 : at + 32])
        body = at + 32 + first
        yield raw[at + 24], s64(received), raw[at + 32 : body], raw[body:end]
        at = min(end + 7 & ~7, len(raw))
    if at < len(raw):
        met.add("a torn end")
    later = range(at + 8, len(raw) - 31, 8) if at < len(raw) else ()
    for place in later:
        if good_record(raw, place):
            durable = max(durable, unsigned(raw[place + 8 : place + 16]))
    want(durable <= (at + 7 & ~7), "log file %d had been durable behind byte %d" % (number, at))


def refused_numbers(raw):
    b, at, out = Bytes(raw), 0, set()
    while b.at < len(raw):
        at += b.varint()
        out.add(at)
        at += 1
    return out


# --- The store --------------------------------------------------------------------------------


class Store:
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "VERSION")) as f:
            want(f.read() == "parkwatch store, format 2\n", "VERSION")
        env = lmdb.open(folder, readonly=True, lock=False, max_dbs=16)
        self.txn = env.begin()
        self.table = {}
        names = "meta parts partitions segments fresh submissions metadata ledger originals"
        for name in names.split():
            self.table[name] = env.open_db(name.encode(), self.txn, create=False)
        for name in ("findings", "finding_cells", "refused"):  # a store from before there were any lacks them
            try:
                self.table[name] = env.open_db(name.encode(), self.txn, create=False)
            except lmdb.NotFoundError:
                pass
        self.names = {}  # id: (labels, statistic)
        self.samples = {}  # id: {time: bits}
        self.figures = {}  # id: [figure, ...]
        self.released = {}  # by sequence
        self.kept = {}  # likewise: figures that are said to be kept
        self.cells = {}  # likewise: refused figures that are said to be on record
        self.read_state()

    def records(self, table, sealed=True):
        for key, value in self.txn.cursor(self.table[table]) if table in self.table else ():
            if sealed:
                want(crc(key, value[4:]) == unsigned(value[:4]), "a record of %s" % table)
            yield key, value

    def read_state(self):
        meta = dict(self.records("meta"))
        want(meta[b"format"][4:] == struct.pack("<I12sI", 2, b"parkwatch", 0), "the format")
        state = struct.unpack("<IIQQQQIIIIII", meta[b"state"])
        self.top, _, self.sequence, self.packed_sequence, self.packed_run = state[1:6]
        self.nparts, self.npartitions, _, _, self.digest, zero = state[6:]
        want(zero == 0, "the state")
        head = meta.get(b"ledger", bytes(48))
        self.entries, self.head_hash = unsigned(head[8:16]), head[16:]
        counts = struct.unpack("<IIQQQQQ", meta.get(b"findings", bytes(48)))
        want(counts[1] == 0, "the counts of findings")
        self.finding_counts = counts[2:]

    def read(self):
        self.read_submissions()
        self.read_findings()
        self.read_refused()
        self.read_ledger()
        self.read_originals()
        self.read_parts()
        self.read_partitions()
        self.read_fresh()
        covered = self.read_runs()
        self.read_logs(covered)
        return self

    # parts, fresh

    def read_parts(self):
        n = self.last_id = 0
        for _, value in self.records("parts", sealed=False):
            for series, labels, statistic in part_series(value):
                want(series > self.last_id, "ids of parts")
                self.last_id = series
                self.names[series] = (labels, statistic)
            n += 1
        want(n == self.nparts, "%d parts" % n)

    def read_fresh(self):
        for key, value in self.records("fresh"):
            want(int.from_bytes(key, "big") > self.packed_sequence, "fresh figures that are packed")
            b = Bytes(value, 4)
            for _ in range(b.varint()):
                series, statistic = b.varint(), b.byte()
                labels = tuple((b.text(), b.text()) for _ in range(b.varint()))
                if series > self.last_id:
                    self.names.setdefault(series, (labels, statistic == 1))
            met.add("fresh")
            for _ in range(b.varint()):
                for chunk in Segment(b.take(b.varint()), 2).chunks():
                    self.add_figures(*chunk)
            b.end()

    # layers

    def add_samples(self, series, t, v):
        self.samples.setdefault(series, {}).update(zip(t, v))

    def add_figures(self, series, t, v, attributes):
        self.figures.setdefault(series, []).extend(figures(t, v, attributes))

    def read_partitions(self):
        digest, layers = 0, []
        for key, value in self.records("partitions"):
            digest ^= unsigned(value[:4])
            number = int.from_bytes(key, "big")
            layers.append((unsigned(value[8:16]), number, value[4], take_table(Bytes(value, 16))))
        want(len(layers) == self.npartitions and digest == self.digest, "the partitions")
        for _, number, kind, table in sorted(layers):
            met.add("partition %d" % kind)
            key = number.to_bytes(4, "big")

            def segment_of(i):
                return self.txn.get(key + i.to_bytes(4, "big"), db=self.table["segments"])

            for series, t, v, attributes in layer_chunks(table, segment_of, kind):
                if kind == 1:
                    self.add_samples(series, t, v)
                else:
                    self.add_figures(series, t, v, attributes)

    def files(self, folder, ending):
        try:
            names = os.listdir(os.path.join(self.folder, folder))
        except FileNotFoundError:
            names = []
        for number in sorted(int(n[: -len(ending)]) for n in names if re.fullmatch(r"\d{8,}" + re.escape(ending), n)):
            with open(os.path.join(self.folder, folder, "%08d%s" % (number, ending)), "rb") as f:
                yield number, f.read()

    def read_runs(self):
        covered = self.packed_run
        for number, raw in self.files("runs", ".run"):
            if number <= self.packed_run:
                continue
            want(raw[:8] == b"pwrun\0\0\1" and unsigned(raw[8:16]) == number, "run %d" % number)
            want(crc(raw[:24]) == unsigned(raw[24:28]), "the head of run %d" % number)
            want(unsigned(raw[16:24]) <= covered + 1, "a run or log before run %d is missing" % number)
            size = unsigned(raw[-16:-8])
            table = raw[len(raw) - 16 - size : len(raw) - 16]
            want(crc(table, raw[-16:-8]) == unsigned(raw[-8:-4]), "the table of run %d" % number)
            table = take_table(Bytes(table))
            met.add("run")
            places = [32]
            for entry in table:
                places.append(places[-1] + (entry[4] + 7 & ~7))
            want(places[-1] == len(raw) - 16 - size, "the length of run %d" % number)
            for series, t, v, _ in layer_chunks(table, lambda i: raw[places[i] : places[i] + table[i][4]], 1):
                self.add_samples(series, t, v)
            covered = number
        return covered

    def read_logs(self, covered):
        ids = {tuple((n.encode(), v.encode()) for n, v in labels): i for i, (labels, _) in self.names.items()}
        known, next_id = {}, max(self.names, default=0)
        next_id = max(next_id, self.top) + 1
        for number, raw in self.files("log", ".log"):
            if number <= covered:
                continue
            want(number == covered + 1, "the log file before %d is missing" % number)
            covered = number
            named = []
            for kind, received, first, body in log_records(raw, number):
                if kind == 2:
                    met.add("samples of our own")
                    named.extend(series_names(first, known))
                    all_samples = named_samples(body, named, received)
                else:
                    all_samples = samples_of_request(first, body, received, known)
                for labels, samples in all_samples:
                    if labels not in ids:
                        met.add("a series that only the log knows")
                        ids[labels] = next_id
                        self.names[next_id] = (tuple((n.decode(), v.decode()) for n, v in labels), False)
                        next_id += 1
                    want(not self.names[ids[labels]][1], "samples of a statistic in the log")
                    self.samples.setdefault(ids[labels], {}).update(samples)

    # submissions, ledger, originals

    def read_submissions(self):
        self.originals = {}
        n = 0
        for n, (key, value) in enumerate(self.records("submissions"), 1):
            want(int.from_bytes(key, "big") == n, "submission %d" % n)
            flags, zeros = value[4], value[5:8]
            received, released, _, entry, size = struct.unpack("<qqqQQ", value[8:48])
            refused, kept, unchanged, cells = struct.unpack("<IIII", value[48:64])
            want(flags < 8 and zeros == bytes(3), "submission %d" % n)
            self.cells[n] = cells
            b = Bytes(value, 96)
            texts = [b.take(b.number(2)) for _ in range(5)]
            b.end()
            self.released[n], self.kept[n] = released, kept
            if flags & 4:
                self.originals[bytes(value[64:96])] = size
        want(n == self.sequence, "%d submissions" % n)

    def read_refused(self):
        self.refused, counts = [], dict.fromkeys(self.cells, 0)
        for key, value in self.records("refused"):
            form, size, zero, received = struct.unpack("<BBHq", value[4:16])
            want(len(key) == 22 and form == 1 and zero == 0, "a refused figure")
            reason, rest = value[16 : 16 + size].decode(), bytes(value[16 + size :])
            want(crc(rest) == int.from_bytes(key[:4], "big"), "the labels of a refused figure")
            b = Bytes(rest)
            labels = [(b.take(b.number(2)).decode(), b.take(b.number(2)).decode()) for _ in range(b.number(2))]
            b.end()
            stamp = int.from_bytes(key[4:12], "big") - (1 << 63)
            submission, place = int.from_bytes(key[12:20], "big"), int.from_bytes(key[20:], "big")
            counts[submission] += 1
            want(place < self.cells[submission] <= 1000, "the place of a refused figure")
            met.add("a refused figure")
            self.refused.append("R %d %d %d %s %s" % (submission, stamp, received, reason, label_text(labels)))
        want(counts == self.cells, "how many refused figures there are")

    def read_findings(self):
        states = ("open", "answered", "accepted", "corrected")
        cells, self.findings, self.acts, counts = set(), [], {}, [0] * 4
        for key, value in self.records("finding_cells"):
            want(value[4:] == bytes(4) and len(key) == 20, "a cell of findings")
            cells.add(bytes(key))
        for n, (key, value) in enumerate(self.records("findings"), 1):
            head = struct.unpack("<BBHIIqqQQQq", value[4:64])
            form, state, nevents, series, zero, stamp, known, v, against, submission, opened = head
            want(int.from_bytes(key, "big") == n and form == 1 and zero == 0, "finding %d" % n)
            want(series.to_bytes(4, "big") + (stamp + 2**63).to_bytes(8, "big") + key in cells, "its cell")
            b = Bytes(value, 64)
            texts = [b.take(b.number(2)).decode() for _ in range(10)]
            opening, is_, events = hashlib.sha256(value[8 : b.at]).hexdigest(), 0, []
            for _ in range(nevents):
                to, zero, nby, ntext, zeros = struct.unpack("<BBHHH", b.take(8))
                t, by_submission, entry = struct.unpack("<qQQ", b.take(24))
                by, text = b.take(nby).decode(), b.take(ntext).decode()
                want(is_ < 2 and 1 <= to <= 3 and zero == zeros == 0, "an event of finding %d" % n)
                want((to == 3) == (entry == 0), "the entry of an event")
                if entry:
                    self.acts[entry] = (to, submission, n, opening, by, text)
                is_ = to
                events.append("|%s %d %d %d %s|%s" % (states[to], t, by_submission, entry, by, text))
            b.end()
            want(is_ == state, "the state of finding %d" % n)
            counts[state] += 1
            met.add("finding: " + states[state])
            line = (n, states[state], series, stamp, known, v, against, submission, opened)
            self.findings.append("Q %d %s %d %d %d %016x %016x %d %d " % line + "|".join(texts) + "".join(events))
        want((len(self.findings), *counts) == self.finding_counts, "how many findings there are")
        want(len(cells) == len(self.findings), "how many cells there are")

    def read_ledger(self):
        before, n = bytes(32), 0
        self.kept_sha256 = {}
        kinds = ["", "submission", "rejected", "release", "return", "answer", "acceptance"]
        for n, (key, value) in enumerate(self.records("ledger"), 1):
            text = value[40:]
            want(int.from_bytes(key, "big") == n and value[5:8] == bytes(3), "entry %d" % n)
            want(hashlib.sha256(text).digest() == value[8:40], "the hash of entry %d" % n)
            lines = text.decode().split("\n")
            want(lines.pop() == "" and lines[0] == "parkwatch ledger entry %d" % n, "entry %d" % n)
            field = dict((line + " ").split(": ", 1) for line in lines[1:])
            field = {k: v[:-1] if v else v for k, v in field.items()}
            want(field["kind"] == kinds[value[4]] and field["previous"] == before.hex(), "entry %d" % n)
            if value[4] <= 2:
                self.kept_sha256[int(field["submission"])] = field["kept-sha256"]
                want(int(field["kept"]) == self.kept[int(field["submission"])], "entry %d" % n)
            if value[4] >= 5:
                to, submission, finding, opening, by, said = self.acts.pop(n)
                want(to == value[4] - 4 and int(field["finding"]) == finding, "entry %d" % n)
                want(int(field["submission"]) == submission, "entry %d" % n)
                want(field["opening-sha256"] == opening and field["by"] == by, "entry %d" % n)
                want(field["text"] == said.replace("\n", "\\x0a"), "entry %d" % n)
            met.add("ledger: " + field["kind"])
            before = bytes(value[8:40])
        want(n == self.entries and before == self.head_hash, "%d entries of the ledger" % n)
        want(len(self.kept_sha256) == self.sequence, "entries of submissions")
        want(not self.acts, "answers without an entry")

    def read_originals(self):
        pieces = {}
        for key, value in self.records("originals"):
            name, number = bytes(key[:32]), int.from_bytes(key[32:], "big")
            if number and name not in pieces and unsigned(value[24:32]) == 0:
                continue  # its submission did not come
            want(number == len(pieces.setdefault(name, [])), "the pieces of an original")
            want(number + 1 == unsigned(value[8:12]) or len(value) == 1048560, "the length of a piece")
            pieces[name].append(value)
        for name, size in self.originals.items():
            list_ = pieces.get(name)
            want(list_ and len(list_) == unsigned(list_[0][8:12]), "an original is missing")
            want(unsigned(list_[0][16:24]) == size, "the size of an original")
            body = b"".join(value[32:] for value in list_)
            met.add("original %d" % list_[0][4] + (" in pieces" if len(list_) > 1 else ""))
            if list_[0][4] == 1:
                want(hashlib.sha256(body).digest() == name, "an original's hash")
            else:  # Zstandard is not in the standard library: its magic number must do
                want(list_[0][4] == 2 and body[:4] == b"\x28\xb5\x2f\xfd", "an original's frame")

    # what is shown

    def check_kept(self):
        """Counts and hashes of what each submission kept."""
        sums = {n: hashlib.sha256() for n in self.kept}
        counts = dict.fromkeys(self.kept, 0)
        for series in sorted(self.figures):
            labels, begun = self.names[series][0], set()
            head = b"S" + struct.pack("<H", len(labels))
            for pair in labels:
                for text in pair:
                    head += struct.pack("<H", len(text.encode())) + text.encode()
            for f in sorted(self.figures[series], key=lambda f: f[:3]):
                stamp, known, sequence, value, months, flags, kind = f[:7]
                if flags & 32:
                    met.add("a suppressed figure")
                want((flags & 32 != 0) == (value == NO_VALUE), "a figure and whether it is suppressed")
                if sequence not in begun:
                    sums[sequence].update(head)
                    begun.add(sequence)
                sums[sequence].update(b"F" + struct.pack("<qqQBBB", stamp, known, value, months, flags, kind))
                counts[sequence] += 1
        want(counts == self.kept, "how many figures submissions kept")
        for n, s in sums.items():
            want(s.hexdigest() == self.kept_sha256[n], "the figures of submission %d" % n)

    def lines(self):
        """In the order of labels, as texts sort by bytes."""

        def by_labels(series):
            return [text.encode() for pair in self.names[series][0] for text in pair]

        for series in sorted(self.names, key=by_labels):
            labels, statistic = self.names[series]
            text = label_text(labels)
            if not statistic:
                for t, v in sorted(self.samples.get(series, {}).items()):
                    yield "P %s %d %016x" % (text, t, v)
                continue
            periods = {}
            for f in sorted(self.figures.get(series, []), key=lambda f: f[:3]):
                released = f[8] or self.released[f[2]]
                periods.setdefault(f[0], []).append((f, released))
            for stamp in sorted(periods):
                if not any(released for _, released in periods[stamp]):
                    continue
                for f, released in periods[stamp]:
                    _, known, sequence, v, months, flags, _, received, _ = f
                    rest = (stamp, v, months, flags, known, received, released, sequence)
                    yield "F %s %d %016x %d %d %d %d %d %d" % ((text,) + rest)
        yield from reversed(self.findings)
        yield from self.refused


def label_text(labels):
    """As Prometheus writes them."""

    def quoted(s):
        return '"%s"' % s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    name = dict(labels).get("__name__", "")
    plain = re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name) is not None
    inside = [] if plain else [quoted(name)]
    for k, v in labels:
        if k != "__name__":
            inside.append((k if re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", k) else quoted(k)) + "=" + quoted(v))
    return (name if plain else "") + ("{%s}" % ",".join(inside) if inside else "")


def main():
    n = 0
    try:
        store = Store(sys.argv[-1]).read()
        store.check_kept()
        out = []
        for line in store.lines():
            out.append(line)
            n += 1
        out.append("end %d\n" % n)
        sys.stdout.buffer.write("\n".join(out).encode())
        if sys.argv[1] == "--met":
            sys.stderr.write("\n".join(sorted(met)) + "\n")
    except Damaged as why:
        sys.exit("format_reader: %s" % why)


if __name__ == "__main__":
    main()
