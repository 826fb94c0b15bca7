"""The service that is scaled, over restarts and changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.serving import LARGE, SMALL, one_block

import serflow_opt as so
from serflow_opt.ground.kept import encode
from serflow_opt.serving.kept_service import digest, kept_service
from serflow_opt.serving.store import ServiceStore
from serflow_opt.traffic.service import Draws, Service


def never() -> Service:
    raise AssertionError("found again")


def test_a_service_is_found_once(tmp_path: Path) -> None:
    """The same question has the same answer, to the last bit, also of another process."""
    drawn = Draws(np.array([0, 0]), np.array([True, False]))
    service = replace(one_block(), draws=drawn, slo_s=0.1 + 0.2)
    with ServiceStore(tmp_path / "s.db") as store:
        assert kept_service(store, {"q": 1}, lambda: service)[0] is service
    with ServiceStore(tmp_path / "s.db") as store:
        again, change = kept_service(store, {"q": 1}, never)
    assert change == ""
    assert again.draws is not None
    np.testing.assert_array_equal(again.draws.right, drawn.right)
    assert encode(again) == encode(service)


@pytest.mark.parametrize(
    ("service", "said", "left"),
    [
        (one_block(), "", 1),
        (one_block(replace(LARGE, usd_per_s=1.0)), "another plan, gone on from what was known", 1),
        (one_block(SMALL), "other blocks or types, started afresh", 0),
    ],
)
def test_another_question(tmp_path: Path, service: Service, said: str, left: int) -> None:
    """The same answer goes on in silence, other prices with a word; of other types nothing is known."""
    with ServiceStore(tmp_path / "s.db") as store:
        kept_service(store, {"q": 1}, one_block)
        with store.transaction():
            store.add_counts({(0, 5): 1.0})
        found, change = kept_service(store, {"q": 2}, lambda: service)
        assert (found is service, change) == (True, said)
        assert len(list(store.counts())) == left


def test_what_was_kept_by_another_version_is_found_again(tmp_path: Path) -> None:
    """And the state with it starts afresh, since nobody knows what it was of."""
    with ServiceStore(tmp_path / "s.db") as store:
        with store.transaction():
            store.keep("service", {"question": {"q": 1}, "service": {"is": "Nothing"}})
        assert kept_service(store, {"q": 1}, one_block)[1] == "other blocks or types, started afresh"


def test_a_digest_is_of_all_that_an_instance_says() -> None:
    """Read again it is the same; another limit makes another."""
    one, again = so.load("libra"), so.load("libra")
    assert digest(one) == digest(again)
    assert digest(one) != digest(one.with_limits(latency_slo_ms=1500.0))
