#!/usr/bin/env python3
"""bench/peers/queries.py - the same queries put to parkwatch, prometheus and victoria-metrics over the same data.

    python3 bench/peers/queries.py [--build build] [--sets S,M,parks,vintages] [--peers prometheus,...] [--rounds 5] [--quick]

Set by set all servers are filled by bench/load and left running; then query by query each is asked in turn,
`rounds` times, after one time that does not count. What counts is the CPU time of the server process (also of what it
does beside answering), the median over the rounds; wall time stands beside it. Answers are compared:
how many series and points, and their sum. Prints a Markdown table, everything into a JSON file. Figures of
statistics (set vintages) are asked of parkwatch in two forms, the peers' own and ours; the peers keep other corrections
than we do, so that sums differ by up to a hundredth there.
"""
import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.dont_write_bytecode = True

import machine  # noqa: E402
import servers  # noqa: E402
from servers import Failed  # noqa: E402
from sets import QUICK, SETS, Clock  # noqa: E402

LEAST_CPU_S = 0.2  # of a round: shorter queries are asked several times in a row
WRK_S = 4


class Query:
    """`wanted`: how many times better than prometheus and victoria-metrics at least. `ours`: how parkwatch is asked where
    it has statistics, at `now` (what was loaded is known since then); without them such a query is left out. Of more
    than one of `connections` each is kept open and asks again as soon as it is answered (by wrk)."""

    def __init__(self, name, expr, wanted=(None, None), span_s=0, step_s=0, ours=None, now=False, path=None,
                 connections=1):
        self.name, self.expr, self.wanted = name, expr, wanted
        self.span_s, self.step_s, self.ours, self.now, self.path = span_s, step_s, ours, now, path
        self.connections = connections

    def url(self, of_set, kind):
        is_ours = self.ours and kind == "parkwatch"
        expr = self.ours if is_ours else self.expr
        end = int(time.time()) if is_ours and self.now else of_set.last_s
        if self.path:
            return self.path
        more = {"nocache": 1} if kind == "victoria-metrics" else {}
        if not self.span_s:
            return "/api/v1/query?" + urllib.parse.urlencode({"query": expr, "time": end, **more})
        return "/api/v1/query_range?" + urllib.parse.urlencode(
            {"query": expr, "start": end - self.span_s, "end": end, "step": self.step_s, **more})



def growth(now, before):
    return f"sum by (park) ({now}) / sum by (park) ({before}) - 1"


HOUR, DAY = 3600, 86400
GROWTH = growth('last_over_time({__name__=~"park_.+"}[40d])', 'last_over_time({__name__=~"park_.+"}[40d] offset 365d)')
BYTES = "network_receive_bytes_total"
QUERIES = {
    "S": [
        Query("instant, 1 series", 'load_average{hostname="host-1",window="1m"}'),
        Query("instant, 1 series, 16 connections", 'load_average{hostname="host-1",window="1m"}', connections=16),
        Query("range, 1 series, 24 h / 60 s", 'load_average{hostname="host-1",window="1m"}', span_s=DAY, step_s=60),
        Query("sum by (region)(rate[5m]), 1,200 series, 24 h / 60 s", f"sum by (region) (rate({BYTES}[5m]))",
              (12, 2.5), DAY, 60),
        Query("rate[5m], 1,200 series × 1,441 steps written out", f"rate({BYTES}[5m])", (7, 3.5), DAY, 60),
        Query("avg_over_time[1h], 1,600 series, 24 h / 5 min",
              "sum by (mode) (avg_over_time(cpu_usage_percent[1h]))", (15, 2.5), DAY, 300),
        Query("max by (hostname), 1,600 series, 24 h / 60 s", "max by (hostname) (cpu_usage_percent)",
              (10, 2.5), DAY, 60),
        Query("histogram_quantile, 2,000 buckets, 24 h / 60 s",
              "histogram_quantile(0.9, label_replace(cpu_usage_percent, \"le\", \"$1\", \"rack\", \"(.+)\"))",
              (5, 2), DAY, 300),
    ],
    "M": [
        Query("sum by (region)(rate[5m]), 30,000 series, 1 h / 15 s", f"sum by (region) (rate({BYTES}[5m]))",
              (20, 4), HOUR - 60, 15),
        Query("count of 100,000 series", 'count({__name__=~".+"})', (30, 30)),
        Query("topk(10) of 40,000 series", "topk(10, cpu_usage_percent)", (10, 10)),
        Query("quantile of 10,000 series", 'quantile(0.95, cpu_usage_percent{mode="user"})', (8, 8)),
        Query("group_left join of 10,000 series, 1 h / 60 s",
              f'rate({BYTES}{{device="eth0"}}[5m]) * on (hostname) group_left (team) '
              'max by (hostname, team) (load_average{window="1m"})', (5, 2), HOUR - 60, 60),
    ],
    "parks": [
        Query("12-month growth, 12,000 series, now", GROWTH, (10, 4)),
        Query("12-month growth, 12,000 series, 365 d / 1 d", GROWTH, (10, 4), 365 * DAY, DAY),
        Query("12-month growth, 12,000 series, now; ours: latest / latest-12", GROWTH, (10, 4), now=True,
              ours=growth('{__name__=~"park_.+",__period__="latest"}', '{__name__=~"park_.+",__period__="latest-12"}')),
        Query("12-month growth, 12,000 series, 365 d / 1 d; ours: as figures hold", GROWTH, (10, 4), 365 * DAY, DAY,
              ours=growth('{__name__=~"park_.+"}', '{__name__=~"park_.+"} offset 365d')),
    ],
}


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("--sets", default="S,M")
    p.add_argument("--peers", default="prometheus,victoria-metrics,parkwatch")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--quick", action="store_true", help="small sets: to try the program, not to measure")
    p.add_argument("--limit-minutes", type=float, default=120)
    p.add_argument("--only", default="", help="queries whose name has this in it")
    p.add_argument("--out", default="build/peers-queries.json")
    args = p.parse_args()
    args.clock = Clock(args.limit_minutes)
    return args


