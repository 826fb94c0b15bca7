"""`solve(method="labels")` against exhaustive search and against the whole model, and on problems of any scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from oracles.adapted_best import Best, best
from support import tiny
from support.documents import document_of
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.plan.document import Plan
from serflow_opt.problem.instance import Instance

GAP = 1e-6
PLAIN = [*range(21), 307]  # 307: the first plan with thresholds is far worse than the second
ADAPTED = [0, 5, 7, *range(9, 23), 76]  # 5 and 76: nothing is in time, and more is limited; 9 and 21: own menus
EACH = [*(("plain", seed) for seed in PLAIN), *(("adapted", seed) for seed in ADAPTED)]


@cache
def case_of(kind: str, seed: int) -> tuple[dict[str, Any], Instance, Best | None]:
    document = document_of(kind, seed)
    with TemporaryDirectory() as folder:
        return document, load(document, Path(folder)), best(document)


def check(plan: Plan, expected: Best | None, gap: float = GAP) -> None:
    """The status is the oracle's, the value within the gap of the best, and nothing is better than the bound."""
    if expected is None:
        assert plan.status == "infeasible"
        assert plan.objective.value is None
        return
    optimum, noise = expected.objective, 1e-9 * abs(expected.objective) + 1e-13
    assert plan.status == "optimal"
    assert plan.objective.value is not None
    assert plan.bound is not None
    assert optimum - noise <= plan.objective.value <= optimum + 2 * gap * abs(optimum) + noise
    assert plan.bound <= optimum + noise
    assert plan.metrics is not None
    assert plan.metrics.breaches == []


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_against_enumeration(kind: str, seed: int) -> None:
    """Labels find the best of all plans without a solver, and count what they looked at."""
    _, instance, expected = case_of(kind, seed)
    plan = so.solve(instance, method="labels")
    check(plan, expected)
    certificate = plan.certificate
    if plan.status == "optimal":
        assert certificate.placements is not None
        assert certificate.placements >= 1
        for counted in (certificate.placements_kept, certificate.placements_labelled, certificate.labels):
            assert counted is not None
            assert counted >= 0
        assert "Lagrangian bounds on all at once" in certificate.method
        assert "labels for the thresholds" in certificate.method
        assert "HiGHS" not in certificate.method


@pytest.mark.parametrize(("kind", "seed"), EACH)
@pytest.mark.parametrize("gap", [0.0, 0.01, 0.2])
def test_at_any_gap(kind: str, seed: int, gap: float) -> None:
    """Gaps this wide would show a bound that is above the optimum; none at all still comes to an end."""
    _, instance, expected = case_of(kind, seed)
    check(so.solve(instance, method="labels", gap=gap), expected, max(gap, 1e-9))


@pytest.mark.parametrize(("kind", "seed"), EACH[::3])
def test_against_the_whole_model(kind: str, seed: int) -> None:
    """Labels and the mixed-integer model agree on status and value."""
    _, instance, _ = case_of(kind, seed)
    plan, other = (so.solve(instance, method=method, gap=GAP) for method in ("labels", "milp"))
    assert plan.status == other.status
    if plan.objective.value is not None:
        assert plan.objective.value == pytest.approx(other.objective.value, rel=2 * GAP, abs=1e-12)


@pytest.mark.parametrize(("kind", "seed"), EACH[::3])
def test_again_and_again_the_same(kind: str, seed: int) -> None:
    """The seed of the solver has no say in what labels find."""
    _, instance, _ = case_of(kind, seed)
    plans = [so.solve(instance, method="labels", seed=n).to_dict() for n in range(2)]
    for plan in plans:
        plan.pop("seconds")
    assert plans[0] == plans[1]


@pytest.mark.parametrize(("kind", "seed"), EACH[::3])
def test_out_of_time_at_once(kind: str, seed: int) -> None:
    """Whatever is said is true."""
    _, instance, expected = case_of(kind, seed)
    plan = so.solve(instance, method="labels", time_limit=0)
    if plan.status == "optimal":
        check(plan, expected)
    elif plan.status == "feasible":
        assert expected is not None
        assert plan.objective.value is not None
        noise = 1e-9 * abs(expected.objective) + 1e-13
        assert plan.objective.value >= expected.objective - noise
        assert plan.bound is None or plan.bound <= expected.objective + noise
        assert plan.metrics is not None
        assert plan.metrics.breaches == []
    else:
        assert plan.status == "no_solution" or expected is None


# ----------------------------------------------------------------------------------------------------
# Limits on further columns


def limited(limits: Mapping[str, float]) -> dict[str, Any]:
    """A document with energy and a link that is not trusted, and limits in its workload."""
    document = two_tiers()
    document["tier"][0]["joules_per_flop"] = 1e-9
    document["tier"][1]["joules_per_flop"] = 4e-9
    document["link"][0]["trusted"] = False
    return changed(document, workload=dict(limits))


