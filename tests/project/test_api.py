"""What `import serflow_opt as so` offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.helpers import GOOD, run

import serflow_opt as so


def test_every_public_name_is_there_and_documented() -> None:
    """Whatever `__all__` promises exists, explains itself, and completes on a tab."""
    for name in so.__all__:
        assert getattr(so, name).__doc__, name
        assert name in dir(so)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Lazy imports must not hide a misspelt name."""
    with pytest.raises(AttributeError, match="frobnicate"):
        so.frobnicate  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    """The package is imported in no time: solvers and tables are loaded when they are asked for."""
    heavy = "{'pyomo', 'highspy', 'pandas', 'matplotlib', 'scipy', 'numpy'}"
    code = f"import sys, serflow_opt; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_of_the_api_in_four_lines(tmp_path: Path) -> None:
    """Load, solve, value and print: Python and the command give one document."""
    instance = so.load(GOOD)
    plan = so.solve(instance, gap=1e-7)
    assert plan.status == "optimal"
    assert so.evaluate(instance, plan.to_dict()) == plan.metrics
    printed = run("solve", GOOD, "--gap", "1e-7", "--json").document
    document = plan.to_dict()
    for each in (printed, document):
        each.pop("seconds")
    assert printed == document


def test_shipped_names_can_be_loaded() -> None:
    """A shipped instance is loaded by its name alone."""
    assert "bert12-sst2" in so.shipped()
    assert so.load("resnet50-lambda").name == "resnet50-lambda"


def test_errors_carry_their_problems() -> None:
    """Programs can show file, fault and cure without parsing a message."""
    with pytest.raises(so.InputError) as caught:
        so.load(GOOD / "absent.toml")
    (problem,) = caught.value.problems
    assert isinstance(problem, so.Problem)
    assert "absent.toml" in problem.file
    assert problem.found
    assert problem.cure


def test_the_catalogue_is_at_hand() -> None:
    """The price of a known machine is the published one."""
    assert isinstance(so.load_catalog(), so.Catalog)
    assert so.load_catalog().vm("c6i.large").usd_per_hour == 0.085
