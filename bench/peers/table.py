"""table.py - the Markdown table: a row a figure and set, the peers' ratios to parkwatch, what is wanted, and
the command that measures the row again.

What is wanted stands in WANTED: `times` is how many times better than that peer at least, `most` the highest
value, `least` the lowest, `aim` what one hopes for.
"""
import statistics

MIB = "MiB"
WANTED = {
    ("ingest", "S"): {"times": {"prometheus": 20, "victoria-metrics": 4}, "aim": 0.35},
    ("ingest", "M"): {"times": {"prometheus": 25, "victoria-metrics": 5}, "aim": 0.45},
    ("ingest", "parks"): {"most": 0.5},
    ("ingest", "vintages"): {"most": 3},
    ("bytes", "S"): {"most": 1.08},
    ("bytes", "M"): {"most": 1.45},
    ("bytes", "parks"): {"most": 2.5},
    ("memory", "S"): {"most": 80},
    ("memory", "M"): {"most": 280},
    ("memory", "parks"): {"most": 60},
    ("killed", "S"): {"most": 0.3},
    ("killed", "M"): {"most": 2},
    ("killed", "parks"): {"most": 0.1},
    ("restart", "churn"): {"most": 0.3},
    ("lost", "S"): {"most": 0},
    ("lost", "M"): {"most": 0},
    ("lost", "parks"): {"most": 0},
    ("lost", "vintages"): {"most": 0},
    ("values", "parks"): {"least": 100},
    ("values", "vintages"): {"least": 100},
    ("values_killed", "parks"): {"least": 100},
    ("values_killed", "vintages"): {"least": 100},
    ("corrected", "parks"): {"least": 100},
    ("corrected", "vintages"): {"least": 100},
    ("corrected_killed", "parks"): {"least": 100},
    ("corrected_killed", "vintages"): {"least": 100},
    ("earlier", "vintages"): {"least": 100},
    ("earlier_killed", "vintages"): {"least": 100},
}


def share(part, whole):
    """A percentage that only says 100 when it is."""
    if not whole:
        return None
    percent = 100 * part / whole
    return min(percent, 99.99) if part < whole else percent


def corrected(result, where, kind="revised"):
    told = result.get(where)
    return share(told[kind], told["asked"]) if told else None


def values(result, where):
    """What is there and should not be is no better than what is not."""
    told = result.get(where)
    return share(told["right"], told["expected"] + told["more"]) if told else None


# key, what it is, how a result gives it
FIGURES = (
    ("ingest", "ingest, CPU s per M samples", lambda r: r.get("cpu_per_m")),
    ("ingest_flushed", "the same with flush", lambda r: r.get("cpu_per_m_flushed")),
    ("bytes", "bytes a sample on disk, flushed", lambda r: r.get("bytes_per_sample")),
    ("memory", "peak anonymous memory while loading, MiB", lambda r: r.get("peak_anon_mib")),
    ("highest", "highest resident (VmHWM), MiB", lambda r: r.get("highest_mib")),
    ("killed", "SIGKILL → ready, s", lambda r: r.get("killed_ready_s")),
    ("lost", "acknowledged samples lost by SIGKILL", lambda r: r.get("lost")),
    ("values", "values read back right, %", lambda r: values(r, "values")),
    ("values_killed", "values after SIGKILL, %", lambda r: values(r, "values_killed")),
    ("corrected", "corrected values read back right, %", lambda r: corrected(r, "corrected")),
    ("corrected_killed", "corrected values after SIGKILL, %", lambda r: corrected(r, "corrected_killed")),
    ("earlier", "their earlier vintages read back right, %", lambda r: corrected(r, "earlier", "first")),
    ("earlier_killed", "earlier vintages after SIGKILL, %", lambda r: corrected(r, "earlier_killed", "first")),
    ("restart", "clean restart → ready, s", lambda r: r.get("restart_ready_s")),
    ("acked", "samples acknowledged of those sent, %", lambda r: share(r["acked"], r["sent"]) if r.get("sent") else None),
    ("others", "share of the machine others took, %", lambda r: 100 * r["others_share"] if "others_share" in r else None),
)
MORE_IS_BETTER = {"values", "values_killed", "corrected", "corrected_killed", "earlier", "earlier_killed", "acked"}
NO_RATIO = MORE_IS_BETTER | {"lost", "others"}


