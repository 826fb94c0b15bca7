"""The service that is scaled: found once, and kept beside the state, so that a restart takes no search."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.ground.kept import decode, encode
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.serving.store import ServiceStore


def digest(instance: Instance) -> str:
    """Return a digest of all that an instance says."""
    import numpy as np

    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return hashlib.sha256(repr(dataclasses.asdict(instance)).encode()).hexdigest()[:16]


def kept_service(store: ServiceStore, question: Mapping[str, Any], find: Callable[[], Service]) -> tuple[Service, str]:
    """Return the service that a question has for an answer.

    Parameters
    ----------
    store
        Has the last question and its answer; forgets what it knows of a service of other blocks or types.
    question
        All that the answer depends on, as JSON knows it.
    find
        Finds the answer.

    Returns
    -------
    tuple
        The service, and, where it is another one than before, what became of the state, in words.
    """
    before, old = store.kept("service"), None
    if before is not None:
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # of a version before: found again
            old = decode(before["service"])
        if before["question"] == dict(question) and isinstance(old, Service):
            return old, ""
    service = find()
    written = encode(service)
    same = isinstance(old, Service) and _shape(old) == _shape(service)
    with store.transaction():
        if before is not None and not same:
            store.forget()
        store.keep("service", {"question": dict(question), "service": written})
    if before is None or before["service"] == written:  # NaN is no NaN, arrays are no arrays
        return service, ""
    return service, "another plan, gone on from what was known" if same else "other blocks or types, started afresh"


def _shape(service: Service) -> list[Any]:
    """Return what a state is of: blocks and types."""
    return [service.name, *([machine.name for machine in block.machines] for block in service.blocks)]
