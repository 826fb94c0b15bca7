"""Waits beside functions under a limit on the worst latency: proven with all else, proven afterwards, or only tried."""

from __future__ import annotations

import copy
import dataclasses
import re
from pathlib import Path

import pytest
from oracles.provisioned_instances import Case, draw
from oracles.provisioned_reading import best_of, provisioned
from rich.console import Console

from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.report.traffic import deployment_table
from serflow_opt.traffic.provision import search
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.result import Deployment

GAP = 1e-4


def shown(found: Deployment) -> str:
    """What the command prints."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(deployment_table(found))
    return captured.get()


def patient(seed: int) -> Case:
    """A drawn service with three times the time that it was to keep, so that some may wait beside a function."""
    case = draw(seed)
    document = copy.deepcopy(case.document)
    document["workload"] |= {"latency_slo_ms": 3 * document["workload"]["latency_slo_ms"], "latency_measure": "worst"}
    return dataclasses.replace(case, document=document)


@pytest.mark.parametrize("seed", [112, 6020])
def test_waits_are_proven_afterwards(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where structures are too many to let wait from the start, the proof of those without is followed by that of all.

    Where that takes too long waits are tried, and the head, the bound and the scope of the answer say of what they are.
    """
    monkeypatch.setattr(search, "WAITING", 0)
    case = patient(seed)
    best, found = best_of(case), provisioned(case, tmp_path, gap=GAP, prove_waits=True)
    assert best is not None
    assert any(block.pools.function and block.room for block in best.blocks)
    assert found.status == "optimal"
    assert not found.proven_where
    assert found.usd_per_s == pytest.approx(best.usd_per_s, rel=GAP * 1.001)
    assert found.bound <= best.usd_per_s * (1 + 1e-6)
    assert "where nobody waits" not in shown(found)
    plain = provisioned(case, tmp_path, gap=GAP)  # few sets of thresholds are left: all of it is proven unasked
    assert plain.status == "optimal"
    assert bool(plain.proven_where) == (case.blocks > search.BLOCKS_WAITING)
    if not plain.proven_where:
        assert plain.usd_per_s == pytest.approx(best.usd_per_s, rel=GAP * 1.001)
        assert plain.bound <= best.usd_per_s * (1 + 1e-6)
    monkeypatch.setattr(search, "LOOKS_WAITING", 0)  # as if they were many
    tried = provisioned(case, tmp_path, gap=GAP)
    assert tried.proven_where
    assert "proven optimal where nobody waits beside a function" in shown(tried)
    assert "no deployment where nobody waits beside a function is below" in shown(tried)
    assert "--prove-waits" in tried.scope
    least = re.search(r"none is below (\S+) USD/h", tried.scope)
    assert least
    assert 0 < float(least[1]) <= best.usd_per_s * 3600 * (1 + 1e-5)
    untried = provisioned(case, tmp_path, gap=GAP, prove_waits=None)
    assert untried.scope.startswith("among deployments where nobody waits beside a function; ")
    assert untried.usd_per_s >= tried.usd_per_s * (1 - GAP)


def test_a_fluid_bounds_what_there_was_no_time_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time is up before anything is bound, the bound is above nothing and at most what the cheapest costs."""

    def late(*given: object) -> None:
        raise OutOfTime

    monkeypatch.setattr(search.ProvisionSearch, "_run", late)
    case = draw(5)
    best, found = best_of(case), provisioned(case, tmp_path)
    assert best is not None
    assert found.status == "no_solution"
    assert 0 < found.bound <= best.usd_per_s


@pytest.mark.parametrize("prove", [False, True])
def test_fewer_blocks_come_first(prove: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where three blocks are looked into after two, waits and all, what is proven is of three, and in time."""
    monkeypatch.setattr(search, "WAITING", 0)
    case = dataclasses.replace(patient(6007), blocks=3)
    best, found = best_of(case), provisioned(case, tmp_path, gap=GAP, prove_waits=prove)
    assert best is not None
    assert any(block.pools.function and block.room for block in best.blocks)
    assert found.status == "optimal"
    assert found.usd_per_s == pytest.approx(best.usd_per_s, rel=GAP * 1.001)
    assert not prove or found.bound <= best.usd_per_s * (1 + 1e-6)
    assert bool(found.proven_where) != prove


@pytest.mark.parametrize("seed", [112])
def test_one_block_waits_first(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one block is of few structures, more may be chosen from at no higher cost, and bounds hold for all."""
    case = patient(seed)
    single = best_of(dataclasses.replace(case, blocks=1))
    best = best_of(case)
    count = Cutting.count
    monkeypatch.setattr(search, "WAITING", 0)
    monkeypatch.setattr(Cutting, "count", lambda self, most=None: 0 if most == 1 else count(self, most))
    found = provisioned(case, tmp_path, gap=GAP)
    assert best is not None
    assert best.usd_per_s * (1 - 1e-6) <= found.usd_per_s
    assert single is None or found.usd_per_s <= single.usd_per_s * (1 + GAP * 1.001)
    assert found.proven_where or found.usd_per_s <= best.usd_per_s * (1 + GAP * 1.001)
