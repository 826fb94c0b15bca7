"""A plan: what runs where, when requests leave, what that achieves, and what is proven about it.

The classes here are the document that `solve --json` prints (`Plan`), field by field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from serflow_opt.ground.display import html
from serflow_opt.ground.document import Answer, Document
from serflow_opt.plan.bill import EgressBill
from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.robustness import Robustness

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.problem.kinds import Objective

PERCENTILE = r"latency_p\d+(\.\d+)?_ms"
"""What documents call a percentile of the latency."""
PlanStatus = Literal["optimal", "feasible", "infeasible", "no_solution"]


BY_WORD = "all but the bound, which beyond checked_bound is HiGHS's word"
"""What a proof is of where a solver's bound was not checked up to the asked gap."""


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


class Handover(Document):
    """How a request is handed over to a stage: as the tables of compressions and protections call it."""

    before_stage: int = Field(ge=1)
    compression: str = "none"
    protection: str = "none"
    scale: float = Field(default=0.0, description="strength of the protection")


class ChosenVariant(Document):
    """The variant a block of stages runs in."""

    stages: list[int] = Field(min_length=2, max_length=2)
    variant: str


class ChosenBatch(Document):
    """How many requests a block of stages takes at once; those who leave on the way are not replaced before its end."""

    stages: list[int] = Field(min_length=2, max_length=2)
    batch: int = Field(ge=1)
    wait_ms: float = Field(default=0.0, ge=0, description="how long the first of a batch may wait for others")


class PlanDocument(Document):
    """What is decided. Hand-overs that are not named happen as they are, blocks that are not named run as they are."""

    placement: list[Placement] = Field(description="stages 1.. in order, to the last or one where everybody leaves")
    cut: int | None = Field(default=None, description="stages that run before the last tier of the list")
    thresholds: list[Choice] = Field(default=[])
    handovers: list[Handover] = Field(default=[])
    variants: list[ChosenVariant] = Field(default=[])
    batches: list[ChosenBatch] = Field(
        default=[], description="blocks of all stages placed, in order, each with machines of its own; none: one by one"
    )


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
    carbon_g_per_hour: float | None = Field(default=None, description="of all of them, by being on; None: not counted")
    stages: list[int] | None = Field(default=None, description="the block that they serve, of a plan with batches")


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
    coding_ms: float = Field(description="compressing and protecting before the hand-over, undoing it after")
    finished_ms: float
    gathering_ms: float = Field(default=0.0, description="that a batch may wait to be full, before this stage")


class Crossing(Document):
    """A hand-over over a link, and what leaks there."""

    before_stage: int
    from_: str = Field(alias="from")
    to: str
    trusted: bool
    bytes: float
    reach: float = Field(description="share of all requests that cross")
    mse: float | None = Field(description="error of an attacker's reconstruction; None: unknown")
    leak: float = Field(description="1 - mse / error of an attacker who sees nothing; 0 on a trusted link")


class Metrics(Document):
    """What a plan achieves, by the exact evaluator."""

    accuracy: float | None
    latency_worst_ms: float
    latency_mean_ms: float
    latency_percentiles_ms: dict[str, float]
    cost_usd_per_request: float
    cost_usd_per_hour: float | None
    privacy_loss: float = Field(description="expected leak of a request, and weighted cross-entropy added")
    energy_j_per_request: float
    carbon_g_per_request: float | None = Field(default=None, description="grams of CO2e; None: not counted")
    carbon_g_per_hour: float | None = None
    crossings: list[Crossing]
    reach: list[float]
    exit_share: list[float]
    machines: list[Machines]
    stages: list[StageReport]
    breaches: list[Breach]
    egress: list[EgressBill] = Field(default=[], description="by the names of tariffs; part of the cost")

    @model_validator(mode="before")
    @classmethod
    def _percentiles_apart(cls, given: Any) -> Any:
        """Read `latency_p95_ms` and its like, as documents have them."""
        if not isinstance(given, Mapping) or "latency_percentiles_ms" in given:
            return given
        names = [name for name in given if re.fullmatch(PERCENTILE, str(name))]
        percentiles = {name.removeprefix("latency_").removesuffix("_ms"): given[name] for name in names}
        rest = {name: value for name, value in given.items() if name not in names}
        return rest | {"latency_percentiles_ms": percentiles}

    @property
    def violation(self) -> float:
        """Largest relative breach of a limit, 0 when all hold."""
        return max((breach.excess for breach in self.breaches), default=0.0)

    def objective(self, name: str, measure: str) -> float:
        """Return an objective, less is better: USD, seconds of the measure, loss, J, g, minus the accuracy."""
        match name:
            case "cost":
                return self.cost_usd_per_request
            case "latency":
                return self.latency_ms(measure) / 1000
            case "privacy":
                return self.privacy_loss
            case "energy":
                return self.energy_j_per_request
            case "carbon":
                return self.carbon_g_per_request or 0.0
            case "accuracy":
                return -(self.accuracy or 0.0)
        raise ValueError(f"no objective {name!r}")

    def blended(self, goal: Mapping[Objective, float], measure: str) -> float:
        """Return a weighted sum of objectives; one alone as it is."""
        if len(goal) == 1:
            return self.objective(next(iter(goal)), measure)
        return math.fsum(weight * self.objective(name, measure) for name, weight in goal.items())

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


