"""Benchmarks whose tables stand in the docs: their rows, on a trace short enough for a test."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
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
def benchmark_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of `benchmarks` from beside what it imports; its neighbours are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield import_module
    for name in set(sys.modules) - before:
        if name in {path.stem for path in BENCHMARKS.glob("*.py")}:
            del sys.modules[name]


def test_results_replace_their_own_section_and_nothing_else(
    tmp_path: Path, benchmark_of: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice into a new file, into a page with the section, and beside one without it, which is left as it is."""
    write, new, page = benchmark_of("reporting").write, tmp_path / "new.md", tmp_path / "page.md"
    write(new, "own", "first")
    write(new, "own", "second\n")
    assert new.read_text() == "<!-- begin own -->\n\nsecond\n\n<!-- end own -->\n"
    page.write_text("# Page\n\n<!-- begin own -->\nold\n<!-- end own -->\nand more\n")
    write(page, "own", r"\1")
    text = "# Page\n\n<!-- begin own -->\n\n\\1\n\n<!-- end own -->\nand more\n"
    assert page.read_text() == text
    for _ in range(2):
        write(page, "held out", "third")
    assert page.read_text() == text
    assert (tmp_path / "page-held-out.md").read_text() == "<!-- begin held out -->\n\nthird\n\n<!-- end held out -->\n"
    assert "written into" in capsys.readouterr().err


def test_rows_of_where_the_money_goes(benchmark_of: Callable[[str], ModuleType]) -> None:
    """Each cause has its money; what it is above the bound and what part it explains are quotients of these.

    LIBRA's constants: requests take 1 s, 16 fit into a machine that takes 100 s to start; 64 a second for 10 minutes.
    """
    money = benchmark_of("money")
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
