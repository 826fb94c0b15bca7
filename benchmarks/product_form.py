"""The placement problem as one would write it down first: binaries, reaches, and products of the two.

Read off the instance's data alone; nothing is shared with `formulations/`. `scip_product.py` hands the products to
SCIP as they are, `mccormick.py` linearises each of them. Stages and options are counted from 0.

Binaries
    run[s, p]       stage s runs on option p
    use[p]          option p runs some stage; at most one option a tier
    cross[s, p, k]  p ran stage s-1 and hands over to tier k before stage s
    begin[s, p]     function p runs stage s and not stage s-1
    pick[s, l]      classifier s uses menu entry l

With R_0 = 1 and R_{s+1} = R_s (1 - Σ_l e_{s,l} pick[s, l]), cost and mean latency are sums of coefficient x R_s x
binary, and the worst-case latency is a sum of coefficient x binary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from serflow_opt import Instance

Key = tuple[str, int, int] | tuple[str, int, int, int]
Choice = Mapping[Key, float]


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient of a binary that belongs to stage s; in cost and mean latency it is multiplied by R_s."""

    stage: int
    coefficient: float
    binary: Key


@dataclass(frozen=True, slots=True)
class ProductForm:
    """Sets and coefficients; times in units of `second`, money in units of `dollar`.

    Attributes
    ----------
    runs, crossings, begins
        Indices of the binaries of those names.
    forbidden
        (s, k, l): no hand-over from tier k to tier l before stage s.
    cost, worst, mean
        Terms of the cost, the worst-case latency and the mean latency.
    rates, masses
        e_{s,l} and e_{s,l} r_{s,l}.
    """

    instance: Instance
    second: float
    dollar: float
    runs: list[tuple[int, int]]
    crossings: list[tuple[int, int, int]]
    begins: list[tuple[int, int]]
    forbidden: list[tuple[int, int, int]]
    cost: list[Term]
    worst: list[Term]
    mean: list[Term]
    rates: list[list[float]]
    masses: list[list[float]]

    def tier(self, p: int) -> int:
        """Position of an option's tier."""
        return self.instance.options[p].tier

    def in_tier(self, s: int, k: int) -> list[int]:
        """Options of tier k that may run stage s."""
        return [p for t, p in self.runs if t == s and self.tier(p) == k]

    @property
    def latency(self) -> list[Term]:
        """Terms of the latency the instance measures."""
        return self.mean if self.instance.latency_measure == "mean" else self.worst

    @property
    def latency_limit(self) -> float:
        """The bound on the latency in units of `second`, infinite without one."""
        limit = self.instance.latency_slo_s
        return math.inf if limit is None else limit / self.second

    @property
    def unit(self) -> float:
        """What the objective is counted in: `dollar` or `second`."""
        return self.dollar if self.instance.minimize == "cost" else self.second

    def sizes(self, p: int) -> tuple[list[float], list[float], float]:
        """Parameters of each stage, its largest activation, and the limit, as shares of the option's memory."""
        limit = self.instance.options[p].memory_bytes or math.inf
        stages = self.instance.stages
        parameters = [stage.parameter_bytes / limit for stage in stages]
        peaks = [max(self.instance.received_bytes(s), stage.activation_bytes) / limit for s, stage in enumerate(stages)]
        return parameters, peaks, 1.0

    def value(self, options: list[int], picks: list[int]) -> float:
        """The objective of a plan by the products themselves: USD per request or seconds."""
        reach, reaches = 1.0, []
        for s, pick in enumerate(picks):
            reaches.append(reach)
            reach *= 1 - self.rates[s][pick]
        taken: set[Key] = {("run", s, p) for s, p in enumerate(options)}
        taken |= {("begin", s, p) for s, p in self.begins if options[s] == p != options[s - 1]}
        taken |= {
            ("cross", s, p, k) for s, p, k in self.crossings if options[s - 1] == p and self.tier(options[s]) == k
        }
        cost = self.instance.minimize == "cost"
        flat = not cost and self.instance.latency_measure == "worst"
        terms = self.cost if cost else self.latency
        return self.unit * math.fsum(
            t.coefficient * (1.0 if flat else reaches[t.stage]) for t in terms if t.binary in taken
        )


