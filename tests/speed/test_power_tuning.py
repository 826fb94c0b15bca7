"""Results of AWS Lambda Power Tuning: sizes and durations, from the list or from the link."""

from __future__ import annotations

import base64
import json
import struct

import pytest

from serflow_opt.errors import Problem
from serflow_opt.speed.power_tuning import read_power_tuning


def link(sizes: list[int], durations: list[float]) -> str:
    """As the tool makes it: 16-bit integers and 32-bit floats, little-endian, in base64."""
    packed = [
        struct.pack(f"<{len(own)}{kind}", *own) for own, kind in ((sizes, "h"), (durations, "f"), (durations, "f"))
    ]
    return "https://example.com/#" + ";".join(base64.b64encode(own).decode() for own in packed)


def read(document: object) -> tuple[list[tuple[int, float]], list[Problem]]:
    problems: list[Problem] = []
    found = read_power_tuning("r.json", json.dumps(document), problems)
    return [(memory, ms) for _, memory, ms in found], problems


def test_the_link_holds_what_the_list_does() -> None:
    """Durations that 32 bits hold exactly are the same from either."""
    stats = [{"value": 128, "averageDuration": 100.5}, {"value": 1024, "averageDuration": 12.25}]
    expected = [(128, 100.5), (1024, 12.25)]
    assert read({"stats": stats}) == (expected, [])
    assert read({"stateMachine": {"visualization": link([128, 1024], [100.5, 12.25])}}) == (expected, [])


def test_sizes_without_a_duration_are_left_out_and_wrong_ones_told() -> None:
    """A size that was never measured is no point; one that is no number is told with its place in the list."""
    stats = [
        {"value": 128, "averageDuration": None},
        {"value": 0.5, "averageDuration": 3},
        {"value": 256, "averageDuration": 7},
    ]
    found, problems = read({"stats": stats})
    assert found == [(256, 7.0)]
    assert [problem.place for problem in problems] == ["stats[2].value"]


@pytest.mark.parametrize("text", ["x#a;b", "x#a;b;c", "x#" + ";".join([base64.b64encode(b"123").decode()] * 3)])
def test_a_link_that_was_cut_is_told(text: str) -> None:
    """Half a link is refused with the cure, not read as other numbers."""
    found, problems = read({"stateMachine": {"visualization": text}})
    assert found == []
    assert problems[0].place == "stateMachine.visualization"
