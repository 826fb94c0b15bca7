"""The arrays of a chain one behind the other, with where each part begins: what compiled sweeps run over.

Menus lie by stage, ways to go on and into hubs by stage and sender, ways out of hubs by hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        columns: int,
        states: tuple[Floats, Ints, Floats | None, Ints | None],
        menus: Sequence[Sequence[Envelope]],
        stays: Sequence[tuple[Ints, Ints] | None],
        leaving: Sequence[Sequence[HubCrossings]],
        entering: Sequence[Sequence[HubCrossings]],
    ) -> Flat:
        """Lay the parts of a chain one behind the other.

        Parameters
        ----------
        columns
            C.
        states
            M x E: whole times, `back`, `ends`, `used`.
        menus, stays, leaving, entering
            As the chain has them.
        """
        whole, back, ends, used = states
        shape = whole.shape
        lines = FlatEnvelopes.of(menus)
        menu = np.repeat(lines.first[:-1, None], shape[1], axis=1)
        pairs = [(stay if stay is not None else _NO_PAIRS) for stay in stays]
        stay_from, stay_to = _by_sender(shape, [before for before, _ in pairs])
        stay_from[[stay is None for stay in stays]] = -1
        hubs = [crossing for at in entering for crossing in at]
        number = {crossing.hub: i for i, crossing in enumerate(hubs)}
        ways = [[crossing for crossing in at if crossing.hub in number] for at in leaving]
        starts, ways[0] = ways[0], []
        left = [crossing for at in ways for crossing in at]
        left_from, order = _by_sender(shape, [_joined([way.runner for way in at], np.int64) for at in ways])
        lengths = [len(way.runner) for way in left]
        into = np.repeat(np.array([number[way.hub] for way in left], dtype=np.int64), lengths)
        return cls(
            lines=lines,
            whole=np.ascontiguousarray(whole),
            back=back,
            ends=ends,
            menu=menu if used is None else menu + used,
            stay_from=stay_from,
            stay_to=_joined([after for _, after in pairs], np.int64)[stay_to],
            start_hub=np.array([number[way.hub] for way in starts], dtype=np.int64),
            start_adds=_joined([way.adds for way in starts], float).reshape(-1, columns),
            start_whole=_joined([way.whole for way in starts], float),
            left_from=left_from,
            left_hub=into[order],
            left_adds=_joined([way.adds for way in left], float).reshape(-1, columns)[order],
            left_whole=_joined([way.whole for way in left], float)[order],
            hub_at=_summed([len(at) for at in entering]),
            hub_via=np.array([crossing.hub[2] for crossing in hubs], dtype=np.int64),
            into_from=_summed([len(crossing.runner) for crossing in hubs]),
            into_runner=_joined([crossing.runner for crossing in hubs], np.int64),
            into_adds=_joined([crossing.adds for crossing in hubs], float).reshape(-1, columns),
            into_whole=_joined([crossing.whole for crossing in hubs], float),
        )


_NO_PAIRS = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _by_sender(shape: tuple[int, ...], senders: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Order ways by stage and sender: where those of each begin, and which they are.

    Parameters
    ----------
    shape
        M, E.
    senders
        By stage, of each way.
    """
    stages, runners = shape
    at = np.concatenate([stage * runners + sender for stage, sender in enumerate(senders)])
    begin = np.searchsorted(np.sort(at), np.arange(stages)[:, None] * runners + np.arange(runners + 1))
    return begin, np.argsort(at, kind="stable")
