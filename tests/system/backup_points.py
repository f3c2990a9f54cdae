"""What a restored store has against what was sent to it.

    python3 tests/system/backup_points.py EXPORT EXPECTED... [-- MAYBE...]

EXPORT is OpenMetrics text; the others are what `load --expect` printed, one series a line. All points of
EXPECTED must be there with their values; other points must be those of MAYBE.
"""

import json
import re
import sys

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+) (\S+)$")


def exported(path):
    points = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            name, labels, value, seconds = SAMPLE.match(line.rstrip("\n")).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ""))))
            at = round(float(seconds) * 1000)
            if (key, at) in points:
                sys.exit(f"{name} at {at} is there twice")
            points[key, at] = float(value)
    return points


def sent(paths):
    points = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                series = json.loads(line)
                key = (series["name"], tuple(sorted(series["labels"].items())))
                for at, value, _ in series["points"]:
                    points[key, at] = float(value)
    return points


def main(export, *others):
    cut = others.index("--") if "--" in others else len(others)
    have, want, maybe = exported(export), sent(others[:cut]), sent(others[cut + 1 :])
    for point, value in want.items():
        if have.get(point) != value:
            sys.exit(f"{point}: {have.get(point)}, it must be {value}")
    for point, value in have.items():
        if point not in want and maybe.get(point) != value:
            sys.exit(f"{point}: {value} was never sent")
    print(f"{len(want)} points acknowledged before, {len(have) - len(want)} others")


main(*sys.argv[1:])