def product_form(instance: Instance) -> ProductForm:
    """Read the sets and coefficients off an instance.

    Raises
    ------
    ValueError
        For what the comparison does not cover: other accountings, percentiles, stage-specific tiers, other menus,
        adaptations.
    """
    if instance.accounting != "per-request" or instance.threshold_mode != "menu":
        raise ValueError("the comparison covers accounting = per-request with thresholds = menu")
    if instance.quantile is not None or any(tier.stage_specific for tier in instance.tiers):
        raise ValueError("the comparison covers worst and mean latency with one option a tier")
    if instance.variants or any(len(ways) > 1 for ways in instance.ways):
        raise ValueError("the comparison covers hand-overs as they are and no variants")
    options, tiers, last = instance.options, instance.tiers, len(instance.stages)
    entries = instance.entry_links()
    runs = [(s, p) for s in range(last) for p, option in enumerate(options) if s or option.tier in entries]
    second = sum(min(option.stage_seconds[s] for option in options) for s in range(last))
    dollar = min((sum(o.stage_seconds) * o.usd_per_s for o in options if o.usd_per_s > 0), default=1.0)
    form = ProductForm(
        instance, second, dollar, runs, [], [], [], [], [], [],
        rates=[list(menu.exit_rates) for menu in instance.menus],
        masses=[
            [e * r if e > 0 else 0.0 for e, r in zip(menu.exit_rates, menu.accuracies, strict=True)]
            for menu in instance.menus
        ],
    )  # fmt: skip
    for s, p in runs:
        _add_run(form, s, p)
    for s in range(1, last):
        for k in range(len(tiers)):
            for target in range(len(tiers)):
                link = instance.links.get((tiers[k].name, tiers[target].name))
                if k == target:
                    continue
                if k > target or link is None or not instance.accepts(target, s):
                    form.forbidden.append((s, k, target))
                    continue
                size = instance.received_bytes(s)
                for p in form.in_tier(s - 1, k):
                    cross = ("cross", s, p, target)
                    form.crossings.append((s, p, target))
                    _add_time(form, Term(s, link.seconds(size), cross))
                    waiting = options[p].usd_per_s * link.seconds(size) * tiers[k].pays_for_waiting
                    _add_cost(form, Term(s, link.usd_per_byte * size + waiting, cross))
    return form


def _add_run(form: ProductForm, s: int, p: int) -> None:
    """Terms of stage s on option p: computing, the way in before the first stage, and a function's start."""
    instance, option = form.instance, form.instance.options[p]
    run = ("run", s, p)
    _add_time(form, Term(s, option.stage_seconds[s], run))
    _add_cost(form, Term(s, option.stage_seconds[s] * option.usd_per_s, run))
    if s == 0:
        link = instance.links.get((instance.source, instance.tiers[option.tier].name))
        if link is not None:
            _add_time(form, Term(s, link.seconds(instance.input_bytes), run))
            _add_cost(form, Term(s, link.usd_per_byte * instance.input_bytes, run))
    if instance.tiers[option.tier].kind == "function":
        begin: Key = ("begin", s, p) if s else run
        if s:
            form.begins.append((s, p))
        whole = option.cold_start_s if option.cold_share > 0 else 0.0
        form.worst.append(Term(s, whole / form.second, begin))
        form.mean.append(Term(s, option.cold_start_s * option.cold_share / form.second, begin))
        fee = option.usd_per_request + option.usd_per_s * option.cold_share * option.cold_start_s
        _add_cost(form, Term(s, fee, begin))


def _add_time(form: ProductForm, term: Term) -> None:
    scaled = Term(term.stage, term.coefficient / form.second, term.binary)
    form.worst.append(scaled)
    form.mean.append(scaled)


def _add_cost(form: ProductForm, term: Term) -> None:
    if term.coefficient > 0:
        form.cost.append(Term(term.stage, term.coefficient / form.dollar, term.binary))