LIMITS: list[dict[str, Any]] = [
    {"latency_measure": "mean"},
    {"latency_measure": "mean", "latency_slo_ms": 210.0},
    {"latency_measure": "mean", "latency_slo_ms": 190.0, "accuracy_min": 0.9},
    {"latency_measure": "mean", "latency_slo_ms": 100.0},
    {"latency_measure": "mean", "energy_max_j": 4.5, "accuracy_min": 0.86},
    {"latency_slo_ms": 600.0, "energy_max_j": 20.0},
    {"latency_slo_ms": 450.0, "energy_max_j": 9.0, "accuracy_min": 0.9},
    {"cost_max_usd": 4.0e-4},
    {"cost_max_usd": 3.0e-5},
    {"cost_max_usd": 1.0e-6},
    {"privacy_max": 0.0, "energy_max_j": 4.2},
    {"privacy_max": 0.6, "latency_slo_ms": 700.0},
]


@pytest.mark.parametrize("minimize", ["cost", "energy", "privacy"])
@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: "-".join(f"{k}{v}" for k, v in limits.items()))
def test_limits_on_everything(limits: dict[str, Any], minimize: str, tmp_path: Path) -> None:
    """Limits on cost, latency, privacy, energy and accuracy at once are kept, whatever is minimised."""
    document = changed(limited(limits), objective={"minimize": minimize})
    instance = load(document, tmp_path)
    check(so.solve(instance, method="labels"), best(document))


# ----------------------------------------------------------------------------------------------------
# What labels are not for


def test_reserved_machines_are_not_covered() -> None:
    """Labels refuse machines rented whole, and name the method that takes them."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=1.0)
    with pytest.raises(so.InputError, match="'labels' does not cover this instance: accounting = reserved;") as error:
        so.solve(instance, method="labels")
    assert "method auto" in str(error.value)


@pytest.mark.parametrize("thresholds", ["interpolated", "randomized"])
def test_thresholds_between_rows_are_not_covered(thresholds: Any) -> None:
    """Labels refuse thresholds between rows."""
    with pytest.raises(so.InputError, match=f"'labels' does not cover this instance: thresholds = {thresholds};"):
        so.solve(tiny.two_stages(threshold_mode=thresholds), method="labels")


def test_percentiles_are_not_covered() -> None:
    """Labels refuse percentiles, which no sum along a path gives."""
    with pytest.raises(so.InputError, match="'labels' does not cover this instance: latency_measure = p95;"):
        so.solve(tiny.two_stages(latency_measure="p95", latency_slo_s=9.0), method="labels")


def test_all_that_labels_do_not_take_is_named_at_once() -> None:
    """Two things stand in the way, and nothing that does not."""
    instance = tiny.two_stages(latency_measure="p95", latency_slo_s=9.0, accounting="reserved", rate_per_s=1.0)
    with pytest.raises(so.InputError, match="instance: latency_measure = p95, accounting = reserved;"):
        so.solve(instance, method="labels")


def test_limits_beside_the_fastest_plan_are_named() -> None:
    """The fastest plan is found by whole time alone, which no limit on money counts in."""
    instance = tiny.two_stages(minimize="latency", cost_max_usd=9.0, accuracy_min=0.9)
    with pytest.raises(so.InputError, match="instance: cost_max_usd with worst-case latency as the goal;"):
        so.solve(instance, method="labels")


def test_labels_that_leave_too_much_to_list_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No placement may be listed here, so that bounds alone would have to prove the plan: they do not with a floor."""
    monkeypatch.setattr("serflow_opt.search.combinatorial.LISTED", 0)
    instance = tiny.two_stages(accuracy_min=0.9)
    with pytest.raises(so.InputError, match="'labels' comes to no proof within these limits; use method auto"):
        so.solve(instance, method="labels")
    assert so.solve(instance).status == "optimal"


# ----------------------------------------------------------------------------------------------------
# By hand


def test_free_of_charge(tmp_path: Path) -> None:
    """A plan that costs nothing is optimal, and of those that do the fastest is taken: f in 150 + 400 ms, v in 300."""
    document = two_tiers()
    document["tier"][0]["option"][0]["usd_per_hour"] = 0.0
    document["tier"][1]["option"][0] |= {"usd_per_gb_s": 0.0, "usd_per_request": 0.0}
    plan = so.solve(load(document, tmp_path), method="labels")
    assert (plan.status, plan.objective.value, plan.bound, plan.gap) == ("optimal", 0.0, 0.0, 0.0)
    assert plan.metrics is not None
    assert plan.metrics.latency_worst_ms == pytest.approx(300.0)


def test_nothing_is_connected(tmp_path: Path) -> None:
    """Where no stage can be reached labels say infeasible and why."""
    document = changed(two_tiers(), workload={"source": "vm"}) | {"link": []}
    document["tier"][0]["option"][0]["memory_mb"] = 1
    plan = so.solve(load(document, tmp_path), method="labels")
    assert plan.status == "infeasible"
    assert plan.infeasible_because


