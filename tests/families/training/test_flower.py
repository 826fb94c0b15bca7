"""Plans of trainings as the run configuration of a Flower app."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from support.helpers import run
from support.small_training import federated, small


def test_federated_plans_become_the_run_configuration_of_a_flower_app(tmp_path: Path) -> None:
    """Ten rounds of 3.3 + 0.25 + 0.25 s; a deadline is the timeout; what Flower cannot do is refused."""
    folder = small(tmp_path / "a", *federated('compression = "compression.csv"'))
    plan = tmp_path / "plan.json"
    assert run("solve", folder, "--set", "accuracy_min=0.55", "--out", plan).code == 0
    found = tomllib.loads(run("export", plan, "--format", "flower").stdout)
    assert found == {
        "num-server-rounds": 10,
        "round-timeout": 3.8,
        "fraction-fit": 0.0,
        "min-fit-clients": 5,
        "min-available-clients": 5,
        "local-epochs": 1,
        "compression": "half",
    }
    document = json.loads(plan.read_text())
    document["plan"]["round_deadline_s"] = 30.0
    plan.write_text(json.dumps(document))
    assert tomllib.loads(run("export", plan, "--format", "flower").stdout)["round-timeout"] == 30
    for key, value in (("mode", "split"), ("synchronous", False), ("topology", "ring"), ("groups", 3)):
        plan.write_text(json.dumps(document | {"plan": document["plan"] | {key: value}}))
        assert run("export", plan, "--format", "flower").code == 2
    plan.write_text(json.dumps(document))
    for wrong in ("triton", "kserve"):
        assert run("export", plan, "--format", wrong).code == 2
    plan.write_text(json.dumps({"kind": "cluster", "plan": {}}))
    assert "kind training" in run("export", plan, "--format", "flower").stderr
