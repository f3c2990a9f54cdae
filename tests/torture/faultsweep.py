#!/usr/bin/env python3
"""faultsweep.py - the k-th call fails, for many k and every kind of call.

    faultsweep.py [--runs N] [--plain] [--seed S] [--only CALL:ERROR[:sticky]] [--at K]

In each run the daemon works on a store of its own while one call (or every one from
the k-th on) on its files fails. It may go on, refuse to start or end with an error; it
may not crash, hang, end with success by itself, or acknowledge what is not there when
the store is opened again without faults. How many calls there are is counted first,
so k reaches from the first to the last.

Exit 0: all is well. 1: with the options that repeat the run. 77: skipped.
"""

import os
import shutil
import sys
import time

import torture as t

SWEEP = [
    ("pwrite", "EIO"), ("pwrite", "ENOSPC"), ("pwrite", "SHORT"), ("pwrite", "EINTR"),
    ("write", "EIO"), ("write", "ENOSPC"), ("write", "SHORT"), ("write", "EINTR"),
    ("fdatasync", "EIO"), ("fdatasync", "ENOSPC"), ("fdatasync", "EINTR"), ("fsync", "EIO"),
    ("open", "EMFILE"), ("open", "EIO"), ("ftruncate", "EIO"), ("ftruncate", "ENOSPC"),
    ("fallocate", "ENOSPC"), ("fallocate", "EINTR"), ("rename", "EIO"), ("unlink", "EIO"),
    ("mmap", "EIO"), ("accept", "EMFILE"), ("accept", "EINTR"),
]


def read_report(path):
    """{"calls": …, "failed": …, and each kind of call: how many}"""
    with open(path) as f:
        words = f.read().split()
    return dict(zip(words[::2], map(int, words[1::2])))


def one_run(args, home, env, figures):
    """(problems, ended by itself)"""
    d = t.Daemon(home)
    load = t.Load(d, args.plain)
    for _ in range(30):
        load.statistics.drop()
    if d.start(env, wait=10):
        load.work(t.FIRST_LOOKS + 0.4)
        answers = d.get("/")[0] if d.running() else 0
    else:
        answers = 0
    alone = d.process.poll()
    # A child of the sweep that hangs is given up on after a while.
    code = d.end(wait=15) if alone is None else (d.log.close(), alone)[1]
    load.statistics.look()
    figures["acknowledged_batches"] += len(load.ledger.acked)
    if code is None:
        return ["it hangs:\n" + d.log_tail()], False
    if code < 0 and alone is not None:
        return ["it died of signal %d:\n%s" % (-code, d.log_tail())], True
    if alone == 0:
        return ["it ended by itself with success:\n" + d.log_tail()], True
    if alone is None and answers != 200:
        return ["it runs but answers %d:\n%s" % (answers, d.log_tail())], False
    return check(d, load), alone is not None


def check(d, load):
    if not os.path.isdir(d.data):
        return ["the store is gone"] if load.ledger.acked else []
    try:
        problems = load.ledger.check(t.read_back(d.data))
    except t.ReadError as e:
        return ["cannot be read afterwards: %s" % e]
    code, text = t.check_store(d.data)
    return problems + ([] if code == 0 else ["check store: " + text.strip()])


def count_calls(args, home):
    """How many calls of each kind a run makes."""
    report = os.path.join(home, "report")
    root = os.path.join(home, "rec")
    os.makedirs(root)
    env = t.fault_env(root, ",".join(dict(SWEEP)), "EIO", at=0, report=report)
    problems, _ = one_run(args, home, env, {"acknowledged_batches": 0})
    if problems:
        t.fail("without any fault: " + "\n".join(problems))
    counts = read_report(report)
    shutil.rmtree(home)
    return counts


def plan(args, rng, home):
    """(call, error, sticky, k) to be run, the kinds in turn."""
    if args.only:
        call, error, *sticky = args.only.split(":")
        return [(call, error, bool(sticky), args.at)]
    counts, runs = count_calls(args, os.path.join(home, "count")), []
    while len(runs) < args.runs:
        for call, error in SWEEP:
            if counts[call]:
                # Small k are where a store is made; they matter as much as all the others.
                k = rng.randrange(1, min(8, counts[call]) + 1) if rng.random() < 0.5 else \
                    rng.randrange(1, counts[call] + 1)
                # An endless EINTR is retried for ever, and who can accept nobody answers nobody.
                may_stick = error != "EINTR" and call != "accept"
                runs.append((call, error, may_stick and rng.random() < 0.4, k))
    rng.shuffle(runs)
    print("calls in a run: " + ", ".join("%s %d" % (c, counts[c]) for c in dict(SWEEP)))
    return runs[:args.runs]


def run(args, rng, end, home):
    figures = {"runs": 0, "struck": 0, "ended": 0, "acknowledged_batches": 0, "bad": 0}
    for call, error, sticky, k in plan(args, rng, home):
        if time.monotonic() > end:
            break
        place = os.path.join(home, "run")
        shutil.rmtree(place, ignore_errors=True)
        root, report = os.path.join(place, "rec"), os.path.join(place, "report")
        os.makedirs(root)
        problems, ended = one_run(args, place, t.fault_env(root, call, error, at=k, sticky=sticky, report=report),
                                  figures)
        figures["runs"] += 1
        figures["ended"] += ended
        figures["struck"] += read_report(report)["failed"] > 0
        if problems:
            figures["bad"] += 1
            print("%s %s%s, call %d:\n%s" % (call, error, " sticky" * sticky, k, "\n".join(problems[:10])))
            print("again with: faultsweep.py --only %s:%s%s --at %d" % (call, error, ":sticky" * sticky, k))
    return figures


def main():
    p = t.options("failing calls")
    p.add_argument("--runs", type=int, default=20)
    p.add_argument("--only", metavar="CALL:ERROR[:sticky]")
    p.add_argument("--at", type=int, default=1)
    args = p.parse_args()
    rng, end = t.begin(args)
    t.need_remote_write(args)
    with t.Workplace("faultsweep") as home:
        figures = run(args, rng, end, home)
        t.result(**figures)
        if figures["bad"]:
            t.fail("%d of %d runs, seed %d" % (figures["bad"], figures["runs"], args.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
