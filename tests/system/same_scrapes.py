"""Compares what two servers hold that scrape the same targets.

    same_scrapes.py OURS-URL THEIRS-URL SECONDS

Both must show the same series at a time a second ago, and the same values of those that neither saw
change in the 8 s before. Targets change meanwhile and are scraped at other moments, so it is tried until it holds or SECONDS are over.
"""
import json
import math
import sys
import time
import urllib.parse
import urllib.request

urls, patience = sys.argv[1:3], float(sys.argv[3])
# Left out: what depends on who is asking, such as files open while it is scraped.
SCRAPED = '{job=~".+",__name__!~"prometheus_tsdb_head_active_appenders|process_open_fds"}'


def ask(url, query, at):
    q = urllib.parse.urlencode({"query": query, "time": "%.3f" % at})
    rows = json.load(urllib.request.urlopen(url + "/api/v1/query?" + q))["data"]["result"]
    return {tuple(sorted(r["metric"].items())): r for r in rows}


def still(row):
    """The one value it had all the time, or None."""
    values = {v for _, v in row["values"]} if row else ()
    return float(values.pop()) if len(values) == 1 else None


def compare(at):
    seen = [ask(u, SCRAPED, at) for u in urls]
    windows = [ask(u, SCRAPED + "[8s]", at) for u in urls]
    faults = [("only %s has" % who, dict(k)) for who, a, b in
              (("parkwatch", seen[0], seen[1]), ("prometheus", seen[1], seen[0])) for k in a if k not in b]
    same = 0
    for k in seen[0]:
        a, b = (still(w.get(k)) for w in windows)
        if a is None or b is None:
            continue
        same += 1
        if a != b and not (math.isnan(a) and math.isnan(b)):
            faults.append(("%r here, %r there:" % (a, b), dict(k)))
    return faults, len(seen[0]), same


end = time.time() + patience
while True:
    faults, series, same = compare(time.time() - 1)
    if (not faults and series) or time.time() > end:
        break
    time.sleep(0.7)
for f in faults[:20]:
    print(*f)
print("%d series, values of %d compared, %d faults" % (series, same, len(faults)))
sys.exit(bool(faults) or not same)
