"""A small graph of tasks, drawn or as files, and the shortest of all schedules."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np

from serflow_opt.families.blocked.graphs import graph_from
from serflow_opt.families.blocked.problem import BlockedOption, Store, TaskGraph, TaskKind

FREE = Store(1e300, 1e300, 0.0, 0.0, 0.0, 0.0)


ONE = BlockedOption("core", False, 1.0, 1e300, 1.0, 0.0, 0.0, 1e9)


def drawn(seed: int, most: int = 6) -> tuple[TaskGraph, list[float], list[tuple[int, int]]]:
    """Draw a small graph whose tasks take as many seconds as operations."""
    rng = random.Random(seed)
    count = rng.randint(2, most)
    seconds = [rng.choice((1.0, 2.0, 3.0, 5.0, 7.5)) for _ in range(count)]
    edges = [(i, j) for i, j in itertools.combinations(range(count), 2) if rng.random() < 0.35]
    kinds = tuple(TaskKind(f"t{n}", own, 0.0, 0.0, 0, 0) for n, own in enumerate(seconds))
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return graph_from(kinds, np.arange(count), ends[:, 0], ends[:, 1]), seconds, edges


def shortest(seconds: list[float], edges: list[tuple[int, int]], workers: int) -> float:
    """The least makespan: every order of tasks, each as early as that allows; one of them is the best schedule."""
    best = float("inf")
    before = {j: [i for i, k in edges if k == j] for j in range(len(seconds))}
    for order in itertools.permutations(range(len(seconds))):
        ends: dict[int, float] = {}
        free = [0.0] * workers
        for task in order:
            if any(i not in ends for i in before[task]):
                break
            begin = max([min(free), *(ends[i] for i in before[task])])
            free[free.index(min(free))] = ends[task] = begin + seconds[task]
        else:
            best = min(best, max(ends.values()))
    return best


OWN = """
schema = 1
kind = "blocked"
name = "own"
workers = [1, 2]
[graph]
tasks = "tasks.csv"
edges = "edges.csv"
[[option]]
name = "core"
kind = "vm"
flops_per_s = 1e9
usd_per_hour = 3.6
"""


TASKS = "task,flops,read_bytes,write_bytes\nload,0,0,87e6\nleft,4e9,130e6,87e6\nright,2e9,130e6,87e6\n"


EDGES = "before,after\nload,left\nload,right\n"


def folder(path: Path, old: str = "", new: str = "", tasks: str = TASKS, edges: str = EDGES) -> Path:
    """Write the graph of three tasks, a part of it replaced."""
    assert old in OWN
    (path / "instance.toml").write_text(OWN.replace(old, new, 1) if old else OWN, encoding="utf-8")
    (path / "tasks.csv").write_text(tasks, encoding="utf-8")
    (path / "edges.csv").write_text(edges, encoding="utf-8")
    return path
