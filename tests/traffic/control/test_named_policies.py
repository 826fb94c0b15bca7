"""Every policy on every kind of service and trace: it serves, or says why it cannot; and a policy of one's own."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.writing import write
from support.policy_services import ONE_BLOCK, SMALL, TWO_BLOCKS, served
from support.service import service_document

import serflow_opt as so
from serflow_opt.traffic.control.made_policies import policy_of
from serflow_opt.traffic.control.named_policies import POLICIES, POOLS, USUAL, Services, Unfit
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Service

TRACES = {
    "steady": Trace.of([600] * 4, 60.0),
    "one request": Trace.of([0, 1, 0], 60.0),
    "nothing": Trace.of([0, 0], 60.0),
    "on and off": Trace.of([0, 300, 0, 0, 300, 0], 60.0),
    "one second": Trace.of([50]),
    "seconds": Trace.of(np.random.default_rng(0).poisson(8, 300)),
}


def able(name: str, own: Service) -> bool:
    """Whether a service has what a policy needs."""
    functions = [block.function is not None for block in own.blocks]
    machines = [bool(block.machines) for block in own.blocks]
    return {
        "functions": all(functions),
        "machines": all(machines),
        "both": all(functions) and any(machines),
        "any": True,
    }[POOLS[name]]


@pytest.mark.parametrize("name", POLICIES)
def test_who_is_able_serves_all(name: str) -> None:
    """A policy whose needs a service meets serves every request of every kind of trace."""
    staged = name in ("serflow", "controller", "foresight")
    services = [*ONE_BLOCK.items(), *(TWO_BLOCKS.items() if staged else [])]
    met = [(kind, own) for kind, own in services if able(name, own)]
    assert met
    for (kind, own), (what, trace) in product(met, TRACES.items()):
        run = served(name, own, trace)
        assert run.served == trace.requests, (kind, what, run.dropped)
        assert math.isfinite(run.usd_total)


def test_large_rates() -> None:
    """Ten thousand requests a second, or a thousand with foresight: schedules and controllers end."""
    assert served("foresight", ONE_BLOCK["both"], Trace.of([1000, 1000], 1.0)).served == 2000
    trace = Trace.of([10_000, 10_000], 1.0)
    for name in ("functions", "libra", "controller"):
        run = served(name, ONE_BLOCK["both"], trace)
        assert run.served == 20_000
    policy, scaled = policy_of("functions", ONE_BLOCK["both"], trace, 60.0)
    with pytest.raises(so.InputError, match="at most"):
        so.simulate(scaled, Trace.of([10**10], 60.0), policy)


def test_decisions_without_end_are_refused() -> None:
    """Intervals that would take a hundred million decisions are refused at once."""
    own, trace = ONE_BLOCK["machines"], Trace.of([1] * 100, 3600.0)
    hasty = Always(own)
    hasty.every_s = 1e-3
    with pytest.raises(so.InputError, match="every_s"):
        so.simulate(own, trace, hasty)
    with pytest.raises(so.InputError, match="step_s"):
        so.schedule(own, trace, step_s=1e-3)


def document(**kinds: Any) -> dict[str, Any]:
    """The two-stage network with machines and a function, changed."""
    made = service_document()
    for tier in made["tier"]:
        tier["option"] = [option | kinds.get(tier["name"], {}) for option in tier["option"]]
    return made


def test_machines_that_never_pay_are_left_out(tmp_path: Path) -> None:
    """At 1 USD a machine-second no rate makes them pay, and the function is slower: nobody who needs both can serve."""
    dear = so.load(write(document(vm={"usd_per_hour": 3600.0, "flops_per_s": 9e8}), tmp_path))
    services = Services(dear, Trace.of([40] * 60), 2)
    found = {name: services.of(name) for name in ("functions", "maximum", "libra", "controller")}
    assert isinstance(found["libra"], Unfit)
    assert "machines never pay" in found["libra"].reason
    assert not isinstance(found["functions"], Unfit)
    assert found["functions"].blocks[0].function is not None
    assert not isinstance(found["maximum"], Unfit)
    assert [block.function for block in found["maximum"].blocks] == [None]
    assert not isinstance(found["controller"], Unfit)


def test_machines_that_pay_at_larger_rates_are_there(tmp_path: Path) -> None:
    """One request in ten seconds pays for no machine, and machines are slower; LIBRA has the type that pays first."""
    slow = so.load(write(document(vm={"flops_per_s": 9e8}), tmp_path))
    found = Services(slow, Trace.of([1] + [0] * 9), 2).of("libra")
    assert not isinstance(found, Unfit)
    assert found.blocks[0].machines[0].name == "m"
    assert found.blocks[0].function is not None


def test_targets_out_of_reach_are_said_for_all(tmp_path: Path) -> None:
    """A target nobody can keep is told for each policy, not for the first one alone."""
    made = service_document()
    made["workload"]["latency_slo_ms"] = 10.0
    with pytest.raises(so.InputError) as caught:
        so.compare(so.load(write(made, tmp_path)), Trace.of([40] * 60))
    assert type(caught.value).__name__ == "OutOfReach"
    said = {problem.place: problem.found for problem in caught.value.problems}
    assert list(said) == [f"--policy {name}" for name in USUAL]
    assert "latency_slo_ms" in said["--policy controller"]


# --- a policy of one's own -----------------------------------------------------------------------------------


class Always:
    """The same machines all the time, as the documentation has it."""

    name, every_s = "always two", 60.0

    def __init__(self, own: Service, count: int = 2) -> None:
        self.own, self.count = own, count

    def decide(self, seen: Seen) -> Orders:
        """Have them."""
        return Orders(tuple({b.machines[0].name: self.count} if b.machines else {} for b in self.own.blocks))


@pytest.mark.parametrize("own", [ONE_BLOCK["machines"], TWO_BLOCKS["machines, then functions"]])
def test_a_policy_of_ones_own(own: Service) -> None:
    """Ordered at 0 s and paid until the end: 2 machines x 1,200 s."""
    trace = Trace.of([300] * 20, 60.0)
    run = so.simulate(own, trace, Always(own))
    assert (run.policy, run.policy_errors, run.served) == ("always two", (), 6000)
    assert run.usd["machines"] == pytest.approx(2 * 1200 * SMALL.usd_per_s, rel=0.01)


@pytest.mark.parametrize(
    ("orders", "text"),
    [
        (Orders(({"huge": 1},)), "unknown"),
        (Orders(({"small": -1},)), "0 or more"),
        (Orders(({"small": 1.5},)), "whole number"),  # type: ignore[dict-item]
        (Orders(({"small": math.nan},)), "whole number"),  # type: ignore[dict-item]
        (Orders(({"small": 1}, {})), "another number of blocks"),
        ({"small": 1}, "AttributeError"),
        (None, "AttributeError"),
    ],
)
def test_orders_that_are_none_are_told(orders: Any, text: str) -> None:
    """Orders without sense are told with their fault, and nothing is rented for them."""

    class Wrong(Always):
        def decide(self, seen: Seen) -> Orders:
            found: Orders = orders
            return found

    own = ONE_BLOCK["machines"]
    run = so.simulate(own, Trace.of([10, 10], 60.0), Wrong(own))
    assert text in run.policy_errors[0][1]
    assert run.dropped["no machine"] == 20
    assert "no function" in "".join(map(str, [run._repr_html_()]))
