"""Three ways to make a graph of a model, each where the one before it fails."""

from __future__ import annotations

import logging
import sys

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from serflow_opt.profiling.stages.tracing import TRACERS, _silence


class Asks(nn.Module):
    """Looks at the values of its input: no tracer by symbols can follow."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else -x  # type: ignore[no-any-return]


class Around(nn.Module):
    """A layer, one that cannot be followed, and a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.odd, self.last = nn.Linear(3, 3), Asks(), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.odd(self.first(x)))  # type: ignore[no-any-return]


def test_a_module_that_looks_at_values_stays_whole() -> None:
    """By symbols it fails; in part the layers around are seen through, and the graph computes the same."""
    model, x = Around(), torch.rand(2, 3)
    with pytest.raises(Exception, match=r"(?i)control flow|proxy"):
        TRACERS["torch.fx"](model, x)
    traced = TRACERS["torch.fx with some modules whole"](model, x)
    assert [str(node.target) for node in traced.graph.find_nodes(op="call_module", target="odd")] == ["odd"]
    assert torch.equal(traced(x), model(x))


def test_only_the_first_tensor_is_an_input() -> None:
    """Arguments with defaults stay at these."""

    class Masked(nn.Module):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
            return x + 1 if mask is None else x * mask

    traced = TRACERS["torch.fx"](Masked(), torch.rand(2, 3))
    assert len(traced.graph.find_nodes(op="placeholder")) == 1
    assert torch.equal(traced(torch.ones(1, 3)), torch.full((1, 3), 2.0))


def test_encoders_without_masks_are_their_layers() -> None:
    """The trace has each layer by itself, and computes what the encoder does."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    encoder = nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)).eval()
    x = torch.rand(2, 5, 8)
    traced = TRACERS["torch.fx"](encoder, x)
    assert {str(node.target) for node in traced.graph.nodes if node.op == "call_module"} >= {"0.layers.0", "0.layers.1"}
    torch.testing.assert_close(traced(x), encoder(x))


def test_silence_ends_with_its_block(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is logged or written inside; whatever was on before is on again, after an error, too."""
    before = logging.root.manager.disable

    def fails() -> None:
        with _silence():
            print("unheard", file=sys.stderr)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert logging.root.manager.disable == before
    assert capsys.readouterr().err == ""
