"""Networks and workers drawn at random, and every pipeline of them."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from serflow_opt.families.pipeline.family import PIPELINE
from serflow_opt.families.pipeline.problem import Layer, Pipeline, WorkerType
from serflow_opt.families.protocol import Question
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import SearchSettings

QUANTITIES = ("time", "rent", "cost", "workers")


def drawn(seed: int) -> Pipeline:
    """A small problem: up to six layers, up to five workers of one or two types, half of them short of memory; on the
    second type layers were measured."""
    rng = random.Random(seed)
    layers = tuple(
        Layer(
            f"l{i}",
            rng.choice((0.25, 0.5, 1.0, 2.0, 3.5)),
            rng.choice((0.0, 1.0, 2.5)),
            rng.choice((0.0, 1.0, 4.0, 20.0)),
            rng.choice((1.0, 2.0, 6.0)),
            rng.choice((0.0, 1.0, 3.0)),
        )
        for i in range(rng.randint(1, 6))
    )
    types = rng.randint(1, 2)
    workers = tuple(
        WorkerType(
            f"w{p}",
            rng.randint(1, 4 if types == 1 else 3),
            rng.choice((0.5, 1.0, 3.0)),
            rng.choice((1.0, 2.0)),
            rng.choice((2.0, 8.0, 50.0)),
            rng.choice((None, rng.uniform(5.0, 60.0))),
            tuple((rng.choice((0.5, 1.0, 2.0)), rng.choice((0.0, 1.5))) for _ in layers) if p else None,
        )
        for p in range(types)
    )
    return Pipeline(layers, rng.choice((1, 4)), 0.0, workers, rng.choice((0, 1)))


def every(problem: Pipeline) -> Iterator[tuple[dict[str, float], list[tuple[int, int, int, int]]]]:
    """Value every pipeline that fits, by code of its own: stages as (first, last, type, replicas)."""
    n = len(problem.layers)
    for count in range(1, n + 1):
        for cuts in itertools.combinations(range(1, n), count - 1):
            ends = [0, *cuts, n]
            offers = [(p, r) for p, w in enumerate(problem.workers) for r in range(1, w.count + 1)]
            for given in itertools.product(offers, repeat=count):
                used = [sum(r for q, r in given if q == p) for p in range(len(problem.workers))]
                if any(u > w.count for u, w in zip(used, problem.workers, strict=True)):
                    continue
                slowest, fits = 0.0, True
                for k, (p, r) in enumerate(given):
                    a, b, w = ends[k], ends[k + 1], problem.workers[p]
                    weights = math.fsum(x.parameter_bytes for x in problem.layers[a:b])
                    each = w.measured or tuple((x.forward_s, x.backward_s) for x in problem.layers)
                    busy = math.fsum(math.fsum(own) for own in each[a:b]) / w.speed
                    slowest = max(slowest, (busy + 4 * (r - 1) * weights / (w.bytes_per_s * r)) / r)
                    received = problem.layers[a - 1].crossing_bytes if a else 0.0
                    passed = problem.layers[b - 1].crossing_bytes if b < n else 0.0
                    slowest = max(slowest, 2 * max(received, passed) / (w.bytes_per_s * r))
                    flying = math.ceil(sum(m for _, m in given[k:]) / r) + problem.on_links * (k < count - 1)
                    keeps = flying * (weights + received + math.fsum(x.held_bytes for x in problem.layers[a:b]))
                    fits = fits and (w.memory_bytes is None or keeps <= w.memory_bytes)
                if fits:
                    rent = sum(u * w.usd_per_s for u, w in zip(used, problem.workers, strict=True))
                    values = (slowest, rent * 3600, rent * slowest / problem.batch, float(sum(used)))
                    stages = [(ends[k], ends[k + 1] - 1, p, r) for k, (p, r) in enumerate(given)]
                    yield dict(zip(QUANTITIES, values, strict=True)), stages


def question(problem: Pipeline, goal: str, limits: Mapping[str, float]) -> Question:
    return Question("pipeline", "drawn", goal, dict(limits), problem)


def compare(seeds: range, model: bool) -> int:
    """Hold search, and the model, against enumeration; return how many have a plan."""
    solved = 0
    for seed in seeds:
        problem, rng = drawn(seed), random.Random(1000 + seed)
        known = list(every(problem))
        goal = QUANTITIES[seed % 4]
        limits = {}
        for name in rng.sample([q for q in QUANTITIES if q != goal], rng.randint(0, 2)):
            values = sorted(values[name] for values, _ in known) or [1.0]
            limits[name] = values[rng.randrange(len(values))] * rng.choice((1.0, 1.0, 0.7))
        kept = [v[goal] for v, _ in known if all(v[name] <= most * (1 + 1e-9) for name, most in limits.items())]
        asked = question(problem, goal, limits)
        settings = SearchSettings(1e-6, Deadline(), 1)
        found = [PIPELINE.search(asked, {goal: 1.0}, settings)]
        if model:
            found.append(solve_witnessed(PIPELINE, asked, {goal: 1.0}, settings))
        for own in found:
            assert own is not None
            assert own.infeasible is not bool(kept), (seed, goal, limits)
            if kept:
                assert own.value == pytest.approx(min(kept), rel=1e-6), (seed, goal, limits)
                assert not own.doubt
        solved += bool(kept)
    return solved


def folder(tmp_path: Path, rows: str, workers: str = "", **changes: Any) -> Path:
    (tmp_path / "layers.csv").write_text(
        "layer,name,forward_ms,backward_ms,activation_bytes,parameter_bytes\n" + rows, encoding="utf-8"
    )
    given = {"batch": 4, **changes}
    text = 'schema = 1\nkind = "pipeline"\nname = "own"\nlayers = "layers.csv"\n'
    text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
    text += workers or '[[worker]]\nname = "w"\ncount = 2\nbandwidth_mbit_s = 8\nusd_per_hour = 3.6\n'
    (tmp_path / "instance.toml").write_text(text, encoding="utf-8")
    return tmp_path


ROWS = "1,a,1,1,1000,10\n2,b,1,2,10,10\n"
