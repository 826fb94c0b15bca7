"""Commitments against arithmetic, a newsvendor, and every amount that could be best."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from oracles.commitment import best
from support.helpers import run

import serflow_opt as so
from serflow_opt.problem.loader import shipped_folder

HEAD = 'schema = 1\nkind = "commitment"\nname = "c"\ndemand = "demand.csv"\n'


def written(folder: Path, demand: str, plans: str, head: str = "") -> Path:
    """Write an instance with one price of its own, a at 1 USD an hour."""
    folder.mkdir(exist_ok=True)
    (folder / "demand.csv").write_text(demand)
    text = f'{HEAD}{head}\n[[rented]]\nname = "a"\nusd_per_hour = 1.0\n{plans}'
    (folder / "instance.toml").write_text(text)
    return folder


def test_the_newsvendors_quantile(tmp_path: Path) -> None:
    """At 40 % off it pays to commit to what is rented in 60 % of the hours: of 1, 2, 3, 4 in a quarter each, 2.

    A year: 2 x 0.6 always, and (1 + 2) / 4 on demand on average: 1.2 + 0.75 USD an hour.
    """
    plans = '[[plan]]\nname = "p"\ncovers = ["a"]\nmonths = 12\nupfront = 0.5\ndiscount = 0.4\n'
    plan = so.solve(written(tmp_path, "hours,a\n1,1\n1,2\n1,3\n1,4\n", plans))
    assert plan.status == "optimal"
    assert plan.plan["commitments"][0]["machines"] == pytest.approx(2)
    assert plan.objective.value == pytest.approx(8760 * 1.95)
    assert plan.achieved("upfront") == pytest.approx(0.5 * 8760 * 1.2)


def draw(seed: int, folder: Path) -> tuple[Path, float]:
    """Return a random instance of two things and up to three plans, and its optimum."""
    chance = random.Random(seed)
    rows = [(float(chance.randint(1, 5)), [chance.randint(0, 5), chance.randint(0, 4)]) for _ in range(4)]
    prices = [1.0, chance.choice([0.5, 2.0, 1.3])]
    plans: list[tuple[dict[int, float], float]] = []
    text = f'[[rented]]\nname = "b"\nusd_per_hour = {prices[1]}\n'
    for n in range(chance.randint(1, 3)):
        wide, off = chance.random() < 0.4 and not any(len(rates) > 1 for rates, _ in plans), chance.uniform(0.1, 0.6)
        own = [0, 1] if wide else [chance.randint(0, 1)]
        rates = {k: prices[k] * (1 - off) for k in own}
        whole = len(own) == 1 and chance.random() < 0.5
        plans.append((rates, rates[own[0]] if whole else 0.0))
        names = ", ".join(f'"{"ab"[k]}"' for k in own)
        text += f'[[plan]]\nname = "p{n}"\ncovers = [{names}]\nmonths = 12\ndiscount = {off!r}\n'
        text += "whole = true\n" if whole else ""
    demand = "hours,a,b\n" + "".join(f"{hours},{row[0]},{row[1]}\n" for hours, row in rows)
    return written(folder, demand, text), best(rows, prices, sorted(plans, key=lambda own: len(own[0])))


@pytest.mark.parametrize("seed", range(6))
def test_no_other_amounts_are_cheaper(tmp_path: Path, seed: int) -> None:
    """All amounts at which what is covered changes, in loops of their own."""
    folder, least = draw(seed, tmp_path)
    plan = so.solve(folder)
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(least)


def test_limits_ties_and_the_command(tmp_path: Path) -> None:
    """The shipped instance: nothing at the start without three years; every answer can be valued again."""
    out = tmp_path / "plan.json"
    ended = run("solve", "twitter-commitments", "--set", "upfront_max_usd=0", "--json", "--out", out)
    assert ended.code == 0
    by: dict[str, Any] = {own["plan"]: own for own in ended.document["plan"]["commitments"]}
    assert by["c6i.large for three years"]["usd"] == 0
    assert run("evaluate", "twitter-commitments", out).code == 0
    assert run("solve", "twitter-commitments", "--set", "budget_usd=3000").code == 3
    drawn = tmp_path / "plan.png"
    assert run("solve", shipped_folder() / "twitter-commitments", "--plot", drawn).code == 0
    assert drawn.stat().st_size > 0


def test_what_is_wrong_is_told_all_at_once(tmp_path: Path) -> None:
    """Unknown columns, terms and machines, a plan without a discount or by the machine of two columns."""
    plans = (
        '[[plan]]\nname = "p"\ncovers = ["a", "z"]\nterm = "5yr"\n'
        '[[plan]]\nname = "q"\ncovers = ["a"]\nmonths = 12\n'
        '[[plan]]\nname = "q"\ncovers = ["a", "c6i.large"]\nterm = "1yr_no_upfront"\nwhole = true\n'
    )
    with pytest.raises(so.InputError) as error:
        so.load(written(tmp_path, "hours,a,c6i.large,nothing\n1,1,1,1\n", plans))
    places = {problem.place for problem in error.value.problems}
    assert places == {
        "plan[3].name", "column nothing of demand.csv", "plan 'p'.covers", "plan 'p'.term", "plan 'q'.discount",
        "plan 'q'.whole",
    }  # fmt: skip
