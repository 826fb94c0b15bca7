"""Plans as they stand, with machines counted for them, against arithmetic by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.helpers import changed, has_line, load, run, two_tiers

from serflow_opt import InputError, Instance, provision
from serflow_opt.plan.decision import Decision

SPLIT = Decision((0, 1), ((1.0, 0.0), (1.0,)))
"""Stage 1 on the VM, stage 2 on the function, half leave in between."""
WHOLE = Decision((0, 0), ((0.0, 1.0), (1.0,)))
"""Both on the VM, a quarter leaves in between."""


def counted(instance: Instance, plan: Decision, rate: float, **asked: Any) -> tuple[int, ...]:
    """Return the machines of each block; the plan's blocks, thresholds and options must be kept."""
    found = provision(instance, rate, plan=plan, **asked)
    assert found.status == "optimal"
    assert found.scope.startswith("the plan's blocks")
    pools = [choice.function if choice.machine is None else choice.machine for choice in found.structure]
    stages = [p for choice, p in zip(found.structure, pools, strict=True) for _ in range(choice.first, choice.last + 1)]
    assert stages == list(plan.options)
    assert all(plan.weights[s][level] == 1 for s, level in enumerate(found.levels))
    return found.counts


def test_blocks_options_and_thresholds_are_kept() -> None:
    """At 2/s, evenly: 2 x (1 + 0.5 x 0.5 of handing over) s of work are 3 machines; whole it is 2 x (1 + 0.75 x 2)."""
    instance = tiny.two_stages(utilisation_cap=1.0)
    assert counted(instance, SPLIT, 2.0, arrivals="smooth") == (3, 0)
    assert counted(instance, WHOLE, 2.0, arrivals="smooth") == (5,)


def test_other_machines_are_not_used() -> None:
    """w is faster and dearer; at 1.5/s v needs ceil(1.5 x 2.5) = 4 machines, w ceil(1.5 x 0.875) = 2 for 1.5 each."""
    instance = tiny.two_vms(utilisation_cap=1.0)
    assert counted(instance, WHOLE, 1.5, arrivals="smooth") == (4,)
    assert counted(instance, Decision((1, 1), WHOLE.weights), 1.5, arrivals="smooth") == (2,)


@pytest.mark.parametrize(("quantile", "machines"), [(0.7, 1), (0.8, 2)])
def test_waits_are_counted(quantile: float, machines: int) -> None:
    """M/D/1 at 0.5/s and 1 s: P(W <= 0.8) = (1 - 0.5) e^0.4 = 0.746; the fluid takes one machine at a cap of 0.8.

    The function takes 0.25 s behind 0.5 s of hand-over, for nobody: all leave at stage 1.
    """
    leaves = dataclasses.replace(tiny.one_vm(), menus=(tiny.menu((1.0,), (0.9,)), tiny.LAST))
    instance = dataclasses.replace(
        leaves, utilisation_cap=0.8, latency_slo_s=0.5 + 1.0 + 0.8, latency_measure=f"p{100 * quantile:g}"
    )
    assert counted(instance, Decision((0,), ((1.0,),)), 0.5) == (machines,)


def test_what_does_not_go_together() -> None:
    """Mixes of thresholds have no place in a deployment, and a plan has blocks of its own."""
    instance = tiny.two_stages(threshold_mode="randomized")
    with pytest.raises(InputError, match="stage 1"):
        provision(instance, 2.0, plan=Decision((0, 0), ((0.5, 0.5), (1.0,))))
    with pytest.raises(InputError, match="blocks"):
        provision(tiny.two_stages(), 2.0, plan=WHOLE, blocks=1)


def test_infeasible_is_said_of_the_plan(tmp_path: Path) -> None:
    """The plan takes 300 ms whatever is rented; other plans might not."""
    document = changed(two_tiers(), workload={"rate_per_s": 4.0, "latency_slo_ms": 350.0})
    document["tables"]["exits.csv"] = document["tables"]["exits.csv"][2:]
    load(document, tmp_path)
    assert run("solve", tmp_path, "--exclude", "fn", "--out", tmp_path / "plan.json").code == 0
    ran = run("provision", tmp_path, "--plan", tmp_path / "plan.json", "--latency-slo-ms", "200")
    assert ran.code == 3
    assert has_line(ran.stdout, "proof of", "the plan's blocks, options and thresholds")
