"""Exit tables from samples and thresholds replayed on them, against counts made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta
from support.few_samples import with_holdout
from support.helpers import GOOD

import serflow_opt as so
from serflow_opt.problem.exits import derive_menus, replay
from serflow_opt.problem.network import Samples

#            a    b    c    d    e    f    g    h
FIRST = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
RIGHT1 = [0, 0, 1, 0, 1, 0, 1, 1]
SECOND = [0.9, 0.1, 0.8, 0.3, 0.7, 0.6, 0.2, 0.4]
RIGHT2 = [1, 0, 1, 1, 1, 1, 0, 1]
THIRD = [0.5] * 8
RIGHT3 = [1, 1, 1, 0, 1, 1, 1, 1]


def samples(held_out: list[int] | None = None) -> Samples:
    """Eight samples, exits after stages 1, 2 and 4."""
    kept = np.zeros(8, dtype=bool)
    kept[held_out or []] = True
    right = np.array([RIGHT1, RIGHT2, RIGHT3], dtype=bool).T
    return Samples(np.array([FIRST, SECOND, THIRD]).T, right, (1, 2, 4), kept)


def test_tables_on_all_samples() -> None:
    """Thresholds, shares and accuracies are those of eight samples counted by hand."""
    first, second, third, last = derive_menus(samples(), stages=4, levels=3)
    # quantiles 0, 1/2 and 1 of eight values, taken upwards: the 1st, the 5th, the 8th; and 1, at which nobody leaves
    assert first.thresholds == (0.2, 0.6, 0.9, 1)
    assert first.exit_rates == (8 / 8, 4 / 8, 1 / 8, 0)
    assert first.accuracies == pytest.approx((4 / 8, 3 / 4, 1 / 1, 0))
    # sorted: 0.1 0.2 0.3 0.4 0.6 0.7 0.8 0.9
    assert second.thresholds == (0.1, 0.6, 0.9, 1)
    assert second.exit_rates == (1, 4 / 8, 1 / 8, 0)
    assert second.accuracies == pytest.approx((6 / 8, 4 / 4, 1, 0))
    assert (third.thresholds, third.exit_rates) == ((), (0.0,))
    assert (last.thresholds, last.exit_rates, last.accuracies) == ((0.0,), (1.0,), (7 / 8,))


def test_tables_behind_an_earlier_exit() -> None:
    """At 0.6 exit 1 keeps e to h. Of a to d, exit 2 keeps a and c; b and d go to the end."""
    _, second, _, last = derive_menus(samples(), stages=4, levels=3, earlier_threshold=0.6)
    # of a, b, c, d: 0.1 0.3 0.8 0.9
    assert second.thresholds == (0.1, 0.8, 0.9, 1)
    assert second.exit_rates == (1, 2 / 4, 1 / 4, 0)
    assert second.accuracies == pytest.approx((3 / 4, 1, 1, 0))
    assert last.accuracies == (1 / 2,)


def test_tables_behind_a_threshold_of_each_exit() -> None:
    """At 0.6 exit 1 keeps e to h; of a to d exit 2 keeps, at 0.25, all but the one of confidence 0.1."""
    first, second, _, last = derive_menus(samples(), stages=4, levels=3, earlier_threshold=[0.6, 0.25])
    assert 0.6 in first.thresholds
    assert second.thresholds == (0.1, 0.25, 0.8, 0.9, 1)
    assert second.exit_rates == (1, 3 / 4, 2 / 4, 1 / 4, 0)
    assert last.exit_rates == (1.0,)


def test_a_plan_at_the_thresholds_of_its_tables_promises_what_the_samples_hold() -> None:
    """Reach and accuracy multiply along the tables, and equal a replay of the joint samples."""
    chosen = [0.6, 0.25]
    menus = derive_menus(samples(), stages=4, levels=3, earlier_threshold=chosen)
    promised, reach = 0.0, 1.0
    for menu, threshold in zip((menus[0], menus[1], menus[3]), (*chosen, 0.0), strict=True):
        row = menu.thresholds.index(threshold)
        promised += reach * menu.exit_rates[row] * menu.accuracies[row]
        reach *= 1 - menu.exit_rates[row]
    assert promised == pytest.approx(replay(samples(), [*chosen, 0.0]).accuracy)


def test_equal_confidences_make_one_row() -> None:
    """Samples that no threshold can part leave together and make one row."""
    flat = Samples(np.array([FIRST, THIRD]).T[:, ::-1], np.ones((8, 2), dtype=bool), (1, 2), np.zeros(8, dtype=bool))
    menu = derive_menus(flat, stages=2, levels=10)[0]
    assert (menu.thresholds, menu.exit_rates) == ((0.5, 1.0), (1.0, 0.0))
    sure = Samples(np.ones((8, 2)), np.ones((8, 2), dtype=bool), (1, 2), np.zeros(8, dtype=bool))
    menu = derive_menus(sure, stages=2, levels=10)[0]
    assert (menu.thresholds, menu.exit_rates) == ((1.0,), (1.0,))


def test_an_exit_that_nothing_reaches_is_no_exit() -> None:
    """Where everybody has left before, an exit offers nothing to choose."""
    _, second, _, last = derive_menus(samples(), stages=4, levels=3, earlier_threshold=0.1)
    assert second.exit_rates == (0.0,)
    assert last.exit_rates == (1.0,)


def test_held_out_samples_are_not_in_the_tables() -> None:
    """Samples kept for checking do not shape the tables they check."""
    first = derive_menus(samples([7]), stages=4, levels=3)[0]
    assert first.thresholds == (0.2, 0.5, 0.8, 1)
    assert first.exit_rates == pytest.approx((1, 4 / 7, 1 / 7, 0))
    assert first.accuracies == pytest.approx((3 / 7, 2 / 4, 1, 0))


def test_replay_counts() -> None:
    """At 0.6 e f g h leave first, 3 right; at 0.8 a and c leave second, 2 right; b and d are left, 1 right."""
    found = replay(samples(), (0.6, 0.8, 0.0))
    assert found.samples == 8
    assert found.exit_share == (4 / 8, 2 / 8, 2 / 8)
    assert found.accuracy == 6 / 8
    # Clopper-Pearson: quantiles of beta distributions
    assert found.accuracy_low == pytest.approx(beta.ppf(0.025, 6, 3), rel=1e-9)
    assert found.accuracy_high == pytest.approx(beta.ppf(0.975, 7, 2), rel=1e-9)


def test_replay_when_all_are_right_or_nobody_leaves_early() -> None:
    """The ends of the range: nobody leaves early, or all are right and the interval is one-sided."""
    found = replay(samples(), (1.0, 1.0, 1.0))
    assert found.exit_share == (0, 0, 1)
    assert found.accuracy == 7 / 8
    everyone = Samples(np.ones((5, 1)), np.ones((5, 1), dtype=bool), (1,), np.zeros(5, dtype=bool))
    found = replay(everyone, (0.0,))
    assert (found.accuracy, found.accuracy_high) == (1.0, 1.0)
    assert found.accuracy_low == pytest.approx(0.025 ** (1 / 5), rel=1e-9)


def test_replay_on_the_held_out_part_only() -> None:
    """A replay on the held-out part counts that part alone, and says when there is none."""
    found = replay(samples([0, 7]), (0.6, 0.8, 0.0), held_out=True)
    assert found.samples == 2
    assert found.exit_share == (1 / 2, 1 / 2, 0)
    assert found.accuracy == 1.0
    with pytest.raises(ValueError, match="no samples"):
        replay(samples(), (0.6, 0.8, 0.0), held_out=True)


def test_the_holdout_follows_share_and_seed(tmp_path: Path) -> None:
    """The same share and seed hold out the same samples, another seed others."""

    def held_out(share: float, seed: int) -> list[bool]:
        drawn = with_holdout(tmp_path, share, seed).samples
        assert drawn is not None
        return [bool(out) for out in drawn.held_out]

    assert held_out(0.25, 1) == held_out(0.25, 1)
    assert sum(held_out(0.25, 1)) == 10
    assert sum(held_out(0.0, 1)) == 0
    assert held_out(0.25, 1) != held_out(0.25, 2)


def test_samples_read_from_a_file() -> None:
    """good/samples.csv: confidences 0.9 0.8 0.6 0.4 at exit 1, right 1 0 1 0; exit 2 right 1 1 0 1."""
    instance = so.load(GOOD / "measured.toml")
    first, none, last = instance.menus
    assert first.thresholds == (0.4, 0.8, 0.9, 1)
    assert first.exit_rates == (1, 2 / 4, 1 / 4, 0)
    assert first.accuracies == (0.5, 0.5, 1, 0)
    assert none.exit_rates == (0.0,)
    assert last.accuracies == (0.75,)
