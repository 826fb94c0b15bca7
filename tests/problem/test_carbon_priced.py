"""Prices that are money and carbon together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import tiny

from serflow_opt.problem.carbon_priced import carbon_priced, without_carbon_asked
from serflow_opt.problem.emissions import Emissions


def test_prices_are_money_and_grams() -> None:
    """A rented machine is busy: 2 g a second on and 3 more, at 0.5 USD a gram 2.5 USD beside twice its rent."""
    plain = tiny.two_stages()
    options = tuple(replace(option, emissions=Emissions(2.0, 3.0)) for option in plain.options)
    priced = carbon_priced(replace(plain, options=options), 2.0, 0.5)
    for old, new in zip(plain.options, priced.options, strict=True):
        machine = plain.tiers[old.tier].kind != "function"
        assert new.usd_per_s == pytest.approx(2 * old.usd_per_s + 0.5 * (5.0 if machine else 3.0))
        assert new.usd_per_request == pytest.approx(2 * old.usd_per_request)


def test_carbon_is_asked_no_more() -> None:
    """Money is left as the objective, without the limit."""
    asked = replace(tiny.two_stages(), minimize="carbon", carbon_max_g=1.0)
    plain = without_carbon_asked(asked)
    assert (plain.minimize, plain.carbon_max_g) == ("cost", None)
