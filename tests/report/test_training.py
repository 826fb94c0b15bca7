"""Trainings, groups and pipelines simulated, as tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from support.helpers import has_line
from support.shown import text_of

from serflow_opt.families.batching.simulate import BatchingSimulated, SimulatedApplication
from serflow_opt.families.pipeline.simulate import PipelineSimulated, StageBusy
from serflow_opt.families.simulated import beside
from serflow_opt.families.training.simulate import RoundsSimulated
from serflow_opt.report.training import batching_table, figures_table, pipeline_table, rounds_table


def test_figures_stand_beside_what_was_expected() -> None:
    """11 of 10 expected are 10 % more, 3 of 4 a quarter less; nothing of nothing is nothing off."""
    rows = [beside("time", "s", 9.0, 10.0, 11.0), beside("cost", "USD", 4.0, 4.0, 3.0), beside("lost", "", 0, 0, 0)]
    text = text_of(figures_table(rows))
    assert has_line(text, "time s", "9", "10", "11", "+10.00%")
    assert has_line(text, "cost USD", "4", "3", "-25.00%")
    assert has_line(text, "lost", "+0.00%")


def test_rounds_say_who_was_last() -> None:
    """The three groups that were last most often, those that never were left out; one of eight updates is lost."""
    found = RoundsSimulated(
        kind="training",
        instance="phones",
        trainings=20,
        rounds=100,
        seed=3,
        figures=[beside("time", "s", 10.0, 10.0, 10.0)],
        longest_s=12.5,
        arrived=7.0,
        lost=0.125,
        held_up={"a": 0.0, "b": 0.25, "c": 0.75},
        plan={},
    )
    text = text_of(rounds_table(found))
    assert has_line(text, "phones", "20 trainings of 100 rounds, seed 3")
    assert has_line(text, "12.5 s")
    assert has_line(text, "7 updates arrive in a round, 12.50%")
    assert has_line(text, "last in most often: c (75%), b (25%)")
    assert "a (" not in text


def test_modes_without_a_value_have_empty_cells() -> None:
    """A mode that has no plan stands in the table with its status; a worker more that is no better says so."""
    from serflow_opt.report.training import _modes

    goal = SimpleNamespace(name="time", unit="s")
    metrics = [SimpleNamespace(name="time", value=5.0, unit="s"), SimpleNamespace(name="cost", value=2.0, unit="USD")]
    costs: Any = SimpleNamespace(
        plan=SimpleNamespace(objective=goal),
        modes=[
            SimpleNamespace(mode="split", status="optimal", value=5.0, bound=5.0, metrics=metrics),
            SimpleNamespace(mode="local", status="infeasible", value=None, bound=None, metrics=[]),
        ],
    )
    head, first, second = text_of(_modes(costs)).splitlines()
    assert head.split() == ["mode", "status", "time", "s", "bound", "cost", "USD"]
    assert first.split() == ["split", "optimal", "5", "5", "2"]
    assert second.split() == ["local", "infeasible"]


def test_groups_show_their_promises() -> None:
    """Targets, what is promised and what came out, in milliseconds; 1 of 800 late are 0.125 %."""
    own = SimulatedApplication(
        application="vr", target_ms=800, promised_ms=700.04, longest_ms=690.0, mean_ms=300.26, late=1 / 800
    )
    found = BatchingSimulated(
        kind="batching", instance="x", requests=1600, arrivals="random", figures=[], applications=[own], plan={}
    )
    text = text_of(batching_table(found))
    assert has_line(text, "1,600 requests that come at random")
    assert has_line(text, "vr", "800", "700.0", "690.0", "300.3", "0.125%")


def test_stages_of_a_pipeline_show_how_busy_they_are() -> None:
    """As planned beside from first to last."""
    own = StageBusy(stage=1, layers="1-4", planned=0.8, simulated=0.755)
    found = PipelineSimulated(kind="pipeline", instance="x", mini_batches=64, figures=[], busy=[own], plan={})
    assert has_line(text_of(pipeline_table(found)), "1", "1-4", "80.0%", "75.5%")
