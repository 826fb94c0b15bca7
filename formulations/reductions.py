"""What index sets leave out, and why no plan that is best is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serflow_opt.formulations.elements import Level
from serflow_opt.ground.tolerances import CERTAIN
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Link

_LINKS = {trusted: Link(1.0, 0.0, 0.0, trusted) for trusted in (False, True)}


def ending_matters(instance: Instance) -> bool:
    """Whether a plan that ends where everybody leaves can be better than one that goes on with stages nobody reaches.

    These take no money, energy or mean time, and they can stay on the last option without a link to cross. What they
    may take is time in the worst case, of a request that goes all the way, or of a call of a function, and memory; and
    rules may forbid them.
    """
    if not instance.may_end_early:
        return False
    if instance.latency_measure == "worst" or instance.deviations is not None or instance.rules:
        return True
    if any(instance.may_run_long(option) for option in instance.options):
        return True
    grown = max([1.0, *(variant.parameters_kept for variant in instance.variants)])
    whole = sum(map(instance.held_bytes, range(len(instance.stages)))) * grown
    whole += sum(variant.added_parameter_bytes for variant in instance.variants)
    whole += max([instance.input_bytes, *(stage.activation_bytes for stage in instance.stages)])
    return any(option.memory_bytes is not None and option.memory_bytes < whole for option in instance.options)


def floor_in_reach(instance: Instance, menus: Mapping[int, Sequence[Level]], end: int, last: Level) -> bool:
    """Whether some thresholds of the stages before an end may bring a plan that ends there to the accuracy floor.

    Adaptations may cost accuracy, which is left out; where some bring accuracy, nothing is ruled out.

    Parameters
    ----------
    menus
        The levels of each stage that may be chosen.
    end, last
        The stage, and its level where everybody leaves.
    """
    changes = [way.accuracy_loss for ways in instance.ways for way in ways]
    changes += [variant.accuracy_loss for variant in instance.variants]
    if instance.accuracy_min is None or min(changes, default=0.0) < 0:
        return True
    best = last.accuracy
    for s in range(end - 1, 0, -1):
        best = max(
            (1 - level.exit_rate) * best + (level.exit_rate * level.accuracy if level.exit_rate > 0 else 0.0)
            for level in menus[s]
        )
    return best >= instance.accuracy_min * (1 - CERTAIN)


def undominated(instance: Instance, s: int, trusted: bool) -> list[int]:
    """Return the ways to hand over that privacy allows (survey 2.2.2 (2)) and that no other one beats in everything.

    Parameters
    ----------
    s
        The stage that is handed over to, 1..M.
    trusted
        Whether the link to cross is trusted: what crosses it is not exposed.

    Returns
    -------
    list of int
        Positions among the ways of that stage; of equals the first.
    """
    link, ways = _LINKS[trusted], instance.ways[s - 1]
    allowed = [w for w, way in enumerate(ways) if instance.may_cross(way, link)]
    if len(allowed) <= 1:
        return allowed
    vectors = {
        w: (way.kept, way.encode_flops, way.decode_flops, way.accuracy_loss, instance.leak(way, link))
        for w, way in ((w, ways[w]) for w in allowed)
    }

    def beaten(w: int) -> bool:
        mine = vectors[w]
        return any(
            all(a <= b for a, b in zip(other, mine, strict=True)) and (other != mine or v < w)
            for v, other in vectors.items()
            if v != w
        )

    return [w for w in vectors if not beaten(w)]
