"""Who is let in: keys, names of hosts, rates."""

from __future__ import annotations

import pytest

from serflow_opt.serving.guard import AccessKey, RateLimit, key_of

KEY = "a key of some length"


@pytest.mark.parametrize("given", ["", "a", KEY[:-1], KEY + " ", KEY.upper(), "\udce4", "x" * 100_000])
def test_other_keys_do_not_open(given: str) -> None:
    """Shorter, longer, other letters, no letters."""
    assert not AccessKey.of(KEY).opens(given)
    assert AccessKey.of(KEY).opens(KEY)


def test_a_key_does_not_show() -> None:
    """What is kept of it is its digest."""
    assert KEY not in repr(AccessKey.of(KEY))


def test_where_a_key_stands() -> None:
    """As a bearer's token, or in a header of its own."""
    assert key_of({"authorization": f"Bearer {KEY}"}) == KEY
    assert key_of({"authorization": f"bearer {KEY}", "x-api-key": "other"}) == KEY
    assert key_of({"x-api-key": KEY}) == KEY
    assert key_of({"authorization": "Basic abc"}) == key_of({"authorization": "Bearer"}) == key_of({}) == ""


def test_a_rate_is_kept_on_average() -> None:
    """At 10 a second: 20 at once, none more, 5 after half a second, and never more than 20."""
    now = [0.0]
    rate = RateLimit(10.0, lambda: now[0])
    assert [rate.allows() for _ in range(21)] == [True] * 20 + [False]
    now[0] = 0.5
    assert [rate.allows() for _ in range(6)] == [True] * 5 + [False]
    now[0] = 1e6
    assert sum(rate.allows() for _ in range(100)) == 20
