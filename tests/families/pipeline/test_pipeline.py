"""Pipelines: PipeDream's published configuration, enumeration written apart, model and simulation as witnesses."""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.families.pipeline import simulate
from serflow_opt.families.pipeline.family import PIPELINE
from serflow_opt.families.pipeline.problem import Layer, Pipeline, Stage, Worker
from serflow_opt.families.protocol import Question
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import Settings

QUANTITIES = ("time", "rent", "cost", "workers")


def drawn(seed: int) -> Pipeline:
    """A small problem: up to six layers, up to five workers of one or two types, half of them short of memory."""
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
        Worker(
            f"w{p}",
            rng.randint(1, 4 if types == 1 else 3),
            rng.choice((0.5, 1.0, 3.0)),
            rng.choice((1.0, 2.0)),
            rng.choice((2.0, 8.0, 50.0)),
            rng.choice((None, rng.uniform(5.0, 60.0))),
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
                    busy = math.fsum(x.forward_s + x.backward_s for x in problem.layers[a:b]) / w.speed
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
        settings = Settings(1e-6, Deadline(), 1)
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


def test_against_enumeration() -> None:
    """Of all ways to cut and replicate a network, the search finds one as good as the best."""
    assert compare(range(60), model=False) > 40


def test_the_model_against_enumeration() -> None:
    """The mixed-integer model, another way to the same answer, agrees with enumeration too."""
    assert compare(range(100, 116), model=True) > 10


def test_every_value_is_that_of_enumeration() -> None:
    """The witness values any plan, not the best alone, as arithmetic written apart does."""
    for seed in range(12):
        problem = drawn(seed)
        for values, stages in itertools.islice(every(problem), 0, 400, 7):
            valued = PIPELINE.evaluate(question(problem, "time", {}), tuple(Stage(*own) for own in stages))
            assert not valued.breaches
            assert [valued.values[name] for name in QUANTITIES] == pytest.approx([values[name] for name in QUANTITIES])


def test_vgg16_on_four_workers_is_published() -> None:
    """PipeDream's configuration 3-1, cut behind the third pooling, node 18 of its profile."""
    plan = so.solve("vgg16-pipeline").plan
    assert plan["configuration"] == "3-1"
    assert (plan["stages"][0]["last"], plan["stages"][0]["to"].split("(")[0]) == (18, "MaxPool2d")


def test_the_front_of_time_and_rent_is_complete() -> None:
    """The front holds each undominated pair of time and rent, and no other."""
    problem = drawn(2)
    front = so.pareto(question(problem, "time", {}), ["time", "rent"])
    points = {(round(v["time"] * 1000, 6), round(v["rent"], 6)) for v, _ in every(problem)}
    best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    assert front.complete
    assert {(round(a, 6), round(b, 6)) for a, b in front.points} == best


def test_simulation_runs_at_the_pace_of_the_plan() -> None:
    """Batches sent through the plan one by one come out at the pace that was promised."""
    problem = so.load("vgg16-pipeline")
    for workers in (3, 4, 8, 16):
        held = PIPELINE.changed(problem, {"workers_max": workers})
        solution = so.solve(held)
        plan = PIPELINE.decision_of(held, solution.plan)
        pace = simulate.run(problem.data, plan, 600).time_s * 1000
        assert pace == pytest.approx(solution.objective.value, rel=0.01)
    idle = replace(problem.data, on_links=0)  # PipeDream's number in flight: workers wait for links
    assert simulate.run(idle, (Stage(0, 17, 0, 3), Stage(18, 40, 0, 1)), 600).time_s > 1.1 * 0.17635


def test_the_command_puts_what_was_simulated_beside_the_plan(tmp_path: Path) -> None:
    """3-1 takes 176.35 ms, 725.8 samples/s; 15.606 USD/h of rent; busy as `solve` says."""
    found = run("simulate", "vgg16-pipeline", "--mini-batches", "200", "--json").document
    assert {own["name"]: own["planned"] for own in found["figures"]} == {
        "time": pytest.approx(176.3492, rel=1e-5),
        "cost": pytest.approx(15.606 * 0.1763492 / 3600 / 128 * 1e6, rel=1e-5),
        "throughput": pytest.approx(128 / 0.1763492, rel=1e-5),
    }
    assert all(abs(own["off"]) < 0.03 for own in found["figures"])
    assert [own["layers"] for own in found["busy"]] == ["1-18", "19-41"]
    assert all(own["simulated"] == pytest.approx(own["planned"], rel=0.1) for own in found["busy"])
    assert simulate.PipelineSimulated.from_dict(found).to_dict() == found
    plan = tmp_path / "plan.json"
    alone = {"stages": [{"first": 1, "last": 41, "worker": "v100-32gb", "replicas": 1}]}
    plan.write_text(json.dumps(alone))
    ran = run("simulate", "vgg16-pipeline", "--plan", plan)
    assert ran.code == 0
    assert "1-41" in ran.stdout
    for wrong in (("--trace", "twitter-day"), ("--mini-batches", "1"), ("--plan", tmp_path / "none.json")):
        assert run("simulate", "vgg16-pipeline", *wrong).code == 2


def test_a_stage_alone_by_arithmetic() -> None:
    """Two layers on two workers: (4 + 4 x 1 x 6 / (3 x 2)) / 2 = 4 s; two versions of nothing behind: one in flight."""
    layers = (Layer("a", 1.0, 1.0, 4.0, 3.0, 1.0), Layer("b", 1.0, 1.0, 2.0, 0.0, 1.0))
    problem = Pipeline(layers, 4, 0.0, (Worker("w", 2, 0.5, 1.0, 3.0, 8.0),))
    valued = PIPELINE.evaluate(question(problem, "time", {}), (Stage(0, 1, 0, 2),))
    assert valued.values == {"time": 4.0, "rent": 3600.0, "cost": 1.0, "workers": 2.0}
    assert not valued.breaches
    # apart: 2 s of work each, 2 x 3 / 3 = 2 s of hand-over; the first has three in flight: 3 (4 + 1) = 15 of 8 bytes
    apart = PIPELINE.evaluate(question(problem, "time", {}), (Stage(0, 0, 0, 1), Stage(1, 1, 0, 1)))
    assert apart.values["time"] == 2.0
    assert [(breach.limit, breach.value) for breach in apart.breaches] == [("memory of stage 1", 15.0)]


def profiles() -> Path:
    for parent in Path(__file__).parents:
        found = parent / "shared" / "data" / "perf" / "pipedream_layer_profiles.csv"
        if found.exists():
            return found
    pytest.skip("no profiles beside the repository")


def test_every_network_of_the_profiles(tmp_path: Path) -> None:
    """On PipeDream's measured networks the value is proven and no worse than copies of the whole on all workers."""
    with profiles().open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        size = {row["node"]: float(row["activation_bytes_batch"]) for row in own}
        last: dict[str, int] = {}
        for row in own:
            for before in row["predecessors"].split():
                last[before] = max(last.get(before, 0), int(row["node"]))
        layers = tuple(
            Layer(
                row["layer"],
                float(row["forward_ms_batch"]) / 1000 * (row["layer"] != "Input"),
                float(row["backward_ms_batch"]) / 1000,
                float(row["parameter_bytes"]),
                sum(size[u] for u, v in last.items() if int(u) <= int(row["node"]) < v),
                0.0,
            )
            for row in own
        )
        problem = Pipeline(layers, int(own[0]["batch"]), 0.0, (Worker("v100", 4, 1.0, 1.0, 1.25e9, None),))
        found = PIPELINE.search(question(problem, "time", {}), {"time": 1.0}, Settings(1e-6, Deadline(), 1))
        assert found is not None
        assert found.value == pytest.approx(found.bound, rel=1e-12)
        together = PIPELINE.evaluate(question(problem, "time", {}), (Stage(0, len(layers) - 1, 0, 4),))
        assert found.value <= together.values["time"]


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


@pytest.mark.parametrize(
    ("rows", "workers", "changes", "said"),
    [
        ("1,a,1,1,10,10\n3,b,1,1,10,10\n", "", {}, "a layer is missing"),
        ("1,a,0,0,10,10\n", "", {}, "no layer takes time"),
        ("1,a,-1,1,10,10\n", "", {}, "of at least 0"),
        (ROWS, "", {"batch": 0}, "batch"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 0\nbandwidth_mbit_s = 8\n', {}, "count"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 1\n', {}, "bandwidth_mbit_s"),
        (ROWS, '[[worker]]\nname = "w"\ncount = 1\nbandwidth_mbit_s = 8\n' * 2, {}, "'w' twice"),
        (ROWS, "".join(f'[[worker]]\nname = "{k}"\ncount = 99\nbandwidth_mbit_s = 8\n' for k in "ab"), {}, "fewer"),
    ],
)
def test_bad_input(tmp_path: Path, rows: str, workers: str, changes: dict[str, Any], said: str) -> None:
    """Rows that are missing or negative and workers that cannot be are named with the place and the cure."""
    with pytest.raises(InputError, match=said):
        so.load(folder(tmp_path, rows, workers, **changes))


def test_commands(tmp_path: Path) -> None:
    """Solve, evaluate, explain and plot work on a file, and a plan whose stages leave a layer out is refused."""
    own = folder(tmp_path, ROWS, samples_per_epoch=8000)
    solved = run("solve", own, "--json")
    assert solved.code == 0
    plan = json.loads(solved.stdout)["plan"]
    # apart: layer a works 2 ms and hands 1,000 B over, twice, at 1 MB/s: 2 ms; b works 3 ms: that is the pace
    assert (plan["configuration"], plan["holds_up"]) == ("2", "the work of stage 1")  # both on both: 2.5 ms and 0.01
    assert plan["epoch_h"] == pytest.approx(2000 * 2.51e-3 / 3600, rel=1e-2)
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert run("evaluate", own, file).code == 0
    explained = run("explain", own, "--set", "workers_max=1")
    assert explained.code == 0
    assert "+1 w" in explained.stdout
    picture = tmp_path / "plan.png"
    assert run("solve", own, "--plot", picture).code == 0
    assert picture.exists()
    assert run("solve", own, "--set", "time_max_ms=1").code == 3
    document = json.loads(solved.stdout)
    document["plan"]["stages"][0]["last"] = 1
    file.write_text(json.dumps(document), encoding="utf-8")
    bad = run("evaluate", own, file)
    assert bad.code == 2
    assert "give stages for layers 1 to 2" in bad.stderr


def test_layers_that_fit_nowhere_are_named(tmp_path: Path) -> None:
    """A layer larger than any worker is named with its size, so that the user knows what to buy."""
    workers = '[[worker]]\nname = "w"\ncount = 2\nbandwidth_mbit_s = 8\nmemory_gb = 0.001\n'
    found = so.solve(so.load(folder(tmp_path, "1,a,1,1,10,10\n2,b,1,1,10,5e6\n", workers)))
    assert found.status == "infeasible"
    assert "layer 2 (b) needs 5 MB, the largest worker has 1" in " ".join(found.notes)
