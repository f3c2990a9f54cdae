"""hostile.py - servers as no office should have them, and good ones beside them: one process, an address of loopback each.

    hostile.py PORT N LOG        answers until it is ended; each ask of a good feed is a line "NAME SECONDS" in LOG
    hostile.py config PORT N     prints a configuration of N feeds, three in ten of them hostile
    hostile.py late LOG EVERY    prints how many good asks there were, and how many came late

A good feed answers a CSV of 50 lines whose figures change with each ask. What the others do is in `Hostile`.
"""
import asyncio
import collections
import gzip
import sys
import time

LATE = 0.5  # of the interval: an ask that comes so much later than it should is late


def last_month():
    now = time.gmtime(time.time() + 8 * 3600)
    return f"{now.tm_year - 1}-12" if now.tm_mon == 1 else f"{now.tm_year}-{now.tm_mon - 1:02}"


def csv(n):
    parks = "".join(f"p{k},{last_month()},{n % 900 + k}.5\n" for k in range(50))
    return ("park,period,value\n" + parks).encode()


def answer(body, status="200 OK", more=""):
    return (f"HTTP/1.1 {status}\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n{more}\r\n").encode() + body


class Hostile:
    bomb = gzip.compress(b"0" * (200 << 20), 6)

    @staticmethod
    async def silent(w):
        await asyncio.sleep(60)

    @staticmethod
    async def drip(w):
        w.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(60):
            w.write(b"p")
            await w.drain()
            await asyncio.sleep(1)

    @staticmethod
    async def slow_header(w):
        for c in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20:
            w.write(bytes([c]))
            await w.drain()
            await asyncio.sleep(0.5)

    @staticmethod
    async def endless(w):
        w.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n")
        for _ in range(4096):
            w.write(b"park,period,value\n" * 4096)
            await w.drain()

    @staticmethod
    async def packed_bomb(w):
        w.write(answer(Hostile.bomb, more="Content-Encoding: gzip\r\n"))
        await w.drain()

    @staticmethod
    async def reset(w):
        w.transport.abort()

    @staticmethod
    async def cut_off(w):
        w.write(answer(csv(1))[:200])
        await w.drain()

    @staticmethod
    async def garbage(w):
        w.write(bytes(range(256)) * 64)
        await w.drain()

    @staticmethod
    async def large_header(w):
        w.write(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * (4 << 20) + b"\r\n\r\n")
        await w.drain()

    @staticmethod
    async def page(w):
        w.write(answer(b"<!DOCTYPE html><title>login</title>" + b"<p>" * 20000))
        await w.drain()

    @staticmethod
    async def error(w):
        w.write(answer(b"no", "500 Internal Server Error"))
        await w.drain()

    @staticmethod
    async def redirect(w):
        w.write(answer(b"", "302 Found", "Location: http://169.254.169.254/latest/meta-data/\r\n"))
        await w.drain()

    @staticmethod
    async def loop(w):
        w.write(answer(b"", "302 Found", "Location: /bad/loop\r\n"))
        await w.drain()

    @staticmethod
    async def deep_quotes(w):
        w.write(answer(b"park,period,value\n" + b'"' * (1 << 20)))
        await w.drain()

    @staticmethod
    async def many_columns(w):
        w.write(answer(b"park,period,value" + b",x" * 100000 + b"\np0,2026-09,1" + b",2" * 100000))
        await w.drain()

    @staticmethod
    async def many_names(w):
        w.write(answer(b"park,period,value\n" + b"".join(b"x%d,2026-09,1\n" % k for k in range(60000))))
        await w.drain()


KINDS = [k for k, v in vars(Hostile).items() if isinstance(v, staticmethod)]


def address(k):
    return f"127.0.{k // 200 + 1}.{k % 200 + 1}"


async def serve(port, n, path):
    log, asked, began = open(path, "a", encoding="ascii"), collections.Counter(), time.monotonic()

    async def on_connection(r, w):
        try:
            while True:
                head = await r.readuntil(b"\r\n\r\n")
                _, what, name = head.split(b" ", 2)[1].decode().split("/")[:3]
                if what == "bad":
                    await getattr(Hostile, name)(w)
                    break
                asked[name] += 1
                log.write(f"{name} {time.monotonic() - began:.3f}\n")
                log.flush()
                w.write(answer(csv(asked[name])))
                await w.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            w.close()

    server = await asyncio.start_server(on_connection, [address(k) for k in range(n)], port)
    await server.serve_forever()


def config(port, n):
    layout = "{unit: {column: park}, indicator: {is: x_yuan}, period: {column: period}, value: {column: value}}"
    print("feeds:")
    for k in range(n):
        bad = k % 10 < 3
        path = f"bad/{KINDS[(k // 10 * 3 + k % 10) % len(KINDS)]}/{k}" if bad else f"good/g{k}"
        print(f"  - {{name: f{k}, url: 'http://{address(k)}:{port}/{path}', format: csv, every: 5s, jitter: 0, timeout: 8s, "
              f"redirects: 3, backoff_max: 10s, layout: {layout}}}")


def late(path, every):
    last, asks, slow = {}, 0, 0
    with open(path, encoding="ascii") as f:
        for line in f:
            name, at = line.split()
            if name in last:
                asks += 1
                slow += float(at) - last[name] > every * (1 + LATE)
            last[name] = float(at)
    print(asks, slow)


if sys.argv[1] == "config":
    config(int(sys.argv[2]), int(sys.argv[3]))
elif sys.argv[1] == "late":
    late(sys.argv[2], float(sys.argv[3]))
else:
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
