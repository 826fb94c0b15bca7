"""Structures put together one by one, and what the package prices them with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from oracles.provisioned_instances import Case, draw
from support.helpers import load

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.hops import Hop
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures


def one_by_one(structures: Structures) -> Iterator[Structure]:
    """Every way to cut, everything that can run each block, and only then whether they can follow each other."""
    instance, stages = structures.instance, len(structures.instance.stages)
    for blocks in range(1, min(structures.most, stages) + 1):
        for inner in itertools.combinations(range(1, stages), blocks - 1):
            spans = list(itertools.pairwise([0, *inner, stages]))
            for bare in itertools.product(*(structures.choices(first, end - 1) for first, end in spans)):
                tiers = [structures.tiers(choice) for choice in bare]
                order = [machine for machine, _ in tiers if machine is not None]
                hops = [structures.hops.into_first(tiers[0])]
                hops += [structures.hops.between(tiers[b - 1], tiers[b], spans[b][0]) for b in range(1, blocks)]
                if order == sorted(order) and None not in hops:
                    yield tuple(_placed(bare, b, [hop for hop in hops if hop], tiers, instance) for b in range(blocks))


def _placed(bare: tuple[BlockChoice, ...], b: int, hops: list[Hop], tiers: Any, instance: Any) -> BlockChoice:
    machine = tiers[b][0]
    held = machine is not None and instance.tiers[machine].pays_for_waiting and b + 1 < len(bare)
    sending = hops[b + 1].seconds if held else 0.0
    return replace(bare[b], hop_s=hops[b].seconds, hop_usd=hops[b].usd, sending_s=sending)


def case_of(seed: int) -> Case:
    """A drawn service; to every third, a second tier of machines at another price."""
    case = draw(seed)
    at = next((t for t, tier in enumerate(case.document["tier"]) if tier["kind"] != "function"), None)
    if seed % 3 or at is None:
        return case
    own = case.document["tier"][at]
    cheap = {**own, "name": "cheap", "option": [{**o, "usd_per_hour": o["usd_per_hour"] * 0.7} for o in own["option"]]}
    tiers = [*case.document["tier"][: at + 1], cheap, *case.document["tier"][at + 1 :]]
    link = {"from": own["name"], "to": "cheap", "bandwidth_mbit_s": 100.0, "usd_per_gb": 0.01}
    return replace(case, document={**case.document, "tier": tiers, "link": [*case.document.get("link", []), link]})


def pricing_of(case: Case, blocks: int, folder: Path) -> Pricing:
    """The package's view of a case."""
    instance = load(case.document, folder)
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    carrying = Carrying(case.arrivals, instance.utilisation_cap)  # type: ignore[arg-type]
    return Pricing(Structures(instance, blocks), Rates(rates, shares), case.wait_max, carrying)
