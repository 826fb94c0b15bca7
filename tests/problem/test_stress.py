"""A plan under stress: rate and times higher than believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.tiny import two_stages

from serflow_opt.errors import InputError
from serflow_opt.problem.stress import stressed


def test_rate_and_times_are_multiplied_and_prices_stay() -> None:
    """Twice the times and twice the rate are four times the work; a second costs what it did."""
    plain = two_stages(rate_per_s=3.0)
    hard = stressed(plain, 2.0)
    assert hard.rate_per_s == 6.0
    for before, after in zip(plain.options, hard.options, strict=True):
        assert after.stage_seconds == tuple(2 * seconds for seconds in before.stage_seconds)
        assert (after.usd_per_s, after.cold_start_s) == (before.usd_per_s, before.cold_start_s)
    assert stressed(plain, 1.0) == plain


@pytest.mark.parametrize("factor", [0.0, -1.0, float("inf"), float("nan")])
def test_a_factor_is_a_number_above_0(factor: float) -> None:
    """Nothing else has a meaning."""
    with pytest.raises(InputError, match="above 0"):
        stressed(two_stages(), factor)


def test_the_command_tells_what_breaks_and_what_it_would_take(tmp_path: Path) -> None:
    """LIBRA's machines serve 16/s: 143/s are 9 of them; 214.5/s of 1.5 s each are 20.1, so 21."""
    plan = tmp_path / "plan.json"
    run("solve", "libra", "--out", plan)
    ran = run("evaluate", "libra", plan, "--stress", "1.5")
    assert ran.code == 3
    assert "m4.large (vm): 9 as planned, 21 to carry this" in ran.stdout
    assert run("evaluate", "libra", plan, "--stress", "0.9").code == 0
    assert run("evaluate", "libra", plan, "--stress", "0").code == 2
