"""Requests that want far more than they are worth, put to a server one after the other.

    bombs.py URL PID       one line for each: name, what it took, what is wrong (empty: nothing)
    bombs.py URL PID rush  all of them at once by four clients, again and again for five seconds, while another asks
                           for /-/healthy and a small query: how often, and what was answered other than 200
    bombs.py URL           the same of a prometheus, which takes what it likes

What an answer took is the processor time of the server's threads and how far its memory rose above where it was
before (VmHWM, which writing 5 to clear_refs sets back). The time is for people to see; more than 8 MiB is wrong.
"""
import glob
import json
import re
import socket
import sys
import threading
import time
import urllib.parse

MEMORY = 8 << 20
host, port = urllib.parse.urlparse(sys.argv[1]).netloc.split(":")
now = int(time.time())


# --- requests: (method, path, header lines, body as pieces)
def get(path, **params):
    return "GET", path + "?" + urllib.parse.urlencode(params), [], []


def form(path, **params):
    body = urllib.parse.urlencode(params, doseq=True).encode()
    return ("POST", path, ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"],
            [body])


def query(text, **params):
    return form("/api/v1/query", query=text, time=now, **params)


def query_range(text, start=now - 600, end=now, step=60):
    return form("/api/v1/query_range", query=text, start=start, end=end, step=step)


def series(selector, path="/api/v1/series", **params):
    return form(path, **{"match[]": selector}, **params)


def large(path, kind, chunked, begin=b"", mib=100):
    piece = b"a" * (1 << 20)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(begin) + mib * len(piece)}"
    pieces = ([begin] if begin else []) + [piece] * mib
    if chunked:
        pieces = [b"%x\r\n%s\r\n" % (len(p), p) for p in pieces] + [b"0\r\n\r\n"]
    return "POST", path, [f"Content-Type: {kind}", length], pieces


