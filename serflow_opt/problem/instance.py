"""A placement problem as frozen data in SI units (seconds, bytes, USD); `loader.py` makes and checks it.

Stages are numbered 1..M in files, plans and messages and sit at positions 0..M-1 in the tuples here. Everything
after this point trusts these data.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.problem.filtering import kept
from serflow_opt.problem.kinds import (
    AS_IS,
    CLIENT,
    LATENCY_MEASURE,
    LATENCY_MEASURES_IN_WORDS,
    Accounting,
    Minimize,
    Objective,
    Tail,
    ThresholdMode,
)
from serflow_opt.problem.network import PLAIN, UNWEIGHED, Menu, Privacy, Samples, Stage, Variant, Way
from serflow_opt.problem.offers import Link, Option, Tier
from serflow_opt.problem.ranges import Range
from serflow_opt.problem.rules import Rule
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
    cost_max_usd, energy_max_j, privacy_max
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
    ways: tuple[tuple[Way, ...], ...] = ()
    variants: tuple[Variant, ...] = ()
    privacy: Privacy = UNWEIGHED
    cost_max_usd: float | None = None
    energy_max_j: float | None = None
    privacy_max: float | None = None
    weights: tuple[tuple[Objective, float], ...] = ()
    then: tuple[Objective, ...] = ()
    tail: Tail = "fixed"
    families: tuple[Range, ...] = ()
    joint: bool = False
    accuracy_confidence: float | None = None
    rules: tuple[Rule, ...] = ()

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
        """Whether a plan may end where everybody leaves: not by the survey's formula, which pays for the whole path."""
        return self.accounting != "as-printed"

    @property
    def accuracy_known(self) -> bool:
        """Whether the exits say how often the last stage is right."""
        return not math.isnan(self.menus[-1].accuracies[0])

    def received_bytes(self, stage: int) -> float:
        """Size of what the stage at this position receives: a_{s-1}, the input for the first, bytes."""
        return self.stages[stage - 1].activation_bytes if stage else self.input_bytes

    def limit(self, name: Objective) -> float | None:
        """Return the limit of an objective: USD, s, loss, J, or the accuracy floor; None where there is none."""
        limits: dict[Objective, float | None] = {
            "cost": self.cost_max_usd,
            "latency": self.latency_slo_s,
            "privacy": self.privacy_max,
            "energy": self.energy_max_j,
            "accuracy": self.accuracy_min,
        }
        return limits[name]

    def menu(self, stage: int, variant: int = AS_IS) -> Menu:
        """Return the menu of the stage at this position when it runs in a variant."""
        own = self.variants[variant].menus if variant != AS_IS else {}
        return own.get(stage, self.menus[stage])

    def sent_bytes(self, stage: int, variant: int, way: Way) -> float:
        """Bytes that cross a link before the stage at this position, when the stage before ran in a variant.

        Parameters
        ----------
        stage, variant
            Position of the stage that receives, from 0, and of the variant of the one before, or `AS_IS`.
        """
        kept = self.variants[variant].activations_kept if variant != AS_IS and stage else 1.0
        return self.received_bytes(stage) * kept * way.kept

    def may_cross(self, way: Way, link: Link) -> bool:
        """Whether a way keeps the floor of the reconstruction error and the ceiling of the cross-entropy on a link."""
        floor, ceiling = self.privacy.mse_min, self.privacy.cross_entropy_max
        if floor is not None and not link.trusted and (way.mse is None or way.mse < floor * (1 - TOLERANCE)):
            return False
        return ceiling is None or way.cross_entropy is None or way.cross_entropy <= ceiling * (1 + TOLERANCE)

    def leak(self, way: Way, link: Link) -> float:
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
            seconds = seconds * own.flops_factor + (own.added_flops / option.flops_per_s if own.first == stage else 0.0)
        return seconds

    def may_run_long(self, option: Option) -> bool:
        """Whether all stages together, slowed by any variants, could run longer on an option than it may."""
        if option.run_max_s is None:
            return False
        longest = sum(option.stage_seconds) * max((variant.flops_factor for variant in self.variants), default=1.0)
        longest += sum(variant.added_flops for variant in self.variants) / option.flops_per_s
        return max(longest, sum(option.stage_seconds)) > option.run_max_s

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
        changed = dataclasses.replace(self, **fields(self.name, self.privacy, own, changes))
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


