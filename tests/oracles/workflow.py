"""Workflows by enumeration: every row of every phase, every way to keep servers; knows no package code."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

QUANTITIES = ("time", "cost", "functions")
CLOUD = {"gb_s": 2e-5, "call": 2e-7, "vcpu": 1000.0, "speed": 50e6, "latency": 0.05, "read": 1e-6, "write": 1e-5}
STARTS = ((1, 1.0), (10, 4.0))
Phase = dict[str, Any]


def drawn(seed: int, count: int = 4, chain: bool = False) -> list[Phase]:
    """Phases of random kinds, each behind some of those before it."""
    draw = random.Random(seed)
    servers = [(0.2, draw.uniform(5, 40), draw.uniform(5, 60)), (0.9, draw.uniform(20, 90), draw.uniform(5, 60))]
    phases: list[Phase] = []
    for f in range(count):
        before = [f - 1] if f else []
        if not chain:
            before = sorted(draw.sample(range(f), draw.randint(0, min(f, 2))))
        own: Phase = {"kind": draw.choice(["map", "train", "train", "tune"]), "after": before}
        own["workers"], own["memory"] = sorted(draw.sample([1, 2, 3, 5, 8, 12], 2)), [draw.choice([500, 1000, 2000])]
        if own["kind"] == "map":
            own |= {"in": draw.uniform(1e6, 1e9), "out": draw.choice([0.0, 1e8]), "work": draw.uniform(10, 300)}
        elif own["kind"] == "train":
            own |= {"updates": [draw.uniform(100, 2000) for _ in own["workers"]], "gradient": draw.uniform(0.02, 0.3)}
            own |= {"bytes": draw.uniform(1e4, 1e6), "servers": draw.sample(servers, draw.randint(1, 2))}
            own["counts"] = draw.sample([1, 2], draw.randint(1, 2))
        else:
            own["rungs"] = [(8, draw.uniform(1, 10)), (4, draw.uniform(1, 20)), (1, draw.uniform(5, 30))]
        phases.append(own)
    return phases


def write(phases: list[Phase], folder: Path, head: str = "") -> Path:
    """Write an instance."""
    folder.mkdir(exist_ok=True)
    c = CLOUD
    lines = ['schema = 1\nkind = "workflow"\nname = "drawn"', head, "[functions]"]
    lines += [f"usd_per_gb_s = {c['gb_s']}\nusd_per_call = {c['call']}\nmb_per_vcpu = {c['vcpu']}\nlife_s = 100000"]
    lines += [f"mb_per_s = {c['speed'] / 1e6}\nlatency_ms = {c['latency'] * 1e3}"]
    lines += [f"usd_per_read = {c['read']}\nusd_per_write = {c['write']}\nstarts = {[list(own) for own in STARTS]}"]
    for f, own in enumerate(phases):
        lines += [f'[[phase]]\nname = "p{f}"\nkind = "{own["kind"]}"\nafter = {[f"p{g}" for g in own["after"]]}']
        lines += [f"workers = {own['workers']}\nmemory_mb = {own['memory']}"]
        if own["kind"] == "map":
            lines += [f"bytes = {own['in']}\nout_bytes = {own['out']}\nvcpu_s = {own['work']}"]
        elif own["kind"] == "train":
            table = "\n".join(f"{w},{u}" for w, u in zip(own["workers"], own["updates"], strict=True))
            (folder / f"u{f}.csv").write_text(f"workers,updates\n{table}\n", encoding="utf-8")
            lines += [f'updates = "u{f}.csv"\ngradient_s = {own["gradient"]}\ngradient_bytes = {own["bytes"]}']
            usd, most, start = own["servers"][0]
            lines += [f"server = {{ usd_per_hour = {usd}, updates_per_s = {most}, start_s = {start},"]
            lines[-1] += f" latency_ms = 2, count = {own['counts']} }}"
        else:
            table = "\n".join(f"{a},{s}" for a, s in own["rungs"])
            (folder / f"r{f}.csv").write_text(f"configurations,vcpu_s\n{table}\n", encoding="utf-8")
            lines += [f'rungs = "r{f}.csv"']
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _rows(own: Phase) -> list[dict[str, Any]]:
    """Every row of a phase: start, work, USD of functions, functions, servers."""
    found = []
    for (k, w), memory in itertools.product(enumerate(own["workers"]), own["memory"]):
        v, c = memory / CLOUD["vcpu"], CLOUD
        (a, s), (b, t) = STARTS
        start = s if w <= a else t if w >= b else s + (t - s) * (w - a) / (b - a)
        row = {"start": start, "functions": w, "servers": None}
        if own["kind"] == "map":
            work = own["in"] / w / c["speed"] + c["latency"] + own["work"] / w / v
            work += own["out"] / w / c["speed"] + c["latency"] if own["out"] else 0.0
            usd = w * (memory / 1024 * work * c["gb_s"] + c["call"] + c["read"] + c["write"] * bool(own["out"]))
            found.append(row | {"work": work, "usd": usd})
        elif own["kind"] == "tune":
            work = sum(math.ceil(alive / w) * seconds / v for alive, seconds in own["rungs"])
            usd = sum(n * (s / v * memory / 1024 * c["gb_s"] + c["call"]) for n, s in own["rungs"])
            found.append(row | {"work": work, "usd": usd, "functions": min(w, own["rungs"][0][0])})
        else:
            (usd_h, most, boot), each = own["servers"][0], own["gradient"] / v + 2 * (own["bytes"] / c["speed"] + 0.002)
            for n in own["counts"]:
                work = own["updates"][k] / min(w / each, n * most)
                usd = w * (work * memory / 1024 * c["gb_s"] + c["call"])
                servers = ((usd_h, most, boot), n)
                found.append(row | {"work": work, "usd": usd, "servers": servers, "rent": n * usd_h / 3600})
    return found


def plans(phases: list[Phase]) -> Iterator[dict[str, float]]:
    """What every plan achieves."""
    count = len(phases)
    before: list[set[int]] = []
    for own in phases:
        before.append({h for g in own["after"] for h in (g, *before[g])})
    alone = [
        some
        for n in range(1, count + 1)
        for some in itertools.combinations(range(count), n)
        if not any(g in before[f] for f in some for g in some)
    ]
    for rows in itertools.product(*(_rows(own) for own in phases)):
        sources: list[list[int | None]] = []
        for f, row in enumerate(rows):
            can = [g for g in before[f] if row["servers"] and rows[g]["servers"] == row["servers"]]
            sources.append([None, *can])
        for kept in itertools.product(*sources):
            given = [g for g in kept if g is not None]
            if len(set(given)) < len(given):
                continue
            ends: list[float] = []
            usd = 0.0
            for f, (own, row) in enumerate(zip(phases, rows, strict=True)):
                begin = max((ends[g] for g in own["after"]), default=0.0)
                start, g = row["start"], kept[f]
                if row["servers"] and g is None:
                    start = max(start, row["servers"][0][2])
                ends.append(begin + start + row["work"])
                usd += row["usd"]
                if row["servers"]:
                    usd += row["rent"] * (start + row["work"] + (begin - ends[g] if g is not None else 0.0))
            used = max(sum(rows[f]["functions"] for f in some) for some in alone)
            yield {"time": max(ends), "cost": usd, "functions": float(used)}
