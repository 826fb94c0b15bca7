"""The value of a schedule, and what is wrong with one."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import schedules as oracle
from support.schedule_cases import machine, random_case, service, trace

from serflow_opt.errors import InputError
from serflow_opt.traffic.schedule.evaluate import Rental, evaluate_schedule


@pytest.mark.parametrize("seed", range(30))
def test_evaluator(seed: int) -> None:
    """Random rentals, sensible or not, cost what the oracle says, second by second."""
    rng = np.random.default_rng(seed)
    case = random_case(seed, 2, billing=True, with_function=bool(seed % 3))
    own = []
    for p, kind in enumerate(case["kinds"]):
        for _ in range(kind.machines_max):
            begin, end = sorted(rng.choice(case["moments"], 2, replace=False).tolist())
            own.append((p, begin, end))
    listed = [Rental(case["kinds"][p].name, float(begin), float(end)) for p, begin, end in own]
    (value,) = evaluate_schedule(case["service"], case["trace"], [listed])
    assert value.usd == pytest.approx(oracle.cost(case["kinds"], own, case["demand"], case["usd"]), rel=1e-12)


def test_evaluator_names_what_is_wrong() -> None:
    """All that is wrong with a schedule is told at once, each with its block and machine."""
    few = service(machine("few", machines_max=1))
    listed = [Rental("few", 0.0, 2.0), Rental("few", 1.0, 2.0), Rental("fwe", 0.0, 1.0), Rental("few", 3.0, 3.0)]
    with pytest.raises(InputError) as caught:
        evaluate_schedule(few, trace(1, 1, 1), [listed])
    text = str(caught.value)
    assert "block 1, fwe: no machine of the block; did you mean few?" in text
    assert "block 1, few: from 3 s to 3 s; stop later" in text
    assert "block 1, few: 2 at once; at most 1" in text
