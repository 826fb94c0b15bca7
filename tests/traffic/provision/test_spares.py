"""Spot machines and how many it takes so that enough are up."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.families.spot.problem import SpotOffer, SpotPool
from serflow_opt.families.spot.search import PoolSearch
from serflow_opt.families.spot.trajectory import draw
from serflow_opt.ground.deadline import Deadline
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.offers import Scaling, Tier
from serflow_opt.traffic.provision.spares import SpotMix, cheapest_mix, paid_share, share_up, spares_of, with_spares


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


def pool(count: int, up: float, spot_usd: float, steady_usd: float) -> SpotPool:
    """Return the same question as a pool: a spot machine is up for `up` of an hour on average, and paid while it is."""
    up_s = math.inf if up == 1 else 3600.0 * up
    spot = SpotOffer("spot", "spot", None, spot_usd / up, 1, 40, up_s, 3600.0 * (1 - up))
    steady = SpotOffer("steady", "on-demand", None, steady_usd, 1, 40)
    return SpotPool((spot, steady), (), (), frozenset(), (0.0,) * 81, count)


@pytest.mark.parametrize("seed", range(20))
def test_mixes_are_those_of_the_search_over_pools(seed: int) -> None:
    """Another program, with distributions in the place of counts, finds what costs as much."""
    rng = np.random.default_rng(seed)
    count, up = int(rng.integers(1, 12)), float(rng.uniform(0.6, 0.995))
    spot_usd, steady_usd, availability = float(rng.uniform(0.2, 0.9)), 1.0, float(rng.uniform(0.9, 0.9999))
    mix = cheapest_mix(count, up, spot_usd, steady_usd, availability)
    own = pool(count, up, spot_usd, steady_usd)
    found = PoolSearch(own, {"cost": 1.0}, {"availability": -availability}, 0.0, Deadline()).run()
    assert found.value == pytest.approx(mix.usd_per_s * 3600, rel=1e-9)


def test_a_mix_keeps_enough_up_over_time() -> None:
    """Drawn for years, as many as are planned are up for as long as the binomial says, and so for at least 99 %."""
    mix = cheapest_mix(6, 0.9, 0.3, 1.0, 0.99)
    seen = draw(pool(6, 0.9, 0.3, 1.0), (mix.spot, mix.steady), 3.0e7, np.random.default_rng(1))
    lengths = np.diff(seen.moments)
    enough = float(lengths[seen.workers >= 6].sum() / lengths.sum())
    assert enough == pytest.approx(at_least(6 - mix.steady, mix.spot, 0.9), abs=2e-3)
    assert enough >= 0.988


def test_mixes_at_the_ends() -> None:
    """Spot that costs nothing is taken alone; without machines on demand there are none; dear spot is left."""
    assert cheapest_mix(2, 0.9, 0.0, 1.0, 0.99).steady == 0
    assert cheapest_mix(2, 0.9, 0.5, math.inf, 0.99) == SpotMix(4, 0, 2.0)  # 3 of 4: 0.9963; 2 of 3: 0.972
    assert cheapest_mix(2, 0.9, 0.9, 1.0, 0.99) == SpotMix(0, 2, 2.0)


def test_what_is_paid_while_a_machine_starts() -> None:
    """Up for 23 h of a day with an hour to replace it, of which half is paid."""
    assert paid_share(Scaling(interruptions_per_day=24.0 / 23.0, replace_s=3600.0, start_s=1800.0)) == pytest.approx(
        23.5 / 24
    )
    assert paid_share(Scaling()) == 1.0


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
    assert f"up for 97.29 % of the time, {most} keep {part.count} up for 99.9 % of it" in found.scope
    assert spares_of(so.load("libra"), found.parts) == []


def test_a_rate_without_a_time_is_refused(tmp_path: Path) -> None:
    """And so are both on functions, as all keys of machines."""
    with pytest.raises(so.InputError, match=r"replace_s.*missing"):
        so.load(vms_taken_away(tmp_path, "interruptions_per_day = 4\n"))


def test_the_mix_with_the_same_type_on_demand_is_told() -> None:
    """v is up for half of the time at 0.25 USD/s while it is: 10 of it keep one up for 99.9 %, 1.25 USD/s.

    On demand one costs 0.5 USD/s, 1,800 an hour: that is the cheapest. 2 of it keep one up for 75 %, 0.25 USD/s.
    """
    two = tiny.two_stages()
    spot = dataclasses.replace(two.tiers[0], scaling=Scaling(interruptions_per_day=48.0, replace_s=1800.0))
    steady = dataclasses.replace(two.options[0], tier=1, usd_per_s=0.5)
    options = (dataclasses.replace(two.options[0], usd_per_s=0.25), steady)
    instance = dataclasses.replace(two, tiers=(spot, Tier("dear", "vm")), options=options)
    part = SimpleNamespace(machine="v", machine_tier="vm", count=1, pools=())
    said, added = spares_of(instance, [part])  # type: ignore[list-item]
    assert said.endswith("10 keep 1 up for 99.9 % of it, at least cost 0 of them and 1 on demand, 1800 USD/h")
    assert added.startswith("blocks, types and counts chosen as if nothing were taken away")
    said, _ = spares_of(instance, [part], 0.7)  # type: ignore[list-item]
    assert said.endswith("2 keep 1 up for 70 % of it, at least cost 2 of them and 0 on demand, 900 USD/h")


@pytest.mark.parametrize("availability", [0.0, 1.0, "most", math.nan])
def test_an_availability_is_a_share_below_1(availability: object) -> None:
    """No number of spot machines is up at all times."""
    with pytest.raises(so.InputError, match=r"availability.*above 0 and below 1"):
        so.provision(so.load("libra"), 5.0, availability=availability)
