"""Cut any PyTorch model into stages at points that one tensor crosses (`graph` says where), without changing it.

A tensor can be handed on when its first dimension is the batch and no other depends on it. A size that a stage
needs from before its cut is made there again: a multiple of the batch from what the stage receives, any other as the
constant it was for the example. Constants are made in each stage that reads them. Stages whose output is not the
model's are refused.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, fx, nn

from serflow_opt.errors import InputError, Problem, first_line
from serflow_opt.profiling.stages.graph import Cut, OperationGraph, choose_cuts
from serflow_opt.profiling.stages.observing import BATCHES, Observed, as_graph, body, ends
from serflow_opt.profiling.stages.tracing import TRACERS


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A model cut into stages.

    Attributes
    ----------
    stages
        M modules; each takes what the one before returns. They share the model's parameters.
    names
        The operations after which stages 1..M-1 end; given as `at` they make the same stages again.
    traced_by
        How the operations were found: one of `tracing.TRACERS`.
    """

    stages: list[nn.Module]
    names: list[str]
    traced_by: str


def cut(
    model: nn.Module, example: Tensor, *, at: Sequence[str] | None = None, most: int | None = None, source: str = ""
) -> Pieces:
    """Cut a model into a chain of stages.

    The model is put into evaluation mode. Stages keep that for functional dropout, and for everything when traced by
    torch.export; modules that torch.fx keeps can be trained.

    Parameters
    ----------
    example
        Inputs with the batch in front.
    at
        Modules (`layer1`, `features.3`) or operations after which to cut; None: wherever there is work on both sides.
    most
        Number of stages at most (`graph.choose_cuts`).
    source
        What messages call the model.

    Raises
    ------
    InputError
        When the model does not run on the example, or returns something else than one tensor with the batch in
        front; when its operations cannot be found; when there is no cut after one of `at`.
    """
    model.eval()
    probes = [example[torch.arange(batch, device=example.device) % len(example)] for batch in BATCHES]
    expected = [_run(model, probe, source) for probe in probes]
    failures: dict[str, str] = {}
    for name, trace in TRACERS.items():
        try:
            traced = trace(model, probes[-1])
            seen = Observed(traced, probes)
            graph = as_graph(traced, seen)
            cuts = choose_cuts(graph, at, most, source)
            stages = _split(traced, graph, cuts, seen)
            if all(_alike(_through(stages, probe), right) for probe, right in zip(probes, expected, strict=True)):
                return Pieces(stages, [cut.name for cut in cuts], name)
            failures.setdefault("the output differs from the model's", name)
        except InputError:
            raise
        except Exception as error:  # whatever tracing and running foreign code may raise
            failures.setdefault(first_line(error), name)
    words = "; ".join(f"{name}: {reason}" for reason, name in failures.items())
    cure = "give the model .stages and .exits itself (serflow_opt.profiling.stages.network)"
    raise InputError([Problem(source, "", f"cannot be cut ({words})", cure)])


def _split(traced: fx.GraphModule, graph: OperationGraph, cuts: Sequence[Cut], seen: Observed) -> list[nn.Module]:
    nodes, carried = body(traced), graph.from_request()
    entry, answer = ends(traced)
    by_value = {node.name: node for node in nodes}
    borders = [entry, *(by_value[cut.value] for cut in cuts), answer]
    bounds = pairwise([0, *(cut.position for cut in cuts), len(nodes)])
    return [
        _stage(traced, nodes[begin:end], received, given, carried, seen)
        for (begin, end), (received, given) in zip(bounds, pairwise(borders), strict=True)
    ]


def _stage(
    traced: fx.GraphModule,
    nodes: Sequence[fx.Node],
    received: fx.Node,
    given: fx.Node,
    carried: set[str],
    seen: Observed,
) -> nn.Module:
    """Copy some nodes into a module of their own that takes one value and gives one."""
    graph = fx.Graph()
    made = {received: graph.placeholder("x")}

    def times_batch(factor: int) -> fx.Node:
        return graph.call_function(operator.mul, (graph.call_method("size", (made[received], 0)), factor))

    def copied(node: fx.Node) -> Any:
        if node not in made and node.name in seen.sizes:
            return seen.made_again(node.name, times_batch)
        if node not in made:
            made[node] = graph.node_copy(node, copied)
        return made[node]

    for node in nodes:
        size_at_hand = node.name in seen.sizes and all(read in made for read in node.all_input_nodes)
        if node.name in carried or size_at_hand:
            made[node] = graph.node_copy(node, copied)
    graph.output(copied(given))
    return fx.GraphModule(traced, graph)


def _run(model: nn.Module, probe: Tensor, source: str) -> Tensor:
    cure = "give an example the model takes; wrap a model that returns something else than one tensor, batch first"
    try:
        with torch.no_grad():
            output = model(probe.clone())  # which it may change in place
    except Exception as error:  # foreign code
        found = f"does not run on an input of shape {tuple(probe.shape)} ({first_line(error)})"
        raise InputError([Problem(source, "", found, cure)]) from None
    if not isinstance(output, Tensor) or output.shape[:1] != probe.shape[:1]:
        what = f"a tensor of shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        found = f"returns {what} for an input of shape {tuple(probe.shape)}"
        raise InputError([Problem(source, "", found, cure)])
    return output


def _through(stages: Sequence[nn.Module], x: Tensor) -> Tensor:
    x = x.clone()
    with torch.no_grad():
        for stage in stages:
            x = stage(x)
    return x


def _alike(output: Tensor, right: Tensor) -> bool:
    """Equal, or apart by rounding, which torch.export may bring where the model takes a fused path."""
    if torch.equal(output, right) or output.shape != right.shape or not right.is_floating_point():
        return torch.equal(output, right)
    return torch.allclose(output, right, rtol=1e-3, atol=1e-4 * float(right.abs().max()), equal_nan=True)
