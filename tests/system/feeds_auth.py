"""Servers that want to know who asks, and a proxy; what each was asked is a line of JSON.

feeds_auth.py PKI RECORD PORTS: all on loopback. PORTS gets "NAME PORT" lines once everything listens.
"""
import http.server
import json
import os
import select
import socket
import ssl
import sys
import threading

pki, record, ports = sys.argv[1:]
lock = threading.Lock()


def note(server, request, body=""):
    line = {"server": server, "line": request.requestline, "body": body}
    line["headers"] = {k.lower(): v for k, v in request.headers.items()}
    with lock, open(record, "a") as f:
        f.write(json.dumps(line) + "\n")


class Origin(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        note(self.server.name, self, body)
        text = b"asked 1\n"
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "https://127.0.0.1:%d/stolen" % names["other"])
        else:
            self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Proxy(Origin):
    def do_CONNECT(self):
        note(self.server.name, self)
        if self.server.name == "closed":
            self.send_error(403)
            return
        host, port = self.path.rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        self.send_response(200)
        self.end_headers()
        ends = {self.connection: far, far: self.connection}
        while True:
            for s in select.select(list(ends), [], [])[0]:
                data = s.recv(65536)
                if not data:
                    far.close()
                    self.close_connection = True
                    return
                ends[s].sendall(data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a handshake that the client refuses is what is wanted


def serve(name, handler, certificate=None, only=None, client=False):
    s = Server(("127.0.0.1", 0), handler)
    s.name = name
    if certificate:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if only:
            c.set_ciphers("DEFAULT@SECLEVEL=0")
            c.minimum_version = c.maximum_version = only
        c.load_cert_chain("%s/%s.pem" % (pki, certificate), "%s/%s.key" % (pki, certificate))
        if client:
            c.verify_mode = ssl.CERT_REQUIRED
            c.load_verify_locations(pki + "/ca.pem")
        s.socket = c.wrap_socket(s.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_port


names = {
    "good": serve("good", Origin, "good"),
    "other": serve("other", Origin, "good"),
    "plain": serve("plain", Origin),
    "wants": serve("wants", Origin, "good", client=True),
    "expired": serve("expired", Origin, "expired"),
    "stranger": serve("stranger", Origin, "stranger"),
    "self": serve("self", Origin, "self"),
    "tls10": serve("tls10", Origin, "good", ssl.TLSVersion.TLSv1),
    "tls11": serve("tls11", Origin, "good", ssl.TLSVersion.TLSv1_1),
    "proxy": serve("proxy", Proxy),
    "closed": serve("closed", Proxy),
    "unasked": serve("unasked", Proxy),
}
with open(ports + ".new", "w") as f:
    for name, port in names.items():
        f.write("%s %d\n" % (name, port))
os.rename(ports + ".new", ports)
threading.Event().wait()
