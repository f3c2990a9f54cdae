#!/usr/bin/env python3
"""bitflip.py - one byte of the store changes on the disk. Who notices?

    bitflip.py [--flips N] [--plain] [--seed S]

Each flip changes one byte of a copy of a store. Then `parkwatch check store` and a
reader of everything look at it. Allowed: check names a fault, or nothing that is
read has changed. Forbidden: the reader shows other figures than before without an
error, fewer among them; or the reader fails while check finds nothing.

Exit 0: none of the forbidden. 1: with the file and place of the byte. 77: skipped.
"""

import os
import shutil
import sys
import time

import torture as t

# Means nothing when nobody holds it, may be deleted (docs/storage-format.md).
UNUSED = {"lock.mdb", "parkwatch.lock"}


def places(directory):
    """(file, first, end) of the pages that are not all zeros."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in sorted(set(names) - UNUSED):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                at = 0
                while page := f.read(4096):
                    if page.strip(b"\0"):
                        found.append((os.path.relpath(path, directory), at, at + len(page)))
                    at += len(page)
    return found


def flip(path, at, mask):
    with open(path, "r+b") as f:
        f.seek(at)
        old = f.read(1)[0]
        f.seek(at)
        f.write(bytes([old ^ mask]))


def all_of(directory):
    """The whole dump, or the error."""
    try:
        return t.dump([t.tool("readback"), directory]), None
    except t.ReadError as e:
        return None, e


def judge(before, directory):
    """What became of one flip; the forbidden outcomes begin with '!'."""
    code, said = t.check_store(directory)
    after, error = all_of(directory)
    if after is not None and after != before:
        return "!shown", "other figures without an error (check: exit %d %s)" % (code, said.strip()[:200])
    if code not in (0, 1, 3):
        return "!check", "check store ended with %d: %s" % (code, said.strip()[-200:])
    if code == 0 and error:
        return "!unnamed", "check finds nothing, but reading: %s" % error
    if code == 0:
        return "harmless", ""
    if not said.strip():
        return "!unnamed", "check fails without a word"
    return ("died" if error and error.code < 0 else "refused" if error else "named"), said


def make_store(args, home):
    server = t.scraped_server()
    d = t.Daemon(home, scraped_port=server.server_address[1])
    if not d.start():
        t.fail("the daemon does not start:\n" + d.log_tail())
    load = t.Load(d, args.plain)
    load.work(args.load)
    # Without the flush the log of plain samples is among what is flipped.
    code = d.end()
    server.shutdown()
    if code != 0:
        t.fail("the daemon ended with %s:\n%s" % (code, d.log_tail()))
    return d.data


def run(args, rng, end, home):
    store, copy = make_store(args, home), os.path.join(home, "copy")
    before, error = all_of(store)
    if error:
        t.fail("the store cannot be read before anything was flipped: %s" % error)
    pages = places(store)
    files = sorted({p[0] for p in pages})
    figures = {"flips": 0, "lines": before.count("\n") - 1, "pages": len(pages)}
    bad = 0
    while figures["flips"] < args.flips and time.monotonic() < end:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(store, copy)
        # Small files would hardly ever be met by chance.
        name = rng.choice(files) if rng.random() < 0.2 else rng.choice(pages)[0]
        _, first, last = rng.choice([p for p in pages if p[0] == name])
        at, mask = rng.randrange(first, last), 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randrange(1, 256)
        flip(os.path.join(copy, name), at, mask)
        outcome, why = judge(before, copy)
        figures["flips"] += 1
        figures[outcome] = figures.get(outcome, 0) + 1
        if outcome[0] == "!":
            bad += 1
            print("%s: byte %d ^ 0x%02x: %s" % (name, at, mask, why))
            kept = os.path.join(home, "flipped-%d" % bad)
            shutil.copytree(copy, kept)
    return figures, bad


def main():
    p = t.options("flipped bytes")
    p.add_argument("--flips", type=int, default=60)
    p.add_argument("--load", type=float, default=5, help="seconds of filling the store")
    args = p.parse_args()
    rng, end = t.begin(args)
    t.need_remote_write(args)
    with t.Workplace("bitflip") as home:
        figures, bad = run(args, rng, end, home)
        t.result(**figures)
        if bad:
            t.fail("%d of %d flips, seed %d" % (bad, figures["flips"], args.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
