"""A placement problem as frozen data in SI units (seconds, bytes, USD); `loader.py` makes and checks it.

Stages are numbered 1..M in files, plans and messages and sit at positions 0..M-1 in the tuples here. Everything
after this point trusts these data.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

from serflow_opt.errors import InputError
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.consistency import consistency_problems
from serflow_opt.problem.filtering import kept
from serflow_opt.problem.kinds import (
    AS_IS,
    BACKWARD,
    CLIENT,
    Accounting,
    Minimize,
    Mode,
    Objective,
    Tail,
    ThresholdMode,
)
from serflow_opt.problem.network import PLAIN, UNWEIGHED, HandoverMode, Menu, Privacy, Samples, Stage, Variant
from serflow_opt.problem.offers import Link, Option, Tier
from serflow_opt.problem.ranges import FunctionSizes, Range
from serflow_opt.problem.rules import Rule
from serflow_opt.problem.tariffs import EgressTariff, SentLimit
from serflow_opt.problem.training import in_mode
from serflow_opt.problem.uncertainty import Uncertainty
from serflow_opt.problem.what_if import fields


@dataclass(frozen=True, slots=True)
class Instance:
    """A placement problem.

    Attributes
    ----------
    menus
        One for each stage.
    links
        By (from, to), names of tiers or `CLIENT`.
    source
        Where the input is: `CLIENT` or a tier's name.
    rate_per_s, accuracy_min, latency_slo_s
        None where not asked for.
    latency_measure
        worst, mean or pNN.
    ways
        For each stage, the ways to hand over to it; the first is plain.
    variants
        Other forms of blocks of stages.
    cost_max_usd, energy_max_j, carbon_max_g, privacy_max
        Further limits, each of the mean of a request; None where not asked for.
    weights
        Of a weighted objective, by objective.
    then
        Of equally good plans, the best in these, in turn.
    families
        Function sizes and noise strengths from whole ranges, beside `options` and `ways`.
    tail
        How percentiles read stage times: fixed, or random and independent, their sum normal or of any distribution.
    joint
        Whether thresholds are chosen on the samples themselves; menus then only list the thresholds.
    rules
        Where stages may run, beside what fits.
    accuracy_confidence
        Confidence with which the accuracy floor is to hold beyond the samples; None: it holds on them.
    mode
        infer, or train: a request is a sample of a mini-batch that goes all the way and whose gradients come back.
    inference
        Of an instance in mode train: the same for inference, which it was made from (`training.py`).
    ramps_max
        Most variants that are ramps in a plan; None: any.
    run_on
        Whether inputs run on to the last stage when their answers have left.
    uncertainty
        What may turn out otherwise; None: all is as believed.
    egress
        Prices by volume that links name.
    sent_limits
        On the bytes of a request over some links; of searches among tiers, not of files.
    """

    kind: ClassVar[str] = "placement"
    name: str
    description: str
    stages: tuple[Stage, ...]
    input_bytes: float
    menus: tuple[Menu, ...]
    threshold_mode: ThresholdMode
    tiers: tuple[Tier, ...]
    options: tuple[Option, ...]
    links: dict[tuple[str, str], Link]
    source: str
    rate_per_s: float | None
    accuracy_min: float | None
    latency_slo_s: float | None
    latency_measure: str
    utilisation_cap: float
    minimize: Minimize
    accounting: Accounting
    samples: Samples | None = None
    ways: tuple[tuple[HandoverMode, ...], ...] = ()
    variants: tuple[Variant, ...] = ()
    privacy: Privacy = UNWEIGHED
    cost_max_usd: float | None = None
    energy_max_j: float | None = None
    carbon_max_g: float | None = None
    privacy_max: float | None = None
    weights: tuple[tuple[Objective, float], ...] = ()
    then: tuple[Objective, ...] = ()
    tail: Tail = "fixed"
    families: tuple[Range, ...] = ()
    joint: bool = False
    accuracy_confidence: float | None = None
    rules: tuple[Rule, ...] = ()
    mode: Mode = "infer"
    inference: Instance | None = None
    ramps_max: int | None = None
    run_on: bool = False
    uncertainty: Uncertainty | None = None
    egress: tuple[EgressTariff, ...] = ()
    sent_limits: tuple[SentLimit, ...] = ()

    def __post_init__(self) -> None:
        """Fill in the plain way where no others are given."""
        if not self.ways:
            object.__setattr__(self, "ways", ((PLAIN,),) * len(self.stages))

    @property
    def quantile(self) -> float | None:
        """q of a percentile latency measure, None for worst and mean."""
        return float(self.latency_measure[1:]) / 100 if self.latency_measure[0] == "p" else None

    @property
    def deviations(self) -> float | None:
        """How many standard deviations above the mean a percentile of random stage times lies; None: times are fixed.

        Σ normal: Φ⁻¹(q). Any distribution: √(q / (1 - q)), the one-sided Chebyshev (Cantelli) inequality.
        """
        q = self.quantile
        if q is None or self.tail == "fixed":
            return None
        return NormalDist().inv_cdf(q) if self.tail == "normal" else math.sqrt(q / (1 - q))

    @property
    def may_end_early(self) -> bool:
        """Whether a plan may end where everybody leaves: not where the whole path is paid for all the same."""
        return self.accounting != "as-printed" and not self.run_on

    @property
    def takes_batches(self) -> bool:
        """Whether any option offers batches."""
        return any(option.batching for option in self.options)

    @property
    def ramps(self) -> int:
        """How many classifiers there are that may be on or off."""
        return sum(variant.ramp for variant in self.variants)

    def is_ramp(self, variant: int) -> bool:
        """Whether the variant at a position, or `AS_IS`, is a stage with its classifier on, which may be off."""
        return variant != AS_IS and self.variants[variant].ramp

    @property
    def ramps_bind(self) -> bool:
        """Whether not all of them may be on."""
        return self.ramps_max is not None and self.ramps_max < self.ramps

    @property
    def accuracy_known(self) -> bool:
        """Whether the exits say how often the last stage is right."""
        return not math.isnan(self.menus[-1].accuracies[0])

    @property
    def carbon_known(self) -> bool:
        """Whether everything that stages can run on says what it emits."""
        sizes = [family.of_gb.emissions for family in self.families if isinstance(family, FunctionSizes)]
        return all(own is not None for own in (*(option.emissions for option in self.options), *sizes))

    def received_bytes(self, stage: int) -> float:
        """Size of what the stage at this position receives: a_{s-1}, the input for the first, bytes."""
        return self.stages[stage - 1].activation_bytes if stage else self.input_bytes

    def limit(self, name: Objective) -> float | None:
        """Return the limit of an objective: USD, s, loss, J, g, or the accuracy floor; None where there is none."""
        limits: dict[Objective, float | None] = {
            "cost": self.cost_max_usd,
            "latency": self.latency_slo_s,
            "privacy": self.privacy_max,
            "energy": self.energy_max_j,
            "carbon": self.carbon_max_g,
            "accuracy": self.accuracy_min,
        }
        return limits[name]

    def menu(self, stage: int, variant: int = AS_IS) -> Menu:
        """Return the menu of the stage at this position when it runs in a variant."""
        own = self.variants[variant].menus if variant != AS_IS else {}
        return own.get(stage, self.menus[stage])

    def sent_bytes(self, stage: int, variant: int, way: HandoverMode) -> float:
        """Bytes that cross a link before the stage at this position, when the stage before ran in a variant.

        Parameters
        ----------
        stage, variant
            Position of the stage that receives, from 0, and of the variant of the one before, or `AS_IS`.
        """
        kept = self.variants[variant].activations_kept if variant != AS_IS and stage else 1.0
        return self.received_bytes(stage) * kept * way.kept

    def transfers(self, stage: int) -> int:
        """How often what the stage at this position receives, or its gradient, crosses a link: the input has none."""
        return 2 if self.mode == "train" and stage else 1

    @property
    def passes(self) -> float:
        """What operations of hand-overs and variants are multiplied by: in training they have a way back, too."""
        return 1 + BACKWARD if self.mode == "train" else 1.0

    def held_bytes(self, stage: int, variant: int = AS_IS) -> float:
        """What the stage at this position keeps in memory on its option, bytes.

        Its parameters; in training their gradients, too, and what it received, until the gradient of that is due.
        """
        own = self.stages[stage].parameter_bytes
        if variant != AS_IS:
            form = self.variants[variant]
            own = own * form.parameters_kept + (form.added_parameter_bytes if form.first == stage else 0.0)
        return own if self.mode == "infer" else 2 * own + self.received_bytes(stage)

    def may_cross(self, way: HandoverMode, link: Link) -> bool:
        """Whether a way keeps the floor of the reconstruction error and the ceiling of the cross-entropy on a link."""
        floor, ceiling = self.privacy.mse_min, self.privacy.cross_entropy_max
        if floor is not None and not link.trusted and (way.mse is None or way.mse < floor * (1 - TOLERANCE)):
            return False
        return ceiling is None or way.cross_entropy is None or way.cross_entropy <= ceiling * (1 + TOLERANCE)

    def leak(self, way: HandoverMode, link: Link) -> float:
        """Privacy loss of a request that crosses a link in a way (survey 2.2.2 (1))."""
        seen = 0.0 if link.trusted else way.leak
        return self.privacy.weight_mse * seen + self.privacy.weight_cross_entropy * way.cross_entropy_added

    def entry_links(self) -> dict[int, Link | None]:
        """Return the tiers stage 1 may run in, each with the link its input crosses (None: no link to cross).

        A tier that is the source holds the input already, so its payload limit does not apply.
        """
        entries: dict[int, Link | None] = {}
        for position, tier in enumerate(self.tiers):
            link = self.links.get((self.source, tier.name))
            if link is not None:
                entries[position] = link
            elif self.source in (CLIENT, tier.name):
                entries[position] = None
        return entries

    def accepts(self, tier: int, size: float) -> bool:
        """Whether so many bytes are within the tier's payload limit."""
        limit = self.tiers[tier].payload_max_bytes
        return limit is None or size <= limit

    def _run_s(self, stage: int, option: Option, variant: int) -> float:
        """Seconds of a stage alone, in a variant."""
        seconds = option.stage_seconds[stage]
        if variant != AS_IS and self.variants[variant].covers(stage):
            own = self.variants[variant]
            added = own.added_flops * self.passes if own.first == stage else 0.0
            seconds = seconds * own.flops_factor + added / option.flops_per_s
        return seconds

    def may_run_long(self, option: Option) -> bool:
        """Whether all stages together, slowed by any variants, could run longer on an option than it may."""
        if option.run_max_s is None:
            return False
        longest = sum(option.stage_seconds) * max((variant.flops_factor for variant in self.variants), default=1.0)
        longest += sum(variant.added_flops for variant in self.variants) * self.passes / option.flops_per_s
        return max(longest, sum(option.stage_seconds)) > option.run_max_s

    def machines_max(self, option: Option) -> int | None:
        """Return how many machines of a type there are, its own and its tier's, where they are rented whole."""
        if self.accounting != "reserved":
            return None
        limits = (option.machines_max, self.tiers[option.tier].scaling.machines_max)
        return min((own for own in limits if own is not None), default=None)

    @property
    def machines_scarce(self) -> bool:
        """Whether some type of machines, rented whole, may run out."""
        return any(self.machines_max(option) is not None for option in self.options)

    def words(self, option: Option) -> tuple[str, ...]:
        """Return what an option goes by in patterns: name, tier, kind, and its labels: family and architecture."""
        tier = self.tiers[option.tier]
        return (option.name, tier.name, tier.kind, *option.labels)

    def allows(self, stage: int, option: Option, variant: int = AS_IS) -> bool:
        """Whether rules, and how long a function may run, let the stage at this position run on an option.

        Parameters
        ----------
        stage, variant
            Position of the stage, from 0, and of the variant it runs in, or `AS_IS`.
        """
        if option.run_max_s is not None and self._run_s(stage, option, variant) > option.run_max_s * (1 + TOLERANCE):
            return False
        return not self.rules or all(rule.allows(stage, self.words(option)) for rule in self.rules)

    def option_named(self, tier: str, option: str) -> int | None:
        """Return the position of an option, None when there is none of that name in that tier."""
        for position, candidate in enumerate(self.options):
            if candidate.name == option and self.tiers[candidate.tier].name == tier:
                return position
        return None

    @property
    def latency_slo_ms(self) -> float | None:
        """The latency bound as files have it, milliseconds; None: there is none."""
        return None if self.latency_slo_s is None else self.latency_slo_s * 1000

    def with_limits(self, **changes: object) -> Instance:
        """Return a copy with other targets, rate, objective or accounting.

        Parameters
        ----------
        **changes
            By their keys in files: `latency_slo_ms`, `accuracy_min`, `rate_per_s`, `minimize`, `accounting` and all
            others of [workload] and [objective]. None takes a limit away.

        Raises
        ------
        InputError
            For keys that are none, and when the changed values do not go together.
        """
        own = [field.name for field in dataclasses.fields(self)]
        found = fields(self.name, self.privacy, own, changes)
        mode = found.pop("mode", self.mode)
        changed: Instance = in_mode(dataclasses.replace(self, **found), mode)
        problems = consistency_problems(changed, self.name)
        if problems:
            raise InputError(problems)
        return changed

    def keep(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Instance:
        """Return a copy with fewer options.

        A pattern (`c6i.*`, `arm64`, `function`) is compared with an option's name, family, architecture, tier and
        kind. Within a tier where some include pattern matches, only matching options stay; other tiers keep
        theirs. Then whatever an exclude pattern matches goes.

        Raises
        ------
        InputError
            When a pattern matches nothing (to exclude what the catalogue knows and the instance lacks is no error), or
        nothing is left.
        """
        return dataclasses.replace(self, options=kept(self.options, self.words, tuple(include), tuple(exclude)))
