"""From what a search found to the deployment that answers."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

from serflow_opt.traffic.provision.solve import provision


def test_stages_that_nobody_reaches_run_nowhere() -> None:
    """All may leave at stage 1, after 0.5 + 1 s, 2 x 1 workers busy; stage 2 fits nothing and takes for ever."""
    v = dataclasses.replace(tiny.one_vm().options[0], stage_seconds=(1.0, 1e6), memory_bytes=7.0)
    menus = (tiny.menu((1.0, 0.25)), tiny.LAST)
    found = provision(tiny.one_vm(options=(v,), menus=menus, latency_slo_s=1.5), 2.0, arrivals="smooth")
    assert (found.status, found.counts) == ("optimal", (4,))
    assert [(part.first, part.last) for part in found.parts] == [(1, 1)]
    assert [(choice.stage, choice.threshold) for choice in found.thresholds] == [(1, 0.5)]
    assert (found.levels, found.accuracy) == ((0,), pytest.approx(0.8))
    assert found.latency_worst_ms == pytest.approx(1500.0)
    assert provision(tiny.one_vm(options=(v,), menus=menus, accuracy_min=0.85), 2.0).status == "infeasible"


def test_without_a_target_nobody_waits_beside_a_function_and_that_is_said() -> None:
    """Places to wait in would be free there, and others with them may be cheaper; machines alone are not concerned."""
    said = provision(tiny.two_stages(), 2.0, time_limit=10)
    assert (said.proven_where, "where nobody waits beside" in said.scope) == (
        "where nobody waits beside a function",
        True,
    )
    assert provision(tiny.one_vm(), 2.0).proven_where == ""
    assert provision(tiny.two_stages(), 2.0, arrivals="smooth").proven_where == ""
