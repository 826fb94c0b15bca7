"""Ranges of sizes and noise: what stands for a part of them is nowhere worse than its members."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.helpers import load
from support.sizes import FEE, MB_PER_VCPU, USD_PER_GB_S, document

import serflow_opt as so
from serflow_opt.problem.network import HandoverMode
from serflow_opt.problem.offers import RentalOffer
from serflow_opt.problem.ranges import FunctionSizes, NoiseCurve, amdahl_flops_per_s, function_name

OFFER = RentalOffer("f", usd_per_s=USD_PER_GB_S, usd_per_request=FEE, cold_start_s=0.3, cold_share=0.5)
FUNCTION = FunctionSizes(0, "x86_64", 128, 10240, (1e9, 3e9), OFFER, MB_PER_VCPU, 2e10, 0.9, None, 0.0)


@given(st.integers(128, 10240), st.integers(0, 4000), st.floats(0, 1))
@settings(max_examples=200)
def test_a_cell_is_nowhere_worse_than_its_sizes(low: int, width: int, part: float) -> None:
    """A range stands for its sizes by an option that is at least as good as each, so that bounds hold."""
    high = min(low + width, 10240)
    size = round(low + part * (high - low))
    cell, member = FUNCTION.relaxed((low, high)), FUNCTION.option(size)
    near = 1 + 1e-12
    assert all(a <= b * near for a, b in zip(cell.stage_seconds, member.stage_seconds, strict=True))
    for work in (1e9, 0.0):  # operations, and only being called
        paid = [o.usd_per_request + o.usd_per_s * (work / o.flops_per_s + 0.15) for o in (cell, member)]
        assert paid[0] <= paid[1] * near
    assert cell.memory_bytes is not None
    assert member.memory_bytes is not None
    assert cell.memory_bytes >= member.memory_bytes


@given(st.integers(128, 10240), st.integers(0, 9000), st.integers(1, 20))
def test_parts_of_a_cell_hold_every_size_once(low: int, width: int, count: int) -> None:
    """Splitting a range loses no size and doubles none."""
    high = min(low + width, 10240)
    parts = FUNCTION.parts((low, high), count)
    sizes = [size for a, b in parts for size in range(round(a), round(b) + 1)]
    assert sizes == list(range(low, high + 1))


ROWS = tuple(
    HandoverMode("none", "laplace", b, 1.0, 10.0, 0.0, loss, ce, ce - 0.1, mse, max(0.0, 1 - mse / 0.05))
    for b, loss, ce, mse in ((0.1, 0.001, 0.12, 0.004), (0.5, 0.02, 0.3, 0.02), (2.0, 0.3, 2.0, 0.07))
)


CURVE = NoiseCurve(1, ROWS, 0.05)


def test_between_measured_strengths_everything_is_linear() -> None:
    """Between two measured strengths of noise all effects are in proportion; at one they are its own."""
    way = CURVE.way(0.2)  # a quarter of the way from 0.1 to 0.5
    assert way.accuracy_loss == pytest.approx(0.00575)
    assert way.mse == pytest.approx(0.008)
    assert way.leak == pytest.approx(1 - 0.008 / 0.05)
    assert way.cross_entropy == pytest.approx(0.165)
    assert CURVE.way(0.5) is ROWS[1]


@given(st.floats(0.1, 2.0), st.floats(0.1, 2.0), st.floats(0, 1))
def test_a_cell_is_nowhere_worse_than_its_strengths(a: float, b: float, part: float) -> None:
    """A range of noise stands for its strengths by a way that is at least as good as each."""
    low, high = min(a, b), max(a, b)
    cell, way = CURVE.relaxed((low, high)), CURVE.way(low + part * (high - low))
    assert cell.accuracy_loss <= way.accuracy_loss + 1e-12
    assert cell.leak <= way.leak + 1e-12
    assert cell.mse is not None
    assert way.mse is not None
    assert cell.mse >= way.mse - 1e-12


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"memory_mb_range": [100, 512]}, "128"),
        ({"memory_mb_range": [512, 512]}, "smaller"),
        ({"memory_mb_range": [512]}, "memory_mb_range"),
    ],
)
def test_wrong_ranges(change: dict[str, Any], word: str, tmp_path: Path) -> None:
    """Ranges out of bounds, empty or with one end are refused by name."""
    doc = document(0)
    doc["tier"][1] |= change
    with pytest.raises(so.InputError, match=word):
        load(doc, tmp_path)


@pytest.mark.parametrize(
    ("vcpus", "fraction", "expected"),
    [
        (1, 0.5, 1.0),
        (2, 1.0, 2.0),
        (2, 0.0, 1.0),
        (4, 0.75, 1 / (0.25 + 0.75 / 4)),
        (5, 0.9, 1 / (0.1 + 0.18)),
        (0.5, 0.9, 0.5),  # below one vCPU speed is proportional
        (0.5, 0.0, 0.5),
    ],
)
def test_amdahl(vcpus: float, fraction: float, expected: float) -> None:
    """Speed grows with vCPUs by Amdahl's law, and falls in proportion below one."""
    assert amdahl_flops_per_s(vcpus, 3e9, fraction) == pytest.approx(3e9 * expected, rel=1e-12)


def test_names_of_functions() -> None:
    """Names of functions tell size and, where it is not the usual one, architecture."""
    assert function_name("x86_64", 1769) == "lambda-1769MB"
    assert function_name("arm64", 512) == "lambda-arm64-512MB"
