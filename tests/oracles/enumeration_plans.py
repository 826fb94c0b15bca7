"""Between the documents of plans and the decisions of `enumeration`, and where the figures of one plan differ."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from oracles.enumeration import decisions
from oracles.enumeration_reading import Choice, Documents, Manner
from oracles.enumeration_valuation import Decision, Valuation, Worth

EXACT = 1e-8
"""What two valuations of one plan may differ, relative."""


def figures_apart(metrics: dict[str, Any], valuation: Valuation, worth: Worth) -> str:
    """Figures of a plan, as the package prints its metrics, that the oracle has otherwise."""
    pairs = {
        "accuracy": (metrics["accuracy"], worth.accuracy),
        "worst": (metrics["latency_worst_ms"], worth.worst),
        "mean": (metrics["latency_mean_ms"], worth.mean),
        "cost": (metrics["cost_usd_per_request"], worth.cost),
        "energy": (metrics["energy_j_per_request"], worth.energy),
        "carbon": (metrics["carbon_g_per_request"], worth.carbon),
        "privacy": (metrics["privacy_loss"], worth.privacy),
    }
    if valuation.doc.workload.get("tail", "fixed") == "fixed":
        for name, value in metrics["latency_percentiles_ms"].items():
            pairs[name] = (value, valuation.percentile(Fraction(name[1:]) / 100) * 1000)
    return "; ".join(
        f"{name} {got!r}, right {right!r}"
        for name, (got, right) in pairs.items()
        if got is not None and abs(got - right) > EXACT * max(abs(got), abs(right))
    )


def decision_of(plan: dict[str, Any], doc: Documents) -> Decision:
    """The decision that a plan describes."""
    groups = {group.name: group for group in doc.groups}
    placement: list[Choice] = []
    for place in sorted(plan["placement"], key=lambda place: place["stage"]):
        placement.append(next(c for c in groups[place["tier"]].choices if c.name == place["option"]))
    forms = tuple(
        next(f for f in doc.forms[v["stages"][0] - 1, v["stages"][1] - 1] if f.name == v["variant"])
        for v in plan["variants"]
    )
    chosen = {choice["stage"] - 1: choice["threshold"] for choice in plan["thresholds"]}
    ways = {way["before_stage"] - 1: way for way in plan["handovers"]}
    for decision in matching(doc, tuple(placement), forms):
        if all(
            row is None or s == doc.depth - 1 or row.threshold == chosen.get(s, row.threshold)
            for s, row in enumerate(decision.rows)
        ) and all(named(doc, s, way, ways.get(s)) for s, way in enumerate(decision.ways)):
            return decision
    raise ValueError(f"no decision is {plan}")


def matching(doc: Documents, placement: tuple[Choice, ...], forms: tuple[Any, ...]) -> list[Decision]:
    """Decisions with a placement, as far as anybody gets, and forms."""
    return [
        decision
        for decision in decisions(doc)
        if decision.placement == placement[: len(decision.placement)]
        and {form.name for form in decision.forms} == {form.name for form in forms}
    ]


def named(doc: Documents, s: int, way: Manner | None, said: dict[str, Any] | None) -> bool:
    """Whether a way is the one a plan names; what is not named happens as it is."""
    if way is None:
        return said is None
    said = said or {}
    same = sum(
        other.compression == way.compression for other in {m.compression: m for m in doc.manners.get(s, ())}.values()
    )
    compression = said.get("compression") or "none"
    if compression not in (way.compression, f"{way.compression} {way.width}") or same > 1:
        return False
    if (said.get("protection") or "none") != way.protection:
        return False
    return way.protection == "none" or float(way.scale) == float(said["scale"])


def document_of(decision: Decision, doc: Documents) -> dict[str, Any]:
    """A decision as the document of a plan."""
    return {
        "placement": [
            {"stage": s + 1, "tier": doc.groups[choice.tier].name, "option": choice.name}
            for s, choice in enumerate(decision.placement)
        ],
        "thresholds": [
            {"stage": s + 1, "threshold": row.threshold}
            for s, row in enumerate(decision.rows)
            if row is not None and s < doc.depth - 1
        ],
        "handovers": [
            {"before_stage": s + 1, "compression": way.compression, "protection": way.protection}
            | ({"scale": float(way.scale)} if way.protection != "none" else {})
            for s, way in enumerate(decision.ways)
            if way is not None and s in doc.manners
        ],
        "variants": [{"stages": [form.first + 1, form.last + 1], "variant": form.name} for form in decision.forms],
    }
