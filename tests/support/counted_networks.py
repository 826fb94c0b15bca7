"""Networks of the zoo, counted from their shapes."""

from __future__ import annotations

import torch

from serflow_opt.problem.network import Stage
from serflow_opt.profiling.measure.counting import count
from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo import ARCHITECTURES

FP32 = 4


def counted(name: str) -> tuple[list[Stage], MultiExit]:
    """Count from shapes alone: nothing is computed, no weight drawn."""
    with torch.device("meta"):
        network = ARCHITECTURES[name].build()
    found = count(network, ARCHITECTURES[name].example(1).to("meta"))
    assert not found.uncounted
    return found.stages, network


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def built(name: str) -> MultiExit:
    torch.manual_seed(0)
    return ARCHITECTURES[name].build()
