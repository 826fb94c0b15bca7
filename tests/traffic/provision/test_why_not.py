"""Why no deployment keeps the limits: sets that clash, and what would do, by hand."""

from __future__ import annotations

import dataclasses

from support import tiny

from serflow_opt.traffic.provision.solve import provision


def test_machines_max_against_wait_max() -> None:
    """A load of 0.2 on one machine: 0.2 wait. Three machines keep C(3, 0.2) = 0.0012, four 0.00006."""
    tier = tiny.one_vm().tiers[0]
    few = dataclasses.replace(tier, scaling=dataclasses.replace(tier.scaling, machines_max=1))
    instance = tiny.one_vm(tiers=(few,), menus=(tiny.menu((0.5,), (0.8,)), tiny.LAST), latency_slo_s=60.0)
    found = provision(instance, 0.1, blocks=1, wait_max=1e-3)
    assert found.status == "infeasible"
    assert [own.limits for own in found.clashing] == [["machines_max", "wait_max"]]
    assert found.reason.startswith("machines_max (vm 1) and wait_max (0.001) clash: machines_max = 4 or --wait-max 0.2")
    assert "accuracy" not in found.reason
    assert provision(instance, 0.1, blocks=1, arrivals="smooth").counts == (1,)


def test_accuracy_against_latency() -> None:
    """Within 2.6 s on average only R_2 = 0.5 is: 0.5 x 1.5 + 0.5 x 3.5 = 2.5; R_2 = 0.75 takes 3 s."""
    instance = tiny.one_vm(latency_slo_s=2.6, latency_measure="mean", accuracy_min=0.9)
    found = provision(instance, 2.0, arrivals="smooth")
    assert (found.status, [own.limits for own in found.clashing]) == (
        "infeasible",
        [["latency_slo_ms", "accuracy_min"]],
    )
    assert "3000 ms (--latency-slo-ms 3000) or 0.88 (--accuracy-min 0.88) would do" in found.reason
