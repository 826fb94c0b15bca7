"""Batching problems drawn at random or published, all their configurations, and plans as HarmonyBatch prints them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
from oracles import batching as oracle

import serflow_opt as so
from serflow_opt.families.batching.problem import Application, Batching, FunctionKind
from serflow_opt.families.protocol import Question

PER_USD = 7.0


GPU_CALL = 2 / 3 * 9e-5 + 0.5 * 9e-6 + 2 * 1.1e-4 + 9e-7
"""CNY a call on 2 GB of GPU that takes up to a second."""


def published(name: str = "smooth") -> Question:
    """The shipped instance of HarmonyBatch's Table I."""
    folder = Path(__file__).parents[2] / "instances" / "vgg19-three-apps"
    return so.load(folder / f"{name}.toml")


def made(seed: int, count: int, arrivals: Any = "random", groups: Any = "any", straight: bool = True) -> Question:
    """A small problem: two functions, one that is cheap and slow and one that pays with batches."""
    draw = random.Random(seed)
    apps = sorted(
        (Application(f"a{n}", draw.uniform(0.2, 1.2), draw.uniform(1, 12)) for n in range(count)),
        key=lambda own: own.slo_s,
    )
    functions = []
    for name, batches in (("slow", (1, 2)), ("fast", (1, 2, 4) if straight else (1, 2, 3, 4))):
        fixed, each = draw.uniform(0.02, 0.1), draw.uniform(0.005, 0.05) * (4 if name == "slow" else 1)
        sizes = (1.0, 2.0)
        mean = np.array([[(fixed + each * b) / size for b in batches] for size in sizes])
        if not straight:
            mean[:, 2:] *= 1.4
        rent = np.array([[draw.uniform(0.5, 1.0) * size] * len(batches) for size in sizes])
        functions.append(
            FunctionKind(name, "vCPU", sizes, batches, mean, mean * 1.3, mean, rent, draw.uniform(0, 0.01))
        )
    data = Batching(tuple(apps), tuple(functions), arrivals, groups, (0.5, 1.0))
    return Question("batching", f"made-{seed}", "cost", {}, data)


def configs_of(data: Batching) -> list[oracle.Config]:
    """Every size and batch, a call with fewer requests as the next batch that is offered."""
    found = []
    for own in data.functions:
        for s in range(len(own.sizes)):
            for b, most in enumerate(own.batches):
                as_ = [next(k for k, size in enumerate(own.batches) if size >= n) for n in range(1, most + 1)]
                usd = tuple(own.usd_per_s[s, b] * own.billed_s[s, k] + own.usd_per_call for k in as_)
                times = tuple(own.mean_s[s, k] for k in as_)
                found.append(oracle.Config(usd, times, max(own.longest_s[s, : b + 1])))
    return found


def groups_of_table_one(*rows: tuple[list[str], str, float, int, list[float]]) -> dict[str, Any]:
    """A plan as the paper prints one."""
    return {
        "groups": [
            {
                "applications": apps,
                "function": function,
                "size": size,
                "batch": batch,
                "timeouts_ms": dict(zip(apps, timers, strict=True)),
            }
            for apps, function, size, batch, timers in rows
        ]
    }


HARMONYBATCH = groups_of_table_one(
    (["app1"], "cpu", 1.6, 1, [0.0]), (["app2", "app3"], "gpu", 2, 13, [454.4587, 654.4587])
)
