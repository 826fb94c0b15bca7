"""Plans as documents, and back: names instead of positions, and what each group does in a round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.training.evaluate import combined, value_plan
from serflow_opt.families.training.expected import expected_round
from serflow_opt.families.training.problem import KNOBS, ClientRow, Setting, Training, TrainingPlan
from serflow_opt.families.training.rows import rows_by_mode, rows_of
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.tolerances import ROUNDING


def told(problem: Training, plan: TrainingPlan) -> dict[str, Any]:
    """Return a plan as documents have it: what is decided, and what that means for each group.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    """
    setting, found = plan.setting, value_plan(problem, plan)
    topology = problem.topologies[setting.topology]
    document: dict[str, Any] = {
        "mode": setting.mode,
        "synchronous": problem.synchronous,
        "local_epochs": setting.epochs,
        "clients_per_round": setting.clients,
        "rounds_measured": setting.rounds,
        "accuracy_measured": setting.accuracy,
        "server": None if setting.server < 0 else problem.servers[setting.server].name,
        "workers": setting.workers,
        "topology": topology.name,
        **{kind: menu[n].name for kind, menu, n in zip(KNOBS, problem.knobs, setting.knobs, strict=True)},
        "round_deadline_s": None if math.isinf(setting.deadline) else setting.deadline,
        "rounds": found.rounds,
        "round_s": found.round,
        "mean_round_s": expected_round(problem, setting, found),
        "chain_s": found.chain,
        "served_s": found.served,
        "once_s": found.once,
    }
    epsilon = combined(problem, setting).epsilon
    if math.isfinite(epsilon):
        document["epsilon"] = epsilon
    groups = []
    for client, row, own in zip(problem.clients, plan.rows, found.groups, strict=True):
        if row is None or own is None:
            groups.append({"client": client.name, "count": client.count, "cut": None})
            continue
        groups.append(
            {
                "client": client.name,
                "count": client.count,
                "cut": row.cut,
                "packing": problem.packings[row.packing].name,
                "protection": problem.protections[row.protection],
                "drawn": own.drawn,
                "computes_s": own.computes,
                "sends_s": own.sends,
                "receives_s": own.receives,
                "server_s": own.waits,
                "chain_s": own.chain,
                "up_mb": own.up / 1e6,
                "down_mb": own.down / 1e6,
                "joules": own.joules,
                "usd": own.usd,
                "leak": own.leak,
                "memory_mb": own.memory / 1e6,
            }
        )
    return {**document, "stages": len(problem.network.stages), "groups": groups}


class _PlanReader:
    """Reads a document, and notes what does not fit."""

    def __init__(self, problem: Training, document: Mapping[str, Any]) -> None:
        self.problem, self.document = problem, document
        self.problems: list[Problem] = []

    def wrong(self, place: str, found: object, cure: str) -> None:
        self.problems.append(Problem("", place, f"{found!r:.60}", cure))

    def among(self, key: str, names: Sequence[str], given: object) -> int:
        if isinstance(given, str) and given in names:
            return list(names).index(given)
        self.wrong(key, given, nearest(str(given), list(names)))
        return 0

    def number(self, key: str) -> float:
        number = as_number(self.document.get(key))
        if not math.isfinite(number):
            self.wrong(key, self.document.get(key), "write a number")
        return number


def obstacles(problem: Training, limits: Mapping[str, float]) -> list[str]:
    """Return what no setting reaches, and modes of which no setting has a row for every group.

    Parameters
    ----------
    problem, limits
        A problem without a plan, and its limits, less is better.
    """
    best = max((own.accuracy for own in problem.settings), default=-math.inf)
    floor = -limits.get("accuracy", math.inf)
    found = [f"accuracy {floor:g} is asked, and {best:g} is the most that was measured"] if floor > best else []
    for mode in problem.modes:
        every = (rows_of(problem, own) for own in problem.settings if own.mode == mode)
        if not any(rows is not None and rows.offered.any(axis=1).all() for rows in every):
            why = "some group has no row that fits its memory and the ends of rounds"
            found.append(f"mode {mode}: {why}, or less than {problem.share_min:g} of all samples take part")
    return found


def decided(problem: Training, document: Mapping[str, Any]) -> TrainingPlan:
    """Return the plan of a document; what follows from what is decided is not read.

    Raises
    ------
    InputError
        With everything that does not fit the problem.
    """
    read = _PlanReader(problem, document)
    modes = problem.modes
    mode = modes[read.among("mode", modes, document.get("mode"))]
    knobs = tuple(
        read.among(kind, [own.name for own in menu], document.get(kind, "none"))
        for kind, menu in zip(KNOBS, problem.knobs, strict=True)
    )
    topology = read.among("topology", [own.name for own in problem.topologies], document.get("topology", "star"))
    given = document.get("server")
    server = -1 if given is None else read.among("server", [own.name for own in problem.servers], given)
    deadline = document.get("round_deadline_s")
    asked = Setting(
        mode,
        int(read.number("local_epochs")) if read.number("local_epochs") > 0 else 1,
        int(read.number("clients_per_round")) if read.number("clients_per_round") > 0 else 1,
        knobs,
        topology,
        server,
        int(read.number("workers")) if read.number("workers") >= 0 else 0,
        math.inf if deadline is None else read.number("round_deadline_s"),
        read.number("rounds_measured"),
        read.number("accuracy_measured"),
    )
    rows = _rows(read, mode)
    if not read.problems:
        _check(read, asked)
    if read.problems:
        raise InputError(read.problems)
    return TrainingPlan(asked, rows)


def _check(read: _PlanReader, asked: Setting) -> None:
    """Hold a setting against what was measured and what is on offer."""
    problem = read.problem
    names = {kind: menu[n].name for kind, menu, n in zip(KNOBS, problem.knobs, asked.knobs, strict=True)}
    names |= {"mode": asked.mode, "topology": problem.topologies[asked.topology].name}
    workers = problem.servers[asked.server].workers if asked.server >= 0 else (0,)
    if asked.workers not in workers:
        read.wrong("workers", asked.workers, f"on offer: {', '.join(map(str, workers))}")
    there = [own for own in problem.measured if (own.epochs, own.clients) == (asked.epochs, asked.clients)]
    there = [own for own in there if own.fits(names)]
    if not any(_near(asked.rounds, own.rounds) and _near(asked.accuracy, own.accuracy) for own in there):
        said = ", ".join(f"{own.rounds:g} for {own.accuracy:g}" for own in there[:6]) or "nothing"
        read.wrong("rounds_measured, accuracy_measured", (asked.rounds, asked.accuracy), f"measured: {said}")


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= ROUNDING * max(abs(a), abs(b))


def _rows(read: _PlanReader, mode: str) -> tuple[ClientRow | None, ...]:
    problem = read.problem
    groups = read.document.get("groups")
    if not isinstance(groups, Sequence) or isinstance(groups, str):
        read.wrong("groups", groups, "list what each group of clients does")
        return ()
    by_name: dict[str, ClientRow | None] = {}
    names = [own.name for own in problem.clients]
    for n, own in enumerate(groups, 1):
        place = f"groups[{n}]"
        if not isinstance(own, Mapping):
            read.wrong(place, own, "write client, cut, packing, protection")
            continue
        name = names[read.among(f"{place}.client", names, own.get("client"))]
        if name in by_name:
            read.wrong(f"{place}.client", name, "list each group once")
        if own.get("cut") is None:
            by_name[name] = None
            continue
        packing = read.among(f"{place}.packing", [p.name for p in problem.packings], own.get("packing", "none"))
        protection = read.among(f"{place}.protection", problem.protections, own.get("protection", "none"))
        row = ClientRow(int(as_number(own["cut"])) if as_number(own["cut"]) >= 0 else -1, packing, protection)
        if row not in rows_by_mode(problem)[mode]:
            offered = sorted({r.cut for r in rows_by_mode(problem)[mode]})
            read.wrong(f"{place}.cut", own["cut"], f"no row of mode {mode!r}; cuts: {', '.join(map(str, offered))}")
        by_name[name] = row
    for name in names:
        if name not in by_name and not read.problems:
            read.wrong("groups", name, "say what it does, or `cut` null: it does not take part")
    return tuple(by_name.get(name) for name in names)
