"""One decision of a small instance, valued by the written definitions: shares exact, times and money floats."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

from oracles.enumeration_reading import MACHINES, PASSING, Choice, Documents, Form, Group, Manner, Row, Wire

KEPT = 1e-9
"""A limit counts as kept within this, relative."""


@dataclass(frozen=True)
class Decision:
    """What is decided; `ways` before each stage that runs, None where nothing crosses."""

    rows: tuple[Row | None, ...]
    forms: tuple[Form, ...]
    placement: tuple[Choice, ...]
    ways: tuple[Manner | None, ...]


@dataclass(frozen=True)
class Worth:
    """What a decision achieves: ms, USD, joules and grams a request; `machines`: there are enough of each type."""

    cost: float
    latency: float
    privacy: float
    energy: float
    accuracy: float
    worst: float
    mean: float
    least_mse: float
    most_nats: float
    machines: bool = True
    carbon: float = 0.0


def wire_before(doc: Documents, placement: tuple[Choice, ...], s: int) -> Wire | None:
    """The link that is crossed before stage s."""
    to = doc.groups[placement[s].tier].name
    sender = doc.source if s == 0 else doc.groups[placement[s - 1].tier].name
    return doc.wires.get((sender, to)) if sender != to else None


def made(doc: Documents, forms: tuple[Form, ...], s: int) -> float:
    """Bytes that stage s hands on, before any compression; those of the input for -1."""
    if s < 0:
        return doc.input_bytes
    kept = next((form.activations for form in forms if form.first <= s <= form.last), 1.0)
    return doc.activations[s] * kept


def form_of(forms: tuple[Form, ...], s: int) -> Form | None:
    """The form stage s runs in."""
    return next((form for form in forms if form.first <= s <= form.last), None)


def seconds(choice: Choice, s: int, form: Form | None) -> float:
    """Time of a stage on an option, without coding."""
    if form is None:
        return choice.seconds[s]
    added = form.added / choice.speed if s == form.first and form.added else 0.0
    return choice.seconds[s] * form.factor + added


class Valuation:
    """One decision, term by term."""

    def __init__(self, doc: Documents, decision: Decision) -> None:
        self.doc, self.decision = doc, decision
        self.at = decision.placement
        self.length = len(self.at)
        reach = [Fraction(1)]
        for row in decision.rows:
            reach.append(reach[-1] * (1 - row.exit_rate if row else 1))
        self.exact_reach = reach
        self.reach = [float(r) for r in reach]
        self.wires = [wire_before(doc, self.at, s) for s in range(self.length)]
        self.sent = [
            made(doc, decision.forms, s - 1) * (way.kept if way else 1.0) for s, way in enumerate(decision.ways)
        ]
        self.hop = [
            self.sent[s] * 8 / wire.bits_per_second + wire.round_trip if wire else 0.0
            for s, wire in enumerate(self.wires)
        ]
        self.work = [self.operations(s) for s in range(self.length)]
        self.time = [seconds(self.at[s], s, self.form(s)) for s in range(self.length)]
        self.encode = [self.coding(s, before=True) for s in range(self.length)]
        self.decode = [self.coding(s, before=False) for s in range(self.length)]
        self.enters = [s == 0 or self.at[s] != self.at[s - 1] for s in range(self.length)]
        self.cold = [
            doc.groups[choice.tier].cold if self.enters[s] and doc.groups[choice.tier].cold_share else 0.0
            for s, choice in enumerate(self.at)
        ]

    def form(self, s: int) -> Form | None:
        """The form stage s runs in."""
        return form_of(self.decision.forms, s)

    def operations(self, s: int) -> float:
        """Operations of a stage."""
        form = self.form(s)
        if form is None:
            return self.doc.flops[s]
        return self.doc.flops[s] * form.factor + (form.added if s == form.first else 0.0)

    def coding(self, s: int, before: bool) -> float:
        """Seconds on the sender, or on the receiver, of the hand-over before stage s."""
        way = self.decision.ways[s]
        if way is None or (before and s == 0):
            return 0.0
        flops = way.encode if before else way.decode
        return flops / self.at[s - 1 if before else s].speed if flops else 0.0

    def worth(self) -> Worth:
        """Everything a decision achieves."""
        worst = sum(self.time) + sum(self.hop) + sum(self.encode) + sum(self.decode) + sum(self.cold)
        mean = sum(
            self.reach[s]
            * (
                self.time[s]
                + self.hop[s]
                + self.encode[s]
                + self.decode[s]
                + self.cold[s] * float(self.doc.groups[self.at[s].tier].cold_share)
            )
            for s in range(self.length)
        )
        measure = self.doc.workload.get("latency_measure", "worst")
        if measure in ("worst", "mean"):
            latency = {"worst": worst, "mean": mean}[measure]
        elif self.doc.workload.get("tail", "fixed") == "fixed":
            latency = self.percentile(Fraction(measure[1:]) / 100)
        else:
            latency = worst + self.spread(float(measure[1:]) / 100)
        return Worth(
            cost=self.cost(),
            latency=latency * 1000,
            privacy=self.privacy(),
            energy=self.energy(),
            accuracy=self.accuracy(),
            worst=worst * 1000,
            mean=mean * 1000,
            least_mse=min((self.error(s) for s in range(self.length)), default=math.inf),
            most_nats=max((way.nats for way in self.decision.ways if way and way.nats is not None), default=-math.inf),
            machines=self.enough_machines(),
            carbon=self.carbon(),
        )

    def error(self, s: int) -> float:
        """Error of an attacker at the hand-over before a stage: infinite where nothing is exposed, unknown is least."""
        wire, way = self.wires[s], self.decision.ways[s]
        if wire is None or wire.trusted or way is None:
            return math.inf
        return -math.inf if way.mse is None else way.mse

    def accuracy(self) -> float:
        """Share of requests answered right."""
        total = Fraction(0)
        for s, row in enumerate(self.decision.rows):
            if row:
                total += self.exact_reach[s] * row.exit_rate * row.accuracy
            if way := self.decision.ways[s]:
                total -= self.exact_reach[s] * way.lost
        for form in self.decision.forms:
            if form.first < self.length:
                total -= self.exact_reach[form.first] * form.lost
        return float(total)

    def percentile(self, share: Fraction) -> float:
        """Time after which at most 1 - share are inside: each exit class with or without each of its cold starts."""
        atoms: list[tuple[float, Fraction]] = []
        meets: list[tuple[float, Fraction]] = []
        passed = 0.0
        for s, row in enumerate(self.decision.rows):
            passed += self.encode[s] + self.hop[s] + self.decode[s] + self.time[s]
            if self.cold[s]:
                meets.append((self.cold[s], self.doc.groups[self.at[s].tier].cold_share))
            leaves = self.exact_reach[s] * row.exit_rate if row else Fraction(0)
            if not leaves:
                continue
            for cold in itertools.product((False, True), repeat=len(meets)):
                mass, late = leaves, 0.0
                for met, (delay, part) in zip(cold, meets, strict=True):
                    mass *= part if met else 1 - part
                    late += delay if met else 0.0
                if mass:
                    atoms.append((passed + late, mass))
        inside = Fraction(0)
        atoms.sort()
        for time, mass in reversed(atoms):
            inside += mass
            if inside > 1 - share:
                return time
        return 0.0

    def spread(self, share: float) -> float:
        """k standard deviations of the whole path."""
        k = NormalDist().inv_cdf(share) if self.doc.workload["tail"] == "normal" else math.sqrt(share / (1 - share))
        forms = [self.form(s) for s in range(self.length)]
        return k * math.hypot(
            *(self.at[s].deviations[s] * (form.factor if form else 1.0) for s, form in enumerate(forms))
        )

    def charged(self, choice: Choice) -> float:
        """Seconds per request that an option is busy with stages, coding included."""
        total = 0.0
        for s in range(self.length):
            if self.at[s] == choice:
                total += self.reach[s] * (self.time[s] + self.decode[s])
            if s and self.at[s - 1] == choice:
                total += self.reach[s] * self.encode[s]
        return total

    def passing(self, choice: Choice) -> float:
        """Seconds per request that an option spends handing over."""
        if self.doc.groups[choice.tier].kind not in PASSING:
            return 0.0
        return sum(self.reach[s] * self.hop[s] for s in range(1, self.length) if self.at[s - 1] == choice)

    def cost(self) -> float:
        """USD a request."""
        if self.doc.accounting == "as-printed":
            return self.printed_cost()
        total = sum(self.reach[s] * self.sent[s] * wire.usd_per_byte for s, wire in enumerate(self.wires) if wire)
        for choice in set(self.at):
            group = self.doc.groups[choice.tier]
            if group.kind in MACHINES:
                total += self.machine_cost(choice)
            else:
                calls = sum(self.reach[s] for s in range(self.length) if self.at[s] == choice and self.enters[s])
                total += calls * (choice.fee + choice.usd_per_second * float(group.cold_share) * group.cold)
                total += choice.usd_per_second * self.charged(choice)
        return total

    def machine_cost(self, choice: Choice) -> float:
        """USD a request for an option rented by the hour: its busy time, or whole machines."""
        if self.doc.accounting == "per-request":
            return choice.usd_per_hour / 3600 / choice.workers * (self.charged(choice) + self.passing(choice))
        return self.number(choice) * choice.usd_per_hour / 3600 / float(self.doc.workload["rate_per_s"])

    def number(self, choice: Choice) -> int:
        """Machines that are rented whole."""
        busy = self.charged(choice) + self.passing(choice)
        cap = float(self.doc.workload.get("utilisation_cap", Fraction(8, 10)))
        return math.ceil(float(self.doc.workload["rate_per_s"]) * busy / (choice.workers * cap) * (1 - KEPT))

    def enough_machines(self) -> bool:
        """Whether there are as many of each type as are rented whole, where somebody counts them."""
        if not self.doc.counted or self.doc.accounting != "reserved":
            return True
        pairs = [(choice, self.doc.groups[choice.tier]) for choice in set(self.at)]
        return all(
            group.most is None or self.number(choice) <= group.most for choice, group in pairs if group.kind in MACHINES
        )

    def printed_cost(self) -> float:
        """The survey's formula to the letter: two tiers, whole times, shares of those who leave."""
        cut = sum(choice.tier == 0 for choice in self.at)
        total = 0.0
        for part, stages in ((0, range(cut)), (1, range(cut, self.length))):
            if not stages:
                continue
            choice = self.at[stages[0]]
            group = self.doc.groups[choice.tier]
            price = choice.usd_per_second if group.kind == "function" else choice.usd_per_hour / 3600 / choice.workers
            busy = sum(self.time[s] + self.decode[s] for s in stages)
            if part == 0 and cut < self.length:
                busy += self.hop[cut] + self.encode[cut]
            if part == 1:
                busy += group.cold
            left = sum(self.exact_reach[s] - self.exact_reach[s + 1] for s in stages)
            total += price * busy * float(left)
        return total

    def energy(self) -> float:
        """Joules a request."""
        return sum(joules for _, joules in self.taken())

    def taken(self) -> list[tuple[Group, float]]:
        """Joules a request, by the tier that takes them."""
        found = []
        for s, choice in enumerate(self.at):
            way, wire, here = self.decision.ways[s], self.wires[s], self.doc.groups[choice.tier]
            joules = choice.joules_per_flop * (self.work[s] + (way.decode if way else 0.0))
            found.append((here, self.reach[s] * joules))
            if way and s:
                before = self.at[s - 1]
                found.append((self.doc.groups[before.tier], self.reach[s] * before.joules_per_flop * way.encode))
            if wire:
                senders = [g for g in self.doc.groups if g.name == (self.doc.source if s == 0 else "")]
                if s:
                    senders = [self.doc.groups[self.at[s - 1].tier]]
                found += [(group, self.reach[s] * group.joules_per_byte * self.sent[s]) for group in senders]
        return found

    def carbon(self) -> float:
        """Grams a request: of joules, of busy seconds, of machines that are on, of making what is used."""
        total = sum(group.grams * joules for group, joules in self.taken())
        for choice in set(self.at):
            group = self.doc.groups[choice.tier]
            made_of = choice.embodied / 3600
            busy = self.charged(choice) + self.passing(choice)
            if group.kind not in MACHINES:
                calls = sum(self.reach[s] for s in range(self.length) if self.at[s] == choice and self.enters[s])
                busy += calls * float(group.cold_share) * group.cold
                total += busy * (choice.full * group.grams + made_of)
            elif self.doc.accounting == "reserved":
                rate = float(self.doc.workload["rate_per_s"])
                total += self.number(choice) * (choice.idle * group.grams + made_of) / rate
                total += busy / choice.workers * (choice.full - choice.idle) * group.grams
            else:
                total += busy / choice.workers * (choice.full * group.grams + made_of)
        return total

    def privacy(self) -> float:
        """The expected leak of a request."""
        total = 0.0
        for s, wire in enumerate(self.wires):
            way = self.decision.ways[s]
            if wire is None or way is None:
                continue
            loss = self.doc.weight_nats * way.nats_added
            if not wire.trusted:
                loss += self.doc.weight_mse * self.leak(way)
            total += self.reach[s] * loss
        return total

    def leak(self, way: Manner) -> float:
        """How much an attacker learns: all of it where the error is unknown."""
        if way.mse is None or self.doc.baseline_mse is None:
            return 1.0
        return max(0.0, 1 - way.mse / self.doc.baseline_mse)
