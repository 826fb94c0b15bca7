"""Cut points and their choice on lists of operations small enough to see through, and against exhaustive search."""

from __future__ import annotations

import random
from itertools import combinations, pairwise
from math import inf

import pytest

from serflow_opt.errors import InputError
from serflow_opt.problem.network import Stage
from serflow_opt.profiling.stages.graph import Cut, Operation, OperationGraph, choose_cuts, crossings, stages


def op(name: str, reads: str, size: float = 4.0, flops: float = 0.0, **more: object) -> Operation:
    """An operation that writes one value, called like itself."""
    return Operation(name, tuple(reads.split()), {name: size}, flops, **more)  # type: ignore[arg-type]


def graph(*operations: Operation, inputs: str = "x") -> OperationGraph:
    return OperationGraph(operations, dict.fromkeys(inputs.split(), 8.0), (operations[-1].name,))


def names(cuts: list[Cut]) -> list[str]:
    return [cut.name for cut in cuts]


def chain(flops: list[float], sizes: list[float]) -> OperationGraph:
    before = ["x", *(f"o{i}" for i in range(len(flops)))]
    return graph(*(op(f"o{i}", before[i], sizes[i], flops[i]) for i in range(len(flops))))


def test_work_that_is_not_counted_belongs_to_the_work_before_it() -> None:
    """Activations and pools end the stage of the work before them, where less is handed on."""
    network = graph(
        op("conv1", "x", 64, flops=10),
        op("relu1", "conv1", 64),
        op("pool1", "relu1", 16),
        op("conv2", "pool1", 32, flops=20),
        op("norm2", "conv2", 32),
        op("relu2", "norm2", 32),
        op("flat", "relu2", 32),
        op("fc", "flat", 4, flops=5),
        op("softmax", "fc", 4),
    )
    cuts = choose_cuts(network)
    assert names(cuts) == ["pool1", "flat"]
    assert stages(network, cuts) == [Stage(10, 16, 0), Stage(20, 32, 0), Stage(5, 4, 0)]


def test_the_smallest_tensor_between_two_works_is_handed_on() -> None:
    """Between two works the cut is where fewest bytes cross."""
    network = graph(
        op("conv1", "x", 64, flops=1), op("pool", "conv1", 2), op("repeat", "pool", 98), op("fc", "repeat", 4, flops=1)
    )
    assert choose_cuts(network) == [Cut(2, "pool", "pool", 2)]


def test_no_cut_inside_a_residual_block_or_between_branches() -> None:
    """Where two tensors cross there is no cut."""
    network = graph(
        op("stem", "x", flops=1),
        op("a", "stem", flops=1),
        op("b", "a", flops=1),
        op("sum", "b stem"),
        op("left", "sum", flops=1),
        op("right", "sum", flops=1),
        op("cat", "left right", 8),
        op("fc", "cat", flops=1),
    )
    assert names(crossings(network)) == ["stem", "sum", "cat"]


def test_several_inputs_cross_until_they_were_last_read() -> None:
    """A second input crosses as long as somebody behind reads it."""
    network = graph(
        op("embed", "ids"),
        op("layer1", "embed mask", flops=1),
        op("layer2", "layer1 mask", flops=1),
        op("layer3", "layer2", flops=1),
        op("layer4", "layer3", flops=1),
        inputs="ids mask unread",
    )
    assert names(choose_cuts(network)) == ["layer2", "layer3"]
    assert names(crossings(network)) == ["layer2", "layer3"]


def test_constants_and_sizes_are_at_hand_everywhere() -> None:
    """Constants and sizes are no hand-overs."""
    network = graph(
        op("positions", ""),
        op("slice", "positions weights"),
        op("length", "x", inf, anywhere=True),
        op("a", "x slice", flops=1),
        op("rows", "x", inf, anywhere=True),
        op("b", "a slice length rows", flops=1),
    )
    assert names(choose_cuts(network)) == ["a"]


def test_a_value_that_is_no_single_tensor_cannot_be_handed_on() -> None:
    """Lists of tensors are not handed on."""
    network = graph(op("a", "x", flops=1), op("split", "a", inf), op("b", "split", flops=1), op("c", "b", flops=1))
    assert names(choose_cuts(network)) == ["a", "b"]


