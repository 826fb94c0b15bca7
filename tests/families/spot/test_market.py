"""Machines that are started, lost and stopped, step by step."""

from __future__ import annotations

from support.spot_markets import market_of, pool_of

from serflow_opt.families.spot.market import MarketMachines, boot_steps


def test_machines_boot_are_paid_and_lost() -> None:
    """Of z1, gone in the third step: two at the start serve at once; one started then serves two steps later."""
    pool = pool_of([3.0, 1.0], [1, 2], [5, 5])
    machines = MarketMachines(pool, market_of(pool, [[1], [1], [0], [1], [1], [1]], [2] * 6))
    machines.next_step()
    assert machines.start(1, 2) == 2
    assert machines.workers() == 2
    machines.pay()
    machines.next_step()
    machines.pay()
    machines.next_step()
    assert (machines.lost, machines.held) == ([0, 2], [0, 0])
    assert machines.start(1, 1) == 0
    machines.next_step()
    assert (machines.lost, machines.start(1, 9)) == ([0, 0], 5)
    assert (machines.ready, machines.held) == ([0, 0], [0, 5])
    machines.pay()
    machines.stop(1, 4)
    machines.next_step()
    machines.next_step()
    assert machines.ready == [0, 1]
    assert machines.starts == [0, 7]
    assert machines.paid_s == [0.0, 100.0 * (2 + 2 + 5)]


def test_starts_in_whole_steps() -> None:
    """180 s are one step of 195 s, and three of 60 s."""
    assert [boot_steps(180.0, 195.0), boot_steps(180.0, 60.0), boot_steps(181.0, 60.0), boot_steps(0.0, 60.0)] == [
        1, 3, 4, 0,
    ]  # fmt: skip
