"""Why no deployment keeps the limits: the smallest sets of limits that clash, each answered by a search of its own.

A limit that is taken away is: no accuracy floor, no latency target, any number of machines, any share that waits. What
is left are the load that machines can take, memory, payloads and links. How far a limit would have to give way is found
by halving, each step a search that stops at the first deployment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from serflow_opt.errors import InputError
from serflow_opt.ground.deadline import Deadline
from serflow_opt.infeasibility.conflicts import Keys, smallest_clashes
from serflow_opt.plan.document import Change, ClashingSet
from serflow_opt.traffic.provision.cut_short import cut_short
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.question import ProvisionQuestion
from serflow_opt.traffic.provision.search import ProvisionSearch
from serflow_opt.traffic.provision.structures import Structures

MOST = 1e9
"""Times what was asked, up to which a limit is loosened."""
MORE_BLOCKS, MOST_STRUCTURES = 2, 30_000
"""How many more blocks are tried, as long as there are no more structures."""


@dataclass(frozen=True, slots=True)
class QuestionLimit:
    """A limit of a question.

    Attributes
    ----------
    key, said
        Its name, and the limit in words.
    asked, unit
        As they are shown.
    put
        Returns a question with another value, in the unit shown; None: without it.
    loosest
        What it cannot be loosened to; below `asked` for a floor.
    whole
        Whether only whole numbers mean anything.
    needs
        Words for a value that would do, with a place for it.
    """

    key: str
    said: str
    asked: float
    unit: str
    put: Callable[[ProvisionQuestion, float | None], ProvisionQuestion]
    loosest: float
    whole: bool
    needs: str


def why_not(question: ProvisionQuestion, deadline: Deadline) -> tuple[str, tuple[ClashingSet, ...]]:
    """Explain a proven infeasibility.

    Parameters
    ----------
    question
        One that no deployment answers.
    deadline
        When to stop.

    Returns
    -------
    tuple
        The reason in words, and the smallest sets of limits that clash.
    """
    answers = _Answers(deadline)
    if question.keep is not None and answers.any(replace(question, keep=None)):
        return "none of the structures that keep the targets is of the kind asked for", ()
    limits = {limit.key: limit for limit in limits_of(question)}

    def can_be_kept(keys: Keys) -> bool | None:
        return answers.any(_keeping(question, list(limits.values()), keys))

    if can_be_kept(frozenset()) is False:
        return _nothing_runs(question, answers), ()
    found, complete = smallest_clashes(list(limits), can_be_kept)
    sets = tuple(_set(question, list(limits.values()), keys, answers) for keys in found)
    words = [own.message for own in sets]
    if not words or not complete:
        words.append("time ran out before the whole reason was found; allow more with --time-limit")
    inaccurate = any(own.limits == ["accuracy_min"] for own in sets)  # which cutting does not change
    more = None if inaccurate else _more_blocks(question, answers)
    return "; ".join([*words, *([f"or allow more blocks: --blocks {more}"] if more else [])]), sets


def limits_of(question: ProvisionQuestion) -> list[QuestionLimit]:
    """Return the limits that a question sets, in a fixed order."""
    instance, limits = question.instance, list[QuestionLimit]()
    if instance.latency_slo_s is not None:
        asked = instance.latency_slo_s * 1000
        said, needs = f"latency_slo_ms ({instance.latency_measure}, {asked:g} ms)", "{0} ms (--latency-slo-ms {0})"
        limits.append(QuestionLimit("latency_slo_ms", said, asked, "ms", _put_latency, math.inf, False, needs))
    if instance.accuracy_min is not None:
        asked = instance.accuracy_min
        said, needs = f"accuracy_min ({asked:g})", "{0} (--accuracy-min {0})"
        limits.append(QuestionLimit("accuracy_min", said, asked, "", _put_accuracy, 0.0, False, needs))
    most = [tier.scaling.machines_max for tier in instance.tiers if tier.scaling.machines_max is not None]
    if most:
        names = ", ".join(f"{t.name} {t.scaling.machines_max}" for t in instance.tiers if t.scaling.machines_max)
        said = f"machines_max ({names})"
        limits.append(
            QuestionLimit(
                "machines_max", said, float(min(most)), "", _put_machines, math.inf, True, "machines_max = {0}"
            )
        )
    if (
        question.wait_max is not None
        and question.carrying.arrivals == "random"
        and any(t.kind != "function" for t in instance.tiers)
    ):
        said = f"wait_max ({question.wait_max:g})"
        limits.append(QuestionLimit("wait_max", said, question.wait_max, "", _put_wait, 1.0, False, "--wait-max {0}"))
    return limits


def _put_latency(question: ProvisionQuestion, value: float | None) -> ProvisionQuestion:
    slo = None if value is None else value / 1000
    return replace(question, instance=replace(question.instance, latency_slo_s=slo))


def _put_accuracy(question: ProvisionQuestion, value: float | None) -> ProvisionQuestion:
    return replace(question, instance=replace(question.instance, accuracy_min=value))


def _put_machines(question: ProvisionQuestion, value: float | None) -> ProvisionQuestion:
    tiers = tuple(
        replace(
            tier,
            scaling=replace(
                tier.scaling,
                machines_max=None
                if value is None or tier.scaling.machines_max is None
                else max(tier.scaling.machines_max, int(value)),
            ),
        )
        for tier in question.instance.tiers
    )
    return replace(question, instance=replace(question.instance, tiers=tiers))


def _put_wait(question: ProvisionQuestion, value: float | None) -> ProvisionQuestion:
    return replace(question, wait_max=value)


def _keeping(question: ProvisionQuestion, limits: Sequence[QuestionLimit], keys: Keys) -> ProvisionQuestion:
    for limit in limits:
        if limit.key not in keys:
            question = limit.put(question, None)
    return question


class _Answers:
    """Answers whether there is any deployment; what can run what is found once for each network."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._known: dict[tuple[int, int], Cutting] = {}

    def any(self, question: ProvisionQuestion) -> bool | None:
        """Whether there is a deployment; None: that could not be told, or not in time."""
        told = True
        for network in (question.instance, *cut_short(question.instance)):
            if self.deadline.expired:
                return None
            key = len(network.stages), question.blocks
            if key not in self._known:
                self._known[key] = Cutting(Structures(network, question.blocks, question.law))
            search = ProvisionSearch(
                replace(question, instance=network), math.inf, self.deadline, cutting=self._known[key]
            )
            try:
                search.run()
            except InputError:  # without machines_max there are more than can be priced
                return None
            if search.found is not None:
                return True
            told &= math.isinf(search.bound)
        return False if told else None


