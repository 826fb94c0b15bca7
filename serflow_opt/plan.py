"""A plan: what runs where, when requests leave, what that achieves, and what is proven about it.

The classes here are the document that `solve --json` prints (`Plan`), field by field. `Decision` is the same choice in
positions instead of names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serflow_opt.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.instance import Instance

PlanStatus = Literal["optimal", "feasible", "infeasible", "no_solution"]


class Document(BaseModel):
    """A part of the plan document; unknown keys are kept out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Placement(Document):
    """Where one stage runs."""

    stage: int = Field(ge=1)
    tier: str
    option: str


class Mix(Document):
    """One threshold of a coin flip and how often it is used."""

    threshold: float
    probability: float = Field(ge=0, le=1)


class Choice(Document):
    """The threshold of one classifier, or the coin flip between thresholds."""

    stage: int = Field(ge=1)
    threshold: float | None = None
    mix: list[Mix] | None = None


class PlanDocument(Document):
    """What is decided."""

    placement: list[Placement]
    cut: int | None = Field(default=None, description="stages that run before the last tier of the list")
    thresholds: list[Choice] = []


class Breach(Document):
    """A limit that a plan breaks; excess is relative to the bound."""

    limit: str
    value: float
    bound: float
    excess: float


class Machines(Document):
    """Machines rented for the given rate (accounting = reserved)."""

    tier: str
    option: str
    count: int
    utilisation: float = Field(description="busy share of one machine's time at the given rate")
    usd_per_hour: float = Field(description="of all of them")


class StageReport(Document):
    """One stage on its way: times in ms along the whole path."""

    stage: int
    tier: str
    option: str
    reach: float
    exit_share: float
    compute_ms: float
    handover_ms: float
    cold_start_ms: float
    finished_ms: float


class Metrics(Document):
    """What a plan achieves, by the exact evaluator."""

    accuracy: float | None
    latency_worst_ms: float
    latency_mean_ms: float
    latency_percentiles_ms: dict[str, float]
    cost_usd_per_request: float
    cost_usd_per_hour: float | None
    reach: list[float]
    exit_share: list[float]
    machines: list[Machines]
    stages: list[StageReport]
    breaches: list[Breach]

    def objective(self, minimize: str, measure: str) -> float:
        """Return what is minimised: USD per request, or seconds of the latency measure."""
        return self.cost_usd_per_request if minimize == "cost" else self.latency_ms(measure) / 1000

    def latency_ms(self, measure: str) -> float:
        """Return the latency by its measure's name: worst, mean or pNN."""
        match measure:
            case "worst":
                return self.latency_worst_ms
            case "mean":
                return self.latency_mean_ms
            case _:
                return self.latency_percentiles_ms[f"p{float(measure[1:]):g}"]


class ObjectiveValue(Document):
    """What was minimised and how far."""

    name: str
    value: float | None
    unit: str


class Certificate(Document):
    """Why the answer can be trusted."""

    exact_objective: float | None
    max_constraint_violation: float | None = Field(description="largest relative breach of a limit by exact evaluation")
    model_objective: float | None = Field(description="the model's own value of the plan")
    method: str
    optimised: bool = Field(default=True, description="false: a given plan was only valued")
    nodes: int = 0
    placements: int | None = Field(default=None, description="placements there are, when they were listed")
    placements_kept: int | None = Field(default=None, description="those the bounds could not rule out")


class Clash(Document):
    """A limit that cannot be met, and the best that can be had while the others hold."""

    limit: str
    asked: float
    best: float | None = Field(description="None: the limit is not what stands in the way")
    message: str


class Replayed(Document):
    """What the thresholds do on the samples the tables came from, or on those held out."""

    part: Literal["table", "held-out"]
    samples: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    exit_share: list[float]


