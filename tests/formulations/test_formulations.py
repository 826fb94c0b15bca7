"""Every part of the model written alone into a small LP file that a person can check by hand.

A golden file says in its head what its coefficients should be; the head is the docstring of the function that
builds the part. After a change of a formulation read the difference, then accept it with

    python tests/formulations/test_formulations.py --write

Parts get variables but none of the constraints they rely on. The functions stand in `support/golden_core.py` and beside
it; the files of a module are checked in the test module of its name.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path as File

if __name__ == "__main__":
    sys.path.insert(0, str(File(__file__).parents[1]))

import pyomo.core as pyo
import pytest
from support import (
    golden_adaptation,
    golden_batches,
    golden_batching,
    golden_blocked,
    golden_budget,
    golden_carbon,
    golden_cluster,
    golden_commitments,
    golden_dispatch,
    golden_egress,
    golden_jobs,
    golden_keep_alive,
    golden_pipelines,
    golden_provisioning,
    golden_scaling,
    golden_shifting,
    golden_spot_foresight,
    golden_spot_pools,
    golden_training,
    golden_uncertainty,
    golden_workflow,
    tiny,
)
from support.golden_core import all_may_leave, always_cold
from support.golden_parts import CASES, GOLDEN, cases_of, head_of, holds, lp_text, normal, small_memory

import serflow_opt.formulations
from serflow_opt.formulations.model import build

cases_of("")  # all modules of cases are imported

NO_PARTS = {"coefficients", "equations", "lp", "model", "notation", "reductions", "sets", "volumes"}
"""Modules of the formulations that hold data, put parts together or write them out."""

# ----------------------------------------------------------------------------------------------------
# Tests


def own_module(name: str) -> File:
    """Where the files of a module of the formulations are checked."""
    return File(__file__).with_name(f"test_{name.split('.')[0]}.py")


def parts() -> list[str]:
    """module.function of each public function of the formulations that is a part of a model."""
    found = []
    for info in pkgutil.iter_modules(serflow_opt.formulations.__path__):
        if info.name in NO_PARTS:
            continue
        module = importlib.import_module(f"serflow_opt.formulations.{info.name}")
        found += [
            f"{info.name}.{name}"
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__
            and not name.startswith("_")
            and inspect.signature(function).return_annotation not in ("bool", "int")  # adds nothing, answers a question
        ]
    return found


@pytest.mark.parametrize("part", parts())
def test_each_part_has_a_golden_file(part: str) -> None:
    """No part of the model goes without a file that a person can check."""
    names = [file.stem for file in GOLDEN.glob("*.lp")]
    assert any(name.split("-")[0] == part for name in names), f"add a case for {part} and write golden/{part}.lp"


def test_each_golden_file_has_a_case() -> None:
    """No golden file is left of a part that is gone."""
    assert sorted(CASES) == sorted(file.stem for file in GOLDEN.glob("*.lp"))


@pytest.mark.parametrize("name", [name for name in CASES if not own_module(name).exists()])
def test_golden(name: str) -> None:
    """Parts without a test module of their own still write what was checked by hand, line by line."""
    holds(name)


# ----------------------------------------------------------------------------------------------------
# The names in the docstrings


def documented_names(module: str) -> set[str]:
    """Constraint names in a module's docstring: the last columns of its equations.

    A column is set off by two blanks. "floor, ceiling   likewise for leave and enter" also names leave_floor, ...
    """
    text = importlib.import_module(f"serflow_opt.formulations.{module}").__doc__ or ""
    found: set[str] = set()
    for line in text.splitlines():
        columns = re.split(r" {2,}", line.strip())
        if not line.startswith("    ") or len(columns) < 2 or not re.search(r"[=<>]", columns[0]):
            continue
        names: list[str] = []
        for column in columns[1:]:
            if re.fullmatch(r"[a-z_]+(, [a-z_]+)*", column):
                names = column.split(", ")
            elif copies := re.fullmatch(r"likewise for ([a-z_]+) and ([a-z_]+)", column):
                names += [f"{copy}_{name}" for copy in copies.groups() for name in names]
        found |= set(names)
    return found


def built_names() -> set[str]:
    """Names of the constraints of models that together use every part."""
    base = tiny.two_stages(accuracy_min=0.85, latency_slo_s=3.0)
    instances = [
        small_memory(base),
        dataclasses.replace(base, threshold_mode="interpolated", latency_measure="mean"),
        dataclasses.replace(base, threshold_mode="randomized", latency_measure="p50"),
        dataclasses.replace(always_cold(), latency_measure="p50", minimize="latency"),
        all_may_leave(),
        all_may_leave(threshold_mode="randomized"),
        dataclasses.replace(base, accounting="reserved", rate_per_s=2.0),
        dataclasses.replace(base, accounting="as-printed"),
        golden_adaptation.whole_adapted_instance(cost_max_usd=10.0),
        golden_adaptation.with_ramp(),
        golden_carbon.emitting(carbon_max_g=10.0),
        *golden_egress.whole_instances(),
        golden_adaptation.uncertain(tiny.own_menu(latency_measure="p90", tail="any", minimize="latency")),
    ]
    models = [*(build(instance).model for instance in instances), *golden_provisioning.whole_models()]
    return (
        golden_scaling.built_names()
        | golden_batching.built_names()
        | golden_shifting.built_names()
        | golden_blocked.built_names()
        | golden_budget.built_names()
        | golden_cluster.built_names()
        | golden_batches.built_names()
        | golden_commitments.built_names()
        | golden_dispatch.built_names()
        | golden_jobs.built_names()
        | golden_keep_alive.built_names()
        | golden_pipelines.built_names()
        | golden_spot_foresight.built_names()
        | golden_spot_pools.built_names()
        | golden_training.built_names()
        | golden_uncertainty.built_names()
        | golden_workflow.built_names()
        | {
            constraint.local_name
            for model in models
            for constraint in model.component_objects(pyo.Constraint, descend_into=True)
        }
    )


MODULES = [info.name for info in pkgutil.iter_modules(serflow_opt.formulations.__path__)]


def test_documented_constraints_exist() -> None:
    """No docstring describes a constraint that is not built."""
    assert not {name for module in MODULES for name in documented_names(module)} - built_names()


def test_constraints_are_documented() -> None:
    """No constraint is built that no docstring describes."""
    documented = set().union(*(documented_names(module) for module in MODULES))
    assert len(documented) >= 20  # the reader of the docstrings reads them
    assert built_names() - documented == set()


# ----------------------------------------------------------------------------------------------------
# Writing


def write_golden() -> None:
    """Write all golden files anew, and remove those without a case."""
    for file in GOLDEN.glob("*.lp"):
        if file.stem not in CASES:
            file.unlink()
    for name, case in CASES.items():
        text = "\n".join(head_of(name)) + "\n\n" + normal(lp_text(case()))
        (GOLDEN / f"{name}.lp").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/formulations/test_formulations.py --write")
    write_golden()
