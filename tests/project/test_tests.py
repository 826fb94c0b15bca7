"""The tests themselves: each module has a test module of its name, and each test says what it claims."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from project.architecture import ROOT, modules

TESTS = ROOT / "tests"
WITHOUT: frozenset[str] = frozenset(
    {
        "cli.explain",
        "cli.export",
        "cli.fleet",
        "cli.replay",
        "families.workflow.document",
        "families.workflow.family",
        "families.workflow.menu",
        "families.workflow.plot",
        "families.workflow.problem",
        "families.workflow.report",
        "formulations.workflow",
        "plotting.network_scene",
        "profiling.at_cuts",
        "profiling.stages.observing",
        "profiling.stages.tracing",
        "report.explanation",
        "report.fleet",
        "report.plan",
        "report.solution",
        "report.traffic",
        "report.training",
        "solving",
        "traffic.batches.lines",
        "traffic.batches.models",
        "traffic.batches.structures",
        "traffic.batches.value",
        "traffic.confirm.rounds",
        "traffic.confirm.warming",
        "traffic.control.contest",
        "traffic.control.foresight",
        "traffic.control.outlook",
        "traffic.control.valued",
        "traffic.provision.answer",
        "traffic.provision.bounds",
        "traffic.provision.candidates",
        "traffic.provision.capacity",
        "traffic.provision.completions",
        "traffic.provision.confirmed",
        "traffic.provision.counted",
        "traffic.provision.counts",
        "traffic.provision.cutting",
        "traffic.provision.in_place",
        "traffic.provision.one_set",
        "traffic.provision.one_structure",
        "traffic.provision.pools",
        "traffic.provision.promise",
        "traffic.provision.result",
        "traffic.provision.service_of",
        "traffic.provision.sizing",
        "traffic.provision.structures",
        "traffic.provision.why_not",
        "traffic.scaling_policy",
        "traffic.schedule.boxes",
        "traffic.schedule.model",
        "traffic.schedule.rough",
        "traffic.schedule.task",
        "traffic.simulate.lanes",
        "traffic.simulate.result",
    }
)
"""Modules whose tests stand elsewhere: this list may only get shorter."""


@cache
def trees() -> dict[Path, ast.Module]:
    """All test modules, parsed once."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(TESTS.rglob("test_*.py"))}


def does_something(tree: ast.AST) -> bool:
    """Whether a module has a function or a method: data alone, and what only passes names on, needs no test."""
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_of(module: str) -> Path:
    """Where the tests of a module stand."""
    *packages, name = module.split(".")
    return TESTS.joinpath(*packages, f"test_{name}.py")


test_of.__test__ = False  # type: ignore[attr-defined]  # it is none itself


def test_each_module_has_a_test_module_of_its_name() -> None:
    """Whoever changes a module knows where its tests are; nothing joins the list of those without."""
    asked = {
        name
        for name, module in modules().items()
        if module.file.name not in ("__init__.py", "__main__.py") and does_something(module.tree)
    }
    missing = {name for name in asked if not test_of(name).exists()}
    assert sorted(missing - WITHOUT) == []
    assert sorted(WITHOUT - missing) == [], "these have a test module, or need none: take them off the list"


def test_each_test_says_what_it_claims() -> None:
    """In a sentence of its own: a name in other letters tells nothing new."""
    silent = []
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            said = re.sub(r"[^a-z0-9]+", "_", (ast.get_docstring(node) or "").lower()).strip("_")
            if not said or f"test_{said}" == node.name:
                silent.append(f"{file.relative_to(TESTS)}: {node.name}")
    assert silent == []


def test_no_test_module_imports_another() -> None:
    """What several need stands in `support`: a test module can be moved or split without breaking others."""
    names = {".".join(file.relative_to(TESTS).with_suffix("").parts) for file in trees()}
    found = [
        f"{file.relative_to(TESTS)} imports {node.module}"
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in names
    ]
    assert found == []
