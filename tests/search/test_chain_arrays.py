"""Arrays read off sets and coefficients: each way between stages adds what its hop and its entry do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of

from serflow_opt.formulations.coefficients import SOURCE


@pytest.mark.parametrize(("kind", "seed"), EACH[2::4])
def test_ways_add_what_hops_and_entries_do(kind: str, seed: int, tmp_path: Path) -> None:
    """Every hop and entry once, at its hub; money, time, loss and accuracy one by one from the coefficients."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    data, columns = chain.data, chain.columns
    hops, entries = [], []
    for at in chain.leaving:
        for way in at:
            s, k, w, _ = way.hub
            for e, adds, whole in zip(way.runner.tolist(), way.adds, way.whole.tolist(), strict=True):
                hop = (s, e, k, w)
                hops.append(hop)
                assert data.hub_left(hop) == way.hub
                seconds = data.hop_time(hop) + data.encode_time(hop)
                busy = data.encode_time(hop) + data.hop_time(hop) * data.waits(e)
                money = data.hop_price(hop) + (0.0 if e == SOURCE else data.busy_price(e) * busy)
                known = {"cost": money, "latency": seconds, "privacy": data.hop_leak(hop)}
                known |= {"energy": data.hop_energy(hop), "accuracy": data.way_lost(hop)}
                assert adds.tolist() == pytest.approx([known[name] for name in columns], rel=1e-12, abs=1e-300)
                assert not np.isfinite(chain.whole_limit) or whole == pytest.approx(seconds, rel=1e-12)
    for at in chain.entering:
        for way in at:
            s, _, w, _ = way.hub
            for e, adds in zip(way.runner.tolist(), way.adds, strict=True):
                entry = (s, e, w)
                entries.append(entry)
                assert data.hub_entered(entry) == way.hub
                if columns[0] == "cost":
                    money = data.invocation_price(e) + data.decode_time(entry) * data.busy_price(e)
                    assert adds[0] == pytest.approx(money, rel=1e-12, abs=1e-300)
    assert sorted(hops) == sorted(data.hops)
    assert sorted(entries) == sorted(data.entries)
