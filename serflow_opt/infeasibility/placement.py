"""Why no placement exists at all: which stages fit nowhere, and what memory, payloads and links have to do with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import combinations

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.infeasibility.conflicts import Keys, smallest_clashes
from serflow_opt.plan.document import Change, Clash, ClashingSet
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS, CLIENT
from serflow_opt.problem.offers import Link, Option
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchSettings

MIB = 2.0**20
SHOWN = 3
"""Stages that fit nowhere and links that would help, named at most."""
BRIDGE = Link(bytes_per_s=1e15, round_trip_s=0.0, usd_per_byte=0.0)
"""Stands for a link that is missing."""
KEYS = ("memory_mb", "payload_max_bytes", "link", "rule", "run_max_s", "machines_max")
Holds = Callable[[Instance], bool | None]


def no_placement(instance: Instance, settings: SearchSettings) -> Clash:
    """Explain why an instance without targets has no placement.

    Parameters
    ----------
    instance
        Without targets, and without any placement.
    settings
        Of the solve.
    """
    plain = replace(instance, latency_measure="worst", tail="fixed")

    def holds(changed: Instance) -> bool | None:
        found = search(changed, settings, {"latency": 1.0})
        return True if found.decision is not None else False if found.infeasible else None

    def kept(keys: Keys) -> bool | None:
        return holds(_keeping(plain, keys))

    counted = instance.machines_scarce
    found, complete = smallest_clashes(KEYS if counted else KEYS[:-1], kept)
    sets = [_set(plain, keys, holds) for keys in found]
    message = (
        "no placement exists even without targets: no chain of links, memory and payload limits lets every "
        "stage run somewhere; check [[link]], memory_mb and payload_max_bytes"
    )
    if "run_max_s" in {key for keys in found for key in keys}:
        message += ", and how long functions may run"
    message += ", and [[rule]]" if instance.rules else ""
    message += ", and how many machines there are" if counted else ""
    return Clash(limit="placement", asked=0.0, best=None, message=message, sets=sets, sets_complete=complete)


def _keeping(instance: Instance, keys: Keys) -> Instance:
    """Return a copy without the limits that are not named."""
    if "memory_mb" not in keys:
        instance = replace(instance, options=tuple(replace(o, memory_bytes=None) for o in instance.options))
    if "payload_max_bytes" not in keys:
        instance = replace(instance, tiers=tuple(replace(t, payload_max_bytes=None) for t in instance.tiers))
    if "run_max_s" not in keys:
        instance = replace(instance, options=tuple(replace(o, run_max_s=None) for o in instance.options))
    if "machines_max" not in keys:
        instance = _any_number(instance, instance.options)
    if "rule" not in keys:
        instance = replace(instance, rules=())
    if "link" not in keys:
        bridges = dict.fromkeys(_missing(instance), BRIDGE)
        instance = replace(instance, links={**bridges, **instance.links})
    return instance


def _missing(instance: Instance) -> list[tuple[str, str]]:
    """Links there could be and are not: from the source, and from each tier to each later one."""
    names = [tier.name for tier in instance.tiers]
    pairs = list(combinations(names, 2))
    if instance.source != CLIENT:
        pairs += [(instance.source, name) for name in names if name != instance.source]
    return [pair for pair in dict.fromkeys(pairs) if pair not in instance.links]


def _set(instance: Instance, keys: Keys, holds: Holds) -> ClashingSet:
    """Put a set into words, with the least change of each of its limits while the others of the set hold."""
    limits = [key for key in KEYS if key in keys]
    least = {
        "memory_mb": _least_memory,
        "payload_max_bytes": _least_payload,
        "link": _helpful_links,
        "rule": _helpful_rules,
        "run_max_s": _shorter_runs,
        "machines_max": _more_machines,
    }
    changes, needs = zip(*(least[key](instance, keys, holds) for key in limits), strict=True)
    message = f"{' with '.join(limits)}: it would take {', or '.join(needs)}"
    if "memory_mb" in keys:
        message += "".join(f"; {line}" for line in stages_too_large(instance)[:SHOWN])
    return ClashingSet(limits=limits, changes=list(changes), message=message)


def _least_memory(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Find how many whole MB each option would have to have more."""
    free = _keeping(instance, keys - {"memory_mb"})
    more = _first(_most_mb(instance), lambda mb: holds(_with_memory(instance, free, mb)))
    change = Change(limit="memory_mb", asked=0.0, best=more, unit="MB more", proven=more is not None)
    return change, f"each memory_mb {more} larger" if more else "more memory_mb (how much: time ran out)"


