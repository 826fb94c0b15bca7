"""Planners and policies against `solve` on the changed instance, one question at a time."""

from __future__ import annotations

import copy
import json
import math
import pickle
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from support import tiny
from support.documents import document_of
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.ground.deadline import NEVER
from serflow_opt.ground.tolerances import NARROW, PLANNER_GAP
from serflow_opt.plan.document import Plan
from serflow_opt.planner import mapping
from serflow_opt.planner.mapping import map_policy
from serflow_opt.planner.planner import Planner
from serflow_opt.planner.policy import Policy
from serflow_opt.problem.instance import Instance

Question = dict[str, Any]
QUESTIONS: list[Question] = [
    {},
    {"rate_per_s": 3.0},
    {"latency_slo_ms": 800.0},
    {"latency_slo_ms": 2_600.0},
    {"latency_slo_ms": 2_600.0, "accuracy_min": 0.9},
    {"accuracy_min": 0.93},
    {"accuracy_min": 0.99},
    {"prices": {"v": 36_000.0}},
    {"prices": {"v": 0.0, "f": 3.0}, "accuracy_min": 0.9},
    {"rate_per_s": 0.5, "latency_slo_ms": 1_200.0, "accuracy_min": 0.9, "prices": {"f": 100.0}},
]
BASES: dict[str, Instance] = {
    "per request": tiny.two_stages(rate_per_s=1.0),
    "with limits": tiny.three_stages(rate_per_s=1.0, latency_slo_s=2.5, accuracy_min=0.88),
    "mean": tiny.two_stages(rate_per_s=1.0, latency_measure="mean"),
    "mean, limited": tiny.three_stages(rate_per_s=1.0, latency_measure="mean", latency_slo_s=2.0),
    "reserved": tiny.two_stages(rate_per_s=1.0, accounting="reserved"),
    "options in a tier": tiny.two_vms(rate_per_s=1.0, accuracy_min=0.88),
    "latency": tiny.two_stages(rate_per_s=1.0, minimize="latency"),
    "then": tiny.two_stages(rate_per_s=1.0, then=("energy",)),
    "weighted": tiny.two_stages(rate_per_s=1.0, minimize="weighted", weights=(("cost", 0.5), ("latency", 0.5))),
}


def asked(instance: Instance, question: Question) -> Instance:
    """The instance that a question is about."""
    found = instance
    prices = question.get("prices", {})
    options = tuple(
        replace(option, usd_per_s=prices[option.name] / 3600 / option.workers) if option.name in prices else option
        for option in instance.options
    )
    for name, value in (
        ("rate_per_s", question.get("rate_per_s")),
        ("latency_slo_ms", question.get("latency_slo_ms")),
        ("accuracy_min", question.get("accuracy_min")),
    ):
        found = found if value is None else found.with_limits(**{name: value})
    return replace(found, options=options)


def same_answer(plan: Plan, instance: Instance, gap: float) -> None:
    """As good as what `solve` proves, to the gap, by metrics that hold, and the bound is not above the best."""
    exact = so.solve(instance, gap=1e-9)
    assert plan.status == exact.status
    assert plan.limits == exact.limits
    if exact.objective.value is None:
        assert plan.objective.value is None
        assert plan.infeasible_because
        return
    best, value = exact.objective.value, plan.objective.value
    assert value is not None
    assert plan.bound is not None
    assert plan.plan is not None
    assert best - 1e-9 * abs(best) <= value <= best + gap * abs(value) + 1e-9 * abs(best) + 1e-12
    assert plan.bound <= best + 1e-9 * abs(best) + 1e-12
    metrics = so.evaluate(instance, plan.plan)
    assert metrics.breaches == []
    assert plan.metrics is not None
    assert metrics.cost_usd_per_request == pytest.approx(plan.metrics.cost_usd_per_request, rel=1e-12)
    if plan.metrics.cost_usd_per_hour is None or metrics.cost_usd_per_hour is None:
        assert instance.rate_per_s is None
    else:
        assert metrics.cost_usd_per_hour == pytest.approx(plan.metrics.cost_usd_per_hour, rel=1e-12)