def consistency_problems(instance: Instance, file: str) -> list[Problem]:
    """Return what does not go together in an instance's targets, accounting and tiers."""
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    slo = instance.latency_slo_s
    for place, value, low, high in (
        ("workload.rate_per_s", instance.rate_per_s, 0.0, math.inf),
        ("workload.latency_slo_ms", None if slo is None else as_number(slo) * 1000, 0.0, math.inf),
        ("workload.accuracy_min", instance.accuracy_min, -SMALLEST, 1.0),
        ("workload.cost_max_usd", instance.cost_max_usd, 0.0, math.inf),
        ("workload.energy_max_j", instance.energy_max_j, 0.0, math.inf),
        ("workload.privacy_max", instance.privacy_max, -SMALLEST, math.inf),
        ("workload.mse_min", instance.privacy.mse_min, 0.0, math.inf),
        ("workload.cross_entropy_max", instance.privacy.cross_entropy_max, 0.0, math.inf),
    ):
        if value is None:
            continue
        number = as_number(value)
        if not (low < number <= high and math.isfinite(number)):
            found = shown(value) if math.isnan(number) else f"{number:g}"
            wrong(place, found, "write a number from 0 to 1" if high == 1.0 else "write a number above 0")
        elif 0 < number < SMALLEST:
            wrong(place, f"{number:g}", f"nothing that small can be reckoned with: write at least {SMALLEST:g}")
    if instance.tail != "fixed" and instance.quantile is None:
        wrong(
            "workload.tail",
            f"'{instance.tail}' with latency_measure '{instance.latency_measure}'",
            "write pNN, or remove tail",
        )
    if not re.fullmatch(LATENCY_MEASURE, instance.latency_measure):
        wrong("workload.latency_measure", f"'{instance.latency_measure}'", LATENCY_MEASURES_IN_WORDS)
    if instance.accounting == "reserved" and instance.rate_per_s is None:
        wrong("objective.accounting", "'reserved' without a rate", "set workload.rate_per_s: VMs are rented for a rate")
    if instance.accounting == "as-printed":
        if len(instance.tiers) != 2:
            wrong(
                "objective.accounting",
                f"'as-printed' with {len(instance.tiers)} tier(s)",
                "the survey's formula has exactly two tiers, IaaS then FaaS",
            )
        if instance.variants or any(len(ways) > 1 for ways in instance.ways):
            wrong(
                "objective.accounting",
                "'as-printed' with adaptations",
                "the survey's formula has none: remove [[variant]], [adaptation] and privacy.table",
            )
        if any(tier.stage_specific for tier in instance.tiers):
            wrong(
                "objective.accounting",
                "'as-printed' with stage_specific tiers",
                "the survey's formula has one capacity a tier: remove stage_specific",
            )
    if instance.accuracy_min is not None and not instance.accuracy_known:
        wrong(
            "workload.accuracy_min",
            f"{instance.accuracy_min:g} without an [exits] section",
            "give the last stage's accuracy in an exits table, or remove accuracy_min",
        )
    if (instance.minimize == "weighted") != bool(instance.weights):
        found = "weights without minimize = 'weighted'" if instance.weights else "'weighted' without weights"
        wrong("objective.weights", found, "write minimize = 'weighted' and weights = { cost = 1.0, latency = 1.0 }")
    if instance.then and (instance.minimize == "weighted" or instance.families):
        found = "then with 'weighted'" if instance.minimize == "weighted" else "then with sizes or noise from a range"
        wrong(
            "objective.then", found, "remove one of them: equally good plans are told apart for single objectives only"
        )
    if not instance.accuracy_known and "accuracy" in (*dict(instance.weights), *instance.then):
        wrong("objective", "accuracy without an [exits] section", "give the last stage's accuracy in an exits table")
    problems.extend(joint_problems(instance, file))
    names = [tier.name for tier in instance.tiers]
    if instance.source != CLIENT and instance.source not in names:
        wrong("workload.source", f"'{instance.source}'", f"use 'client' or a tier: {', '.join(names)}")
    return problems


def joint_problems(instance: Instance, file: str) -> list[Problem]:
    """Return what does not go together with thresholds chosen on the samples themselves."""
    problems: list[Problem] = []
    asked = instance.accuracy_confidence
    if not instance.joint:
        if asked is not None:
            found = f"{asked:g} without exits.joint"
            cure = "set exits.joint = true (with exits.samples and holdout_share), or remove it"
            problems.append(Problem(file, "workload.accuracy_confidence", found, cure))
        return problems

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    if instance.threshold_mode != "menu":
        wrong("exits.thresholds", f"'{instance.threshold_mode}' with joint", "write 'menu', or remove joint")
    if any(variant.menus or variant.accuracy_loss for variant in instance.variants):
        found = "a variant with exits or accuracy_loss of its own, with exits.joint"
        wrong("variant", found, "the samples are of the network as it is: remove the variant, or joint")
    if any(way.accuracy_loss for ways in instance.ways for way in ways):
        found = "compressions or protections that lose accuracy, with exits.joint"
        wrong("adaptation", found, "the samples are of the network as it is: keep lossless methods, or remove joint")
    if instance.families:
        wrong("exits.joint", "true with sizes or noise from a range", "list single sizes (memory_mb), or remove joint")
    if instance.minimize == "weighted":
        wrong("objective.minimize", "'weighted' with exits.joint", "minimise one objective and limit the others")
    if asked is not None:
        held_out = instance.samples is not None and instance.samples.held_out.any()
        if not held_out:
            wrong(
                "workload.accuracy_confidence", f"{asked:g} without held-out samples", "set exits.holdout_share = 0.5"
            )
        if instance.accuracy_min is None:
            wrong("workload.accuracy_confidence", f"{asked:g} without a floor", "set workload.accuracy_min")
    return problems
