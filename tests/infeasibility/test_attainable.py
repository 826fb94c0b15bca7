"""The best value of a limit, and that it can be had."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from oracles.adapted_instances import adapted_document
from oracles.random_instances import random_document
from oracles.writing import write
from support.helpers import changed, has_line, load, run
from support.out_of_reach import ADAPTED, INFEASIBLE, best_values

import serflow_opt as so


@pytest.mark.parametrize("seed", INFEASIBLE)
def test_what_the_message_suggests_can_be_had(seed: int, tmp_path: Path) -> None:
    """Each `allow --flag value` of the output, tried: a plan is found, and it is no better than it has to be."""
    file = write(random_document(seed), tmp_path)
    ran = run("solve", file)
    assert ran.code == 3
    assert ran.stderr == ""
    assert has_line(ran.stdout, "proven infeasible")
    advice = re.findall(r"allow (--[a-z-]+) ([\d.e+-]+)", ran.stdout)
    assert advice
    for flag, value in advice:
        again = run("solve", file, flag, value, "--json")
        assert again.code == 0, f"{flag} {value} does not help"
    least, most = best_values(seed)
    for flag, value in advice:
        best = least if flag == "--latency-slo-ms" else most
        assert best is not None
        assert float(value) == pytest.approx(best, rel=2e-3), "the suggestion is far from the best value"
        assert float(value) >= best * (1 - 1e-9) if flag == "--latency-slo-ms" else float(value) <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", ADAPTED)
def test_an_instance_with_the_best_value_as_its_limit_has_a_plan(seed: int, tmp_path: Path) -> None:
    """A limit set to the value that is named has a plan, so that the advice can be followed."""
    document = adapted_document(seed)
    for clash in so.solve(load(document, tmp_path)).infeasible_because:
        if clash.best is None:
            continue
        limit = clash.best * (1 - 2e-9 if clash.limit in ("accuracy_min", "mse_min") else 1 + 2e-9)
        again = so.solve(load(changed(document, workload={clash.limit: limit}), tmp_path))
        assert again.status == "optimal", clash.limit
