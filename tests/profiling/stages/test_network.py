"""The protocol of stages and exits, and how one request is answered."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import Columns, Runs, calls, learner, sure, told
from torch import nn

from serflow_opt.errors import InputError
from serflow_opt.profiling.stages.network import MultiExit, as_multi_exit, chain, stage_shapes


def protocol(stages: Any, exits: Any) -> nn.Module:
    """A module of somebody else's."""
    module = nn.Module()
    module.stages = stages
    module.exits = exits
    return module


def test_the_last_stage_always_answers() -> None:
    """Whatever exits there are, somebody who reaches the end gets an answer."""
    assert MultiExit([nn.Identity()] * 4, {1: nn.Identity(), 3: nn.Identity()}).classifier_stages == (1, 3, 4)
    assert MultiExit([nn.Identity()] * 4, {4: nn.Identity(), 2: nn.Identity()}).classifier_stages == (2, 4)
    assert MultiExit([nn.Identity()]).classifier_stages == (1,)


def test_exits_stand_in_the_order_of_the_stages() -> None:
    """Exits are met in the order of stages, not of the dictionary or of digits."""
    first, tenth = nn.Identity(), nn.Identity()
    exits = MultiExit([nn.Identity()] * 12, {10: tenth, 2: first}).exits
    assert list(exits) == [2, 10]
    assert exits[2] is first
    assert exits[10] is tenth


@pytest.mark.parametrize("stage", [0, -1, 4])
def test_an_exit_needs_its_stage(stage: int) -> None:
    """An exit at a stage that does not exist is refused with those that do."""
    with pytest.raises(ValueError, match=rf"{stage}\D.*1\.\.3"):
        MultiExit([nn.Identity()] * 3, {stage: nn.Identity()})


def test_a_network_has_stages() -> None:
    """A network of nothing is refused."""
    with pytest.raises(ValueError, match="at least one stage"):
        MultiExit([])


def test_forward_gives_the_logits_of_every_exit() -> None:
    """One pass gives what each exit says, in order."""
    x = torch.arange(12.0).reshape(2, 6)
    logits = told()(x)
    assert [answer.tolist() for answer in logits] == [
        [[0, 1], [6, 7]],
        [[2, 3], [8, 9]],
        [[4, 5], [10, 11]],
    ]


def test_a_last_stage_without_a_classifier_gives_the_logits() -> None:
    """Where the trunk ends in logits they are the last answer."""
    network = MultiExit([nn.Identity(), Columns(1, 3)], {1: Columns(0, 2)})
    first, last = network(torch.tensor([[5.0, 6.0, 7.0]]))
    assert first.tolist() == [[5, 6]]
    assert last.tolist() == [[6, 7]]


@pytest.mark.parametrize("cut", range(4))
def test_a_cut_changes_nothing(cut: int) -> None:
    """What runs before a cut and what runs after it make the whole."""
    network = learner().eval()
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    after = network.after(cut, network.until(cut, x))
    assert len(after) == 3 - cut
    for got, whole in zip(after, network(x)[cut:], strict=True):
        assert torch.equal(got, whole)
    assert torch.equal(network.until(0, x), x)


def test_confidence_is_the_softmax_of_cooled_logits() -> None:
    """Confidence is the largest share of the softmax, after the temperature."""
    network = told(exits=2, classes=3)
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    network.temperatures[1] = 2.0
    assert network.confidence(1, logits).tolist() == pytest.approx([math.e**2 / (math.e**2 + 2), 1 / 3])
    assert network.confidence(2, logits).tolist() == pytest.approx([math.e / (math.e + 2), 1 / 3])


def test_temperatures_are_saved_with_the_weights() -> None:
    """Calibration survives saving, or thresholds would mean something else."""
    network, other = told(), told()
    network.temperatures[:] = torch.tensor([2.0, 3.0, 4.0])
    other.load_state_dict(network.state_dict())
    assert other.temperatures.tolist() == [2, 3, 4]


def test_a_request_stops_at_the_first_exit_that_is_sure_enough() -> None:
    """A request leaves at the first exit above its threshold; the last one answers, sure or not."""
    network = told()
    x = torch.tensor([sure(0.6, 0.8, 0.7)])
    assert network.answer(x, {1: 0.55, 2: 0.55}) == (0, 1)
    assert network.answer(x, {1: 0.65, 2: 0.75}) == (0, 2)
    assert network.answer(x, {1: 0.65, 2: 0.85}) == (0, 3)
    assert network.answer(x, {1: 0.65, 2: 0.85, 3: 0.99}) == (0, 3), "the last one answers, sure or not"
    assert network.answer(x, {}) == (0, 3)


def test_a_confidence_equal_to_the_threshold_is_enough() -> None:
    """Two equal logits make exactly 1/2, four make exactly 1/4."""
    x = torch.zeros(1, 6)
    assert told().answer(x, {1: 0.5})[1] == 1
    assert told().answer(x, {1: math.nextafter(0.5, 1), 2: 0.5})[1] == 2
    assert told(exits=2, classes=4).answer(torch.zeros(1, 8), {1: 0.25})[1] == 1
    assert told().answer(torch.tensor([sure(1, 1, 1)]), {1: 1.0})[1] == 1


