"""What each phase of a workflow takes by row of its menu: the closed forms of `formulations/workflow.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from serflow_opt.families.workflow.problem import Phase, PhaseRow, Workflow
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import ROUNDING

MB_PER_GB = 1024.0
Key = tuple[int, int]
"""Type and number of servers."""


@dataclass(frozen=True, slots=True)
class PhaseOption:
    """A row: seconds with servers of its own and with those of a phase before, USD beside rent, rent, functions."""

    row: PhaseRow
    seconds: float
    kept_s: float
    usd: float
    rent: float
    functions: float

    @property
    def key(self) -> Key | None:
        """Its servers."""
        return None if self.row.server < 0 else (self.row.server, self.row.servers)


def _work(flow: Workflow, phase: Phase, workers: int, memory_mb: float, updates_s: float) -> tuple[float, float, float]:
    """Seconds that a phase's functions work, calls, and USD of their requests."""
    cloud, vcpus = flow.cloud, memory_mb / flow.cloud.mb_per_vcpu
    if phase.kind == "tune":
        seconds = sum(-(-alive // workers) * work / vcpus for alive, work in phase.rungs)  # (13)
        return seconds, float(sum(alive for alive, _ in phase.rungs)), 0.0
    loads = phase.bytes_in / (workers * cloud.bytes_per_s) + cloud.latency_s if phase.bytes_in else 0.0
    saves = phase.bytes_out / (workers * cloud.bytes_per_s) + cloud.latency_s if phase.bytes_out else 0.0
    requests = workers * (bool(phase.bytes_in) * cloud.usd_per_read + bool(phase.bytes_out) * cloud.usd_per_write)
    works = updates_s if phase.kind == "train" else phase.vcpu_s / (workers * vcpus)
    return loads + works + saves, float(workers), requests


def _options(flow: Workflow, phase: Phase) -> list[PhaseOption]:
    cloud = flow.cloud
    if phase.kind == "job":
        return [PhaseOption(PhaseRow(ready=n), s, s, usd, 0.0, w) for n, (s, usd, w, _) in enumerate(phase.ready)]
    starts = np.array(cloud.starts)
    servers = list(product(phase.servers, phase.counts)) or [(-1, 0)]
    found = []
    for (k, w), (m, memory), (v, n) in product(enumerate(phase.workers), enumerate(phase.memory_mb), servers):
        first = float(np.interp(w, starts[:, 0], starts[:, 1]))
        updates_s = rent = boot = 0.0
        if v >= 0:
            own = flow.servers[v]
            each = phase.gradient_s * cloud.mb_per_vcpu / memory
            each += 2 * (phase.gradient_bytes / cloud.bytes_per_s + own.latency_s)  # there and back
            updates_s = phase.updates[k] / min(w / each, n * own.updates_per_s)  # (12)
            rent, boot = n * own.usd_per_s, own.start_s
        seconds, calls, requests = _work(flow, phase, w, memory, updates_s)
        busy = seconds * w if phase.kind != "tune" else sum(a * s for a, s in phase.rungs) * cloud.mb_per_vcpu / memory
        usd = busy * memory / MB_PER_GB * cloud.usd_per_gb_s + calls * cloud.usd_per_call + requests
        if phase.kind == "map" and seconds > cloud.life_s * (1 + ROUNDING):
            continue
        used = min(w, max(a for a, _ in phase.rungs)) if phase.kind == "tune" else w
        found.append(
            PhaseOption(PhaseRow(k, m, v, n), max(first, boot) + seconds, first + seconds, usd, rent, float(used))
        )
    return found


@lru_cache(maxsize=8)
def options_of(flow: Workflow) -> tuple[tuple[PhaseOption, ...], ...]:
    """Return the rows of each phase that no other with the same servers beats."""
    made = []
    for phase in flow.phases:
        by: dict[Key | None, list[PhaseOption]] = {}
        for own in _options(flow, phase):
            by.setdefault(own.key, []).append(own)
        kept: list[PhaseOption] = []
        for same in by.values():
            points = np.array([(o.seconds, o.kept_s, o.usd, o.functions) for o in same])
            # rent is by the second, so that a faster row of the same servers pays no more of it
            kept += [same[n] for n in sorted(nondominated(points).tolist())]
        made.append(tuple(kept))
    return tuple(made)
