"""What is wrong with a tier by its keys: what fits its kind, what goes together, names that stand twice."""

from __future__ import annotations

from collections.abc import Sequence

from serflow_opt.errors import Problem
from serflow_opt.problem.batches import batch_problems
from serflow_opt.problem.catalog import Catalog
from serflow_opt.problem.schema import TierTable
from serflow_opt.problem.selection import machines_of


def check_names(tier: TierTable, catalog: Catalog, file: str, place: str, problems: list[Problem]) -> None:
    """Check the names of a tier that has other faults.

    Parameters
    ----------
    tier, catalog
        The tier, and prices of what it may name.
    file, place, problems
        As `check_tier` takes them.
    """
    machines = [] if tier.kind == "function" else machines_of(tier, catalog, file, place, problems)
    names = [own.name for own in machines] + [own.name for own in tier.option]
    check_twice(names, file, place, problems)


def check_twice(names: Sequence[str], file: str, place: str, problems: list[Problem]) -> None:
    """Check that no option of a tier stands twice.

    Parameters
    ----------
    names
        Of its options.
    file, place, problems
        As `check_tier` takes them.
    """
    for name in sorted({n for n in names if names.count(n) > 1}):
        problems.append(Problem(file, place, f"option '{name}' twice", "keep one"))


def check_tier(tier: TierTable, file: str, place: str, problems: list[Problem]) -> None:
    """Check that the keys of a tier fit its kind and each other.

    Parameters
    ----------
    tier
        As it stands in the file.
    file, place
        The instance file and the tier in it, for messages.
    problems
        Takes every fault.
    """

    def wrong(key: str, found: str, cure: str) -> None:
        problems.append(Problem(file, f"{place}.{key}", found, cure))

    function_keys = {"memory_mb", "memory_mb_range", "arch", "cold_start_ms", "cold_share", "speed_curve"}
    function_keys |= {"keep_alive_s", "keep_alive_plan", "concurrency_max", "billing_step_ms", "billing_min_ms"}
    machine_keys = {"any_", "term", "speed_class", "workers", "start_s", "billing_min_s", "machines_max"}
    machine_keys |= {"interruptions_per_day", "replace_s"}
    if tier.kind == "function":
        if tier.options:
            wrong("options", "names of machines on a function tier", "list sizes as memory_mb = [...]")
        if tier.cold_share is not None and "cold_start_ms" not in tier.model_fields_set and tier.cold_share > 0:
            wrong("cold_share", f"{tier.cold_share:g} without cold_start_ms", "give cold_start_ms")
        for key in sorted(machine_keys & tier.model_fields_set):
            wrong(key.rstrip("_"), "on a tier of kind 'function'", "only machines have it: remove it")
    else:
        for key in sorted(function_keys & tier.model_fields_set):
            wrong(key, f"on a tier of kind '{tier.kind}'", "only functions have it: remove it")
    if tier.interruptions_per_day and tier.replace_s is None:
        wrong("replace_s", "missing beside interruptions_per_day", "say how long it takes until the next one serves")
    problems += batch_problems(tier, file, place)
    if tier.memory_mb_range is not None and tier.stage_times is not None:
        wrong(
            "memory_mb_range", "given together with stage_times", "times are measured at single sizes: list memory_mb"
        )
    if not (tier.options or tier.any_ or tier.option or tier.memory_mb or tier.memory_mb_range):
        need = "memory_mb" if tier.kind == "function" else "options"
        wrong(need, "no option to run on", f"give {need} = [...] or [[tier.option]]")
    measured = [key for key in ("stage_times", "speed_curve") if getattr(tier, key) is not None]
    for key in ("flops_per_s_per_vcpu", "parallel_fraction", "speed_class", *measured[1:]):
        if measured and key in tier.model_fields_set:
            what = "times replace speeds" if measured[0] == "stage_times" else "speeds replace the law"
            wrong(key, f"given together with {measured[0]}", f"measured {what}: remove one of them")
    sized = tier.options or tier.any_ or tier.memory_mb or tier.memory_mb_range
    if not measured and tier.flops_per_s_per_vcpu is None and sized:
        either = "speed_curve or stage_times" if tier.kind == "function" else "or stage_times"
        wrong("flops_per_s_per_vcpu", "missing", f"give the speed of one vCPU in FLOP/s, {either}")
