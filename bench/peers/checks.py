"""checks.py - compares what a server answers with what bench/load says must be there.

`load --expect` works every value out from seed, series and step again, so nothing has to be kept from the
sending.
"""
import json
import subprocess

from servers import Failed

HOSTS_READ = (0, 17)  # of a devops set: all ten series of each
A_MINUTE = 60


def expected(load_line, what):
    r = subprocess.run(load_line + ["--expect", what], capture_output=True, text=True, check=False)
    if r.returncode:
        raise Failed(f"load --expect {what}: {r.stderr.strip()}")
    return [json.loads(line) for line in r.stdout.splitlines()]


def families(load_line):
    return sorted({series["name"] for series in expected(load_line, "series")})


def selector(series):
    labels = ",".join(f'{k}="{v}"' for k, v in sorted(series["labels"].items()))
    return f'{series["name"]}{{{labels}}}'


def read_devops(server, of_set, load_line):
    """Every sample of some series, value for value. None where nothing can be asked."""
    told = {"expected": 0, "right": 0, "missing": 0, "wrong": 0}
    for host in HOSTS_READ:
        for number in range(host * 10, min(host * 10 + 10, of_set.series)):
            for series in expected(load_line, str(number)):
                result = server.query(f"{selector(series)}[{of_set.window}]", of_set.last_s + 1)
                if result is None:
                    return None
                got = {round(float(t) * 1000): float(v) for t, v in result[0]["values"]} if result else {}
                for t, first, _ in series["points"]:
                    told["expected"] += 1
                    kind = "missing" if t not in got else "right" if got[t] == first else "wrong"
                    told[kind] += 1
    return told


def by_month(load_line):
    """{stamp: {(family, park): (first, revised)}} of all corrected points."""
    months = {}
    for series in expected(load_line, "corrected"):
        key = (series["name"], series["labels"]["park"])
        for t, first, revised in series["points"]:
            months.setdefault(t, {})[key] = (first, revised)
    return months


def read_corrected(server, load_line, limit_s, clock, as_of_s=None):
    """What a reader sees a minute after each stamp, for every corrected point: the revised value, the first
    one, another, or nothing. With `as_of_s`, as it was known then, when the first value is right.
    Ends early when it takes too long; `asked` says how many points were looked at."""
    told = {"corrected": 0, "asked": 0, "revised": 0, "first": 0, "other": 0, "missing": 0}
    months = by_month(load_line)
    told["corrected"] = sum(len(m) for m in months.values())
    end = clock.now() + limit_s
    more = {} if as_of_s is None else {"as_of": f"{as_of_s:.3f}"}
    # every seventh month first, so that an early end has still looked everywhere
    order = sorted(months)
    for t in [t for k in range(7) for t in order[k::7]]:
        if clock.now() > end:
            break
        result = server.query('{freq="M",basis="period"}', t / 1000 + A_MINUTE, **more)
        if result is None:
            return None
        got = {(r["metric"].get("__name__"), r["metric"].get("park")): float(r["value"][1]) for r in result}
        for key, (first, revised) in months[t].items():
            v = got.get(key)
            kind = "missing" if v is None else "revised" if v == revised else "first" if v == first else "other"
            told[kind] += 1
            told["asked"] += 1
    return told
