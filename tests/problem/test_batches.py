"""Times by batch size: read, interpolated, checked; expected values by hand."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.problem.batches import mean_s

TIMES = [["stage", "option", "batch", "mean_ms"]]
TIMES += [[s, "v", n, s * (8 + 2 * n)] for s in (1, 2) for n in (1, 2, 4, 8)]


def batched(times: list[list[Any]] = TIMES, **keys: Any) -> dict[str, Any]:
    """The two tiers, the machines with batches."""
    document = two_tiers()
    vm = document["tier"][0]
    vm |= {"batch": [1, 8, 2], "batch_wait_ms": [10, 2], "stage_times": "times.csv"} | keys
    vm["option"] = [{"name": "v", "usd_per_hour": 7.2}]
    document["tier"][0] = {key: value for key, value in vm.items() if value is not None}
    document["tables"]["times.csv"] = [dict(zip(times[0], row, strict=True)) for row in times[1:]]
    return document


def machine(document: dict[str, Any], folder: Path) -> Any:
    return next(option for option in load(document, folder).options if option.name == "v")


def test_times_are_linear_between_measured_sizes(tmp_path: Path) -> None:
    """Batches between two measured sizes take the time in proportion, and the offers are all sizes with all waits."""
    times = [["stage", "option", "batch", "mean_ms"]]
    times += [[s, "v", n, ms * s] for s in (1, 2) for n, ms in ((1, 10), (4, 16), (8, 40))]
    option = machine(batched(times), tmp_path)
    assert option.stage_seconds == (0.010, 0.020)
    assert option.batching.seconds[0] == pytest.approx([0.010, 0.012, 0.014, 0.016, 0.022, 0.028, 0.034, 0.040])
    assert option.batching.seconds[1] == pytest.approx([2 * t for t in option.batching.seconds[0]])
    assert option.batching.sizes == (1, 2, 8)
    assert option.batching.waits_s == pytest.approx((0.002, 0.010))
    assert option.batching.choices == ((1, 0.0), (2, 0.002), (2, 0.010), (8, 0.002), (8, 0.010))


def test_fixed_and_per_request_parts(tmp_path: Path) -> None:
    """A fixed part and a part for each request give the time of every size."""
    times = [["stage", "option", "fixed_ms", "per_request_ms"], [1, "v", 5, 1], [2, "v", 0, 3]]
    option = machine(batched(times), tmp_path)
    assert option.stage_seconds == pytest.approx((0.006, 0.003))
    assert option.batching.seconds[0] == pytest.approx([0.005 + 0.001 * n for n in range(1, 9)])
    assert option.batching.seconds[1] == pytest.approx([0.003 * n for n in range(1, 9)])


@pytest.mark.parametrize("keys", [{"batch": None, "batch_wait_ms": None}, {"batch": [1], "batch_wait_ms": None}])
def test_one_at_a_time_is_what_it_was(tmp_path: Path, keys: dict[str, Any]) -> None:
    """Batches of one make the same machine as plain times do."""
    plain = [["stage", "option", "mean_ms"], [1, "v", 10], [2, "v", 20]]
    by_batch, alone = machine(batched(**keys), tmp_path / "a"), machine(batched(plain, **keys), tmp_path / "b")
    assert by_batch == alone
    assert by_batch.batching is None


def test_the_least_billed_time_of_a_call(tmp_path: Path) -> None:
    """A short call is billed its minimum, a longer one by whole steps."""
    document = two_tiers()
    document["tier"][1] |= {"billing_step_ms": 1000.0, "billing_min_ms": 3000.0}
    functions = [option for option in load(document, tmp_path).options if option.tier == 1]
    assert {(own.billing_step_s, own.billing_min_s) for own in functions} == {(1.0, 3.0)}
    assert [functions[0].billed_s(t) for t in (0.1, 2.5, 3.0, 3.1)] == [3.0, 3.0, 3.0, 4.0]


def test_mean_time_is_that_of_all_ways_to_leave() -> None:
    """The mean over who of a batch stays equals the sum over all ways to leave, written out."""
    times = (3.0, 5.0, 6.0, 9.0)
    for entering, stays in itertools.product(range(1, 5), (0.0, 0.3, 1.0)):
        expected = math.fsum(
            math.prod(stays if here else 1 - stays for here in way) * (times[sum(way) - 1] if sum(way) else 0.0)
            for way in itertools.product((0, 1), repeat=entering)
        )
        assert mean_s(times, entering, stays) == pytest.approx(expected, abs=1e-12)


def rows(*cells: tuple[int, int, float]) -> list[list[Any]]:
    return [["stage", "option", "batch", "mean_ms"], *([s, "v", n, ms] for s, n, ms in cells)]


FULL = [(s, n, 10.0 * n) for s in (1, 2) for n in (1, 8)]


@pytest.mark.parametrize(
    ("document", "place", "value", "cure"),
    [
        (batched(batch=[0, 2]), "batch", "0", "at least 1"),
        (batched(batch=[2, 2]), "batch", "2 twice", "keep one"),
        (batched(batch=[]), "batch", "[]", "remove the key"),
        (batched(batch_wait_ms=[5, 5.0]), "batch_wait_ms", "5 twice", "keep one"),
        (batched(batch_wait_ms=[-1.0]), "batch_wait_ms", "-1", "at least 0"),
        (batched(batch_wait_ms=None), "batch_wait_ms", "missing", "batch_wait_ms = [5]"),
        (batched(batch=None), "batch_wait_ms", "without batch", "batch = [1, 2, 4]"),
        (batched([["stage", "option", "mean_ms"], [1, "v", 1], [2, "v", 1]]), "line 1", "batch 8", "column batch"),
        (batched(batch=[16]), "column batch", "16 is offered, and 8", "leave 16 out"),
        (batched(rows(*FULL[:2], (2, 2, 1.0), (2, 8, 2.0))), "column batch", "stage 2 on 'v'", "batch of 1"),
        (batched(rows(*FULL, (2, 4, 5.0))), "column mean_ms", "4 requests take less time than 1", "row of 1"),
        (batched(rows(*FULL, FULL[0])), "line 6", "stage 1 on 'v' with batch 1 stands twice", "keep one row"),
        (batched(rows(*FULL, (1, 0, 3.0))), "column batch", "'0'", "from 1 to 4096"),
        (batched(rows(*FULL[:2])), "", "no time for 'v' at stage(s) 2", "a row for each stage"),
        (batched(kind="device"), "batch", "kind 'device'", "remove it"),
        (batched(billing_min_ms=1.0), "billing_min_ms", "kind 'vm'", "remove it"),
    ],
)
def test_bad_input(tmp_path: Path, document: dict[str, Any], place: str, value: str, cure: str) -> None:
    """Each fault of batch sizes, waits and rows is named with place, value and cure."""
    with pytest.raises(so.InputError) as told:
        load(document, tmp_path)
    assert any(place in p.place and value in p.found and cure in p.cure for p in told.value.problems), told.value


def test_times_that_fall_are_one_line_an_option(tmp_path: Path) -> None:
    """Stages in a row are named by their ends, and each pair of sizes once."""
    own = batched(rows(*((s, n, 20.0 - n if s != 4 else 10.0 * n) for s in (1, 2, 3, 4, 5) for n in (1, 8))))
    own["tables"]["stages.csv"] = [own["tables"]["stages.csv"][0] | {"stage": s} for s in (1, 2, 3, 4, 5)]
    own["tables"]["exits.csv"] = [{"stage": 5, "threshold": 0, "exit_rate": 1.0, "accuracy": 0.9}]
    with pytest.raises(so.InputError) as told:
        load(own, tmp_path)
    (problem,) = told.value.problems
    assert problem.found == "'v': 8 requests take less time than 1 at stages 1 to 3, 5"
    assert problem.cure == "measure again, or leave out the row of 1 at stages 1 to 3, 5"


def test_batches_need_times_by_batch(tmp_path: Path) -> None:
    """Batches are not served at times measured one by one."""
    document = two_tiers()
    document["tier"][0] |= {"batch": [4], "batch_wait_ms": [1.0]}
    with pytest.raises(so.InputError, match="4 without times by batch"):
        load(document, tmp_path)