def say(*words):
    print("#", *words, file=sys.stderr, flush=True)


def fill(server, of_set, args):
    program = os.path.abspath(os.path.join(args.build, "bench", "load"))
    line = [program, "--url", f"http://127.0.0.1:{server.port}{server.write_path}", *of_set.options,
            "--connections", "4", "--batch", "2000"]
    r = subprocess.run(line, capture_output=True, text=True, timeout=args.clock.left(), check=False,
                       preexec_fn=servers.die_with_us)
    if r.returncode not in (0, 1) or not r.stdout:
        raise Failed(f"load: {r.stderr.strip() or r.returncode}")
    told = json.loads(r.stdout)
    say(f"  {server.name}: {told['acked']:,} samples")


def summary(body):
    """How many series and points, and their sum: what all servers have to agree on."""
    data = json.loads(body)["data"]
    result = data["result"] if isinstance(data, dict) else data
    points, total = 0, 0.0
    for row in result:
        if not isinstance(row, dict):
            continue
        values = row.get("values") or ([row["value"]] if "value" in row else [])
        points += len(values)
        for v in (float(x[1]) for x in values):
            total += v if math.isfinite(v) else 0
    return {"series": len(result), "points": points, "sum": total, "bytes": len(body)}


def ask(server, url):
    status, body = server.http("GET", url)
    if status != 200:
        raise Failed(f"{server.name} answered {status}: {body[:200].decode('utf-8', 'replace')}")
    return body


def ask_often(server, url, connections, times):
    """How many times it was asked."""
    if connections == 1:
        for _ in range(times):
            ask(server, url)
        return times
    r = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{WRK_S}s", f"http://127.0.0.1:{server.port}{url}"],
                       capture_output=True, text=True, check=False, preexec_fn=servers.die_with_us)
    found = re.search(r"(\d+) requests in", r.stdout)
    if not found or "Non-2xx" in r.stdout:
        raise Failed(f"wrk: {r.stderr.strip() or r.stdout.strip()}")
    return int(found[1])


def measure(server, query, of_set, rounds):
    """Median CPU and wall ms of one asking, the most memory meanwhile, and what was answered."""
    url = query.url(of_set, server.name)
    machine.forget_peak_of(server.pid)
    began, before = time.monotonic(), server.cpu()
    answer = summary(ask(server, url))
    once = max(time.monotonic() - began, 1e-4)
    times = max(1, min(2000, int(LEAST_CPU_S / once)))
    cpu, wall = [], []
    for _ in range(rounds):
        before, began = server.cpu(), time.monotonic()
        times = ask_often(server, url, query.connections, times)
        wall.append((time.monotonic() - began) / times)
        cpu.append((server.cpu() - before) / times)
    return {"cpu_ms": 1000 * statistics.median(cpu), "cpu_ms_all": [1000 * x for x in cpu],
            "wall_ms": 1000 * statistics.median(wall), "times": times,
            "peak_mib": machine.memory_of(server.pid)["VmHWM"], **answer}


