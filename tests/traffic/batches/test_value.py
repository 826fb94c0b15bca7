"""Deployments with batches valued by hand: two cards' worth of work, Erlang's waits, and parts that add up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from support.helpers import load
from support.two_stages import document

from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.batches.value import ValuedBatches, Valuing, _exponential
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.service_of import service_of


def valued(folder: Path, batch: int, arrivals: Any = "smooth", **more: Any) -> tuple[Any, ...]:
    """A deployment of one block at 1000 requests/s, half of which leave at the first stage."""
    instance = load(document(**more.pop("keys", {})), folder)
    structures, carrying = BatchStructures(instance, 1), Carrying(arrivals, instance.utilisation_cap)
    valuing = Valuing(structures, Promise(structures, Rates.steady(1000.0), carrying), 1000.0, carrying, None)
    (choice,) = (own for own in structures.choices(0, 1) if own.batch == batch)
    service = service_of(structures, (choice,), (0, 0))
    return valuing, (choice,), service, valuing.value((choice,), service, **more)


def test_counts_by_hand(tmp_path: Path) -> None:
    """One by one 3 + 1.5 ms at 1000/s and a cap of a half are 9 cards at 1e-3 USD/s.

    Two together come at 500/s: 4 ms, and 3, 4 or no ms for 1, 2 or none that stay (1/2, 1/4, 1/4): 6.5 ms are 3.25
    busy, 7 cards.
    """
    for batch, busy, count in ((1, 4.5, 9), (2, 3.25, 7)):
        _, _, _, found = valued(tmp_path / str(batch), batch)
        assert found.batches[0].load == pytest.approx(busy)
        assert found.counts == (count,)
        assert found.usd_per_s == pytest.approx(count * 1e-3)
        assert found.waits == (None,)


def test_what_is_dearer_than_asked_or_cannot_fill_is_none(tmp_path: Path) -> None:
    """Nine cards are not had for less than nine; within 0.5 ms no second request comes evenly."""
    assert valued(tmp_path / "a", 1, below=9e-3)[3] is None
    assert valued(tmp_path / "b", 1, below=9.001e-3)[3] is not None
    assert valued(tmp_path / "c", 2, keys={"batch_wait_ms": [0.5]})[3] is None


def test_more_cards_wait_less(tmp_path: Path) -> None:
    """At random batches wait as in M/M/c: with more cards less, for their rent; the fewest are those of the cap."""
    valuing, structure, service, found = valued(tmp_path, 2, "random")
    assert isinstance(found, ValuedBatches)
    more = valuing.with_counts(structure, service, found, (found.counts[0] + 1,))
    assert more.usd_per_s - found.usd_per_s == pytest.approx(1e-3)
    assert float(more.waits[0].seconds[0]) < float(found.waits[0].seconds[0])
    (fewest,) = valuing.fewest(service, found)
    assert fewest == math.ceil(found.batches[0].load / 0.5 - 1e-9) <= found.counts[0]


def test_waits_are_erlangs(tmp_path: Path) -> None:
    """C(c, a) of c cards at a load a wait s / (c - a) on average, and longer than t with exp(-(c - a) t / s)."""
    _, _, _, found = valued(tmp_path, 2, "random")
    own = found.batches[0]
    servers, a = 5, own.load
    weights = [a**n / math.factorial(n) for n in range(servers + 1)]
    full = weights[-1] * servers / (servers - a)
    waiting = full / (full + math.fsum(weights[:-1]))
    wait = _exponential(servers, own)
    assert wait.seconds[0] == pytest.approx(waiting * own.seconds / (servers - a))


def test_parts_say_what_each_block_has(tmp_path: Path) -> None:
    """Cards, how full batches are, and money that adds up to the whole."""
    valuing, structure, service, found = valued(tmp_path, 2)
    (part,) = valuing.parts(structure, service, found)
    assert (part.machine, part.count, part.batch, part.batch_mean) == ("card", 7, 2, 2.0)
    assert part.busy == pytest.approx(3.25 / 7)
    assert part.usd_per_s == pytest.approx(found.usd_per_s)
    assert part.machine_rate == pytest.approx(0.5 * 2 / 0.0065)
