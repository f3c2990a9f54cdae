"""A witness between a Prometheus and us: passes remote write requests on and keeps each with its answer.

    recording_proxy.py PORT URL FILE

A record is a byte (1: we answered 2xx), four bytes of length, the body as sent. It is on file before the
sender has the answer, so what the sender may forget is in it.
"""
import http.client
import http.server
import struct
import sys
import threading
import urllib.parse

port, url, path = int(sys.argv[1]), urllib.parse.urlparse(sys.argv[2]), sys.argv[3]
out, lock = open(path, "ab", buffering=0), threading.Lock()


class Witness(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the sender was killed

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            self.close_connection = True  # it was killed while it sent
            return
        status = 503
        try:
            to = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
            names = ("Content-Type", "Content-Encoding", "X-Prometheus-Remote-Write-Version")
            to.request("POST", url.path, body, {n: self.headers[n] for n in names if self.headers[n]})
            answer = to.getresponse()
            text = answer.read()
            status = answer.status
            if status >= 300:
                print(status, text[:200], flush=True)
            to.close()
        except (OSError, http.client.HTTPException):
            pass
        with lock:
            out.write(struct.pack("<BI", 200 <= status < 300, len(body)) + body)
        try:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Witness).serve_forever()