def _set(question: ProvisionQuestion, limits: Sequence[QuestionLimit], keys: Keys, answers: _Answers) -> ClashingSet:
    """Put a set into words, with about the least change of each of its limits while the others of the set hold."""
    own = [limit for limit in limits if limit.key in keys]
    changes = [_change(_keeping(question, limits, keys), limit, answers) for limit in own]
    needs = [
        limit.needs.format(f"{change.best:.12g}")
        for limit, change in zip(own, changes, strict=True)
        if change.best is not None
    ]
    said = " and ".join([", ".join(limit.said for limit in own[:-1])] * (len(own) > 1) + [own[-1].said])
    message = f"{said} clash" if len(own) > 1 else f"{said} is out of reach"
    message += f": {' or '.join(needs)} would do" if needs else ""
    return ClashingSet(limits=[limit.key for limit in own], changes=changes, message=message)


def _change(question: ProvisionQuestion, limit: QuestionLimit, answers: _Answers) -> Change:
    """Find the least that a limit has to give way, to four digits, while the question's others hold."""
    told = True

    def holds(value: float) -> bool:
        nonlocal told
        answer = answers.any(limit.put(question, value))
        told &= answer is not None
        return bool(answer)

    down, tight = limit.loosest < limit.asked, limit.asked
    loose, apart = tight, (1 if limit.whole else tight / 16)
    while not holds(loose):
        tight = loose
        loose, apart = tight + (-apart if down else apart), 2 * apart
        if (loose <= limit.loosest if down else loose >= limit.loosest) or loose > limit.asked * MOST:
            return Change(limit=limit.key, asked=limit.asked, best=None, unit=limit.unit, proven=told)
    unit = 1.0 if limit.whole else 10.0 ** (math.floor(math.log10(loose)) - 3)
    outer, inner = (math.floor, math.ceil) if down else (math.ceil, math.floor)
    low, high = inner(tight / unit), outer(round(loose / unit, 6))  # steps: too tight, and loose enough
    while abs(high - low) > 1:
        middle = (high + low) // 2
        low, high = (low, middle) if holds(_at(middle, unit)) else (middle, high)
    return Change(limit=limit.key, asked=limit.asked, best=_at(high, unit), unit=limit.unit, proven=told)


def _at(steps: int, unit: float) -> float:
    """Return a number of steps of a power of ten as people write it."""
    return float(f"{steps * unit:.12g}")


def _nothing_runs(question: ProvisionQuestion, answers: _Answers) -> str:
    """Say that nothing runs all stages, whatever the limits."""
    free = _keeping(question, limits_of(question), frozenset())
    if Cutting(Structures(free.instance, question.blocks)).count():
        return "no number of machines takes the load: a function beside them, or faster machines, would"
    names = ["memory_mb", "payload_max_bytes", "links"]
    if any(option.run_max_s is not None for option in question.instance.options):
        names.append("how long a call of a function may run")
    given = f"{', '.join(names[:-1])} and {names[-1]}"
    why = f"nothing runs all stages in {question.blocks} block(s): {given} leave no way"
    more = _more_blocks(free, answers)
    return f"{why}; --blocks {more} would do" if more else why


def _more_blocks(question: ProvisionQuestion, answers: _Answers) -> int | None:
    """Return how many more blocks make a deployment possible, as far as that is soon said; None where they do not."""
    for blocks in range(question.blocks + 1, min(question.blocks + MORE_BLOCKS, len(question.instance.stages)) + 1):
        if Cutting(Structures(question.instance, blocks)).count() > MOST_STRUCTURES:
            return None
        if answers.any(replace(question, blocks=blocks)):
            return blocks
    return None
