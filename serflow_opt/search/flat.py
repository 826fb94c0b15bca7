"""The arrays of a chain one behind the other, with where each part begins: what compiled sweeps run over.

Menus lie by stage, ways to go on and into hubs by stage and sender, ways out of hubs by hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from serflow_opt.formulations.coefficients import Hub
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.search.envelope import Envelope


@dataclass(frozen=True, slots=True)
class FlatEnvelopes:
    """Envelopes one behind the other.

    Attributes
    ----------
    first
        By stage, the number of its first menu.
    begin
        By menu, where its lines begin; one more at the end.
    go_on, mass, level
        1 - e, e r and the threshold of each line.
    breaks
        Where the next line becomes the best; of the last of a menu, infinite.
    """

    first: Ints
    begin: Ints
    go_on: Floats
    mass: Floats
    level: Ints
    breaks: Floats

    @classmethod
    def of(cls, menus: Sequence[Sequence[Envelope]]) -> FlatEnvelopes:
        """Put the menus of stages together."""
        every = [envelope for stage in menus for envelope in stage]
        go_on, mass = (np.concatenate(part) for part in zip(*((own.go_on, own.right) for own in every), strict=True))
        level = np.concatenate([envelope.level for envelope in every])
        breaks = np.concatenate([part for envelope in every for part in (envelope.breaks, _LAST)])
        first, begin = _summed([len(stage) for stage in menus]), _summed([len(envelope.level) for envelope in every])
        return cls(first, begin, go_on, mass, level, breaks)


_LAST = np.array([np.inf])


def _summed(counts: Sequence[int] | Ints) -> Ints:
    """Where parts of some lengths begin, and the end."""
    begin = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=begin[1:])
    return begin


@dataclass(frozen=True, slots=True)
class HubCrossings:
    """Ways into or out of a hub: runners, what each adds (n x columns) and how much whole time."""

    hub: Hub
    runner: Ints
    adds: Floats
    whole: Floats


@dataclass(frozen=True)
class Crossings:
    """All ways into hubs, or all out of them, one hub behind the other, stage by stage.

    Attributes
    ----------
    hubs
        In the order of the ways.
    begin
        Where the ways of each hub begin; one more at the end.
    runner, adds, whole
        Of each way, N: its runner, what it adds to the columns (N x C), and how much whole time.
    stages
        M.
    """

    hubs: tuple[Hub, ...]
    begin: Ints
    runner: Ints
    adds: Floats
    whole: Floats
    stages: int

    @classmethod
    def of(cls, counts: Mapping[Hub, int], ways: tuple[Ints, Floats, Floats], stages: int) -> Crossings:
        """Part ways by hubs.

        Parameters
        ----------
        counts
            How many ways each hub has, in their order.
        ways
            Their runners, what they add, and whole times.
        stages
            M.
        """
        return cls(tuple(counts), _summed(list(counts.values())), *ways, stages)

    @cached_property
    def hub_stage(self) -> Ints:
        """By hub, the position of the stage that is handed over to."""
        return np.array([hub[0] - 1 for hub in self.hubs], dtype=np.int64)

    @property
    def stage(self) -> Ints:
        """By way, the position of the stage that is handed over to."""
        return np.repeat(self.hub_stage, np.diff(self.begin))

    @cached_property
    def _by_stage(self) -> list[list[HubCrossings]]:
        found: list[list[HubCrossings]] = [[] for _ in range(self.stages)]
        for hub, (first, last) in zip(self.hubs, pairwise(self.begin.tolist()), strict=True):
            own = HubCrossings(hub, self.runner[first:last], self.adds[first:last], self.whole[first:last])
            found[hub[0] - 1].append(own)
        return found

    def __getitem__(self, stage: int) -> list[HubCrossings]:
        """Return those of the hubs before the stage at a position."""
        return self._by_stage[stage]

    def __iter__(self) -> Iterator[list[HubCrossings]]:
        """Go through the stages."""
        return iter(self._by_stage)


@dataclass(frozen=True, slots=True)
class LanePrices:
    """What the parts of a chain add to V at some multipliers, by lanes.

    Attributes
    ----------
    stage
        Lanes x M x E.
    start, left, into
        Ways x lanes: from the source, into hubs and out of them.
    beta
        Of each lane the multiplier of the accuracy.
    """

    stage: Floats
    start: Floats
    left: Floats
    into: Floats
    beta: Floats

    @classmethod
    def of(cls, adds: Floats, flat: Flat, weights: Floats) -> LanePrices:
        """Price the columns of a chain.

        Parameters
        ----------
        adds
            M x E x C, of stages.
        flat
            The chain's.
        weights
            Lanes x C multipliers.
        """
        stage = (weights @ adds.reshape(-1, adds.shape[2]).T).reshape(len(weights), *adds.shape[:2])
        start, left, into = (parts @ weights.T for parts in (flat.start_adds, flat.left_adds, flat.into_adds))
        return cls(stage, start, left, into, np.ascontiguousarray(weights[:, -1]))


@dataclass(frozen=True, slots=True)
class Flat:
    """Arrays of a chain; `layered.Chain` says what the numbers are.

    Attributes
    ----------
    lines
        Of its menus.
    whole, back, ends, menu
        M x E, as the chain has them; `menu` is the number of the menu that a state uses.
    stay_from, stay_to
        M x (E + 1): where the runners begin that the run of each may go on as; below 0: each goes on as itself.
    start_hub, start_adds, start_whole
        Of the ways from the source: their hubs and what they add.
    left_from, left_hub, left_adds, left_whole
        M x (E + 1): where the ways of each sender into hubs begin; of each way its hub and what it adds.
    hub_at, hub_via
        Where the hubs before each stage begin, and the way that each is.
    into_from, into_runner, into_adds, into_whole
        Where the ways out of each hub begin; of each way the receiver, and what it adds.
    """

    lines: FlatEnvelopes
    whole: Floats
    back: Ints
    ends: Floats | None
    menu: Ints
    stay_from: Ints
    stay_to: Ints
    start_hub: Ints
    start_adds: Floats
    start_whole: Floats
    left_from: Ints
    left_hub: Ints
    left_adds: Floats
    left_whole: Floats
    hub_at: Ints
    hub_via: Ints
    into_from: Ints
    into_runner: Ints
    into_adds: Floats
    into_whole: Floats

    @classmethod
    def of(
        cls,
        states: tuple[Floats, Ints, Floats | None, Ints | None],
        menus: Sequence[Sequence[Envelope]],
        stays: Sequence[tuple[Ints, Ints] | None],
        leaving: Crossings,
        entering: Crossings,
    ) -> Flat:
        """Lay the parts of a chain one behind the other.

        Parameters
        ----------
        states
            M x E: whole times, `back`, `ends`, `used`.
        menus, stays, leaving, entering
            As the chain has them.
        """
        whole, back, ends, used = states
        shape = whole.shape
        lines = FlatEnvelopes.of(menus)
        menu = np.repeat(lines.first[:-1, None], shape[1], axis=1)
        stay_from, stay_to = _stays(shape, stays)
        number = {hub: i for i, hub in enumerate(entering.hubs)}
        into = np.repeat(np.array([number[hub] for hub in leaving.hubs], dtype=np.int64), np.diff(leaving.begin))
        stage = leaving.stage
        starts = slice(int(np.searchsorted(stage, 1)))
        left_from, order = _by_sender(shape, stage[starts.stop :], leaving.runner[starts.stop :])
        order += starts.stop
        return cls(
            lines=lines,
            whole=np.ascontiguousarray(whole),
            back=back,
            ends=ends,
            menu=menu if used is None else menu + used,
            stay_from=stay_from,
            stay_to=stay_to,
            start_hub=into[starts],
            start_adds=leaving.adds[starts],
            start_whole=leaving.whole[starts],
            left_from=left_from,
            left_hub=into[order],
            left_adds=leaving.adds[order],
            left_whole=leaving.whole[order],
            hub_at=np.searchsorted(entering.hub_stage, np.arange(len(whole) + 1)),
            hub_via=np.array([hub[2] for hub in entering.hubs], dtype=np.int64),
            into_from=entering.begin,
            into_runner=entering.runner,
            into_adds=entering.adds,
            into_whole=entering.whole,
        )


_NOTHING = np.empty(0, dtype=np.int64)


def _stays(shape: tuple[int, ...], stays: Sequence[tuple[Ints, Ints] | None]) -> tuple[Ints, Ints]:
    """Order the pairs of runners that a run goes on with: where those of each sender begin, and the second of each."""
    if all(stay is None for stay in stays):
        return np.full((shape[0], shape[1] + 1), -1), _NOTHING
    pairs = [_NOTHING if stay is None else np.array([np.full(len(stay[0]), s), *stay]) for s, stay in enumerate(stays)]
    stage, before, after = np.concatenate([own.reshape(3, -1) for own in pairs], axis=1)
    begin, order = _by_sender(shape, stage, before)
    begin[[stay is None for stay in stays]] = -1
    return begin, after[order]


def _by_sender(shape: tuple[int, ...], stage: Ints, sender: Ints) -> tuple[Ints, Ints]:
    """Order ways by stage and sender: where those of each begin, and which they are.

    Parameters
    ----------
    shape
        M, E.
    stage, sender
        Of each way.
    """
    stages, runners = shape
    at = stage * runners + sender
    order = np.argsort(at, kind="stable")
    return np.searchsorted(at[order], np.arange(stages)[:, None] * runners + np.arange(runners + 1)), order
