"""Idle times of functions, drawn or by hand, as files."""

from __future__ import annotations

import random
from pathlib import Path


def write(folder: Path, times: list[tuple[float, int]], name: str = "f", **keys: float) -> Path:
    """Write an instance; its function has 1 GB, so that the price of a GB is that of an idle second."""
    folder.mkdir(exist_ok=True)
    lines = ["schema = 1", 'kind = "keep-alive"', f'name = "{name}"', 'idle_times = "idle.csv"']
    lines += [f"{key} = {value}" for key, value in ({"usd_per_gb_s": 0.01} | keys).items()]
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    rows = "\n".join(f"{time},{count}" for time, count in times)
    (folder / "idle.csv").write_text(f"idle_s,count\n{rows}\n", encoding="utf-8")
    return folder


def drawn(seed: int, count: int = 8) -> list[tuple[float, int]]:
    """Idle times in steps of half a second, some of them more than once."""
    draw = random.Random(seed)
    return [(draw.randint(0, 40) / 2, draw.randint(1, 4)) for _ in range(count)]


def by_hand(times: list[tuple[float, int]], opens: float, ends: float, step: float = 0.0) -> tuple[float, float]:
    """Idle seconds and cold starts of a request: each idle time on its own."""
    idle = cold = 0.0
    for time, count in times:
        if time < opens or time > ends or (opens > 0 and time - step < opens):
            cold += count
        idle += count * (0.0 if time < opens else (min(time, ends) - opens))
    total = sum(count for _, count in times)
    return idle / total, cold / total


def windows(times: list[tuple[float, int]], step: float) -> list[tuple[float, float]]:
    """Idle seconds and cold starts of all windows on quarters of a second."""
    quarters = [n / 4 for n in range(int(max(time for time, _ in times) * 4) + 5)]
    return [by_hand(times, p, x, step) for p in quarters for x in quarters if x >= p]
