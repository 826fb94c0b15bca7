"""Finished searches for deployments with batches, and services on machines alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oracles.batch_enumeration import drawn
from support.helpers import load

import serflow_opt as so
from serflow_opt.ground.deadline import Deadline
from serflow_opt.traffic.batches.search import BatchSearch
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.question import ProvisionQuestion


def searched(instance: so.Instance, arrivals: Any, gap: float = 1e-7, blocks: int = 2) -> BatchSearch:
    """A finished search for deployments with batches alone."""
    assert instance.rate_per_s is not None
    carrying = Carrying(arrivals, instance.utilisation_cap)
    question = ProvisionQuestion(instance, Rates.steady(instance.rate_per_s), blocks, None, carrying)
    search = BatchSearch(question, gap, Deadline(None))
    search.run()
    return search


def machines_only(seed: int, tmp_path: Path, **keys: Any) -> so.Instance:
    """A drawn service without its functions."""
    document = drawn(seed).document
    document["tier"], document["link"] = document["tier"][:1], []
    document["tier"][0] |= keys
    return load(document, tmp_path)
