"""Planners and policies against `solve` on the changed instance, one question at a time."""

from __future__ import annotations

import copy
import math
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from support import tiny
from support.documents import document_of
from support.helpers import load
from support.planners import BASES, Question, asked, same_answer, told

import serflow_opt as so
from serflow_opt.ground.tolerances import PLANNER_GAP
from serflow_opt.planner.planner import Planner
from serflow_opt.problem.instance import Instance

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


def test_planners_travel() -> None:
    """By pickle and as copies; what the copy answers is the same."""
    planner = Planner(BASES["per request"])
    planner.plan()
    for again in (pickle.loads(pickle.dumps(planner)), copy.deepcopy(planner)):
        assert again.plan() == planner.plan()  # from memory
        assert again.plan(latency_slo_ms=900.0).plan == planner.plan(latency_slo_ms=900.0).plan
