"""The table of leaks: it survives a round trip, names its faults, and says where protection does not help."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.leak_tables import NOISY, PLAIN, errors

from serflow_opt.errors import Problem
from serflow_opt.problem.privacy_table import PrivacyRow, read_privacy, trend, write_privacy


def test_a_table_read_back_is_the_one_written(tmp_path: Path) -> None:
    """A table of leaks survives its file, empty cells included."""
    path, problems = tmp_path / "privacy.csv", list[Problem]()
    write_privacy([PLAIN, NOISY], path)
    lines = path.read_text().splitlines()
    assert lines[0] == (
        "cut,protection,scale,epsilon,clip,mse,mse_sd,ssim,ssim_sd,cross_entropy,cross_entropy_sd,accuracy,"
        "accuracy_sd,added_flops,seeds"
    )
    assert lines[2] == "1,laplace,0.5,8,2,0.03,0.001,,,0.25,,0.9,0.01,700,3"
    assert read_privacy(path, 2, problems) == (PLAIN, NOISY)
    assert not problems


def test_every_fault_is_named(tmp_path: Path) -> None:
    """Each fault is told with line and column, all at once."""
    path, problems = tmp_path / "privacy.csv", list[Problem]()
    rows = [PLAIN, PLAIN, NOISY, replace(NOISY, cut=2, accuracy=1.5), replace(NOISY, epsilon=0.0, mse=-1.0)]
    write_privacy(rows, path)
    assert read_privacy(path, 2, problems) == ()
    found = {(problem.place, problem.found) for problem in problems}
    assert found == {
        ("line 3", "cut 0, none, scale 0 stands on line 2 already"),
        ("line 5, column cut", "'2'"),
        ("line 5, column accuracy", "'1.5'"),
        ("line 6, column epsilon", "'0'"),
        ("line 6, column mse", "'-1'"),
    }


def test_it_is_read_without_pytorch() -> None:
    """Solving with measured leaks needs no PyTorch."""
    code = "import sys, serflow_opt.problem.privacy_table; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_rising_table_has_nothing_to_confess() -> None:
    """Where errors rise with depth and noise the trend says so."""
    rows = errors((0, 0, 0.0, 0.0), (1, 0, 0.1, 0.01), (1, 2, 0.2, 0.01), (1, 5, 0.3, 0.01))
    assert trend(rows) == [
        "3 of 3 steps to a deeper cut or a stronger protection raise the reconstruction error beyond error bars."
    ]


def test_steps_that_do_not_rise_are_named() -> None:
    """From 0.30 to 0.34 is less than √(0.03² + 0.04²) = 0.05; from 0.34 to 0.20 is a fall of more than 0.04."""
    rows = errors((1, 0, 0.3, 0.03), (2, 0, 0.34, 0.04), (2, 5, 0.2, 0.0))
    assert trend(rows) == [
        "0 of 2 steps to a deeper cut or a stronger protection raise the reconstruction error beyond error bars.",
        "none: cut 1 to 2 does not change the error beyond error bars: 0.3 ± 0.03 to 0.34 ± 0.04.",
        "cut 2: none to distance-correlation 5 lowers the error: 0.34 ± 0.04 to 0.2 ± 0.",
    ]


@pytest.mark.parametrize("sd", [None, 0.0])
def test_one_seed_has_no_error_bars(sd: float | None) -> None:
    """Without deviations every rise counts."""
    rows = errors((1, 0, 0.3, sd), (2, 0, 0.31, sd))
    assert trend(rows)[0].startswith("1 of 1 ")


def test_settings_are_named_by_what_their_user_chose() -> None:
    """A budget where there is one, else a scale; strength rises with protection, and is 0 without."""
    bare = PrivacyRow(0, "none", 0.0, None, None, 0.5, None, 0.9, None, 0.3, None, 0.9, None, 0.0, 1)
    noisy = replace(bare, protection="laplace", scale=2.0, epsilon=4.0, clip=1.0)
    assert (bare.setting, noisy.setting) == ("none", "laplace ε = 4")
    assert replace(bare, protection="distance-correlation", scale=0.5).setting == "distance-correlation 0.5"
    assert (bare.strength, noisy.strength) == (0.0, 0.25)
