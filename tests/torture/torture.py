"""torture.py - what the fault tests share; imported, not run.

A test hands numbered batches to a running parkwatch, notes outside of it which were
acknowledged, does it harm, reads everything back and compares. A value names the
batch it came from, so a figure that is shown can always be traced: one that was
acknowledged and is not there is lost, one that was never sent is wrong.

Python's standard library only.
"""

import argparse
import calendar
import datetime
import http.client
import http.server
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("PARKWATCH_BUILD", os.path.join(REPO, "build")))
PARKWATCH = os.path.join(BUILD, "parkwatch")
SKIPPED = 77


def tool(name):
    return os.path.join(BUILD, "torture-" + name)


def options(about):
    p = argparse.ArgumentParser(description=about)
    p.add_argument("--seed", type=int, default=None, help="repeats a run's choices")
    p.add_argument("--plain", action="store_true", help="plain samples too: skipped without remote write")
    p.add_argument("--seconds", type=float, default=50, help="stop after this long, whatever is left to do")
    return p


def begin(args):
    """The seed, said first, and the moment to stop at."""
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(1 << 32)
    print("seed %d" % args.seed, flush=True)
    return random.Random(args.seed), time.monotonic() + args.seconds


def bits_of(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


# --- the ledger ------------------------------------------------------------------


class Ledger:
    """Which value of which series and time was handed over by which batch, and was it kept?

    A key is (labels, time in ms). Figures keep every value, samples the last one.
    """

    def __init__(self):
        self.sent = {}  # key -> {bits: batch}
        self.batches = {}  # batch -> [(key, bits)]
        self.acked = []

    def send(self, batch, values):
        self.batches[batch] = values
        for key, bits in values:
            self.sent.setdefault(key, {})[bits] = batch

    def ack(self, batch):
        self.acked.append(batch)

    def values_acked(self, acked=None):
        return sum(len(self.batches[b]) for b in (self.acked if acked is None else acked))

    def check(self, found, acked=None):
        """Sentences on what is wrong in `found`, as read_back() gives it."""
        wrong, needed = [], {}
        for batch in self.acked if acked is None else acked:
            for key, bits in self.batches[batch]:
                needed.setdefault(key, {})[bits] = batch
        for key, values in needed.items():
            wrong += self.check_key(key, values, found.get(key, []))
        for key, values in found.items():
            for bits in values:
                if bits not in self.sent.get(key, {}):
                    wrong.append("wrong: %s at %d has %016x, which nobody sent" % (key + (bits,)))
        return wrong

    def check_key(self, key, needed, values):
        if not values:
            return ["lost: %s at %d, all of batches %s" % (key + (sorted(needed.values()),))]
        if key[0].startswith("torture_"):
            missing = []
        else:
            missing = [b for bits, b in needed.items() if bits not in values]
        last = self.sent.get(key, {}).get(values[-1], -1)
        if missing:
            return ["lost: %s at %d, the values of batches %s" % (key + (sorted(missing),))]
        if last != -1 and last < max(needed.values()):
            return ["went back: %s at %d is of batch %d, acknowledged was %d"
                    % (key + (last, max(needed.values())))]
        return []


class ReadError(Exception):
    """The store said what is wrong with it, or its reader died (code < 0)."""

    def __init__(self, code, text):
        super().__init__("exit %d: %s" % (code, text.strip()))
        self.code = code


def parse_dump(text):
    found = {}
    count = 0
    for line in text.splitlines():
        if line.startswith("end "):
            if int(line[4:]) != count:
                raise ReadError(1, "%s lines, but %d were read" % (line, count))
            return found
        count += 1
        kind, rest = line[0], line[2:]
        if kind in "QR":  # a finding, a refused figure: the loads make none, but stores may have them
            continue
        assert kind in "FP", line
        cut = rest.rindex("}") + 1 if "}" in rest else rest.index(" ")
        fields = rest[cut:].split()
        found.setdefault((rest[:cut], int(fields[0])), []).append(int(fields[1], 16))
    raise ReadError(1, "the dump ends without its last line")


def parse_openmetrics(text):
    """`name{labels} value seconds`; for figures the latest value is all there is."""
    found = {}
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        cut = line.rindex("}") + 1 if "}" in line else line.index(" ")
        fields = line[cut:].split()
        t = round(float(fields[1]) * 1000)
        found.setdefault((line[:cut], t), []).append(bits_of(float(fields[0])))
    return found


def dump(command):
    r = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    if r.returncode != 0:
        raise ReadError(r.returncode, r.stderr[-500:])
    return r.stdout


def read_back(directory):
    """All that a store holds: {(labels, ms): [bits, the oldest value first]}."""
    if os.path.exists(tool("readback")):
        return parse_dump(dump([tool("readback"), "--plain", "torture_sample", directory]))
    return parse_openmetrics(dump([PARKWATCH, "export", "--data-dir", directory]))


def check_store(directory):
    """(exit code, what it says) of `parkwatch check store`."""
    r = subprocess.run([PARKWATCH, "check", "store", directory], capture_output=True, text=True,
                       errors="replace", timeout=120)
    return r.returncode, r.stdout + r.stderr


# --- the daemon -------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# A feed's first look at its folder depends on its name; these look soon after the start. A file is taken
# at the second look, a second later.
FEEDS = ["t53", "t119", "t25", "t0", "t15", "t164"]
FIRST_LOOKS, LOOKS_TAKE = 1.0, 0.6
UNITS, YEARS = 4, 3
INDICATORS = ["land_yuan", "sales_yuan"]


def write_config(home):
    with open(os.path.join(home, "catalogue.yaml"), "w") as f:
        f.write("units:\n")
        for feed in range(len(FEEDS)):
            for u in range(UNITS):
                f.write("  - {id: u%d-%d, class: park, name: U%d-%d}\n" % (feed, u, feed, u))
        f.write("indicators:\n")
        for code in INDICATORS:
            f.write("  - {code: %s, name: %s, measure: 元, freq: M, form: level, direction: up, "
                    "unit_slip: false, to: %d-12-31}\n" % (code, code, 2010 + YEARS - 1))
    with open(os.path.join(home, "parkwatch.yaml"), "w") as f:
        f.write("timezone: Asia/Shanghai\ncatalogue: [catalogue.yaml]\nassess_every: 1h\nfeeds:\n")
        for feed in FEEDS:
            f.write("  - {name: %s, folder: drop/%s, pattern: '*.csv', format: csv, every: 1s, jitter: 0,\n"
                    "     backoff_max: 1s, settle: 0s,\n"
                    "     layout: {unit: {column: unit}, period: {column: period}, indicator: {header: true}}}\n"
                    % (feed, feed))
            os.makedirs(os.path.join(home, "drop", feed), exist_ok=True)


SCRAPED = """  - {name: scraped, url: 'http://127.0.0.1:%d/metrics', format: prometheus, every: 1s, jitter: 0}
"""


class Scraped(http.server.BaseHTTPRequestHandler):
    """Plain samples of 50 series, other values each time: they move, stand still, or are noise."""

    turn = 0

    def do_GET(self):
        Scraped.turn += 1
        rng = random.Random(Scraped.turn)
        lines = ['torture_scraped{series="%d"} %r' % (i, [i, Scraped.turn * i, rng.random()][i % 3])
                 for i in range(50)]
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def scraped_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scraped)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Daemon:
    """parkwatch with its own folder: home/rec/data is the store, home/drop the feeds."""

    def __init__(self, home, data=None, scraped_port=None):
        self.home = home
        self.root = os.path.join(home, "rec")
        self.data = data or os.path.join(self.root, "data")
        os.makedirs(os.path.dirname(self.data), exist_ok=True)
        self.process = None
        write_config(home)
        if scraped_port:
            with open(os.path.join(home, "parkwatch.yaml"), "a") as f:
                f.write(SCRAPED % scraped_port)

    def start(self, env=None, wait=20):
        """True when it is ready; False when it ended instead."""
        self.port = free_port()
        self.log = open(os.path.join(self.home, "log"), "ab")
        self.process = subprocess.Popen(
            [PARKWATCH, "run", "--config", os.path.join(self.home, "parkwatch.yaml"), "--data-dir", self.data,
             "--listen", "127.0.0.1:%d" % self.port], env={**os.environ, **(env or {})},
            stdout=self.log, stderr=self.log)
        end = time.monotonic() + wait
        while time.monotonic() < end and self.process.poll() is None:
            if self.get("/-/ready")[0] == 200:
                return True
            time.sleep(0.01)
        return False

    def running(self):
        return self.process.poll() is None

    def get(self, path, timeout=5):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request("GET", path)
            r = c.getresponse()
            return r.status, r.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            c.close()

    def end(self, how=signal.SIGTERM, wait=30):
        """Its exit code."""
        if self.running():
            self.process.send_signal(how)
        try:
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self.log.close()
        return code

    def log_tail(self, n=15):
        with open(os.path.join(self.home, "log"), errors="replace") as f:
            return "".join(f.readlines()[-n:])


