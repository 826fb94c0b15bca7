"""Benchmarks whose tables stand in the docs: their rows, on a trace short enough for a test."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.control.foresight import foresight
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


def test_most_that_can_be_taken_of_requests_by_trying_all_ways(benchmark_of: Callable[[str], ModuleType]) -> None:
    """Taking whoever finds a place free takes as many equally long requests as any choice in which no place has two."""
    most = benchmark_of("at_random").most_at_once
    rng = np.random.default_rng(4)
    for _ in range(5):
        times = np.sort(rng.random(8) * 4)
        padded = np.append(times, math.inf)[None]
        for places, found in zip((1, 2, 3), most(padded, 1.0, np.array([1, 2, 3]))[0], strict=True):
            ways = ([n for n in range(8) if way >> n & 1] for way in range(1, 256))
            fit = (len(way) for way in ways if all(_before(times[way], t) <= places for t in times[way]))
            assert found == max(fit)


def _before(times: np.ndarray, moment: float) -> int:
    """How many of these requests hold a place at a moment, each for a second from its arrival on."""
    return int(np.count_nonzero((times > moment - 1.0) & (times <= moment)))


def test_work_that_cannot_be_done_in_time(benchmark_of: Callable[[str], ModuleType]) -> None:
    """Three requests of 0.4 s at 0, 0.1 and 0.2 s, to be done within 0.5 s by one worker: 0.5 s of 1.2 s are too much.

    At 0.1 s 0.3 s are left and 0.4 s come, 0.2 s too many; at 0.2 s 0.4 s are left and 0.4 s come, 0.3 s too many. Two
    workers do 1 s within the time, which is enough.
    """
    overflow = benchmark_of("at_random").overflow
    moments, work = np.array([[0.0, 0.1, 0.2, math.inf]]), np.array([[0.4, 0.4, 0.4, 0.0]])
    assert overflow(moments, work, 0.5, np.array([1, 2]))[0] == pytest.approx([0.5, 0.0])


def test_floor_of_random_moments_is_between_the_fluid_and_foresight(benchmark_of: Callable[[str], ModuleType]) -> None:
    """Half an hour at 40 requests a second for LIBRA's machines of 16 places, and with waits."""
    at_random = benchmark_of("at_random")
    trace = Trace(np.full(30, 2400, dtype=np.int64), 60.0, np.full(30, 60.0), name="steady_per_minute")
    for name in ("libra", "bert12-sst2"):
        service = so.service_for(so.load(name), trace, 1)
        least = at_random.floor(service, trace, 1, 3)
        fluid, knows = so.schedule(service, trace, step_s=60.0), foresight(service, trace)
        assert fluid.bound < min(least.each)
        assert least.usd <= so.simulate(service, trace, knows).usd_total
    alone = replace(service, blocks=(replace(service.blocks[0], function=None),))
    with pytest.raises(ValueError, match="a function"):
        at_random.floor(alone, trace, 1, 2)


def _first_s(service: Service, trace: Trace, seconds: float) -> float:
    """USD of the controller's first seconds, by minutes: machines as they are billed, functions by who enters."""
    frame = so.simulate(service, trace, so.Controller(service, 60.0)).to_frame()
    first = frame[frame["start_s"] < seconds]
    return math.fsum(first["usd_machines"]) + math.fsum(first["usd_functions"])
