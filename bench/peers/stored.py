"""stored.py - what a store of parkwatch's holds, read with `parkwatch export` beside the daemon.

Rows are looked at as they come and forgotten: a set may have more of them than fit into memory.
"""
import datetime
import itertools
import os
import subprocess

from servers import Failed, die_with_us, last_line

TIME_BYTES = len("2026-08-30T16:00:00.000Z")
ROWS_A_LOOK = 1 << 20  # so often the clock is looked at


def lines(server, options):
    """The rows of an export, without their heading. Failed when anything could not be read."""
    line = [server.find(server.build), "export", "--data-dir", server.data, "--format", "csv", *options]
    complaints = os.path.join(server.folder, "export.err")
    with open(complaints, "wb") as err, subprocess.Popen(line, stdout=subprocess.PIPE, stderr=err,
                                                         preexec_fn=die_with_us) as p:
        try:
            next(p.stdout, None)
            for number, row in enumerate(p.stdout):
                if number % ROWS_A_LOOK == 0:
                    server.clock.check()
                yield row
        except BaseException:
            p.kill()
            raise
    if p.returncode:
        raise Failed(f"export ended with {p.returncode}: {last_line(complaints)}")


def rows(server, *options):
    """(series, what stands behind it) of each row; the series as `"name{a=""b""`, without its end: none of the
    sets has a series without labels, or a brace in a value."""
    for row in lines(server, options):
        series, end, rest = row.partition(b'}",')
        if not end:
            raise Failed(f"export wrote a row that is none: {row[:100]!r}")
        yield series, rest


def count(server, families, with_vintages):
    """How many samples of these families there are, a time that comes twice counted once; with vintages, how many
    values."""
    names = {f'"{name}'.encode() for name in families}
    number, last, last_time, counts = 0, None, b"", False
    for series, rest in rows(server, *(["--vintages"] if with_vintages else [])):
        if series != last:
            last, last_time, counts = series, b"", series.partition(b"{")[0] in names
        at = rest[:TIME_BYTES]
        number += counts and (with_vintages or at > last_time)
        last_time = at
    return number


class Times(dict):
    """Milliseconds by a row's text."""

    def __missing__(self, text):
        at = datetime.datetime.fromisoformat(text.decode().replace("Z", "+00:00"))
        self[text] = round(at.timestamp() * 1000)
        return self[text]


def values(server, *options):
    """(selector, {milliseconds: values in the order they are written}) of one series after the other."""
    times = Times()
    for series, group in itertools.groupby(rows(server, *options), key=lambda r: r[0]):
        got = {}
        for _, rest in group:
            at, value = rest.rstrip(b"\n").split(b",", 2)[:2]
            got.setdefault(times[at], []).append(float(value))
        yield series[1:].decode().replace('""', '"') + "}", got
