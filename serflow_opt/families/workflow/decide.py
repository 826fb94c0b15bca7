"""A plan of a workflow as documents have it, and back; and which phase to speed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.protocol import Other
from serflow_opt.families.workflow.evaluate import account, value
from serflow_opt.families.workflow.menu import PhaseOption, options_of
from serflow_opt.families.workflow.problem import Phase, PhaseRow, Workflow, WorkflowPlan


def told(flow: Workflow, plan: WorkflowPlan) -> dict[str, Any]:
    """Return a plan as documents have it: by phase what it runs on, when, and what that costs.

    Parameters
    ----------
    flow, plan
        What was decided of what.
    """
    found = account(flow, plan)
    kept = {after: before for before, after in plan.kept}
    phases = []
    for f, (phase, row, own) in enumerate(zip(flow.phases, plan.rows, found.phases, strict=True)):
        runs: dict[str, Any] = {"phase": phase.name, "kind": phase.kind}
        if phase.kind == "job":
            runs |= {"row": row.ready, "words": phase.ready[row.ready][3]}
        else:
            runs |= {"workers": phase.workers[row.workers], "memory_mb": phase.memory_mb[row.memory]}
        if row.server >= 0:
            runs |= {"server": flow.servers[row.server].name, "servers": row.servers}
            runs["kept_from"] = flow.phases[kept[f]].name if f in kept else None
        usd = {"functions": own.functions_usd, "servers": own.servers_usd, "idle": own.idle_usd}
        phases.append({**runs, "begin_s": own.begin_s, "start_s": own.start_s, "end_s": own.end_s, "usd": usd})
    return {"phases": phases, "usd": found.cost}


def decided(flow: Workflow, document: Mapping[str, Any]) -> WorkflowPlan:
    """Return the plan of a document.

    Raises
    ------
    InputError
        For anything that the workflow does not offer.
    """
    problems: list[Problem] = []
    names = [own.name for own in flow.phases]
    given = document.get("phases")
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else []
    by = {own.get("phase"): own for own in listed if isinstance(own, Mapping)}
    for name in names:
        if name not in by:
            problems.append(Problem("plan", "phases", repr(name), "say what each phase runs on"))
    if problems:
        raise InputError(problems)
    rows, kept = [], []
    for f, phase in enumerate(flow.phases):
        own = by[phase.name]
        rows.append(_row(flow, phase, own, problems))
        source = own.get("kept_from")
        if source is not None and source not in names:
            problems.append(Problem("plan", f"{phase.name}.kept_from", repr(source), nearest(str(source), names)))
        elif source is not None:
            kept.append((names.index(source), f))
    if problems:
        raise InputError(problems)
    return WorkflowPlan(tuple(rows), tuple(kept))


def _row(flow: Workflow, phase: Phase, own: Mapping[str, Any], problems: list[Problem]) -> PhaseRow:
    def place(key: str, offered: Sequence[Any]) -> int:
        if own.get(key) not in offered or isinstance(own.get(key), bool):
            said = f"on offer: {', '.join(map(str, offered))}"
            problems.append(Problem("plan", f"{phase.name}.{key}", repr(own.get(key)), said))
            return 0
        return list(offered).index(own[key])

    if phase.kind == "job":
        return PhaseRow(ready=place("row", range(len(phase.ready))))
    workers, memory = place("workers", phase.workers), place("memory_mb", phase.memory_mb)
    if not phase.servers:
        return PhaseRow(workers, memory)
    server = phase.servers[place("server", [flow.servers[n].name for n in phase.servers])]
    return PhaseRow(workers, memory, server, phase.counts[place("servers", phase.counts)])


def others(flow: Workflow) -> list[Other]:
    """Return what all phases come to at their cheapest, at their fastest, and with one of them alone at its fastest."""
    menus = options_of(flow)

    def cheapest(menu: tuple[PhaseOption, ...]) -> PhaseRow:
        return min(menu, key=lambda own: (own.usd + own.rent * own.seconds, own.seconds)).row

    def fastest(menu: tuple[PhaseOption, ...]) -> PhaseRow:
        return min(menu, key=lambda own: (own.seconds, own.usd + own.rent * own.seconds)).row

    cheap, fast = [cheapest(menu) for menu in menus], [fastest(menu) for menu in menus]
    least = value(flow, WorkflowPlan(tuple(cheap))).values
    found = [
        Other("cheapest", "each phase at its cheapest, nothing kept", least),
        Other("fastest", "each phase at its fastest, nothing kept", value(flow, WorkflowPlan(tuple(fast))).values),
    ]
    for f, phase in enumerate(flow.phases):
        if cheap[f] != fast[f]:
            own = value(flow, WorkflowPlan((*cheap[:f], fast[f], *cheap[f + 1 :]))).values
            saved, more = least["time"] - own["time"], own["cost"] - least["cost"]
            rate = f"{saved:.5g} s less for {more / saved:.3g} USD each" if saved > 0 else "no sooner"
            found.append(Other(f"{phase.name} fast", f"{phase.name} alone at its fastest: {rate}", own))
    return found


def obstacles(flow: Workflow, limits: Mapping[str, float]) -> list[str]:
    """Say which phases have no row that can be had, whatever the limits."""
    return [
        f"phase {own.name}: no row fits the life of a function, {flow.cloud.life_s:g} s: offer more workers or memory"
        for own, menu in zip(flow.phases, options_of(flow), strict=True)
        if not menu
    ]
