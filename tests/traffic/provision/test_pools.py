"""Blocks with two pools: where they may stand, and who goes where."""

from __future__ import annotations

import json

from support.rented_pools import rented

import serflow_opt as so
from serflow_opt import provision


def test_a_gateway_draws_the_pool_of_each_request() -> None:
    """A gateway sends each request to the pool of its share, and keeps workers of pools apart."""
    service = provision(rented(4, 4), 2.0, blocks=1, arrivals="smooth", pools=2).service
    assert service is not None
    balancer, share = so.Balancer(service), service.blocks[0].shares[0]
    assert [balancer.pool(0, drawn) for drawn in (0.0, share - 1e-9, share, 1 - 1e-9)] == [0, 0, 1, 1]
    balancer.machines(0, 1, pool=1)
    assert [balancer.enter(0, pool=1), balancer.enter(0, pool=1), balancer.enter(0)] == ["machine", "wait", "wait"]
    assert balancer.finished(0, pool=1)
    other = so.Balancer(service)
    other.restore(json.loads(json.dumps(balancer.state())))
    assert other.state() == balancer.state()
