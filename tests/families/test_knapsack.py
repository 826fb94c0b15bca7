"""The door for other families: a knapsack gets every verb, and is checked against all its subsets."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from support.helpers import run
from support.knapsack import KNAPSACK

import serflow_opt as so

NAMES = ("value", "weight", "price")
SHOWN = {"value": 1.0, "weight": 1000.0, "price": 1.0}


def write(folder: Path, name: str, items: list[tuple[float, float, float]], limits: str, objective: str = "") -> Path:
    """Write a knapsack; items are value, kg, USD/hour."""
    folder.mkdir(exist_ok=True)
    lines = ['schema = 1\nkind = "knapsack"', f'name = "{name}"', objective, f"limits = {{ {limits} }}"]
    lines += [f'[[item]]\nname = "i{n}"\nvalue = {v}\nweight = {w}\nprice = {p}' for n, (v, w, p) in enumerate(items)]
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def drawn(seed: int, count: int = 7) -> list[tuple[float, float, float]]:
    """Draw items."""
    draw = random.Random(seed)
    return [(draw.randint(1, 20), draw.randint(1, 15) / 10, draw.randint(0, 9)) for _ in range(count)]


def subsets(items: list[tuple[float, float, float]]) -> Iterator[dict[str, float]]:
    """Value, weight (g) and price of every subset."""
    for size in range(len(items) + 1):
        for some in combinations(items, size):
            yield {name: sum(own[k] for own in some) * SHOWN[name] for k, name in enumerate(NAMES)}


def within(point: dict[str, float], **most: float) -> bool:
    """Whether a subset keeps limits, within rounding."""
    return all(point[name] <= limit + 1e-6 for name, limit in most.items())


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


def test_nothing_to_choose_is_an_answer(tmp_path: Path) -> None:
    """A sack without items is worth nothing, proven, and cannot be worth more."""
    write(tmp_path, "sack", [], "weight_max = 3000")
    file = tmp_path / "instance.toml"
    file.write_text(file.read_text().replace('name = "sack"', 'name = "sack"\nitem = []'))
    assert so.solve(tmp_path).status == "optimal"
    assert so.solve(tmp_path).objective.value == 0
    assert run("solve", tmp_path, "--set", "value_min=1").code == 3


def test_another_quantity_can_be_asked_for(tmp_path: Path) -> None:
    """The lightest sack of some value."""
    items = drawn(1)
    asked = write(tmp_path, "sack", items, "value_min = 40", 'objective = "weight"')
    best = min(point["weight"] for point in subsets(items) if point["value"] >= 40)
    assert so.solve(asked).objective.value == pytest.approx(best)
    ran = run("solve", asked, "--json", "--set", "objective=price", "--set", "value_min=30")
    best = min(point["price"] for point in subsets(items) if point["value"] >= 30)
    assert ran.document["objective"] == {"name": "price", "value": pytest.approx(best), "unit": "USD/hour"}


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


def test_limits_that_clash_are_named_with_their_least_change(tmp_path: Path) -> None:
    """Sets, and the tightest value of each limit, as brute force has them."""
    items = drawn(3)
    every = list(subsets(items))
    solution = so.solve(write(tmp_path, "sack", items, "weight_max = 1000, value_min = 60, price_max = 100"))
    assert solution.status == "infeasible"
    told = {clash.limit: clash.best for clash in solution.infeasible_because}
    assert told == {
        "value_min": pytest.approx(max(p["value"] for p in every if within(p, weight=1000, price=100))),
        "weight_max": pytest.approx(min(p["weight"] for p in every if p["value"] >= 60)),
    }
    assert [sorted(own.limits) for own in solution.infeasible_because[0].sets] == [["value_min", "weight_max"]]


@pytest.mark.parametrize("names", [("value", "weight"), ("weight", "value", "price")])
def test_the_front_is_that_of_all_subsets(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Every undominated point and no other, proven complete; the same on the command line."""
    items = drawn(7, 6)
    sack = write(tmp_path, "sack", items, "weight_max = 4000")
    points = {tuple(round(p[name], 6) for name in names) for p in subsets(items) if within(p, weight=4000)}

    def beats(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return a != b and all(x >= y if name == "value" else x <= y for name, x, y in zip(names, a, b, strict=True))

    best = {p for p in points if not any(beats(q, p) for q in points)}
    front = so.pareto(sack, names)
    assert front.complete
    assert {tuple(round(v, 6) for v in point) for point in front.points} == best
    assert len(front.points) == len(best)
    ran = run("pareto", sack, *names, "--json", "--out", tmp_path / "front.csv")
    assert ran.code == 0
    assert len(ran.document["plans"]) == len(best)
    assert "the complete front" in run("pareto", sack, "value", "price").stdout


def test_explain_tells_what_each_limit_costs(tmp_path: Path) -> None:
    """The value without each limit, and the least weight at which a better value can be had, by brute force."""
    items = drawn(8, 6)
    every = list(subsets(items))
    sack = write(tmp_path, "sack", items, "weight_max = 2000, price_max = 500")
    costs = so.explain(sack)
    best = max(p["value"] for p in every if within(p, weight=2000))
    by_weight, by_price = costs.limits
    assert by_weight.limit == "weight_max"
    assert by_weight.binds
    assert by_weight.value_without == pytest.approx(sum(own[0] for own in items))
    next_at = min(p["weight"] for p in every if p["value"] > best)
    assert by_weight.next_at == pytest.approx(next_at)
    assert by_weight.value_next == pytest.approx(max(p["value"] for p in every if within(p, weight=next_at)))
    assert by_weight.value_looser == pytest.approx(max(p["value"] for p in every if within(p, weight=2200)))
    assert not by_price.binds
    ran = run("explain", sack, "--json")
    assert ran.document["limits"][0]["next_at"] == pytest.approx(next_at)
    assert type(costs).from_dict(ran.document).limits == costs.limits
    assert "does not bind" in run("explain", sack).stdout


def test_a_fleet_shares_a_budget(tmp_path: Path) -> None:
    """The greatest value of two sacks whose prices share a budget, of all pairs of subsets; and too small a budget."""
    items = [drawn(9, 4), drawn(10, 4)]
    sacks = [write(tmp_path / str(n), f"s{n}", own, "weight_max = 2500") for n, own in enumerate(items)]
    one, two = (list(subsets(own)) for own in items)
    pairs = [
        (a["value"] + 2 * b["value"], a["price"] + b["price"])
        for a in one
        for b in two
        if within(a, weight=2500) and within(b, weight=2500)
    ]
    fleet = so.solve_fleet(sacks, budget_usd_per_hour=10.0, weights={"s1": 2.0})
    assert fleet.status == "optimal"
    assert fleet.value == pytest.approx(max(value for value, price in pairs if price <= 10))
    assert fleet.total <= 10
    table = tmp_path / "fleet.csv"
    ran = run("fleet", *sacks, "--budget-usd-per-hour", "10", "--weight", "s1=2", "--json", "--csv", table)
    assert ran.document["value"] == pytest.approx(fleet.value)
    assert table.read_text().startswith("instance,adds,price,plan")
    assert "optimal" in run("fleet", *sacks, "--budget-usd-per-hour", "10").stdout
    dear = [tmp_path / "0", write(tmp_path / "2", "dear", [(1.0, 1.0, 9.0)], "value_min = 1")]
    assert run("fleet", *dear, "--budget-usd-per-hour", "5").code == 3
    assert run("fleet", *sacks, "libra", "--budget-usd-per-hour", "5").code == 2
    assert run("fleet", *sacks, "--machines", "c6i.large=1").code == 2


def test_several_solve_together_with_placements(tmp_path: Path) -> None:
    """Kinds may be mixed where each is answered alone."""
    sack = write(tmp_path, "sack", drawn(4), "weight_max = 2000")
    answers = so.solve_all([so.load(sack), "libra", sack])
    assert [own.status for own in answers] == ["optimal"] * 3
    assert [own.kind for own in answers] == ["knapsack", "placement", "knapsack"]


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        (
            'kind = "sack"',
            "kind",
            "placement, batching, cluster, keep-alive, training, pipeline, job, blocked, knapsack",
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


def test_a_verb_without_an_answer_says_which_there_are(tmp_path: Path) -> None:
    """A knapsack cannot be provisioned, plotted or written as an LP."""
    sack = write(tmp_path, "sack", drawn(6), "weight_max = 2000")
    for arguments in (("provision", sack), ("solve", sack, "--plot", tmp_path / "sack.png")):
        ran = run(*arguments)
        assert ran.code == 2
        assert "a knapsack takes solve, evaluate" in ran.stderr
    with pytest.raises(so.InputError, match="knapsack"):
        so.relax(so.load(sack), "weight_max", [1.0])


def test_the_family_knows_what_the_protocol_asks() -> None:
    """Keys of limits follow the sense of quantities."""
    assert [own.key for own in KNAPSACK.quantities] == ["value_min", "weight_max", "price_max"]
    assert all(isinstance(own, (str, float)) for q in KNAPSACK.quantities for own in (q.name, q.shown))
