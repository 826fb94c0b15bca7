"""Variants of blocks of stages, with their own exit tables (survey's κ, Table 10)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.network import Menu, Variant
from serflow_opt.problem.schema import InstanceDocument, VariantTable


def read_variants(
    document: InstanceDocument, folder: Path, stages: int, file: str, problems: list[Problem]
) -> tuple[Variant, ...]:
    """Read and check the variants of a network of M stages.

    Parameters
    ----------
    folder
        What names of tables are relative to.
    stages
        M.
    file
        The instance file, for messages.
    problems
        Takes every fault.

    Returns
    -------
    tuple of Variant
        In the order of the file, without those whose block does not fit the network.
    """
    variants: list[Variant] = []
    for position, table in enumerate(document.variant, start=1):
        place = f'variant[{position}] "{table.name}"'
        first, last = table.stages
        if not first <= last <= stages:
            found = f"[{first}, {last}]"
            problems.append(Problem(file, f"{place}.stages", found, f"write first <= last <= {stages}"))
            continue
        variants.append(
            Variant(
                name=table.name,
                first=first - 1,
                last=last - 1,
                flops_factor=table.flops_factor,
                added_flops=table.added_flops,
                parameters_kept=table.parameters_kept,
                activations_kept=table.activations_kept,
                accuracy_loss=table.accuracy_loss,
                menus=_own_menus(table, document, folder, stages, file, place, problems),
            )
        )
        _check_against(variants[:-1], variants[-1], file, place, problems)
    return tuple(variants)


def _own_menus(
    table: VariantTable,
    document: InstanceDocument,
    folder: Path,
    stages: int,
    file: str,
    place: str,
    problems: list[Problem],
) -> dict[int, Menu]:
    if table.exits is None:
        return {}
    if document.exits is None or document.exits.thresholds != "menu":
        found = "own exits without an [exits] section" if document.exits is None else "own exits"
        cure = "set exits.thresholds = 'menu', or give accuracy_loss instead"
        problems.append(Problem(file, f"{place}.exits", found, cure))
        return {}
    from serflow_opt.problem.exits import read_menus

    first, last = table.stages
    menus = read_menus(folder / table.exits, stages, problems, within=(first, last))
    return {s: menu for s, menu in enumerate(menus) if menu.thresholds}


def _check_against(others: Sequence[Variant], new: Variant, file: str, place: str, problems: list[Problem]) -> None:
    """Blocks are the same or apart, names in a block differ."""
    for other in others:
        same = (other.first, other.last) == (new.first, new.last)
        if same and other.name == new.name:
            problems.append(Problem(file, place, f"block {_block(new)} has a '{new.name}' already", "rename one"))
        if not same and other.first <= new.last and new.first <= other.last:
            found = f"its block {_block(new)} overlaps {_block(other)} of '{other.name}'"
            problems.append(Problem(file, f"{place}.stages", found, "make the blocks the same, or keep them apart"))


def _block(variant: Variant) -> str:
    return f"[{variant.first + 1}, {variant.last + 1}]"
