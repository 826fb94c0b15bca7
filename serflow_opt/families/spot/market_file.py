"""A market as files have it: how long each state lasts, which zones have machines, how many requests come."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.spot.lateness import late_shares
from serflow_opt.families.spot.market import Market
from serflow_opt.families.spot.problem import SpotPool
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.tables import Column, read_table

SECONDS, RATE = "seconds", "rate_per_s"
MOST_STEPS = 200_000
MOST_RATES = 500


def read_market(pool: SpotPool, path: Path, step_s: float) -> Market:
    """Return the market of a CSV: `seconds`, a column a zone (1: machines can be had), `rate_per_s` if it varies.

    Parameters
    ----------
    pool
        Its offers in zones that the table leaves out, and those in none, can always be had.
    path
        The file, or one of a shipped instance: spot-v100/hours.csv.
    step_s
        Seconds of a step; what a zone has is seen at its start.

    Raises
    ------
    InputError
        For a file that is none, zones that there are not, and too many steps or rates.
    """
    own = path if path.exists() or not (shipped_folder() / path).exists() else shipped_folder() / path
    problems: list[Problem] = []
    names = [zone.name for zone in pool.zones]

    def columns(header: list[str]) -> list[Column]:
        found = [Column(SECONDS, low=0)]
        found += [Column(RATE, low=0, required=False)] if RATE in header else []
        return [*found, *(Column(name, low=0, high=1) for name in header if name in names)]

    rows = read_table(own, columns, problems)
    if problems:
        raise InputError(problems)
    ends = np.cumsum([row.number(SECONDS) for row in rows])
    steps = int(np.ceil(ends[-1] / step_s * (1 - ROUNDING)))
    if not 1 <= steps <= MOST_STEPS:
        cure = f"choose --every-s so that there are 1 to {MOST_STEPS:,} steps"
        problems.append(Problem(str(own), SECONDS, f"{steps:,} steps of {step_s:g} s", cure))
    varies = RATE in rows[0].cells
    if varies and not pool.queue:
        problems.append(Problem(str(own), f"column {RATE}", "beside workers_min", "leave it out, or ask a queue"))
    rates = [row.number(RATE) if varies else pool.rate_per_s for row in rows]
    different = sorted(set(rates))
    if len(different) > MOST_RATES:
        cure = f"round them to at most {MOST_RATES} different ones"
        problems.append(Problem(str(own), f"column {RATE}", f"{len(different):,} different rates", cure))
    if problems:
        raise InputError(problems)
    at = np.minimum(np.searchsorted(ends, np.arange(steps) * step_s, side="right"), len(rows) - 1)
    late = np.array([_late(pool, rate) for rate in different])
    enough = [int(np.argmax(shares <= pool.target * (1 + TOLERANCE))) if pool.queue else pool.enough for shares in late]
    short = [rate for rate, shares in zip(different, late, strict=True) if shares[-1] > pool.target * (1 + TOLERANCE)]
    if short and pool.queue:
        cure = "raise machines_max"
        raise InputError([Problem(str(own), f"column {RATE}", f"{short[0]:g} is too much for all machines", cure)])
    which = np.array([different.index(rate) for rate in rates])[at]
    up = np.ones((steps, len(pool.offers)), dtype=bool)
    for j, offer in enumerate(pool.offers):
        if offer.zone is not None and names[offer.zone] in rows[0].cells:
            up[:, j] = np.array([row.number(names[offer.zone]) > 0.5 for row in rows])[at]
    asked = np.array(different)[which] * step_s if pool.queue else np.ones(steps)
    return Market(path.name, step_s, up, np.array(enough, dtype=float)[which], asked, late, which.astype(float))


def _late(pool: SpotPool, rate: float) -> tuple[float, ...]:
    """Share of late requests by workers, at a rate; none where nobody comes."""
    if not pool.queue or rate == pool.rate_per_s:
        return pool.late
    if rate == 0:
        return (0.0,) * len(pool.late)
    return late_shares(rate, pool.service_s, pool.slo_s, pool.exponential, pool.most)
