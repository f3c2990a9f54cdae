#!/usr/bin/env python3
"""promql_edges.py - ask Prometheus 2.42 again what it answers otherwise, with windows open on the left.

Since 3.0 ranges, subqueries and lookback leave their left edge out: x[5m] at t is (t - 5m, t]. Times are whole
milliseconds, so 2.42 gives the same points for x[299999ms], x[299999ms:1m] and a lookback of 299999 ms. An answer that
agrees then differed by that rule alone; one that does not is printed and fails the run.

  promql_edges.py --tools DIR --start-ref CMD --start-test CMD ANSWERS...

ANSWERS are files of promdiff.py --json; DIR is where promdiff.py lies. CMD as promdiff.py has them.
"""
import argparse, collections, json, os, re, shutil, sys, tempfile

WINDOW = re.compile(r'\[(\d+)(ms|s|m|h)(:\w*)?\]')      # [90s], [5m:7s], [5m:]
MS = {'ms': 1, 's': 1000, 'm': 60000, 'h': 3600000}
KINDS = (('a sample at the edge of lookback', lambda subquery: False),
         ('a step of a subquery at its edge', lambda subquery: subquery),
         ('a sample at the edge of a range', lambda subquery: not subquery),
         ('both of these', lambda subquery: True))


def narrow(query, which):
    """The query with a millisecond less in the windows that `which` picks."""
    def one(m):
        if not which(m[3] is not None):
            return m[0]
        return '[%dms%s]' % (int(m[1]) * MS[m[2]] - 1, m[3] or '')
    return WINDOW.sub(one, query)


def kind_of(diff, ref, test, row):
    """The first kind whose narrowing makes both agree, and what still differs when none does."""
    path = '/api/v1/query' if row['kind'] == 'instant' else '/api/v1/query_range'
    ours = diff.ask(test, path, row['params'])
    for name, which in KINDS:
        params = dict(row['params'], query=narrow(row['query'], which))
        left = diff.difference(diff.ask(ref, path, params), ours, 1e-5, False)
        if left is None:
            return name, None
    return None, left


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--tools', required=True)
    ap.add_argument('--start-ref', required=True)
    ap.add_argument('--start-test', required=True)
    ap.add_argument('answers', nargs='+')
    opt = ap.parse_args()
    sys.path.insert(0, opt.tools)
    import promdiff as diff
    P = diff.P
    rows, asked = [], 0
    for name in opt.answers:
        with open(name) as f:
            answers = json.load(f)
        asked += len(answers)
        rows += [r for r in answers if r['diff']]
    if not asked:
        sys.exit('no answers in %s' % ' '.join(opt.answers))
    work = tempfile.mkdtemp(prefix='edges.')
    servers, kinds, odd = [], collections.Counter(), 0
    try:
        for sub, cmd in (('ref', opt.start_ref + ' --query.lookback-delta=299999ms'), ('test', opt.start_test)):
            wd = os.path.join(work, sub)
            os.makedirs(wd)
            open(os.path.join(wd, 'empty.yml'), 'w').close()
            s = P.Server(argparse.Namespace(start_cmd=cmd, timeout=60, start_timeout=30, ready_path='/-/ready', kill=False), wd)
            s.start()
            servers.append(s)
        ref, test = (s.api for s in servers)
        for blk in P.write_requests(diff.build_series(), 600000):
            ref.write(blk, '/api/v1/write')
            test.write(blk, '/api/v1/write')
        for row in rows:
            kind, left = kind_of(diff, ref, test, row)
            kinds[kind] += kind is not None
            if left:
                odd += 1
                print('%s [%s]\n    %s' % (row['query'], row['kind'], left))
    finally:
        for s in servers:
            s.stop()
        shutil.rmtree(work, ignore_errors=True)
    for name, _ in KINDS:
        print('%6d %s' % (kinds[name], name))
    print('%d of %d differ, %d of them not by an edge alone' % (len(rows), asked, odd))
    return 1 if odd else 0


if __name__ == '__main__':
    sys.exit(main())