FORM, OCTETS = "application/x-www-form-urlencoded", "application/octet-stream"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
FIRST, LAST = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
DEEP = b"[" * 1000000
LONG = None  # a prometheus works on it for more than its query.timeout
# name, request, what we answer, what Prometheus answers if not the same: patterns
BOMBS = [
    # deep and long
    ("20,000 parentheses", query("(" * 20000 + "1" + ")" * 20000), "400 bad_data", "200"),
    ("20,000 open parentheses", query("(" * 20000), "400 bad_data"),
    ("10,000 operands", query("+".join(["1"] * 10000)), "400 bad_data", LONG),
    ("10,000 vectors", query("+".join(["up"] * 10000)), "400 bad_data", LONG),
    ("20,000 signs", query("-" * 20000 + "1"), "400 bad_data", "200"),
    ("10,000 subqueries in each other", query("m" + "[1m:1s]" * 10000), "400 bad_data"),
    ("10,000 functions in each other", query("abs(" * 10000 + "m" + ")" * 10000), "400 bad_data", LONG),
    ("900 functions in each other", query("abs(" * 900 + "m" + ")" * 900), "200"),
    ("1 MB of text", query("1 + " * 250000 + "1"), "400 bad_data", LONG),
    ("10,000 matchers", query("{" + ",".join(f'a{i}="b"' for i in range(10000)) + "}"), "200"),
    ("a label of 200 KB", query('{a="' + "b" * 200000 + '"}'), "200"),
    ("10,000 selectors", series(["m"] * 10000), "413 bad_data", "200"),
    # steps
    ("a subquery of a year by ms", query("vector(1)[1y:1ms]"), "422 execution", LONG),
    ("its sum", query("sum_over_time(vector(1)[1y:1ms])"), "422 execution", LONG),
    ("its sum at each step", query_range("sum_over_time(vector(1)[1y:1ms])"), "422 execution", LONG),
    ("a subquery of a series of a year by ms", query("m[1y:1ms]"), "422 execution", LONG),
    ("twelve subqueries in each other", query("sum_over_time(" * 12 + "m" + "[1y:1ms])" * 12), "422 execution", LONG),
    ("a million steps", query_range("1", 0, 1000000, 1), "400 bad_data"),
    ("a step of a nanosecond", query_range("1", 0, 1, "1e-9"), "400 bad_data"),
    ("a step of zero", query_range("1", 0, 1, 0), "400 bad_data"),
    ("a step below zero", query_range("1", 0, 1, -1), "400 bad_data"),
    # all time
    ("a range over all time", query("m[290y]"), "200"),
    ("a function over all time", query("max_over_time(m[290y])"), "200"),
    ("a function over all time at each step", query_range("max_over_time(m[290y])"), "200"),
    ("three million years", query_range("m", -4.9e13, 4.9e13, 9.1e9), "200"),
    ("series of all time", series("m", start=FIRST, end=LAST), "200"),
    ("labels of all time", form("/api/v1/labels", start=FIRST, end=LAST), "200"),
    ("values of all time", get("/api/v1/label/__name__/values", start=FIRST, end=LAST), "200"),
    ("the first moment", query_range("m", FIRST, FIRST, 1), "200"),
    ("the last moment", query_range("m", LAST, LAST, 1), "200"),
    ("from the first to the last moment", query_range("m", FIRST, LAST, 60), "400 bad_data"),
    # durations
    ("a range that overflows", query("m[99999999999y]"), "400 bad_data"),
    ("an offset that overflows", query("m offset 99999999999y"), "400 bad_data"),
    ("a long offset", query("m offset 290y"), "200"),
    ("a time of @ that overflows", query("m @ 1e300"), "400 bad_data"),
    ("a step that overflows", query_range("1", 0, 1, "1e300"), "400 bad_data"),
    ("a step with a unit that overflows", query_range("1", 0, 1, "99999999999y"), "400 bad_data"),
    ("a timeout that overflows", query("1", timeout="1e300"), "400 bad_data"),
    ("a lookback that overflows", query("1", lookback_delta="99999999999y"), "400 bad_data", "200"),
    ("a number of 200,000 digits", query("1" * 200000), "400 bad_data"),
    # regular expressions
    ("a regular expression repeated", query('m{x=~".{1000}{1000}"}'), "400 bad_data"),
    ("a group repeated", query('m{x=~"((a{100}){100}){100}"}'), "400 bad_data"),
    ("series by it", series('m{x=~"((a{100}){100}){100}"}'), "400 bad_data"),
    ("20,000 groups in each other", query('m{x=~"' + "(" * 20000 + ")" * 20000 + '"}'), "400 bad_data"),
    ("20,000 alternatives", query('m{x=~"' + "|".join(f"a{i}.*b" for i in range(20000)) + '"}'), "400 bad_data",
     "200"),
    ("label_replace with a broken one", query('label_replace(m, "a", "$1", "x", "(")'), "422 execution"),
    ("label_replace with a large one", query('label_replace(m, "a", "$1", "x", ".{1000}{1000}")'),
     "422 execution"),
    ("label_replace by 10,000 groups", query('label_replace(m, "a", "' + "$1" * 10000 + '", "x", "(.*)")'), "200"),
    ("backtracking", query('m{i=~"(a*)*b"}'), "200"),
    # text
    ("no UTF-8", query(b"\xff\xfe"), "400 bad_data"),
    ("no UTF-8 in a label", query(b'm{a="\xff"}'), "400 bad_data"),
    ("no UTF-8 in match[]", series(b'm{a="\xff"}'), "400 bad_data"),
    ("escapes of no UTF-8", query('m{a="\\xff"}'), "400 bad_data", "200"),
    ("NUL", query("m\0"), "400 bad_data"),
    # numbers as times
    ("NaN as time", form("/api/v1/query", query="1", time="NaN"), "400 bad_data", "200"),
    ("infinity as time", form("/api/v1/query", query="1", time="Inf"), "400 bad_data", "200"),
    ("NaN as start", query_range("1", "NaN", 1, 1), "400 bad_data"),
    ("infinity as end", query_range("1", 0, "+Inf", 1), "400 bad_data"),
    ("NaN as step", query_range("1", 0, 1, "NaN"), "400 bad_data"),
    ("infinity as step", query_range("1", 0, 1, "Inf"), "400 bad_data"),
    ("NaN as timeout", query("1", timeout="NaN"), "400 bad_data", "503 timeout"),
    ("NaN in @", query("m @ NaN"), "400 bad_data"),
    ("infinity as limit", query("m", limit="Inf"), "400 bad_data", "200"),
    ("NaN as parameter", query("topk(NaN, m)"), "422 execution"),
    ("infinity as parameter", query("topk(Inf, m)"), "422 execution"),
    # bodies. What comes in chunks is read up to four times the limit, then the connection is cut
    ("100 MB", large("/api/v1/query", OCTETS, False), "413 bad_data", "400 bad_data"),
    ("100 MB in chunks", large("/api/v1/query", OCTETS, True), "cut", "400 bad_data"),
    ("100 MB of a form", large("/api/v1/query", FORM, False, b"query="), "413 bad_data", "400 bad_data"),
    ("100 MB of a form in chunks", large("/api/v1/query", FORM, True, b"query="), "cut", "400 bad_data"),
    ("100 MB of match[]", large("/api/v1/series", FORM, True, b"match[]="), "cut", "400 bad_data"),
    ("6 MB in chunks", large("/api/v1/query", FORM, True, b"query=", 6), "413 bad_data", "200"),
    ("100 MB of samples", large("/api/v1/write", PROTOBUF, True), "cut", "400|cut"),
    ("100 MB of matchers to read", large("/api/v1/read", PROTOBUF, False), "413 bad_data", "400|cut"),
    ("100 MB to nowhere", large("/nowhere", OCTETS, False), "404"),
    ("deep JSON where none is taken", ("POST", "/api/v1/query", [f"Content-Type: {JSON}",
                                       f"Content-Length: {len(DEEP)}"], [DEEP]), "400 bad_data"),
    ("a header of 1 MB", ("GET", "/-/healthy", ["X-Long: " + "a" * 1000000], []), "431.*", "200"),
    ("an address of 1 MB", ("GET", "/api/v1/query?query=" + "1" * 1000000, [], []), "414.*", "400 bad_data"),
]


