"""What stands in the way of any placement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from support.helpers import load, run, two_tiers

import serflow_opt as so


def structure(document: dict[str, Any], folder: Path) -> so.Plan:
    """The plan of an instance where nothing can run."""
    plan = so.solve(load(document, folder))
    assert [clash.limit for clash in plan.infeasible_because] == ["placement"]
    return plan


def test_a_stage_that_fits_nowhere(tmp_path: Path) -> None:
    """Stage 2 has 7e6 bytes and receives 2e6: 8.583 MiB, against 8; stage 1 5e6 and makes 2e6: 6.68.

    With a MB more each runs where it fits alone, linked.
    """
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 8
    document["tier"][1]["option"][0] |= {"memory_mb": 7, "usd_per_gb_s": 5e-5 * 4096 / 7}
    (own,) = structure(document, tmp_path).clashing_sets
    assert own.limits == ["memory_mb"]
    assert own.changes[0].best == 2  # stage 1 on 10 MB, stage 2 on 9
    assert "stage 2 needs 8.583 MB, the largest option has 8 (vm: v)" in own.message
    document["tier"][0]["option"][0]["memory_mb"] = 10
    document["tier"][1]["option"][0] |= {"memory_mb": 9, "usd_per_gb_s": 5e-5 * 4096 / 9}
    assert so.solve(load(document, tmp_path / "larger")).status == "optimal"


def test_a_link_or_more_memory(tmp_path: Path) -> None:
    """Both stages need 14e6 bytes, 13.35 MiB, on one option; apart 9 MB do, but the tiers are not linked."""
    document = two_tiers() | {"link": []}
    document["tier"][0]["option"][0]["memory_mb"] = 9
    document["tier"][1]["option"][0] |= {"memory_mb": 9, "usd_per_gb_s": 5e-5 * 4096 / 9}
    (own,) = structure(document, tmp_path).clashing_sets
    assert own.limits == ["memory_mb", "link"]
    assert own.changes[0].best == 5  # 12e6 + 2e6 bytes are 13.35 MiB
    assert "a link vm -> fn" in own.message


def test_a_payload_that_is_too_large(tmp_path: Path) -> None:
    """The VM is too small; the function would take the input of 600,000 bytes, or the hand-over of 2,000,000."""
    document = two_tiers()
    document["tier"][0]["option"][0]["memory_mb"] = 9
    document["tier"][1]["payload_max_bytes"] = 500_000
    (own,) = structure(document, tmp_path).clashing_sets
    assert own.limits == ["memory_mb", "payload_max_bytes"]
    assert own.changes[1].best == 600_000
    ran = run("solve", tmp_path)
    assert "each payload_max_bytes 600000 or more" in ran.stdout


def test_fewer_machines_than_any_placement_takes(tmp_path: Path) -> None:
    """A VM alone, 100 ms and 200 of half the requests: 10 requests/s keep 2 workers busy, at 80 % three machines."""
    document = two_tiers() | {"link": []}
    del document["tier"][1]
    document["workload"] |= {"rate_per_s": 10.0}
    document["objective"] |= {"accounting": "reserved"}
    instance = load(document, tmp_path)
    one = replace(instance, options=tuple(replace(option, machines_max=1) for option in instance.options))
    (clash,) = so.solve(one).infeasible_because
    (own,) = clash.sets
    document["tier"][0]["machines_max"] = 1
    assert so.solve(load(document, tmp_path)).infeasible_because == [clash]
    assert (clash.limit, own.limits) == ("placement", ["machines_max"])
    assert "more machines of v" in own.message
    assert "how many machines there are" in clash.message
    enough = replace(instance, options=tuple(replace(option, machines_max=3) for option in instance.options))
    assert so.solve(enough).status == "optimal"
