"""Simulations, compiled and by Python: the same to the last digit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from support.traffic_cases import random_case, troubled_case

from serflow_opt import kernels
from serflow_opt.traffic.simulate.simulate import simulate


@pytest.mark.parametrize("seeds", [range(k, k + 25) for k in range(1000, 1100, 25)], ids=str)
@pytest.mark.parametrize("case_of", [random_case, troubled_case])
def test_simulations(case_of: object, seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks, types and workers, queues, quotas, faults, functions that refuse; changing policies."""
    for seed in seeds:
        case = case_of(seed)  # type: ignore[operator]
        found = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            found.append(simulate(case.service, case.trace, case.policy(), **case.settings))
        one, other = found
        for field in fields(one):
            ours, theirs = getattr(one, field.name), getattr(other, field.name)
            if field.name == "tallies":
                sums = [
                    {what: tally.sums(what, one.periods).tolist() for what in ("arrivals", "busy edge", "usd function")}
                    for tally in (*ours, *theirs)
                ]
                assert sums[: len(ours)] == sums[len(ours) :]
            elif isinstance(ours, np.ndarray):
                assert ours.tolist() == theirs.tolist()
            else:
                assert ours == theirs, field.name