def test_the_answer_is_that_of_the_exit_taken() -> None:
    """The class answered is that of the exit at which the request left."""
    x = torch.tensor([[0.0, 5.0, 5.0, 0.0, 0.0, 9.0]])
    assert told().answer(x, {1: 0.9}) == (1, 1)
    assert told().answer(x, {2: 0.9}) == (0, 2)
    assert told().answer(x, {}) == (1, 3)


def test_what_is_not_needed_is_not_run() -> None:
    """Neither a classifier without a threshold, nor anything after the exit that was taken."""
    stages: list[int] = []
    network = MultiExit(
        [Runs(lambda _, stage=stage: stages.append(stage)) for stage in (1, 2, 3)],  # type: ignore[misc]
        told().exits,
    ).eval()
    x = torch.tensor([sure(0.6, 0.8, 0.7)])
    network.answer(x, {2: 0.75})
    assert (calls(network), stages) == ([0, 1, 0], [1, 2])
    network.answer(x, {2: 0.9})
    assert (calls(network), stages) == ([0, 2, 1], [1, 2, 1, 2, 3])
    network.answer(x, {1: 0.5, 2: 0.5})
    assert (calls(network), stages) == ([1, 2, 1], [1, 2, 1, 2, 3, 1])


def test_thresholds_meet_calibrated_confidences() -> None:
    """A hotter exit is less sure, and passes on."""
    network = told()
    x = torch.tensor([[2.0, 0.0, 0.0, 0.0, 0.0, 0.0]])  # 1 / (1 + e^-2) = 0.88, with T = 4 0.62
    assert network.answer(x, {1: 0.8})[1] == 1
    network.temperatures[0] = 4.0
    assert network.answer(x, {1: 0.8})[1] == 3


def test_a_protocol_is_taken_with_its_weights() -> None:
    """Any module with stages and exits is taken without copying a weight."""
    stages = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 3)])
    classifier = nn.Linear(4, 3)
    network = as_multi_exit(protocol(stages, nn.ModuleDict({"1": classifier})))
    assert network.classifier_stages == (1, 2)
    assert {id(p) for p in network.parameters()} == {id(p) for p in [*stages.parameters(), *classifier.parameters()]}
    assert as_multi_exit(network) is network


def test_whatever_has_stages_and_exits_will_do() -> None:
    """Nobody has to inherit from a class of ours."""
    bare = SimpleNamespace(stages=[nn.Linear(4, 4), nn.Linear(4, 3)], exits={1: nn.Linear(4, 3)})
    assert as_multi_exit(bare).classifier_stages == (1, 2)
    assert as_multi_exit(SimpleNamespace(stages=(nn.Identity(),), exits={})).classifier_stages == (1,)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Linear(1, 1), "Linear exposes no stages and exits"),
        (protocol([nn.Identity()], {"first": nn.Identity()}), "first"),
        (protocol([nn.Identity()], {2: nn.Identity()}), "1..1"),
        (protocol([], {}), "at least one stage"),
        (protocol(["a", "b"], {}), "str"),
        (protocol([nn.Identity()], {1: "a"}), "str"),
        (protocol(3, {}), "int"),
        (protocol([nn.Identity()], nn.ModuleList([nn.Identity()])), "ModuleList"),
        (protocol([nn.Identity()], None), "None"),
    ],
)
def test_what_does_not_follow_the_protocol_is_told(module: object, said: str) -> None:
    """What lacks stages or exits is told what it lacks."""
    with pytest.raises(InputError) as caught:
        as_multi_exit(module, "net.py:Net")
    (problem,) = caught.value.problems
    assert problem.file == "net.py:Net"
    assert said in problem.found
    assert ".stages and .exits" in problem.cure


def test_shapes_at_the_cuts() -> None:
    """Shapes at the cuts are those of layers by arithmetic."""
    network = MultiExit([nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 5)])
    # 8 - 2 = 6 pixels a side, halved to 3; 2 x 3 x 3 = 18
    expected = [(1, 8, 8), (2, 6, 6), (2, 3, 3), (18,), (5,)]
    assert stage_shapes(network, torch.zeros(3, 1, 8, 8)) == expected


def test_modules_are_grouped_in_order() -> None:
    """Modules stay in their order and each is in one stage."""
    modules = [nn.Linear(1, 1) for _ in range(5)]
    stages = chain(modules, [0, 1, 4])
    assert [list(stage.children()) for stage in stages] == [modules[:1], modules[1:4], modules[4:]]


def test_what_crosses_a_cut_is_left_as_it_is() -> None:
    """The stage behind a cut may work in place; what was sent is measured again."""
    network = MultiExit([nn.Linear(4, 4), nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 2))])
    sent = torch.tensor([[-1.0, 2.0, -3.0, 4.0]])
    with torch.inference_mode():
        network.after(1, sent)
    assert sent.tolist() == [[-1.0, 2.0, -3.0, 4.0]]
