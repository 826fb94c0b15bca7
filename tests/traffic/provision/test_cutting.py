"""Cuts: how many structures there are, and what a cut sees, against all of them one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import tiny
from support.listed import case_of, one_by_one, pricing_of

from serflow_opt.traffic.provision.cutting import END, Cutting
from serflow_opt.traffic.provision.structures import Structures


@pytest.mark.parametrize("seed", [0, 3, 6, 9, 14, 27])
def test_all_ways_are_counted(seed: int, tmp_path: Path) -> None:
    """As many as there are one by one, for any number of blocks; and the choices are those in them."""
    structures = pricing_of(case_of(seed), 1 + seed % 4, tmp_path).structures
    every, cutting = list(one_by_one(structures)), Cutting(structures)
    assert cutting.count() == len(every)
    in_them = {(c.first, c.last, c.machine, c.function, c.sending_s) for structure in every for c in structure}
    assert in_them <= {(c.first, c.last, c.machine, c.function, c.sending_s) for c in cutting.choices()}


def test_machines_do_not_hand_up() -> None:
    """Device, VM, function: in front of a VM may be the device or a VM, behind it no device."""
    cutting = Cutting(Structures(tiny.three_tiers(), 2))
    (state,) = [n for n in cutting.at[1] if cutting.states[n].tiers == (1, None)]
    fronts = {
        cutting.structures.tiers(choice): after >= 0
        for choice, after in zip(cutting.ahead(1, state).choices, cutting.after(1, state), strict=True)
    }
    assert fronts[0, None]
    assert fronts[1, None]
    (behind,) = [n for n in cutting.at[1] if cutting.states[n].tiers == (0, None)]
    assert {
        cutting.structures.tiers(choice)[0]
        for choice, after in zip(cutting.ahead(1, behind).choices, cutting.after(1, behind), strict=True)
        if after >= 0
    } <= {0, None}
    assert cutting.states[0] == END
