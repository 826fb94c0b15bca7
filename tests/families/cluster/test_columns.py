"""Fillings of servers, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.columns import Shop, every_filling


def test_every_filling_is_listed_once_or_none_is(tmp_path: Path) -> None:
    """A on 1 core, B and C beside it on half a card: 4 without a card, 2 x 4 with one on it, 3 x 3 with two."""
    shop = Shop(so.load(small(tmp_path)).data)
    (packing,) = shop.packings
    found = every_filling(packing, 100)
    assert found is not None
    assert len(found) == len({tuple(sorted((*cpu, *(i for c in cards for i in c)))) for cpu, cards in found}) == 21
    assert every_filling(packing, 20) is None
    assert every_filling(packing, 100, {0: 1}) == [((0,), ())]


def test_a_column_adds_up_what_is_on_the_server(tmp_path: Path) -> None:
    """Two instances of 6/s and two of 50/s from 34/s on: 112 at most, 68 at least; new once."""
    shop = Shop(so.load(small(tmp_path)).data)
    column = shop.column(0, (0, 0), ((2, 2),))
    assert (column.up.tolist(), column.low.tolist()) == ([112.0], [68.0])
    assert column.count.tolist() == [2.0, 0.0, 2.0]
    assert column.resources == pytest.approx(4 * 0.25 + 1.0)  # a core is worth a quarter of the one card
    assert shop.take(0, (0, 0), ((2, 2),))
    assert not shop.take(0, (0, 0), ((2, 2),))
    assert not shop.take(0, (), ())
