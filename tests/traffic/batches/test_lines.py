"""Lines below what blocks with batches take: at every choice of thresholds, and exact where the reaches are known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.batch_enumeration import drawn
from support.helpers import load

from serflow_opt import Instance
from serflow_opt.formulations.coefficients import Data
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.batches.lines import ReachLines, _below, exits_of, least_reaches
from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.provision.service_of import service_of


def levels_that_keep(instance: Instance) -> Iterator[tuple[int, ...]]:
    """Every choice of thresholds that keeps the accuracy floor."""
    floor = instance.accuracy_min
    for levels in itertools.product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
        rates = np.array([menu.exit_rates[i] for menu, i in zip(instance.menus, levels, strict=True)])
        right = np.array([menu.accuracies[i] for menu, i in zip(instance.menus, levels, strict=True)])
        reach = np.cumprod([1.0, *(1 - rates[:-1])])
        if floor is None or float((reach * rates * np.nan_to_num(right)).sum()) >= floor:
            yield levels


@pytest.mark.parametrize("arrivals", ["random", "smooth"])
@pytest.mark.parametrize("seed", [0, 2, 7, 9])
def test_no_thresholds_take_less(seed: int, arrivals: Any, tmp_path: Path) -> None:
    """Seconds of work and USD of calls of each block, against batches as they fill, wherever the floor is kept."""
    instance = load(drawn(seed).document, tmp_path)
    structures, data, rate = BatchStructures(instance, 2), Data(instance), instance.rate_per_s
    assert rate is not None
    lines, met = ReachLines(structures, data, rate, arrivals), 0
    picked = [tuple(block[n] for block in way.blocks) for way in structures.ways() for n in (0, -1)]
    for structure, levels in itertools.product(picked, levels_that_keep(instance)):
        service = service_of(structures, structure, levels)
        reach = np.cumprod([1.0, *(1 - menu.exit_rates[i] for menu, i in zip(instance.menus, levels, strict=True))])
        for b, choice in enumerate(structure):
            if not service.reach(b) > 0 or service.reach(b) * (1 + 1e-12) < lines.fill(choice):
                continue
            met += 1
            own = filled(service, b, rate, arrivals)
            if choice.machine is not None:
                assert lines.work(choice) @ reach[:-1] <= own.load / rate * (1 + 1e-9)
            else:
                usd = own.batches * (own.usd + structures.cold_usd(choice.function))
                usd += rate * service.reach(b) * choice.hop_usd
                assert lines.usd(choice) @ reach[:-1] <= usd * (1 + 1e-9)
    assert met


def test_reaches_keep_the_floor(tmp_path: Path) -> None:
    """Without a floor as few go on as may; with one no choice of thresholds that keeps it goes below."""
    instance = load(drawn(3).document, tmp_path)
    least = least_reaches(Data(instance), exits_of(Data(instance)))
    for levels in levels_that_keep(instance):
        rates = [menu.exit_rates[i] for menu, i in zip(instance.menus, levels, strict=True)]
        assert (np.cumprod([1.0, *(1 - rate for rate in rates[:-1])]) >= least - 1e-9).all()


@pytest.mark.parametrize("times", [(2.0, 3.0, 4.0), (1.0, 1.5, 9.0, 9.5), (5.0,), (1.0, 2.0, 3.0), (3.0, 3.0, 3.0)])
def test_times_are_put_below_by_concave_ones(times: tuple[float, ...]) -> None:
    """Per request never rising; the others concave from nothing on; neither above the times."""
    falling, concave = (np.array(own) for own in _below(times))
    n = np.arange(1, len(times) + 1)
    assert (falling <= np.array(times) + 1e-12).all()
    assert (np.diff(falling / n) <= 1e-12).all()
    assert (concave <= falling + 1e-12).all()
    assert (np.diff(np.diff([0.0, *concave])) <= 1e-12).all()
