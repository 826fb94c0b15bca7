"""What the golden cases share: their list, the variables a part expects, and a model as text."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.lp import write_model
from serflow_opt.formulations.placement import Path
from serflow_opt.problem.instance import Instance

Build = Callable[[], Any]
CASES: dict[str, Build] = {}
GOLDEN = File(__file__).parents[1] / "golden"


def golden(name: str) -> Callable[[Build], Build]:
    """Register a function that builds the model of golden/<name>.lp; its docstring becomes the file's head."""

    def register(function: Build) -> Build:
        CASES[name] = function
        return function

    return register


# ----------------------------------------------------------------------------------------------------
# Variables a part expects, without the constraints that go with them


def model(expression: Any = 0) -> Any:
    """An empty model that minimises an expression."""
    m = pyo.ConcreteModel("golden")
    m.objective = pyo.Objective(expr=expression)
    return m


def minimise(m: Any, expression: Any) -> Any:
    """The model with another objective."""
    m.objective.set_value(expression)
    return m


def with_flow(data: Data) -> Any:
    """A model with R and v."""
    m = model()
    m.R = pyo.Var(data.stages, bounds=lambda m, s: (data.reach_low[s], data.reach_high[s]))
    m.v = pyo.Var(data.rows, bounds=(0.0, 1.0))
    return m


def add_path(m: Any, data: Data) -> Path:
    """x, leave and enter of the plain path."""
    m.x = pyo.Var(data.places, domain=pyo.Binary)
    m.leave = pyo.Var(data.hops, bounds=(0.0, 1.0))
    m.enter = pyo.Var(data.entries, bounds=(0.0, 1.0))
    return Path(m.x, m.leave, m.enter)


def add_scaled(m: Any, data: Data) -> Path:
    """on, leave and enter of the path scaled by reach."""
    m.u = pyo.Block()
    m.u.on = pyo.Var(data.places, bounds=(0.0, 1.0))
    m.u.leave = pyo.Var(data.hops, bounds=(0.0, 1.0))
    m.u.enter = pyo.Var(data.entries, bounds=(0.0, 1.0))
    return Path(m.u.on, m.u.leave, m.u.enter)


def small_memory(instance: Instance) -> Instance:
    """The instance with 10 B on its first option."""
    first, *others = instance.options
    return dataclasses.replace(instance, options=(dataclasses.replace(first, memory_bytes=10.0), *others))


def short_runs(instance: Instance, seconds: float) -> Instance:
    """The instance with so many seconds that its second option, the function, may run."""
    first, second, *others = instance.options
    return dataclasses.replace(instance, options=(first, dataclasses.replace(second, run_max_s=seconds), *others))


# ----------------------------------------------------------------------------------------------------
# Text


def lp_text(m: Any) -> str:
    """The model in LP format."""
    with tempfile.TemporaryDirectory() as folder:
        path = File(folder) / "model.lp"
        write_model(m, path)
        return path.read_text(encoding="utf-8")


def normal(text: str) -> str:
    """LP text without comments, blank lines and trailing blanks."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("\\")) + "\n"


# ----------------------------------------------------------------------------------------------------
# Cases against their files


def cases_of(module: str) -> list[str]:
    """Names of the cases of a module of the formulations."""
    for info in pkgutil.iter_modules([str(File(__file__).parent)]):
        if info.name.startswith("golden_"):
            importlib.import_module(f"support.{info.name}")
    return [name for name in CASES if name.split(".")[0] == module]


def head_of(name: str) -> list[str]:
    """The comment lines of a golden file."""
    return [f"\\ {line}".rstrip() for line in inspect.cleandoc(CASES[name].__doc__ or "").splitlines()]


def holds(name: str) -> None:
    """A part writes what its file has, whose head is the docstring of its case."""
    expected = (GOLDEN / f"{name}.lp").read_text(encoding="utf-8")
    head = [line for line in expected.splitlines() if line.startswith("\\")]
    assert head == head_of(name), "the head of the file is not the docstring of its case"
    assert normal(lp_text(CASES[name]())) == normal(expected)
