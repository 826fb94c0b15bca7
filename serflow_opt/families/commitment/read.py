"""The demand and the plans of an instance, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.commitment.document import CommitmentPlanTable, CommitmentTables
from serflow_opt.families.commitment.problem import CommitmentPlan, Commitments
from serflow_opt.families.tables import check_names
from serflow_opt.ground.arrays import Floats
from serflow_opt.problem.catalog import Catalog, load_catalog
from serflow_opt.problem.tables import Column, read_table

HOURS = "hours"


def read(
    document: CommitmentTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
) -> Commitments | None:
    """Return the problem of an instance; None where something is wrong with it.

    Parameters
    ----------
    document, path, catalogs, problems
        As `Standard.data` takes them.
    """
    file, before = str(path), len(problems)
    named = {"rented": [own.name for own in document.rented], "plan": [own.name for own in document.plan]}
    check_names(named, file, problems)
    names, hours, demand = _demand(path.parent / document.demand, problems)
    catalog = load_catalog(*catalogs)
    own = {row.name: row.usd_per_hour for row in document.rented}
    problems += [
        Problem(file, "rented.name", repr(name), nearest(name, names)) for name in own if names and name not in names
    ]
    prices = [own[name] if name in own else _price(catalog, name, document, file, problems) for name in names]
    plans = [_plan(table, names, prices, catalog, file, problems) for table in document.plan] if names else []
    if len(problems) > before:
        return None
    rows, at = np.unique(demand * document.times, axis=0, return_inverse=True)
    known = sorted((plan for plan in plans if plan is not None), key=lambda plan: len(plan.rates))
    return Commitments(
        tuple(names), tuple(prices), np.bincount(at.ravel(), weights=hours).astype(float), rows, tuple(known)
    )


def _demand(path: Path, problems: list[Problem]) -> tuple[list[str], Floats, Floats]:
    """Return what is rented, how long each row lasts, and how many there are in it."""

    def columns(header: list[str]) -> list[Column]:
        things = [Column(name, low=0) for name in header if name != HOURS]
        return [Column(HOURS, low=0), *(things or [Column("machines", low=0)])]

    before = len(problems)
    rows = read_table(path, columns, problems)
    if len(problems) > before:
        return [], np.zeros(0), np.zeros((0, 0))
    names = [name for name in rows[0].cells if name != HOURS]
    hours = np.array([row.number(HOURS) for row in rows])
    if not hours.sum() > 0:
        problems.append(Problem(str(path), f"column {HOURS}", "no row lasts any time", "say how long each row lasts"))
    return names, hours, np.array([[row.number(name) for name in names] for row in rows])


def _price(catalog: Catalog, name: str, document: CommitmentTables, file: str, problems: list[Problem]) -> float:
    try:
        return catalog.vm(name, document.region).usd_per_hour
    except InputError as error:
        cure = "give it a [[rented]] with usd_per_hour, or the name of a machine of the catalogue"
        problems += [Problem(file, f"column {name} of {document.demand}", own.found, cure) for own in error.problems]
        return 1.0


def _plan(
    table: CommitmentPlanTable,
    names: list[str],
    prices: list[float],
    catalog: Catalog,
    file: str,
    problems: list[Problem],
) -> CommitmentPlan | None:
    """Return a plan with what it costs for each thing it covers; None: something is wrong with it."""
    place, before = f"plan '{table.name}'", len(problems)
    for key, given in (("covers", table.covers), ("discounts", table.discounts)):
        known = names if key == "covers" else table.covers
        problems += [
            Problem(file, f"{place}.{key}", repr(name), nearest(name, known)) for name in given if name not in known
        ]
    months, upfront, discount = table.months, table.upfront, table.discount
    if table.term:
        terms = {own.term: own for own in catalog.commitments if own.provider == table.provider}
        if table.term not in terms:
            cure = nearest(table.term, list(terms)) if terms else "the catalogue has no terms of this provider"
            problems.append(Problem(file, f"{place}.term", repr(table.term), cure))
        else:
            own = terms[table.term]
            months = own.months if months is None else months
            upfront = own.upfront_fraction if upfront is None else upfront
            discount = own.discount if discount is None else discount
    elif months is None:
        problems.append(Problem(file, f"{place}.months", "left out", "give it, or a term of the catalogue"))
    missing = [name for name in table.covers if discount is None and name not in table.discounts]
    if missing and not table.term:
        problems.append(Problem(file, f"{place}.discount", f"nothing for {', '.join(missing)}", "give a discount"))
    if table.whole and len(set(table.covers)) > 1:
        cure = "machines are bought of one column: write a plan for each, or leave `whole` out"
        problems.append(Problem(file, f"{place}.whole", f"covers {len(set(table.covers))} columns", cure))
    if len(problems) > before:
        return None
    less = {names.index(name): table.discounts.get(name, discount or 0.0) for name in table.covers}
    rates = {k: prices[k] * (1 - off) for k, off in less.items()}
    return CommitmentPlan(
        table.name, months or 0.0, upfront or 0.0, rates, next(iter(rates.values())) if table.whole else 0.0
    )
