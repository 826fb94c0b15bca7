"""Descriptions of plans: every value is found again, and head room is Erlang's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.exported import exported, read

from serflow_opt.export.description import DescribedFunction, DescribedMachine
from serflow_opt.traffic.queues.erlang import erlang_b

SOURCE = {"solved": "solve", "provisioned": "provision"}


@pytest.mark.parametrize("kind", ["solved", "provisioned"])
@pytest.mark.parametrize("known", [False, True])
def test_json_holds_every_value_of_the_plan(folder: Path, kind: str, known: bool) -> None:
    """The described plan holds each value of the plan, and what only the instance knows where it is given."""
    plan = read(folder / f"{kind}.json")
    made = json.loads(exported(folder, kind, "json", *(["--instance", str(folder / "instance")] if known else [])))
    assert (made["schema"], made["source"], made["name"]) == (1, SOURCE[kind], "two-tiers")
    inner = plan["plan"] if kind == "solved" else plan
    assert made["thresholds"] == inner["thresholds"]
    assert made["accuracy"] == plan["metrics"]["accuracy"]
    assert made["latency_ms"]["worst"] == plan["metrics"]["latency_worst_ms"]
    assert (made["instance"], made["status"]) == (plan["instance"], plan["status"])
    types = {b["machine"]["type"]: b["machine"] for b in made["blocks"] if b["machine"]}
    assert types["c6i.large"]["workers"] == (2 if known else None)
    assert types["c6i.large"]["busy_max"] == (0.75 if known else None)
    functions = [b["function"] for b in made["blocks"] if b["function"]]
    assert functions
    for function in functions:
        assert (function["memory_mb"], function["architecture"]) == (1769.0, "arm64")
        assert function["keep_alive_s"] == (240.0 if known else None)


def test_what_runs_together_is_told(folder: Path, tmp_path: Path) -> None:
    """Most requests of a batch and how long the first waits, rounded down, in every format."""
    plan = read(folder / "provisioned.json")
    block = plan["blocks"][0] | {"batch": 8, "batch_wait_ms": 2.0017, "batch_mean": 4.0}
    together = plan | {"blocks": [block, *plan["blocks"][1:]]}
    (tmp_path / "together.json").write_text(json.dumps(together), encoding="utf-8")
    made = json.loads(exported(tmp_path, "together", "json"))
    assert (made["blocks"][0]["batch"], made["blocks"][0]["batch_wait_ms"]) == (8, 2.0017)
    for format_ in ("terraform", "k8s"):
        text = exported(tmp_path, "together", format_)
        assert "BATCH" in text
        assert "2.001" in text
        assert "up to 8 requests together" in text
        assert "BATCH" not in exported(folder, "provisioned", format_)


@pytest.mark.parametrize("concurrency", [0.0, 0.06, 1.0, 37.5])
def test_head_room_is_the_fewest_places_by_erlang(concurrency: float) -> None:
    """Reserved places lose one request in a thousand at twice the load, and one fewer loses more."""
    places = DescribedFunction(name="f", concurrency=concurrency).reserved
    assert places is not None
    assert erlang_b(places, 2 * concurrency) <= 1e-3
    assert places == 1 or erlang_b(places - 1, 2 * concurrency) > 1e-3
    assert DescribedFunction(name="f", concurrency=1e4, concurrency_max=1000).reserved == 1000


@pytest.mark.parametrize(("count", "limit", "most"), [(2, None, 4), (2, 3, 3), (2, 9, 4), (2, 1, 2), (None, 3, None)])
def test_machines_may_double_within_their_limit(count: int | None, limit: int | None, most: int | None) -> None:
    """Autoscalers may double the count, within the limit of the type."""
    assert DescribedMachine(type="m", count=count, machines_max=limit).most == most
