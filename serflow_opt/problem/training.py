"""An instance for training (mode = train), made from the same instance for inference, and back.

A request is one sample of a mini-batch. It goes all the way, so that everybody reaches every stage and only the last
classifier's answer counts; then its gradients come back through the same stages. So

* a stage takes the time and the operations of its way there and its way back: measured, else the way back has
  `BACKWARD` times the operations of the way there;
* a hand-over sends the activations down the list and gradients of the same shape back up the same link; the input,
  which needs no gradient, goes one way only (`Instance.transfers`);
* an option keeps the gradients of its parameters, and what each stage received until its gradient is due
  (`Instance.held_bytes`); the state of an optimiser is not counted.

The exact evaluation does not read what is made here: it goes both ways through the data of `Instance.inference` and of
each option (`plan/walk.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from serflow_opt.problem.kinds import BACKWARD
from serflow_opt.problem.network import NO_CLASSIFIER, Menu
from serflow_opt.problem.ranges import FunctionSizes

TARGETS = (
    "rate_per_s",
    "accuracy_min",
    "latency_slo_s",
    "latency_measure",
    "tail",
    "source",
    "cost_max_usd",
    "energy_max_j",
    "carbon_max_g",
    "privacy_max",
    "privacy",
    "utilisation_cap",
    "minimize",
    "weights",
    "then",
    "accounting",
)
"""Fields that mean the same in both modes: an instance takes them along."""


def in_mode(instance: Any, mode: str) -> Any:
    """Return an instance in a mode: as it is, for training, or for inference again.

    Parameters
    ----------
    instance
        An `Instance`, whose module imports this one.
    mode
        infer or train.
    """
    if instance.mode == mode:
        return instance
    return _trained(instance) if mode == "train" else _inferring(instance)


def _trained(instance: Any) -> Any:
    last = len(instance.stages) - 1
    alone = (*[NO_CLASSIFIER] * last, _only(instance))
    stages = tuple(
        replace(s, flops=s.flops + (BACKWARD * s.flops if s.backward_flops is None else s.backward_flops))
        for s in instance.stages
    )
    return replace(
        instance,
        stages=stages,
        menus=alone,
        variants=tuple(replace(own, menus=_last(own.menus, last)) for own in instance.variants),
        threshold_mode="menu",
        samples=None,
        joint=False,
        accuracy_confidence=None,
        options=tuple(option.both_ways() for option in instance.options),
        families=tuple(replace(f, trains=True) if isinstance(f, FunctionSizes) else f for f in instance.families),
        mode="train",
        inference=instance,
    )


def _only(instance: Any) -> Menu:
    """Return the last classifier, which answers for all: on the samples, where there are any, else by its row."""
    right = instance.menus[-1].accuracies[0]
    if instance.samples is not None:
        samples = instance.samples
        right = float(samples.correct[~samples.held_out, -1].mean())
    return Menu((0.0,), (1.0,), (right,))


def _last(menus: dict[int, Menu], last: int) -> dict[int, Menu]:
    """Return what a variant says of the last classifier."""
    return {s: menu for s, menu in menus.items() if s == last}


def _inferring(instance: Any) -> Any:
    """Return the instance for inference again, with the targets and of the options that there are now."""
    names = {(option.tier, option.name) for option in instance.options}
    before = instance.inference
    return replace(
        before,
        options=tuple(option for option in before.options if (option.tier, option.name) in names),
        **{name: getattr(instance, name) for name in TARGETS},
    )
