"""What is rented when: lines below an overflow, and windows; its parts as files: `test_formulations.py`."""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest
from support import golden_scaling
from support.golden_parts import CASES, lp_text, normal

from serflow_opt.formulations.scaling import MachineBlock, MachineType

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("scaling.")])
def test_golden(name: str) -> None:
    """Each constraint of what is rented when still writes the lines that were checked by hand."""
    lines = (GOLDEN / f"{name}.lp").read_text(encoding="utf-8")
    head = [line[1:].strip() for line in lines.splitlines() if line.startswith("\\")]
    assert head == [line.strip() for line in inspect.cleandoc(CASES[name].__doc__ or "").splitlines()]
    assert normal(lp_text(CASES[name]())) == normal(lines)


@pytest.mark.parametrize("seed", range(30))
def test_lines_are_below_the_overflow(seed: int) -> None:
    """At whole numbers of machines no line is above the overflow, and one touches it when nobody is rented."""
    rng = np.random.default_rng(seed)
    kinds = tuple(MachineType(float(rng.choice([1.0, 1.5, 2.0, rng.uniform(0.5, 4.0)])), 1.0) for _ in range(2))
    rates = rng.uniform(0.0, 9.0, 6)
    steps = [0.0, 2.0, 4.0, 6.0] if seed % 2 else list(map(float, range(7)))
    fleet = MachineBlock(np.arange(7.0), rates, np.array(steps), kinds, 1.0)
    length, lines = steps[1], fleet.all_lines()
    for v in itertools.product(range(6), repeat=2):
        here = np.tile(np.array(v, dtype=float)[:, None], len(fleet.spells))
        over = np.maximum(rates - kinds[0].rate * v[0] - kinds[1].rate * v[1], 0.0)
        overflow = over.reshape(-1, int(length)).sum(axis=1)
        own = [(g, line) for (g, _), line in lines.items()] + list(fleet.lines_at(here).items())
        values = dict.fromkeys(fleet.spells, 0.0)
        for g, (alpha, beta) in own:
            value = alpha - beta[0] * v[0] - beta[1] * v[1]
            assert value <= overflow[g] + 1e-9
            values[g] = max(values[g], value)
        assert values == pytest.approx(dict(enumerate(overflow)), abs=1e-9)


def test_documented_names() -> None:
    """The golden parts build exactly the constraints that are documented."""
    assert golden_scaling.built_names() == {"rented", "stay", "early_ordered", "overflow", "cover"}
