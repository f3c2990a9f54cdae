"""sets.py - what is loaded, and how long a run may take."""
import time

from servers import Failed

PARKS_LAST_S = 1788105600  # 2026-08-31 00:00 Asia/Shanghai


class Clock:
    """The time limit of the whole run."""

    def __init__(self, minutes):
        self.end = time.monotonic() + 60 * minutes

    def left(self):
        return max(1.0, self.end - time.monotonic())

    def check(self):
        if time.monotonic() > self.end:
            raise Failed("the time limit of the run is over (--limit-minutes)")

    @staticmethod
    def now():
        return time.monotonic()


class Set:
    """One way of loading one of bench/load's sets."""

    def __init__(self, name, loads, series, vintages=False, options=()):
        self.name, self.loads, self.series, self.with_vintages = name, loads, series, vintages
        self.is_parks = loads.startswith("parks")
        self.is_churn = loads == "churn"
        self.window = "18y" if self.is_parks else "25h"
        self.families = "park_.+" if self.is_parks else ".+"
        self.options = ["--set", loads, *options]
        self.last_s = PARKS_LAST_S

    def end_now(self):
        """One end for all servers, so that each gets the same samples."""
        if not self.is_parks:
            self.last_s = int(time.time()) // 60 * 60 - 120
            self.options += ["--end", str(self.last_s * 1000)]


SETS = {s.name: s for s in (
    Set("S", "S", 4000), Set("M", "M", 100000), Set("parks", "parks", 12000),
    Set("vintages", "parks", 12000, vintages=True), Set("churn", "churn", 1000000))}
QUICK = {s.name: s for s in (
    Set("Smini", "Smini", 400), Set("Mmini", "Mmini", 10000), Set("parksmini", "parksmini", 300),
    Set("vintagesmini", "parksmini", 300, vintages=True),
    Set("churnmini", "churn", 20000, options=["--series", "20000"]))}
