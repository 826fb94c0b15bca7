"""A network as the planner sees it: a chain of stages, some of which end in a classifier where requests may leave.

The protocol is two attributes: `stages`, a sequence of M modules each of which takes the one tensor that the stage
before hands on, and `exits`, a mapping from stage number (1..M) to the classifier that reads what that stage hands
on. A last stage without a classifier gives the logits itself. `MultiExit` is the plain way to have both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from serflow_opt.errors import InputError, Problem


@runtime_checkable
class Staged(Protocol):
    """What a module must expose to be profiled."""

    stages: Sequence[nn.Module] | nn.ModuleList
    exits: Mapping[int, nn.Module]


class MultiExit(nn.Module):
    """A chain of stages with classifiers along it.

    Parameters
    ----------
    stages
        M modules; stage s takes what stage s - 1 hands on, one tensor with the batch first.
    exits
        Classifier by stage number 1..M: from what the stage hands on to logits, N x classes.

    Attributes
    ----------
    classifier_stages
        Stages that answer, rising; the last is M.
    temperatures
        Divisor of the logits of each classifier before the softmax, set by calibration; 1 until then.

    Raises
    ------
    ValueError
        When there is no stage, or an exit at a stage that does not exist.
    """

    temperatures: Tensor

    def __init__(self, stages: Iterable[nn.Module], exits: Mapping[int, nn.Module] | None = None) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        exits = dict(sorted((exits or {}).items()))
        count = len(self.stages)
        if not count:
            raise ValueError("a network has at least one stage")
        if wrong := [stage for stage in exits if not 1 <= stage <= count]:
            raise ValueError(f"exits at stages {wrong}, but the stages are 1..{count}")
        self.classifier_stages = tuple(sorted({*exits, count}))
        self._classifiers = nn.ModuleDict({str(stage): classifier for stage, classifier in exits.items()})
        self.register_buffer("temperatures", torch.ones(len(self.classifier_stages)))

    @property
    def exits(self) -> dict[int, nn.Module]:
        """Classifiers by stage number."""
        return {int(stage): classifier for stage, classifier in self._classifiers.items()}

    def classify(self, stage: int, activation: Tensor) -> Tensor:
        """Return the logits of the classifier of `stage` (1..M), given what the stage hands on."""
        key = str(stage)
        return self._classifiers[key](activation) if key in self._classifiers else activation

    def confidence(self, stage: int, logits: Tensor) -> Tensor:
        """Return the largest calibrated softmax probability of each row, N."""
        temperature = self.temperatures[self.classifier_stages.index(stage)]
        return torch.softmax(logits / temperature, dim=1).amax(dim=1)

    def until(self, cut: int, x: Tensor) -> Tensor:
        """Run stages 1..cut without their classifiers; cut 0 returns the input."""
        for stage in self.stages[:cut]:
            x = stage(x)
        return x

    def after(self, cut: int, activation: Tensor) -> list[Tensor]:
        """Run stages cut + 1..M and return the logits of their classifiers, in order."""
        logits = []
        activation = activation.clone() if cut else activation  # the next stage may work in place
        for number, stage in enumerate(self.stages[cut:], start=cut + 1):
            activation = stage(activation)
            if number in self.classifier_stages:
                logits.append(self.classify(number, activation))
        return logits

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the logits of every classifier, in the order of `classifier_stages`."""
        return self.after(0, x)

    @torch.inference_mode()
    def answer(self, x: Tensor, thresholds: Mapping[int, float]) -> tuple[int, int]:
        """Serve one request: stop at the first classifier whose confidence reaches its threshold.

        Parameters
        ----------
        x
            One input, batch dimension 1.
        thresholds
            Threshold by stage; a classifier without one is not run. The last stage always answers.

        Returns
        -------
        tuple of int
            Class, and the stage (1..M) that gave it.
        """
        last = len(self.stages)
        for number, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if number == last or number in thresholds:
                logits = self.classify(number, x)
                if number == last or float(self.confidence(number, logits)) >= thresholds[number]:
                    return int(logits.argmax(dim=1)), number
        raise AssertionError("the last stage answers")


def as_multi_exit(module: object, source: str = "") -> MultiExit:
    """Return a module that follows the protocol as a `MultiExit`; its weights are shared, not copied.

    The keys of `exits` may be numbers in words, as those of a torch.nn.ModuleDict have to be.

    Raises
    ------
    InputError
        When it does not follow the protocol.
    """
    if isinstance(module, MultiExit):
        return module
    cure = "give it .stages and .exits (serflow_opt.profiling.stages.network), or let it be cut"
    if not isinstance(module, Staged):
        raise InputError([Problem(source, "", f"{type(module).__name__} exposes no stages and exits", cure)])
    try:
        return MultiExit(module.stages, {int(str(stage)): exit for stage, exit in module.exits.items()})
    except AttributeError:
        found = f"exits is a {type(module.exits).__name__}"
        raise InputError([Problem(source, "", found, cure)]) from None
    except (TypeError, ValueError) as error:
        raise InputError([Problem(source, "", str(error), cure)]) from None


def stage_shapes(network: MultiExit, example: Tensor) -> list[tuple[int, ...]]:
    """Return the shape of what crosses before stage 1, ..., M and of what stage M gives, without the batch."""
    shapes = [tuple(example.shape[1:])]
    with torch.inference_mode():
        for stage in network.stages:
            example = stage(example)
            shapes.append(tuple(example.shape[1:]))
    return shapes


def chain(modules: Sequence[nn.Module], starts: Sequence[int]) -> list[nn.Module]:
    """Group consecutive modules into stages; `starts` are the indices where a stage begins, the first one 0."""
    return [nn.Sequential(*modules[begin:end]) for begin, end in pairwise([*starts, len(modules)])]
