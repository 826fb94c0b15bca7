"""The mean of a round against all that can happen: who is drawn, late or gone, and what the server does for them."""

from __future__ import annotations

import itertools
import math
import random
from types import SimpleNamespace
from typing import Any

import pytest

from serflow_opt.families.training import expected
from serflow_opt.families.training.expected import expected_round


def drawn(seed: int, groups: int) -> tuple[Any, Any, Any]:
    """Clients in groups, a server that they share, and what a round promises."""
    draw = random.Random(seed)
    clients = [
        SimpleNamespace(drops=draw.choice([0.0, 0.1]), late=draw.choice([0.0, 0.2]), late_factor=1.5)
        for _ in range(groups)
    ]
    own = [
        SimpleNamespace(
            drawn=draw.choice([0.3, 0.5, 1.0, 1.25]), chain=draw.uniform(1, 4), waits=draw.choice([0.0, 1.0, 1.6])
        )
        for _ in range(groups)
    ]
    lasts = [o.chain * (c.late_factor if c.late else 1) for c, o in zip(clients, own, strict=True)]
    valued = SimpleNamespace(groups=own, chain=max(lasts), served=sum(o.drawn * o.waits for o in own) / 2, round=0.0)
    data = SimpleNamespace(
        clients=clients, servers=[SimpleNamespace(is_function=False)], synchronous=True, aggregation_s=0.25
    )
    return data, SimpleNamespace(mode="hybrid", server=0, workers=2), valued


def by_enumeration(data: Any, valued: Any) -> float:
    """Go through numbers drawn and what each of those does."""
    planned, each = max(valued.chain, valued.served), []
    for client, own in zip(data.clients, valued.groups, strict=True):
        states = [
            (own.chain, (1 - client.drops) * (1 - client.late)),
            (own.chain * 1.5, (1 - client.drops) * client.late),
            (planned, client.drops),
        ]
        more, cases = own.drawn - math.floor(own.drawn), []
        for number, chance in ((math.floor(own.drawn), 1 - more), (math.floor(own.drawn) + 1, more)):
            for ends in itertools.product(states, repeat=number):
                likely = chance * math.prod(p for _, p in ends)
                cases.append((max((end for end, _ in ends), default=0.0), number * own.waits / 2, likely))
        each.append([case for case in cases if case[2] > 0])
    return data.aggregation_s + sum(
        math.prod(p for *_, p in case) * max(max(end for end, *_ in case), sum(work for _, work, _ in case))
        for case in itertools.product(*each)
    )


def test_the_mean_of_a_round_is_that_of_all_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over who is drawn and who is late is exact where cases are told apart, and close where they are not."""
    for seed in range(30):
        data, setting, valued = drawn(seed, 3)
        assert expected_round(data, setting, valued) == pytest.approx(by_enumeration(data, valued), rel=1e-9), seed
    for seed in range(8):
        data, setting, valued = drawn(seed, 12)
        monkeypatch.setattr(expected, "MOST_TOLD_APART", 12)
        exact = expected_round(data, setting, valued)
        monkeypatch.setattr(expected, "MOST_TOLD_APART", 0)
        assert expected_round(data, setting, valued) == pytest.approx(exact, rel=0.01), seed
