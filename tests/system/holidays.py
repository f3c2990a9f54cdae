"""Compares a holidays file with python3-workalendar, day by day, in the years both have."""
import datetime
import sys

import yaml
from workalendar.asia import China
from workalendar.asia.china import holidays

DAY = datetime.timedelta(days=1)
# The Spring Festival of 2020 was extended by a notice of its own, which workalendar does not have.
EXTENDED = {datetime.date(2020, 1, 31), datetime.date(2020, 2, 1)}


def days_of(entry, year):
    first, _, last = str(entry).partition("/")
    day = datetime.date.fromisoformat(first)
    end = datetime.date.fromisoformat(last or first)
    while day <= end:
        yield day
        day += DAY


def is_worked(day, off, worked):
    return day in worked or (day.weekday() < 5 and day not in off)


def main(path):
    ours = {int(y["year"]): y for y in yaml.load(open(path), Loader=yaml.BaseLoader)["holidays"]}  # "off" is no false
    china, differ, compared = China(), 0, 0
    for year in sorted(set(ours) & set(holidays)):
        off = {d for e in ours[year]["off"] for d in days_of(e, year)}
        worked = {d for e in ours[year].get("worked", []) for d in days_of(e, year)}
        day = datetime.date(year, 1, 1)
        while day.year == year:
            compared += 1
            if day not in EXTENDED and is_worked(day, off, worked) != china.is_working_day(day):
                print(f"{day} {day:%a}: worked here: {is_worked(day, off, worked)}")
                differ += 1
            day += DAY
    print(f"{compared} days compared, {differ} differ")
    return 1 if differ or compared == 0 else 0


sys.exit(main(sys.argv[1]))
