"""Measured points from CSV tables and from results of AWS Lambda Power Tuning, and every way these can be wrong."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from serflow_opt.errors import InputError
from serflow_opt.speed.points import Point, read_points

STATS = [
    {"value": 1024, "averageDuration": 932.5, "averagePrice": 0.0000156},
    {"value": 512, "averageDuration": 1876.25, "averagePrice": 0.0000157},
]
"""Written by the tool since version 4.3.4, in any order."""
EXPECTED = (Point(512, 1.87625), Point(1024, 0.9325))


def link(sizes: list[int], durations: list[float]) -> str:
    """A visualisation link as the tool builds it: int16 sizes, float32 durations and costs, each in base64."""
    lists = [
        struct.pack(f"<{len(sizes)}h", *sizes),
        struct.pack(f"<{len(durations)}f", *durations),
        struct.pack(f"<{len(durations)}f", *(1e-6 for _ in durations)),
    ]
    return "https://lambda-power-tuning.show/#" + ";".join(base64.b64encode(part).decode() for part in lists)


def output(**more: Any) -> dict[str, Any]:
    """The state machine's output."""
    machine = {"executionCost": 0.0003, "lambdaCost": 0.001, "visualization": link([512, 1024], [1876.25, 932.5])}
    return {"power": 1024, "cost": 0.0000156, "duration": 932.5, "stateMachine": machine} | more


def read(folder: Path, document: Any, name: str = "result.json") -> tuple[Point, ...]:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_points(path)


def test_a_table(tmp_path: Path) -> None:
    """A table is read in any order of columns and rows, deviations or none."""
    found = read(tmp_path, "memory_mb,mean_ms,sd_ms\n1024,932.5,\n512,1876.25,88.5\n", "points.csv")
    assert found == (Point(512, 1.87625, 0.0885), Point(1024, 0.9325, None))
    assert read(tmp_path, "mean_ms,memory_mb\n932.5,1024\n1876.25,512\n", "points.csv") == EXPECTED


def test_power_tuning_with_and_without_its_list_of_results(tmp_path: Path) -> None:
    """All forms of the tuner's output are the same points."""
    assert read(tmp_path, output(stats=STATS)) == EXPECTED
    assert read(tmp_path, output()) == EXPECTED  # these durations are exact in 32 bits
    assert read(tmp_path, {"lambdaARN": "arn", "num": 10, "stats": STATS}) == EXPECTED


def test_the_list_is_read_before_the_link(tmp_path: Path) -> None:
    """The list is exact, the link is rounded to 32 bits."""
    exact = [STATS[0] | {"averageDuration": 0.1 + 932.4}, STATS[1]]
    assert read(tmp_path, output(stats=exact))[1].seconds == (0.1 + 932.4) / 1000


def test_power_tuning_in_its_wrappings(tmp_path: Path) -> None:
    """However a result was copied from the console, it is the same points."""
    described = {"executionArn": "arn", "status": "SUCCEEDED", "output": json.dumps(output())}
    assert read(tmp_path, {"results": output()}) == EXPECTED
    assert read(tmp_path, described) == EXPECTED
    assert read(tmp_path, json.dumps(json.dumps(output()))) == EXPECTED
    assert read(tmp_path, "\n " + json.dumps(output()), "saved.txt") == EXPECTED


def test_a_link_copied_from_a_browser_or_made_in_china(tmp_path: Path) -> None:
    """Escaped links and other currencies hold the same points."""
    machine = output()["stateMachine"]
    plain = machine["visualization"]
    for copied in (plain.replace("=", "%3D").replace("/", "%2F"), plain.replace("/#", "/?currency=CNY#")):
        assert read(tmp_path, output(stateMachine=machine | {"visualization": copied})) == EXPECTED


def test_a_published_result(tmp_path: Path) -> None:
    """The example of alexcasalboni/aws-lambda-power-tuning#42: power 1024 there took 3890.8916666666664 ms."""
    example = "#gAAAAQACAAQABsAL;ZooQR4yvkUa/pQRGRC5zRaADHUVjOftE;QdWhOEMkoziDT5Q4xhiIOMYYiDi6RNc4"
    machine = {"visualization": f"https://lambda-power-tuning.show/{example}"}
    found = read(tmp_path, {"results": {"power": "1024", "duration": 3890.8916666666664, "stateMachine": machine}})
    assert [point.memory_mb for point in found] == [128, 256, 512, 1024, 1536, 3008]
    assert found[3].seconds == pytest.approx(3.8908916666666664, rel=1e-7)