@pytest.mark.parametrize(
    ("limits", "value", "placement"),
    [
        # v costs 0.625 + R_2, f 1.25 + 0.5 R_2, both 0.625 + 1.625 R_2 (`test_bounds.test_by_hand`)
        ({}, 1.125, ["v", "v"]),
        ({"accuracy_min": 0.9}, 1.375, ["v", "v"]),
        ({"latency_slo_s": 3.0}, 0.625 + 1.625 * 0.5, ["v", "f"]),
        ({"latency_slo_s": 2.0}, 1.5, ["f", "f"]),
        ({"latency_slo_s": 2.0, "accuracy_min": 0.9}, 1.625, ["f", "f"]),
        ({"latency_slo_s": 0.9}, None, None),
        ({"accuracy_min": 0.946}, None, None),
    ],
)
def test_two_stages(limits: dict[str, float], value: float | None, placement: list[str] | None) -> None:
    """Two stages under each limit have the plan that arithmetic finds."""
    plan = so.solve(tiny.two_stages(**limits), method="labels")
    assert plan.objective.value == (None if value is None else pytest.approx(value, rel=1e-12))
    assert (plan.plan and [place.option for place in plan.plan.placement]) == placement
    if value is not None:
        assert plan.certificate.placements == 3


# ----------------------------------------------------------------------------------------------------
# Scale: other units of money and of work change nothing


def in_units(instance: Instance, money: float = 1.0, work: float = 1.0) -> Instance:
    """The same instance with all prices times `money`, and all operations and speeds times `work`."""
    options = tuple(
        replace(
            option,
            usd_per_s=option.usd_per_s * money,
            usd_per_request=option.usd_per_request * money,
            joules_per_flop=option.joules_per_flop / work,
            flops_per_s=None if option.flops_per_s is None else option.flops_per_s * work,
        )
        for option in instance.options
    )
    stages = tuple(replace(stage, flops=stage.flops * work) for stage in instance.stages)
    links = {ends: replace(link, usd_per_byte=link.usd_per_byte * money) for ends, link in instance.links.items()}
    limit = instance.cost_max_usd
    return replace(
        instance, options=options, stages=stages, links=links, cost_max_usd=None if limit is None else limit * money
    )


def decided(plan: Plan) -> dict[str, Any] | None:
    """Placement and thresholds."""
    return None if plan.plan is None else plan.plan.model_dump()


SCALED = [("plain", seed) for seed in (1, 2, 4, 8, 9, 10)] + [("adapted", seed) for seed in (9, 13)]


@pytest.mark.parametrize("money", [1e-9, 1e-6, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("kind", "seed"), SCALED)
def test_prices_of_any_size(kind: str, seed: int, money: float) -> None:
    """Other currencies change the value by their factor, and not the plan."""
    _, instance, expected = case_of(kind, seed)
    plain, scaled = (so.solve(one, method="labels") for one in (instance, in_units(instance, money=money)))
    check(plain, expected)
    assert scaled.status == plain.status
    assert decided(scaled) == decided(plain)
    if plain.objective.value is not None:
        factor = money if instance.minimize == "cost" else 1.0
        assert scaled.objective.value == pytest.approx(plain.objective.value * factor, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("money", [1e-9, 1e-4, 1e3])
def test_prices_of_a_model(money: float) -> None:
    """12 stages, 13 options, menus of 11 thresholds; the best plan costs 3e-6 USD."""
    instance = so.load("bert12-sst2").with_limits(accounting="per-request")
    plain, scaled = (so.solve(one, method="labels") for one in (instance, in_units(instance, money=money)))
    assert decided(scaled) == decided(plain)
    assert plain.objective.value is not None
    assert scaled.objective.value == pytest.approx(plain.objective.value * money, rel=1e-9, abs=0.0)
    assert scaled.gap is not None
    assert scaled.gap <= GAP


def sized(flops: float) -> dict[str, Any]:
    """`two_tiers` with operations of a size, and speeds alike: times are what they were."""
    document, factor = deepcopy(two_tiers()), flops / 4e9
    for row in document["tables"]["stages.csv"]:
        row["flops"] = row["flops"] * factor
    for tier in document["tier"]:
        for option in tier["option"]:
            option["flops_per_s"] *= factor
    return document


@pytest.mark.parametrize("flops", [1e3, 1e6, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("limits", [{}, {"accuracy_min": 0.9}, {"latency_slo_ms": 590.0}])
def test_networks_of_any_size(flops: float, limits: dict[str, float], tmp_path: Path) -> None:
    """Networks a million times smaller or larger, on machines to match, get the same plan."""
    plans = []
    for n, document in enumerate((two_tiers(), sized(flops))):
        document = changed(document, workload=limits)
        plans.append(so.solve(load(document, tmp_path / str(n)), method="labels"))
        check(plans[-1], best(document))
    assert decided(plans[0]) == decided(plans[1])
    assert plans[0].objective.value is not None
    assert math.isclose(plans[1].objective.value or 0.0, plans[0].objective.value, rel_tol=1e-9)
