"""The verbs on a batching instance, and everything that is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_batching import small

import serflow_opt as so

MANY = "".join(f'[[application]]\nname = "n{n}"\nslo_ms = 900\nrate_per_s = 1\n\n' for n in range(15))


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """Together on 2 vCPUs, 4 at a time; and the plan comes back out of its document."""
    solution = so.solve(small(tmp_path))
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(0.0475)
    (group,) = solution.plan["groups"]
    assert (group["applications"], group["size"], group["batch"]) == (["a", "b"], 2.0, 4)
    assert group["timeouts_ms"] == {"a": pytest.approx(220), "b": pytest.approx(620)}
    assert solution.achieved("calls") == pytest.approx(20 * 0.09 / 4)
    assert solution.achieved("cost_per_hour") == pytest.approx(0.0475 * 20 * 3600)
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    (tmp_path / "plan.json").write_text(json.dumps(solution.to_dict()))
    valued = run("evaluate", tmp_path, tmp_path / "plan.json", "--json")
    assert valued.code == 0
    assert valued.document["objective"]["value"] == pytest.approx(0.0475)
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--set", "latency_max=0.5").code == 3


def test_limits_and_goals_by_hand(tmp_path: Path) -> None:
    """Promises, money, groups and calls; the first by dynamic programming, calls by the model."""
    folder = small(tmp_path)

    def best(*options: str) -> tuple[float, float]:
        document = run("solve", folder, "--json", *(f"--set={own}" for own in options)).document
        assert document["status"] == "optimal"
        values = {own["name"]: own["value"] for own in document["metrics"]}
        return values["cost"], values["calls"]

    assert best("latency_max=0.6")[0] == pytest.approx(0.075)
    assert best("objective=latency")[0] == pytest.approx(0.075)
    assert best("objective=latency", "cost_max_usd=0.07")[0] == pytest.approx(0.0475)
    assert best("objective=functions")[0] == pytest.approx(0.0475)
    assert best("objective=calls")[1] == pytest.approx(20 * 0.09 / 4)
    assert best("calls_max=0.5")[0] == pytest.approx(0.0475)
    assert best("objective=cost_per_hour", "functions_max=1")[0] == pytest.approx(0.0475)
    assert run("solve", folder, "--objective", "latency").code == 0


def test_the_front_by_hand(tmp_path: Path) -> None:
    """Money against promises, complete; the table says who shares what."""
    front = so.pareto(small(tmp_path), ("cost", "latency"))
    assert front.complete
    assert [tuple(point) for point in front.points] == [
        (pytest.approx(0.0475), pytest.approx(1.0)),
        (pytest.approx(0.075), pytest.approx(0.5)),
    ]
    assert "a + b on f 2 x 4" in run("pareto", tmp_path, "cost", "latency").stdout


def test_explain_tells_limits_and_what_others_would_do(tmp_path: Path) -> None:
    """Each alone (0.065 + 0.0425) / 2; the whole target again once it may be promised.

    Divided into two groups of 10/s each: a and b, as alone.
    """
    costs = so.explain(so.load(small(tmp_path)))
    assert {own.name: own.value for own in costs.beside} == {
        "alone": pytest.approx(0.05375),
        "together": pytest.approx(0.0475),
        "evenly": pytest.approx(0.05375),
    }
    ran = run("explain", tmp_path, "--set", "latency_max=0.5", "--json")
    (row,) = ran.document["limits"]
    assert row["binds"]
    assert row["next_at"] == pytest.approx(1.0)
    assert row["value_without"] == pytest.approx(0.0475)
    assert has_line(run("explain", tmp_path).stdout, "alone", "each application alone", "0.05375")


def test_a_fleet_shares_what_an_hour_costs(tmp_path: Path) -> None:
    """Two of them, promises least within a budget: the hour of one costs 3,420 USD or, at half, 5,400."""
    both = [small(tmp_path / "1"), small(tmp_path / "2", 'name = "small"', 'name = "other"')]
    fleet = so.solve_fleet(both, budget_usd_per_hour=9000.0, minimize="latency")
    assert fleet.status == "optimal"
    assert fleet.value == pytest.approx(1.5)
    assert fleet.total == pytest.approx(3420 + 5400)
    assert run("fleet", *both, "--budget-usd-per-hour", "6000").code == 3


def test_a_stopped_search_says_so(tmp_path: Path) -> None:
    """Without time each application is still served alone, and nothing is proven of it."""
    solution = so.solve(so.load(small(tmp_path)), time_limit=0.0)
    assert solution.status == "feasible"
    assert solution.bound is None
    assert solution.objective.value == pytest.approx(0.05375)
    assert solution.notes == ["time ran out before all groups were looked at"]


def test_names_and_new_instances(tmp_path: Path) -> None:
    """The schema knows the tables, `new` copies the shipped one, `validate` says how large it is."""
    assert run("schema", "batching").document["properties"]["application"]
    assert run("new", tmp_path / "mine", "--from", "vgg19-three-apps").code == 0
    assert "3 applications, 35 requests/s, 2,000 configurations" in run("validate", tmp_path / "mine").stdout
    ran = run("provision", small(tmp_path / "small"))
    assert ran.code == 2
    assert "a batching takes solve" in ran.stderr
