"""Run a traced model to see what each of its operations works, gives and needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from torch import Tensor, fx

from serflow_opt.profiling.measure.counting import counter
from serflow_opt.profiling.stages.graph import Operation, OperationGraph

BATCHES = (2, 3)
"""Two sizes tell what depends on the batch. Not 1, which torch.export would take for a constant."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a tensor."""

    shape: tuple[int, ...]
    bytes: int


class Observed(fx.Interpreter):
    """What every node gave and worked when a graph was run on probes of the sizes `BATCHES`.

    Attributes
    ----------
    flops
        Work of each node, FLOP per request.
    sizes
        Nodes whose value is a size and can be made again from that of the batch.
    """

    def __init__(self, traced: fx.GraphModule, probes: Sequence[Tensor]) -> None:
        super().__init__(traced)
        self.values: dict[str, list[Any]] = {}
        self.flops: dict[str, float] = {}
        for probe in probes:
            self._batch = len(probe)
            with counter() as self._work:
                self.run(probe.clone())  # which it may change in place
        self.sizes = self._sizes(traced.graph)

    def run_node(self, n: fx.Node) -> Any:
        before = self._work.flops
        value = super().run_node(n)
        self.flops[n.name] = (self._work.flops - before) / self._batch
        self.values.setdefault(n.name, []).append(_kept(value))
        return value

    def bytes(self, name: str) -> float:
        """Bytes per request of a tensor that can be handed on, inf for any other value."""
        first, second = self.values[name]
        if not isinstance(first, _Seen) or first.shape[1:] != second.shape[1:]:
            return inf
        return first.bytes / BATCHES[0] if (*first.shape[:1], *second.shape[:1]) == BATCHES else inf

    def made_again(self, name: str, times_batch: Callable[[int], Any]) -> Any:
        """Return a value that is no tensor; `times_batch` gives multiples of the batch. ValueError: it cannot be."""
        first, second = self.values[name]
        return _again(first, second, times_batch)

    def _sizes(self, graph: fx.Graph) -> set[str]:
        found: set[str] = set()
        for node in graph.nodes:
            if _asks_size(node) or (node.all_input_nodes and all(read.name in found for read in node.all_input_nodes)):
                with suppress(ValueError):
                    self.made_again(node.name, int)
                    found.add(node.name)
        return found


def _asks_size(node: fx.Node) -> bool:
    """Whether a node gives the size or type of a tensor, whatever its values."""
    if node.op == "call_method":
        return node.target in ("size", "dim", "ndimension", "numel", "nelement", "stride", "is_floating_point")
    return node.target in (getattr, len) or getattr(node.target, "__name__", "").startswith(
        ("sym_size", "sym_stride", "sym_numel")
    )


def _kept(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _Seen(tuple(value.shape), value.numel() * value.element_size())
    return tuple(map(_kept, value)) if isinstance(value, tuple | list) else value


def _again(first: Any, second: Any, times_batch: Callable[[int], Any]) -> Any:
    """Express what was seen for two batches: the same, or a multiple of the batch."""
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        return tuple(_again(one, other, times_batch) for one, other in zip(first, second, strict=True))
    if isinstance(first, bool | int | float | str | torch.dtype | torch.device) and first == second:
        return first
    if isinstance(first, int) and isinstance(second, int) and first * BATCHES[1] == second * BATCHES[0]:
        return times_batch(first // BATCHES[0])
    raise ValueError("not a size")


def body(traced: fx.GraphModule) -> list[fx.Node]:
    """Return the nodes that do something, in order: the operations of `as_graph`."""
    return [node for node in traced.graph.nodes if node.op not in ("placeholder", "output")]


def ends(traced: fx.GraphModule) -> tuple[fx.Node, fx.Node]:
    """Return the node of the one input and the one that makes the one output. ValueError: there are more."""
    (entry,) = traced.graph.find_nodes(op="placeholder")
    (output,) = traced.graph.find_nodes(op="output")
    (answer,) = output.all_input_nodes
    return entry, answer


def _modules(node: fx.Node) -> dict[str, str]:
    """Paths of the modules a node is part of, outermost first, by call."""
    return {call: path for call, (path, _) in node.meta.get("nn_module_stack", {}).items() if path}


def as_graph(traced: fx.GraphModule, seen: Observed) -> OperationGraph:
    """Return the operations; one that ends a module which is called once is named like the module."""
    nodes = body(traced)
    calls: dict[str, set[str]] = {}
    last: dict[str, fx.Node] = {}
    for node in nodes:
        for call, path in _modules(node).items():
            calls.setdefault(path, set()).add(call)
            last[path] = node
    operations = []
    for node in nodes:
        paths = list(_modules(node).values())
        ended = [path for path in paths if last[path] is node and len(calls[path]) == 1]
        operations.append(
            Operation(
                name=ended[-1] if ended else node.name,
                reads=tuple(read.name for read in node.all_input_nodes),
                writes={node.name: seen.bytes(node.name)},
                flops=seen.flops[node.name],
                labels=(*paths, node.name),
                anywhere=node.name in seen.sizes,
            )
        )
    entry, answer = ends(traced)
    return OperationGraph(tuple(operations), {entry.name: seen.bytes(entry.name)}, (answer.name,))
