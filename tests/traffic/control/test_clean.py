"""From an instance with [carbon] to a schedule, by the command and in Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.control.clean import clean_scale, terms_of
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.clean import CarbonTerms

HOURS = str(Path(__file__).parents[3] / "instances/bert12-sst2-carbon/hours.toml")


def shipped() -> so.Instance:
    """The shipped instance with hourly grids."""
    return so.load(HOURS)


def test_cleanest_and_cheapest() -> None:
    """Least money emits more, least carbon costs more."""
    instance, trace = shipped(), Trace.of([20_000, 60_000], 3600.0)
    given = {"blocks": 1, "step_s": 3600.0, "gap": 1e-3, "deadline": NEVER}
    cheap = clean_scale(instance, trace, terms_of(instance, CarbonTerms()), **given)
    clean = clean_scale(instance, trace, CarbonTerms("carbon"), **given)
    emitted = sum(cheap.carbon_g.values())
    assert clean.value < emitted
    assert clean.usd > cheap.usd


def test_what_the_instance_asks() -> None:
    """Objective and limit of the file are taken; other objectives are refused."""
    instance = replace(shipped(), minimize="carbon", carbon_max_g=0.5)
    assert terms_of(instance, CarbonTerms()) == CarbonTerms("carbon", max_g=0.5)
    with pytest.raises(InputError, match="minimize"):
        terms_of(replace(instance, minimize="latency"), CarbonTerms())


def test_carbon_that_is_not_counted() -> None:
    """An instance without [carbon] cannot be asked for the least of it."""
    with pytest.raises(InputError, match=r"write \[carbon\]"):
        clean_scale(
            so.load("libra"),
            Trace.of([10], 60.0),
            CarbonTerms("carbon"),
            blocks=1,
            step_s=60.0,
            gap=1e-3,
            deadline=NEVER,
        )


def test_by_the_commands() -> None:
    """`scale` tells what was asked and what is emitted, `simulate` and `compare` what is emitted."""
    given = ("--trace", "twitter-day", "--to-s", "1200", "--blocks", "1", "--json")
    scaled = run("scale", HOURS, *given, "--usd-per-tonne", "100").document
    assert scaled["asked"]["usd_per_tonne"] == 100
    grams = [own["carbon_g"] for own in scaled["blocks"]]
    assert scaled["carbon_g"]["total"] == pytest.approx(sum(sum(own.values()) for own in grams))
    assert run("simulate", HOURS, *given).document["carbon_g"]["total"] > 0
    rows = run("compare", HOURS, *given, "--policy", "functions").document["policies"]
    assert rows[0]["carbon_g"] > 0
