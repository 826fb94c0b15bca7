"""A placement problem as frozen data in SI units (seconds, bytes, USD); `loader.py` makes and checks it.

Stages are numbered 1..M in files, plans and messages and sit at positions 0..M-1 in the tuples here. Everything
after this point trusts these data.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.rules import Rule

if TYPE_CHECKING:
    from serflow_opt.problem.exits import Samples
    from serflow_opt.problem.ranges import Family

TierKind = Literal["device", "edge", "vm", "function"]
Accounting = Literal["per-request", "reserved", "as-printed"]
Minimize = Literal["cost", "latency", "privacy", "energy", "weighted"]
Objective = Literal["cost", "latency", "privacy", "energy", "accuracy"]
Tail = Literal["fixed", "normal", "any"]
ThresholdMode = Literal["menu", "interpolated", "randomized"]

CLIENT = "client"
"""The source that is no tier: where requests come from."""
LATENCY_MEASURE = r"worst|mean|p(5\d|[6-8]\d|9\d)(\.\d+)?"
"""worst, mean, or a percentile p50 .. p99.9 (survey 2.2.3 line 2 bounds the worst case)."""
LATENCY_MEASURES_IN_WORDS = "write worst, mean, or a percentile from p50 to p99.9"


@dataclass(frozen=True, slots=True)
class Stage:
    """A contiguous block of the network (the survey's partition pid).

    Attributes
    ----------
    flops
        f_s, operations per request, FLOP.
    activation_bytes
        a_s, size of what the stage hands on, bytes.
    parameter_bytes
        w_s, bytes.
    """

    flops: float
    activation_bytes: float
    parameter_bytes: float


@dataclass(frozen=True, slots=True)
class Menu:
    """What can happen at the end of a stage, one entry a threshold.

    A stage without classifier has one entry that lets nobody leave; the last stage has one that lets everybody
    leave.

    Attributes
    ----------
    thresholds
        α, rising; empty for a stage without classifier.
    exit_rates
        e_{s,l}, P(leaves here | reached the stage), weakly falling.
    accuracies
        r_{s,l}, accuracy of those that leave; NaN at the last stage when nothing is known about accuracy.
    """

    thresholds: tuple[float, ...]
    exit_rates: tuple[float, ...]
    accuracies: tuple[float, ...]

    @property
    def chooses(self) -> bool:
        """Whether there is more than one entry to choose from."""
        return len(self.exit_rates) > 1

    def lets_all_leave(self, weights: Sequence[float]) -> bool:
        """Whether everybody leaves with entries used so often: a share ever so near to 1 sends somebody on."""
        return all(rate >= 1 for rate, weight in zip(self.exit_rates, weights, strict=True) if weight > 0)


NO_CLASSIFIER = Menu((), (0.0,), (0.0,))


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the machines or functions of a tier come and go under traffic.

    Attributes
    ----------
    start_s, keep_alive_s
        From a machine's order to its first request; how long an idle function stays warm. None: not said.
    billing_min_s, billing_step_s
        Least seconds of a machine that are billed; what a function's busy time is rounded up to, 0: not at all.
    machines_max, concurrency_max
        Most machines of a type at once, most requests at once on a function; None: any number.
    """

    start_s: float | None = None
    billing_min_s: float = 0.0
    machines_max: int | None = None
    keep_alive_s: float | None = None
    concurrency_max: int | None = None
    billing_step_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tier:
    """One level of the ordered list a request moves down."""

    name: str
    kind: TierKind
    stage_specific: bool = False
    payload_max_bytes: float | None = None
    joules_per_byte: float = 0.0
    scaling: Scaling = Scaling()

    @property
    def pays_for_waiting(self) -> bool:
        """Whether its machines are paid for the seconds a hand-over takes (VMs and edge servers)."""
        return self.kind in ("vm", "edge")


@dataclass(frozen=True, slots=True)
class Option:
    """Something a stage can run on.

    Attributes
    ----------
    tier
        Position of its tier in the instance's list.
    stage_seconds
        t_{s,p}, seconds of each stage on this option.
    usd_per_s
        Price of a busy second of a worker: rent / 3600 / workers, or for functions price per GB-s x memory.
    usd_per_request
        Functions: fee per invocation.
    memory_bytes
        What parameters and activations must fit into; None: unlimited.
    cold_start_s, cold_share
        Functions: seconds of a cold start and the share of requests that meet one.
    labels
        Words the option can be filtered by, beside its name: family, architecture.
    call_max_bytes, run_max_s
        Functions of the catalogue: what the provider takes in one call, and how long one may run. Plans
        that hand over more get a note; no stages run together where they would take longer.
    flops_per_s
        Speed at what hand-overs and variants add to the stages, FLOP/s; infinite where stages take no time.
    joules_per_flop
        Energy of an operation.
    stage_sd_s
        Standard deviations of the stage times, seconds; empty: stage times are fixed.
    workers
        Machines: requests one serves at once.
    machines_max
        Most of them that may be rented (accounting reserved); None: any number.
    idle_accelerator
        What it has beside vCPUs, where its speed is that of the vCPUs; "" without.
    """

    name: str
    tier: int
    stage_seconds: tuple[float, ...]
    usd_per_s: float
    usd_per_request: float = 0.0
    memory_bytes: float | None = None
    cold_start_s: float = 0.0
    cold_share: float = 0.0
    labels: tuple[str, ...] = ()
    call_max_bytes: float | None = None
    run_max_s: float | None = None
    flops_per_s: float = math.inf
    joules_per_flop: float = 0.0
    stage_sd_s: tuple[float, ...] = ()
    workers: int = 1
    machines_max: int | None = None
    idle_accelerator: str = ""

    @property
    def rent_per_s(self) -> float:
        """Rent of a whole machine, USD per second."""
        return self.usd_per_s * self.workers


@dataclass(frozen=True, slots=True)
class Way:
    """One way to hand over before a stage: a compression (survey's γ) and a protection (2.2.2).

    Attributes
    ----------
    compression, protection, scale
        Their names, and the strength of the protection.
    kept
        Bytes on the link / bytes of the activation.
    encode_flops, decode_flops
        Operations added on the option that sends and on the one that receives.
    accuracy_loss
        Share of right answers lost by those that cross; negative where it helps.
    cross_entropy, cross_entropy_added
        Nats, with this way and more than without; None: unknown.
    mse
        Error of an attacker's reconstruction; None: unknown.
    leak
        1 - mse / error of an attacker who sees nothing, 0 at least; 1 where unknown.
    """

    compression: str = "none"
    protection: str = "none"
    scale: float = 0.0
    kept: float = 1.0
    encode_flops: float = 0.0
    decode_flops: float = 0.0
    accuracy_loss: float = 0.0
    cross_entropy: float | None = None
    cross_entropy_added: float = 0.0
    mse: float | None = None
    leak: float = 1.0


PLAIN = Way()
"""As it is: neither compressed nor protected."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another form of a block of stages: quantised, pruned, distilled (survey's κ).

    Attributes
    ----------
    first, last
        Positions of its first and last stage.
    flops_factor, parameters_kept, activations_kept
        Times those of each stage of the block as it is.
    added_flops
        Operations added in its first stage.
    accuracy_loss
        Share of right answers lost by those that enter the block.
    menus
        Own menus of stages in the block, by position; others keep theirs.
    """

    name: str
    first: int
    last: int
    flops_factor: float = 1.0
    added_flops: float = 0.0
    parameters_kept: float = 1.0
    activations_kept: float = 1.0
    accuracy_loss: float = 0.0
    menus: dict[int, Menu] = field(default_factory=dict)

    def covers(self, stage: int) -> bool:
        """Whether the stage at this position is in the block."""
        return self.first <= stage <= self.last


AS_IS = -1
"""Stands where a variant's position could: the stage runs as it is."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """How leaks and lost cross-entropy are weighed, and what is asked of hand-overs; None where nothing is."""

    weight_mse: float = 1.0
    weight_cross_entropy: float = 0.0
    mse_min: float | None = None
    cross_entropy_max: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A way down the list: from a tier, or from the client, to a later tier."""

    bytes_per_s: float
    round_trip_s: float
    usd_per_byte: float
    trusted: bool = True

    def seconds(self, size: float) -> float:
        """Time to move `size` bytes: size / bandwidth + round trip (survey 2.2.1 (5), (6))."""
        return size / self.bytes_per_s + self.round_trip_s


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
    privacy: Privacy = Privacy()
    cost_max_usd: float | None = None
    energy_max_j: float | None = None
    privacy_max: float | None = None
    weights: tuple[tuple[Objective, float], ...] = ()
    then: tuple[Objective, ...] = ()
    tail: Tail = "fixed"
    families: tuple[Family, ...] = ()
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
        """Bytes that cross a link before the stage at this position, when the stage before ran in a variant."""
        kept = self.variants[variant].activations_kept if variant != AS_IS and stage else 1.0
        return self.received_bytes(stage) * kept * way.kept

    def may_cross(self, way: Way, link: Link) -> bool:
        """Whether a way keeps the floor of the reconstruction error and the ceiling of the cross-entropy on a link."""
        floor, ceiling = self.privacy.mse_min, self.privacy.cross_entropy_max
        if floor is not None and not link.trusted and (way.mse is None or way.mse < floor * (1 - 1e-9)):
            return False
        return ceiling is None or way.cross_entropy is None or way.cross_entropy <= ceiling * (1 + 1e-9)

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
        """Whether all stages together, each in its slowest variant, would run longer on an option than it may."""
        if option.run_max_s is None:
            return False
        variants = range(AS_IS, len(self.variants))
        longest = sum(max(self._run_s(s, option, v) for v in variants) for s in range(len(self.stages)))
        return longest > option.run_max_s

    def words(self, option: Option) -> tuple[str, ...]:
        """Return what an option goes by in patterns: name, tier, kind, and its labels: family and architecture."""
        tier = self.tiers[option.tier]
        return (option.name, tier.name, tier.kind, *option.labels)

    def allows(self, stage: int, option: Option, variant: int = AS_IS) -> bool:
        """Whether rules, and how long a function may run, let the stage at this position run on an option."""
        if option.run_max_s is not None and self._run_s(stage, option, variant) > option.run_max_s * (1 + 1e-9):
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
        from serflow_opt.problem.consistency import consistency_problems
        from serflow_opt.problem.what_if import fields

        changed = dataclasses.replace(self, **fields(self, changes))
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
        include, exclude = tuple(include), tuple(exclude)

        def matches(option: Option, patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(word, pattern) for word in self.words(option) for pattern in patterns)

        known = ", ".join(sorted({word for option in self.options for word in self.words(option)}))
        problems = [
            Problem("", flag, f"'{pattern}' matches no option", f"options go by: {known}")
            for flag, patterns in (("--include", include), ("--exclude", exclude))
            for pattern in patterns
            if not any(matches(option, (pattern,)) for option in self.options)
            and not (flag == "--exclude" and _in_catalogue(pattern))
        ]
        limited = {option.tier for option in self.options if matches(option, include)}
        kept = tuple(
            option
            for option in self.options
            if (option.tier not in limited or matches(option, include)) and not matches(option, exclude)
        )
        if not kept and not problems:
            problems.append(Problem("", "--exclude", "no option is left", "exclude less"))
        if problems:
            raise InputError(problems)
        return dataclasses.replace(self, options=kept)


def _in_catalogue(pattern: str) -> bool:
    from serflow_opt.problem.catalog import load_catalog

    known = load_catalog().filter([pattern], [])
    return bool(known.vms or known.functions)
