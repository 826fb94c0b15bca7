"""Rounds of convex training by workers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.profiling.convex import ALGORITHMS, Regression, measured_rounds, read_samples, regression_of


def drawn() -> Regression:
    """Three inputs, and labels that lean on them."""
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(200, 3))
    classes = (inputs @ [2.0, -1.0, 0.5] + draw.normal(size=200) > 0).astype(int)
    return regression_of(inputs, classes, 1e-2)


def test_the_least_loss_is_where_the_gradient_is_nothing() -> None:
    """Newton's point beats every point about it."""
    data = drawn()
    from scipy.optimize import minimize

    known = minimize(data.loss, np.zeros(4), tol=1e-12).fun
    assert data.least() == pytest.approx(known, rel=1e-6)


def test_every_algorithm_comes_within_the_share_and_no_step_is_sooner() -> None:
    """Each has rounds, with passes by hand; ADMM takes the fewest, and a looser share takes no more."""
    data = drawn()
    rows = {(own.algorithm, own.workers): own for own in measured_rounds(data, [1, 4], within=0.05, most=400)}
    assert set(rows) == {(name, w) for name in ALGORITHMS for w in (1, 4)}
    for (name, w), own in rows.items():
        assert own.rounds is not None
        passes = {"ga-sgd": own.rounds * 16 * w / 200, "ma-sgd": own.rounds, "admm": own.rounds * 10}[name]
        assert own.passes == pytest.approx(passes)
    assert rows["admm", 4].rounds <= rows["ga-sgd", 4].rounds  # type: ignore[operator]
    assert measured_rounds(data, [1], within=0.05, most=1)[0].rounds is None


def test_data_that_are_none_are_refused(tmp_path: Path) -> None:
    """A file that is not there, and a penalty of nothing."""
    with pytest.raises(so.InputError):
        read_samples(str(tmp_path / "none.npz"))
    with pytest.raises(so.InputError):
        regression_of(np.zeros((32, 2)), np.zeros(32), 0.0)


def test_data_that_is_no_npz_is_told_without_advice_to_load_it_unsafely(tmp_path: Path) -> None:
    """A text in its place says what is wanted; numpy's own words offer to unpickle it."""
    file = tmp_path / "data.npz"
    file.write_text("label,x\n1,2\n", encoding="utf-8")
    with pytest.raises(so.InputError, match=r"not a .npz file \(ValueError\); write digits, or a file .npz"):
        read_samples(str(file))
    np.savez(file, inputs=np.zeros((2, 2)))
    with pytest.raises(so.InputError, match="no array 'labels"):
        read_samples(str(file))