@pytest.mark.parametrize("base", BASES)
def test_answers_are_those_of_solve(base: str) -> None:
    """A planner that kept its tables answers as a solve from scratch would."""
    planner = Planner(BASES[base])
    for question in QUESTIONS:
        same_answer(planner.plan(**question), asked(BASES[base], question), PLANNER_GAP)


@cache
def random_instance(kind: str, seed: int) -> Instance:
    with TemporaryDirectory() as folder:
        return load(document_of(kind, seed), Path(folder))


@pytest.mark.parametrize("gap", [1e-3, 0.05])
@pytest.mark.parametrize(("kind", "seed"), [*(("plain", s) for s in range(5)), *(("adapted", s) for s in range(5))])
def test_answers_on_random_instances(kind: str, seed: int, gap: float) -> None:
    """Tighter and looser bounds and floors than the instance's own, and other prices."""
    instance = random_instance(kind, seed)
    planner, rng = Planner(instance, gap=gap), np.random.default_rng(seed)
    for _ in range(3):
        question: Question = {}
        if instance.latency_slo_s is not None:
            question["latency_slo_ms"] = instance.latency_slo_s * 1000 * float(rng.choice([0.8, 1.1, 2.0]))
        if instance.accuracy_min is not None:
            question["accuracy_min"] = min(1.0, instance.accuracy_min * float(rng.choice([0.9, 1.0, 1.02])))
        if rng.random() < 0.5:
            option = instance.options[int(rng.integers(len(instance.options)))]
            names = [other.name for other in instance.options]
            if names.count(option.name) == 1:
                question["prices"] = {option.name: option.usd_per_s * option.workers * 3600 * rng.choice([0.2, 3.0])}
        same_answer(planner.plan(**question), asked(instance, question), gap)


# ----------------------------------------------------------------------------------------------------
# What an answer depends on


def told(plan: Plan) -> dict[str, Any]:
    """A plan but for the seconds it took."""
    document: dict[str, Any] = plan.to_dict()
    document.pop("seconds")
    return document


@pytest.mark.parametrize("base", ["with limits", "reserved"])
def test_the_same_question_again(base: str) -> None:
    """A question asked before, in whatever words, is answered from memory."""
    planner = Planner(BASES[base])
    for question in QUESTIONS:
        assert planner.plan(**question) is planner.plan(**question)
    assert planner.plan(rate_per_s=3.0) is planner.plan(rate_per_s=3, prices={})
    prices = {"v": 1.0, "f": 2.0}
    assert planner.plan(prices=prices) is planner.plan(prices=dict(reversed(prices.items())))


@pytest.mark.parametrize("base", ["per request", "with limits", "mean, limited", "reserved"])
def test_whatever_was_asked_before(base: str) -> None:
    """An answer depends on the question alone, not on those before it."""
    first, second = Planner(BASES[base]), Planner(BASES[base])
    forth = [told(first.plan(**question)) for question in QUESTIONS]
    back = [told(second.plan(**question)) for question in reversed(QUESTIONS)]
    assert forth == back[::-1]


def test_the_instance_is_left_as_it_was() -> None:
    """Questions at other prices and limits leave the planner's instance untouched."""
    instance = tiny.two_stages(rate_per_s=1.0)
    planner = Planner(instance)
    before = told(planner.plan())
    planner.plan(prices={"v": 0.0}, latency_slo_ms=1_000.0)
    assert planner.instance is instance
    assert instance == tiny.two_stages(rate_per_s=1.0)
    assert told(Planner(instance).plan()) == before


@pytest.mark.parametrize("base", ["with limits", "reserved"])
def test_eight_threads(base: str) -> None:
    """One planner serves many threads, each with the answer it would have alone."""
    serial, shared = Planner(BASES[base]), Planner(BASES[base])
    expected = [told(serial.plan(**question)) for question in QUESTIONS]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: told(shared.plan(**question)), QUESTIONS * 4))
    assert found == expected * 4


