"""The layers of the package, read off its imports; `architecture.py` has the table."""

from __future__ import annotations

import ast

import pytest
from project.architecture import MOST_LINES, arrows, layer_of, modules, packages, rings

from serflow_opt.ground import tolerances
from serflow_opt.ground.display import VIEWS, named

HOMES = {
    "pyomo": ("formulations", "backend.matrix", "search.own_constraints", "traffic.schedule.model"),
    "highspy": ("backend",),
    "typer": ("cli",),
    "cython": ("kernels",),
    "grpc": ("serving",),
    "httpx": ("serving",),
    "prometheus_client": ("serving",),
    "starlette": ("serving",),
    "uvicorn": ("serving",),
    "torch": ("profiling", "plotting.reconstructions"),
}
"""The only packages and modules that import a library, by library."""
SMALL = 1e-5
"""Numbers up to this are taken for tolerances."""
NO_TOLERANCES = {
    "cli.profiling",  # least values of options
    "plotting",  # of the size of pictures
    "profiling",  # of training and measuring, which prove nothing
    "report",  # digits shown
}
"""Packages and modules with small numbers of their own, and why."""
MOST_IN_A_FUNCTION = 80
LONGER_FUNCTIONS = {
    "cli.main.solve",  # an argument an option
    "cli.pareto.pareto",
    "cli.profiling.profile",
    "cli.serve.serve",
    "cli.traffic.simulate",
    "traffic.control.compare.compare",
    "traffic.provision.solve.provision",
    "traffic.simulate.simulate.simulate",
}


def test_each_package_stands_in_a_layer() -> None:
    """A new package has to be put into the table."""
    for package in packages():
        layer_of(package)


def test_imports_point_to_lower_layers() -> None:
    """A module imports from its own package and from lower layers only."""
    wrong = [
        f"{name} -> {other}: {', '.join(taken)}"
        for name, into in arrows().items()
        for other, taken in into.items()
        if name.split(".")[0] != other.split(".")[0] and layer_of(other.split(".")[0]) >= layer_of(name.split(".")[0])
    ]
    assert not wrong, "\n".join(wrong)


def test_there_is_no_ring_of_imports() -> None:
    """No module reaches itself, type-only imports and those inside functions included."""
    assert rings() == []


def test_the_witness_reaches_nothing_of_the_model() -> None:
    """The exact evaluation shares no module with formulations and searches that is not plain data."""
    reached, new = set(), {"plan.evaluator"}
    while new:
        reached |= new
        new = {other for name in new for other in arrows().get(name, {})} - reached
    assert {name.split(".")[0] for name in reached} <= {"plan", "problem", "ground", "files", "errors"}


def test_witnesses_of_families_reach_nothing_of_their_models() -> None:
    """Nor of their searches: what a witness takes from its family is data."""
    witnesses = [name for name in modules() if name.startswith("families.") and name.endswith(".evaluate")]
    assert witnesses
    for witness in witnesses:
        own = witness.removesuffix("evaluate")
        assert {name.split(".")[0] for name in arrows()[witness]} <= {"families", "plan", "ground", "files", "errors"}
        taken = {name for name in arrows()[witness] if name.startswith("families.")}
        assert taken <= {f"{own}problem", "families.protocol"}
        assert not any(name.startswith(own) for name in arrows().get(f"{own}problem", {}))


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_place_only(library: str) -> None:
    """There is one way to HiGHS, one to Pyomo and one to the command line."""
    found = set()
    for name, module in modules().items():
        for node in module.nodes:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(own.split(".")[0] == library for own in names):
                found.add(name)
    homes = HOMES[library]
    assert [name for name in found if not any(name == home or name.startswith(f"{home}.") for home in homes)] == []


def test_only_highs_solves_programmes() -> None:
    """No other solver is imported, SciPy's included: its word would be taken without a check."""
    others = {"scipy.optimize", "scipy.optimize.linprog", "scipy.optimize.milp"}
    for name, module in modules().items():
        taken = set()
        for node in module.nodes:
            if isinstance(node, ast.Import):
                taken |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                taken |= {f"{node.module}.{alias.name}" for alias in node.names}
        assert not taken & others, name
        assert not {own.split(".")[0] for own in taken} & {"scip", "pyscipopt", "ortools", "cvxpy"}, name


def test_plans_are_put_together_in_one_place() -> None:
    """Solved, valued and written by hand: whatever becomes a plan does so in `plan.answer`."""
    found = {
        name
        for name, module in modules().items()
        for node in module.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Plan"
        if "plan.document" in arrows()[name]
    }
    assert found == {"plan.answer"}


def test_tolerances_have_one_home() -> None:
    """A small number elsewhere is a tolerance that keeps no order; units are written `/ 1e6`."""
    found = [
        f"{name}:{node.lineno}: {node.value}"
        for name, module in modules().items()
        if module.package not in NO_TOLERANCES and name not in NO_TOLERANCES and name != "ground.tolerances"
        for node in module.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value <= SMALL
    ]
    assert not found, "\n".join(found)


def test_tolerances_keep_their_order() -> None:
    """Each leaves room for those before it, as the module says."""
    chain = [
        tolerances.ROUNDING,
        tolerances.SLACK,
        tolerances.TOLERANCE,
        tolerances.FEASIBILITY,
        tolerances.ROOM,
        tolerances.MARGIN,
        tolerances.DEFAULT_GAP,
    ]
    assert chain == sorted(set(chain))
    assert 2 * tolerances.SLACK <= tolerances.TOLERANCE == tolerances.EQUAL
    assert 2 * tolerances.ROOM <= tolerances.MARGIN == tolerances.MODEL_ERROR < tolerances.BOX_STEP
    assert 2 * tolerances.BOX_GAP < tolerances.BOX_STEP
    assert 2 * tolerances.EQUAL < tolerances.FOR_VALUING


def test_each_tolerance_is_used() -> None:
    """What nobody reads is no fact."""
    used = {name for into in arrows().values() for name in into.get("ground.tolerances", [])}
    assert used == {name for name in vars(tolerances) if name.isupper()}


def test_modules_are_short() -> None:
    """No module is longer than 400 lines."""
    long = {name for name, module in modules().items() if len(module.file.read_text("utf-8").splitlines()) > MOST_LINES}
    assert not long


def test_functions_are_short() -> None:
    """No function is longer than 80 lines, but for those that are known to be."""
    long = {
        f"{name}.{node.name}"
        for name, module in modules().items()
        for node in module.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_IN_A_FUNCTION
    }
    assert long == LONGER_FUNCTIONS


def test_no_two_classes_bear_one_name() -> None:
    """One name, one meaning, private classes included; what reads a table of a file ends in Table."""
    homes: dict[str, list[str]] = {}
    for name, module in modules().items():
        for node in module.nodes:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name)
    assert {name: own for name, own in homes.items() if len(own) > 1} == {}


@pytest.mark.parametrize("result", VIEWS)
def test_each_result_has_its_view(result: str) -> None:
    """What the registry names is there."""
    assert callable(named(VIEWS[result]))
