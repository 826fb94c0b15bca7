"""Provisioning over several tiers: which blocks can follow each other, and what keeps deployments from existing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from oracles.provisioned_instances import draw
from oracles.provisioned_reading import best_of, check_deployment, provisioned
from support import tiny

from serflow_opt import Instance
from serflow_opt.problem.offers import Link, Option, Scaling, Tier
from serflow_opt.traffic.provision.solve import provision

QUICK = Link(bytes_per_s=8.0, round_trip_s=0.0, usd_per_byte=0.0)
"""4 B take 0.5 s, for nothing."""


def drones(**changes: Any) -> Instance:
    """Stage 1 is for drones only, stage 2 for edge servers, VMs or functions: 1 and 2 s, elsewhere 1,000 s."""
    kinds = (Tier("drone", "device"), Tier("en", "edge"), Tier("vm", "vm"), Tier("fn", "function"))
    return tiny.two_stages(
        tiers=kinds,
        options=(
            Option("d", 0, (1.0, 2.0), usd_per_s=1.0, memory_bytes=7.0),
            Option("e", 1, (1e3, 2.0), usd_per_s=0.75),
            Option("v", 2, (1e3, 2.0), usd_per_s=0.5),
            Option("f", 3, (1e3, 2.0), usd_per_s=9.0),
        ),
        links={("drone", name): QUICK for name in ("en", "vm", "fn")},
        source="drone",
        utilisation_cap=1.0,
        **changes,
    )


def test_each_block_takes_its_tier() -> None:
    """At 1/s a drone is busy, and with R_2 = 0.5 one VM: 1 + 0.5. The input is on the drones, hence no link before."""
    found = provision(drones(), 1.0, arrivals="smooth")
    assert (found.status, found.usd_per_s) == ("optimal", pytest.approx(1.5, rel=1e-9))
    assert [(part.machine_tier, part.count) for part in found.parts] == [("drone", 1), ("vm", 1)]
    assert found.latency_worst_ms == pytest.approx((1 + 0.5 + 2) * 1000)


def test_tiers_without_a_link_cannot_hand_over() -> None:
    """Blocks follow each other only where a link joins their tiers; without any the reason says so."""
    links = {("drone", "en"): QUICK, ("vm", "fn"): QUICK}
    found = provision(dataclasses.replace(drones(), links=links), 1.0, arrivals="smooth")
    assert [part.machine_tier for part in found.parts] == ["drone", "en"]
    apart = provision(dataclasses.replace(drones(), links={}), 1.0, arrivals="smooth")
    assert apart.status == "infeasible"
    assert "nothing runs all stages in 2 block(s)" in apart.reason


def test_nothing_goes_up_the_list() -> None:
    """VMs before drones: what begins there cannot end on a drone, and drones hold stage 1 only."""
    base = drones()
    swapped = dataclasses.replace(
        base,
        options=(
            dataclasses.replace(base.options[0], memory_bytes=None, stage_seconds=(99.0, 2.0)),
            dataclasses.replace(base.options[2], memory_bytes=7.0, stage_seconds=(1.0, 2.0), tier=2),
        ),
        links={("drone", "vm"): QUICK},
        source="client",
    )
    found = provision(swapped, 1.0, arrivals="smooth")
    assert [(part.first, part.last, part.machine_tier) for part in found.parts] == [(1, 2, "drone")]


def test_more_blocks_are_named() -> None:
    """Three stages that each fit one tier only need three blocks, as many as tiers."""
    three = tiny.three_stages()
    only = dataclasses.replace(
        three,
        tiers=(Tier("drone", "device"), Tier("en", "edge"), Tier("vm", "vm")),
        options=tuple(
            Option(name, t, tuple(1.0 if s == t else 1e4 for s in range(3)), usd_per_s=0.5)
            for t, name in enumerate("dev")
        ),
        links={("drone", "en"): QUICK, ("en", "vm"): QUICK},
        latency_slo_s=10.0,
    )
    assert [part.machine_tier for part in provision(only, 1.0, arrivals="smooth").parts] == ["drone", "en", "vm"]
    two = provision(only, 1.0, blocks=2, arrivals="smooth")
    assert two.status == "infeasible"
    assert "--blocks 3" in two.reason
    assert [own.limits for own in two.clashing] == [["latency_slo_ms"]]


@pytest.mark.parametrize("seed", [3, 11, 23, 36, 52])
def test_a_second_tier_of_machines_against_exhaustive_search(seed: int, tmp_path: Path) -> None:
    """A drawn service, with a copy of its machines at half the price behind a link."""
    case = draw(seed)
    machines = [tier for tier in case.document["tier"] if tier["kind"] != "function"]
    if not machines:
        pytest.skip("no machines")
    cheap = {**machines[0], "name": "cheap"}
    cheap["option"] = [{**option, "usd_per_hour": option["usd_per_hour"] / 2} for option in machines[0]["option"]]
    links = [
        *case.document.get("link", []),
        {"from": machines[0]["name"], "to": "cheap", "bandwidth_mbit_s": 100.0, "usd_per_gb": 0.01},
    ]
    document = {**case.document, "tier": [*case.document["tier"], cheap], "link": links}
    two = dataclasses.replace(case, document=document, blocks=2)
    best, found = best_of(two), provisioned(two, tmp_path, gap=1e-4)
    if best is None:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.usd_per_s == pytest.approx(best.usd_per_s, rel=1.001e-4)
    check_deployment(two, found.to_dict())


def rented(spot_max: int, **changes: Any) -> Instance:
    """Spot and on-demand machines of one type, two stages of 1 and 4 s: half leave at the first, 3 s a request."""
    spot = Tier("spot", "vm", scaling=Scaling(machines_max=spot_max))
    return tiny.two_stages(
        tiers=(spot, Tier("on-demand", "vm")),
        options=(Option("s", 0, (1.0, 4.0), usd_per_s=0.2), Option("o", 1, (1.0, 4.0), usd_per_s=0.5)),
        links={("client", "spot"): QUICK, ("client", "on-demand"): QUICK, ("spot", "on-demand"): QUICK},
        menus=(tiny.menu((0.5,), (0.8,)), tiny.LAST),
        utilisation_cap=1.0,
        **changes,
    )


@pytest.mark.parametrize(
    ("spot_max", "blocks", "tiers", "usd"),
    [
        (6, 1, [("spot", 6)], 1.2),  # 2 requests/s keep six machines busy
        (3, 1, [("on-demand", 6)], 3.0),  # three are too few, and a block's machines are of one tier
        (3, 2, [("spot", 3), ("on-demand", 4)], 2.6),  # 2 x (1 + 0.25) s, of handing half over, and 2 x 0.5 x 4 s
    ],
)
def test_spot_and_on_demand(spot_max: int, blocks: int, tiers: list[tuple[str, int]], usd: float) -> None:
    """Handing 4 B over takes 0.5 s, in which a spot machine is held."""
    found = provision(rented(spot_max), 2.0, blocks=blocks, arrivals="smooth")
    assert (found.status, [(part.machine_tier, part.count) for part in found.parts]) == ("optimal", tiers)
    assert found.usd_per_s == pytest.approx(usd, rel=1e-9)
