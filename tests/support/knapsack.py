"""A toy family that no shared package knows: which items to carry. `docs/families.md` shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pyomo.core as pyo
from pydantic import BaseModel

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.protocol import Quantity, Valued
from serflow_opt.families.registry import register
from serflow_opt.families.standard import FamilyFunctions, Standard, Tables


class Item(BaseModel):
    """[[item]]."""

    name: str
    value: float
    weight: float
    price: float = 0.0


class Sack(Tables):
    """The tables of a knapsack."""

    item: list[Item]


QUANTITIES = (
    Quantity("value", sense="max"),
    Quantity("weight", unit="kg", shown=1000.0, shown_unit="g"),
    Quantity("price", unit="USD/hour"),
)


def value(sack: Sack, names: frozenset[str]) -> Valued:
    """Add up what is carried."""
    carried = [item for item in sack.item if item.name in names]
    return Valued({q.name: math.fsum(getattr(item, q.name) for item in carried) for q in QUANTITIES})


def told(sack: Sack, names: frozenset[str]) -> dict[str, Any]:
    """Their names."""
    return {"items": sorted(names)}


def decided(sack: Sack, document: Mapping[str, Any]) -> frozenset[str]:
    """Their names, read back."""
    known = [item.name for item in sack.item]
    items = document.get("items", [])
    if wrong := [Problem("", "items", repr(name), nearest(str(name), known)) for name in items if name not in known]:
        raise InputError(wrong)
    return frozenset(items)


class Knapsack(Standard):
    """Which items to carry."""

    kind, words, document, shared = "knapsack", "which items to carry", Sack, "price"
    quantities, functions = QUANTITIES, FamilyFunctions(value, told, decided)

    def model(self, data: Sack) -> tuple[Any, Mapping[str, Any]]:
        """A binary for each item."""
        m = pyo.ConcreteModel()
        m.x = pyo.Var([item.name for item in data.item], domain=pyo.Binary)
        return m, {q.name: sum(getattr(own, q.name) * m.x[own.name] for own in data.item) for q in self.quantities}

    def read(self, data: Sack, model: Any, value: Callable[[Any], float]) -> frozenset[str]:
        """The items whose binary is one."""
        return frozenset(item.name for item in data.item if value(model.x[item.name]) > 0.5)


KNAPSACK = register(Knapsack())
