"""machine.py - what /proc, the file system and the clock say: CPU, memory, disk blocks, who else was busy.

CPU is user and system time in seconds, memory MiB, disk the blocks that are really taken (st_blocks).
"""
import glob
import os
import platform
import subprocess
import threading
import time

HZ = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def cpu_of(pid):
    """Of the process, its children that have ended, and those that run."""
    fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    total = sum(int(x) for x in fields[11:15]) / HZ
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in read(path).split():
            try:
                total += cpu_of(child)
            except OSError:
                pass  # it ended just now and is in its parent's figure the next time
    return total


def cpu_of_all():
    """Of the whole machine, everybody's, without idling and waiting for the disk."""
    fields = [int(x) for x in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / HZ


def cpu_of_ourselves():
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def memory_of(pid):
    found = {}
    for line in read(f"/proc/{pid}/status").splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmHWM", "VmRSS", "RssAnon"):
            found[name] = int(rest.split()[0]) / 1024
    return found


def forget_peak_of(pid):
    """VmHWM counts from here on (proc(5), clear_refs)."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as f:
        f.write("5")


def disk_of(*folders):
    """Files, bytes on disk, and bytes as the files call themselves. Left out is what prometheus is just
    about to write: half a GiB of reserved space for each block, given back a moment later."""
    files = blocks = named = 0
    for folder in folders:
        for at, below, names in os.walk(folder):
            below[:] = [x for x in below if not x.endswith(".tmp-for-creation")]
            for name in names:
                try:
                    s = os.lstat(os.path.join(at, name))
                except OSError:
                    continue  # merged away meanwhile
                files, blocks, named = files + 1, blocks + s.st_blocks * 512, named + s.st_size
    return {"files": files, "bytes": blocks, "apparent_bytes": named}


class MemoryWatch:
    """Looks at a process every 20 ms until it is stopped: the highest anonymous memory, and the
    kernel's own highest resident mark, which counts mapped files, too."""

    def __init__(self, pid, every_s=0.02):
        self.pid, self.every_s = pid, every_s
        self.peak_anon, self.highest, self.looks = 0.0, 0.0, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _look(self):
        try:
            m = memory_of(self.pid)
        except OSError:
            return False
        self.peak_anon = max(self.peak_anon, m.get("RssAnon", 0))
        self.highest = max(self.highest, m.get("VmHWM", 0))
        self.looks += 1
        return True

    def _watch(self):
        while self._look() and not self.ended.wait(self.every_s):
            pass

    def stop(self):
        self.ended.set()
        self.thread.join()
        self._look()
        return {"peak_anon_mib": round(self.peak_anon, 1), "highest_mib": round(self.highest, 1), "looks": self.looks}


class Others:
    """What share of all cores somebody else took between two points in time."""

    def __init__(self):
        self.wall, self.all, self.own = time.monotonic(), cpu_of_all(), cpu_of_ourselves()

    def share(self, of_the_server):
        """`of_the_server`: its CPU seconds meanwhile; the load generator is a child of ours."""
        wall = time.monotonic() - self.wall
        rest = cpu_of_all() - self.all - (cpu_of_ourselves() - self.own) - of_the_server
        return round(max(0.0, rest) / max(wall, 1e-3) / CORES, 3)


def commit():
    """What is checked out here; "?" outside of a checkout."""
    try:
        r = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    except OSError:
        return "?"
    return r.stdout.strip() or "?"


def notes(folder):
    """About this machine, for whoever reads the figures later."""
    model = [x.split(":", 1)[1].strip() for x in read("/proc/cpuinfo").splitlines() if x.startswith("model name")]
    total = int(read("/proc/meminfo").split()[1]) // 1024
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=False)
    return {
        "date": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
        "cores": CORES,
        "cpu": model[0] if model else platform.machine(),
        "memory_mib": total,
        "kernel": platform.release(),
        "file_system": kind.stdout.strip(),
        "load_average": [round(x, 2) for x in os.getloadavg()],
    }