def same(a, b):
    scale = max(abs(a["sum"]), abs(b["sum"]), 1e-9)
    return a["series"] == b["series"] and a["points"] == b["points"] and abs(a["sum"] - b["sum"]) / scale < 1e-6


def ask_all(of_set, running, args, rows):
    for query in QUERIES.get(of_set.loads.replace("mini", ""), []):
        if args.only not in query.name or (query.ours and not of_set.with_vintages):
            continue
        if query.connections > 1 and not shutil.which("wrk"):
            say(f"  {query.name}: left out, there is no wrk")
            continue
        row = {"set": of_set.name, "query": query.name, "expr": query.expr, "wanted": query.wanted, "peers": {}}
        for server in running:
            args.clock.check()
            try:
                row["peers"][server.name] = measure(server, query, of_set, args.rounds)
            except (Failed, ValueError, KeyError) as e:
                row["peers"][server.name] = {"failed": str(e)}
        rows.append(row)
        say(f"  {query.name}: " + ", ".join(
            f"{n} {p['cpu_ms']:.2f} ms" if "cpu_ms" in p else f"{n} {p['failed'][:100]}"
            for n, p in row["peers"].items()))


def one_set(of_set, args, root, rows):
    of_set.end_now()
    running = []
    try:
        for name in args.peers.split(","):
            server = servers.KINDS[name](os.path.join(root, f"{name}-{of_set.name}"), args.clock, args.build)
            running.append(server)
            server.start(of_set)
            fill(server, of_set, args)
            server.settle()
        ask_all(of_set, running, args, rows)
        for server in running:
            memory = machine.memory_of(server.pid)
            rows.append({"set": of_set.name, "memory": server.name, **memory})
    finally:
        for server in running:
            server.close()


def cell(peer):
    if peer is None:
        return ""
    return f"{peer['cpu_ms']:.3g} ({peer['wall_ms']:.3g}; {peer['peak_mib']:.0f})" if "cpu_ms" in peer else "failed"


def ratio(row, name, wanted):
    peer, ours = row["peers"].get(name), row["peers"].get("parkwatch")
    if not peer or not ours or "cpu_ms" not in peer or "cpu_ms" not in ours or not ours["cpu_ms"]:
        return ""
    times = peer["cpu_ms"] / ours["cpu_ms"]
    unlike = "" if same(peer, ours) else ", **answers differ**"
    goal = "" if not wanted else f" (wanted {wanted:g} ×{'' if times >= wanted else ', missed'})"
    return f"{times:.1f} ×{goal}{unlike}"


def report(rows):
    print("| set | query | prometheus, CPU ms (wall; peak MiB) | victoria-metrics | parkwatch | ÷ prometheus | ÷ victoria-metrics |")
    print("|---|---|--:|--:|--:|---|---|")
    for row in rows:
        if "query" not in row:
            continue
        p = row["peers"]
        print(f"| {row['set']} | {row['query']} | {cell(p.get('prometheus'))} | {cell(p.get('victoria-metrics'))} | "
              f"{cell(p.get('parkwatch'))} | {ratio(row, 'prometheus', row['wanted'][0])} | "
              f"{ratio(row, 'victoria-metrics', row['wanted'][1])} |")
    for row in rows:
        if "memory" in row:
            print(f"\n{row['set']}, {row['memory']}: memory {json.dumps({k: v for k, v in row.items() if k not in ('set', 'memory')})}")


def main():
    args = options()
    os.environ["PATH"] = os.path.abspath("build/peers/usr/bin") + os.pathsep + os.environ["PATH"]
    root, rows = tempfile.mkdtemp(prefix="parkwatch-queries-"), []
    table = QUICK if args.quick else SETS
    try:
        for name in args.sets.split(","):
            say(name)
            one_set(table[name + "mini" if args.quick else name], args, root, rows)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        with open(args.out, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
    report(rows)


if __name__ == "__main__":
    main()
