#!/usr/bin/env python3
"""bench/peers/scrape.py - many targets scraped by parkwatch and by prometheus, side by side.

    python3 bench/peers/scrape.py [--build build] [--feeds 1000] [--samples 1000] [--every 10] [--seconds 60] [--alone]

One process of ours answers for all targets, on loopback, with Prometheus text whose values change from scrape to scrape.
Both servers scrape all of them at the same time as each other, from the same process, so that what the machine does
otherwise hits both. After a while to get going, CPU is counted over `--seconds`. Printed are CPU seconds, what share
of scrapes were made, samples stored, memory; and the ratio.

10,000 feeds of 1,000 samples every minute are ten million series, for which prometheus needs more memory than
most machines have; by default the same number of samples a second comes from fewer series. With --alone it is left out.
"""
import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True

import machine  # noqa: E402
from servers import Failed, die_with_us, free_port  # noqa: E402

VARIANTS = 4  # bodies that follow each other
FAMILIES = 25
GET_GOING_S = 20


def body_of(samples, variant):
    lines, each = [], max(1, samples // FAMILIES)
    for f in range(FAMILIES):
        kind = "counter" if f % 2 else "gauge"
        name = f"target_{'requests' if f % 2 else 'load'}_{f}{'_total' if f % 2 else ''}"
        lines.append(f"# HELP {name} Made by bench/peers/scrape.py.\n# TYPE {name} {kind}\n")
        for k in range(each):
            value = 1000 + k * 7 + variant * (k % 5) if f % 2 else round(20 + (k * 37 + variant * 11) % 400 / 10, 1)
            lines.append(f'{name}{{device="sd{k % 8}",mode="mode-{k // 8}",zone="z{f % 3}"}} {value}\n')
    return "".join(lines).encode()


class Target(asyncio.Protocol):
    """Answers any GET with the next body; keeps connections open."""
    answers, asked = [], 0

    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            _, self.rest = self.rest.split(b"\r\n\r\n", 1)
            Target.asked += 1
            self.transport.write(Target.answers[Target.asked // 64 % VARIANTS])


async def serve_targets(port, samples):
    for v in range(VARIANTS):
        body = body_of(samples, v)
        Target.answers.append(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: "
                              + str(len(body)).encode() + b"\r\n\r\n" + body)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def start(line, folder, name):
    log = open(os.path.join(folder, name + ".log"), "ab")
    return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                            preexec_fn=die_with_us)


def write_prometheus(folder, target, o):
    path = os.path.join(folder, "prometheus.yml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"global: {{scrape_interval: {o.every}s, scrape_timeout: {o.every}s}}\nscrape_configs:\n")
        for n in range(o.feeds):
            f.write(f"  - {{job_name: t{n}, metrics_path: /t/{n}, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}\n")
    return path


def write_parkwatch(folder, target, o):
    path = os.path.join(folder, "parkwatch.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("feeds:\n")
        for n in range(o.feeds):
            f.write(f"  - {{name: t{n}, url: 'http://127.0.0.1:{target}/t/{n}', format: prometheus, "
                    f"every: {o.every}s, timeout: {o.every}s}}\n")
    return path


def wait_ready(port, process, name):
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                raise Failed(f"{name} ended with {process.returncode}") from None
            time.sleep(0.1)
    raise Failed(f"{name} was not ready")


def metric(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as r:
        text = r.read().decode()
    return sum(float(x) for x in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.M))


def up(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=sum(up)", timeout=60) as r:
        result = json.load(r)["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


def measure(servers, o):
    time.sleep(GET_GOING_S + o.every)
    began, before = time.monotonic(), {n: machine.cpu_of(s["process"].pid) for n, s in servers.items()}
    time.sleep(o.seconds)
    wall = time.monotonic() - began
    for name, s in servers.items():
        s["cpu_s"] = machine.cpu_of(s["process"].pid) - before[name]
        s["memory"] = machine.memory_of(s["process"].pid)
        s["up"] = up(s["port"])
        s["wall_s"] = wall


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build")
    p.add_argument("--feeds", type=int, default=1000)
    p.add_argument("--samples", type=int, default=1000)
    p.add_argument("--every", type=int, default=10)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--alone", action="store_true", help="parkwatch without prometheus")
    p.add_argument("--targets", type=int, help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.targets:
        return asyncio.run(serve_targets(o.targets, o.samples))
    os.environ["PATH"] = os.path.abspath("build/peers/usr/bin") + os.pathsep + os.environ["PATH"]
    folder, running = tempfile.mkdtemp(prefix="parkwatch-scrape-"), []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        target, servers = free_port(), {}
        running.append(start([sys.executable, os.path.abspath(__file__), "--targets", str(target),
                              "--samples", str(o.samples)], folder, "targets"))
        lines = {
            "prometheus": lambda port: ["prometheus", "--config.file", write_prometheus(folder, target, o),
                                        "--storage.tsdb.path", os.path.join(folder, "prom"),
                                        f"--web.listen-address=127.0.0.1:{port}"],
            "parkwatch": lambda port: [os.path.abspath(os.path.join(o.build, "parkwatch")), "run", "--config",
                                       write_parkwatch(folder, target, o), "--data-dir",
                                       os.path.join(folder, "data"), "--listen", f"127.0.0.1:{port}"]}
        if o.alone:
            del lines["prometheus"]
        for name, line in lines.items():
            port = free_port()
            servers[name] = {"port": port, "process": start(line(port), folder, name)}
            running.append(servers[name]["process"])
            wait_ready(port, servers[name]["process"], name)
        measure(servers, o)
        print(f"{o.feeds:,} targets × {o.samples:,} samples every {o.every} s\n")
        print("| | CPU s | of a core | targets up | RSS MiB |\n|---|--:|--:|--:|--:|")
        for name, s in servers.items():
            print(f"| {name} | {s['cpu_s']:.1f} | {100 * s['cpu_s'] / s['wall_s']:.0f} % | {s['up']:,} | "
                  f"{s['memory']['VmRSS']:.0f} |")
        if o.alone:
            return 0
        print(f"\nprometheus ÷ parkwatch: {servers['prometheus']['cpu_s'] / servers['parkwatch']['cpu_s']:.1f} × (wanted 3 ×)")
        return 0
    except Failed as e:
        print(f"scrape.py: {e}", file=sys.stderr)
        return 1
    finally:
        for process in running:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
