#!/usr/bin/env python3
"""diskfull.py - no space left, while batches are handed over; then there is room again.

    diskfull.py [--turns N] [--plain] [--tmpfs] [--seed S]

The disk is full because every write says so (the injector), or with --tmpfs, as
root, because a small file system is. Meanwhile pages must answer and the program
must not end. Half of the times it is killed while the disk is full and must start on
it. With room again it must take what waits. At the end all that was acknowledged is there.

Exit 0: all is well. 1: not. 77: skipped.
"""

import os
import signal
import subprocess
import sys
import time

import torture as t

# Not fallocate(): it succeeds on a full disk where the blocks are there already.
CALLS = "write,pwrite"


class Injected:
    def __init__(self, home):
        self.switch = os.path.join(home, "full")
        self.env = t.fault_env(os.path.join(home, "rec"), CALLS, "ENOSPC", sticky=1, switch=self.switch)

    def fill(self):
        open(self.switch, "w").close()

    def clear(self):
        os.unlink(self.switch)

    def close(self):
        pass


class Tmpfs:
    def __init__(self, home):
        self.env = {}
        self.at = os.path.join(home, "rec")
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", self.at], capture_output=True)
        if r.returncode != 0:
            print("SKIP: a small file system cannot be mounted here (needs root)")
            sys.exit(t.SKIPPED)

    def fill(self):
        with open(os.path.join(self.at, "ballast"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"\0" * 4096)
            except OSError:
                pass

    def clear(self):
        os.unlink(os.path.join(self.at, "ballast"))

    def close(self):
        subprocess.run(["umount", "-l", self.at])


def until(seconds, what):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def one_turn(d, load, disk, kill):
    """A sentence when something is wrong."""
    load.work(t.FIRST_LOOKS + 0.3)
    disk.fill()
    load.work(1.2)
    if not d.running():
        return "it ended on a full disk with %s:\n%s" % (d.process.poll(), d.log_tail())
    if d.get("/")[0] != 200:
        return "no page is answered on a full disk"
    if kill:
        d.end(signal.SIGKILL)
        if not d.start(disk.env):
            return "it does not start on a full disk:\n" + d.log_tail()
    disk.clear()
    before = len(load.ledger.acked)

    def goes_on():
        load.work(0.2)
        return len(load.ledger.acked) > before

    if not until(15, goes_on):
        return "with room again nothing is taken:\n" + d.log_tail()
    return None


def run(args, rng, end, home, disk):
    d = t.Daemon(home)
    load = t.Load(d, args.plain)
    if not d.start(disk.env):
        t.fail("the daemon does not start:\n" + d.log_tail())
    turns = 0
    while turns < args.turns and time.monotonic() < end:
        problem = one_turn(d, load, disk, kill=turns % 2 == 1)
        turns += 1
        if problem:
            t.fail("turn %d, seed %d: %s" % (turns, args.seed, problem))
    code = d.end()
    load.statistics.look()
    if code != 0:
        t.fail("it ended with %s:\n%s" % (code, d.log_tail()))
    problems = load.ledger.check(t.read_back(d.data))
    code, text = t.check_store(d.data)
    if problems or code != 0:
        t.fail("seed %d: %s\n%s" % (args.seed, "\n".join(problems[:10]), text if code else ""))
    t.result(turns=turns, acknowledged_batches=len(load.ledger.acked), acknowledged_values=load.ledger.values_acked())


def main():
    p = t.options("a full disk")
    p.add_argument("--turns", type=int, default=4)
    p.add_argument("--tmpfs", action="store_true")
    args = p.parse_args()
    rng, end = t.begin(args)
    t.need_remote_write(args)
    with t.Workplace("diskfull") as home:
        os.makedirs(os.path.join(home, "rec"))
        disk = Tmpfs(home) if args.tmpfs else Injected(home)
        try:
            run(args, rng, end, home, disk)
        finally:
            disk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
