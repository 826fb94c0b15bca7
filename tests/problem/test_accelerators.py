"""Machines with GPUs whose speed is said of their vCPUs alone: five GPUs at CPU speed are paid for and do nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import load, run, two_tiers

import serflow_opt as so


def offering(*names: str, **tier: Any) -> dict[str, Any]:
    document = two_tiers()
    document["tier"][0] = {"name": "vm", "kind": "vm", "options": list(names), "flops_per_s_per_vcpu": 2e10} | tier
    return document


def test_answers_with_and_without_a_plan_say_so(tmp_path: Path) -> None:
    """Accelerators reckoned at the speed of their vCPUs are named, whether or not there is a plan."""
    instance = load(offering("c6i.large", "g5.xlarge", "inf2.xlarge"), tmp_path)
    for plan in (so.solve(instance), so.solve(instance.with_limits(latency_slo_ms=1e-3))):
        (note,) = plan.notes
        assert "g5.xlarge (1 x A10G), inf2.xlarge (Inferentia2): at the speed of the vCPUs" in note
        assert "flops_per_s" in note


def test_validate_and_other_commands_warn(tmp_path: Path) -> None:
    """The warning comes before a solve is paid for, and goes to stderr."""
    folder = write(offering("g5.xlarge"), tmp_path)
    ran = run("validate", folder)
    assert ran.code == 0
    assert "warning:" in ran.stderr
    assert "g5.xlarge (1 x A10G)" in ran.stderr
    (warning,) = run("validate", folder, "--json").document["warnings"]
    assert "g5.xlarge" in warning["text"]
    assert "g5.xlarge" in run("pareto", folder).stderr


@pytest.mark.parametrize("names", [("c6i.large",), ()])
def test_cpus_and_speeds_written_out_are_as_meant(names: tuple[str, ...], tmp_path: Path) -> None:
    """Machines without accelerators, or with a speed of their own, get no warning."""
    document = offering(*names)
    document["tier"][0]["option"] = [{"name": "g5.xlarge", "flops_per_s": 1e13}]
    if not names:
        del document["tier"][0]["flops_per_s_per_vcpu"]
    assert so.solve(load(document, tmp_path)).notes == []


def test_measured_times_are_as_meant(tmp_path: Path) -> None:
    """Measured times hold what the accelerator does, so that nothing is to be warned of."""
    document = offering("g5.xlarge", stage_times="times.csv")
    del document["tier"][0]["flops_per_s_per_vcpu"]
    document["tables"]["times.csv"] = [{"stage": s, "option": "g5.xlarge", "mean_ms": 1.0} for s in (1, 2)]
    assert so.solve(load(document, tmp_path)).notes == []