# --- one request
def send(s, method, path, headers, pieces):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
    try:
        s.sendall("\r\n".join(lines).encode())
        for piece in pieces:
            s.sendall(piece)
    except OSError:
        pass  # refused before it was all there


def ask(request):
    """Status and errorType: "422 execution", "200"; "cut" where the connection ended without an answer."""
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as s:
        send(s, *request)
        try:
            while piece := s.recv(1 << 20):
                answer += piece
        except TimeoutError:
            return "nothing within 60 s"
        except OSError:
            pass  # reset: what has come counts
    if not answer:
        return "cut"
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        kind = json.loads(body[body.index(b"{"):body.rindex(b"}") + 1]).get("errorType", "")
    except ValueError:
        kind = ""
    return f"{head.split()[1].decode()} {kind}".strip()


# --- what the server takes
def processor_ns(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as f:
            total += int(f.read().split()[0])
    return total


def memory(pid, what):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith(what + ":"))


def measure(pid, request):
    with open(f"/proc/{pid}/clear_refs", "w") as f:
        f.write("5")
    before, begun = memory(pid, "VmHWM"), processor_ns(pid)
    answer = ask(request)
    return answer, processor_ns(pid) - begun, memory(pid, "VmHWM") - before


def complaint(answer, want):
    return "" if re.fullmatch(want, answer) else f"answered {answer}, not {want}"


def one_by_one(pid):
    for name, request, want, *_ in BOMBS:
        answer, ns, grown = measure(pid, request)
        wrong = complaint(answer, want)
        if grown > MEMORY:
            wrong += f" took {grown >> 20} MiB"
        print(f"{name}\t{answer}, {ns / 1e6:.1f} ms, {grown / (1 << 20):.1f} MiB\t{wrong}", flush=True)


def prometheus():
    for name, request, want, *other in BOMBS:
        if other != [LONG]:
            answer = ask(request)
            print(f"{name}\tprometheus: {answer}\t{complaint(answer, *(other or [want]))}", flush=True)


# --- others meanwhile
def rush(pid):
    end = time.monotonic() + 5
    asked, wrong = {}, []

    def bomber(first):
        i = first
        while time.monotonic() < end:
            ask(BOMBS[i % len(BOMBS)][1])
            i += 1

    def other(name, request):
        longest = 0
        while time.monotonic() < end:
            begun = time.monotonic()
            answer = ask(request)
            longest = max(longest, time.monotonic() - begun)
            asked[name] = asked.get(name, 0) + 1
            if answer != "200":
                wrong.append(f"{name}: {answer}")
        asked[name + ", longest ms"] = round(longest * 1000)

    threads = [threading.Thread(target=bomber, args=(i * len(BOMBS) // 4,)) for i in range(4)]
    threads += [threading.Thread(target=other, args=("healthy", get("/-/healthy"))),
                threading.Thread(target=other, args=("query", get("/api/v1/query", query="sum(m)", time=now)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(*wrong[:10], asked)
    return bool(wrong) or not asked.get("query") or not asked.get("healthy")


if len(sys.argv) == 2:
    prometheus()
elif len(sys.argv) == 3:
    one_by_one(int(sys.argv[2]))
else:
    sys.exit(rush(int(sys.argv[2])))
