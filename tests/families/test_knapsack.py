"""The door for other families: a knapsack gets every verb, and is checked against all its subsets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run
from support.sacks import drawn, subsets, within, write

import serflow_opt as so


@pytest.mark.parametrize("seed", range(5))
def test_solve_agrees_with_all_subsets(tmp_path: Path, seed: int) -> None:
    """The optimum is that of brute force, proven, and the document tells it."""
    items = drawn(seed)
    solution = so.solve(write(tmp_path, "sack", items, "weight_max = 3000, price_max = 12"))
    best = max(point["value"] for point in subsets(items) if within(point, weight=3000, price=12))
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(best)
    assert solution.bound == pytest.approx(best)
    assert solution.certificate.exact_objective == solution.objective.value
    carried = [items[int(name[1:])] for name in solution.plan["items"]]
    assert sum(own[0] for own in carried) == pytest.approx(best)
    assert solution.achieved("weight") == pytest.approx(1000 * sum(own[1] for own in carried))
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


def test_commands_end_and_print_as_for_placements(tmp_path: Path) -> None:
    """Exit codes, the table, the document, the CSV, and many files at once."""
    items = drawn(2)
    one = write(tmp_path / "one", "one", items, "weight_max = 3000")
    two = write(tmp_path / "two", "two", items, "weight_max = 100, value_min = 5")
    table, out = tmp_path / "all.csv", tmp_path / "one.json"
    assert run("solve", one, "--out", out).code == 0
    assert run("solve", two).code == 3
    both = run("solve", one, two, "--json", "--csv", table)
    assert both.code == 3
    assert [own["status"] for own in both.document] == ["optimal", "infeasible"]
    assert table.read_text().splitlines()[0] == (
        "instance,status,objective,value,unit,bound,gap,seconds,metrics.value,metrics.weight,metrics.price,because"
    )
    assert "one" in run("solve", one, two).stdout
    assert run("evaluate", one, out, "--json").document["objective"]["value"] == both.document[0]["objective"]["value"]
    assert run("evaluate", two, out).code == 3
    assert run("validate", one, two).code == 0
    assert run("schema", "knapsack").document["properties"]["item"]


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        (
            'kind = "sack"',
            "kind",
            "placement, batching, cluster, keep-alive, training, pipeline, job, blocked, workflow, "
            "commitment, spot, shifting, knapsack",
        ),
        ('kind = "knapsack"\nobjective = "beauty"', "objective", "value"),
        ('kind = "knapsack"\nlimits = { height_max = 3 }', "limits.height_max", "value_min, weight_max, price_max"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, place: str, cure: str) -> None:
    """Place and cure, and exit code 2."""
    write(tmp_path, "sack", drawn(5), "")
    file = tmp_path / "instance.toml"
    rest = file.read_text().replace('kind = "knapsack"', "")
    rest = rest if "limits" not in text else rest.replace("limits = {  }", "")
    file.write_text(f"{text}\n{rest}")
    with pytest.raises(so.InputError) as error:
        so.load(tmp_path)
    (problem,) = error.value.problems
    assert problem.place == place
    assert cure in problem.cure
    assert run("solve", tmp_path).code == 2
