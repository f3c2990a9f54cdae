"""Whether a process has some bytes in its memory: memory.py PID, the bytes on standard input.

Ends with 0 when it has, 1 when not, 3 when its memory cannot be read.
"""
import sys

pid = sys.argv[1]
wanted = sys.stdin.buffer.read()
PIECE = 1 << 24

try:
    memory = open("/proc/%s/mem" % pid, "rb", buffering=0)
    maps = open("/proc/%s/maps" % pid).read().splitlines()
except PermissionError:
    sys.exit(3)
found = 0
for line in maps:
    span, rights = line.split()[:2]
    start, end = (int(x, 16) for x in span.split("-"))
    # What can be written and is not a file shared with others: the rest holds no secret of ours.
    if not rights.startswith("rw") or rights[3] == "s":
        continue
    for at in range(start, end, PIECE):
        try:
            memory.seek(at)
            found += wanted in memory.read(min(PIECE + len(wanted), end - at))
        except (OSError, ValueError, OverflowError):
            continue
sys.exit(0 if found else 1)
