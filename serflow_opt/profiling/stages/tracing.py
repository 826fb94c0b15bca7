"""Find a model's operations: three ways to make a torch.fx graph of it, tried in this order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from functools import partial
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn


class _Tracer(fx.Tracer):
    """Traces a model as called with one tensor, its other arguments at their defaults.

    Attributes
    ----------
    failed
        Path of the innermost module that could not be traced.
    """

    def __init__(self, whole: set[str]) -> None:
        super().__init__()
        self.failed: str | None = None
        self._whole = whole
        self._opened: set[str] = set()

    def create_args_for_root(self, root_fn: Any, is_module: bool, concrete_args: Any = None) -> tuple[Any, list[Any]]:
        return root_fn, [self.root, self.create_proxy("placeholder", "x", (), {})]

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        builtin = super().is_leaf_module(m, module_qualified_name)
        return module_qualified_name in self._whole or (builtin and module_qualified_name not in self._opened)

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        path = self.path_of_module(m)
        masks = [*args[1:], *kwargs.values()]
        if isinstance(m, nn.TransformerEncoder) and args and not any(masks):
            self._opened.add(path)
            forward = partial(_encode, m)
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.failed = self.failed or path
            raise


def _encode(encoder: nn.TransformerEncoder, x: Tensor, *_: Any, **__: Any) -> Any:
    """What an encoder does without masks; its own `forward` asks for shapes, which a trace does not have."""
    for layer in encoder.layers:
        x = layer(x)
    return x if encoder.norm is None else encoder.norm(x)


def _symbolic(model: nn.Module, _: Tensor) -> fx.GraphModule:
    return fx.GraphModule(model, _Tracer(set()).trace(model))


def _exported(model: nn.Module, example: Tensor) -> fx.GraphModule:
    with _silence():
        program = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    traced = program.module()
    assert isinstance(traced, fx.GraphModule)
    for node in traced.graph.find_nodes(op="call_module", target="_guards_fn"):
        traced.graph.erase_node(node)  # it would refuse a batch of 1
    return traced


@contextmanager
def _silence() -> Iterator[None]:
    """Keep torch.export from writing pages about a model that it cannot trace; its error says enough."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        logging.disable(before)


def _symbolic_in_part(model: nn.Module, _: Tensor) -> fx.GraphModule:
    whole: set[str] = set()
    while True:
        tracer = _Tracer(whole)
        try:
            return fx.GraphModule(model, tracer.trace(model))
        except Exception:
            if tracer.failed is None or tracer.failed in whole:
                raise
            whole.add(tracer.failed)


TRACERS: Mapping[str, Callable[[nn.Module, Tensor], fx.GraphModule]] = {
    "torch.fx": _symbolic,
    "torch.export": _exported,
    "torch.fx with some modules whole": _symbolic_in_part,
}
"""By name: from a model and an example to its graph."""
