"""The commands `new`, `catalog` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import GOOD, has_line, run, validator

from serflow_opt.problem.loader import shipped, shipped_folder


@pytest.fixture(scope="module")
def solved() -> dict[str, Any]:
    """The document of the good instance, solved."""
    ran = run("solve", GOOD, "--json")
    assert ran.code == 0, ran.stderr
    document: dict[str, Any] = ran.document
    return document


def test_new_makes_a_copy_that_solves(tmp_path: Path) -> None:
    """A copied instance is the shipped one and solves to its plan."""
    folder = tmp_path / "mine"
    ran = run("new", folder, "--from", "resnet50-lambda")
    assert ran.code == 0
    assert str(folder) in ran.stdout
    assert (folder / "instance.toml").read_bytes() == (shipped_folder() / "resnet50-lambda/instance.toml").read_bytes()
    ran = run("solve", folder, "--json")
    assert ran.code == 0
    assert ran.document["plan"]["placement"][0]["option"] == "lambda-2048MB"


def test_new_never_touches_what_is_there(tmp_path: Path) -> None:
    """Nothing that exists is written over."""
    (tmp_path / "instance.toml").write_text("mine")
    ran = run("new", tmp_path, "--from", "resnet50-lambda")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, str(tmp_path), "exists")
    assert [path.name for path in tmp_path.iterdir()] == ["instance.toml"]
    ran = run("new", tmp_path / "instance.toml" / "below", "--from", "resnet50-lambda")
    assert ran.code == 2
    assert (tmp_path / "instance.toml").read_text() == "mine"


def test_new_from_an_unknown_name_suggests_one(tmp_path: Path) -> None:
    """A misspelt instance is answered with the right name."""
    ran = run("new", tmp_path / "mine", "--from", "resnet50-lamda")
    assert ran.code == 2
    assert has_line(ran.stderr, "resnet50-lamda", "did you mean resnet50-lambda")
    assert not (tmp_path / "mine").exists()


def test_catalog_lists_filters_and_refuses(tmp_path: Path) -> None:
    """Prices are listed with source and date, filtered, and from a table of one's own."""
    everything = run("catalog", "--json").document
    assert {"c6i.large", "m7i.large"} <= {vm["name"] for vm in everything["vms"]}
    assert all(row["source"] and row["as_of"] for row in everything["vms"] + everything["functions"])
    ran = run("catalog", "c6i.*", "--exclude", "*.large", "--json")
    names = [vm["name"] for vm in ran.document["vms"]]
    assert "c6i.xlarge" in names
    assert "c6i.large" not in names
    assert all(name.startswith("c6i.") for name in names)
    assert ran.document["functions"] == []
    table = run("catalog", "c6i.large")
    assert has_line(table.stdout, "c6i.large", "us-east-1", "0.085", "2026")
    assert "c6i.xlarge" not in table.stdout
    assert has_line(run("catalog", "aws-lambda").stdout, "us-east-1", "x86_64", "1.66667e-05", "0.2")
    own = tmp_path / "own.csv"
    own.write_text("name,vcpus,memory_mb,usd_per_hour,as_of\nbox,8,16384,0.25,2026-01-01\n")
    (box,) = run("catalog", "box", "--catalog", own, "--json").document["vms"]
    assert (box["usd_per_hour"], box["source"]) == (0.25, "own.csv")
    for arguments in (("c99.*",), ("colour=red",), ("box", "--catalog", tmp_path / "absent.csv")):
        ran = run("catalog", *arguments)
        assert (ran.code, ran.stdout) == (2, ""), arguments
        assert ran.stderr


def test_catalog_lists_the_shipped_instances() -> None:
    """Every shipped instance is listed."""
    assert [row["name"] for row in run("catalog", "--instances", "--json").document] == shipped()
    table = run("catalog", "--instances").stdout
    assert all(has_line(table, name) for name in shipped())


@pytest.mark.parametrize("what", ["instance", "plan"])
def test_schema_is_json_schema(what: str) -> None:
    """The schemas printed are JSON Schema."""
    assert run("schema", what).document["type"] == "object"
    validator(what)


def test_schema_of_something_else_exits_2() -> None:
    """An unknown schema is told with those there are."""
    ran = run("schema", "world")
    assert ran.code == 2
    assert has_line(ran.stderr, "world", "instance or plan")


def test_the_plan_schema_refuses_what_is_no_plan(solved: dict[str, Any]) -> None:
    """The schema of plans refuses other words, other keys and missing parts."""
    check = validator("plan")
    assert not check.is_valid({**solved, "status": "splendid"})
    assert not check.is_valid({**solved, "colour": "red"})
    assert not check.is_valid({key: value for key, value in solved.items() if key != "metrics"})