class Plan(Document):
    """The answer to an instance."""

    instance: str
    status: PlanStatus
    objective: ObjectiveValue
    bound: float | None
    gap: float | None
    seconds: float
    plan: PlanDocument | None
    metrics: Metrics | None
    certificate: Certificate
    limits: dict[str, float | str | None] = {}
    infeasible_because: list[Clash] = []
    samples: list[Replayed] = []
    notes: list[str] = []

    @property
    def placement(self) -> list[Placement]:
        """Where each stage runs; empty without a plan."""
        return self.plan.placement if self.plan else []

    @property
    def thresholds(self) -> list[Choice]:
        """The threshold of each classifier; empty without a plan."""
        return self.plan.thresholds if self.plan else []

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `solve --json` prints."""
        document = self.model_dump(mode="json", exclude_none=False)
        if self.plan:
            for choice in document["plan"]["thresholds"]:
                choice.pop("mix" if choice["mix"] is None else "threshold")
        if self.metrics:
            for name, value in document["metrics"].pop("latency_percentiles_ms").items():
                document["metrics"][f"latency_{name}_ms"] = value
        return document

    @classmethod
    def document_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of `to_dict`."""
        schema = cls.model_json_schema()
        metrics = schema["$defs"]["Metrics"]
        del metrics["properties"]["latency_percentiles_ms"]
        metrics["required"].remove("latency_percentiles_ms")
        metrics["patternProperties"] = {r"^latency_p\d+(\.\d+)?_ms$": {"type": "number"}}
        return schema

    def to_frame(self) -> pd.DataFrame:
        """Return one row a stage: option, reach, exits and times (ms)."""
        import pandas as pd

        if self.metrics is None:
            return pd.DataFrame()
        return pd.DataFrame([stage.model_dump() for stage in self.metrics.stages]).set_index("stage")

    def _repr_html_(self) -> str:
        from serflow_opt.report import plan_html

        html: str = plan_html(self)
        return html

    def __rich__(self) -> Any:
        from serflow_opt.report import plan_table

        return plan_table(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice in positions.

    Attributes
    ----------
    options
        Position of the option of each stage in the instance's list.
    weights
        For each stage, how often each menu entry is used; sums to 1. One entry is 1 for a menu; two neighbours share
        for interpolated thresholds; any for randomized ones.
    """

    options: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]


def limits_of(instance: Instance) -> dict[str, float | str | None]:
    """Return the targets a plan is held against, and how its money is counted."""
    return {
        "accuracy_min": instance.accuracy_min,
        "latency_slo_ms": None if instance.latency_slo_s is None else instance.latency_slo_s * 1000,
        "latency_measure": instance.latency_measure,
        "rate_per_s": instance.rate_per_s,
        "accounting": instance.accounting,
    }


def document_of(instance: Instance, decision: Decision) -> PlanDocument:
    """Say a decision in names and thresholds."""
    placement = [
        Placement(
            stage=s + 1,
            tier=instance.tiers[instance.options[p].tier].name,
            option=instance.options[p].name,
        )
        for s, p in enumerate(decision.options)
    ]
    last = len(instance.tiers) - 1
    cut = sum(instance.options[p].tier < last for p in decision.options)
    choices = []
    for s, (menu, weights) in enumerate(zip(instance.menus, decision.weights, strict=True)):
        if not menu.thresholds or s == len(instance.menus) - 1:
            continue
        used = [(t, w) for t, w in zip(menu.thresholds, weights, strict=True) if w > 0]
        if instance.threshold_mode == "randomized" and len(used) > 1:
            choices.append(Choice(stage=s + 1, mix=[Mix(threshold=t, probability=w) for t, w in used]))
        else:
            choices.append(Choice(stage=s + 1, threshold=math.fsum(t * w for t, w in used)))
    return PlanDocument(placement=placement, cut=cut, thresholds=choices)


def decision_of(instance: Instance, plan: PlanDocument | Decision | Plan | Mapping[str, Any]) -> Decision:
    """Find a plan's names and thresholds in an instance.

    Raises
    ------
    InputError
        With everything that does not fit.
    """
    if isinstance(plan, Decision):
        return plan
    problems: list[Problem] = []
    document = _document(plan, problems)
    if document is None:
        raise InputError(problems)
    options = _placed_options(instance, document, problems)
    weights = _menu_weights(instance, document, problems)
    if not problems:
        _check_moves(instance, options, problems)
    if problems:
        raise InputError(problems)
    return Decision(tuple(options), tuple(weights))


def _document(plan: PlanDocument | Plan | Mapping[str, Any], problems: list[Problem]) -> PlanDocument | None:
    if isinstance(plan, PlanDocument):
        return plan
    inner: Any = plan.plan if isinstance(plan, Plan) else plan
    if isinstance(inner, Mapping):
        inner = inner.get("plan", inner)
    if inner is None:
        problems.append(Problem("plan", "", "it holds no plan (infeasible, or none found)", "solve first"))
        return None
    try:
        return PlanDocument.model_validate(inner)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            place = ".".join(map(str, fault["loc"]))
            problems.append(Problem("plan", place, repr(fault["input"])[:80], fault["msg"]))
        return None


def _placed_options(instance: Instance, document: PlanDocument, problems: list[Problem]) -> list[int]:
    by_stage = {entry.stage: entry for entry in document.placement}
    stages = range(1, len(instance.stages) + 1)
    if len(by_stage) != len(document.placement) or sorted(by_stage) != list(stages):
        found = f"stages {sorted(entry.stage for entry in document.placement)}"
        problems.append(Problem("plan", "placement", found, f"place each stage 1..{len(instance.stages)} once"))
        return []
    options = []
    for s in stages:
        entry = by_stage[s]
        position = instance.option_named(entry.tier, entry.option)
        if position is None:
            known = [f"{instance.tiers[o.tier].name}/{o.name}" for o in instance.options]
            found = f"no option '{entry.option}' in tier '{entry.tier}'"
            problems.append(Problem("plan", f"stage {s}", found, nearest(f"{entry.tier}/{entry.option}", known)))
        else:
            options.append(position)
    return options


def _check_moves(instance: Instance, options: list[int], problems: list[Problem]) -> None:
    """Check that a request never moves up, crosses only links there are, and changes option only where allowed."""

    def wrong(s: int, found: str, cure: str) -> None:
        problems.append(Problem("plan", f"stage {s + 1}", found, cure))

    first = instance.options[options[0]].tier
    reachable = (instance.source, instance.tiers[first].name) in instance.links
    if instance.source not in ("client", instance.tiers[first].name) and not reachable:
        wrong(0, f"no link {instance.source} -> {instance.tiers[first].name}", "add the link or start elsewhere")
    for s in range(1, len(options)):
        before, after = instance.options[options[s - 1]].tier, instance.options[options[s]].tier
        names = instance.tiers[before].name, instance.tiers[after].name
        if after < before:
            wrong(s, f"moves up from {names[0]} to {names[1]}", "requests only move down the list of tiers")
        elif after == before:
            if options[s] != options[s - 1] and not instance.tiers[after].stage_specific:
                wrong(s, f"changes option within tier {names[0]}", "set stage_specific = true to allow it")
        elif names not in instance.links:
            wrong(s, f"no link {names[0]} -> {names[1]}", "add a [[link]] or place it elsewhere")


def _menu_weights(instance: Instance, document: PlanDocument, problems: list[Problem]) -> list[tuple[float, ...]]:
    chosen = {choice.stage: choice for choice in document.thresholds}
    stages = [choice.stage for choice in document.thresholds]
    for stage in sorted({s for s in stages if stages.count(s) > 1}):
        problems.append(Problem("plan", f"thresholds, stage {stage}", "given twice", "keep one"))
    weights: list[tuple[float, ...]] = []
    for s, menu in enumerate(instance.menus, start=1):
        choice = chosen.pop(s, None)
        if not menu.thresholds or s == len(instance.menus):
            weights.append((1.0,))
            if choice is not None and s != len(instance.menus):
                found = "a threshold where there is no classifier"
                problems.append(Problem("plan", f"thresholds, stage {s}", found, "remove it"))
            continue
        parts: list[tuple[float, float]] = []
        if choice is not None and choice.mix is not None and choice.threshold is not None:
            problems.append(Problem("plan", f"thresholds, stage {s}", "threshold and mix", "give one of them"))
        if choice is not None and choice.mix is not None:
            parts = [(part.threshold, part.probability) for part in choice.mix]
        elif choice is not None and choice.threshold is not None:
            parts = [(choice.threshold, 1.0)]
        total = math.fsum(probability for _, probability in parts)
        row = [0.0] * len(menu.thresholds)
        for threshold, probability in parts:
            for level, share in _locate(instance, menu.thresholds, threshold):
                row[level] += probability * share
        if abs(total - 1) > 1e-9 or abs(math.fsum(row) - 1) > 1e-9:
            known = ", ".join(f"{t:g}" for t in menu.thresholds)
            found = "none" if choice is None else ", ".join(f"{t:g} (x {p:g})" for t, p in parts)
            problems.append(Problem("plan", f"thresholds, stage {s}", found, f"choose from {known}"))
        weights.append(tuple(row))
    for stage in chosen:
        problems.append(Problem("plan", f"thresholds, stage {stage}", "no such stage", "remove it"))
    return weights


def _locate(instance: Instance, menu: tuple[float, ...], threshold: float) -> list[tuple[int, float]]:
    """Return the menu entries a threshold stands for, with weights; nothing when it is not on the menu."""
    for level, entry in enumerate(menu):
        if math.isclose(threshold, entry, rel_tol=0, abs_tol=1e-12):
            return [(level, 1.0)]
    if instance.threshold_mode == "interpolated" and menu[0] < threshold < menu[-1]:
        level = max(i for i, entry in enumerate(menu) if entry < threshold)
        share = (threshold - menu[level]) / (menu[level + 1] - menu[level])
        return [(level, 1 - share), (level + 1, share)]
    return []