# --- handing over -------------------------------------------------------------------


def stamp_of(year, month):
    """00:00 in Shanghai of the month's last day (no summer time in these years)."""
    day = calendar.monthrange(year, month)[1]
    utc = datetime.datetime(year, month, day, tzinfo=datetime.timezone.utc) - datetime.timedelta(hours=8)
    return int(utc.timestamp() * 1000)


class Statistics:
    """Files for the drop folders. A file is acknowledged when it lies in accepted/."""

    def __init__(self, daemon, ledger, next_batch, mark=None):
        self.daemon, self.ledger, self.next_batch = daemon, ledger, next_batch
        self.mark = mark or (lambda text: None)
        self.waiting = {}  # path in accepted/ -> batch

    def drop(self):
        """One more file: a year of two indicators of one unit, again and again corrected."""
        batch = self.next_batch()
        feed, slot = batch % len(FEEDS), batch // len(FEEDS)
        unit = "u%d-%d" % (feed, slot % UNITS)
        year = 2010 + slot // UNITS % YEARS
        rows, values = ["unit,period," + ",".join(INDICATORS)], []
        for month in range(1, 13):
            numbers = [batch * 10000 + month * 100 + i for i in range(len(INDICATORS))]
            rows.append("%s,%d-%02d,%s" % (unit, year, month, ",".join(map(str, numbers))))
            for code, n in zip(INDICATORS, numbers):
                labels = 'park_%s{basis="level",freq="M",park="%s"}' % (code, unit)
                values.append(((labels, stamp_of(year, month)), bits_of(float(n))))
        self.ledger.send(batch, values)
        folder = os.path.join(self.daemon.home, "drop", FEEDS[feed])
        name = "%08d.csv" % batch
        with open(os.path.join(folder, "." + name), "w") as f:
            f.write("\n".join(rows) + "\n")
        os.rename(os.path.join(folder, "." + name), os.path.join(folder, name))
        self.waiting[os.path.join(folder, "accepted", name)] = batch

    def look(self):
        for path in [p for p in self.waiting if os.path.exists(p)]:
            batch = self.waiting.pop(path)
            self.ledger.ack(batch)
            self.mark(str(batch))

    def work(self, seconds, ahead=100):
        """Keeps `ahead` files waiting for a time, or until the daemon ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.daemon.running():
            while len(self.waiting) < ahead:
                self.drop()
            self.look()
            time.sleep(0.004)
        self.look()


def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def write_request(series):
    """prometheus.WriteRequest of [({name: value}, [(ms, float)])]."""
    out = bytearray()
    for labels, samples in series:
        one = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items()))
        for t, value in samples:
            one += field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(t & (1 << 64) - 1))
        out += field(1, one)
    return bytes(out)


def snappy(data):
    """A valid snappy block that only has literals."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), 65536):
        piece = data[at:at + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


class RemoteWrite:
    """Plain samples by POST /api/v1/write; acknowledged by any 2xx."""

    SERIES = 20

    def __init__(self, daemon, ledger, next_batch, mark=None, writer=0):
        self.daemon, self.ledger, self.next_batch = daemon, ledger, next_batch
        self.writer = writer  # each has series of its own, so that what replaces what is certain
        self.mark = mark or (lambda text: None)
        self.connection = None
        self.status = 0
        self.now = int(time.time() * 1000) // 1000 * 1000

    def post(self, path, body, headers=None):
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=10)
            self.connection.request("POST", path, body, headers or {})
            r = self.connection.getresponse()
            r.read()
            return r.status
        except (OSError, http.client.HTTPException):
            self.close()
            return 0

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def flush(self):
        return self.post("/api/v1/admin/flush", b"")

    def times(self, batch):
        """New ones mostly; every fifth batch replaces, every seventh is decades old."""
        if batch % 7 == 0:
            return [batch % 50 * 1000 - 10**9 + k for k in (0, 500)]
        if batch % 5 == 0:
            batch -= 3
        return [self.now - 10**9 + batch * 1000 + k for k in (0, 250, 500, 750)]

    def send(self):
        batch = self.next_batch()
        series, values = [], []
        for i in range(self.SERIES):
            name = "w%d-%d" % (self.writer, i) if i < self.SERIES - 1 else "w%d-only%d" % (self.writer, batch // 10)
            samples = []
            for k, t in enumerate(self.times(batch)):
                v = float(batch * 10000 + i * 10 + k)
                samples.append((t, v))
                values.append((('torture_sample{series="%s"}' % name, t), bits_of(v)))
            series.append(({"__name__": "torture_sample", "series": name}, samples))
        self.ledger.send(batch, values)
        self.status = self.post("/api/v1/write", snappy(write_request(series)), {
            "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0"})
        if 200 <= self.status < 300:
            self.ledger.ack(batch)
            self.mark(str(batch))
        return self.status


class Load:
    """Both ways of handing over, one ledger. Batches are numbered through."""

    WRITERS = 3

    def __init__(self, daemon, plain=False, mark=None):
        self.daemon = daemon
        self.ledger = Ledger()
        self.batch = 0
        self.lock = threading.Lock()
        self.statistics = Statistics(daemon, self.ledger, self.next_batch, mark)
        self.writers = [RemoteWrite(daemon, self.ledger, self.next_batch, mark, w)
                        for w in range(self.WRITERS if plain else 0)]

    @property
    def plain(self):
        return bool(self.writers)

    def next_batch(self):
        with self.lock:
            self.batch += 1
            return self.batch

    def write(self, writer, end):
        while time.monotonic() < end and self.daemon.running():
            if not 200 <= writer.send() < 300:
                time.sleep(0.02)
        writer.close()

    def work(self, seconds, flush_chance=0.0, rng=None):
        """`flush_chance`: of asking for a flush about every 50 ms."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self.write, args=(w, end)) for w in self.writers]
        if threads:
            threads.append(threading.Thread(target=self.flush_now_and_then, args=(end, flush_chance, rng)))
        for thread in threads:
            thread.start()
        self.statistics.work(seconds)
        for thread in threads:
            thread.join()

    def flush_now_and_then(self, end, chance, rng):
        flusher = RemoteWrite(self.daemon, self.ledger, self.next_batch)
        while time.monotonic() < end and self.daemon.running():
            time.sleep(0.05)
            if rng and rng.random() < chance:
                flusher.flush()
        flusher.close()


def need_remote_write(args):
    """Ends the test as skipped when plain samples are wanted and the daemon takes none."""
    if not args.plain:
        return
    with Workplace("probe") as home:
        d = Daemon(home)
        if not d.start():
            fail("the daemon does not start:\n" + d.log_tail())
        status = RemoteWrite(d, Ledger(), lambda: 1).send()
        d.end()
    if status == 404:
        print("SKIP: this parkwatch has no /api/v1/write")
        sys.exit(SKIPPED)


# --- the recording ---------------------------------------------------------------

FRAME = struct.Struct("<IHHIIQQII")
MAGIC, WRITE, MARK = 0x52575021, 2, 16


def mark_writer(path):
    """Appends marks to a recording, behind all whose effects we have seen."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def mark(text):
        data = text.encode()
        os.write(fd, FRAME.pack(MAGIC, MARK, 0, 0, 0, 0, 0, len(data), 0) + data)

    return mark


def frame_kinds(path):
    kinds = []
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        while len(head := f.read(FRAME.size)) == FRAME.size:
            magic, kind, *_, length, _ = FRAME.unpack(head)
            assert magic == MAGIC
            if f.tell() + length > size:
                break
            f.seek(length, 1)
            kinds.append(kind)
    return kinds


def record_env(root, path):
    return {"LD_PRELOAD": tool("record.so"), "PW_RECORD_DIR": root, "PW_RECORD_FILE": path}


def fault_env(root, call, error, at=1, **more):
    """`more`: sticky, name, switch (the PW_FAULT_WHILE file), report."""
    env = {"LD_PRELOAD": tool("fault.so"), "PW_FAULT_DIR": root, "PW_FAULT_CALL": call, "PW_FAULT_ERROR": error,
           "PW_FAULT_AT": str(at)}
    names = {"sticky": "STICKY", "name": "NAME", "switch": "WHILE", "report": "REPORT"}
    env.update({"PW_FAULT_" + names[k]: str(v) for k, v in more.items() if v})
    return env


def with_both(fault, record):
    """The injector before the recorder: a sync that it makes up is not recorded."""
    return {**record, **fault, "LD_PRELOAD": fault["LD_PRELOAD"] + ":" + record["LD_PRELOAD"]}


# --- a place to work in -------------------------------------------------------------


class Workplace:
    """A folder that goes away, unless the test failed in it."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="torture-%s-" % self.name)
        return self.path

    def __exit__(self, kind, value, trace):
        if kind is not None and not (kind is SystemExit and value.code in (0, SKIPPED)):
            print("kept for a look: " + self.path)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def fail(text):
    print("FAILED: " + text, flush=True)
    sys.exit(1)


def result(**figures):
    print(json.dumps(figures), flush=True)
