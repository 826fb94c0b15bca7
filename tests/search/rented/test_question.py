"""What the search by mixes takes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt import kernels
from serflow_opt.problem.offers import Tier
from serflow_opt.search.rented.search import RentedSearch

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def refusal(**changes: Any) -> str:
    """What is found wrong where mixes are asked for."""
    with pytest.raises(so.InputError) as error:
        so.solve(tiny.two_stages(**changes), method="mixes")
    return error.value.problems[0].found


def test_what_labels_are_for_is_named() -> None:
    """Paid per request, from menus and in the worst case: what makes it a question of labels is named."""
    expected = "accounting = per-request with latency_measure = worst and thresholds = menu"
    assert refusal() == f"'mixes' does not cover this instance: {expected}"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"accounting": "as-printed"}, "accounting = as-printed"),
        ({"latency_measure": "p95", "latency_slo_s": 9.0, "tail": "normal"}, "tail = normal"),
        (
            {"latency_measure": "p95", "minimize": "latency"},
            "latency_measure = p95 with latency as the goal",
        ),
        (
            {"accounting": "reserved", "rate_per_s": 1.0, "tiers": (Tier("vm", "vm", stage_specific=True), tiny.FN)},
            "stage_specific = true with accounting = reserved",
        ),
        (
            {"accounting": "reserved", "rate_per_s": 1.0, "run_on": True, "carbon_max_g": 1.0},
            "carbon beside money with accounting = reserved, run_on = true",
        ),
    ],
)
def test_what_mixes_do_not_take_is_named(changes: dict[str, Any], named: str) -> None:
    """All that stands in the way is named as files have it, and nothing that does not."""
    assert refusal(**changes) == f"'mixes' does not cover this instance: {named}"


def test_cold_starts_of_two_shares_beside_a_percentile_are_named() -> None:
    """Half of those on one function and a quarter of those on the other meet a cold start: no row tells them apart."""
    v, f = tiny.two_stages().options
    options = (v, f, dataclasses.replace(f, name="g", cold_share=0.25))
    said = refusal(options=options, latency_measure="p95", latency_slo_s=9.0)
    assert said.endswith("latency_measure = p95 with cold starts that differ, or come later")


def test_without_compiled_kernels_that_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the instance stands in the way, so nothing of it is named."""
    monkeypatch.setattr(kernels, "compiled", False)
    assert refusal(accounting="reserved", rate_per_s=1.0) == "'mixes' without compiled kernels"


def test_a_search_by_mixes_that_ends_without_a_proof_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What bounds leave is too much to list."""
    monkeypatch.setattr(RentedSearch, "run", lambda search, pool=None: False)
    assert refusal(accounting="reserved", rate_per_s=1.0) == "'mixes' comes to no proof within these limits"
