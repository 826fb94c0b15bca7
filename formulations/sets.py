"""Index sets of a problem: what stages can run as, how they follow each other, and which levels menus have.

Sets
----
s in 1..M           stages
e in runners        what a stage can run as: an option as it is, or an option in a variant (κ) of a block; p(e), k(e)
                    its option and tier
(s, v) in ends      stages before the last one where all may leave, by the menu of variant v or their own, `AS_IS`: a
                    plan may end there, and what comes after needs nothing. There are none in `as-printed`, whose
                    formula pays for all stages, where it makes no difference (`ending_matters`), and where no plan that
                    ends there keeps the accuracy floor
(s, e) in places    pairs on some path from the source to an end, where the stage fits the option's memory on its own
                    and rules allow it
(s, e, f) in stays  ways to go on with stage s as f on the same option; e = f but where a block begins or ends
(s, e, k, w) in hops    ways to leave runner e before stage s for tier k, handed over in way w (γ and protection): along
                    a link within the payload limit of k, or, in a tier with stage_specific options, to another option
                    of the same tier. e is `SOURCE` for the way in, s = 1; w is `NOTHING` where no link is crossed
(s, e, w) in entries    runners that can take stage s over in way w
(s, k, w, c) in hubs    where hops meet entries; c is the variant that a block which goes on carries over

Ways that another one beats in everything they cost are left out, and ways that privacy limits forbid
(survey 2.2.2 (2)).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cached_property

from serflow_opt.formulations.elements import NOTHING, SOURCE, Entry, Hop, Hub, Place, Runner, Stay
from serflow_opt.formulations.levels import MenuLevels
from serflow_opt.formulations.reductions import ending_matters, undominated
from serflow_opt.ground.tolerances import ROOM, SLACK
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import PLAIN, HandoverMode, Variant
from serflow_opt.problem.offers import Link


class Sets(MenuLevels):
    """Index sets of one instance.

    Parameters
    ----------
    instance
        The problem.
    allowed
        Pairs (stage 1..M, runner) that may be used; None: all. Pruning passes fewer.
    levels
        Pairs (stage 1..M, level) that may be used; None: all.

    Attributes
    ----------
    runners
        All runners; the first are the options as they are, in their order.
    runners_at
        By stage, those that it may run as.
    ends
        By stage and variant whose menu it is, the most accurate level at which all leave (a position in `menu`).
    """

    def __init__(
        self,
        instance: Instance,
        allowed: Collection[Place] | None = None,
        levels: Collection[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(instance, levels)
        self.machines = range(len(instance.options))
        self.runners = [Runner(p, AS_IS) for p in self.machines]
        self.runners += [Runner(p, v) for v in range(len(instance.variants)) for p in self.machines]
        self.tier = [instance.options[runner.option].tier for runner in self.runners]
        # what the ways to leave a runner depend on; SOURCE, -1, is the last
        self._kinds = [(tier, runner.variant) for tier, runner in zip(self.tier, self.runners, strict=True)]
        self._kinds.append((SOURCE, AS_IS))
        self._known_sending: dict[Hop, tuple[Link | None, HandoverMode, float]] = {}
        self._known_usable: dict[tuple[int, bool], list[int]] = {}
        self._known_ways: dict[tuple[int, tuple[int, int]], dict[int, list[int]]] = {}
        self.ends = self.all_ends() if ending_matters(instance) else {}
        self._links = self._all_links()
        self._onto: dict[int, list[int]] = {k: [] for k in range(SOURCE, len(instance.tiers))}
        for source, k in self._links:
            self._onto[source].append(k)
        limits = [option.memory_bytes for option in instance.options]
        self._rooms = [math.inf if limit is None else limit * (1 + SLACK) for limit in limits]
        free = [not instance.rules and option.run_max_s is None for option in instance.options]
        needs = {s: instance.held_bytes(s - 1) + self.activation(s) for s in self.stages}
        plain, least = allowed is None and not instance.variants and all(free), min(self._rooms)
        on: dict[int, set[int]] = {}
        for s in self.stages:
            if plain and needs[s] <= least:  # all options have room
                on[s] = set(self.machines)
                continue
            on[s] = {
                e
                for e, (p, variant) in enumerate(self.runners)
                if (allowed is None or (s, e) in allowed)
                and (needs[s] <= self._rooms[p] if variant == AS_IS else self._fits(s, e))
                and (free[p] or instance.allows(s - 1, instance.options[p], variant))
            }
        self.runners_at = kept = self._on_some_path(on)
        self.places: list[Place] = [(s, e) for s, here in kept.items() for e in here]
        self.receivers: dict[tuple[int, int, int], list[int]] = {}
        # all of a kind leave alike
        self.senders: dict[tuple[int, tuple[int, int]], list[int]] = {(1, self._kinds[SOURCE]): [SOURCE]}
        parted: dict[tuple[int, ...], dict[tuple[int, int], list[int]]] = {}  # most stages have the same runners
        for s, here in kept.items():
            key = tuple(here)
            if key not in parted:
                parted[key] = self._by_kind(here)
            for kind, alike in parted[key].items():
                self.receivers.setdefault((s, kind[0], self.carried(s, alike[0])), []).extend(alike)
                if s < self.last:
                    self.senders[s + 1, kind] = alike
        self.onward: dict[tuple[int, tuple[int, int]], list[tuple[int, int]]] = {}
        hubs: set[Hub] = set()
        for (s, kind), (e, *_) in self.senders.items():
            carried = self.carried(s, e)
            into = [(k, ways) for k, ways in self._ways(s, e).items() if (s, k, carried) in self.receivers]
            self.onward[s, kind] = [(k, w) for k, ways in into for w in ways]
            hubs.update((s, k, w, carried) for k, w in self.onward[s, kind])
        self.hubs: list[Hub] = sorted(hubs)
        self.arriving: dict[tuple[int, int, int], list[int]] = {}
        for s, k, w, c in self.hubs:
            self.arriving.setdefault((s, k, c), []).append(w)

    @cached_property
    def hops(self) -> list[Hop]:
        """Ways to leave each runner, by stage and runner; `SOURCE` first."""
        left = [(1, SOURCE), *((s + 1, e) for s, e in self.places if s < self.last)]
        return [(s, e, k, w) for s, e in left for k, w in self.onward[s, self._kinds[e]]]

    @cached_property
    def entries(self) -> list[Entry]:
        """Ways in which runners take stages over, by stage and runner."""
        at = self.arriving
        return [(s, e, w) for s, e in self.places for w in at.get((s, self.tier[e], self.carried(s, e)), ())]

    def may_end(self, s: int, e: int) -> bool:
        """Whether a plan may end at stage s when it runs as e: everybody leaves at some level."""
        return bool(self.ends) and (s, self.menu_used(s, e)) in self.ends

    def _all_links(self) -> dict[tuple[int, int], Link | None]:
        """Return what is crossed from tier (or SOURCE) to tier; None: nothing, and nothing to pay."""
        instance = self.instance
        links: dict[tuple[int, int], Link | None] = {}
        for k, link in instance.entry_links().items():
            links[SOURCE, k] = link
        for k, source in enumerate(instance.tiers):
            for j, target in enumerate(instance.tiers):
                link = instance.links.get((source.name, target.name))
                if k == j and source.stage_specific:
                    links[k, j] = None
                elif k < j and link is not None:
                    links[k, j] = link
        return links

    def _fits(self, s: int, e: int) -> bool:
        runner = self.runners[e]
        if runner.variant != AS_IS and not self.instance.variants[runner.variant].covers(s - 1):
            return False
        return self.parameters(s, e) + self.activation(s) <= self._rooms[runner.option]

    def _ways(self, s: int, e: int) -> dict[int, list[int]]:
        """Return the ways to hand over from a runner (or SOURCE) before stage s, by the tier that takes over."""
        kind = self._kinds[e]
        known = self._known_ways.get((s, kind))
        if known is None:
            found = {k: self._find_ways(s, e, k) for k in self._onto[kind[0]]}
            known = self._known_ways[s, kind] = {k: ways for k, ways in found.items() if ways}
        return known

    def _find_ways(self, s: int, e: int, k: int) -> list[int]:
        instance, source = self.instance, self._kinds[e][0]
        link = self._links[source, k]
        if source == k or (e == SOURCE and instance.tiers[k].name == instance.source):
            return [NOTHING]
        usable = [NOTHING] if link is None else self._usable(s, link.trusted)
        if instance.tiers[k].payload_max_bytes is None:
            return usable
        return [w for w in usable if instance.accepts(k, self.sent_bytes((s, e, k, w)))]

    def _usable(self, s: int, trusted: bool) -> list[int]:
        """Return the ways over a link before stage s that are worth a look."""
        key = s, trusted
        if key not in self._known_usable:
            self._known_usable[key] = undominated(self.instance, s, trusted)
        return self._known_usable[key]

    def _by_kind(self, here: Sequence[int]) -> dict[tuple[int, int], list[int]]:
        """Part runners by what the ways to leave them depend on."""
        parts: dict[tuple[int, int], list[int]] = {}
        for e in here:
            parts.setdefault(self._kinds[e], []).append(e)
        return parts

    def carried(self, s: int, e: int) -> int:
        """Return the variant that a block which goes on at stage s carries over, when stage s or s - 1 runs as e."""
        if not self.instance.variants:
            return AS_IS
        variant = AS_IS if s == 1 or e == SOURCE else self.runners[e].variant
        if variant == AS_IS:
            return AS_IS
        block = self.instance.variants[variant]
        return variant if block.covers(s - 2) and block.covers(s - 1) else AS_IS

    def _on_some_path(self, kept: dict[int, set[int]]) -> dict[int, list[int]]:
        """Return the runners by stage that lie on a path from the source to an end, in their order."""
        keep = self._keep_on_some_path if self.instance.variants else self._keep_on_some_plain_path
        keep(kept)
        return {s: sorted(kept[s]) if kept[1] else [] for s in self.stages}

    def _keep_on_some_path(self, kept: dict[int, set[int]]) -> None:
        before = {SOURCE}
        for s in self.stages:  # what can be reached
            stays = {(self.runners[e].option, self.carried(s, e)) for e in before if e != SOURCE}
            alike = {self._kinds[e]: e for e in before}.values()
            moves = {(k, self.carried(s, e)) for e in alike for k in self._ways(s, e)}
            before = kept[s] = {
                f
                for f in kept[s]
                if (self.runners[f].option, self.carried(s, f)) in stays or (self.tier[f], self.carried(s, f)) in moves
            }
        after = kept[self.last]
        for s in reversed(self.stages[1:]):  # what can go on
            stays = {(self.runners[f].option, self.carried(s, f)) for f in after}
            moves = {(self.tier[f], self.carried(s, f)) for f in after}
            alike = {self._kinds[e]: e for e in kept[s - 1]}.values()
            leave = {self._kinds[e] for e in alike if any((k, self.carried(s, e)) in moves for k in self._ways(s, e))}
            after = kept[s - 1] = {
                e
                for e in kept[s - 1]
                if self._kinds[e] in leave
                or (self.runners[e].option, self.carried(s, e)) in stays
                or self.may_end(s - 1, e)
            }

    def _keep_on_some_plain_path(self, kept: dict[int, set[int]]) -> None:
        """The same without variants, where a runner is an option and all of a tier leave it alike."""
        tier = self.tier
        before = {SOURCE}
        for s in self.stages:
            if kept[s] <= before:
                before = kept[s]
                continue
            alike = {SOURCE if e == SOURCE else tier[e]: e for e in before}.values()
            moves = {k for e in alike for k in self._ways(s, e)}
            before = kept[s] = {f for f in kept[s] if f in before or tier[f] in moves}
        after = kept[self.last]
        for s in reversed(self.stages[1:]):
            if kept[s - 1] <= after or (s - 1, AS_IS) in self.ends:
                after = kept[s - 1]
                continue
            into = {tier[f] for f in after}
            alike = {tier[e]: e for e in kept[s - 1]}.values()
            leave = {tier[e] for e in alike if not into.isdisjoint(self._ways(s, e))}
            after = kept[s - 1] = {e for e in kept[s - 1] if e in after or tier[e] in leave}

    @cached_property
    def stays(self) -> list[Stay]:
        """The pairs of runners of neighbouring stages on one option that no block forbids."""
        after: dict[tuple[int, int, int], list[int]] = {}
        for s, f in self.places:
            after.setdefault((s, self.runners[f].option, self.carried(s, f)), []).append(f)
        return [
            (s + 1, e, f)
            for s, e in self.places
            for f in after.get((s + 1, self.runners[e].option, self.carried(s + 1, e)), [])
        ]

    @property
    def connected(self) -> bool:
        """Whether there is any path."""
        return bool(self.places)

    @property
    def slack(self) -> float:
        """How far, relative, the model may miss a limit."""
        free = self.instance.threshold_mode != "menu" and bool(self.choosing)
        return SLACK if free else ROOM

    def opened(self, limit: float) -> float:
        """Return an upper limit as the model has it."""
        return limit + self.slack * abs(limit)

    def menu_used(self, s: int, e: int) -> int:
        """Return whose menu stage s uses when it runs as e: a variant with its own, or `AS_IS`."""
        return self.owner(s, self.runners[e].variant)

    def hub_left(self, hop: Hop) -> Hub:
        """Return the hub that a hop leads to."""
        s, e, k, w = hop
        return s, k, w, self.carried(s, e)

    def hub_entered(self, entry: Entry) -> Hub:
        """Return the hub that an entry comes from."""
        s, e, w = entry
        return s, self.tier[e], w, self.carried(s, e)

    def option(self, e: int) -> int:
        """Position of a runner's option."""
        return self.runners[e].option

    def is_function(self, e: int) -> bool:
        """Whether a runner is paid per use."""
        return self.instance.tiers[self.tier[e]].kind == "function"

    def activation(self, s: int) -> float:
        """Largest activation stage s makes or receives, bytes."""
        return self._activations[s - 1]

    @cached_property
    def _activations(self) -> list[float]:
        stages = enumerate(self.instance.stages)
        return [max(self.instance.received_bytes(s), stage.activation_bytes) for s, stage in stages]

    def parameters(self, s: int, e: int) -> float:
        """θ_s in the runner's variant, bytes; in training with what else is kept."""
        return self.instance.held_bytes(s - 1, self.runners[e].variant)

    def sent_bytes(self, hop: Hop) -> float:
        """Bytes on the link, Size times what is kept (survey 2.2.1 (5), survey 2.2.1 (6))."""
        return self._sending(hop)[2]

    def _variant(self, e: int) -> Variant | None:
        variant = self.runners[e].variant
        return None if variant == AS_IS else self.instance.variants[variant]

    def _link(self, hop: Hop) -> Link | None:
        _, e, k, _ = hop
        return self._links[SOURCE if e == SOURCE else self.tier[e], k]

    def _way(self, hop: Hop) -> HandoverMode:
        return self._sending(hop)[1]

    def _sending(self, hop: Hop) -> tuple[Link | None, HandoverMode, float]:
        """Return the link that a hop crosses, in which way, and how many bytes it sends there."""
        known = self._known_sending.get(hop)
        if known is None:
            s, e, _, w = hop
            link, variant = self._link(hop), AS_IS if e == SOURCE else self.runners[e].variant
            way = PLAIN if link is None else self.instance.ways[s - 1][w]
            known = self._known_sending[hop] = link, way, self.instance.sent_bytes(s - 1, variant, way)
        return known
