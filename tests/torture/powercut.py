#!/usr/bin/env python3
"""powercut.py - what is on the disk when the power fails?

    powercut.py [--cuts N] [--plain] [--record SECONDS] [--seed S]
    powercut.py --control WAY [--cuts N]
    powercut.py --lie [--cuts N]

Runs the daemon (or torture-control) under the recorder while batches are handed
over, then builds the folder as the disk may have it at N moments, a quarter each
with nothing, everything, some writes and some sectors of what was not synced. Each
must open, hold all that was acknowledged before that moment and nothing that was
never sent. Every fifth is opened under the recorder too, and the power cut again
while it recovers.

--lie makes every sync of the daemon claim success without being one: losses must
show, or the test could not find any.

Exit 0: nothing lost. 1: loss, with the commands that show it. 77: skipped.
"""

import os
import shutil
import subprocess
import sys

import torture as t

MODES = ["none", "random", "torn", "torn", "random", "all"]


class Reader:
    """What a picture of the disk holds, for the daemon's store."""

    def __init__(self, ledger):
        self.ledger = ledger

    def command(self, out):
        return [t.tool("readback"), "--plain", "torture_sample", os.path.join(out, "data")]

    def problems(self, out, acked):
        try:
            found = t.read_back(os.path.join(out, "data"))
        except t.ReadError as e:
            return ["cannot be read: %s" % e]
        code, text = t.check_store(os.path.join(out, "data"))
        return self.ledger.check(found, acked) + ([] if code == 0 else ["check store: " + text.strip()])


class ControlReader:
    """The same for torture-control, whose records are numbers."""

    def __init__(self, way):
        self.way = way

    def command(self, out):
        return [t.tool("control"), "read", self.way, out]

    def problems(self, out, acked):
        r = subprocess.run(self.command(out), capture_output=True, text=True)
        if r.returncode != 0:  # nothing was made yet: no fault of theirs
            return ["cannot be read: exit %d %s" % (r.returncode, r.stderr.strip())] if acked else []
        lost = set(acked) - set(map(int, r.stdout.split()))
        return ["lost: record %d" % n for n in sorted(lost)]


def replay(record, at, mode, seed, out, base=None):
    """(the command, batches acknowledged before the cut)"""
    shutil.rmtree(out, ignore_errors=True)
    command = [t.tool("disk"), "--record", record, "--at", str(at), "--mode", mode, "--seed", str(seed),
               "--out", out] + (["--base", base] if base else [])
    r = subprocess.run(command, capture_output=True, text=True)
    if r.returncode != 0:
        t.fail("%s: %s" % (" ".join(command), r.stderr))
    return command, [int(line) for line in r.stdout.split()]


def compare_with_truth(record, root, home):
    """Everything replayed must be the folder as it is, or the recorder has missed something."""
    out = os.path.join(home, "whole")
    replay(record, 1 << 40, "all", 0, out)
    r = subprocess.run(["diff", "-r", "-x", "lock.mdb", root, out], capture_output=True, text=True)
    if r.returncode != 0:
        t.fail("the recording is not what happened:\n" + r.stdout[:2000])
    shutil.rmtree(out)


def choose_cut(rng, kinds):
    """Anywhere, or while the store is made, or just behind an acknowledgement, where a missing sync shows."""
    if rng.random() < 0.25:
        return rng.randrange(1, min(len(kinds), 60) + 1)
    marks = [i for i, k in enumerate(kinds) if k == t.MARK]
    if marks and rng.random() < 0.5:
        return min(len(kinds), rng.choice(marks) + 1 + rng.randrange(3))
    return rng.randrange(1, len(kinds) + 1)


