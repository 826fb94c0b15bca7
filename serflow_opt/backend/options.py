"""Which options of HiGHS a user may set: those that steer a search, and none that changes what its answer means.

A list of what is allowed, so that an option of a later release is refused until somebody has looked at it. Looked at:
all options of 1.15.1 and 1.16.0.
"""

from __future__ import annotations

ALLOWED = frozenset(
    {
        # when to stop: the bound at that moment is told
        "mip_rel_gap",
        "mip_abs_gap",
        "mip_max_improving_sols",
        "mip_max_leaves",
        "mip_max_nodes",
        "mip_max_stall_nodes",
        "simplex_iteration_limit",
        # how to search
        "mip_detect_symmetry",
        "mip_heuristic_effort",
        "mip_heuristic_run_feasibility_jump",
        "mip_heuristic_run_rens",
        "mip_heuristic_run_rins",
        "mip_heuristic_run_root_reduced_cost",
        "mip_heuristic_run_shifting",
        "mip_heuristic_run_zi_round",
        "mip_lp_age_limit",
        "mip_min_cliquetable_entries_for_parallelism",
        "mip_min_logging_interval",
        "mip_pool_age_limit",
        "mip_pool_soft_limit",
        "mip_pscost_minreliable",
        "parallel",
        "random_seed",
        "simplex_crash_strategy",
        "simplex_dual_edge_weight_strategy",
        "simplex_dualize_strategy",
        "simplex_max_concurrency",
        "simplex_min_concurrency",
        "simplex_permute_strategy",
        "simplex_price_strategy",
        "simplex_primal_edge_weight_strategy",
        "simplex_scale_strategy",
        "simplex_strategy",
        "simplex_update_limit",
        "allowed_matrix_scale_factor",
        "threads",
    }
)

LOG = "the log would mix with the results: use --verbose"
FILES = "files are written by --json, --write-lp and export, not by the solver"
SCALE = "data are brought to about 1 on their way to HiGHS; scaled again, its tolerances would mean something else"
TOLERANCE = "looser, it lets through what breaks limits; tighter, HiGHS loses plans that keep them: use --gap"
MEANING = "it changes what is solved, not how"
OTHER = "proofs rest on the simplex method inside branch and bound: other solvers give no vertex to prove with"
REFUSED = {
    "objective_bound": "a cut-off would make false proofs",
    "objective_target": "a target would end the search without a proof: use --gap or --time-limit",
    "time_limit": "it is for everything, not for one search: use --time-limit",
    "presolve": "with presolve HiGHS has called small feasible models infeasible: a proof that may be wrong is none",
    "small_matrix_value": "coefficients left out make another problem: its optimum would be no optimum of yours",
    "large_matrix_value": "models with larger coefficients would be refused",
    "infinite_bound": "limits beyond it would not hold",
    "infinite_cost": "prices beyond it would count as endless",
    "user_bound_scale": SCALE,
    "user_objective_scale": SCALE,
    "allow_unbounded_or_infeasible": "no answer would say which of the two",
    "solve_relaxation": "whole machines would come in fractions",
    "blend_multi_objectives": "there is one objective here",
    "solver": OTHER,
    "run_crossover": OTHER,
    "ranging": "nothing reads it",
}
"""Why, option by option; others by what their names begin with or hold."""
KINDS = (
    ("log", LOG),
    ("highs_", LOG),
    ("report_level", LOG),
    ("output", LOG),
    ("write_", FILES),
    ("read_", FILES),
    ("solution_file", FILES),
    ("glpsol", FILES),
    ("tolerance", TOLERANCE),
    ("ipm", OTHER),
    ("ipx", OTHER),
    ("pdlp", OTHER),
    ("qp", OTHER),
)


def why_refused(name: str) -> str | None:
    """Return why an option that HiGHS has may not be set, None where it may."""
    if name in ALLOWED:
        return None
    if name in REFUSED:
        return REFUSED[name]
    return next((why for part, why in KINDS if part in name), f"{MEANING}, or nobody has looked whether it does")
