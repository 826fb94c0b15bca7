"""Variants of blocks: which go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serflow_opt.errors import Problem
from serflow_opt.problem.network import Variant
from serflow_opt.problem.schema import InstanceDocument
from serflow_opt.problem.variants import read_variants


def read(folder: Path, *tables: dict[str, Any], **document: Any) -> tuple[tuple[Variant, ...], list[Problem]]:
    """The variants of a network of three stages, and what is wrong with them."""
    base = {
        "schema": 1,
        "name": "n",
        "network": {"stages": "s.csv", "input_bytes": 1},
        "tier": [{"name": "vm", "kind": "vm"}],
    }
    problems: list[Problem] = []
    made = InstanceDocument.model_validate({**base, "variant": list(tables), **document})
    return read_variants(made, folder, 3, "f.toml", problems), problems


def test_variants_of_the_same_block_or_of_blocks_apart_go_together(tmp_path: Path) -> None:
    """Positions count from 0, and what is not said is as it was."""
    given = [{"name": "int8", "stages": [1, 2], "flops_factor": 0.5}, {"name": "pruned", "stages": [1, 2]}]
    variants, problems = read(tmp_path, *given, {"name": "int8", "stages": [3, 3]})
    assert problems == []
    assert [(own.name, own.first, own.last) for own in variants] == [("int8", 0, 1), ("pruned", 0, 1), ("int8", 2, 2)]
    assert (variants[0].flops_factor, variants[1].flops_factor, variants[1].accuracy_loss) == (0.5, 1.0, 0.0)


@pytest.mark.parametrize(
    ("stages", "name", "place", "said"),
    [
        ([2, 3], "other", 'variant[2] "other".stages', "overlaps [1, 2] of 'int8'"),
        ([1, 2], "int8", 'variant[2] "int8"', "has a 'int8' already"),
        ([3, 4], "far", 'variant[2] "far".stages', "[3, 4]"),
        ([2, 1], "back", 'variant[2] "back".stages', "[2, 1]"),
    ],
)
def test_blocks_that_overlap_or_are_none_are_told(
    stages: list[int], name: str, place: str, said: str, tmp_path: Path
) -> None:
    """Two variants of stage 2 could not both be chosen; a block has to lie in the network."""
    _, problems = read(tmp_path, {"name": "int8", "stages": [1, 2]}, {"name": name, "stages": stages})
    (problem,) = problems
    assert problem.place == place
    assert said in problem.found


def test_own_exits_need_exits(tmp_path: Path) -> None:
    """A variant's own table replaces rows of menus that there have to be."""
    variants, problems = read(tmp_path, {"name": "int8", "stages": [1, 2], "exits": "e.csv"})
    assert [own.found for own in problems] == ["own exits without an [exits] section"]
    assert variants[0].menus == {}
