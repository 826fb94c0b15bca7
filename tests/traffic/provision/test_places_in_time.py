"""Places to wait in are split where too many are late."""

from __future__ import annotations

import numpy as np
import pytest
from support.provision_by_head import BOTH, pricing, structure_of, whole

from serflow_opt.traffic.provision.one_set import OneSet, Thresholds


@pytest.mark.parametrize("slo_s", [4.0, 5.0, 7.0])
def test_numbers_of_places_are_split_where_too_many_are_late(slo_s: float) -> None:
    """At some thresholds all places below a position are in time, and all from there on make too many late."""
    priced = pricing(whole(latency_slo_s=slo_s, latency_measure="p90"), 2.0)
    structure = structure_of(priced, ((0, 1), BOTH))
    own = OneSet(priced, priced, structure, Thresholds(None), 9.0)
    (sizing,) = own.sizings
    assert sizing is not None
    assert own.places is not None
    reach, split = np.array([1.0, 0.5]), 0
    for several in sizing.each():
        assert several.rooms is not None
        parts, (low, high) = own.places.parted((several,), reach), several.rooms
        over = [own.places.over((several,), [n], reach) for n in range(low, high + 1)]
        if over[0] > 0:
            assert parts == [(several,)]
        elif max(over) <= 0:
            assert parts == []
        else:
            split += 1
            ends = [part[0].rooms for part in parts]
            at = low + next(n for n, late in enumerate(over) if late > 0)
            assert ends == [(low, at - 1), (at, high)]
    assert split or slo_s > 4.0
