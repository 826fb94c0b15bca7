"""Blocks that take batches, request by request, in a few plain lines: nothing of the package but the data is used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from serflow_opt.traffic.service import Block, Machine, Service
from serflow_opt.traffic.simulate.requests import Requests


def plainly(service: Service, requests: Requests, counts: Sequence[int]) -> list[float]:
    """Work blocks off one after the other: make batches, start each at the first free worker, say who leaves when."""
    done = [math.nan] * len(requests.times)
    coming = [(time + service.blocks[0].hop_s, i) for i, time in enumerate(requests.times.tolist())]
    for b, (block, count) in enumerate(zip(service.blocks, counts, strict=True)):
        coming.sort()
        batches: list[tuple[float, list[int]]] = []
        while coming:
            opened, members = coming[0][0], [coming.pop(0)]
            while coming and len(members) < block.batch and coming[0][0] <= opened + block.batch_wait_s:
                members.append(coming.pop(0))
            closed = members[-1][0] if len(members) == block.batch else opened + block.batch_wait_s
            batches.append((closed, [i for _, i in members]))
        runs = block.machines[0]
        free = [0.0] * (count * runs.workers)
        hop = service.blocks[b + 1].hop_s if b + 1 < len(service.blocks) else 0.0
        for closed, own in batches:
            free.sort()
            now = max(closed, free[0])
            for s in range(block.first, block.last + 1):
                here = [i for i in own if requests.exits[i] >= s]
                if not here:
                    break
                now += runs.stage_s[s - block.first][len(here) - 1]
                for i in here:
                    if requests.exits[i] == s:
                        done[i] = now
            further = [i for i in own if requests.exits[i] > block.last]
            coming += [(now + hop, i) for i in further]
            free[0] = now + (hop if further and runs.sends else 0.0)
    return [end - time for end, time in zip(done, requests.times.tolist(), strict=True)]


def drawn(rng: np.random.Generator) -> tuple[Service, list[int]]:
    """Return a service of two blocks with any batches, waits, workers and hand-overs, and numbers of machines."""
    stages = int(rng.integers(2, 5))
    cut = int(rng.integers(1, stages))
    blocks = []
    shares = rng.dirichlet(np.ones(stages))
    for first, last in pairwise([0, cut, stages]):
        times = np.sort(rng.uniform(0.001, 0.03, (last - first, 8)), axis=1).tolist()
        alone = np.cumsum([own[0] for own in times]).tolist()
        workers, sends = int(rng.integers(1, 3)), bool(rng.integers(2))
        own = Machine("m", 1.0, workers, (*alone, alone[-1]), sends, stage_s=tuple(map(tuple, times)))
        batch, wait = int(rng.choice([2, 3, 8])), float(rng.choice([0.0, 0.00437, 0.0213]))
        blocks.append(Block(first, last - 1, (own,), None, float(rng.choice([0.0, 0.003])), 0.0, batch, wait))
    return Service("s", tuple(blocks), tuple(shares.tolist()), (1.0,) * stages), [
        int(rng.integers(1, 3)) for _ in blocks
    ]
