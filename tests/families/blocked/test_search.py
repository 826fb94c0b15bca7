"""The best rows of task graphs by enumeration."""

from __future__ import annotations

import itertools
import random

import pytest
from support.small_blocked import FREE, drawn, shortest

import serflow_opt as so
from serflow_opt.families.blocked.problem import Blocked, BlockedOption
from serflow_opt.families.protocol import Question


def test_solve_is_the_best_of_all_rows() -> None:
    """Every goal within a limit, over small graphs with several options: by enumeration of rows and orders."""
    none = 0
    for seed in range(8):
        graph, seconds, edges = drawn(100 + seed, 5)
        rng = random.Random(seed)
        options = tuple(
            BlockedOption(
                f"o{n}",
                rng.random() < 0.5,
                rng.choice((1.0, 2.0)),
                1e9,
                rng.choice((1.0, 3.0)),
                0.1,
                rng.choice((0.0, 2.0)),
                1e9,
            )
            for n in range(2)
        )
        problem = Blocked("", 0, (0,), options, (1, 2, 3), FREE, given=graph)
        rows = []
        for own, workers in itertools.product(options, (1, 2, 3)):
            takes = [s / own.flops_per_s for s in seconds]
            time = own.start_s + shortest(takes, edges, workers)
            paid = sum(takes) if own.is_function else workers * time
            rows.append({"time": time, "cost": paid * own.usd_per_s + 0.1 * len(takes)})
        goal, other = ("time", "cost") if seed % 2 else ("cost", "time")
        most = sorted(row[other] for row in rows)[2] * (0.1 if seed == 4 else 1.0)
        kept = [row[goal] for row in rows if row[other] <= most * (1 + 1e-9)]
        found = so.solve(Question("blocked", "drawn", goal, {other: most}, problem))
        assert found.status == ("optimal" if kept else "infeasible")
        assert not kept or found.objective.value == pytest.approx(min(kept), rel=1e-6)
        none += not kept
        front = so.pareto(Question("blocked", "drawn", goal, {}, problem), ["time", "cost"])
        points = {(round(r["time"], 6), round(r["cost"], 6)) for r in rows}
        best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
        assert {(round(a, 6), round(b, 6)) for a, b in front.points} == best
    assert none == 1