def test_sizes_that_were_not_measured_are_left_out(tmp_path: Path) -> None:
    """The tool leaves them out of its own analysis and of the link."""
    gaps = [{"value": 128}, {"value": 256, "averageDuration": 0}, None, *STATS]
    assert read(tmp_path, output(stats=gaps)) == EXPECTED


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        ("{", ["not JSON"]),
        ("[" * 100_000, ["not JSON"]),
        ([1, 2], ["a list", "output of its state machine"]),
        ({}, ["neither stats nor stateMachine.visualization", "includeOutputResults"]),
        ({"output": "{", "status": "FAILED"}, ["not JSON"]),
        ({"stateMachine": {"executionCost": 1}}, ["neither stats nor"]),
        (output(stats=[]), ["stats", "no size with a duration"]),
        (output(stats=[7, *STATS]), ["stats[1]", "7"]),
        (output(stats=[{"value": "512", "averageDuration": 1}, *STATS]), ["stats[1].value", "'512'", "whole number"]),
        (output(stats=[{"value": 10**400, "averageDuration": 1}, *STATS]), ["stats[1].value", "1000000"]),
        (output(stats=[{"value": 0, "averageDuration": 1}, *STATS]), ["stats[1].value", "0"]),
        (output(stats=[{"value": 1.5, "averageDuration": 1}, *STATS]), ["stats[1].value", "1.5"]),
        (output(stats=[{"value": True, "averageDuration": 1}, *STATS]), ["stats[1].value", "True"]),
        (output(stats=[{"value": 128, "averageDuration": "1"}, *STATS]), ["stats[1].averageDuration", "'1'"]),
        (output(stats=[{"value": 128, "averageDuration": -1}, *STATS]), ["stats[1]", "-1 ms", "positive"]),
        ('{"stats": [{"value": 128, "averageDuration": NaN}]}', ["stats[1].averageDuration", "nan"]),
        ('{"stats": [{"value": 128, "averageDuration": 1e999}]}', ["stats[1].averageDuration", "inf"]),
        (output(stats=[*STATS, STATS[0]]), ["stats[3]", "1024 MB twice", "one point a size"]),
        (output(stats=STATS[:1]), ["one memory size, 1024 MB", "two sizes"]),
        (output(stateMachine={"visualization": "https://example"}), ["visualization", "1 lists after #"]),
        (output(stateMachine={"visualization": "#a;b;c"}), ["visualization", "cannot be decoded", "whole link"]),
        (output(stateMachine={"visualization": "#gA==;AAAA;"}), ["visualization", "cannot be decoded"]),
        (output(stateMachine={"visualization": "#;;"}), ["visualization", "no memory size"]),
        (output(stateMachine={"visualization": link([512, 1024], [1.0])}), ["2 sizes and 1 durations"]),
        (output(stateMachine={"visualization": link([512, -1], [1.0, 2.0])}), ["a size below 1 MB"]),
        (output(stateMachine={"visualization": link([512, 1024], [1.0, float("inf")])}), ["not finite"]),
        (output(stateMachine={"visualization": link([512, 1024], [1.0, 0.0])}), ["size 2", "0 ms", "positive"]),
        (output(stateMachine={"visualization": link([512, 512], [1.0, 2.0])}), ["size 2", "512 MB twice"]),
    ],
)
def test_what_is_wrong_with_a_result(document: Any, parts: list[str], tmp_path: Path) -> None:
    """What is no result of the tuner is refused by its file, with where to find one."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, document)
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "result.json")
    assert all(part in str(problem) for part in parts), str(problem)


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("memory_mb,mean_ms\n512,1\n512,2\n", ["line 3", "512 MB twice"]),
        ("memory_mb,mean_ms\n512,1\n", ["one memory size, 512 MB", "above one vCPU"]),
        ("memory_mb,mean_ms\n512,1\n1024,0\n", ["line 3, column mean_ms", "'0'"]),
        ("memory_mb,mean_ms\n512,1\n1024,nan\n", ["line 3, column mean_ms", "'nan'"]),
        ("memory_mb,mean_ms\n512,1\n1024,inf\n", ["line 3, column mean_ms", "'inf'"]),
        ("memory_mb,mean_ms\n512,1\n0,2\n", ["line 3, column memory_mb", "'0'", "whole number"]),
        ("memory_mb,mean_ms,sd_ms\n512,1,-1\n1024,2,\n", ["line 2, column sd_ms", "'-1'"]),
        ("memory,mean_ms\n512,1\n", ["column 'memory_mb' is missing"]),
        ("memory_mb,mean_ms\n", ["no rows"]),
        ("", ["the file is empty"]),
    ],
)
def test_what_is_wrong_with_a_table(table: str, parts: list[str], tmp_path: Path) -> None:
    """Faults of a table are told with line and column."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, table, "points.csv")
    assert any(all(part in str(problem) for part in parts) for problem in caught.value.problems), str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is told with what could be given."""
    with pytest.raises(InputError, match="no such file; give a CSV table of points or a result file"):
        read_points(tmp_path / "none.csv")
