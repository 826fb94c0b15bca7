"""Where a network can be cut: the points in its list of operations that exactly one tensor crosses.

A graph is a list of operations in the order they run. A value crosses a point when it was made before it and is read
after it; a stage can end where one tensor crosses and nothing else. Values that do not depend on the request
(parameters, constants, sizes) are at hand in every stage, so they never cross. Neither does an output that nothing
reads afterwards: the stage that makes it delivers it, as an early exit does. The output made last is the answer, and
stays alive to the end. Several inputs all cross until they were last read, so there is no cut before that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.problem.network import Stage


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a network.

    Attributes
    ----------
    name
        What a user calls it; unique in its graph.
    reads
        Names of the values it needs, parameters and constants among them or not.
    writes
        Bytes of each value it makes, per request; inf for a value that cannot be handed on (no single tensor, or
        one without the batch in front).
    flops
        Work per request, FLOP.
    parameters
        Bytes of each parameter it reads.
    labels
        Further names: the modules it is part of, the values it makes.
    anywhere
        Whether any stage can make its values without being handed anything: sizes.
    """

    name: str
    reads: tuple[str, ...]
    writes: Mapping[str, float]
    flops: float = 0.0
    parameters: Mapping[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class OperationGraph:
    """Operations in the order they run, bytes of each input, and the outputs."""

    operations: tuple[Operation, ...]
    inputs: Mapping[str, float]
    outputs: tuple[str, ...]

    def from_request(self) -> set[str]:
        """Return the values that depend on the inputs, which are those that would have to be handed on."""
        found = set(self.inputs)
        for operation in self.operations:
            if not operation.anywhere and not found.isdisjoint(operation.reads):
                found.update(operation.writes)
        return found

    def for_answer(self) -> set[str]:
        """Return the values that the answer depends on; those for another output alone are not among them."""
        found = set() if self.answer is None else {self.answer}
        for operation in reversed(self.operations):
            if not found.isdisjoint(operation.writes):
                found.update(operation.reads)
        return found

    @property
    def answer(self) -> str | None:
        """The output made last."""
        made = [value for operation in self.operations for value in operation.writes if value in self.outputs]
        return made[-1] if made else None


@dataclass(frozen=True, slots=True)
class Cut:
    """A point that one tensor crosses.

    Attributes
    ----------
    position
        Number of operations before it.
    name
        The operation that made the tensor.
    value
        The tensor.
    bytes
        Its size, per request.
    """

    position: int
    name: str
    value: str
    bytes: float


def crossings(graph: OperationGraph) -> list[Cut]:
    """Return every point that one tensor crosses, in order: for each such tensor the last such point.

    So operations that end in an output of their own (the classifier of an early exit) belong to the stage before.
    """
    carried, answer = graph.from_request(), graph.answer
    last_read: dict[str, int] = {}
    for position, operation in enumerate(graph.operations):
        if not operation.anywhere:
            last_read.update(dict.fromkeys(operation.reads, position))
    if answer is not None:
        last_read[answer] = len(graph.operations)
    made_by: dict[str, tuple[str, float]] = {}
    alive = {value for value in graph.inputs if value in last_read}
    found: dict[str, Cut] = {}
    for position, operation in enumerate(graph.operations):
        made_by |= {value: (operation.name, size) for value, size in operation.writes.items()}
        alive |= {value for value in operation.writes if value in carried and last_read.get(value, -1) > position}
        alive -= {value for value in operation.reads if last_read.get(value) == position}
        if len(alive) == 1:
            (value,) = alive
            if value in made_by and value != answer and made_by[value][1] < inf:
                name, size = made_by[value]
                found[value] = Cut(position + 1, name, value, size)
    return sorted(found.values(), key=lambda cut: cut.position)


def choose_cuts(
    graph: OperationGraph, at: Sequence[str] | None = None, most: int | None = None, source: str = "", flag: str = "at"
) -> list[Cut]:
    """Choose where the stages end; the last stage ends with the network.

    Without `at` there is one cut between any two operations that bear FLOPs where it is possible: of the points
    between them the one that the smallest tensor crosses, the latest if several do. So activation, normalisation and
    pooling belong to the convolution before them, and no stage is without work.

    Parameters
    ----------
    at
        Operations, or groups of them by label, after which to cut instead.
    most
        Number of stages at most. Neighbours are merged so that the largest stage has as few FLOPs as possible; of
        the ways to do so, the one that hands on the fewest bytes in sum.
    source, flag
        What messages call the network and the option `at`.

    Raises
    ------
    InputError
        When `most` is below 1, or there is no cut after one of `at`.
    """
    if most is not None and most < 1:
        raise InputError([Problem(source, "most", str(most), "write a number of stages of at least 1")])
    possible = crossings(graph)
    cuts = _smallest(graph, possible) if at is None else _named(graph, possible, at, source, flag)
    return cuts if most is None or len(cuts) < most else _merged(graph, cuts, most)


def stages(graph: OperationGraph, cuts: Sequence[Cut]) -> list[Stage]:
    """Return work and sizes of the stages between cuts; a parameter is counted once in each stage that reads it."""
    bounds = pairwise([0, *(cut.position for cut in cuts), len(graph.operations)])
    parts = [graph.operations[begin:end] for begin, end in bounds]
    given = [operation.writes[value] for operation in parts[-1] for value in operation.writes if value in graph.outputs]
    handed_on = [*(cut.bytes for cut in cuts), sum(given)]
    return [_stage(part, size) for part, size in zip(parts, handed_on, strict=True)]


def _stage(operations: Sequence[Operation], handed_on: float) -> Stage:
    parameters: dict[str, float] = {}
    for operation in operations:
        parameters |= operation.parameters
    return Stage(sum(operation.flops for operation in operations), handed_on, sum(parameters.values()))


def _smallest(graph: OperationGraph, possible: Iterable[Cut]) -> list[Cut]:
    matter = graph.from_request() & graph.for_answer()
    bears = [
        operation.flops > 0 and not operation.anywhere and not matter.isdisjoint(operation.writes)
        for operation in graph.operations
    ]
    before = list(accumulate(bears, initial=0))
    best: dict[int, Cut] = {}
    for cut in possible:
        group = before[cut.position]
        if 0 < group < before[-1] and (group not in best or cut.bytes <= best[group].bytes):
            best[group] = cut
    return list(best.values())


def _named(graph: OperationGraph, possible: Sequence[Cut], at: Sequence[str], source: str, flag: str) -> list[Cut]:
    position_of: dict[str, int] = {}
    for position, operation in enumerate(graph.operations, start=1):
        position_of |= dict.fromkeys(operation.labels, position)
    position_of |= {operation.name: position for position, operation in enumerate(graph.operations, start=1)}
    by_value = {cut.value: cut for cut in possible}
    problems: list[Problem] = []
    chosen: dict[int, Cut] = {}
    for name in at:
        if name not in position_of:
            problems.append(Problem(source, flag, f"no operation is called '{name}'", nearest(name, [*position_of])))
            continue
        position = position_of[name]
        made = graph.operations[position - 1].writes
        here = [by_value[value] for value in made if value in by_value]
        chosen |= {cut.position: cut for cut in here}
        if not here:
            near = sorted(possible, key=lambda cut: abs(cut.position - position))[:6]
            words = ", ".join(cut.name for cut in sorted(near, key=lambda cut: cut.position))
            cure = f"one tensor crosses after: {words}" if words else "one tensor crosses nowhere"
            found = "nothing comes" if graph.answer in made else "not exactly one tensor that can be handed on crosses"
            problems.append(Problem(source, flag, f"{found} after '{name}'", cure))
    if problems:
        raise InputError(problems)
    return [chosen[position] for position in sorted(chosen)]


def _merged(graph: OperationGraph, cuts: Sequence[Cut], count: int) -> list[Cut]:
    """Keep count - 1 of the cuts."""
    done = [0.0, *accumulate(operation.flops for operation in graph.operations)]
    ends = [done[cut.position] for cut in cuts] + [done[-1]]

    def fits(limit: float) -> bool:
        needed, begin = 1, 0.0
        for previous, end in pairwise([0.0, *ends]):
            if end - begin > limit:
                needed, begin = needed + 1, previous
            if end - begin > limit:
                return False
        return needed <= count

    sums = sorted({end - begin for i, end in enumerate(ends) for begin in [0.0, *ends][: i + 1]})
    limit = sums[bisect_left(sums, True, key=fits)]
    # cheapest[i]: fewest bytes handed on by as many stages as were placed so far, the last of them ending at ends[i]
    cheapest: list[tuple[float, list[Cut]]] = [(0.0 if end <= limit else inf, []) for end in ends]
    for _ in range(count - 1):
        step: list[tuple[float, list[Cut]]] = []
        for i, end in enumerate(ends):
            ways = [
                (cheapest[j][0] + cuts[j].bytes, j) for j in range(i) if end - ends[j] <= limit and cheapest[j][0] < inf
            ]
            cost, j = min(ways, default=(inf, -1))
            step.append((cost, [*cheapest[j][1], cuts[j]] if cost < inf else []))
        cheapest = step
    return cheapest[-1][1]
