"""Write tasks.csv, machine.json, and figures.csv: the shortest of all schedules of each row, and what it costs.

    python derive.py

Every order in which tasks can begin is tried, each as early as the order allows; copies are alike.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROWS = (  # task, seconds, bytes read and written, MB, copies
    ("probe", 2, 0, 0, 256, 1),
    ("split", 20, 900e6, 900e6, 1024, 1),
    ("encode", 120, 225e6, 60e6, 1500, 4),
    ("captions", 150, 40e6, 1e5, 1024, 1),
    ("stitch", 15, 240e6, 240e6, 1024, 1),
    ("publish", 3, 0, 0, 256, 1),
)
STORE, LATENCY, READ, WRITE, KEPT = 65e6, 0.08, 0.4e-6, 5e-6, 0.023 / 1e9 / (30 * 24 * 3600)
TASKS = {name if copies == 1 else f"{name} {n}": own for name, *own, _, copies in ROWS for n in range(copies)}
AFTER = {
    "split": ["probe"],
    "captions": ["probe"],
    **{f"encode {n}": ["split"] for n in range(4)},
    "stitch": [f"encode {n}" for n in range(4)],
    "publish": ["stitch", "captions"],
}
OPTIONS = {  # speed, seconds to start, USD an hour, USD a call, paid while tasks run
    "lambda-1769": (1.0, 1.2, 0.103653, 2e-7, True),
    "lambda-3008": (1.7, 1.2, 0.17625, 2e-7, True),
    "core of c6i.large": (1.3, 132.0, 0.085 / 2, 0.0, False),
}


def takes(task: str, speed: float) -> float:
    """Seconds of a task: compute, a read, a write."""
    seconds, *moved = TASKS[task]
    return seconds / speed + sum(own / STORE + LATENCY for own in moved if own)


def shortest(ends: dict[str, float], free: tuple[float, ...], speed: float) -> float:
    """The least makespan of what is left."""
    ready = [task for task in TASKS if task not in ends and all(own in ends for own in AFTER.get(task, ()))]
    if not ready:
        return max(ends.values())
    found = float("inf")
    for task in {own.split()[0]: own for own in ready}.values():
        begin = max(free[0], *(ends[own] for own in AFTER.get(task, ())), 0.0)
        end = begin + takes(task, speed)
        found = min(found, shortest({**ends, task: end}, tuple(sorted((*free[1:], end))), speed))
    return found


def task(then: str | None = None) -> dict[str, Any]:
    """A state that calls a function."""
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **({"Next": then} if then else {"End": True})}


def machine() -> dict[str, Any]:
    """The state machine."""
    encode = {"StartAt": "encode", "States": {"encode": task()}}
    parts = {"Type": "Map", "ItemsPath": "$.parts", "ItemProcessor": encode, "Next": "stitch"}
    pictures = {"StartAt": "split", "States": {"split": task("parts"), "parts": parts, "stitch": task()}}
    words = {"StartAt": "captions", "States": {"captions": task()}}
    both = {"Type": "Parallel", "Branches": [pictures, words], "Next": "publish"}
    states = {"probe": task("both"), "both": both, "publish": task("done"), "done": {"Type": "Succeed"}}
    return {"Comment": "A video is split, encoded in four parts and captioned.", "StartAt": "probe", "States": states}


if __name__ == "__main__":
    (HERE / "machine.json").write_text(json.dumps(machine(), indent=2) + "\n", encoding="utf-8")
    with (HERE / "tasks.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("task", "seconds", "read_bytes", "write_bytes", "memory_mb", "copies"))
        table.writerows((name, *(f"{own:g}" for own in rest)) for name, *rest in ROWS)
    requests = sum((read > 0) * READ + (written > 0) * WRITE for _, read, written in TASKS.values())
    size = sum(written for *_, written in TASKS.values())
    with (HERE / "figures.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("option", "workers", "time_s", "cost_usd"))
        for name, (speed, start, per_hour, per_call, is_function) in OPTIONS.items():
            busy = sum(takes(task, speed) for task in TASKS)
            for workers in range(1, 6):
                makespan = shortest({}, (0.0,) * workers, speed)
                paid = busy if is_function else workers * (makespan + start)
                cost = paid * per_hour / 3600 + len(TASKS) * per_call + requests + size * makespan * KEPT
                table.writerow((name, workers, round(makespan + start, 4), round(cost, 9)))
