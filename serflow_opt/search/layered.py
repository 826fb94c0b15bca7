"""Coefficients of an instance as arrays over the states of a request: which stage it enters, on which runner.

A suffix of the network, stages s..M, is worth a vector per request that enters it: the *columns* (what is minimised,
what has a limit, machines where they are rented whole, minus the accuracy), each a sum Σ R_s w_s over the suffix, and
the *whole* time of a request that goes all the way, where the latency is that of the worst case or a percentile of it.
Machines rented whole are paid for by use here, at their rent over what of their time may be used. Stages, hand-overs
and beginnings add vectors; thresholds scale the columns by 1 - e and leave the whole time alone. `bound_recursion.py`
and `enumerate.py` run over them.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.problem.instance import Instance
from serflow_opt.search.chain_arrays import arrays_of
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import Crossings, Flat, LanePrices
from serflow_opt.search.goal import Goal

T = TypeVar("T")
N = TypeVar("N", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Chain:
    """Arrays over M stages and E runners, all scaled as `Data` scales them.

    Attributes
    ----------
    columns
        Names of the C columns: what is minimised ("objective" for a sum), what else has a limit, "late" where a
        percentile has one (nothing adds to it here, `rented/late.py`), machines of each tier where they are rented
        whole, and minus the accuracy.
    rented, rents, paid
        Tiers whose machines are rented whole; their columns stand before the last one. What a machine of each option
        takes per request (`whole_machines.py`), and what a unit of that counts in what is minimised.
    rate
        Requests a second that the columns of machines are counted at, where there are any.
    unit
        Of the objective: times this it is in USD, seconds, loss, joules or grams.
    limits
        Upper limit of each column, infinite where there is none; of the last, minus the accuracy floor.
    whole_limit
        Of the whole time; infinite where there is none.
    on
        M x E: which states there are.
    adds, whole
        M x E x C and M x E: what a stage adds to the columns and to the whole time.
    menus, used
        By stage, the envelopes of its menus; M x E: which of them a state uses, None: the first everywhere.
    closing, ends
        By stage, for a menu, the one that stands for it where a plan ends there (`lagrangian.menus_of`). M x E: the
        accuracy of those that leave then, NaN where no plan may end; None: nowhere.
    leaving, entering
        Ways into hubs, from `SOURCE` at the first stage, and out of them, by position of the stage handed over to.
    stays
        By position of the stage that follows: pairs of runners (before, after); None: each goes on as itself.
    back
        M x E: the first stage, from 1, that a run on the runner's option which ends here may begin with, by memory
        and time.
    """

    data: Data
    columns: tuple[str, ...]
    rented: tuple[int, ...]
    rents: Floats
    paid: float
    rate: float
    unit: float
    limits: Floats
    whole_limit: float
    on: Mask
    adds: Floats
    whole: Floats
    menus: list[list[Envelope]]
    used: Ints | None
    closing: list[dict[int, int]]
    ends: Floats | None
    leaving: Crossings
    entering: Crossings
    stays: list[tuple[Ints, Ints] | None]
    back: Ints
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    def changed(self, known: Mapping[str, object], **arrays: object) -> Chain:
        """Return a chain with other arrays of stages, or other ways between them.

        Parameters
        ----------
        known
            What follows from them, as far as it is known, by the names that `known` takes.
        arrays
            In place of those here; runners and what is on offer stay.
        """
        stays: dict[str, object] = {
            name: self._known[name] for name in ("option", "offers", "tight") if name in self._known
        }
        return replace(self, _known={**stays, **known}, **arrays)  # type: ignore[arg-type]

    def known(self, name: str, value: Callable[[Chain], T]) -> T:
        """Return what follows from the arrays, whatever the limits: found once for all that differ in these.

        Parameters
        ----------
        name
            What it goes by.
        value
            Finds it.
        """
        if name not in self._known:
            self._known[name] = value(self)
        found: T = self._known[name]
        return found

    def __reduce__(self) -> tuple[type[Chain], tuple[object, ...]]:
        """Travel without what is compiled: it is made again there."""
        known = {name: own for name, own in self._known.items() if name != "placing"}
        return Chain, (*(getattr(self, own.name) for own in fields(self) if own.name != "_known"), known)

    @property
    def all_known(self) -> ItemsView[str, object]:
        """What `known` has found so far."""
        return self._known.items()

    def priced(self, weights: Floats) -> LanePrices:
        """Return what all parts add to V; of the last multipliers asked for it is known.

        Parameters
        ----------
        weights
            Lanes x C.
        """
        key = weights.tobytes()
        last = self._known.get("priced")
        if last is None or last[0] != key:
            self._known["priced"] = last = key, LanePrices.of(self.adds, self.flat, weights)
        found: LanePrices = last[1]
        return found

    @property
    def option(self) -> Ints:
        """Of each runner, E."""
        return self.known("option", lambda own: np.array([runner.option for runner in own.data.runners], np.int64))

    @property
    def flat(self) -> Flat:
        """The same, one behind the other."""
        return self.known("flat", _flat)

    @classmethod
    def of(cls, data: Data, goal: Goal) -> Chain:
        """Make the arrays of an instance and a goal that `covered` accepts."""
        return cls(**arrays_of(data, goal))


def _flat(chain: Chain) -> Flat:
    states = chain.whole, chain.back, chain.ends, chain.used
    return Flat.of(states, chain.menus, chain.stays, chain.leaving, chain.entering)


def by_lane(own: NDArray[N], lanes: int) -> NDArray[N]:
    """Return an array of its own of what lanes share, M x E, or each has for itself: lanes x M x E."""
    every = np.empty((lanes, *own.shape[-2:]), own.dtype)
    every[:] = own
    return every


def covered(instance: Instance, goal: Goal) -> bool:
    """Whether columns and whole time say all about an instance and what is minimised.

    Menu thresholds, paid per request, no percentile; worst-case latency and accuracy are limits there, not goals.
    Thresholds scale all sums, and no limit counts ramps.
    """
    return not uncovered(instance, goal)


def uncovered(instance: Instance, goal: Goal) -> list[str]:
    """Return what columns and whole time do not say of an instance and of what is minimised, as files have it."""
    measure = instance.latency_measure
    beyond = {
        f"latency_measure = {measure}": measure not in ("worst", "mean"),
        "worst-case latency beside other goals": "latency" in goal and measure == "worst",
        f"thresholds = {instance.threshold_mode}": instance.threshold_mode != "menu",
        f"accounting = {instance.accounting}": instance.accounting != "per-request",
    }
    return [*(name for name, there in beyond.items() if there), *beyond_sums(instance, goal)]


def beyond_sums(instance: Instance, goal: Goal) -> list[str]:
    """Return what no search by sums along a chain takes, as files have it."""
    beyond = {
        "accuracy as the goal": "accuracy" in goal,
        f"ramps_max = {instance.ramps_max}": instance.ramps_bind,
        "run_on = true": instance.run_on,
        "joint = true": instance.joint,
        "prices by volume": bool(instance.sent_limits or instance.egress),
        "sizes or noise from a range": bool(instance.families),
    }
    return [name for name, there in beyond.items() if there]


def count_paths(chain: Chain) -> float:
    """How many placements there are, before any limit."""
    option = chain.option
    if kernels.compiled:
        from serflow_opt.kernels.before import Before

        return float(Before(chain.flat, chain.on[None].view(np.uint8)).count(option))
    counts: Floats = np.zeros(chain.on.shape[1])
    ended = 0.0
    for s in range(len(chain.on)):
        here = np.zeros(len(counts))
        stays = chain.stays[s]
        if s and stays is None:
            here += counts
        elif s and stays is not None:
            np.add.at(here, stays[1], counts[stays[0]])
        for left in chain.leaving[s]:
            for entered in chain.entering[s] if s else ():
                if left.hub == entered.hub:
                    same = option[left.runner][:, None] == option[entered.runner][None, :]
                    here[entered.runner] += counts[left.runner].sum() - counts[left.runner] @ same
            for entered in chain.entering[s] if not s else ():
                here[entered.runner] += float(left.hub == entered.hub)
        counts = np.where(chain.on[s], here, 0.0)
        if chain.ends is not None:
            ended += float(counts[np.isfinite(chain.ends[s])].sum())
    return float(counts.sum()) + ended
