"""Answers of `provision` to the cases of `provisioned_instances`, read and checked by the oracle.

Deployments are seen through `to_dict()`, the document that `provision --json` prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import load

from oracles.provisioned import Block, Levels, Pools, Setting, onward, setting
from oracles.provisioned_best import Best, optimum
from oracles.provisioned_instances import Case
from oracles.provisioned_waits import (
    endings,
    late_share,
    path_s,
    queues_of,
    running,
    value,
    waited_s,
    worst_s,
)
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.solve import provision

SHRINK = 1 / 64
"""What the package may be too careful: it rounds sums of waits up, and may act as if each slack were less by this share
of the largest."""


def best_of(case: Case, shrink: float = 0.0) -> Best | None:
    """The optimum by exhaustive search."""
    return optimum(case.document, case.rates, case.blocks, case.arrivals, case.wait_max, shrink)


def provisioned(case: Case, folder: Path, **options: Any) -> Deployment:
    """What the package answers, by formulas alone."""
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    return provision(
        load(case.document, folder),
        Rates(rates, shares),
        blocks=case.blocks,
        arrivals=case.arrivals,  # type: ignore[arg-type]
        wait_max=case.wait_max,
        confirm=False,
        **options,
    )


def decided(at: Setting, answer: dict[str, Any]) -> tuple[list[Block], Levels]:
    """The blocks and levels of a deployment, as the oracle writes them."""

    def spot(tier: str | None, name: str | None) -> tuple[int, int] | None:
        if tier is None or name is None:
            return None
        t = at.problem.tier_names.index(tier)
        return t, [option.name for option in at.problem.options[t]].index(name)

    blocks = [
        Block(
            first=block["stages"][0] - 1,
            last=block["stages"][1] - 1,
            pools=Pools(spot(block["machine_tier"], block["machine"]), spot(block["function_tier"], block["function"])),
            count=block["count"],
            room=block["queue_max"] or 0,
        )
        for block in answer["blocks"]
    ]
    chosen = {choice["stage"]: choice["threshold"] for choice in answer["thresholds"]}
    levels = tuple(
        next(i for i, row in enumerate(menu) if row[0] == chosen[s]) if s in chosen else 0
        for s, menu in enumerate(at.problem.menus, start=1)
    )
    return blocks, levels


def check_deployment(case: Case, answer: dict[str, Any]) -> None:
    """The deployment keeps all limits, and the oracle finds the figures that it reports."""
    at = setting(case.document, case.rates, case.arrivals, case.wait_max)
    blocks, levels = decided(at, answer)
    metrics, queues = answer["metrics"], queues_of(at, blocks, levels)
    assert len(blocks) <= case.blocks
    cost = value(at, blocks, levels) * 3600.0
    assert answer["objective"] == {"name": "cost", "value": pytest.approx(cost, rel=1e-9), "unit": "USD/hour"}
    assert metrics["usd_per_hour"] == answer["objective"]["value"]
    assert metrics["usd_per_million_requests"] == pytest.approx(cost / 3600.0 / at.mean * 1e6, rel=1e-9)
    if "exits" in case.document:
        assert metrics["accuracy"] == pytest.approx(at.accuracy(levels), rel=1e-9)
    assert metrics["latency_worst_ms"] == pytest.approx(worst_s(at, blocks, levels) * 1000.0, rel=1e-9)
    waited = waited_s(at, blocks, levels, queues)
    assert metrics["latency_wait_ms"] == pytest.approx(waited * 1000.0, rel=1e-9, abs=1e-9)
    assert metrics["latency_mean_ms"] == pytest.approx((path_s(at, blocks, levels) + waited) * 1000.0, rel=1e-9)
    if at.problem.slo_s is not None and at.problem.measure != "mean":
        ends = endings(at, blocks, levels, at.problem.slo_s)
        late = 1.0 - metrics["on_time_share"]
        assert late >= late_share(at, ends, queues) - 1e-6
        assert late <= late_share(at, ends, queues, SHRINK) + 1e-6
    _check_blocks(at, blocks, levels, answer["blocks"], cost)


def _check_blocks(at: Setting, blocks: list[Block], levels: Levels, answer: list[dict[str, Any]], cost: float) -> None:
    """What each block is said to cost and to be reached by."""
    reach, moves = at.reach(levels), at.moves(blocks)
    assert moves is not None
    queues = queues_of(at, blocks, levels)
    for b, (block, said) in enumerate(zip(blocks, answer, strict=True)):
        paid, machine = said["usd_per_hour"], at.machine(block.pools)
        rent = 0.0 if machine is None else block.count * machine.usd_per_s * 3600.0
        assert said["reach"] == pytest.approx(reach[block.first], rel=1e-9, abs=1e-12)
        assert said["requests_per_s"] == pytest.approx(at.mean * reach[block.first], rel=1e-9, abs=1e-12)
        assert paid["machines"] == pytest.approx(rent, rel=1e-9)
        spent = running(at, block, reach, onward(moves, b), queues[b]) * 3600.0 - rent
        assert paid["functions"] == pytest.approx(spent, rel=1e-9, abs=1e-9 * cost)
        moved = at.mean * reach[block.first] * moves[b][1] * 3600.0
        assert paid["links"] == pytest.approx(moved, rel=1e-9, abs=1e-15)
