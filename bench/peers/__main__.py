#!/usr/bin/env python3
"""bench/peers - measures parkwatch beside Debian's prometheus and victoria-metrics on the same data.

    python3 bench/peers [--build build] [--sets S,M,parks,vintages,churn] [--peers prometheus,...] [--quick] [--pairs N]

Set by set, one server after the other, each in a folder and on a loopback port of its own: filled by bench/load
over remote write, killed with SIGKILL at the last acknowledgement, started again, counted, flushed, read back.
Prints a Markdown table to standard output, progress to standard error, everything into a JSON file. Ends what
it started and removes its folders, also when interrupted. README.md says how to read the figures.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import checks  # noqa: E402
import machine  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
from servers import Failed  # noqa: E402
from sets import QUICK, SETS, Clock  # noqa: E402

READ_BACK_LIMIT_S = 150


def say(*words):
    print("#", *words, file=sys.stderr, flush=True)


# --- one server, one set


class Run:
    def __init__(self, kind, of_set, args, root):
        self.kind, self.set, self.args, self.root = kind, of_set, args, root
        self.load_program = os.path.abspath(os.path.join(args.build, "bench", "load"))
        self.filled = self.figures_filled = 0
        self.between_s = 0.0
        self.cpu_ready = None  # after a start by SIGKILL, of a server that has done nothing for us since
        self.result = {"peer": kind.name, "set": of_set.name, "loads": [], "server_commands": [], "again": []}

    def expect_line(self):
        return [self.load_program, *self.set.options]

    def server(self):
        folder = os.path.join(self.root, f"{self.kind.name}-{self.set.name}-{time.monotonic_ns()}")
        return self.kind(folder, self.args.clock, self.args.build)

    def started(self, server):
        took = server.start(self.set)
        line = " ".join(server.line)
        if line not in self.result["server_commands"]:
            self.result["server_commands"].append(line)
        return took

    def load(self, server, phase):
        """One run of bench/load; what it said. Not everything acknowledged is no failure here."""
        line = [self.load_program, "--url", f"http://127.0.0.1:{server.port}{server.write_path}", *self.set.options,
                "--connections", str(self.args.connections), "--batch", str(self.args.batch)]
        if phase:
            line += ["--phase", phase]
        r = subprocess.run(line, capture_output=True, text=True, timeout=self.args.clock.left(), check=False,
                           preexec_fn=servers.die_with_us)
        if r.returncode not in (0, 1) or not r.stdout:
            raise Failed(f"load: {r.stderr.strip() or r.returncode}")
        told = json.loads(r.stdout)
        told["command"] = " ".join(line)
        if not told["acked"] and phase != "corrections":
            raise Failed(f"nothing was acknowledged: {told['first_error']}")
        return told

    def load_all(self, server):
        """Figures, then corrections where the set has them; remembers the moment between, and how many
        samples this server now has to have."""
        phases = ["figures", "corrections"] if self.set.is_parks else [None]
        told = []
        for phase in phases:
            if phase == "corrections":
                time.sleep(1)
                self.between_s = time.time()
                time.sleep(1)
            told.append(self.load(server, phase))
        self.filled = sum(x["acked"] for x in told)
        self.figures_filled = told[0]["acked"]
        self.result["loads_again" if self.result["loads"] else "loads"] = told

    def measured_load(self, server):
        r, others, before = self.result, machine.Others(), server.cpu()
        watch = machine.MemoryWatch(server.pid)
        try:
            self.load_all(server)
        finally:
            memory = watch.stop()
        r.update(memory)
        used = server.cpu() - before
        r["others_share"] = others.share(used)
        r["sent"] = sum(x["sent"] for x in r["loads"])
        r["acked"] = sum(x["acked"] for x in r["loads"])
        r["load_cpu_s"] = round(used, 2)
        r["cpu_per_m"] = used / r["acked"] * 1e6
        say(f"  {r['acked']:,} of {r['sent']:,} acknowledged, {used:.1f} CPU s, {r['cpu_per_m']:.3f} per M, "
            f"{r['peak_anon_mib']:.0f} MiB, others {100 * r['others_share']:.0f} %")

    def flushed(self, server):
        r, before = self.result, server.cpu() if self.cpu_ready is None else self.cpu_ready
        how, folders = "not flushed (that would take hours): log and head as they are", [server.data]
        r["disk_before_flush"] = machine.disk_of(server.data)
        if server.can_flush(self.set):
            r["settled"] = server.settle()
            how, folders = server.flush(self.set)
            r["flush_cpu_s"] = round(server.cpu() - before, 2)
            r["cpu_per_m_flushed"] = r["cpu_per_m"] + r["flush_cpu_s"] / self.filled * 1e6
        r["flush"], r["disk"] = how, machine.disk_of(*folders)
        r["bytes_per_sample"] = r["disk"]["bytes"] / self.filled
        say(f"  {r['bytes_per_sample']:.3f} bytes a sample, {r['disk']['files']} files; {how}")

    def killed(self, server):
        """SIGKILL now, start again, count what is left."""
        r = self.result
        r["killed_gone_s"] = round(server.kill(), 3)
        r["killed_ready_s"] = self.started(server)
        ready = server.cpu()
        r["killed_ready_cpu_s"] = round(ready, 2)
        r["left"], r["counted_by"] = checks.count(server, self.set, checks.families(self.expect_line()))
        # a correction replaces; only who keeps both as two samples counts both
        want = self.filled if server.counts_versions(self.set) else self.figures_filled
        r["lost"] = max(0, want - r["left"])
        if server.store_is_read:  # so what it used meanwhile is work it had put off
            self.cpu_ready = ready
        say(f"  ready {r['killed_ready_s']:.3f} s after SIGKILL, left {r['left']}, lost {r['lost']}")

    def tell(self, where, told):
        self.result[where] = told
        say(f"  {where}: {told}")

    def with_server(self, *steps):
        """A server with an empty folder of its own, the steps one after the other, its end."""
        server = self.server()
        try:
            self.started(server)
            for step in steps:
                step(server)
        finally:
            server.close()

    def measure(self):
        if self.set.is_churn:
            self.with_server(self.measured_load, self.flushed, self.restarted)
        elif self.set.is_parks:
            self.with_server(self.measured_load, self.flushed, self.read_parks)
            self.with_server(self.load_all, self.killed, self.read_parks_killed)
        else:
            self.with_server(self.measured_load, self.killed, self.read_and_flush_what_is_whole)
            if "disk" not in self.result:
                self.with_server(self.load_all, self.flushed, self.read_devops)

    def read_and_flush_what_is_whole(self, server):
        """Where samples were lost the rest is filled anew: the loss has its own row."""
        if not self.result.get("lost"):
            self.flushed(server)
            self.read_devops(server)

    def read_devops(self, server):
        self.tell("values", checks.read_devops(server, self.set, self.expect_line()))

    def read_parks(self, server, after=""):
        """The latest values, and all there ever were where they are kept."""
        line = self.expect_line()
        if not server.store_is_read:
            self.tell("corrected" + after, checks.read_corrected(server, line, READ_BACK_LIMIT_S, self.args.clock))
            return
        values, corrected = checks.read_figures(server, line)
        self.tell("corrected" + after, corrected)
        if self.set.with_vintages:
            values, _ = checks.read_figures(server, line, with_vintages=True)
            self.tell("earlier" + after, checks.read_figures(server, line, as_of_s=self.between_s)[1])
        self.tell("values" + after, values)

    def read_parks_killed(self, server):
        self.read_parks(server, "_killed")

    def restarted(self, server):
        r = self.result
        r["stop_s"] = round(server.stop(), 2)
        r["restart_ready_s"] = self.started(server)
        if server.store_is_read:  # one sample each
            r["series_after"], _ = checks.count(server, self.set, checks.families(self.expect_line()))
        else:
            result = server.query(f'count({{__name__=~"{self.set.families}"}})', self.set.last_s + 1)
            r["series_after"] = int(result[0]["value"][1]) if result else 0
        say(f"  ready {r['restart_ready_s']:.3f} s after a clean end, {r['series_after']} series")


# --- the whole


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", help="folder of parkwatch and bench/load")
    p.add_argument("--peers", default=",".join(servers.KINDS), help="which servers, in order")
    p.add_argument("--sets", help="of " + ",".join([*SETS, *QUICK]))
    p.add_argument("--quick", action="store_true", help="small sets: minutes instead of an hour")
    p.add_argument("--pairs", type=int, default=1, help="load so many times, the servers in turn; ratios pair by pair")
    p.add_argument("--once", default="prometheus", help="servers that --pairs loads only once; '' for none")
    p.add_argument("--connections", type=int, default=2)
    p.add_argument("--batch", type=int, default=5000, help="samples a request")
    p.add_argument("--out", help="the JSON file, bench-peers.json in the build folder")
    p.add_argument("--limit-minutes", type=float, default=150)
    a = p.parse_args()
    a.out = a.out or os.path.join(a.build, "bench-peers.json")
    known = {**SETS, **QUICK}
    a.sets = a.sets.split(",") if a.sets else list(QUICK if a.quick else SETS)
    a.peers = a.peers.split(",")
    a.once = a.once.split(",") if a.once else []
    if a.pairs < 1:
        p.error("--pairs: 1 or more")
    for name in [*(s for s in a.sets if s not in known), *(x for x in a.peers + a.once if x not in servers.KINDS)]:
        p.error(f"there is no '{name}'; sets: {', '.join(known)}; peers: {', '.join(servers.KINDS)}")
    a.sets = [known[s] for s in a.sets]
    a.clock = Clock(a.limit_minutes)
    return a


def present(args):
    """The servers that are there, with their versions; says which are not."""
    found = {}
    for name in args.peers:
        kind = servers.KINDS[name]
        if kind.find(args.build):
            found[name] = kind.version(args.build)
        else:
            say(f"SKIPPED: {name} is neither in PATH nor in build/peers/usr/bin; tools/deps unpacks it")
    return found


def applies(kind, of_set):
    return kind is servers.Parkwatch or not of_set.with_vintages  # only parkwatch has any


def names_of_pair(args, found, of_set, number):
    """Every second pair the other way round, so that a machine that gets slower favours nobody."""
    names = [n for n in found if applies(servers.KINDS[n], of_set) and (number == 0 or n not in args.once)]
    return names[::-1] if number % 2 else names


def measure_all(args, found, root, results, failures):
    """The first pair of a set is measured in all respects, the others load only."""
    for of_set in args.sets:
        of_set.end_now()
        for number in range(args.pairs):
            for name in names_of_pair(args, found, of_set, number):
                say(f"{of_set.name}, {name}" + (f", pair {number + 1} of {args.pairs}" if args.pairs > 1 else ""))
                run = Run(servers.KINDS[name], of_set, args, root)
                if number:
                    results[name, of_set.name]["again"].append(run.result)
                else:
                    results[name, of_set.name] = run.result
                try:
                    args.clock.check()
                    if number == 0:
                        run.measure()
                    else:
                        run.with_server(run.measured_load)
                except (Failed, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as e:
                    run.result["failed"] = f"{type(e).__name__}: {e}" if not isinstance(e, Failed) else str(e)
                    failures.append(f"{name} on {of_set.name}: {run.result['failed']}")
                    say("  FAILED:", run.result["failed"])


def report(args, found, notes, results, failures):
    all_rows = table.rows(results, args.sets)
    notes["load_average_at_end"] = [round(x, 2) for x in os.getloadavg()]
    with open(args.out, "w", encoding="utf-8") as f:
        json.dump({"machine": notes, "versions": found, "rows": all_rows, "runs": list(results.values()),
                   "failures": failures}, f, indent=1, ensure_ascii=False)
    peers, more = list(found), f" --pairs {args.pairs}" if args.pairs > 1 else ""
    print(f"{notes['date']}, {notes['cores']} × {notes['cpu']}, {notes['memory_mib']} MiB, Linux {notes['kernel']}, "
          f"{notes['file_system']}, load before {notes['load_average'][0]}; "
          + ", ".join(f"{p} {v or 'of unknown version'}" for p, v in found.items()) + "\n")
    print(table.markdown(all_rows, peers, lambda s: f"python3 bench/peers --sets {s} --peers {','.join(peers)}{more}"))
    if more:
        print("\nMedians, and in brackets the lowest and the highest of a pair's ratios.")
    print("\nAs run:\n")
    for r in results.values():
        for line in r["server_commands"] + [x["command"] for x in r["loads"] + r.get("loads_again", [])]:
            print(f"- {r['set']}, {r['peer']}: `{line}`")
        if r["again"]:
            print(f"- {r['set']}, {r['peer']}: loaded {len(r['again'])} more times, each time from nothing")
        if r.get("flush"):
            print(f"- {r['set']}, {r['peer']}: flushed by: {r['flush']}")
    for line in failures:
        print(f"\nFAILED: {line}")
    print(f"\nEverything: {args.out}")


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main():
    args = options()
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, interrupted)
    os.environ["PATH"] = os.path.abspath("build/peers/usr/bin") + os.pathsep + os.environ["PATH"]
    if not os.access(os.path.join(args.build, "bench", "load"), os.X_OK):
        sys.exit(f"peers: {args.build}/bench/load is not built; say: make {args.build}/bench/load")
    found, results, failures = present(args), {}, []
    root = tempfile.mkdtemp(prefix="parkwatch-peers-")
    notes = machine.notes(root)
    stopped = False
    try:
        measure_all(args, found, root, results, failures)
    except KeyboardInterrupt:
        stopped = True
        failures.append("interrupted")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    report(args, found, notes, results, failures)
    sys.exit(130 if stopped else 1 if failures else 0)


if __name__ == "__main__":
    main()
