"""Each constraint of the provisioning model as a file of its own; written by `test_formulations.py --write`."""

from __future__ import annotations

import inspect
import re
from pathlib import Path as File

import highspy
import pyomo.core as pyo
import pytest
from support import golden_provisioning
from support.golden_parts import CASES, lp_text, normal

from serflow_opt.formulations import provisioning

GOLDEN = File(__file__).parents[1] / "golden"
NAMES = [name for name in CASES if name.startswith("provisioning.")]


def documented() -> set[str]:
    """Names beside the equations in the module's docstring."""
    lines = [re.split(r" {2,}", line.strip()) for line in (provisioning.__doc__ or "").splitlines()]
    beside = [column for line in lines if re.search(r"[=<>]", " ".join(line)) for column in line[1:]]
    return {name for column in beside if re.fullmatch(r"[a-z_]+(, [a-z_]+)*", column) for name in column.split(", ")}


def constraints(m: pyo.ConcreteModel) -> set[str]:
    """Names of the constraints of a model that have a row."""
    return {constraint.local_name for constraint in m.component_objects(pyo.Constraint) if len(constraint)}


def own() -> set[str]:
    """Names of the constraints that the module adds; those of the exits are in `test_formulations.py`."""
    source = inspect.getsource(provisioning)
    return set(re.findall(r"@m\.Constraint\(.*?\)\n    def (\w+)\(", source, re.DOTALL)) | set(
        re.findall(r"m\.(\w+) = pyo\.Constraint", source)
    )


def test_the_source_is_read() -> None:
    """The constraints found in the source are those its docstring lists, so that the next tests miss none."""
    assert len(own()) >= 11
    assert own() == documented()


@pytest.mark.parametrize("constraint", sorted(own()))
def test_each_constraint_has_a_golden_file_of_its_own(constraint: str) -> None:
    """Each constraint can be checked by hand without the others."""
    alone = [name for name in NAMES if constraints(CASES[name]()) == {constraint}]
    assert alone, f"add a golden case for {constraint}"
    assert all((GOLDEN / f"{name}.lp").exists() for name in alone)


def test_each_function_has_a_golden_file() -> None:
    """Each public function that builds a part has a file that shows it."""
    functions = {
        name
        for name, function in inspect.getmembers(provisioning, inspect.isfunction)
        if function.__module__ == provisioning.__name__ and not name.startswith("_")
    }
    assert functions == {name.removeprefix("provisioning.").split("-")[0] for name in NAMES}


def test_files_and_cases_match() -> None:
    """Files and cases go together, with none left over."""
    assert sorted(NAMES) == sorted(file.stem for file in GOLDEN.glob("provisioning.*.lp"))


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    """Each constraint still writes the lines that were checked by hand."""
    expected = (GOLDEN / f"{name}.lp").read_text(encoding="utf-8")
    head = [line for line in expected.splitlines() if line.startswith("\\")]
    assert head == [f"\\ {line}".rstrip() for line in inspect.cleandoc(CASES[name].__doc__ or "").splitlines()]
    assert normal(lp_text(CASES[name]())) == normal(expected)


@pytest.mark.parametrize(("name", "optimum"), golden_provisioning.OPTIMA.items())
def test_golden_optimum(name: str, optimum: float) -> None:
    """The file alone, read and solved by HiGHS, has the optimum worked out in its head."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(GOLDEN / f"{name}.lp")) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    assert solver.getInfo().objective_function_value == pytest.approx(optimum, rel=1e-6)


def test_the_whole_models_have_all_constraints() -> None:
    """Together the whole models use every constraint there is."""
    assert own() <= set().union(*map(constraints, golden_provisioning.whole_models()))
