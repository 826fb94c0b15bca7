"""Of what a deployment is proven the cheapest: the assumptions that matter to it, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serflow_opt.traffic.provision.lateness import TAIL
from serflow_opt.traffic.provision.promise import tells_pools_apart
from serflow_opt.traffic.provision.spares import spares_of
from serflow_opt.traffic.provision.waits import MOST_RATES, ROOMS

if TYPE_CHECKING:
    from serflow_opt.traffic.provision.confirmed import Simulated
    from serflow_opt.traffic.provision.question import ProvisionQuestion
    from serflow_opt.traffic.provision.result import Part


def scope_of(question: ProvisionQuestion, parts: Sequence[Part], simulated: Simulated | None) -> str:
    """Return the line.

    What holds for all deployments that were compared counts, not only what holds for the answer: machines alone may be
    the answer because a function beside them was taken to be slower than it is for most requests.

    Parameters
    ----------
    question
        What was asked.
    parts
        The blocks of the answer.
    simulated
        What simulations say of it; None: nothing.
    """
    instance, smooth = question.instance, question.carrying.arrivals == "smooth"
    said = [
        *spares_of(instance, parts, question.availability),
        "requests that come evenly" if smooth else "Poisson arrivals at every block",
    ]
    if len(question.demand.rates) > MOST_RATES and any(part.machine for part in parts):
        said.append(f"rates in {MOST_RATES} groups")
    if instance.latency_slo_s is None:
        return "; ".join(said)
    if beside(question):
        said.append(_of_functions(question))
    if question.law.scatters:
        said.append(f"service times a factor, {question.law}, and sums of them of the same law")
    elif any(map(any, (option.stage_sd_s for option in instance.options))):
        worst = instance.latency_measure == "worst"
        said.append("stage times as stated" if worst else "stage times lognormal with the deviations stated")
    if smooth:
        return "; ".join(said)
    if any(part.machine and part.queue_max != 0 for part in parts):
        tail = f", for all but {TAIL:g} of the requests" if instance.latency_measure == "worst" else ""
        said.append(f"waits as in M/G/c queues by two moments{tail}")
    if beside(question):
        said.append(f"queue_max one of {_menu()}")
        if any(part.machine and part.function and part.queue_max for part in parts):
            said.append("calls of the function as in M/M/c/K queues")
    return "; ".join([*said, *unconfirmed(question, parts, simulated)])


def _of_functions(question: ProvisionQuestion) -> str:
    """Say how latency counts functions beside machines (`Promise.called_block`)."""
    if question.carrying.arrivals == "smooth" or not tells_pools_apart(question.instance):
        return "latency as if all met the slower pool of a block"
    slower = "latency as if all who need not wait met the slower pool of a block"
    if question.instance.quantile is None or question.pools > 1:
        return slower
    several = f"{slower}, where several have machines; " if question.blocks > 1 else ""
    return f"{several}functions as if no faster than the machines beside them"


def beside(question: ProvisionQuestion) -> bool:
    """Whether a block may have a function beside its machines, given what the instance offers.

    Parameters
    ----------
    question
        What was asked.
    """
    kinds = {question.instance.tiers[option.tier].kind for option in question.instance.options}
    return "function" in kinds and len(kinds) > 1


def _menu() -> str:
    """Return the numbers of requests that may wait beside a function, in words."""
    dense = next(n for n, room in enumerate(ROOMS) if room != n) - 1
    return f"0-{dense}, {', '.join(map(str, ROOMS[dense + 1 :]))}"


def unconfirmed(question: ProvisionQuestion, parts: Sequence[Part], simulated: Simulated | None) -> list[str]:
    """Say what the simulation did not confirm; arguments as of `scope_of`.

    Parameters
    ----------
    question, parts, simulated
        As `scope_of` takes them.
    """
    if simulated is None:
        waits = any(part.count and part.queue_max != 0 for part in parts)
        return ["not simulated"] if waits and not question.confirm else []
    said = []
    if simulated.kept.verdict == "undecided":
        near = simulated.kept.said
        what = "did not decide whether the target is kept" if near == "undecided" else f"has it {near}"
        said.append(f"not confirmed: the simulation {what}")
    if any(own.found.verdict == "undecided" for own in simulated.less):
        said.append("the simulation did not decide whether a machine less would do")
    return said
