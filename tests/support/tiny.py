"""Instances small and round enough to do their arithmetic in the head. Units: seconds, bytes, USD.

Times and prices are chosen so that the model's units of time and money come out as 1: what stands in a model of these
instances is what stands here.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import NO_CLASSIFIER, PLAIN, HandoverMode, Menu, Privacy, Stage, Variant
from serflow_opt.problem.offers import Link, Option, Tier

__all__ = [
    "NO_CLASSIFIER",
    "adapted",
    "in_variants",
    "in_ways",
    "menu",
    "one_vm",
    "own_menu",
    "three_stages",
    "three_tiers",
    "two_stages",
    "two_vms",
]

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
            Option("v", 0, (1.0, 2.0), usd_per_s=0.5),
            Option("f", 1, (0.25, 0.25), usd_per_s=2.0, usd_per_request=0.25, cold_start_s=0.5, cold_share=0.5),
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
        ways=(),
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
        options=(v, Option("w", 0, (0.5, 0.5), usd_per_s=1.5), dataclasses.replace(f, tier=1)),
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
            Option("d", 0, (0.5, 0.5), usd_per_s=0.0),
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


# ----------------------------------------------------------------------------------------------------
# Adaptation, privacy, energy

AS_IT_IS = HandoverMode(cross_entropy=0.25, mse=0.25, leak=0.75)
SMALL = HandoverMode(
    compression="quantise-8",
    kept=0.5,
    encode_flops=0.25,
    decode_flops=0.5,
    accuracy_loss=0.0625,
    cross_entropy=0.375,
    cross_entropy_added=0.125,
    mse=0.25,
    leak=0.75,
)
NOISY = HandoverMode(
    protection="laplace",
    scale=1.0,
    encode_flops=0.5,
    accuracy_loss=0.125,
    cross_entropy=0.5,
    cross_entropy_added=0.25,
    mse=0.75,
    leak=0.25,
)
INT8 = Variant(
    "int8",
    first=0,
    last=1,
    flops_factor=0.5,
    added_flops=0.25,
    parameters_kept=0.25,
    activations_kept=0.5,
    accuracy_loss=0.03125,
)
"""Both stages."""
INT8_FIRST = dataclasses.replace(INT8, last=0)
"""Stage 1 alone."""


def adapted(**changes: Any) -> Instance:
    """`two_stages` with three ways to hand over to stage 2 (0 as it is, 1 `SMALL`, 2 `NOISY`), energy, and `INT8`.

    Runners: v = 0, f = 1, and in int8 v8 = 2, f8 = 3.
    v8: 0.5 + 0.25 and 1 s; f8: 0.125 + 0.0625 and 0.125 s (0.25 FLOP added at 1 and at 4 FLOP/s).
    Hand-over to the function, untrusted: 4, 2, 4 B from v in the three ways, 0.5, 0.375, 0.5 s, 0.125, 0.0625,
    0.125 USD; from v8 2, 1, 2 B, 0.375, 0.3125, 0.375 s, 0.0625, 0.03125, 0.0625 USD.
    Encoding takes v 0, 0.25, 0.5 s, decoding takes f 0, 0.125, 0 s.
    Leaks weigh 2, cross-entropy 1: a request that crosses loses 1.5, 1.625 or 0.75.
    Energy: v 0.25 J/FLOP: 0.25 and 0.5 J, v8 0.1875 and 0.25 J; f 0.5 J/FLOP: 0.5 and 1 J, f8 0.375 and 0.5 J;
    the VM's tier sends at 0.125 J/B.
    """
    two = two_stages()
    v, f = two.options
    instance = dataclasses.replace(
        two,
        tiers=(dataclasses.replace(VM, joules_per_byte=0.125), FN),
        options=(
            dataclasses.replace(v, flops_per_s=1.0, joules_per_flop=0.25),
            dataclasses.replace(f, flops_per_s=4.0, joules_per_flop=0.5),
        ),
        links={("client", "vm"): INPUT, ("vm", "fn"): dataclasses.replace(HAND_OVER, trusted=False)},
        ways=((PLAIN,), (AS_IT_IS, SMALL, NOISY)),
        variants=(INT8,),
        privacy=Privacy(weight_mse=2.0, weight_cross_entropy=1.0),
    )
    return dataclasses.replace(instance, **changes)


def in_ways(**changes: Any) -> Instance:
    """`adapted` without variants."""
    return adapted(**{"variants": (), **changes})


def in_variants(**changes: Any) -> Instance:
    """`adapted` with one way everywhere."""
    return adapted(**{"ways": ((PLAIN,), (AS_IT_IS,)), **changes})


def own_menu(**changes: Any) -> Instance:
    """`in_variants` where int8 is of stage 1 alone, with its own row there: 0.75 leave, 0.7 of them right."""
    return in_variants(**{"variants": (dataclasses.replace(INT8_FIRST, menus={0: menu((0.75,), (0.7,))}),), **changes})


def only_split() -> Instance:
    """`in_ways` with memory for stage 1 on the VM and for one stage on the function: there is one placement."""
    instance = in_ways()
    v, f = instance.options
    options = (dataclasses.replace(v, memory_bytes=6.0), dataclasses.replace(f, memory_bytes=11.0))
    return dataclasses.replace(instance, options=options)
