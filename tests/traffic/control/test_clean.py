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

FILE = """
schema = 1
name = "small"
[network]
stages = "stages.csv"
input_bytes = 100
[exits]
table = "exits.csv"
[workload]
rate_per_s = 10
accuracy_min = 0.5
latency_slo_ms = 1000
[carbon]
g_per_kwh = 300
[[tier]]
name = "vm"
kind = "vm"
option = [{name = "small", usd_per_hour = 0.02, flops_per_s = 2e11, watts = [10, 40]}]
start_s = 60
[[tier]]
name = "calls"
kind = "function"
memory_mb = [1769]
flops_per_s_per_vcpu = 2e10
watts_per_vcpu = [1, 4]
joules_per_byte = 1e-6
keep_alive_s = 300
[objective]
minimize = "cost"
accounting = "reserved"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A network of two stages on machines and functions, of which the latter are cleaner."""
    (tmp_path / "stages.csv").write_text("stage,flops,activation_bytes,parameter_bytes\n1,1e9,100,0\n2,1e9,100,0\n")
    (tmp_path / "exits.csv").write_text("stage,threshold,exit_rate,accuracy\n1,0.5,0.5,0.9\n2,0,1,0.9\n")
    (tmp_path / "instance.toml").write_text(FILE)
    (tmp_path / "trace.csv").write_text("minute,requests\n0,200\n1,600\n")
    return str(tmp_path / "instance.toml")


def test_cleanest_and_cheapest(path: str) -> None:
    """Least money emits more, least carbon costs more."""
    instance, trace = so.load(path), Trace.of([20_000, 60_000], 3600.0)
    given = {"blocks": 1, "step_s": 3600.0, "gap": 1e-3, "deadline": NEVER}
    cheap = clean_scale(instance, trace, terms_of(instance, CarbonTerms()), **given)
    clean = clean_scale(instance, trace, CarbonTerms("carbon"), **given)
    emitted = sum(cheap.carbon_g.values())
    assert clean.value < emitted
    assert clean.usd > cheap.usd


def test_what_the_instance_asks(path: str) -> None:
    """Objective and limit of the file are taken; other objectives are refused."""
    instance = replace(so.load(path), minimize="carbon", carbon_max_g=0.5)
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


def test_by_the_commands(path: str) -> None:
    """`scale` tells what was asked; it, `simulate` and `compare` tell what is emitted, and what is not in it.

    Functions have energy by the byte, which carbon over a trace leaves out.
    """
    given = ("--trace", str(Path(path).parent / "trace.csv"), "--to-s", "120", "--blocks", "1")
    scaled = run("scale", path, *given, "--usd-per-tonne", "100", "--json").document
    assert scaled["asked"]["usd_per_tonne"] == 100
    grams = [own["carbon_g"] for own in scaled["blocks"]]
    assert scaled["carbon_g"]["total"] == pytest.approx(sum(sum(own.values()) for own in grams))
    simulated = run("simulate", path, *given, "--json").document
    assert simulated["carbon_g"]["total"] > 0
    compared = run("compare", path, *given, "--policy", "functions", "--json").document
    assert compared["policies"][0]["carbon_g"] > 0
    said = "carbon leaves out what hand-overs take: joules_per_byte of calls"
    assert said == scaled["carbon_without"] == simulated["carbon_without"]
    assert said in compared["notes"]
    assert f"left out    {said}" in run("scale", path, *given).stdout


def test_limits_out_of_reach(path: str) -> None:
    """A limit below the least is refused with the least that is emitted."""
    given = {"blocks": 1, "step_s": 3600.0, "gap": 1e-3, "deadline": NEVER}
    with pytest.raises(InputError, match=r"carbon_max_g: 1e-09 g a request .* emits at least .* g a request: raise it"):
        clean_scale(so.load(path), Trace.of([20_000], 3600.0), CarbonTerms(max_g=1e-9), **given)
