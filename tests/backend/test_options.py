"""Options of HiGHS: which are taken, and what is said of others."""

from __future__ import annotations

import highspy
import pyomo.environ  # noqa: F401  (registers the matrix writer)
import pytest
from support.models import knapsack

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.options import ALLOWED, why_refused
from serflow_opt.backend.running import check_options
from serflow_opt.errors import InputError


def test_unknown_option_names_its_neighbours() -> None:
    """A misspelt option of HiGHS is refused with the name that was probably meant."""
    with pytest.raises(InputError) as caught:
        check_options({"mip_rel_gapp": 0.1})
    (problem,) = caught.value.problems
    assert problem.place == "HiGHS option mip_rel_gapp"
    assert "mip_rel_gap" in problem.cure


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mip_rel_gap", "small"),
        ("mip_rel_gap", -1.0),
        ("mip_rel_gap", None),
        ("mip_rel_gap", [0.1]),
        ("presolve", "perhaps"),
        ("presolve", True),
        ("mip_max_nodes", 1.5),
        ("mip_heuristic_run_rins", "perhaps"),
    ],
)
def test_wrong_value_of_an_option(name: str, value: object) -> None:
    """A value that an option cannot take is named with the option before anything is solved."""
    with pytest.raises(InputError) as caught:
        check_options({name: value})
    (problem,) = caught.value.problems
    assert (problem.place, problem.found) == (f"HiGHS option {name}", repr(value))


def test_all_wrong_options_at_once() -> None:
    """Every wrong option is told in one round, so that one correction is enough."""
    with pytest.raises(InputError) as caught:
        check_options({"mip_rel_gapp": 0.1, "threads": 1, "presolve": "perhaps"})
    assert [p.place for p in caught.value.problems] == ["HiGHS option mip_rel_gapp", "HiGHS option presolve"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("small_matrix_value", 0.1, "another problem"),
        ("large_matrix_value", 1.0, "refused"),
        ("user_bound_scale", 1000, "scaled again"),
        ("user_objective_scale", 1000, "scaled again"),
        ("objective_bound", 1.0, "false proofs"),
        ("infinite_cost", 1e3, "endless"),
        ("mip_feasibility_tolerance", 0.1, "use --gap"),
        ("primal_feasibility_tolerance", 0.1, "use --gap"),
        ("kkt_tolerance", 0.1, "use --gap"),
        ("presolve", "on", "infeasible"),
        ("solver", "pdlp", "simplex"),
        ("solve_relaxation", True, "fractions"),
        ("write_model_file", "model.lp", "--write-lp"),
        ("read_solution_file", "start.sol", "files"),
        ("log_file", "highs.log", "--verbose"),
        ("time_limit", 1e9, "--time-limit"),
    ],
)
def test_options_that_would_change_the_answer_are_refused(name: str, value: object, why: str) -> None:
    """Options that would make a proof untrue are refused, with the reason or the key to use instead."""
    with pytest.raises(InputError) as caught:
        check_options({name: value})
    (problem,) = caught.value.problems
    assert why in problem.cure


def test_every_option_of_highs_is_allowed_or_has_a_reason() -> None:
    """Those allowed exist; any other, one of a later release too, is refused with a reason."""
    options = highspy.HighsOptions()
    names = {name for name in dir(options) if not name.startswith("_")}
    assert names >= ALLOWED
    assert all(why_refused(name) for name in names - ALLOWED)
    assert why_refused("some_new_option") is not None


@pytest.mark.parametrize("options", [{"mip_rel_gapp": 0.1}, {"presolve": "perhaps"}])
def test_solve_refuses_wrong_options(options: dict[str, object]) -> None:
    """Whoever goes straight to the adapter meets the same checks of options."""
    with pytest.raises(InputError):
        HighsModel(knapsack()).solve(options=options)
