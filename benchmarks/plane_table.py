"""The table of a run on processes: what was promised, what was measured, and what is promised with the run's times."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from plane_gateway import Bill

from serflow_opt.ground.shares import interval
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.result import Simulation

BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Outcome:
    """What came of a run on processes."""

    found: np.ndarray[Any, Any]
    bill: Bill
    service: Service
    seconds: float
    orders: int


def rows_of(outcome: Outcome, before: list[Simulation], after: list[Simulation]) -> list[list[str]]:
    """Return promise, measurement and promise with the run's times, with intervals of 95 %."""
    service, bill = outcome.service, outcome.bill
    function, machine = service.blocks[0].function, service.blocks[0].machines[0]
    assert function is not None
    latency = np.array(bill.latency)
    n, rng = len(latency), np.random.default_rng(0)
    rent = math.fsum((end - begin) * machine.usd_per_s for begin, end in bill.machine_s)
    calls = np.array([function.usd_per_request + function.usd_per_s * function.billed_s(own) for own in bill.calls])
    # which requests go to the function is random: Poisson bootstrap of calls
    drawn = [float((calls * rng.poisson(1.0, len(calls))).sum()) for _ in range(BOOTSTRAPS)] if len(calls) else [0.0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    rows = [
        _row(
            "cost, mUSD",
            [1000 * sum(own.usd.values()) for own in before],
            1000 * (rent + calls.sum()),
            1000 * (rent + low),
            1000 * (rent + high),
            [1000 * sum(own.usd.values()) for own in after],
        ),
        _row(
            "of it machines, mUSD",
            [1000 * own.usd["machines"] for own in before],
            1000 * rent,
            None,
            None,
            [1000 * own.usd["machines"] for own in after],
        ),
        _row(
            "calls of the function",
            [own.by_function[0] for own in before],
            len(calls),
            *_counts(len(calls)),
            [own.by_function[0] for own in after],
        ),
        _row(
            "cold starts",
            [own.cold_starts[0] for own in before],
            bill.cold,
            *_counts(bill.cold),
            [own.cold_starts[0] for own in after],
        ),
    ]
    slo = service.slo_s or math.inf
    lost = int(np.isnan(outcome.found[:, 0]).sum())
    late = int((latency > slo).sum()) + lost
    rows.append(
        _row(
            f"later than {1000 * slo:.0f} ms, or refused, %",
            [100 * s.violations / s.arrivals for s in before],
            100 * late / (n + lost),
            *(100 * x for x in interval(late, n + lost)),
            [100 * s.violations / s.arrivals for s in after],
        )
    )
    for q in (50, 95, 99):
        ranks = np.clip(
            np.round([n * q / 100 + sign * 1.96 * math.sqrt(n * q / 100 * (1 - q / 100)) for sign in (-1, 1)]), 0, n - 1
        )
        low, high = np.sort(latency)[ranks.astype(int)]
        rows.append(
            _row(
                f"p{q}, ms",
                [1000 * s.percentile(q) for s in before],
                1000 * float(np.quantile(latency, q / 100)),
                1000 * low,
                1000 * high,
                [1000 * s.percentile(q) for s in after],
            )
        )
    served = outcome.found[np.isfinite(outcome.found[:, 0])]
    right = int(served[:, 0].sum())
    assert service.draws is not None
    samples = len(service.draws.exits)
    shares = [("accuracy, %", float(service.draws.right.mean()), right)]
    shares += [
        (
            f"leave at stage {stage}, %",
            float((service.draws.exits == stage - 1).mean()),
            int((served[:, 1] == stage).sum()),
        )
        for stage in sorted({*dict(service.thresholds), len(service.shares)})
    ]
    for text, share, count in shares:
        both = [(share, *interval(round(share * samples), samples))]
        both.append((count / len(served), *interval(count, len(served))))
        told = [f"{100 * x:.1f} ({100 * low:.1f}, {100 * high:.1f})" for x, low, high in both]
        rows.append([text, *told, ""])
    return rows


def _counts(count: int) -> tuple[float, float]:
    """A Poisson count's interval."""
    half = 1.96 * math.sqrt(max(count, 1))
    return max(0.0, count - half), count + half


def _row(
    name: str, before: list[float], own: float, low: float | None, high: float | None, after: list[float]
) -> list[str]:
    """Return a row: mean and range of 95 % of seeds, and what was measured with its interval."""

    def told(values: list[float]) -> str:
        if not values:
            return ""
        a, b = np.quantile(values, [0.025, 0.975])
        return f"{np.mean(values):.3g} ({a:.3g}, {b:.3g})"

    return [name, told(before), f"{own:.3g}" + ("" if low is None else f" ({low:.3g}, {high:.3g})"), told(after)]


def met(rows: list[list[str]]) -> str:
    """Say in how many rows intervals of what was measured and of what was promised have a point in common."""
    said = []
    for column, name in ((1, "what was promised"), (3, "the promise with the run's times")):
        both = [(_ends(row[column]), _ends(row[2]), row[0]) for row in rows if row[column]]
        apart = [name for own, other, name in both if own[0] > other[1] or other[0] > own[1]]
        words = f"{len(both) - len(apart)} of {len(both)} measured rows meet {name}"
        said.append(words + (f" (not: {'; '.join(apart)})" if apart else ""))
    return ". ".join(text[0].upper() + text[1:] for text in said) + "."


def _ends(text: str) -> tuple[float, float]:
    """Ends of what a cell tells: its interval, or its one number twice."""
    numbers = [float(own) for own in re.findall(r"[-+.\de]+", text)]
    return (numbers[1], numbers[2]) if len(numbers) == 3 else (numbers[0], numbers[0])