def number(v):
    if v is None:
        return "–"
    if v == int(v) or abs(v) >= 1000:
        return f"{v:,.0f}"
    return f"{v:.1f}" if abs(v) >= 100 else f"{v:.2f}" if abs(v) >= 1 else f"{v:.3f}"


def wanted_text(want):
    parts = [f"{n} × better than {p}" for p, n in want.get("times", {}).items()]
    parts += [f"≤ {want['most']}"] if "most" in want else []
    parts += [f"≥ {want['least']}"] if "least" in want else []
    parts += [f"aim at {want['aim']}"] if "aim" in want else []
    return ", ".join(parts) or "–"


def median(numbers):
    numbers = [x for x in numbers if x is not None]
    return statistics.median(numbers) if numbers else None


def ratios_to(figure, each, peer):
    """How many times ours a peer's is, pair by pair: they ran next to each other."""
    if figure in NO_RATIO:
        return []
    return [theirs / ours for theirs, ours in zip(each[peer], each.get("parkwatch", [])) if ours and theirs is not None]


def is_reached(want, values, ratios):
    """True, False, or None when it cannot be told."""
    ours = values.get("parkwatch")
    if ours is None or not want:
        return None
    checks = [ours <= want["most"]] if "most" in want else []
    checks += [ours >= want["least"]] if "least" in want else []
    told = [(median(ratios.get(peer, [])), times) for peer, times in want.get("times", {}).items()]
    checks += [ratio >= times for ratio, times in told if ratio is not None]
    if all(checks) and any(ratio is None for ratio, _ in told):
        return None
    return all(checks) if checks else None


def rows(results, sets):
    """[{figure, text, set, values, each, ratios, wanted, reached}] in the order of FIGURES and sets. `values` are
    medians of `each`, which has one a pair."""
    out = []
    for key, text, get in FIGURES:
        for of_set in sets:
            each = {p: [get(x) for x in (r, *r["again"])] for (p, s), r in results.items() if s == of_set.name}
            mine = {p: median(e) for p, e in each.items()}
            if all(v is None for v in mine.values()):
                continue
            want = WANTED.get((key, of_set.name), {})
            ratios = {p: ratios_to(key, each, p) for p in each if p != "parkwatch"}
            out.append({"figure": key, "text": text, "set": of_set.name, "values": mine, "each": each,
                        "ratios": ratios, "wanted": want, "reached": is_reached(want, mine, ratios)})
    return out


def ratio(row, peer):
    all_of_them = row["ratios"].get(peer)
    if not all_of_them:
        return "–"
    text = f"{median(all_of_them):.1f} ×"
    if len(all_of_them) > 1:
        text += f" ({min(all_of_them):.1f}–{max(all_of_them):.1f} in {len(all_of_them)})"
    return text


def markdown(all_rows, peers, command_of):
    others = [p for p in peers if p != "parkwatch"]
    head = ["figure", "set", *peers]
    if "parkwatch" in peers:
        head += [f"{p} ÷ parkwatch" for p in others]
    head += ["parkwatch at least", "reached", "command"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in all_rows:
        cells = [row["text"], row["set"], *(number(row["values"].get(p)) for p in peers)]
        if "parkwatch" in peers:
            cells += [ratio(row, p) for p in others]
        cells += [wanted_text(row["wanted"]), {True: "yes", False: "**no**", None: "–"}[row["reached"]],
                  f"`{command_of(row['set'])}`"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
