"""Benchmarks whose tables stand in the docs: their rows, on a trace short enough for a test."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Service

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def money(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Import `benchmarks/money.py` from beside what it imports; its neighbours are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield import_module("money")
    for name in set(sys.modules) - before:
        if name in {path.stem for path in BENCHMARKS.glob("*.py")}:
            del sys.modules[name]


def test_rows_of_where_the_money_goes(money: ModuleType) -> None:
    """Each cause has its money; what it is above the bound and what part it explains are quotients of these.

    LIBRA's constants: requests take 1 s, 16 fit into a machine that takes 100 s to start; 64 a second for 10 minutes.
    """
    trace = Trace(np.full(600, 64, dtype=np.int64), 1.0, np.ones(600), name="steady_per_second")
    rows = list(money._rows("libra", trace))
    assert [row[0] for row in rows] == ["libra on steady", "", "", "", ""]
    own, bound = float(rows[0][4]), float(rows[0][2])
    assert own > bound > 0
    for n, (_, _, _, _, usd, late, above, part) in enumerate(rows):
        assert late.endswith("%")
        assert float(above.rstrip("%")) == pytest.approx((float(usd) / bound - 1) * 100, abs=0.2)
        if n:
            assert float(part.rstrip("%")) == pytest.approx((own - float(usd)) / (own - bound) * 100, abs=1.5)
    forecast, start = (float(rows[n][4]) for n in (1, 2))
    assert bound * (1 - 1e-3) <= forecast <= own, "who knows all rates pays no more"
    assert start < own, "machines that serve at once save calls"
    call = so.service_for(so.load("libra"), trace, 1)
    early = float(rows[4][4])
    assert own - early == pytest.approx(_first_s(call, trace, money.FIRST_S), rel=2e-3)


def _first_s(service: Service, trace: Trace, seconds: float) -> float:
    """USD of the controller's first seconds, by minutes: machines as they are billed, functions by who enters."""
    frame = so.simulate(service, trace, so.Controller(service, 60.0)).to_frame()
    first = frame[frame["start_s"] < seconds]
    return math.fsum(first["usd_machines"]) + math.fsum(first["usd_functions"])
