"""Instances in mode train: against arithmetic, against the same instance made by hand, and against enumeration."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles.adapted_instances import adapted_document
from oracles.writing import write
from support import tiny

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.loader import load, shipped
from serflow_opt.problem.network import NO_CLASSIFIER, Menu, Stage

ALIKE = {"bert-base", "mobilenet-v3-large", "resnet50"}
"""Measured like vgg16-cifar10: other figures on the same tiers."""
PLACED = [name for name in shipped() if so.load(name).kind == "placement" and name not in ALIKE]
ALONE = ((1.0,), (1.0,))


def training(**changes: object) -> Instance:
    """`tiny.two_stages`, two thirds of the time of a stage on the way back."""
    return tiny.two_stages(**changes).with_limits(mode="train")


def test_a_plan_against_arithmetic() -> None:
    """Time and money of a training step are those of both ways, worked out by hand."""
    found = evaluate(training(), Decision((0, 1), ALONE))
    # stage 1 on v: 1 s there, 2 s back; stage 2 on f: 0.25 s there, 0.5 s back; input 0.5 s; 4 B there and back 1 s
    assert found.latency_worst_ms == 1000 * (0.5 + 3.0 + 1.0 + 0.5 + 0.75)
    assert found.latency_mean_ms == 1000 * (0.5 + 3.0 + 1.0 + 0.25 + 0.75)
    # v is paid for its stage and for both transfers; f for a call, half a cold start and its stage; links by the byte
    v, f, links = 0.5 * (3.0 + 1.0), 0.25 + 2.0 * (0.25 + 0.75), 0.125 + 2 * 0.125
    assert found.cost_usd_per_request == v + f + links
    assert (found.accuracy, found.reach) == (0.96, [1.0, 1.0])


def test_energy_and_privacy_of_both_ways() -> None:
    """Joules count both ways and what each tier sends; a leak counts once."""
    base = tiny.two_stages(
        tiers=(replace(tiny.VM, joules_per_byte=0.5), replace(tiny.FN, joules_per_byte=0.25)),
        links={("client", "vm"): tiny.INPUT, ("vm", "fn"): replace(tiny.HAND_OVER, trusted=False)},
    )
    base = replace(base, options=tuple(replace(o, joules_per_flop=2.0) for o in base.options))
    found = evaluate(base.with_limits(mode="train"), Decision((0, 1), ALONE))
    # 1 + 2 operations there, twice as many back; v sends 4 B of activations, f 4 B of gradients
    assert found.energy_j_per_request == 2.0 * 3 * 3 + 4 * 0.5 + 4 * 0.25
    assert found.privacy_loss == 1.0  # once a round: what crosses is seen, whoever would have left before


def test_measured_ways_back(tmp_path: Path) -> None:
    """A measured way back is taken, and made from operations where it is missing."""
    folder = tmp_path / "measured"
    folder.mkdir()
    (folder / "stages.csv").write_text(
        "stage,flops,activation_bytes,parameter_bytes,backward_flops\n1,100,4,2,150\n2,200,1,6,500\n"
    )
    (folder / "times.csv").write_text("stage,option,mean_ms,backward_ms\n1,a,10,11\n2,a,20,\n")
    (folder / "instance.toml").write_text(
        'schema = 1\nname = "measured"\n[network]\nstages = "stages.csv"\ninput_bytes = 2\n'
        '[[tier]]\nname = "edge"\nkind = "edge"\nstage_times = "times.csv"\n'
        "[[tier.option]]\nname = 'a'\njoules_per_flop = 1.0\n"
        '[[tier]]\nname = "vm"\nkind = "vm"\n[[tier.option]]\nname = "b"\nflops_per_s = 1e4\nusd_per_hour = 1\n'
        '[[link]]\nfrom = "edge"\nto = "vm"\nbandwidth_mbit_s = 1\n[objective]\nmode = "train"\n'
    )
    found = load(folder)
    assert found.options[0].stage_seconds == pytest.approx((0.021, 0.020 * (1 + 500 / 200)))  # the second by operations
    assert found.options[1].stage_seconds == pytest.approx((0.025, 0.070))
    whole = evaluate(found, Decision((0, 0), ALONE))
    assert whole.energy_j_per_request == 100 + 150 + 200 + 500
    assert whole.latency_worst_ms == pytest.approx(91.0)


def test_memory_of_gradients_and_of_what_was_received() -> None:
    """Training holds gradients and what came in, and one byte less is too little."""
    base = tiny.two_stages()
    held = 2 * 2.0 + 2.0 + 2 * 6.0 + 4.0 + 4.0  # both stages: parameters twice, received, the largest activation
    for memory, broken in ((held, False), (held - 1, True)):
        v, f = base.options
        own = replace(base, options=(replace(v, memory_bytes=memory), f)).with_limits(mode="train")
        found = evaluate(own, Decision((0, 0), ALONE))
        assert [breach.limit for breach in found.breaches] == (["memory of v"] if broken else [])
        assert so.solve(own.keep(exclude=["f"])).status == ("infeasible" if broken else "optimal")


def by_hand(instance: Instance) -> Instance:
    """The same for inference, with one classifier, times of both ways and hand-overs both ways: written apart.

    The input goes one way. A hand-over has twice the bytes, by its ways, and twice the round trip, by its link; where
    the input is on a tier, it takes links of its own from the client. Batches are measured of requests: each sample is
    served alone.
    """
    received = [instance.input_bytes, *(s.activation_bytes for s in instance.stages)]
    stages = tuple(
        Stage(3 * s.flops, s.activation_bytes, 2 * s.parameter_bytes + size)
        for s, size in zip(instance.stages, received, strict=False)
    )
    assert not instance.variants
    links, source = {}, instance.source
    for (start, end), link in instance.links.items():
        links[start, end] = link if start == "client" else replace(link, round_trip_s=2 * link.round_trip_s)
    if source != "client":  # the input comes from nowhere to its tier, and once over a link to any other
        links |= {("client", end): link for (start, end), link in instance.links.items() if start == source}
        assert all(tier.name == source or ("client", tier.name) in links for tier in instance.tiers)
    ways = tuple(
        tuple(
            replace(w, kept=w.kept * twice, encode_flops=3 * w.encode_flops, decode_flops=3 * w.decode_flops)
            for w in here
        )
        for here, twice in zip(instance.ways, (1, *[2] * len(stages)), strict=False)
    )
    assert all(tier.payload_max_bytes is None for tier in instance.tiers)
    options = tuple(
        replace(
            o,
            stage_seconds=tuple(3 * t for t in o.stage_seconds),
            stage_sd_s=tuple(3 * t for t in o.stage_sd_s),
            batching=None,
        )
        for o in instance.options
    )
    right = instance.menus[-1].accuracies[0]
    if instance.samples is not None:
        right = float(np.mean(instance.samples.correct[~instance.samples.held_out][:, -1]))
    menus = (*[NO_CLASSIFIER] * (len(stages) - 1), Menu((0.0,), (1.0,), (right,)))
    return replace(
        instance,
        stages=stages,
        links=links,
        ways=ways,
        options=options,
        menus=menus,
        source="client",
        samples=None,
        joint=False,
        accuracy_confidence=None,
        threshold_mode="menu",
    )


@pytest.mark.parametrize("name", PLACED)
def test_training_is_inference_of_the_instance_made_by_hand(name: str) -> None:
    """Training an instance costs what inference costs on one with both ways written into it."""
    base = load(name).with_limits(accuracy_min=None, latency_slo_ms=None, accuracy_confidence=None)
    goals = ["cost", "latency", "privacy"]
    if not any(tier.joules_per_byte for tier in base.tiers):  # two tiers send: by hand one would
        goals.append("energy")
    limits: list[dict[str, object]] = [{"minimize": goal} for goal in goals]
    limits.append({"weights": {"cost": 1.0, "latency": 2.0, "privacy": 1.0}})
    for changes in limits:
        train, hand = (i.with_limits(**changes) for i in (base.with_limits(mode="train"), by_hand(base)))
        found, expected = so.solve(train), so.solve(hand)
        assert found.status == expected.status == "optimal"
        assert found.objective.value == pytest.approx(expected.objective.value, rel=2e-6, abs=1e-15)
    slower = so.solve(base.with_limits(mode="train", minimize="latency")).objective.value
    both = [i.with_limits(latency_slo_ms=1.3 * slower) for i in (base.with_limits(mode="train"), by_hand(base))]
    values = [so.solve(own).objective.value for own in both]
    assert values[0] == pytest.approx(values[1], rel=2e-6, abs=1e-15)


def decisions(instance: Instance) -> list[Decision]:
    """Every decision of an instance without exits, whether or not it may be done."""
    count, found = len(instance.stages), []
    runners = [(p, v) for p in range(len(instance.options)) for v in (AS_IS, *range(len(instance.variants)))]
    weights = ((1.0,),) * count
    for path in itertools.product(runners, repeat=count):
        tiers = [instance.options[p].tier for p, _ in path]
        blocks = all(v == AS_IS or instance.variants[v].covers(s) for s, (_, v) in enumerate(path))
        whole = all(
            {path[s][1] for s in range(own.first, own.last + 1)} == {v}
            for v, own in enumerate(instance.variants)
            if any(v == mine for _, mine in path)
        )
        if sorted(tiers) != tiers or not (blocks and whole):
            continue
        moves = [(None if s == 0 else tiers[s - 1], tiers[s]) for s in range(count)]
        names = [(instance.source if a is None else instance.tiers[a].name, instance.tiers[b].name) for a, b in moves]
        crossed = [pair in instance.links and pair[0] != pair[1] for pair in names]
        if not crossed[0] and instance.source not in ("client", names[0][1]):
            continue
        if any(a != b and not c for (a, b), c in zip(names[1:], crossed[1:], strict=True)):
            continue
        same = [path[s][0] == path[s - 1][0] or tiers[s] != tiers[s - 1] for s in range(1, count)]
        mixed = [instance.tiers[tiers[s]].stage_specific for s in range(1, count)]
        if not all(a or b for a, b in zip(same, mixed, strict=True)):
            continue
        choices = [range(len(instance.ways[s])) if crossed[s] else range(1) for s in range(count)]
        for ways in itertools.product(*choices):
            found.append(Decision(tuple(p for p, _ in path), weights, ways, tuple(v for _, v in path)))
    return found


def test_solve_against_every_decision(tmp_path: Path) -> None:
    """On random instances the best training plan is the best of all decisions."""
    tried = 0
    for seed in range(30):
        document = adapted_document(seed, limits=False)
        base = so.load(write(document, tmp_path / str(seed)))
        size = (len(base.options) * (1 + len(base.variants))) ** len(base.stages)
        if size * math.prod(len(here) for here in base.ways) > 40_000 or base.accounting == "as-printed":
            continue
        goal = ("cost", "latency", "privacy", "energy")[seed % 4]
        instance = base.with_limits(mode="train", minimize=goal, accuracy_min=None)
        valued = [evaluate(instance, decision) for decision in decisions(instance)]
        kept = [own.objective(goal, instance.latency_measure) for own in valued if not own.breaches]
        found = so.solve(instance)
        tried += bool(kept)
        assert (found.status == "optimal") is bool(kept), (seed, found.status)
        if kept:
            shown = 1000 if goal == "latency" else 1
            assert found.objective.value == pytest.approx(min(kept) * shown, rel=2e-6, abs=1e-15), seed
    assert tried >= 6


def test_there_and_back_again() -> None:
    """The mode can be changed and changed back without losing exits, limits or options."""
    base = so.load("digits")
    train = base.with_limits(mode="train")
    assert train.mode == "train"
    assert train.with_limits(mode="infer") == base
    other = train.with_limits(latency_slo_ms=77.0).keep(exclude=["arm64"]).with_limits(mode="infer")
    assert other == base.with_limits(latency_slo_ms=77.0).keep(exclude=["arm64"])
    assert so.load("vgg16-edge-cloud").with_limits(mode="train").with_limits(mode="train").mode == "train"


def test_what_training_does_not_go_with() -> None:
    """What has no meaning for training is refused with the reason."""
    train = so.load("vgg16-cifar10-hybrid").with_limits(mode="train")
    with pytest.raises(InputError, match="solve, pareto, explain"):
        so.provision(train, 10.0)
    with pytest.raises(InputError, match=r"as-printed.*0 for training"):
        train.with_limits(accounting="as-printed")
    with pytest.raises(InputError, match="mode"):
        train.with_limits(mode="learn")


def test_exits_are_ignored_with_a_note() -> None:
    """Nobody leaves early while training, and the plan says that exits are ignored."""
    plan = so.solve(so.load("digits").with_limits(mode="train", minimize="latency"))
    assert any("[exits] is ignored" in note for note in plan.notes)
    assert plan.plan.thresholds == []
    whole = so.solve(so.load("vgg16-edge-cloud").with_limits(mode="train"))
    assert [note for note in whole.notes if "train" in note] == [
        "mode = 'train': every sample goes all the way, and its gradients come back"
    ]


def test_fronts_and_explanations_of_training() -> None:
    """Fronts and explanations know the mode: their best plans are those of solve."""
    train = so.load("vgg16-edge-cloud").with_limits(mode="train", latency_slo_ms=200.0)
    front = so.pareto(train, ["cost", "latency"])
    assert front.coverage == 0.0
    best = so.solve(train)
    assert min(plan.metrics.cost_usd_per_request for plan in front.plans) == pytest.approx(best.objective.value)
    assert so.explain(train).plan.objective.value == pytest.approx(best.objective.value)