class Change(Document):
    """A limit, and the least it would have to give way."""

    limit: str
    asked: float
    best: float | None = Field(
        description="tightest value that leaves a plan, in the unit of `asked`; None: it has to go"
    )
    unit: str = ""
    proven: bool = Field(default=True, description="false: time ran out, a tighter value may do")


class ClashingSet(Document):
    """Limits that no plan keeps together, while any of them less leaves one; all other limits are left aside."""

    limits: list[str]
    changes: list[Change] = Field(description="of one limit, the others of the set kept: each would do for this set")
    message: str


class Repair(Document):
    """Limits to loosen together, in turn each as little as the ones before it allow; no fewer limits do."""

    changes: list[Change]
    message: str


class Clash(Document):
    """A limit that cannot be met, and the best that can be had while the others hold."""

    limit: str
    asked: float
    best: float | None = Field(description="None: the limit is not what stands in the way")
    message: str
    proven: bool = Field(default=True, description="false: time ran out, better may be had")
    sets: list[ClashingSet] = Field(
        default=[], description="the smallest sets of limits that clash, with this limit in them, smallest first"
    )
    sets_complete: bool = Field(default=True, description="false: time ran out, there may be more sets")
    repairs: list[Repair] = Field(default=[], description="where no limit alone can make room for a plan")


class Replayed(Document):
    """What the thresholds do on the samples the tables came from, or on those held out."""

    part: Literal["table", "held-out"]
    samples: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    exit_share: list[float]


class Plan(Answer):
    """The answer to an instance."""

    kind: ClassVar[str] = "placement"
    instance: str
    status: PlanStatus
    objective: ObjectiveValue
    bound: float | None
    gap: float | None
    seconds: float
    plan: PlanDocument | None
    metrics: Metrics | None
    certificate: Certificate
    limits: dict[str, float | str | None] = Field(default={})
    payoff: list[dict[str, float]] = Field(
        default=[], description="weighted: what each objective is when one of them is best, a row for each"
    )
    infeasible_because: list[Clash] = Field(default=[])
    samples: list[Replayed] = Field(default=[])
    robustness: Robustness | None = Field(default=None, description="of instances with [uncertainty]")
    notes: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _measure_is_known(self) -> Self:
        measure = self.limits.get("latency_measure", "worst")
        try:
            if self.metrics is not None:
                self.metrics.latency_ms(str(measure))
        except (KeyError, ValueError):
            raise ValueError(f"metrics hold no latency of the measure {measure!r} (limits.latency_measure)") from None
        return self

    @property
    def placement(self) -> list[Placement]:
        """Where each stage runs; empty without a plan."""
        return self.plan.placement if self.plan else []

    @property
    def clashing_sets(self) -> list[ClashingSet]:
        """The smallest sets of limits that clash, each once; empty with a plan."""
        sets = {tuple(own.limits): own for clash in self.infeasible_because for own in clash.sets}
        return sorted(sets.values(), key=lambda own: len(own.limits))

    @property
    def thresholds(self) -> list[Choice]:
        """The threshold of each classifier; empty without a plan."""
        return self.plan.thresholds if self.plan else []

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `solve --json` prints."""
        document = self.model_dump(mode="json", by_alias=True)
        if not self.certificate.counts:
            del document["certificate"]["counts"]
        if self.robustness is None:
            del document["robustness"]
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
        metrics["patternProperties"] = {f"^{PERCENTILE}$": {"type": "number"}}
        return schema

    def to_frame(self) -> pd.DataFrame:
        """Return one row a stage: option, threshold, reach, exits and times (ms).

        `threshold` is NaN where there is no classifier, or a mix of thresholds.
        """
        import pandas as pd

        columns = list(StageReport.model_fields)
        columns.insert(columns.index("reach"), "threshold")
        chosen = {choice.stage: choice.threshold for choice in self.thresholds}
        stages = self.metrics.stages if self.metrics else []
        rows = [stage.model_dump() | {"threshold": chosen.get(stage.stage)} for stage in stages]
        return pd.DataFrame(rows, columns=columns).astype({"threshold": float}).set_index("stage")

    @property
    def by_word(self) -> bool:
        """Whether the bound is a solver's word beyond `certificate.checked_bound`."""
        return BY_WORD in self.certificate.scope

    def _said(self) -> str:
        value = self.objective.value
        reached = "" if value is None else f", {self.objective.name} {value:.6g} {self.objective.unit}"
        return f"{self.instance}: {self.status}{reached}"

    def _repr_html_(self) -> str:
        return html(self.__rich__())


def over_cases(plan: Plan) -> dict[str, object]:
    """Return the objective over all cases, as columns of a table; empty where all is as believed."""
    own = plan.robustness
    if own is None:
        return {}
    expected = {} if own.expected is None else {"expected": own.expected}
    return {"believed": own.believed, **expected, "worst": own.worst, "worst_case": own.worst_case}


def runs_on(plan: Plan) -> str:
    """Say where stages run, in one line: 1-3 vm: c6i.large, 4-12 function: lambda-1769MB."""
    runs: list[tuple[int, int, str]] = []
    for place in plan.placement:
        where = f"{place.tier}: {place.option}"
        if runs and runs[-1][2] == where:
            runs[-1] = (runs[-1][0], place.stage, where)
        else:
            runs.append((place.stage, place.stage, where))
    return ", ".join(f"{a}{'' if a == b else f'-{b}'} {where}" for a, b, where in runs)
