"""What differential privacy leaves open: by an accountant from a library that is kept well, where it is installed."""

from __future__ import annotations

import math

from serflow_opt.errors import Problem


def epsilon_of(multiplier: float, share: float, rounds: int, delta: float | None, problems: list[Problem]) -> float:
    """Return epsilon of Gaussian noise on the sum of the clients of a round, drawn at random; by Rényi divergences.

    Parameters
    ----------
    multiplier
        Standard deviation of the noise, in units of what a client's update is clipped to.
    share
        Of the clients that are drawn in a round.
    rounds
        How many there are.
    delta
        The chance that epsilon does not hold.
    problems
        Receives what is missing.
    """
    if delta is None:
        cure = "add a column epsilon to the table of noise, or say `delta`"
        problems.append(Problem("", "federated.delta", "missing", cure))
        return math.inf
    try:
        from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent
        from dp_accounting.rdp import RdpAccountant
    except ImportError:
        cure = "pip install dp-accounting, or add a column epsilon to the table of noise"
        problems.append(Problem("", "federated.delta", "no accountant is installed", cure))
        return math.inf
    event = SelfComposedDpEvent(PoissonSampledDpEvent(min(share, 1.0), GaussianDpEvent(multiplier)), rounds)
    return float(RdpAccountant().compose(event).get_epsilon(delta))
