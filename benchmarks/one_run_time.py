"""What it saves to know where requests leave, beside planning with one run time of the whole network for all of them.

    python benchmarks/one_run_time.py --out benchmarks/README.md

SERFLOW (arXiv 2510.27182) reports costs more than 23 % lower than those of a planner that takes one run time for every
request. Three planners get the same network, thresholds, target, machines and functions, at steady rates:

* one run time: machines and function for the whole network as one block, planned as if every request ran all of it;
* exits known: the same block, planned with the share that leaves at each stage;
* by stage: up to two blocks of stages, each with machines and a function of its own: what `provision` proves cheapest,
  whoever waits (`--prove-waits`): who waits in one block is proven anyway, and in two would be left out without it.

All are charged for what then happens: requests leave where they do, and only calls that are made are paid. Thresholds
are those of the third, so that all are equally accurate.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.result import Deployment, value_parts
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import Structures

PUBLISHED = 0.23
LIMIT_S = 120.0
WHY = (
    "Why they differ: who books the whole network for each request rents machines for all of it, and only what is "
    "left to a function is paid as it runs. So what is saved is at most about the part that does not run, and the more "
    "of it machines do the more; where one machine or the function does all there is little to save. Beside a planner "
    "that knows the exits blocks of stages save less, which is what provisioning by stage adds: nothing where one "
    "block is cheapest. The published figure is of the paper's own networks and traces, scaled over time; here rates "
    "are steady, and whole machines make steps."
)
INSTANCES = ("bert12-sst2",)
RATES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Costs:
    """USD per second of each planner's machines, functions and links at what happens.

    `runs` is the mean part of the network that runs, by time on what the first planner has.
    """

    one: float
    known: float
    by_stage: float
    runs: float


def staying(instance: Instance) -> Instance:
    """Return the instance as if nobody left before the end."""
    last = len(instance.menus) - 1
    menus = [
        Menu(menu.thresholds[:1], (0.0,), menu.accuracies[:1]) if s < last and menu.thresholds else menu
        for s, menu in enumerate(instance.menus)
    ]
    return replace(instance, menus=tuple(menus), samples=None, accuracy_min=None)


def at_levels(instance: Instance, levels: Sequence[int]) -> Instance:
    """Return the instance with these thresholds only."""
    menus = tuple(
        Menu(menu.thresholds[n : n + 1], menu.exit_rates[n : n + 1], menu.accuracies[n : n + 1])
        for menu, n in zip(instance.menus, levels, strict=False)
    )
    return replace(instance, menus=menus + instance.menus[len(menus) :], samples=None)


def charged(instance: Instance, plan: Deployment, rate: float) -> float:
    """Return what a plan's machines and its function cost at the exits of an instance with one threshold a stage."""
    structures = Structures(instance, len(plan.structure))
    service = service_of(structures, plan.structure, (0,) * len(instance.menus))
    cold = [structures.cold_usd(choice.function) for choice in plan.structure]
    rooms = [part.queue_max for part in plan.parts]
    carrying = Carrying("random", instance.utilisation_cap)
    parts = value_parts(service, plan.counts, rooms, Rates.steady(rate), carrying, cold)
    return math.fsum(part.usd_per_s for part in parts)


def costs(instance: Instance, rate: float, blocks: int) -> Costs | None:
    """Return what the three planners pay; None where one of them finds nothing."""
    by_stage = so.provision(instance, rate, blocks=blocks, prove_waits=True, time_limit=LIMIT_S)
    if not by_stage.parts:
        return None
    held = at_levels(instance, by_stage.levels)
    known = so.provision(held, rate, blocks=1, time_limit=LIMIT_S)
    one = so.provision(staying(held), rate, blocks=1, time_limit=LIMIT_S)
    if not (known.parts and one.parts):
        return None
    return Costs(charged(held, one, rate), known.usd_per_s, by_stage.usd_per_s, run_of(held, one))


def run_of(instance: Instance, plan: Deployment) -> float:
    """Return the mean time of a request as a part of that of the whole network, on the option that a plan has."""
    service = service_of(Structures(instance, 1), plan.structure, (0,) * len(instance.menus))
    option = (*service.blocks[0].machines, service.blocks[0].function)[0]
    assert option is not None
    pairs = zip(service.outcome_shares(0), option.seconds, strict=True)
    return math.fsum(share * seconds for share, seconds in pairs) / option.seconds[-1]


def main() -> None:
    """Ask the three planners at each rate, and print what they pay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instance", action="append", help="name or folder, as often as you like")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    first, rows, saved = setting(), [], []
    for name in asked.instance or INSTANCES:
        instance = so.load(name)
        for rate in asked.rates:
            found = costs(instance, rate, asked.blocks)
            if found is None:
                rows.append([instance.name, f"{rate:g}", "", *["nothing keeps the target"] * 3, "", ""])
                continue
            over_one, over_known = 1 - found.by_stage / found.one, 1 - found.by_stage / found.known
            saved.append(over_one)
            usd = [f"{x * 3600:.4f}" for x in (found.one, found.known, found.by_stage)]
            rows.append([instance.name, f"{rate:g}", f"{found.runs:.0%}", *usd, f"{over_one:.1%}", f"{over_known:.1%}"])
            print(rows[-1], flush=True)
    header = [
        "instance",
        "requests/s",
        "of it runs",
        "one run time",
        "exits known",
        "by stage",
        "saved over one",
        "over exits known",
    ]
    said = f"USD an hour. Published: over {PUBLISHED:.0%}."
    if saved:
        said += f" Here: {min(saved):.1%} to {max(saved):.1%}, {sum(saved) / len(saved):.1%} on average over the rates."
    text = "\n\n".join([first, said, WHY, table(header, rows)])
    print(text)
    if asked.out:
        write(asked.out, "one run time", text)


if __name__ == "__main__":
    main()
