"""Spot machines and how many it takes so that enough are up."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.offers import Scaling
from serflow_opt.traffic.provision.spares import share_up, spares_of, with_spares


def at_least(count: int, machines: int, up: float) -> float:
    """Sum the binomial."""
    return sum(math.comb(machines, k) * up**k * (1 - up) ** (machines - k) for k in range(count, machines + 1))


@pytest.mark.parametrize(("count", "up"), [(1, 0.5), (3, 0.9), (9, 0.97), (20, 0.99), (4, 1.0)])
def test_no_fewer_are_enough(count: int, up: float) -> None:
    """The binomial with so many is enough, with one less it is not."""
    found = with_spares(count, up, 0.99)
    assert at_least(count, found, up) >= 0.99
    assert found == count or at_least(count, found - 1, up) < 0.99


def test_the_share_of_the_time_that_one_is_up() -> None:
    """4 a day and 600 s: 6 hours of 6 hours and 10 minutes; never: all of it."""
    assert share_up(Scaling(interruptions_per_day=4.0, replace_s=600.0)) == pytest.approx(21600 / 22200)
    assert share_up(Scaling()) == 1.0


def vms_taken_away(folder: Path, keys: str) -> Path:
    """Write libra with machines that are taken away."""
    for file in (shipped_folder() / "libra").glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / "instance.toml").read_text("utf-8")
    (folder / "instance.toml").write_text(text.replace('kind = "vm"\n', f'kind = "vm"\n{keys}', 1), "utf-8")
    return folder


def test_provision_says_how_many_it_takes(tmp_path: Path) -> None:
    """The line on what is proven tells spares by pool; without rates it does not."""
    found = so.provision(so.load(vms_taken_away(tmp_path, "interruptions_per_day = 4\nreplace_s = 600\n")), 100.0)
    part = next(own for own in found.parts if own.count)
    most = with_spares(part.count, 21600 / 22200)
    assert f"up for 97.29 % of the time, {most} keep {part.count} up for 99.9% of it" in found.scope
    assert spares_of(so.load("libra"), found.parts) == []


def test_a_rate_without_a_time_is_refused(tmp_path: Path) -> None:
    """And so are both on functions, as all keys of machines."""
    with pytest.raises(so.InputError, match=r"replace_s.*missing"):
        so.load(vms_taken_away(tmp_path, "interruptions_per_day = 4\n"))
