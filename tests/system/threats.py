"""What a feed's server or a submitter may try, for threats.sh.

    threats.py serve PORT DIR        feeds at PORT: what DIR/NAME says, see `Server`
    threats.py bomb KIND             writes a packed body to standard output
    threats.py drip URL N PATH...    N clients that post a byte a second to each PATH, and one that asks meanwhile
"""
import asyncio
import os
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
import zlib

GIB = 1 << 30


# --- bombs: 10 MB that unpack to 10 GB, without packing 10 GB
def repeated(wbits, times=10240):
    """A packed stream of so many MiB of zeros: a block that ends on a byte can stand there any number of times."""
    c = zlib.compressobj(9, zlib.DEFLATED, wbits)
    start = c.compress(b"0" * (1 << 20)) + c.flush(zlib.Z_FULL_FLUSH)
    block = c.compress(b"0" * (1 << 20)) + c.flush(zlib.Z_FULL_FLUSH)
    return start + block * times + c.flush()


def members(times=10240):
    """The same in as many members, each of which is whole."""
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    return (c.compress(b"0" * (1 << 20)) + c.flush()) * times


def twice():
    """Packed twice, it is some KiB."""
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    return c.compress(repeated(31)) + c.flush()


BOMBS = {  # name: (Content-Encoding, body)
    "gzip": ("gzip", lambda: repeated(31)),
    "members": ("gzip", members),
    "deflate": ("deflate", lambda: repeated(15)),
    "bare": ("deflate", lambda: repeated(-15)),
    "stacked": ("gzip, gzip", twice),
    "zstd": ("zstd", lambda: bytes.fromhex("28b52ffd") + b"\0" * 1000),
    "br": ("br", lambda: b"\x5b\xff\xff\xff\x07" * 1000),
    "x": ("x-" + "y" * 3000, lambda: b"z"),
}


# --- servers of feeds
class Server:
    """/NAME: 503 until the file DIR/NAME is there; it is taken away, the answer begins, and once all is over DIR/NAME.over is
    there with the number of bytes that went. /stamps: lines with stamps. /good/NAME: a sample each time. /drip/NAME: a byte a
    second for ever; DIR/drip says how many have begun and ended, and how often /good was asked until then."""

    def __init__(self, directory):
        self.dir = directory
        self.asked = 0
        self.open = {"begun": 0, "ended": 0}

    def note(self, name, text):
        with open(os.path.join(self.dir, name + ".new"), "w", encoding="ascii") as f:
            f.write(text)
        os.rename(os.path.join(self.dir, name + ".new"), os.path.join(self.dir, name))

    async def endless(self, w, header, before=b"", behind=b""):
        block, sent = b"u 1\n" * (1 << 14), 0
        w.write(header)
        while sent < 10 * GIB:
            w.write(before % len(block) + block + behind if before else block)
            await w.drain()
            sent += len(block)
        return sent

    async def hostile(self, w, name):
        if name == "endless":
            return await self.endless(w, b"HTTP/1.1 200 OK\r\n\r\n")
        if name == "chunks":
            return await self.endless(w, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"%x\r\n", b"\r\n")
        if name == "announced":
            return await self.endless(w, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (10 * GIB))
        encoding, make = BOMBS[name]
        return await self.send(w, f"Content-Encoding: {encoding}\r\n", make())

    async def send(self, w, headers, body, status="200 OK"):
        w.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await w.drain()
        return len(body)

    async def drip(self, w):
        self.count("begun")
        try:
            w.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                w.write(b"u")
                await w.drain()
                await asyncio.sleep(1)
        finally:
            self.count("ended")

    def count(self, what):
        self.open[what] += 1
        self.note("drip", f"{self.open['begun']} {self.open['ended']} {self.asked}\n")

    async def answer(self, w, path):
        what, _, name = path.strip("/").partition("/")
        if what == "drip":
            await self.drip(w)
        elif what == "good":
            self.asked += 1
            await self.send(w, "", b"good %d\n" % self.asked)
            return True
        elif what == "stamps":
            await self.send(w, "", b"far 1 9223372036854775807\nfar 2 -9223372036854775808\nnear 3\n")
            return True
        elif os.path.exists(os.path.join(self.dir, what)):
            os.unlink(os.path.join(self.dir, what))
            sent = -1
            try:
                sent = await self.hostile(w, what)
            finally:
                self.note(what + ".over", f"{sent}\n")
        else:
            await self.send(w, "", b"", "503 Later")
            return True
        return False

    async def connection(self, r, w):
        try:
            while await self.answer(w, (await r.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            w.close()


async def serve(port, directory):
    server = await asyncio.start_server(Server(directory).connection, "0.0.0.0", port)
    await server.serve_forever()


# --- submitters that drip
class Dripping:
    def __init__(self, url, n, paths):
        at = urllib.parse.urlparse(url)
        self.url, self.host, self.port = url, at.hostname, at.port
        self.cut, self.served, self.wrong = [], 0, []
        self.clients = [threading.Thread(target=self.client, args=(p,)) for p in paths for _ in range(n)]

    def client(self, path):
        """Until the server ends it, at most three minutes."""
        said = b""
        with socket.create_connection((self.host, self.port)) as s:
            s.sendall(f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/x-protobuf\r\n"
                      "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n"
                      "Content-Length: 100000\r\n\r\n".encode())
            s.settimeout(1)
            for _ in range(180):
                try:
                    s.sendall(b"x")
                    piece = s.recv(4096)
                except TimeoutError:
                    continue
                except OSError:
                    piece = b""
                said += piece
                if not piece:
                    self.cut.append(said[9:12].decode())
                    return

    def others(self):
        while any(c.is_alive() for c in self.clients):
            for path in ("/-/healthy", "/api/v1/query?query=1", "/metrics"):
                try:
                    with urllib.request.urlopen(self.url + path, timeout=60) as r:
                        self.served += r.status == 200
                except OSError as e:
                    self.wrong.append(f"{path}: {e}")
            time.sleep(0.2)

    def run(self):
        for c in self.clients:
            c.start()
        self.others()
        statuses = {s: self.cut.count(s) for s in sorted(set(self.cut))}
        print(f"{len(self.cut)} of {len(self.clients)} were cut off {statuses}; {self.served} others were served")
        print(*self.wrong[:10], sep="\n")
        return len(self.cut) < len(self.clients) or self.wrong or self.served < 30


if sys.argv[1] == "serve":
    asyncio.run(serve(int(sys.argv[2]), sys.argv[3]))
elif sys.argv[1] == "bomb":
    sys.stdout.buffer.write(BOMBS[sys.argv[2]][1]())
else:
    sys.exit(bool(Dripping(sys.argv[2], int(sys.argv[3]), sys.argv[4:]).run()))
