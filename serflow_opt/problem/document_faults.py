"""What is wrong with an instance file by its schema, in words: place, value and cure."""

from __future__ import annotations

from typing import Any

from serflow_opt.errors import Problem, nearest
from serflow_opt.ground.document import without_tags
from serflow_opt.problem.any_table import AnyTable
from serflow_opt.problem.carbon_table import CarbonTable
from serflow_opt.problem.egress_table import EgressTable, EgressTierTable
from serflow_opt.problem.kinds import LATENCY_MEASURES_IN_WORDS
from serflow_opt.problem.profile_table import ProfileTable
from serflow_opt.problem.schema import (
    AdaptationTable,
    ExitsTable,
    InstanceDocument,
    LinkTable,
    NetworkTable,
    ObjectiveTable,
    OptionTable,
    PrivacyTable,
    RuleTable,
    TierTable,
    VariantTable,
    WeightsTable,
    WorkloadTable,
)
from serflow_opt.problem.uncertainty_table import ScenarioTable, UncertaintyTable


def explained(file: str, raw: Any, error: dict[str, Any]) -> Problem:
    """Turn one pydantic error into place, value and cure.

    Parameters
    ----------
    file
        The instance file, for the message.
    raw
        The parsed file, in which the error stands.
    error
        One of `ValidationError.errors()`.
    """
    loc = without_tags(raw, error["loc"])
    *parents, last = loc
    place, table = "", raw
    model: Any = InstanceDocument
    for step in loc:
        place += f"[{step + 1}]" if isinstance(step, int) else f"{'.' if place else ''}{step}"
    for step in parents:
        try:
            table = table[step]
        except (TypeError, KeyError, IndexError):
            table = None
        if isinstance(step, str) and step in _TABLES:
            model = _TABLES[step]
    context = error.get("ctx", {})
    found, cure = repr(error["input"]), error["msg"]
    match error["type"]:
        case "extra_forbidden":
            names = [field.alias or name for name, field in model.model_fields.items()]
            found, cure = f"unknown key (= {found})", nearest(str(last), names)
        case "missing":
            field = next((f for n, f in model.model_fields.items() if str(last) in (n, f.alias)), None)
            found, cure = "missing", f"add it{f': {field.description}' if field and field.description else ''}"
        case "literal_error":
            cure = f"write {context['expected']}"
        case "string_pattern_mismatch":
            cure = LATENCY_MEASURES_IN_WORDS if last == "latency_measure" else "write the name of a file"
        case "finite_number":
            cure = "write a finite number"
        case "greater_than":
            cure = f"write a number above {context['gt']:g}"
        case "greater_than_equal":
            cure = f"write a number of at least {context['ge']:g}"
        case "less_than":
            cure = f"write a number below {context['lt']:g}"
        case "less_than_equal":
            cure = f"write a number of at most {context['le']:g}"
        case "float_type" | "int_type" | "string_type" | "list_type" | "bool_type" | "model_type" as kind:
            cure = f"write {_KINDS[kind]}"
    if isinstance(table, dict) and isinstance(table.get("name"), str) and parents:
        place += f' (of "{table["name"]}")'
    return Problem(file, place, found if len(found) < 120 else found[:117] + "...", cure)


_TABLES: dict[str, Any] = {
    "network": NetworkTable,
    "exits": ExitsTable,
    "workload": WorkloadTable,
    "tier": TierTable,
    "option": OptionTable,
    "any": AnyTable,
    "link": LinkTable,
    "egress": EgressTable,
    "tiers": EgressTierTable,
    "variant": VariantTable,
    "rule": RuleTable,
    "adaptation": AdaptationTable,
    "privacy": PrivacyTable,
    "objective": ObjectiveTable,
    "weights": WeightsTable,
    "uncertainty": UncertaintyTable,
    "scenario": ScenarioTable,
    "carbon": CarbonTable,
    "profile": ProfileTable,
}
_KINDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "a text in quotes",
    "list_type": "a list in [ ]",
    "bool_type": "true or false",
    "model_type": "a table",
}
