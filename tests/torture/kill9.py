#!/usr/bin/env python3
"""kill9.py - SIGKILL at any moment, again and again, on one store.

    kill9.py [--kills N] [--plain] [--lie] [--seed S]

Batches are handed over; at a random moment (sometimes while it starts) the daemon
is killed. Then everything that was ever acknowledged must be read back, and nothing
that was never sent. --lie lets some writes of the daemon claim success without being
made: that must be noticed, or the test could not notice anything.

Exit 0: nothing lost. 1: loss. 77: skipped.
"""

import os
import shutil
import signal
import sys
import time

import torture as t


def one_life(d, load, rng, env):
    """Starts, works, is killed. False when it did not come up by itself."""
    if rng.random() < 0.15:
        # Killed while it starts: what a start does to the store must be as safe.
        d.start(env, wait=rng.random() * 0.03)
        d.end(signal.SIGKILL)
        return True
    if not d.start(env):
        return False
    # Long enough for files to be taken; plain samples are taken at once.
    first = 0.05 if load.plain and rng.random() < 0.5 else t.FIRST_LOOKS - 0.1
    load.work(first + rng.random() * t.LOOKS_TAKE, flush_chance=0.05, rng=rng)
    if d.process.poll() is not None:
        return False
    d.end(signal.SIGKILL)
    load.statistics.look()
    return True


def look(d, load):
    """Reads a copy: the daemon has to recover from the kill by itself."""
    copy = os.path.join(d.home, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(d.data, copy)
    try:
        problems = load.ledger.check(t.read_back(copy))
    except t.ReadError as e:
        return ["cannot be read: %s" % e]
    code, text = t.check_store(copy)
    return problems + ([] if code == 0 else ["check store: " + text.strip()])


def run(args, rng, end, home):
    d = t.Daemon(home)
    load = t.Load(d, args.plain)
    figures = {"kills": 0, "bad": 0}
    while figures["kills"] < args.kills and time.monotonic() < end:
        env = {}
        if args.lie and figures["kills"] > 0:
            env = t.fault_env(d.root, "write,pwrite", "LIE", at=rng.randrange(1, 60), name="data/")
        started = one_life(d, load, rng, env)
        figures["kills"] += 1
        problems = [] if started else ["it does not stay up:\n" + d.log_tail()]
        if os.path.isdir(d.data) and not problems:
            problems = look(d, load)
        if problems:
            figures["bad"] += 1
            print("kill %d:\n%s" % (figures["kills"], "\n".join(problems[:8])))
            break
    figures["acknowledged_batches"] = len(load.ledger.acked)
    figures["acknowledged_values"] = load.ledger.values_acked()
    return figures


def main():
    p = t.options("SIGKILL")
    p.add_argument("--kills", type=int, default=30)
    p.add_argument("--lie", action="store_true", help="a write is not made; say whether it was noticed")
    args = p.parse_args()
    rng, end = t.begin(args)
    t.need_remote_write(args)
    with t.Workplace("kill9") as home:
        figures = run(args, rng, end, home)
        t.result(**figures)
        if figures["bad"] and not args.lie:
            t.fail("after kill %d, seed %d" % (figures["kills"], args.seed))
        if not figures["acknowledged_batches"] and not figures["bad"]:
            t.fail("nothing was acknowledged")
        return 1 if figures["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
