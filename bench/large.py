#!/usr/bin/env python3
"""large.py - large documents through a running daemon: how much memory, how long.

    bench/large.py BUILD [--csv MB] [--xlsx MB] [--json MB] [--sdmx MB] [--way drop|url|submit|all]
    bench/large.py make csv|xlsx|json|sdmx MB FILE CATALOGUE    only the document and its catalogue

Makes a CSV, a workbook, JSON and SDMX-JSON of about so many MB (200, 40, 100, 60; 0: none), each with figures for thousands
of series, lets a daemon take them from a drop folder, from a URL on loopback and handed in, and prints, one a
line, name, value, unit: the highest anonymous memory and the highest resident memory above those
of the idle daemon, seconds until the feed has finished, figures stored. Everything lies in a
temporary folder that is removed.
"""
import argparse
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile

PARKS, INDICATORS, FIRST_YEAR = 200, 40, 1996
HEAD = ["单位", "指标", "期间", "数值"]


def park(i):
    return f"第{i:04d}产业集聚区"


def indicator(i):
    return f"规上工业第{i:03d}号指标"


def catalogue(path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("releases:\n  - {id: m, freq: M, working_day: 8, grace_working_days: 5}\nunits:\n")
        for p in range(PARKS):
            f.write(f"  - {{id: p{p:04d}, class: park, name: {park(p)}}}\n")
        f.write("indicators:\n")
        for i in range(INDICATORS):
            f.write(f"  - {{code: made_{i:03d}_yuan, name: {indicator(i)}, measure: 万元, freq: M, "
                    "form: period, release: m}\n")


def rows():
    """Park after park, all months of an indicator together, as offices export them."""
    noise = random.Random(7)
    months = [f"{y}年{m}月" for y in range(FIRST_YEAR, 2026) for m in range(1, 13)]
    for p in range(PARKS):
        for i in range(INDICATORS):
            value = 1000 + 137 * (p * 31 % 400) + 53 * i
            for month in months:
                value *= 1.002
                yield park(p), indicator(i), month, value * (0.98 + 0.04 * noise.random())


def write_csv(path, megabytes):
    n = size = 0
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(",".join(HEAD) + "\r\n")
        for unit, name, month, value in rows():
            line = f"{unit},{name},{month},{value:.2f}\r\n"
            size += len(line.encode())
            if size > megabytes * 1e6:
                break
            f.write(line)
            n += 1
    return n


SHEET_ROWS = 1_000_000
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


class Texts:
    def __init__(self):
        self.numbers = {}

    def number(self, text):
        return self.numbers.setdefault(text, len(self.numbers))


def write_sheet(z, name, source, texts, enough):
    """Rows until the sheet or the file is full; how many."""
    n = 0
    with z.open(name, "w", force_zip64=True) as f:
        f.write(f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">'
                "<sheetData>".encode())
        cells = "".join(f'<c r="{c}1" t="s"><v>{texts.number(t)}</v></c>' for c, t in zip("ABCD", HEAD))
        f.write(f'<row r="1">{cells}</row>'.encode())
        part = []
        for unit, indicator_, month, value in source:
            n += 1
            r = n + 1
            part.append(f'<row r="{r}"><c r="A{r}" t="s"><v>{texts.number(unit)}</v></c>'
                        f'<c r="B{r}" t="s"><v>{texts.number(indicator_)}</v></c>'
                        f'<c r="C{r}" t="s"><v>{texts.number(month)}</v></c><c r="D{r}"><v>{value:.2f}</v></c></row>')
            if len(part) == 5000:
                f.write("".join(part).encode())
                part.clear()
                if enough():
                    break
            if n == SHEET_ROWS:
                break
        f.write(("".join(part) + "</sheetData></worksheet>").encode())
    return n


def write_xlsx(path, megabytes):
    texts, source, n, sheets = Texts(), rows(), 0, 0

    def enough():
        return os.path.getsize(path) > megabytes * 1e6

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as z:
        while True:
            sheets += 1
            got = write_sheet(z, f"xl/worksheets/sheet{sheets}.xml", source, texts, enough)
            n += got
            if got < SHEET_ROWS:
                break
        numbers = range(1, sheets + 1)
        z.writestr("[Content_Types].xml", f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types"/>')
        z.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
                   f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        z.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>' + "".join(
            f'<sheet name="数据{i}" sheetId="{i}" r:id="s{i}"/>' for i in numbers) + "</sheets></workbook>")
        z.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">' + "".join(
            f'<Relationship Id="s{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in numbers) + f'<Relationship Id="t" Type="{RELATIONS}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>')
        z.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">' + "".join(
            f"<si><t>{t}</t></si>" for t in texts.numbers) + "</sst>")
    return n


