"""Instances small and round enough to do their arithmetic in the head. Units: seconds, bytes, USD.

Times and prices are chosen so that the model's units of time and money come out as 1: what stands in a model of these
instances is what stands here.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from serflow_opt.instance import NO_CLASSIFIER, Instance, Link, Menu, Option, Stage, Tier

__all__ = ["NO_CLASSIFIER", "menu", "one_vm", "three_stages", "three_tiers", "two_stages", "two_vms"]

VM, FN = Tier("vm", "vm"), Tier("fn", "function")
INPUT = Link(bytes_per_s=4.0, round_trip_s=0.0, usd_per_byte=0.0625)
"""2 B of input take 0.5 s and cost 0.125 USD."""
HAND_OVER = Link(bytes_per_s=16.0, round_trip_s=0.25, usd_per_byte=0.03125)
"""4 B take 0.5 s and cost 0.125 USD; 8 B take 0.75 s and cost 0.25 USD."""


def menu(rates: tuple[float, ...] = (0.5, 0.25), accuracies: tuple[float, ...] = (0.8, 0.9)) -> Menu:
    """A classifier with thresholds 1/n, 2/n, ..."""
    return Menu(tuple((i + 1) / len(rates) for i in range(len(rates))), rates, accuracies)


LAST = Menu((0.0,), (1.0,), (0.96,))


def two_stages(**changes: Any) -> Instance:
    """Two stages on VM v (option 0) and function f (option 1), one classifier.

    v: 1 and 2 s at 0.5 USD/s. f: 0.25 s a stage at 2 USD/s, fee 0.25 USD, cold start 0.5 s for half the requests.
    Input to the VM: 0.5 s, 0.125 USD; to the function: nothing. Hand-over: 0.5 s, 0.125 USD.
    Menu: half leave (0.8 of them right) or a quarter (0.9 right); the last stage is right on 0.96.
    So R_2 = 0.5 with accuracy 0.5 x 0.8 + 0.5 x 0.96 = 0.88, or R_2 = 0.75 with 0.225 + 0.75 x 0.96 = 0.945.
    """
    instance = Instance(
        name="tiny",
        description="",
        stages=(Stage(1.0, 4.0, 2.0), Stage(2.0, 1.0, 6.0)),
        input_bytes=2.0,
        menus=(menu(), LAST),
        threshold_mode="menu",
        tiers=(VM, FN),
        options=(
            Option("v", 0, (1.0, 2.0), 0.5),
            Option("f", 1, (0.25, 0.25), 2.0, usd_per_request=0.25, cold_start_s=0.5, cold_share=0.5),
        ),
        links={("client", "vm"): INPUT, ("vm", "fn"): HAND_OVER},
        source="client",
        rate_per_s=None,
        accuracy_min=None,
        latency_slo_s=None,
        latency_measure="worst",
        utilisation_cap=0.5,
        minimize="cost",
        accounting="per-request",
    )
    return dataclasses.replace(instance, **changes)


def three_stages(**changes: Any) -> Instance:
    """The same with a third stage and a second classifier.

    v: 1 s a stage. f: 0.25, 0.125, 0.125 s. Hand-over before stage 2: 0.5 s, before stage 3: 0.75 s.
    """
    two = two_stages()
    v, f = two.options
    instance = dataclasses.replace(
        two,
        stages=(Stage(1.0, 4.0, 2.0), Stage(1.0, 8.0, 6.0), Stage(1.0, 1.0, 6.0)),
        menus=(menu(), menu((0.6, 0.2), (0.85, 0.95)), LAST),
        options=(
            dataclasses.replace(v, stage_seconds=(1.0, 1.0, 1.0)),
            dataclasses.replace(f, stage_seconds=(0.25, 0.125, 0.125)),
        ),
    )
    return dataclasses.replace(instance, **changes)


def two_vms(**changes: Any) -> Instance:
    """`two_stages` with a second VM w (option 1; f is option 2) in a tier where stages may change option.

    w: 0.5 and 0.5 s at 1.5 USD/s.
    """
    two = two_stages()
    v, f = two.options
    instance = dataclasses.replace(
        two,
        tiers=(Tier("vm", "vm", stage_specific=True), FN),
        options=(v, Option("w", 0, (0.5, 0.5), 1.5), dataclasses.replace(f, tier=1)),
    )
    return dataclasses.replace(instance, **changes)


def three_tiers(**changes: Any) -> Instance:
    """`two_stages` behind a device d (option 0; v is option 1, f option 2) that holds the input; no link d -> f.

    d: 0.5 s a stage, free. Hand-over to the VM as between VM and function.
    """
    two = two_stages()
    v, f = two.options
    instance = dataclasses.replace(
        two,
        tiers=(Tier("device", "device"), VM, FN),
        options=(
            Option("d", 0, (0.5, 0.5), 0.0),
            dataclasses.replace(v, tier=1),
            dataclasses.replace(f, tier=2),
        ),
        links={("device", "vm"): HAND_OVER, ("vm", "fn"): HAND_OVER},
        source="device",
    )
    return dataclasses.replace(instance, **changes)


def one_vm(**changes: Any) -> Instance:
    """`two_stages` on the VM alone: one placement, so that only thresholds are left to choose."""
    two = two_stages()
    return dataclasses.replace(
        dataclasses.replace(two, tiers=two.tiers[:1], options=two.options[:1], links={("client", "vm"): INPUT}),
        **changes,
    )
