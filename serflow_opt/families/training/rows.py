"""What every row means for every group under a setting: constants, in arrays, for the search and the model.

A plan of a setting takes one row o for each group k and a time T of a round. Every quantity is then

    fixed + per_t T + Σ_{k,o} part_{k,o} x_{k,o},

with T >= lasts_{k,o} for the rows taken, T >= Σ served_{k,o} x_{k,o}, T <= most_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serflow_opt.families.training.problem import SPLIT, ClientRow, Knob, Setting, Training
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import ROUNDING, SLACK

LINEAR = ("time", "cost", "energy", "traffic")
"""Quantities that add up; privacy and accuracy are the worst of all groups."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a setting, by group that takes part and row.

    Attributes
    ----------
    members, rows
        Groups that take part, and what the columns are.
    offered
        Whether a group can take a row.
    lasts, served
        What a round takes at least, seconds; seconds of a server's worker.
    parts, per_t, fixed
        Of each quantity of `LINEAR`.
    leak, loss
        By row, and what the setting loses with all.
    most_t
        What T may be.
    rates, load, needed
        Where nothing waits for others: updates a second that arrive, workers it keeps busy, and updates needed.
        `parts` and `per_t` are then a second's, and T is the whole training.
    """

    members: Ints
    rows: tuple[ClientRow, ...]
    offered: Mask
    lasts: Floats
    served: Floats
    parts: dict[str, Floats]
    per_t: dict[str, float]
    fixed: dict[str, float]
    leak: Floats
    loss: Floats
    accuracy: float
    most_t: float
    rates: Floats | None = None
    load: Floats | None = None
    needed: float = 0.0
    workers: int = 1

    @property
    def cuts(self) -> Ints:
        """Stages that clients hold, by row."""
        return np.array([row.cut for row in self.rows])


def together(menus: tuple[tuple[Knob, ...], ...], chosen: tuple[int, ...]) -> dict[str, float]:
    """Return what the knobs chosen do together: factors multiply, all else adds up."""
    rows = [menu[n] for menu, n in zip(menus, chosen, strict=True)]
    found = {"down_kept": 1.0, "up_kept": 1.0, "client_factor": 1.0, "rounds_factor": 1.0}
    for name in found:
        for own in rows:
            found[name] *= getattr(own, name)
    for name in ("client_s", "up_bytes", "down_bytes", "peer_up_bytes", "peer_down_bytes", "peer_s", "loss"):
        found[name] = sum(getattr(own, name) for own in rows)
    return found


@lru_cache(maxsize=8)
def rows_by_mode(problem: Training) -> dict[str, tuple[ClientRow, ...]]:
    """Return the rows that groups can take under each mode."""
    stages = len(problem.network.stages)
    known = problem.leaks
    names = range(len(problem.protections))

    def protected(cut: int) -> list[int]:
        return [n for n in names if (cut, n) in known] if known else [0]

    def cuttable(cut: int) -> bool:
        return math.isfinite(problem.network.activation[cut - 1] + problem.network.gradient[cut - 1])

    whole = tuple(ClientRow(stages, 0, r) for r in protected(stages))
    crossing = tuple(
        ClientRow(cut, p, r)
        for cut in problem.cuts
        if cut < stages and cuttable(cut)
        for p in range(len(problem.packings))
        for r in protected(cut)
    )
    at_server = (ClientRow(0, 0, 0),) if not known or (0, 0) in known else ()
    hybrid = crossing + (whole if stages in problem.cuts else ())
    return {
        "central": at_server,
        "federated": whole,
        "split": crossing,
        "parallel-split": crossing,
        "hybrid": hybrid,
    }


_kept: dict[tuple[Training, Setting], Rows | None] = {}
CELLS = 8
"""Tables of a setting, and the least rows that one is counted as."""
MOST_KEPT = 4_000_000
"""Cells of tables that are kept from one solve to the next, as fronts ask for them again and again."""


def rows_of(problem: Training, setting: Setting) -> Rows | None:
    """Return the rows of a setting; None: some group that should take part has none, or too few take part.

    Parameters
    ----------
    problem, setting
        A setting of the problem.
    """
    key = (problem, setting)
    if key not in _kept:
        cells = CELLS * len(problem.clients) * max(len(rows_by_mode(problem)[setting.mode]), CELLS)
        if len(_kept) * cells > MOST_KEPT:
            _kept.clear()
        _kept[key] = _made(problem, setting)
    return _kept[key]


def _made(problem: Training, setting: Setting) -> Rows | None:
    rows, mode = rows_by_mode(problem)[setting.mode], setting.mode
    if not rows:
        return None
    clients, central = problem.clients, mode == "central"
    server = problem.servers[setting.server] if setting.server >= 0 else None
    topology = problem.topologies[setting.topology]
    each = {name: np.array([getattr(own, name) for own in clients])[:, None] for name in EACH}
    own = _turn(problem, setting, rows, each)
    chain, waits = own.chain, own.waits
    taken, share = _part(problem, setting, chain)
    if taken is None:
        return None
    in_time = chain * each["late_factor"] <= setting.deadline * (1 + SLACK)
    lasts = chain * np.where((each["late"] > 0) & in_time, each["late_factor"], 1.0)
    answers = (1 - each["drops"]) * np.where((each["late"] > 0) & ~in_time, 1 - each["late"], 1.0)
    there = each["count"] * each["available"]
    drawn = share * there / (1.0 if central else answers)
    offered = own.held <= each["memory"] * (1 + SLACK)
    late = 1 - each["late"] + each["late"] * each["late_factor"]
    counted = np.zeros_like(chain) if topology.kind == "edge" else own.sent + 0 * chain
    usd = 0 * chain
    if not central:
        offered = offered & (drawn <= there * (1 + SLACK)) & (chain <= setting.deadline * (1 + SLACK))
        usd = each["usd_per_round"] + each["usd_per_s"] * chain * late + each["usd_per_byte"] * counted
    if server:
        usd = usd + server.per_use * waits + server.per_call
    of_round = {
        "cost": drawn * usd,
        "energy": drawn * (own.joules + each["joules_per_byte"] * own.sent),
        "traffic": drawn * counted,
    }
    found = _put_together(
        problem, setting, rows, taken, chain * late, drawn, offered, lasts, waits, of_round, own.rounds_factor
    )
    return Rows(**found, rows=rows, leak=own.leak, loss=own.loss, accuracy=setting.accuracy)  # type: ignore[arg-type]


EACH = (
    "up",
    "down",
    "late",
    "late_factor",
    "drops",
    "count",
    "available",
    "memory",
    "usd_per_round",
    "usd_per_s",
    "usd_per_byte",
    "joules_per_byte",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """What one client does in a round, by group and row: seconds, joules, bytes both ways and bytes held; by row the
    leak and the accuracy lost."""

    chain: Floats
    waits: Floats
    joules: Floats
    sent: Floats
    held: Floats
    leak: Floats
    loss: Floats
    rounds_factor: float


def _turn(problem: Training, setting: Setting, rows: tuple[ClientRow, ...], each: dict[str, Floats]) -> _Turn:
    network, clients, mode = problem.network, problem.clients, setting.mode
    knob = together(problem.knobs, setting.knobs)
    topology = problem.topologies[setting.topology]
    server = problem.servers[setting.server] if setting.server >= 0 else None
    stages, peers, central = len(network.stages), setting.clients - 1, mode == "central"
    cut = np.array([row.cut for row in rows])
    crosses = (cut < stages) & (mode in SPLIT)
    at = np.maximum(cut - 1, 0)
    packing = [problem.packings[row.packing] for row in rows]
    leaks = [problem.leaks.get((row.cut, row.protection)) for row in rows]
    slower = np.array([own.client_factor if own else 1.0 for own in leaks]) * knob["client_factor"]
    slower = slower * np.where(crosses, [own.client_factor for own in packing], 1.0)
    loss = np.array([own.loss if own else 0.0 for own in leaks])
    loss = loss + np.where(crosses, [own.loss for own in packing], 0.0) + knob["loss"]
    work = setting.epochs * np.array([own.samples for own in clients], dtype=float)[:, None]

    def upto(values: tuple[float, ...]) -> Floats:
        return np.concatenate([[0.0], np.cumsum(values)])

    spent = np.array([upto(own.stage_s) for own in clients])[:, cut] * work * slower
    joules = np.array([upto(own.stage_j) for own in clients])[:, cut] * work * slower
    parameters = upto(network.parameters)[cut] * (0.0 if mode in ("central", "parallel-split") else 1.0)
    model_up, model_down = parameters * knob["up_kept"], parameters * knob["down_kept"]
    own_up, own_down = model_up, model_down
    if not central:
        spent = spent + knob["client_s"] + knob["peer_s"] * peers
        own_up = own_up + knob["up_bytes"] + knob["peer_up_bytes"] * peers
        own_down = own_down + knob["down_bytes"] + knob["peer_down_bytes"] * peers
    kept = np.array([own.kept for own in packing])
    with np.errstate(invalid="ignore"):
        up = own_up + np.where(crosses, work * np.array(network.activation)[at] * kept, 0.0)
        down = own_down + np.where(crosses, work * np.array(network.gradient)[at] * kept, 0.0)
    if topology.kind == "ring":
        up, down = up * topology.neighbours, down * topology.neighbours
    if topology.kind == "edge":
        sent = (up + down) / topology.lan + (model_up + model_down) / (topology.wan * topology.cloud_every)
    else:
        sent = up / each["up"] + down / each["down"]
    waits = work * (upto(server.stage_s)[-1] - upto(server.stage_s))[cut] if server else 0.0 * work + 0.0 * cut
    held = upto(tuple(2 * w + problem.batch * np.nan_to_num(a) for w, a in _pairs(problem)))[cut]
    leak = np.array([own.leak if own else 0.0 for own in leaks])
    return _Turn(spent + sent + waits, waits, joules, up + down, held, leak, loss, knob["rounds_factor"])


def _pairs(problem: Training) -> list[tuple[float, float]]:
    return list(zip(problem.network.parameters, problem.network.activation, strict=True))


def _part(problem: Training, setting: Setting, chain: Floats) -> tuple[Ints | None, float]:
    """Groups that take part, and the share of those available that is drawn; None: too few."""
    clients = problem.clients
    there = np.ones(len(clients), dtype=bool)
    if setting.mode != "central":
        there = chain.min(axis=1) <= setting.deadline * (1 + SLACK)
    samples = np.array([own.count * own.own_samples for own in clients], dtype=float)
    if not there.any() or samples[there].sum() < problem.share_min * samples.sum() * (1 - SLACK):
        return None, 0.0
    available = sum(own.count * own.available for own, is_there in zip(clients, there, strict=True) if is_there)
    return np.flatnonzero(there), setting.clients / available


def _put_together(
    problem: Training,
    setting: Setting,
    rows: tuple[ClientRow, ...],
    taken: Ints,
    busy: Floats,
    drawn: Floats,
    offered: Mask,
    lasts: Floats,
    waits: Floats,
    of_round: dict[str, Floats],
    factor: float,
) -> dict[str, object]:
    """Quantities as sums over rows, and what binds T."""
    server = problem.servers[setting.server] if setting.server >= 0 else None
    topology = problem.topologies[setting.topology]
    rent = server.rent * setting.workers if server else 0.0
    shared = server is not None and not server.is_function
    shape = (len(problem.clients), len(rows))
    full = {
        name: np.broadcast_to(own, shape)[taken]
        for name, own in {**of_round, "lasts": lasts, "busy": busy, "drawn": drawn, "waits": waits}.items()
    }
    factor *= topology.rounds_factor
    found: dict[str, object] = {"members": taken, "offered": np.broadcast_to(offered, shape)[taken]}
    nothing = np.zeros((len(taken), len(rows)))
    parts = {name: full[name] for name in of_round}
    if not problem.synchronous:
        drops = np.array([problem.clients[k].drops for k in taken])[:, None]
        turns = full["drawn"] * (1 - drops) / np.maximum(full["busy"], ROUNDING)
        return {
            **found,
            "lasts": nothing,
            "served": nothing,
            "parts": {"time": nothing, **{n: own / full["drawn"] * turns for n, own in parts.items()}},
            "per_t": {"time": 1.0, "cost": rent, "energy": 0.0, "traffic": 0.0},
            "fixed": dict.fromkeys(LINEAR, 0.0),
            "most_t": math.inf,
            "rates": turns * (1 - drops),
            "load": turns * full["waits"] if shared else nothing,
            "needed": setting.rounds * factor * problem.staleness * setting.clients,
            "workers": setting.workers,
        }
    rounds = math.ceil(setting.rounds * factor * (1 - ROUNDING))
    pause, once = problem.aggregation_s, _once(problem, setting)
    per_t = {"time": float(rounds), "cost": rounds * rent, "energy": 0.0, "traffic": 0.0}
    fixed = {name: per_t[name] * pause + once.get(name, 0.0) for name in LINEAR}
    whole = {"time": nothing, **{name: rounds * own for name, own in parts.items()}}
    if topology.kind == "edge":
        knob = together(problem.knobs, setting.knobs)
        kept = knob["up_kept"] + knob["down_kept"]
        passed = topology.edges * sum(problem.network.parameters) * kept / topology.cloud_every
        fixed["traffic"] += rounds * passed
        fixed["cost"] += rounds * passed * topology.usd_per_byte
    round_lasts, served = full["lasts"], full["drawn"] * full["waits"] / setting.workers if shared else nothing
    if setting.mode == "central":
        round_lasts = full["waits"] if server and server.is_function else nothing
    if setting.mode == "split":
        one_after_another = full["drawn"] * full["busy"]
        whole["time"] = rounds * one_after_another
        whole["cost"] = whole["cost"] + rounds * rent * one_after_another
        round_lasts, served, per_t = nothing, nothing, dict.fromkeys(LINEAR, 0.0)
    most = math.inf if setting.mode == "split" else setting.deadline
    return {
        **found,
        "lasts": round_lasts,
        "served": served,
        "parts": whole,
        "per_t": per_t,
        "fixed": fixed,
        "most_t": most,
        "workers": setting.workers,
    }


def _once(problem: Training, setting: Setting) -> dict[str, float]:
    """Sending all samples, where they are trained in one place."""
    if setting.mode != "central":
        return {}
    found = {"time": 0.0, "cost": 0.0, "energy": 0.0, "traffic": 0.0}
    for own in problem.clients:
        size = own.own_samples * problem.network.input_bytes
        found["time"] = max(found["time"], size / own.up)
        found["cost"] += own.count * size * own.usd_per_byte
        found["energy"] += own.count * size * own.joules_per_byte
        found["traffic"] += own.count * size
    return found