def write_json(path, megabytes):
    n = size = 0
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"code": 200, "data": {"rows": [')
        for unit, name, month, value in rows():
            line = json.dumps(dict(zip(HEAD, (unit, name, month, round(value, 2)))), ensure_ascii=False)
            size += len(line.encode()) + 2
            if size > megabytes * 1e6:
                break
            f.write((",\n" if n else "\n") + line)
            n += 1
        f.write("\n]}}\n")
    return n


def write_sdmx_json(path, megabytes):
    months = [f"{y}-{m:02}" for y in range(FIRST_YEAR, 2026) for m in range(1, 13)]
    codes = (("UNIT", [f"p{p:04d}" for p in range(PARKS)]), ("INDICATOR", [f"made_{i:03d}_yuan" for i in range(INDICATORS)]),
             ("TIME_PERIOD", months))
    dimensions = [{"id": name, "keyPosition": k, "values": [{"id": c} for c in values]}
                  for k, (name, values) in enumerate(codes)]
    n = size = 0
    with open(path, "w", encoding="utf-8") as f:
        f.write(json.dumps({"meta": {"id": "large"}})[:-1] + ', "data": {"structures": [')
        f.write(json.dumps({"dataSets": [0], "dimensions": {"observation": dimensions},
                            "measures": {"observation": [{"id": "OBS_VALUE"}]}}))
        f.write('], "dataSets": [{"structure": 0, "observations": {')
        for k, row in enumerate(rows()):
            place = f"{k // len(months) // INDICATORS}:{k // len(months) % INDICATORS}:{k % len(months)}"
            line = f'{"," if n else ""}\n"{place}": [{row[3]:.2f}]'
            size += len(line)
            if size > megabytes * 1e6:
                break
            f.write(line)
            n += 1
        f.write("}}]}}\n")
    return n


# --- the daemon ------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


CONFIG = """catalogue: [catalogue.yaml]
assess_every: 24h
feeds:
  - name: large
    {source}
    format: {format}
    body_limit: 1GiB
    rows_limit: 100000000
{extra}
    layout: {layout}
"""
LAYOUTS = {
    "json": "{rows: /data/rows, unit: {pointer: 单位}, indicator: {pointer: 指标}, period: {pointer: 期间}, value: {pointer: 数值}}",
    "sdmx": "{unit: {column: UNIT}, indicator: {column: INDICATOR}, period: {column: TIME_PERIOD}, value: {column: OBS_VALUE}}",
}
LAYOUT = "{unit: {column: 单位}, indicator: {column: 指标}, period: {column: 期间}, value: {column: 数值}}"


class Daemon:
    def __init__(self, build, folder, source, kind, extra=""):
        self.port = free_port()
        with open(os.path.join(folder, "parkwatch.yaml"), "w", encoding="utf-8") as f:
            f.write(CONFIG.format(source=source, format=kind, extra=extra, layout=LAYOUTS.get(kind, LAYOUT)))
        self.log = open(os.path.join(folder, "log"), "w")
        self.process = subprocess.Popen(
            [os.path.join(build, "parkwatch"), "run", "--config", os.path.join(folder, "parkwatch.yaml"), "--data-dir",
             os.path.join(folder, "data"), "--listen", f"127.0.0.1:{self.port}"], stderr=self.log)
        self.wait(lambda: self.get("/-/ready") is not None, 30, "ready")

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as r:
                return r.read().decode()
        except OSError:
            return None

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            fields = dict(line.split(":", 1) for line in f)
        return int(fields["RssAnon"].split()[0]) / 1e3, int(fields["VmRSS"].split()[0]) / 1e3

    def metric(self, name):
        page = self.get("/metrics") or ""
        return sum(float(v) for v in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", page, re.M))

    def wait(self, until, seconds, what):
        end = time.monotonic() + seconds
        while not until():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"large.py: the daemon is not {what}: " + open(self.log.name).read()[-2000:])
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def figure(name, value, unit):
    print(f"{name:<44} {value:>12} {unit}", flush=True)


def serve(path, begun):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            begun.wait()
            self.send_response(200)
            self.send_header("Content-Length", str(os.path.getsize(path)))
            self.end_headers()
            with open(path, "rb") as f:
                shutil.copyfileobj(f, self.wfile)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def measure(build, kind, document, n, way, idle_seconds=5):
    folder = tempfile.mkdtemp(prefix="large-", dir=os.path.dirname(document))
    catalogue(os.path.join(folder, "catalogue.yaml"))
    drop = os.path.join(folder, "drop")
    os.makedirs(drop)
    begun, server = threading.Event(), None
    source = f"folder: {drop}"
    if way == "url":
        server = serve(document, begun)
        source = f"url: http://127.0.0.1:{server.server_address[1]}/document"
    if way == "submit":
        source = "submit: true\n    owner: office"
        os.mkdir(os.path.join(folder, "data"), 0o700)
        token = subprocess.run([os.path.join(build, "parkwatch"), "token", "create", "--data-dir",
                                os.path.join(folder, "data"), "--owner", "office"], check=True, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    d = Daemon(build, folder, source, kind, "    timeout: 10m" if way == "url" else "")
    time.sleep(idle_seconds)
    idle, peak = d.memory(), [0.0, 0.0]
    ended = threading.Event()

    def sample():
        while not ended.is_set():
            try:
                peak[:] = map(max, peak, d.memory())
            except OSError:
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=sample)
    watcher.start()
    start = time.monotonic()
    begun.set()
    if way == "drop":
        os.link(document, os.path.join(drop, "." + kind))
        os.rename(os.path.join(drop, "." + kind), os.path.join(drop, "document." + kind))
    if way == "submit":
        subprocess.run(["curl", "-fsS", "-o", os.devnull, "-H", f"Authorization: Bearer {token}", "-T", document, "-X",
                        "POST", f"http://127.0.0.1:{d.port}/api/v1/submit?feed=large"], check=True)
    d.wait(lambda: "kept=" in open(d.log.name).read(), 900, "done")
    seconds = time.monotonic() - start
    time.sleep(2)
    ended.set()
    watcher.join()
    # After the last look at the memory: the page is one of megabytes itself.
    stored = d.metric("parkwatch_store_observations_total")
    lag = d.metric("parkwatch_loop_lag_max_seconds")
    d.stop()
    name = f"large_{kind}_{way}"
    figure(name + "_anonymous", f"{peak[0] - idle[0]:.1f}", f"MB above {idle[0]:.1f} when idle")
    figure(name + "_rss", f"{peak[1] - idle[1]:.1f}", f"MB above {idle[1]:.1f} when idle")
    figure(name + "_seconds", f"{seconds:.1f}", f"s for {os.path.getsize(document) / 1e6:.0f} MB")
    figure(name + "_stored", f"{stored:.0f}", f"figures of {n}")
    figure(name + "_loop_lag_max", f"{lag * 1e3:.1f}", "ms")
    if server:
        server.shutdown()
    shutil.rmtree(folder)


def main():
    writers = {"csv": write_csv, "xlsx": write_xlsx, "json": write_json, "sdmx": write_sdmx_json}
    if len(sys.argv) == 6 and sys.argv[1] == "make":
        catalogue(sys.argv[5])
        print(writers[sys.argv[2]](sys.argv[4], float(sys.argv[3])))
        return
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("build")
    p.add_argument("--csv", type=float, default=200)
    p.add_argument("--xlsx", type=float, default=40)
    p.add_argument("--json", type=float, default=100)
    p.add_argument("--sdmx", type=float, default=60)
    p.add_argument("--way", choices=["drop", "url", "submit", "all"], default="all")
    a = p.parse_args()
    tmp = tempfile.mkdtemp()
    try:
        for kind, megabytes in (("csv", a.csv), ("xlsx", a.xlsx), ("json", a.json), ("sdmx", a.sdmx)):
            if not megabytes:
                continue
            document = os.path.join(tmp, "document." + kind)
            n = writers[kind](document, megabytes)
            for way in ("drop", "url", "submit") if a.way == "all" else (a.way,):
                measure(os.path.abspath(a.build), kind, document, n, way)
            os.unlink(document)
    finally:
        shutil.rmtree(tmp)


if __name__ == "__main__":
    main()