def _least_payload(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Find what each payload limit would have to be at least."""
    free, sizes = _keeping(instance, keys - {"payload_max_bytes"}), _sizes(instance)
    n = _first(len(sizes), lambda n: holds(_with_payload(instance, free, sizes[n - 1])))
    value = None if n is None else sizes[n - 1]
    asked = min((tier.payload_max_bytes for tier in instance.tiers if tier.payload_max_bytes is not None), default=0.0)
    change = Change(limit="payload_max_bytes", asked=asked, best=value, unit="bytes", proven=value is not None)
    words = "larger (how much: time ran out)" if value is None else f"{value:.0f} or more"
    return change, f"each payload_max_bytes {words}"


def _more_machines(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Name the types each of which alone, if there were any number, would open a way."""
    base = _keeping(instance, keys)
    single = [
        option.name
        for option in base.options
        if base.machines_max(option) is not None and holds(_any_number(base, [option]))
    ]
    limits = map(instance.machines_max, instance.options)
    asked = min(most for most in limits if most is not None)
    change = Change(limit="machines_max", asked=float(asked), best=None, unit="machines")
    named = " or ".join(single[:SHOWN])
    return change, f"more machines of {named}" if named else "more machines of more than one type"


def _any_number(instance: Instance, options: Collection[Option]) -> Instance:
    """Return a copy with any number of machines of some types; the others of their tiers have what they had."""
    tiers = tuple(replace(tier, scaling=replace(tier.scaling, machines_max=None)) for tier in instance.tiers)
    own = (None if any(option is o for o in options) else instance.machines_max(option) for option in instance.options)
    each = zip(instance.options, own, strict=True)
    return replace(instance, tiers=tiers, options=tuple(replace(option, machines_max=most) for option, most in each))


def _helpful_links(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Find the links each of which alone, if it existed, would open a way."""
    base = _keeping(instance, keys)
    single = [pair for pair in _missing(base) if holds(replace(base, links={**base.links, pair: BRIDGE}))]
    named = " or ".join(f"{a} -> {b}" for a, b in single[:SHOWN])
    change = Change(limit="link", asked=float(len(instance.links)), best=None, unit="links")
    return change, f"a link {named}" if named else "more than one further link"


def _helpful_rules(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Find the rules each of which alone, if it went, would open a way."""
    base = _keeping(instance, keys)
    single = [
        f"{number} ({rule})"
        for number, rule in enumerate(base.rules, start=1)
        if holds(replace(base, rules=tuple(other for other in base.rules if other is not rule)))
    ]
    change = Change(limit="rule", asked=float(len(instance.rules)), best=None, unit="rules")
    return change, f"to drop rule {' or '.join(single[:SHOWN])}" if single else "to drop more than one rule"


def _shorter_runs(instance: Instance, keys: Keys, holds: Holds) -> tuple[Change, str]:
    """Find how long functions would have to be allowed to run, and the stage that is too long for all of them."""
    base = _keeping(instance, keys)
    functions = [option for option in base.options if option.run_max_s is not None]
    asked = max((option.run_max_s or 0.0 for option in functions), default=0.0)
    times = sorted({seconds for option in functions for seconds in _run_times(option)})
    n = _first(len(times), lambda n: holds(_with_runs(base, times[n - 1])))
    least = None if n is None else times[n - 1]
    alone = [min(option.stage_seconds[s] for option in functions) for s in range(len(base.stages))]
    s = max(range(len(alone)), key=alone.__getitem__)
    cure = f"cut stage {s + 1}" if alone[s] > asked else "let fewer stages follow each other on one"
    proven = least is not None and not base.variants
    change = Change(limit="run_max_s", asked=asked, best=least, unit="s", proven=proven)
    longer = "longer (how long: time ran out)" if least is None else f"{least:.4g} s"
    return change, f"functions that may run {longer}, not {asked:g} s as the catalogue says: {cure}"


def _run_times(option: Option) -> Iterator[float]:
    """Seconds that runs of stages on an option take, each stage as it is."""
    count = len(option.stage_seconds)
    return (math.fsum(option.stage_seconds[i:j]) for i in range(count) for j in range(i + 1, count + 1))


def _with_runs(instance: Instance, seconds: float) -> Instance:
    """Let functions run at least so long."""
    own = [option.run_max_s for option in instance.options]
    longer = [None if may is None else max(may, seconds) for may in own]
    return replace(
        instance, options=tuple(replace(o, run_max_s=may) for o, may in zip(instance.options, longer, strict=True))
    )


def stages_too_large(instance: Instance) -> list[str]:
    """Name the stages that fit no option and that all plans have, with what they need and the largest there is."""
    if any(option.memory_bytes is None for option in instance.options):
        return []
    largest = max(instance.options, key=lambda option: option.memory_bytes or 0.0)
    assert largest.memory_bytes is not None
    said, of = [], f", on one {largest.memory_of}" if largest.memory_of else ""
    early = [s for s, menu in enumerate(instance.menus) if instance.may_end_early and max(menu.exit_rates) >= 1]
    for s in range(min([*early, len(instance.stages) - 1]) + 1):
        need = _need(instance, s)
        if need > largest.memory_bytes * (1 + TOLERANCE):
            said.append(
                f"stage {s + 1} needs {need / MIB:.4g} MB, the largest option has {largest.memory_bytes / MIB:.4g} "
                f"({instance.tiers[largest.tier].name}: {largest.name}{of})"
            )
    return said


def _need(instance: Instance, s: int) -> float:
    """Bytes that a stage needs alone, in its smallest variant: what it keeps and the larger of its two activations."""
    forms = [AS_IS, *(v for v, variant in enumerate(instance.variants) if variant.covers(s))]
    kept = min(instance.held_bytes(s, v) for v in forms)
    return kept + max(instance.received_bytes(s), instance.stages[s].activation_bytes)


def _most_mb(instance: Instance) -> int:
    """Whole MB that certainly suffice: for all stages as they are."""
    largest = max(instance.input_bytes, *(stage.activation_bytes for stage in instance.stages))
    factor = max((v.parameters_kept for v in instance.variants), default=1.0)
    kept = sum(map(instance.held_bytes, range(len(instance.stages)))) * max(factor, 1.0)
    kept += sum(variant.added_parameter_bytes for variant in instance.variants)
    return math.ceil((kept + largest) / MIB) + 1


def _with_memory(instance: Instance, free: Instance, more_mb: int) -> Instance:
    """`free`, with the memory of `instance` and so many MB more on each option."""
    larger = tuple(
        replace(own, memory_bytes=None if old.memory_bytes is None else old.memory_bytes + more_mb * MIB)
        for own, old in zip(free.options, instance.options, strict=True)
    )
    return replace(free, options=larger)


def _with_payload(instance: Instance, free: Instance, size: float) -> Instance:
    """`free`, with the payload limits of `instance`, raised to a size where they are below it."""
    tiers = tuple(
        replace(own, payload_max_bytes=None if old.payload_max_bytes is None else max(old.payload_max_bytes, size))
        for own, old in zip(free.tiers, instance.tiers, strict=True)
    )
    return replace(free, tiers=tiers)


def _sizes(instance: Instance) -> list[float]:
    """Sizes in bytes that hand-overs can have, rising."""
    variants = range(-1, len(instance.variants))
    return sorted(
        {
            instance.sent_bytes(s, variant, way)
            for s in range(len(instance.stages))
            for variant in variants
            for way in instance.ways[s]
        }
    )


def _first(most: int, holds: Callable[[int], bool | None]) -> int | None:
    """Return the least whole number from 1 on that holds, where all above hold too; None: not known."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        answer = holds(middle)
        if answer is None:
            return None
        low, high = (low, middle) if answer else (middle + 1, high)
    return low