@pytest.mark.parametrize("pace", [0.0, 1e4])
def test_what_is_proven_does_not_depend_on_the_clock(pace: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a stopped nor a racing clock changes an answer that is proven."""
    expected = [told(Planner(BASES["reserved"]).plan(**question)) for question in QUESTIONS]
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: pace * clock())
    assert [told(Planner(BASES["reserved"]).plan(**question)) for question in QUESTIONS] == expected


# ----------------------------------------------------------------------------------------------------
# Questions that go wrong


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"prices": {"w": 1.0}}, r"prices\['w'\]: no such option; known: v, f"),
        ({"prices": {"v": -1.0}}, r"prices\['v'\]: -1.0; write USD per hour, at least 0"),
        ({"prices": {"v": math.nan}}, r"prices\['v'\]: nan; write USD"),
        ({"prices": {"v": math.inf}}, r"prices\['v'\]: inf; write USD"),
        ({"rate_per_s": 0.0}, "rate_per_s: 0; write a number above 0"),
        ({"rate_per_s": math.nan}, "rate_per_s: nan; write a number above 0"),
        ({"latency_slo_ms": -5.0}, "latency_slo_ms: -5; write a number above 0"),
        ({"latency_slo_ms": "x"}, "latency_slo_ms: 'x'; write a number above 0"),
        ({"rate_per_s": "1"}, "rate_per_s: '1'; write a number above 0"),
        ({"deadline_ms": "soon"}, "deadline_ms: 'soon'; write a number of at least 0"),
        ({"prices": {"v": "cheap"}}, r"prices\['v'\]: 'cheap'; write USD"),
        ({"accuracy_min": 1.5}, "accuracy_min: 1.5; write a number from 0 to 1"),
    ],
)
@pytest.mark.parametrize("base", ["per request", "reserved"])
def test_questions_that_make_no_sense(base: str, question: Question, message: str) -> None:
    """A wrong price, rate, limit or deadline is named with its value and what may be written."""
    with pytest.raises(so.InputError, match=message):
        Planner(BASES[base]).plan(**question)


def test_a_mistyped_option() -> None:
    """A price for a misspelt option suggests the one that was meant."""
    named = tiny.two_stages()
    options = tuple(replace(o, name=name) for o, name in zip(named.options, ("c6i.large", "lambda"), strict=True))
    with pytest.raises(so.InputError, match=r"no such option; did you mean c6i.large\?"):
        Planner(replace(named, options=options)).plan(prices={"c6i.lrge": 1.0})


def test_all_that_is_wrong_at_once() -> None:
    """All faults of a question are told in one round."""
    with pytest.raises(so.InputError) as error:
        Planner(BASES["per request"]).plan(prices={"w": 1.0, "v": -1.0})
    assert len(error.value.problems) == 2


def test_a_negative_gap() -> None:
    """A gap below zero can be kept by no answer and is refused."""
    with pytest.raises(so.InputError, match=r"gap: -0.1; write a number of at least 0"):
        Planner(BASES["per request"], gap=-0.1)


@pytest.mark.parametrize("base", ["per request", "with limits", "reserved", "mean, limited"])
def test_no_time_at_all(base: str) -> None:
    """There is an answer all the same; it is remembered only if it is proven."""
    planner = Planner(BASES[base])
    plan = planner.plan(deadline_ms=0)
    assert plan.status in ("optimal", "feasible", "no_solution")
    exact = so.solve(BASES[base], gap=1e-9).objective.value
    assert exact is not None
    if plan.objective.value is not None:
        assert plan.objective.value >= exact * (1 - 1e-9)
        assert plan.bound is None or plan.bound <= exact * (1 + 1e-9)
    same_answer(planner.plan(), BASES[base], PLANNER_GAP)
    assert planner.plan(deadline_ms=0) is planner.plan()


@pytest.mark.parametrize("base", ["per request", "reserved", "mean"])
def test_infeasible(base: str) -> None:
    """A question without a plan names the limit to blame, and the next question is answered again."""
    planner = Planner(BASES[base])
    plan = planner.plan(accuracy_min=0.97)  # the last stage is right on 0.96
    assert plan.status == "infeasible"
    assert plan.plan is None
    assert [clash.limit for clash in plan.infeasible_because or []] == ["accuracy_min"]
    assert planner.plan(latency_slo_ms=100.0).status == "infeasible"
    assert planner.plan(latency_slo_ms=100_000.0).status == "optimal"


def test_by_hand() -> None:
    """v costs 0.625 + R_2, f 1.25 + 0.5 R_2 (`tiny.two_stages`), R_2 = 0.5; at 1 USD/s v costs 1.125 + 2 R_2.

    The wait of the VM for the hand-over plays no part where all stages stay.
    """
    planner = Planner(tiny.two_stages(), gap=0.0)
    assert planner.plan().objective.value == pytest.approx(1.125)
    assert planner.plan(latency_slo_ms=2_000.0).objective.value == pytest.approx(1.5)
    assert planner.plan(prices={"v": 3_600.0}).objective.value == pytest.approx(1.5)
    assert planner.plan(prices={"v": 3_600.0, "f": 36_000.0}).objective.value == pytest.approx(1.125 + 1.0)
    assert planner.plan(accuracy_min=0.9).objective.value == pytest.approx(1.375)


# ----------------------------------------------------------------------------------------------------
# Policies


@cache
def rented() -> Instance:
    """`two_tiers` with machines that are rented, cheap enough to be worth it from some rate on."""
    document = changed(
        two_tiers(),
        objective={"accounting": "reserved"},
        workload={"rate_per_s": 5.0, "utilisation_cap": 0.8, "accuracy_min": 0.9},
    )
    document["tier"][0]["option"][0]["usd_per_hour"] = 0.36
    with TemporaryDirectory() as folder:
        return load(document, Path(folder))


@cache
def by_rate() -> Policy:
    return Planner(rented()).policy(rate_per_s=(2.0, 8.0), tolerance=0.1)


@cache
def by_bound() -> Policy:
    return Planner(so.load("alexnet-cifar10")).policy(latency_slo_ms=(27.0, 60.0))


POLICIES = [(by_rate, rented, 2.0, 8.0, 0.1), (by_bound, lambda: so.load("alexnet-cifar10"), 27.0, 60.0, 0.01)]


def points(policy: Policy, low: float, high: float) -> Iterator[float]:
    """50 random values of the range, none within what ends are exact to of one."""
    rng = np.random.default_rng(3)
    while True:
        value = float(np.exp(rng.uniform(math.log(low), math.log(high))))
        if all(abs(value / end - 1) > 2 * NARROW for end in policy.breakpoints):
            yield value


@pytest.mark.parametrize(("mapped", "source", "low", "high", "tolerance"), POLICIES, ids=["rate", "bound"])
def test_policy_serves_every_point(mapped: Any, source: Any, low: float, high: float, tolerance: float) -> None:
    """At any rate or bound the map's plan keeps its limits and is as near to the best as it says."""
    policy, instance = mapped(), source()
    assert policy.instance == instance.name
    assert policy.gap <= tolerance
    for value, _ in zip(points(policy, low, high), range(50), strict=False):
        name, one = ("rate_per_s", value) if mapped is by_rate else ("latency_slo_ms", value)
        here = instance.with_limits(**{name: one})
        exact = so.solve(here, gap=1e-9)
        piece = policy.piece(value)
        assert piece.low <= value <= piece.high
        if piece.plan is None or piece.plan.plan is None:
            assert exact.status == "infeasible"
            continue
        metrics = so.evaluate(here, piece.plan.plan)
        assert metrics.breaches == []
        assert exact.objective.value is not None
        worth = metrics.cost_usd_per_request
        there = policy.at(value)
        assert there is not None
        assert there.metrics is not None
        assert there.objective.value == there.metrics.cost_usd_per_request == pytest.approx(worth, rel=1e-12)
        assert machines(there) == [m.count for m in metrics.machines]
        assert there.limits[policy.axis] == value
        assert there.bound is not None
        assert there.bound <= exact.objective.value * (1 + 1e-9)
        assert exact.objective.value * (1 - 1e-9) <= worth
        assert worth - exact.objective.value <= (piece.gap + PLANNER_GAP) * worth + 1e-15


@pytest.mark.parametrize(("mapped", "source", "low", "high", "tolerance"), POLICIES, ids=["rate", "bound"])
def test_policy_without_holes(mapped: Any, source: Any, low: float, high: float, tolerance: float) -> None:
    """Neighbours meet and differ; what is best only rises with the rate, and falls with the bound."""
    policy = mapped()
    assert len(policy.pieces) > 1
    assert policy.pieces[0].low == low
    assert policy.pieces[-1].high == high
    assert policy.breakpoints == [piece.low for piece in policy.pieces[1:]]
    for one, other in pairwise(policy.pieces):
        assert one.low < one.high == other.low < other.high
        assert (
            one.plan is None
            or other.plan is None
            or one.plan.plan != other.plan.plan
            or machines(one.plan) != machines(other.plan)
        )
    worth = [hourly(piece.plan) if mapped is by_rate else per_request(piece.plan) for piece in policy.pieces]
    rising = worth if mapped is by_rate else worth[::-1]
    assert all(a <= b * (1 + PLANNER_GAP) for a, b in pairwise(rising))


def machines(plan: Plan) -> list[int]:
    return [m.count for m in plan.metrics.machines] if plan.metrics is not None else []


def hourly(plan: Plan | None) -> float:
    if plan is None or plan.metrics is None:
        return math.inf
    assert plan.metrics.cost_usd_per_hour is not None
    return plan.metrics.cost_usd_per_hour


def per_request(plan: Plan | None) -> float:
    return math.inf if plan is None or plan.metrics is None else plan.metrics.cost_usd_per_request


def test_plans_are_those_of_the_hardest_end() -> None:
    """The rate that a plan's cost by the hour is of is the upper end of its piece; its bound the lower."""
    for piece in by_rate().pieces:
        assert piece.plan is not None
        metrics = piece.plan.metrics
        assert metrics is not None
        assert metrics.cost_usd_per_hour is not None
        assert metrics.cost_usd_per_hour / metrics.cost_usd_per_request / 3600 == pytest.approx(piece.high)
    for piece in by_bound().pieces:
        if piece.plan is not None:
            assert piece.plan.limits["latency_slo_ms"] == pytest.approx(piece.low)


def test_a_rate_matters_only_where_machines_are_rented() -> None:
    """Paid by the request, one plan is best at all rates, and the map has one piece."""
    policy = Planner(tiny.two_stages()).policy(rate_per_s=(0.1, 1e4))
    assert [(piece.low, piece.high) for piece in policy.pieces] == [(0.1, 1e4)]
    assert policy.gap <= PLANNER_GAP
    assert policy.breakpoints == []
    there, twice = policy.at(50.0), policy.at(100.0)
    assert there is not None
    assert twice is not None
    assert there.objective == twice.objective


def test_policy_by_hand() -> None:
    """`tiny.two_stages`: f takes 1 s and costs 1.5; v 3.5 s and 1.125; both 2.75 s, dearer than v, cheaper than f."""
    policy = Planner(tiny.two_stages(), gap=1e-6).policy(latency_slo_ms=(500.0, 5_000.0))
    assert policy.breakpoints == pytest.approx([1_000.0, 2_750.0, 3_500.0], rel=2 * NARROW)
    values = [None if piece.plan is None else piece.plan.objective.value for piece in policy.pieces]
    assert values == [None, pytest.approx(1.5), pytest.approx(0.625 + 1.625 * 0.5), pytest.approx(1.125)]
    assert policy.gap <= 2e-6


@pytest.mark.parametrize("mapped", [by_rate, by_bound])
def test_save_and_load(mapped: Any, tmp_path: Path) -> None:
    """A map read from its file is the one that was saved."""
    policy = mapped()
    policy.save(tmp_path / "policy.json")
    again = Policy.load(tmp_path / "policy.json")
    assert (again.instance, again.axis, again.breakpoints, again.gap) == (
        policy.instance,
        policy.axis,
        policy.breakpoints,
        policy.gap,
    )
    assert again == policy
    assert again.to_frame().equals(policy.to_frame())
    assert len(again.to_frame()) == len(policy.pieces)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", json.dumps({"instance": "a", "axis": "b", "pieces": [{}]})])
def test_files_that_hold_no_policy(text: str | None, tmp_path: Path) -> None:
    """A missing, empty or foreign file is refused as bad input."""
    if text is not None:
        (tmp_path / "policy.json").write_text(text)
    with pytest.raises(so.InputError, match=r"Policy\.save wrote|of one policy"):
        Policy.load(tmp_path / "policy.json")


@pytest.mark.parametrize("value", [0.5, 8.1, math.nan, math.inf, -1.0])
def test_outside_the_map(value: float) -> None:
    """Nothing is said of rates that were not mapped."""
    with pytest.raises(so.InputError, match="the map holds 2 to 8"):
        by_rate().at(value)


def test_ends_of_the_map() -> None:
    """Both ends of the range belong to the map."""
    policy = by_rate()
    first, last = policy.at(2.0), policy.at(8.0)
    assert first is not None
    assert last is not None
    assert policy.pieces[0].plan is not None
    assert policy.pieces[-1].plan is not None
    assert (first.plan, last.plan) == (policy.pieces[0].plan.plan, policy.pieces[-1].plan.plan)
    assert last.objective == policy.pieces[-1].plan.objective


@pytest.mark.parametrize("mapped", [by_rate, by_bound])
def test_plot(mapped: Any) -> None:
    """A map draws itself, on axes that are given or on its own."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = mapped().plot()
    assert axes.get_xlabel()
    assert axes.get_title().startswith(mapped().instance)
    own = plt.figure().subplots()
    assert mapped().plot(own) is own
    plt.close("all")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "policy: 0 ranges; give rate_per_s or latency_slo_ms"),
        ({"rate_per_s": (1, 2), "latency_slo_ms": (1, 2)}, "2 ranges; give"),
        ({"rate_per_s": (2, 1)}, "rate_per_s: .*give two positive numbers, the smaller first"),
        ({"rate_per_s": (1, 1)}, "the smaller first"),
        ({"latency_slo_ms": (0, 1)}, "latency_slo_ms: .*two positive numbers"),
        ({"latency_slo_ms": (1, math.inf)}, "two positive numbers"),
        ({"latency_slo_ms": (math.nan, 1)}, "two positive numbers"),
        ({"latency_slo_ms": (1, 2), "tolerance": -1.0}, "tolerance: -1.0; write a number of at least 0"),
    ],
)
def test_ranges_that_make_no_sense(arguments: Mapping[str, Any], message: str) -> None:
    """A range that is missing, doubled, upside down or endless is refused with what to give."""
    with pytest.raises(so.InputError, match=message):
        Planner(BASES["per request"]).policy(**arguments)


def test_what_does_not_only_rise_has_no_policy() -> None:
    """Where the best value does not grow with the rate, pieces would prove nothing, so no map is made."""
    with pytest.raises(so.InputError, match=r"a weighted objective; .*take it out"):
        map_policy(Planner(BASES["weighted"]), latency_slo_ms=(1.0, 2.0))
    capped = replace(BASES["reserved"], cost_max_usd=5.0)
    with pytest.raises(so.InputError, match="cost_max_usd beside a range of rates"):
        map_policy(Planner(capped), rate_per_s=(1.0, 2.0))


def test_progress() -> None:
    """Solves only rise, and in the end all of the range is settled."""
    seen: list[tuple[int, float]] = []
    map_policy(
        Planner(tiny.two_stages()), latency_slo_ms=(500.0, 5_000.0), on_progress=lambda n, done: seen.append((n, done))
    )
    assert seen == sorted(seen)
    assert seen[-1][1] == pytest.approx(1.0)


def test_a_map_upwards_is_one_by_halves() -> None:
    """One process goes up from the lowest rate, several halve intervals: no plan is beyond what both promise."""
    upwards = by_rate()
    told: list[float] = []
    search = mapping._MapSearch(Planner(rented()), "rate_per_s", 0.1, NEVER, lambda n, done: told.append(done))
    halves = Policy("two", "rate_per_s", tuple(search.pieces(2.0, 8.0, 1, None)), 0.1, rented().utilisation_cap)
    for rate in np.geomspace(2.0, 8.0, 23).tolist():
        one, other = upwards.at(rate), halves.at(rate)
        assert one is not None
        assert other is not None
        for plan, rival in ((one, other), (other, one)):
            assert rival.objective.value is not None
            assert plan.bound is not None
            assert plan.bound <= rival.objective.value * (1 + PLANNER_GAP)


def test_plans_change_where_they_need_a_machine_more() -> None:
    """On v alone a request keeps 2.5 s busy, of which a machine has half: at 0.2 n a second n are full."""
    policy = map_policy(Planner(on_v()), rate_per_s=(0.15, 2.15), tolerance=0.01)
    assert policy.breakpoints[0] == pytest.approx(0.2, rel=1e-9)
    for rate in [0.15, *(0.2 * n * (1 + off) for n in range(1, 11) for off in (-1e-3, -1e-5, 0.0, 1e-5, 1e-3))]:
        there, exact = policy.at(rate), so.solve(on_v().with_limits(rate_per_s=rate), gap=1e-9)
        assert there is not None
        assert machines(there) == [math.ceil(rate / 0.2 * (1 - 1e-9))]
        assert there.objective.value == pytest.approx(exact.objective.value, rel=1e-9)


def on_v() -> Instance:
    """`tiny.two_stages` on v alone, all requests through both stages: 1 + 0.75 x 2 s each."""
    base = tiny.two_stages(rate_per_s=1.0, accounting="reserved", accuracy_min=0.9)
    return replace(base, options=base.options[:1])


def test_a_map_without_tolerance_has_the_best_plan_everywhere() -> None:
    """With tolerance 0 each rate has a plan as good as a solve at that rate finds."""
    policy = Planner(rented(), gap=0.0).policy(rate_per_s=(2.0, 8.0), tolerance=0.0)
    for rate in (2.0, 3.3, 4.7, 8.0):
        there = policy.at(rate)
        best = so.solve(rented().with_limits(rate_per_s=rate), gap=1e-9)
        assert there is not None
        assert there.objective.value == pytest.approx(best.objective.value, rel=1e-6)


def test_a_map_ends_with_its_time() -> None:
    """What is not known by then says so."""
    policy = Planner(rented()).policy(rate_per_s=(2.0, 8.0), time_limit=0)
    assert (policy.pieces[0].low, policy.pieces[-1].high) == (2.0, 8.0)
    assert all(piece.plan is not None or piece.gap == math.inf for piece in policy.pieces)
    assert policy.gap > 0.01
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy
    for value in (3.0, 8.0):
        there = policy.at(value)
        assert there is None or there.status == "feasible"


def test_planners_travel() -> None:
    """By pickle and as copies; what the copy answers is the same."""
    planner = Planner(BASES["per request"])
    planner.plan()
    for again in (pickle.loads(pickle.dumps(planner)), copy.deepcopy(planner)):
        assert again.plan() == planner.plan()  # from memory
        assert again.plan(latency_slo_ms=900.0).plan == planner.plan(latency_slo_ms=900.0).plan


@pytest.mark.parametrize("base", ["per request", "reserved"])
def test_no_time_to_search_means_the_best_plan_known(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of earlier answers, and of the bounds it was made with; the limits asked for hold."""
    planner = Planner(BASES[base])
    best = planner.plan()
    asked = []
    monkeypatch.setattr(planner, "_answer", lambda *given, **named: asked.append(given))
    plan = planner.plan(rate_per_s=BASES[base].rate_per_s or 1.0, explain=False, deadline_ms=0)
    assert not asked
    assert plan.status in ("optimal", "feasible")
    assert (plan.plan, plan.objective) == (best.plan, best.objective)
    assert plan.gap is not None
    with pytest.raises(so.InputError, match=r"gap: 'small'"):
        Planner(BASES[base], gap="small")  # type: ignore[arg-type]
