"""Pricing by processes, threads and clusters: the same value."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.services import GAP, loaded, mixed_fleet

import serflow_opt as so


def test_jobs_and_executors_give_the_same(tmp_path: Path) -> None:
    """Processes and executors change the time of a fleet, not its value."""
    documents, _ = mixed_fleet(3, (3, 3))
    instances = loaded(documents, tmp_path)
    one = so.solve_fleet(instances, machines_max={"small": 2}, gap=GAP)
    two = so.solve_fleet(instances, machines_max={"small": 2}, gap=GAP, jobs=2)
    with ThreadPoolExecutor(1) as executor:
        three = so.solve_fleet(instances, machines_max={"small": 2}, gap=GAP, executor=executor)
    assert one.value == pytest.approx(two.value, rel=GAP)
    assert one.value == pytest.approx(three.value, rel=GAP)
    assert [one.status, two.status, three.status] == ["optimal"] * 3


def test_dask_gives_the_same(tmp_path: Path) -> None:
    """Pricing on a cluster gives the value that this process finds."""
    distributed = pytest.importorskip("distributed", reason="needs the extra `dask`")
    documents, _ = mixed_fleet(3, (2, 2))
    instances = loaded(documents, tmp_path)
    here = so.solve_fleet(instances, machines_max={"small": 2}, gap=GAP)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = so.solve_fleet(instances, machines_max={"small": 2}, gap=GAP, executor=client.get_executor())
    assert (here.status, there.status) == ("optimal", "optimal")
    assert here.value == pytest.approx(there.value, rel=GAP)
