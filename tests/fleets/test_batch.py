"""Many instances over processes and executors: the same plans, in order, whoever dies."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from oracles.random_instances import random_document
from oracles.writing import write
from support.helpers import run

import serflow_opt as so
from serflow_opt.cli.many import load_all
from serflow_opt.errors import InputError
from serflow_opt.plan.document import Plan
from serflow_opt.problem.instance import Instance

SEEDS = range(12)


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> list[Instance]:
    """Small ones, some without a plan."""
    folder = tmp_path_factory.mktemp("fleet")
    return [so.load(write(random_document(seed), folder / str(seed))) for seed in SEEDS]


@pytest.fixture(scope="module")
def alone(instances: list[Instance]) -> list[dict[str, Any]]:
    """Solved one after the other."""
    return [timeless(so.solve(instance)) for instance in instances]


def timeless(plan: Plan) -> dict[str, Any]:
    """All but how long it took."""
    return {key: value for key, value in plan.to_dict().items() if key != "seconds"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_plans_in_order(jobs: int, instances: list[Instance], alone: list[dict[str, Any]]) -> None:
    """Processes change nothing: the plans come in the order of the instances, each told once."""
    seen: list[int] = []
    plans = so.solve_all(instances, jobs=jobs, on_plan=lambda n, plan: seen.append(n))
    assert [timeless(plan) for plan in plans] == alone
    assert sorted(seen) == list(SEEDS)


def test_any_executor_will_do(instances: list[Instance], alone: list[dict[str, Any]]) -> None:
    """The caller's executor is used and left open."""
    with ThreadPoolExecutor(1) as executor:
        plans = so.solve_all(instances, executor=executor)
        assert executor.submit(int, 7).result() == 7, "it stays open"
    assert [timeless(plan) for plan in plans] == alone


def test_a_killed_worker_loses_nothing(instances: list[Instance], alone: list[dict[str, Any]]) -> None:
    """A worker that is killed costs time, not answers."""
    killed: list[int] = []

    def kill(n: int, plan: Plan) -> None:
        if not killed:
            child = multiprocessing.active_children()[0]
            killed.append(child.pid or 0)
            os.kill(child.pid or 0, signal.SIGKILL)

    plans = so.solve_all(instances, jobs=2, on_plan=kill)
    assert killed
    assert [timeless(plan) for plan in plans] == alone


class Dies(Executor):
    """An executor whose workers die, and that breaks when it has been asked `most` times."""

    def __init__(self, most: int) -> None:
        self.most, self.asked = most, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do every other thing."""
        self.asked += 1
        if self.asked > self.most:
            raise BrokenProcessPool("no more")
        future: Future[Any] = Future()
        if self.asked % 2:
            future.set_exception(BrokenProcessPool("died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize("most", [0, 5, 1000])
def test_what_nobody_finishes_is_solved_here(most: int, instances: list[Instance], alone: list[dict[str, Any]]) -> None:
    """Whatever an executor loses is solved in this process."""
    plans = so.solve_all(instances, executor=Dies(most))
    assert [timeless(plan) for plan in plans] == alone


def test_what_is_wrong_is_told(instances: list[Instance]) -> None:
    """Wrong settings are refused before work goes out, and no instances make no plans."""
    with pytest.raises(InputError, match="jobs"):
        so.solve_all(instances, jobs=0)
    with pytest.raises(InputError, match="gap"):
        so.solve_all(instances[:2], jobs=2, gap=-1.0)
    assert so.solve_all([], jobs=4) == []


def test_the_command(instances: list[Instance], tmp_path: Path) -> None:
    """The command's answers do not depend on the number of processes."""
    files = [str(write(random_document(seed), tmp_path / str(seed))) for seed in (3, 8, 14)]
    one, two = (run("solve", *files, "--json", "--jobs", jobs).document for jobs in ("1", "2"))
    for plan in (*one, *two):
        del plan["seconds"]
    assert one == two


class Counts(ThreadPoolExecutor):
    """Counts what it is asked."""

    asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Count, and do it."""
        self.asked += 1
        return super().submit(fn, *args, **kwargs)


def test_many_small_instances_go_out_in_portions(monkeypatch: pytest.MonkeyPatch, instances: list[Instance]) -> None:
    """A thousand quick instances are not sent one by one."""
    plan = so.solve(instances[0])
    monkeypatch.setattr("serflow_opt.fleets.batch.solve", lambda instance, **options: plan)
    with Counts(2) as executor:
        plans = so.solve_all([instances[0]] * 1000, executor=executor)
    assert len(plans) == 1000
    assert executor.asked <= 64


def test_a_folder_a_pattern_and_a_table(instances: list[Instance], tmp_path: Path) -> None:
    """A folder and a pattern mean the same instances, and the table has the figures of the documents."""
    for seed in (3, 8, 14):
        write(random_document(seed), tmp_path / "all" / str(seed))
    (tmp_path / "all" / "notes").mkdir()
    table = tmp_path / "plans.csv"
    by_folder = run("solve", tmp_path / "all", "--json", "--csv", table)
    by_pattern = run("solve", tmp_path / "all" / "*", "--json", "--jobs", "2")
    names = [plan["instance"] for plan in by_folder.document]
    assert names == [plan["instance"] for plan in by_pattern.document]
    assert len(names) == 3
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, plan in zip(rows, by_folder.document, strict=True):
        assert (row["instance"], row["status"]) == (plan["instance"], plan["status"])
        if plan["metrics"] is None:
            assert row["value"] == row["accuracy"] == ""
            assert row["because"]
        else:
            assert float(row["value"]) == plan["objective"]["value"]
            assert float(row["latency_worst_ms"]) == plan["metrics"]["latency_worst_ms"]
            assert row["runs_on"].startswith("1")
    assert run("solve", tmp_path / "none*").code == 2
    assert run("solve", tmp_path / "all" / "notes").code == 2
    assert run("solve", tmp_path / "all", "--csv", tmp_path / "plans.txt").code == 2


def test_many_files_are_loaded_by_several_processes(tmp_path: Path) -> None:
    """Files loaded in parallel keep order, limits and the fault of the missing one."""
    file = str(write(random_document(3), tmp_path))
    loaded, problems = load_all([file] * 70 + ["missing"], (), {"accuracy_min": 0.5}, (), (), jobs=2)
    assert [name for name, _ in loaded] == [file] * 70
    assert {instance.accuracy_min for _, instance in loaded} == {0.5}
    assert [problem.file for problem in problems] == ["missing"]


def test_dask_gives_the_same_plans(instances: list[Instance], alone: list[dict[str, Any]]) -> None:
    """A cluster's executor gives the plans that this process gives."""
    distributed = pytest.importorskip("distributed", reason="needs the extra `dask`")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        plans = so.solve_all(instances, executor=client.get_executor())
    assert [timeless(plan) for plan in plans] == alone
