"""The witness: what a plan of a training comes to, group by group from the definitions; shares no code with the search.

A client of a group computes its stages forward and backward, sends what crosses the cut and its part of the model,
receives the same in the other direction, and waits for the server's part: these seconds, one after another, are its
chain. A round ends when the longest chain has ended and the server is through with all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache

from serflow_opt.families.protocol import Valued
from serflow_opt.families.training.problem import (
    SPLIT,
    Client,
    ClientRow,
    Knob,
    Setting,
    Topology,
    Training,
    TrainingPlan,
)
from serflow_opt.ground.tolerances import ROUNDING, SMALLEST, TOLERANCE
from serflow_opt.plan.document import Breach

MANY = 16_384
"""Values of groups that are kept."""


@dataclass(frozen=True, slots=True)
class ClientRound:
    """What one client of a group does in a round; bytes, seconds, joules and USD.

    Attributes
    ----------
    drawn
        Clients of the group that are drawn in a round, on average.
    computes, sends, receives, waits
        Seconds; it waits for the server.
    chain
        All of them.
    lasts
        The longest that a round waits for one of the group.
    up, down
        Bytes, and those of them that are counted and paid.
    """

    drawn: float
    computes: float
    sends: float
    receives: float
    waits: float
    lasts: float
    up: float
    down: float
    counted: float
    joules: float
    usd: float
    leak: float
    loss: float
    memory: float

    @property
    def chain(self) -> float:
        """Seconds of a client that is not late."""
        return self.computes + self.sends + self.receives + self.waits


@dataclass(frozen=True, slots=True)
class PlanValue:
    """What a plan comes to.

    Attributes
    ----------
    groups
        By group; None: it does not take part.
    rounds
        How many there are.
    chain, served
        Seconds of a round: the longest chain, and the server's work by its workers.
    round
        Seconds of a round; where nothing waits for others, of the whole training.
    once
        Seconds before the first round.
    values
        By quantity.
    """

    groups: tuple[ClientRound | None, ...]
    rounds: float
    chain: float
    served: float
    round: float
    once: float
    values: dict[str, float]
    breaches: tuple[Breach, ...]


@lru_cache(maxsize=256)
def combined(problem: Training, setting: Setting) -> Knob:
    """Return what all knobs of a setting do together.

    Parameters
    ----------
    problem, setting
        A setting of the problem.
    """
    chosen = [menu[n] for menu, n in zip(problem.knobs, setting.knobs, strict=True)]
    factors = ("down_kept", "up_kept", "client_factor", "rounds_factor")
    made = {}
    for own in (field.name for field in fields(Knob) if field.name not in ("name", "epsilon")):
        each = [float(getattr(knob, own)) for knob in chosen]
        made[own] = math.prod(each) if own in factors else math.fsum(each)
    return Knob("+".join(knob.name for knob in chosen), epsilon=min(knob.epsilon for knob in chosen), **made)


def rounds_of(problem: Training, setting: Setting) -> float:
    """Return the rounds of a training: those measured, times what knobs and topology make of them, rounded up.

    Parameters
    ----------
    problem, setting
        A setting of the problem.
    """
    factor = combined(problem, setting).rounds_factor * problem.topologies[setting.topology].rounds_factor
    if not problem.synchronous:
        return setting.rounds * factor * problem.staleness
    return float(math.ceil(setting.rounds * factor * (1 - ROUNDING)))


@lru_cache(maxsize=MANY)
def group_value(problem: Training, setting: Setting, client: Client, row: ClientRow, drawn: float) -> ClientRound:
    """Value a group; decisions of a front have most of their groups' values in common.

    Parameters
    ----------
    problem, setting
        A setting of the problem.
    client, row
        A group, and what it does.
    drawn
        How many of it would be drawn if all of those answered.
    """
    network, knob = problem.network, combined(problem, setting)
    topology, mode = problem.topologies[setting.topology], setting.mode
    stages, peers = len(network.stages), setting.clients - 1
    work = setting.epochs * client.samples
    server = None if setting.server < 0 else problem.servers[setting.server]
    at_client, at_server = range(row.cut), range(row.cut, stages)
    crosses = mode in SPLIT and row.cut < stages
    leak = problem.leaks.get((row.cut, row.protection))
    packing = problem.packings[row.packing]
    slower, loss = knob.client_factor, 0.0
    if crosses:
        slower, loss = slower * packing.client_factor, loss + packing.loss
    if leak is not None:
        slower, loss = slower * leak.client_factor, loss + leak.loss
    computes = work * math.fsum(client.stage_s[j] for j in at_client) * slower
    joules = work * math.fsum(client.stage_j[j] for j in at_client) * slower
    up = down = model_up = model_down = 0.0
    if mode != "central":
        computes += knob.client_s + knob.peer_s * peers
        if mode != "parallel-split":
            parameters = math.fsum(network.parameters[j] for j in at_client)
            model_up, model_down = parameters * knob.up_kept, parameters * knob.down_kept
        up = model_up + knob.up_bytes + knob.peer_up_bytes * peers
        down = model_down + knob.down_bytes + knob.peer_down_bytes * peers
    if crosses:
        up += work * network.activation[row.cut - 1] * packing.kept
        down += work * network.gradient[row.cut - 1] * packing.kept
    if topology.kind == "ring":
        up, down = topology.neighbours * up, topology.neighbours * down
    sends, receives = _on_the_way(topology, client, up, down, model_up, model_down)
    waits = work * math.fsum(server.stage_s[j] for j in at_server) if server is not None else 0.0
    chain = computes + sends + receives + waits
    in_time = chain * client.late_factor <= setting.deadline * (1 + TOLERANCE)
    counts_late = client.late > 0 and in_time
    lasts = chain * (client.late_factor if counts_late else 1.0)
    answers = 1 - client.drops
    if client.late > 0 and not in_time:
        answers *= 1 - client.late
    counted = 0.0 if topology.kind == "edge" else up + down
    usd = 0.0
    if mode != "central":
        busy = chain * (1 - client.late + client.late * client.late_factor)
        usd = client.usd_per_round + client.usd_per_s * busy + client.usd_per_byte * counted
    if server is not None:
        usd += server.per_use * waits + server.per_call
    held = math.fsum(2 * network.parameters[j] + problem.batch * _held(network.activation[j]) for j in at_client)
    return ClientRound(
        drawn=drawn if mode == "central" else drawn / answers,
        computes=computes,
        sends=sends,
        receives=receives,
        waits=waits,
        lasts=0.0 if mode == "central" else lasts,
        up=up,
        down=down,
        counted=counted,
        joules=joules + client.joules_per_byte * (up + down),
        usd=usd,
        leak=0.0 if leak is None else leak.leak,
        loss=loss,
        memory=held,
    )


def _held(activation: float) -> float:
    return 0.0 if math.isnan(activation) else activation


def _on_the_way(
    topology: Topology, client: Client, up: float, down: float, model_up: float, model_down: float
) -> tuple[float, float]:
    """Seconds of sending and of receiving; an edge server passes one model on now and then."""
    if topology.kind == "edge":
        passed = topology.wan * topology.cloud_every
        return up / topology.lan + model_up / passed, down / topology.lan + model_down / passed
    return up / client.up, down / client.down


def value_plan(problem: Training, plan: TrainingPlan) -> PlanValue:
    """Value a plan: every quantity, and what it breaks.

    Parameters
    ----------
    problem
        The problem.
    plan
        A setting and a row for each group.
    """
    setting = plan.setting
    part = [(client, row) for client, row in zip(problem.clients, plan.rows, strict=True) if row is not None]
    breaches = _shares(problem, plan)
    counted = math.fsum(client.count * client.available for client, _ in part)
    share = setting.clients / counted if counted else 0.0
    groups: list[ClientRound | None] = []
    knob = combined(problem, setting)
    for client, row in zip(problem.clients, plan.rows, strict=True):
        if row is None:
            groups.append(None)
            continue
        own = group_value(problem, setting, client, row, share * client.count * client.available)
        groups.append(own)
        breaches += _hold(f"memory_mb of {client.name}", own.memory / 1e6, client.memory / 1e6)
        if setting.mode != "central":
            breaches += _hold(f"drawn of {client.name}", own.drawn, client.count * client.available)
            breaches += _hold(f"round_deadline_s of {client.name}", own.chain, setting.deadline)
    taken = [own for own in groups if own is not None]
    server = None if setting.server < 0 else problem.servers[setting.server]
    rounds = rounds_of(problem, setting)
    topology = problem.topologies[setting.topology]
    loss = knob.loss + max((own.loss for own in taken), default=0.0)
    rent = setting.workers * server.rent if server is not None else 0.0
    if not problem.synchronous:
        return _without_waiting(problem, plan, groups, rounds, rent, loss, breaches)
    if setting.mode == "split":
        means = [(own, client) for own, (client, _) in zip(taken, part, strict=True)]
        chain = math.fsum(g.drawn * g.chain * (1 - c.late + c.late * c.late_factor) for g, c in means)
        served = 0.0
    else:
        chain = max((own.lasts for own in taken), default=0.0)
        waits = math.fsum(own.drawn * own.waits for own in taken)
        served = waits / setting.workers if server is not None and not server.is_function else 0.0
        if server is not None and server.is_function and setting.mode == "central":
            served = max((own.waits for own in taken), default=0.0)
    length = max(chain, served)
    if setting.mode != "split":
        breaches += _hold("round_deadline_s", length, setting.deadline)
    lasts = length + problem.aggregation_s
    once, sent, sent_j, sent_usd = _once(problem, plan)
    passed = 0.0
    if topology.kind == "edge":
        model = math.fsum(problem.network.parameters)
        passed = topology.edges * model * (knob.up_kept + knob.down_kept) / topology.cloud_every
    time = rounds * lasts + once
    usd = math.fsum(own.drawn * own.usd for own in taken) + passed * topology.usd_per_byte
    values = {
        "time": time,
        "cost": rounds * (usd + rent * lasts) + sent_usd,
        "energy": rounds * math.fsum(own.drawn * own.joules for own in taken) + sent_j,
        "privacy": max((own.leak for own in taken), default=0.0),
        "accuracy": setting.accuracy - loss,
        "traffic": rounds * (math.fsum(own.drawn * own.counted for own in taken) + passed) + sent,
    }
    return PlanValue(tuple(groups), rounds, chain, served, lasts, once, values, tuple(breaches))


def _once(problem: Training, plan: TrainingPlan) -> tuple[float, float, float, float]:
    """Seconds, bytes, joules and USD of sending all samples, where they are trained in one place."""
    if plan.setting.mode != "central":
        return 0.0, 0.0, 0.0, 0.0
    sizes = [(own, own.own_samples * problem.network.input_bytes) for own in problem.clients]
    return (
        max(size / own.up for own, size in sizes),
        math.fsum(own.count * size for own, size in sizes),
        math.fsum(own.count * size * own.joules_per_byte for own, size in sizes),
        math.fsum(own.count * size * own.usd_per_byte for own, size in sizes),
    )


def _without_waiting(
    problem: Training,
    plan: TrainingPlan,
    groups: list[ClientRound | None],
    rounds: float,
    rent: float,
    loss: float,
    breaches: list[Breach],
) -> PlanValue:
    """Each client begins again as soon as it is done: updates come at the sum of their rates."""
    setting = plan.setting
    server = None if setting.server < 0 else problem.servers[setting.server]
    rate = load = usd = joules = traffic = 0.0
    for client, own in zip(problem.clients, groups, strict=True):
        if own is None:
            continue
        turns = own.drawn * (1 - client.drops) / (own.chain * (1 - client.late + client.late * client.late_factor))
        rate += turns * (1 - client.drops)
        load += turns * own.waits
        usd += turns * own.usd
        joules += turns * own.joules
        traffic += turns * own.counted
    if server is not None and not server.is_function:
        breaches += _hold("workers", load, float(setting.workers))
    time = rounds * setting.clients / max(rate, SMALLEST)
    values = {
        "time": time,
        "cost": time * (usd + rent),
        "energy": time * joules,
        "privacy": max((own.leak for own in groups if own is not None), default=0.0),
        "accuracy": setting.accuracy - loss,
        "traffic": time * traffic,
    }
    longest = max((own.lasts for own in groups if own is not None), default=0.0)
    return PlanValue(tuple(groups), rounds, longest, load, time, 0.0, values, tuple(breaches))


def _shares(problem: Training, plan: TrainingPlan) -> list[Breach]:
    """Whether those who take part have enough of all samples."""
    total = math.fsum(own.count * own.own_samples for own in problem.clients)
    there = math.fsum(
        own.count * own.own_samples for own, row in zip(problem.clients, plan.rows, strict=True) if row is not None
    )
    broken = []
    if there < problem.share_min * total * (1 - TOLERANCE):
        short = problem.share_min - there / total
        broken.append(Breach(limit="share_min", value=there / total, bound=problem.share_min, excess=short))
    return broken


def _hold(limit: str, found: float, most: float) -> list[Breach]:
    if math.isinf(most):
        return []
    excess = (found - most) / (most or 1.0)
    return [Breach(limit=limit, value=found, bound=most, excess=excess)] if excess > TOLERANCE else []


def value(problem: Training, plan: TrainingPlan) -> Valued:
    """Value a plan as the protocol asks for it.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    """
    found = value_plan(problem, plan)
    return Valued(found.values, found.breaches)