def test_an_early_exit_belongs_to_the_stage_before_and_does_not_cross() -> None:
    """An answer that is already given is not carried along."""
    operations = (
        op("conv", "x", 16, flops=10),
        op("a", "conv", 16),
        op("head", "a", 2, flops=1),
        op("exit", "head", 2),
        op("b", "a", 8, flops=20),
        op("fc", "b", 2, flops=3),
    )
    network = OperationGraph(operations, {"x": 8.0}, ("exit", "fc"))
    cuts = choose_cuts(network)
    assert names(cuts) == ["a", "b"]
    assert stages(network, cuts) == [Stage(11, 16, 0), Stage(20, 8, 0), Stage(3, 2, 0)]


def test_the_answer_stays_alive_beside_work_that_leads_nowhere() -> None:
    """Behind the answer there is no cut, whatever is computed there."""
    operations = (op("a", "x", flops=1), op("fc", "a", flops=1), op("unread", "a", flops=1), op("more", "a", flops=1))
    assert names(crossings(OperationGraph(operations, {"x": 8.0}, ("fc",)))) == ["a"]


def test_a_value_nobody_reads_does_not_cross() -> None:
    """What nobody reads does not forbid a cut."""
    network = graph(op("a", "x", flops=1), op("unread", "a", flops=1), op("b", "a", flops=1))
    assert names(choose_cuts(network)) == ["a"]
    assert choose_cuts(network)[0].position == 2


def test_a_parameter_counts_once_a_stage() -> None:
    """Shared weights count once in each stage that uses them."""
    shared, own = {"w": 100.0}, {"v": 7.0}
    network = graph(
        op("a", "x w", flops=1, parameters=shared),
        op("b", "a w v", flops=1, parameters=shared | own),
        op("c", "b w", flops=1, parameters=shared),
    )
    found = stages(network, choose_cuts(network, at=["b"]))
    assert [stage.parameter_bytes for stage in found] == [107, 100]
    assert [stage.parameter_bytes for stage in stages(network, [])] == [107]


@pytest.mark.parametrize("seed", range(40))
def test_merging_finds_the_best_of_all_ways(seed: int) -> None:
    """Merged stages have the least largest work, then the fewest bytes, among all ways."""
    draw = random.Random(seed)
    count = draw.randint(2, 9)
    flops = [float(draw.randint(1, 6)) for _ in range(count)]
    sizes = [float(draw.randint(1, 5)) for _ in range(count)]
    network = chain(flops, sizes)
    for most in range(1, count + 2):
        ways = []
        for ends in combinations(range(1, count), min(most, count) - 1):
            work = [sum(flops[begin:end]) for begin, end in pairwise([0, *ends, count])]
            ways.append((max(work), sum(sizes[end - 1] for end in ends)))
        cuts = choose_cuts(network, most=most)
        found = stages(network, cuts)
        assert len(found) == min(most, count)
        assert (max(stage.flops for stage in found), sum(cut.bytes for cut in cuts)) == min(ways)


def test_merging_is_quick_for_deep_networks() -> None:
    """Three hundred works are merged to forty stages at once."""
    cuts = choose_cuts(chain([1.0 + i % 7 for i in range(300)], [1.0] * 300), most=40)
    assert len(cuts) == 39


def test_cuts_where_the_user_says_by_operation_or_label() -> None:
    """A cut can be named by operation or by block, in any order."""
    network = graph(
        op("a", "x", flops=1, labels=("block",)),
        op("b", "a", flops=1, labels=("block",)),
        op("c", "b", flops=1),
        op("d", "c", flops=1),
    )
    assert names(choose_cuts(network, at=["block"])) == ["b"]
    assert names(choose_cuts(network, at=["c", "a", "a"])) == ["a", "c"]
    assert names(choose_cuts(network, at=["a", "b", "c"], most=2)) == ["b"]
    assert choose_cuts(network, at=[]) == []


def test_what_can_not_be_cut_is_said_with_what_can() -> None:
    """Each impossible cut is told with its reason and what is possible."""
    network = graph(op("stem", "x"), op("left", "stem"), op("sum", "left stem"), op("fc", "sum"))
    with pytest.raises(InputError) as caught:
        choose_cuts(network, at=["left", "fc", "sun", "sum"], source="net.py", flag="--at")
    assert [str(problem) for problem in caught.value.problems] == [
        "net.py: --at: not exactly one tensor that can be handed on crosses after 'left'; one tensor crosses after: "
        "stem, sum",
        "net.py: --at: nothing comes after 'fc'; one tensor crosses after: stem, sum",
        "net.py: --at: no operation is called 'sun'; did you mean sum?",
    ]
    with pytest.raises(InputError, match=r"write a number of stages of at least 1"):
        choose_cuts(network, most=0)
