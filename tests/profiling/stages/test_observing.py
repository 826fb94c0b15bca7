"""What operations work, give and need, by arithmetic on a convolution, a size and a sum over the batch."""

from __future__ import annotations

from math import inf

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, fx, nn

from serflow_opt.profiling.stages.observing import BATCHES, Observed, _again, as_graph, body, ends
from serflow_opt.profiling.stages.tracing import TRACERS


class Small(nn.Module):
    """A layer, a reshape by the size of the batch, and a mean over all requests."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        z = y.view(y.size(0), 2, 3)
        return z - z.mean(dim=0)


def observed() -> tuple[fx.GraphModule, Observed]:
    """The small model on two and three requests of four values."""
    traced = TRACERS["torch.fx"](Small().eval(), torch.rand(2, 4))
    return traced, Observed(traced, [torch.rand(n, 4) for n in BATCHES])


def test_work_and_bytes_are_of_a_request() -> None:
    """4 x 6 multiplications and as many additions; six values of 4 B; a mean over the batch is nobody's own."""
    traced, seen = observed()
    by = {str(node.target): node.name for node in traced.graph.nodes}
    assert seen.flops[by["fc"]] == 2 * 4 * 6
    assert seen.bytes(by["fc"]) == 6 * 4
    assert seen.bytes(by["x"]) == 4 * 4
    assert seen.bytes(by["mean"]) == inf
    assert seen.bytes(by["size"]) == inf
    assert seen.sizes == {by["size"]}


def test_the_graph_names_operations_by_their_modules() -> None:
    """One input, one output, and in between each node once; what a size reads is at hand everywhere."""
    traced, seen = observed()
    graph = as_graph(traced, seen)
    assert len(graph.operations) == len(body(traced))
    assert graph.operations[0].name == "fc"
    assert [own.anywhere for own in graph.operations] == [own.name.startswith("size") for own in graph.operations]
    entry, answer = ends(traced)
    assert (entry.op, answer.name) == ("placeholder", graph.operations[-1].name)


def test_values_that_follow_the_batch_can_be_made_again() -> None:
    """12 of two and 18 of three requests are six each; what is the same stays; anything else is no size."""
    assert _again(12, 18, lambda each: each * 5) == 30
    assert _again((7, 4), (7, 6), lambda each: each * 5) == (7, 10)
    with pytest.raises(ValueError, match="not a size"):
        _again(4, 7, int)
