"""Rows of phases against the rows that enumeration has of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles import workflow as oracle

import serflow_opt as so
from serflow_opt.families.workflow.menu import options_of


@pytest.mark.parametrize("seed", range(6))
def test_rows_that_nothing_beats_are_those_of_enumeration(seed: int, tmp_path: Path) -> None:
    """By servers, what is no worse in time, in time with servers that are there, in money and in functions."""
    phases = oracle.drawn(seed, 4)
    data = so.load(oracle.write(phases, tmp_path)).data
    for own, menu in zip(phases, options_of(data), strict=True):
        points: dict[int, set[tuple[float, ...]]] = {}
        for row in oracle._rows(own):
            servers = row["servers"]
            boot, count = (servers[0][2], servers[1]) if servers else (0.0, 0)
            point = (max(row["start"], boot) + row["work"], row["start"] + row["work"], row["usd"], row["functions"])
            points.setdefault(count, set()).add(tuple(round(x, 9) for x in point))
        best = {
            (count, *p)
            for count, every in points.items()
            for p in every
            if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in every)
        }
        assert {
            (o.row.servers, *(round(x, 9) for x in (o.seconds, o.kept_s, o.usd, o.functions))) for o in menu
        } == best


def test_a_map_on_two_workers_by_hand(tmp_path: Path) -> None:
    """100 MB in at 50 MB/s and 100 vCPU seconds on two workers of two vCPUs: 1 + 0.05 + 25 s, and a start of 4/3 s."""
    own = {"kind": "map", "after": [], "workers": [2], "memory": [2000], "in": 1e8, "out": 0.0, "work": 100.0}
    ((row,),) = options_of(so.load(oracle.write([own], tmp_path)).data)
    assert row.seconds == pytest.approx(1.0 + 1 / 3 + 1.05 + 25)
    busy = 2 * 26.05 * 2000 / 1024 * 2e-5
    assert row.usd == pytest.approx(busy + 2 * 2e-7 + 2 * 1e-6)
    assert (row.key, row.rent, row.functions) == (None, 0.0, 2.0)
