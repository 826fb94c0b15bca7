"""What options emit by the instance file: the catalogue's figures, what is stated instead, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.problem.emissions import Emissions
from serflow_opt.problem.offers import Option

SPEED = {"flops_per_s_per_vcpu": 1e10}
GRID = 415.755 * 1.135 / 3.6e6
"""Grams a joule in us-east-1."""


def options(folder: Path, *tiers: dict[str, Any], carbon: dict[str, Any] | None = None) -> dict[str, Option]:
    """The options of an instance with these tiers, by name, and [carbon]."""
    document = two_tiers() | {"tier": list(tiers), "link": [], "carbon": {} if carbon is None else carbon}
    return {option.name: option for option in load(document, folder).options}


def emissions(option: Option) -> Emissions:
    """What an option emits."""
    assert option.emissions is not None
    return option.emissions


def test_machines_of_the_catalogue(tmp_path: Path) -> None:
    """m5.large: 4.4 W idle, 20 W full, 1,610.79 kg for 96 vCPUs over four years; two requests at once share 15.6 W."""
    tier = {"name": "vm", "kind": "vm", "options": ["m5.large"], "workers": 2, **SPEED}
    own = emissions(options(tmp_path, tier)["m5.large"])
    embodied = 1610.79e3 * 2 / 96 / (4 * 365 * 24) / 3600
    assert own.on_g_per_s == pytest.approx(4.4 * GRID + embodied, rel=1e-4)
    assert own.busy_g_per_s == pytest.approx(15.6 / 2 * GRID, rel=1e-12)
    assert options(tmp_path, tier, carbon={"embodied": False})["m5.large"].emissions == Emissions(
        4.4 * GRID, 7.8 * GRID
    )


def test_functions_of_the_catalogue(tmp_path: Path) -> None:
    """3,538 MB are two vCPUs of 3.5 W at work, and twice the carbon of making a vCPU of an m5."""
    tier = {"name": "fn", "kind": "function", "memory_mb": [3538], **SPEED}
    own = emissions(options(tmp_path, tier)["lambda-3538MB"])
    assert own.on_g_per_s == 0
    assert own.busy_g_per_s == pytest.approx(7 * GRID + 2 * 1610.79e3 / 96 / (4 * 365 * 24) / 3600, rel=1e-4)


def test_what_is_stated_comes_first(tmp_path: Path) -> None:
    """Watts, intensity, PUE and embodied carbon of the file are taken in place of the catalogue's."""
    tier = {"name": "vm", "kind": "vm", "options": ["c7i.large"], "g_per_kwh": 36.0, **SPEED}
    tier |= {"watts_per_vcpu": [1.0, 5.0], "embodied_g_per_vcpu_hour": 1.8, "pue": 2.0}
    own = emissions(options(tmp_path, tier)["c7i.large"])
    assert own.on_g_per_s == pytest.approx(2 * 36 * 2 / 3.6e6 + 3.6 / 3600, rel=1e-12)
    assert own.busy_g_per_s == pytest.approx(8 * 36 * 2 / 3.6e6, rel=1e-12)
    device = {"name": "pi", "kind": "device", "option": [{"name": "pi", "flops_per_s": 1e9, "watts": [2.0, 5.0]}]}
    own = emissions(options(tmp_path, device, carbon={"g_per_kwh": 360.0, "pue": 1.5})["pi"])
    assert own == Emissions(2 * 1e-4, 3 * 1e-4)  # what a data centre adds is not a device's


def test_joules_by_operation_need_no_watts(tmp_path: Path) -> None:
    """A tier that says what an operation takes emits by that; its intensity goes to its tier."""
    device = {"name": "pi", "kind": "device", "joules_per_flop": 1e-9, "g_per_kwh": 360.0}
    instance = load(
        two_tiers() | {"tier": [device | {"option": [{"name": "pi", "flops_per_s": 1e9}]}], "link": [], "carbon": {}},
        tmp_path,
    )
    assert instance.options[0].emissions == Emissions()
    assert instance.tiers[0].g_per_joule == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("tier", "carbon", "words"),
    [
        ({"options": ["c7i.large", "m7i.large"]}, {}, "no watts known of c7i.large, m7i.large"),
        ({"options": ["Standard_D2_v3"], "region": "japaneast"}, {}, "no grid intensity known for region 'japaneast'"),
        ({"options": ["m5.large"], "watts_per_vcpu": [2.0, 1.0]}, {}, "write [idle, full], the smaller number first"),
        ({"options": ["m5.large"], "g_per_kwh": 1.0}, None, "without [carbon]"),
        (
            {"options": ["m5.large"], "watts_per_vcpu": [1.0, 2.0], "joules_per_flop": 1e-9},
            {},
            "energy is told twice: keep watts, or joules_per_flop",
        ),
    ],
)
def test_what_is_missing_or_told_twice(
    tmp_path: Path, tier: dict[str, Any], carbon: dict[str, Any] | None, words: str
) -> None:
    """Nothing is guessed: types without watts and places without a grid are named, with what to write."""
    document = two_tiers() | {"tier": [{"name": "vm", "kind": "vm", **SPEED, **tier}], "link": []}
    with pytest.raises(so.InputError) as caught:
        load(document if carbon is None else document | {"carbon": carbon}, tmp_path)
    assert words in str(caught.value)


def test_carbon_that_is_not_counted_has_no_limit(tmp_path: Path) -> None:
    """Without [carbon] there is nothing to minimise or limit."""
    instance = load(two_tiers(), tmp_path)
    assert not instance.carbon_known
    for changes in ({"minimize": "carbon"}, {"carbon_max_g": 1.0}):
        with pytest.raises(so.InputError, match="carbon, which is not counted"):
            instance.with_limits(**changes)
