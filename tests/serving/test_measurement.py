"""Measurements as they are sent: what is understood, and what is refused with place, value and cure."""

from __future__ import annotations

import pytest
from support.serving import two_blocks

from serflow_opt.errors import InputError
from serflow_opt.serving.measurement import Measurement, read_measurement

WHOLE = b"""{"source": "gw", "number": 7, "requests": [{"block": 2, "from_s": 100, "counts": [1, 2.5, null]}],
"machines": [{"block": 1, "type": "small", "ready": 2, "starting": 1, "failed": 3}, {"block": 2, "ready": 1}],
"throttled": [{"block": 2, "count": 4}]}"""


def test_a_whole_measurement() -> None:
    """Blocks become positions; a type that is the only one of its block need not be named."""
    found = read_measurement(WHOLE, two_blocks())
    assert (found.source, found.number) == ("gw", 7)
    assert [(own.block, own.from_s, own.counts) for own in found.requests] == [(1, 100.0, (1.0, 2.5, None))]
    assert [(own.block, own.name, own.ready, own.starting, own.failed) for own in found.machines] == [
        (0, "small", 2, 1, 3),
        (1, "small", 1, 0, 0),
    ]
    assert found.throttled == ((1, 4),)
    assert read_measurement(b"{}", two_blocks()) == Measurement()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"[]", "input should be an object"),
        (b'{"request": []}', "request: unknown key"),
        (b'{"requests": [{"block": 3, "counts": [1]}]}', r"requests\[0\].block: 3; the service has blocks 1 to 2"),
        (b'{"requests": [{"counts": [1]}]}', r"requests\[0\].block: missing"),
        (b'{"requests": [{"block": 1, "counts": [-1]}]}', r"requests\[0\].counts\[0\]: -1"),
        (b'{"requests": [{"block": 1, "counts": [1e9]}]}', r"counts\[0\]: 1000000000.0; .*less than or equal to 1"),
        (b'{"requests": [{"block": 1, "counts": [NaN]}]}', r"counts\[0\]: nan"),
        (b'{"requests": [{"block": 1, "counts": ["7"]}]}', r"counts\[0\]: '7'; input should be a valid number"),
        (b'{"requests": [{"block": 1, "counts": []}]}', r"counts: \[\]"),
        (b'{"requests": [{"block": 1, "from_s": 1769899800000, "counts": [1]}]}', r"from_s: 1769899800000"),
        (b'{"machines": [{"block": 1, "ready": 1}]}', r"machines\[0\].type: missing; known: large, small"),
        (b'{"machines": [{"block": 1, "type": "larg", "ready": 1}]}', r"'larg'; did you mean large\?"),
        (b'{"machines": [{"block": 1, "type": "large", "ready": 1.5}]}', r"machines\[0\].ready: 1.5"),
        (b'{"number": 3}', "source: missing beside a number"),
    ],
)
def test_what_is_refused(body: bytes, said: str) -> None:
    """With its place, what was found, and what would be right."""
    with pytest.raises(InputError, match=said):
        read_measurement(body, two_blocks())


def test_a_row_has_at_most_an_hour() -> None:
    """3,601 counts are too many."""
    with pytest.raises(InputError, match="at most 3600"):
        read_measurement(b'{"requests": [{"block": 1, "counts": [' + b"1," * 3600 + b"1]}]}", two_blocks())