def cut_again(rng, reader, out, acked, home):
    """Cuts the power while the picture is opened; the commands and problems."""
    base, record, second = (os.path.join(home, n) for n in ("base", "record2", "out2"))
    shutil.rmtree(base, ignore_errors=True)
    shutil.copytree(out, base)
    if os.path.exists(record):
        os.unlink(record)
    subprocess.run(reader.command(out), env={**os.environ, **t.record_env(out, record)},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kinds = t.frame_kinds(record) if os.path.exists(record) else []
    if not kinds:
        return None, []
    command, _ = replay(record, rng.randrange(1, len(kinds) + 1), rng.choice(MODES), rng.randrange(1 << 32),
                        second, base)
    return command, reader.problems(second, acked)


def cut_all(args, rng, end, record, reader, home, root):
    """Figures of a whole run; stops at the first loss unless it is a control."""
    figures = {"cuts": 0, "second_cuts": 0, "bad": 0, "torn": 0}
    kinds = t.frame_kinds(record)
    compare_with_truth(record, root, home)
    out = os.path.join(home, "out")
    for i in range(args.cuts):
        if t.time.monotonic() > end:
            break
        mode, at, seed = MODES[i % len(MODES)], choose_cut(rng, kinds), rng.randrange(1 << 32)
        command, acked = replay(record, at, mode, seed, out)
        figures["cuts"] += 1
        figures["torn"] += mode == "torn"
        again = None
        problems = []
        if i % 5 == 4 and not args.control:
            again, problems = cut_again(rng, reader, out, acked, home)
            figures["second_cuts"] += again is not None
            command, acked = replay(record, at, mode, seed, out)
        if not problems:
            problems, again = reader.problems(out, acked), None
        if problems:
            figures["bad"] += 1
            figures.setdefault("first", problems[0])
            if not (args.control or args.lie):
                print("\n".join(problems[:20]))
                print("again with: " + " ".join(command))
                if again:
                    print("then, the reader recorded: " + " ".join(again))
    figures["frames"] = len(kinds)
    return figures


def record_control(args, home, root, record):
    os.makedirs(os.path.join(root, "data"))
    r = subprocess.run([t.tool("control"), "write", args.control, os.path.join(root, "data"), "60"],
                       env={**os.environ, **t.record_env(os.path.join(root, "data"), record)})
    if r.returncode != 0:
        t.fail("torture-control: exit %d" % r.returncode)


def record_daemon(args, rng, home, root, record):
    d = t.Daemon(home)
    env = t.record_env(root, record)
    if args.lie:
        env = t.with_both(t.fault_env(root, "fsync,fdatasync", "LIE", sticky=1), env)
    if not d.start(env):
        t.fail("the daemon does not start under the recorder:\n" + d.log_tail())
    load = t.Load(d, args.plain, t.mark_writer(record))
    load.work(args.record, flush_chance=0.02, rng=rng)
    code = d.end()
    load.statistics.look()
    if code != 0:
        t.fail("the daemon ended with %s:\n%s" % (code, d.log_tail()))
    if not load.ledger.acked:
        t.fail("nothing was acknowledged:\n" + d.log_tail())
    return load.ledger


def main():
    p = t.options("power cuts")
    p.add_argument("--cuts", type=int, default=24)
    p.add_argument("--record", type=float, default=6, metavar="SECONDS")
    p.add_argument("--control", metavar="WAY", help="record torture-control instead, and only say how many cuts lost")
    p.add_argument("--lie", action="store_true", help="no sync is one; only say how many cuts lost")
    args = p.parse_args()
    rng, end = t.begin(args)
    t.need_remote_write(args)
    with t.Workplace("powercut") as home:
        root, record = os.path.join(home, "rec"), os.path.join(home, "record")
        if args.control:
            record_control(args, home, root, record)
            # The control's own folder is the root of its recording.
            figures = cut_all(args, rng, end, record, ControlReader(args.control), home, os.path.join(root, "data"))
            t.result(control=args.control, **figures)
            return 1 if figures["bad"] else 0
        os.makedirs(root)
        ledger = record_daemon(args, rng, home, root, record)
        figures = cut_all(args, rng, end, record, Reader(ledger), home, root)
        t.result(acknowledged_batches=len(ledger.acked), acknowledged_values=ledger.values_acked(), **figures)
        if figures["bad"] and not args.lie:
            t.fail("%d of %d power cuts, seed %d" % (figures["bad"], figures["cuts"], args.seed))
        return 1 if figures["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
