"""Tariffs that the links of an instance file name: of [[egress]], or of the catalogue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from serflow_opt.errors import Problem, nearest
from serflow_opt.problem.egress_rows import egress_rows
from serflow_opt.problem.egress_table import EgressTable
from serflow_opt.problem.schema import InstanceDocument
from serflow_opt.problem.tariffs import GB, EgressTariff

Tiers = tuple[tuple[float, float], ...]


@cache
def known_tariffs() -> dict[str, Tiers]:
    """Return the catalogue's tariffs by name: pairs (end in GB, USD per GB), the last end infinite."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in egress_rows():
        found.setdefault(row.name, []).append((math.inf if row.up_to_gb is None else row.up_to_gb, row.usd_per_gb))
    return {name: tuple(tiers) for name, tiers in found.items()}


def read_egress(document: InstanceDocument, file: str, problems: list[Problem]) -> tuple[EgressTariff, ...]:
    """Return the tariffs that links of a document name, in SI units.

    Parameters
    ----------
    document
        The file.
    file
        What messages name.
    problems
        Takes every fault.
    """
    own: dict[str, EgressTable] = {}
    for position, table in enumerate(document.egress, start=1):
        if table.name in own:
            problems.append(Problem(file, f"egress[{position}].name", f"'{table.name}' twice", "keep one"))
        own[table.name] = table
        if table.name not in {link.egress for link in document.link}:
            cure = f'write egress = "{table.name}" in a [[link]], or remove it'
            problems.append(Problem(file, f"egress[{position}]", f"'{table.name}', which no link names", cure))
    names = [*own, *(link.egress for link in document.link if link.egress is not None)]
    found = []
    for name in dict.fromkeys(names):
        tariff = _tariff(name, own.get(name), own, file, problems)
        if tariff is not None:
            found.append(tariff)
    return tuple(found)


def _tariff(
    name: str, table: EgressTable | None, own: Mapping[str, EgressTable], file: str, problems: list[Problem]
) -> EgressTariff | None:
    place = f'egress "{name}"'
    tiers: Tiers
    if table is not None and table.tiers:
        tiers = tuple((tier.up_to_gb or math.inf, tier.usd_per_gb) for tier in table.tiers)
        wrong = _disorder(table)
        if table.price is not None:
            wrong = wrong or ("tiers and price", "keep one of them")
        if wrong:
            problems.append(Problem(file, place, *wrong))
            return None
    else:
        price = name if table is None or table.price is None else table.price
        known = known_tariffs()
        if price not in known:
            cure = nearest(price, [*own, *known]) + "; or write [[egress]] with tiers"
            problems.append(Problem(file, place, f"no tariff '{price}'", cure))
            return None
        tiers = known[price]
    free, other = (0.0, 0.0) if table is None else (table.free_gb, table.other_gb_per_month)
    if free > 0:
        tiers = ((free, 0.0), *((end, usd) for end, usd in tiers if end > free))
    return EgressTariff(name, tuple(end * GB for end, _ in tiers), tuple(usd / GB for _, usd in tiers), other * GB)


def _disorder(table: EgressTable) -> tuple[str, str] | None:
    """What is wrong with the ends of tiers, and its cure; None: nothing is."""
    ends = [tier.up_to_gb for tier in table.tiers]
    if ends[-1] is not None:
        return f"a last tier up to {ends[-1]:g} GB", "leave up_to_gb out of the last tier"
    if None in ends[:-1]:
        return f"tier {ends.index(None) + 1} without an end", "give every tier but the last up_to_gb"
    for before, after in pairwise(end for end in ends if end is not None):
        if after <= before:
            return f"up_to_gb {after:g} after {before:g}", "sort tiers by where they end"
    return None
