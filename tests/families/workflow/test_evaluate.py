"""The witness of workflows, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.families.workflow.evaluate import account, value
from serflow_opt.families.workflow.problem import PhaseRow, WorkflowPlan
from serflow_opt.problem.loader import shipped_folder

CIRRUS = """schema = 1
kind = "workflow"
name = "cirrus"
[functions]
usd_per_gb_s = 1.664e-5
usd_per_call = 0
starts = [[1, 0]]
[[phase]]
name = "train"
kind = "train"
updates = "updates.csv"
gradient_s = 0.05
gradient_bytes = 0
workers = [5]
memory_mb = [1024]
server = { name = "m5.large", usd_per_hour = 0.096, updates_per_s = 10, start_s = START }
"""


def cirrus(folder: Path, start: float = 0.0, more: str = "") -> Path:
    """Five functions of 1,024 MB and a server that takes ten updates a second: 12,000 in 20 minutes."""
    folder.mkdir(exist_ok=True)
    (folder / "updates.csv").write_text("workers,updates\n5,12000\n", encoding="utf-8")
    (folder / "instance.toml").write_text(CIRRUS.replace("START", str(start)) + more, encoding="utf-8")
    return folder


def test_the_published_cost_of_five_workers_and_a_server(tmp_path: Path) -> None:
    """Cirrus's cost model: 5 x 8 x 0.007488 USD + 0.096 USD an hour, 1.09867e-4 USD/s; 20 minutes are 0.1318 USD."""
    solution = so.solve(cirrus(tmp_path))
    assert solution.achieved("time") == pytest.approx(1200)
    assert solution.achieved("cost") == pytest.approx(0.131840, rel=1e-6)
    assert solution.achieved("cost") / 1200 == pytest.approx(1.09867e-4, rel=1e-5)


def test_servers_that_stay_are_paid_in_between_and_need_no_start(tmp_path: Path) -> None:
    """Train, tune for 100 s, train again: kept, the server costs 100 s more and saves its second start of 200 s."""
    tune = '[[phase]]\nname = "tune"\nkind = "tune"\nafter = ["train"]\nrungs = "r.csv"\n'
    tune += "workers = [1]\nmemory_mb = [1769]\n"
    again = CIRRUS[CIRRUS.index("[[phase]]") :].replace('"train"\nkind', '"again"\nafter = ["tune"]\nkind')
    folder = cirrus(tmp_path, 200, tune + again.replace("START", "200"))
    (folder / "r.csv").write_text("configurations,vcpu_s\n1,100\n", encoding="utf-8")
    data = so.load(folder).data
    rows = (PhaseRow(0, 0, 0, 1), PhaseRow(0, 0), PhaseRow(0, 0, 0, 1))
    apart, kept = value(data, WorkflowPlan(rows)), value(data, WorkflowPlan(rows, ((0, 2),)))
    assert apart.values["time"] == pytest.approx(1400 + 100 + 1400)
    assert kept.values["time"] == pytest.approx(1400 + 100 + 1200)
    assert kept.values["cost"] - apart.values["cost"] == pytest.approx((100 - 200) * 0.096 / 3600)
    assert [own.idle_usd for own in account(data, WorkflowPlan(rows, ((0, 2),))).phases] == pytest.approx(
        [0, 0, 100 * 0.096 / 3600]
    )
    assert so.solve(folder).plan["phases"][2]["kept_from"] == "train"
    assert value(data, WorkflowPlan(rows, ((2, 0),))).breaches  # nothing is kept for a phase before


def test_a_workflow_of_one_job_is_that_job(tmp_path: Path) -> None:
    """The same optimum within the same limits, and the front of the job as the phase's menu."""
    job = shipped_folder() / "higgs-lr" / "instance.toml"
    (tmp_path / "instance.toml").write_text(
        'schema = 1\nkind = "workflow"\nname = "one"\nlimits = { deadline_s = 300, budget_usd = 0.1 }\n'
        f'[[phase]]\nname = "train"\nkind = "job"\ninstance = "{job}"\n',
        encoding="utf-8",
    )
    one, whole = so.solve("higgs-lr"), so.solve(tmp_path)
    for name in ("time", "cost", "functions"):
        assert whole.achieved(name) == pytest.approx(one.achieved(name), rel=1e-9)
