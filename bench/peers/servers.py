"""servers.py - the three servers: how each is started, flushed and asked. One folder and one port each.

A server runs as its package ships it, apart from what a set cannot be loaded without: prometheus needs its
remote write receiver, and an out-of-order window for figures of 2010; both peers need a retention that
keeps them. The -search… limits of victoria-metrics concern only how we count afterwards.
"""
import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import machine

READY_LIMIT_S = 180
STOP_LIMIT_S = 120


class Failed(Exception):
    """A sentence about why something could not be measured."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_us():
    """In the child: the kernel ends it when this program is killed outright."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)


def last_line(path):
    with open(path, "rb") as f:
        f.seek(max(0, os.path.getsize(path) - 2000))
        lines = f.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][-600:] if lines else "it said nothing"


class Server:
    name = ""
    program = ""
    ready_path = "/-/ready"
    write_path = "/api/v1/write"
    store_is_read = False  # by a program of its own, which takes no CPU of the server's

    def __init__(self, folder, clock, build):
        self.folder, self.clock, self.build = folder, clock, build
        self.data = os.path.join(folder, "data")
        self.log = os.path.join(folder, "log")
        self.port, self.process, self.line = free_port(), None, []
        os.makedirs(folder)

    # --- what each kind says about itself

    @classmethod
    def find(cls, build):
        """The program's path, or None."""
        return shutil.which(cls.program)

    @classmethod
    def version(cls, build):
        return None

    def command(self, of_set):
        raise NotImplementedError

    def can_flush(self, of_set):
        return True

    def flush(self, of_set):
        """Everything into its final form on disk; returns (how, the folders that then count)."""
        raise NotImplementedError

    # --- life

    def start(self, of_set):
        """Seconds from exec to ready."""
        self.line = self.command(of_set)
        with open(self.log, "ab") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(
                self.line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True, preexec_fn=die_with_us)
        while not self._is_ready():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}: {last_line(self.log)}")
            if time.monotonic() - began > READY_LIMIT_S:
                raise Failed(f"{self.name} was not ready after {READY_LIMIT_S} s")
            self.clock.check()
            time.sleep(0.002)
        return time.monotonic() - began

    def _is_ready(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            c.request("GET", self.ready_path)
            return c.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            c.close()

    @property
    def pid(self):
        return self.process.pid

    def cpu(self):
        return machine.cpu_of(self.pid)

    def kill(self):
        """SIGKILL; seconds until the process is gone."""
        began = time.monotonic()
        self.process.kill()
        self.process.wait()
        self.process = None
        return time.monotonic() - began

    def stop(self):
        """SIGTERM and wait; seconds. SIGKILL when it takes too long."""
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not end within {STOP_LIMIT_S} s of SIGTERM") from None
        self.process = None
        return time.monotonic() - began

    def close(self):
        """Whatever happened before: no process and no folder afterwards."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self, limit_s=90):
        """Waits until it has nothing to do any more."""
        end = time.monotonic() + limit_s
        quiet = 0
        while quiet < 2 and time.monotonic() < end:
            before = self.cpu()
            time.sleep(1)
            self.clock.check()
            quiet = quiet + 1 if self.cpu() - before < 0.03 else 0
        return quiet >= 2

    # --- asking

    def http(self, method, path, timeout=300):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=min(timeout, self.clock.left()))
        try:
            c.request(method, path)
            r = c.getresponse()
            return r.status, r.read()
        except (OSError, http.client.HTTPException) as e:
            raise Failed(f"{self.name}: {method} {path.split('?')[0]}: {e}") from None
        finally:
            c.close()

    def query(self, expr, at_s, **more):
        """The result of an instant query."""
        params = {"query": expr, "time": f"{at_s:.3f}", **more}
        status, body = self.http("GET", "/api/v1/query?" + urllib.parse.urlencode(params))
        if status != 200:
            raise Failed(f"{self.name}: query answered {status}: {body[:200].decode('utf-8', 'replace')}")
        return json.loads(body)["data"]["result"]

    def counts_versions(self, of_set):
        """Whether a figure and its correction count as two samples."""
        return False

    def count_samples(self, of_set, families):
        """How many samples it has, and how that was counted. Family by family, since
        count_over_time() drops the name and prometheus refuses series that are then equal."""
        total = 0
        for family in families:
            expr = f"sum(count_over_time({family}[{of_set.window}]))"
            result = self.query(expr, of_set.last_s + 1)
            total += int(result[0]["value"][1]) if result else 0
        return total, f"sum(count_over_time(FAMILY[{of_set.window}])) for each family"


class Prometheus(Server):
    name = program = "prometheus"

    @classmethod
    def version(cls, build):
        r = subprocess.run([cls.program, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"version (\S+)", r.stdout + r.stderr)
        return found and found[1].rstrip(",")

    def command(self, of_set):
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as f:
            f.write("global: {scrape_interval: 1m}\n")
            if of_set.is_parks:
                f.write("storage: {tsdb: {out_of_order_time_window: 30y}}\n")
        return [self.program, f"--config.file={config}", f"--storage.tsdb.path={self.data}",
                "--storage.tsdb.retention.time=40y", f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--log.level=warn"]

    def can_flush(self, of_set):
        # Each two hours from 2010 on are a compaction of their own: hours for this set.
        return not of_set.is_parks

    def flush(self, of_set):
        status, body = self.http("POST", "/api/v1/admin/tsdb/snapshot")
        if status != 200:
            raise Failed(f"prometheus: the snapshot answered {status}: {body[:200]!r}")
        return "POST /api/v1/admin/tsdb/snapshot; the size of the snapshot", [os.path.join(self.data, "snapshots")]


class VictoriaMetrics(Server):
    name = program = "victoria-metrics"

    def counts_versions(self, of_set):
        return True

    @classmethod
    def version(cls, build):
        # Debian's does not know its own: the package's, installed or (unpacked only) on offer.
        for line in (["dpkg-query", "-W", "-f", "${Version}", cls.program], ["apt-cache", "show", cls.program]):
            try:
                r = subprocess.run(line, capture_output=True, text=True, check=False)
            except OSError:
                continue  # not a Debian system
            found = re.search(r"^(?:Version: )?(\d\S*)", r.stdout, re.M)
            if r.returncode == 0 and found:
                return found[1]
        return None

    def command(self, of_set):
        return [self.program, f"-storageDataPath={self.data}", f"-httpListenAddr=127.0.0.1:{self.port}",
                "-retentionPeriod=40y", "-search.latencyOffset=0s", "-search.maxUniqueTimeseries=5000000",
                "-search.maxQueryDuration=120s", "-loggerLevel=WARN"]

    def query(self, expr, at_s, **more):
        return super().query(expr, at_s, nocache=1, **more)

    def flush(self, of_set):
        self.http("GET", "/internal/force_flush")
        self.http("GET", "/internal/force_merge")
        time.sleep(2)
        self.settle(180)
        return ("GET /internal/force_flush, GET /internal/force_merge, then idle; data and indexdb",
                [os.path.join(self.data, "data"), os.path.join(self.data, "indexdb")])


class Parkwatch(Server):
    name = program = "parkwatch"
    store_is_read = True

    def counts_versions(self, of_set):
        return of_set.with_vintages

    @classmethod
    def find(cls, build):
        path = os.path.abspath(os.path.join(build, "parkwatch"))
        return path if os.access(path, os.X_OK) else None

    @classmethod
    def version(cls, build):
        r = subprocess.run([cls.find(build), "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d+\.\d+\S*", r.stdout + r.stderr)
        return found and f"{found[0]} ({machine.commit()})"

    def command(self, of_set):
        line = [self.find(self.build), "run", "--data-dir", self.data, "--listen", f"127.0.0.1:{self.port}"]
        if of_set.with_vintages:
            config = os.path.join(self.folder, "parkwatch.yaml")
            with open(config, "w", encoding="utf-8") as f:
                f.write('remote_write: {enabled: true, statistics: ["park_*"]}\n')
            line += ["--config", config]
        return line

    def flush(self, of_set):
        how = "POST /api/v1/admin/flush; the whole data folder"
        status, body = self.http("POST", "/api/v1/admin/flush")
        if status // 100 != 2:
            how = f"not flushed (POST /api/v1/admin/flush answered {status}); the whole data folder"
        return how, [self.data]


KINDS = {k.name: k for k in (Prometheus, VictoriaMetrics, Parkwatch)}
