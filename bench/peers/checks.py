"""checks.py - compares what a server answers with what bench/load says must be there.

`load --expect` works every value out from seed, series and step again, so nothing has to be kept from the
sending. The peers are asked over HTTP; parkwatch's store is read as a whole by stored.py.
"""
import array
import json
import subprocess

import stored
from servers import Failed, die_with_us

HOSTS_READ = (0, 17)  # of a devops set: all ten series of each
A_MINUTE = 60


def expected(load_line, what):
    """Series by series, with their points [milliseconds, first value, revised one or None]."""
    with subprocess.Popen(load_line + ["--expect", what], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=die_with_us) as p:
        try:
            yield from map(json.loads, p.stdout)
        except BaseException:
            p.kill()
            raise
        complaint = p.stderr.read().decode("utf-8", "replace").strip()
    if p.returncode:
        raise Failed(f"load --expect {what}: {complaint or p.returncode}")


def families(load_line):
    return sorted({series["name"] for series in expected(load_line, "series")})


def count(server, of_set, families):
    """How many samples it has, and how that was counted."""
    if not server.store_is_read:
        return server.count_samples(of_set, families)
    how = "rows of parkwatch export" + (" --vintages" if of_set.with_vintages else "")
    return stored.count(server, families, of_set.with_vintages), how


def selector(series):
    labels = ",".join(f'{k}="{v}"' for k, v in sorted(series["labels"].items()))
    return f'{series["name"]}{{{labels}}}'


def query_samples(server, of_set, series):
    """{milliseconds: [value]}"""
    result = server.query(f"{selector(series)}[{of_set.window}]", of_set.last_s + 1)
    return {round(float(t) * 1000): [float(v)] for t, v in result[0]["values"]} if result else {}


def read_devops(server, of_set, load_line):
    """Every sample of some series, value for value."""
    told = {"expected": 0, "right": 0, "missing": 0, "wrong": 0, "more": 0}
    numbers = [host * 10 + i for host in HOSTS_READ for i in range(10) if host * 10 + i < of_set.series]
    wanted = [series for number in numbers for series in expected(load_line, str(number))]
    if server.store_is_read:
        matches = [word for series in wanted for word in ("--match", selector(series))]
        everything = dict(stored.values(server, *matches))
    for series in wanted:
        got = everything.pop(selector(series), {}) if server.store_is_read else query_samples(server, of_set, series)
        for t, first, _ in series["points"]:
            tally(told, [first], got.pop(t, []))
        told["more"] += sum(map(len, got.values()))
    return told


def tally(told, want, got):
    """The values of one point, in the order they became known."""
    told["expected"] += len(want)
    told["more"] += max(0, len(got) - len(want))
    told["missing"] += max(0, len(want) - len(got))
    right = sum(w == g for w, g in zip(want, got))
    told["right"] += right
    told["wrong"] += min(len(want), len(got)) - right


class Figures:
    """What bench/load says about the parks, series by series: a value a month and the revised ones."""

    def __init__(self, load_line):
        self.times, self.series = [], {}
        for series in expected(load_line, "{}"):
            self.times = [p[0] for p in series["points"]]  # the same for all
            revised = {i: p[2] for i, p in enumerate(series["points"]) if p[2] is not None}
            self.series[selector(series)] = array.array("d", [p[1] for p in series["points"]]), revised

    def of(self, name, with_vintages, with_corrections=True):
        """(milliseconds, the values there must be, first, revised or None)"""
        first, revised = self.series[name]
        for i, t in enumerate(self.times):
            now = revised.get(i) if with_corrections else None
            want = [first[i]] if now is None else [first[i], now] if with_vintages else [now]
            yield t, want, first[i], revised.get(i)


def read_figures(server, load_line, with_vintages=False, as_of_s=None):
    """Every point of every series in the store: the latest value; with vintages all there ever were, in order;
    with `as_of_s` the one that was known then, before the corrections. (How all of them are; how the corrected
    points are.)"""
    figures = Figures(load_line)
    told = {"expected": 0, "right": 0, "missing": 0, "wrong": 0, "more": 0}
    corrected = {"corrected": 0, "asked": 0, "revised": 0, "first": 0, "other": 0, "missing": 0}
    options = (["--vintages"] if with_vintages else []) + ([] if as_of_s is None else ["--as-of", f"{as_of_s:.3f}"])

    def compare(name, got):
        for t, want, first, revised in figures.of(name, with_vintages, as_of_s is None):
            values = got.pop(t, [])
            tally(told, want, values)
            if revised is not None:
                corrected["corrected"] += 1
                corrected["asked"] += 1
                corrected[kind_of(values[-1] if values else None, first, revised)] += 1
        told["more"] += sum(map(len, got.values()))

    for name, got in stored.values(server, *options):
        if name in figures.series:
            compare(name, got)
            del figures.series[name]
        else:
            told["more"] += sum(map(len, got.values()))
    for name in figures.series:
        compare(name, {})
    return told, corrected


def kind_of(value, first, revised):
    return "missing" if value is None else "revised" if value == revised else "first" if value == first else "other"


def by_month(load_line):
    """{stamp: {(family, park): (first, revised)}} of all corrected points."""
    months = {}
    for series in expected(load_line, "corrected"):
        key = (series["name"], series["labels"]["park"])
        for t, first, revised in series["points"]:
            months.setdefault(t, {})[key] = (first, revised)
    return months


def read_corrected(server, load_line, limit_s, clock):
    """What a reader sees a minute after each stamp, for every corrected point: the revised value, the first
    one, another, or nothing. Ends early when it takes too long; `asked` says how many points were looked at."""
    told = {"corrected": 0, "asked": 0, "revised": 0, "first": 0, "other": 0, "missing": 0}
    months = by_month(load_line)
    told["corrected"] = sum(len(m) for m in months.values())
    end = clock.now() + limit_s
    # every seventh month first, so that an early end has still looked everywhere
    order = sorted(months)
    for t in [t for k in range(7) for t in order[k::7]]:
        if clock.now() > end:
            break
        result = server.query('{freq="M",basis="period"}', t / 1000 + A_MINUTE)
        got = {(r["metric"].get("__name__"), r["metric"].get("park")): float(r["value"][1]) for r in result}
        for key, (first, revised) in months[t].items():
            told[kind_of(got.get(key), first, revised)] += 1
            told["asked"] += 1
    return told
