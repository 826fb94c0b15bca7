"""Task graphs: NumPyWren's counts, schedules against enumeration and the programme, every verb, and bad input."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt import kernels
from serflow_opt.families.blocked.evaluate import account, value
from serflow_opt.families.blocked.exact import exact_starts
from serflow_opt.families.blocked.family import BLOCKED
from serflow_opt.families.blocked.graphs import graph_from, graph_of, tasks_of
from serflow_opt.families.blocked.menu import menu_of
from serflow_opt.families.blocked.problem import Blocked, Graph, Kind, Option, Plan, Store
from serflow_opt.families.blocked.schedule import starts_of, timed
from serflow_opt.families.protocol import Question

FREE = Store(1e300, 1e300, 0.0, 0.0, 0.0, 0.0)
ONE = Option("core", False, 1.0, 1e300, 1.0, 0.0, 0.0, 1e9)


def drawn(seed: int, most: int = 6) -> tuple[Graph, list[float], list[tuple[int, int]]]:
    """Draw a small graph whose tasks take as many seconds as operations."""
    rng = random.Random(seed)
    count = rng.randint(2, most)
    seconds = [rng.choice((1.0, 2.0, 3.0, 5.0, 7.5)) for _ in range(count)]
    edges = [(i, j) for i, j in itertools.combinations(range(count), 2) if rng.random() < 0.35]
    kinds = tuple(Kind(f"t{n}", own, 0.0, 0.0, 0, 0) for n, own in enumerate(seconds))
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return graph_from(kinds, np.arange(count), ends[:, 0], ends[:, 1]), seconds, edges


def shortest(seconds: list[float], edges: list[tuple[int, int]], workers: int) -> float:
    """The least makespan: every order of tasks, each as early as that allows; one of them is the best schedule."""
    best = float("inf")
    before = {j: [i for i, k in edges if k == j] for j in range(len(seconds))}
    for order in itertools.permutations(range(len(seconds))):
        ends: dict[int, float] = {}
        free = [0.0] * workers
        for task in order:
            if any(i not in ends for i in before[task]):
                break
            begin = max([min(free), *(ends[i] for i in before[task])])
            free[free.index(min(free))] = ends[task] = begin + seconds[task]
        else:
            best = min(best, max(ends.values()))
    return best


def test_the_graphs_are_those_that_numpywren_counts() -> None:
    """N = 6: 56 tasks, 6 + 15 + 35, path 16, width 15. N = 64: 45,760 tasks, path 190. GEMM adds by fours."""
    option, hop = ONE, FREE
    for algorithm, n, kinds, path in (
        ("cholesky", 6, [6, 15, 35], 16),
        ("cholesky", 64, [64, 2016, 43680], 190),
        ("gemm", 4, [64, 16, 16], 3),
        ("gemm", 5, [125, 50 + 25, 25], 4),
        ("tsqr", 7, [7, 4 + 2 + 1], 4),
        ("qr", 1, [1, 0, 0, 0], 1),
        ("qr", 2, [2 + 1, 1, 2, 1], 4),
    ):
        graph = graph_of(algorithm, n * 10, 10)
        assert np.bincount(graph.kind, minlength=len(kinds)).tolist() == kinds
        assert len(graph.kind) == tasks_of(algorithm, n) == sum(kinds)
        alike = Graph((Kind("t", 1.0, 0.0, 0.0),), np.zeros_like(graph.kind), graph.ends, graph.after, graph.waits)
        own = timed(alike, option, hop, 1)
        assert own.path == path
        if (algorithm, n) == ("cholesky", 6):
            first = own.before == 2  # as early as can be: 15 blocks behind the first column
            assert int(first.sum()) == 15


def test_schedules_against_every_order_of_tasks() -> None:
    """List schedules are plans, never below the bounds; what is solved exactly is the least of all orders."""
    above = 0
    for seed in range(30, 60):
        graph, seconds, edges = drawn(seed)
        own = timed(graph, ONE, FREE, 1)
        for workers in (1, 2, 3):
            least = shortest(seconds, edges, workers)
            listed = float((starts_of(own, workers) + own.seconds).max())
            starts, bound = exact_starts(own, workers)
            assert own.bound(workers) <= least * (1 + 1e-9)
            assert listed >= least * (1 - 1e-9)
            assert float((starts + own.seconds).max()) == pytest.approx(least)
            assert bound == pytest.approx(least)
            above += listed > least * (1 + 1e-9)
            problem = Blocked("", 0, (0,), (ONE,), (workers,), FREE, given=graph)
            assert not value(problem, Plan(0, 0, 0, starts, graph)).breaches
    assert above > 0


def test_kernel_and_heaps_make_the_same_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled or not, tasks start at the same times, and the witness finds nothing wrong with them."""
    if not kernels.compiled:
        pytest.skip("kernels are not compiled here")
    for algorithm, n, workers in (("cholesky", 9, 7), ("qr", 6, 5), ("gemm", 5, 11)):
        graph = graph_of(algorithm, n * 10, 10)
        seconds = np.random.default_rng(n).uniform(1, 2, len(graph.kind))
        kinds = tuple(Kind(f"t{k}", own, 0.0, 0.0, 0, 0) for k, own in enumerate(seconds.tolist()))
        each = Graph(kinds, np.arange(len(seconds), dtype=np.int32), graph.ends, graph.after, graph.waits)
        made = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            own = timed(each, ONE, FREE, 1)
            made.append((own.before, own.behind, starts_of(own, workers)))
        assert all(np.array_equal(a, b) for a, b in zip(*made, strict=True))
        problem = Blocked("", 0, (0,), (ONE,), (workers,), FREE, given=each)
        assert not value(problem, Plan(0, 0, 0, made[0][2], each)).breaches


def test_the_witness_sees_what_does_not_hold() -> None:
    """One task before what it waits for, and one worker too many."""
    kinds = (Kind("a", 2.0, 0.0, 0.0, 0, 0), Kind("b", 3.0, 0.0, 0.0, 0, 0))
    graph = graph_from(kinds, np.array([0, 1]), np.array([0]), np.array([1]))
    problem = Blocked("", 0, (0,), (ONE,), (1, 2), FREE, given=graph)
    assert not value(problem, Plan(0, 0, 0, np.array([0.0, 2.0]), graph)).breaches
    early = value(problem, Plan(0, 0, 1, np.array([0.0, 1.0]), graph))
    assert [own.limit for own in early.breaches] == ["order of tasks"]
    both = value(problem, Plan(0, 0, 0, np.array([0.0, 1.0]), graph))
    assert [own.limit for own in both.breaches] == ["order of tasks", "workers"]
    assert both.values == {"time": 4.0, "cost": 4.0, "workers": 1.0}


def test_the_cost_of_a_cholesky_by_arithmetic() -> None:
    """Two blocks a side of 10 rows, one after the other: 3 + 1 + 1 tasks; compute, reads and writes added, or the
    longest of them where they overlap."""
    store = Store(800.0, 400.0, 0.5, 0.01, 0.1, 1e-3)
    option = Option("f", True, 500.0, 1e9, 2.0, 0.25, 4.0, 1e9)
    problem = Blocked("cholesky", 20, (10,), (option,), (1,), store)
    # 800 bytes a block: reading 1, 2, 3 s and 0.5 s a read, writing 2.5 s; 1000 / 3, 1000, 2000 operations
    takes = [1000 / 3 / 500 + 1.5 + 2.5, 2 + 3 + 2.5, 4 + 4.5 + 2.5]
    makespan = 2 * takes[0] + takes[1] + takes[2]
    told = account(problem, menu_of(problem).plan(0))
    assert told.makespan == pytest.approx(makespan)
    assert told.workers_usd == pytest.approx(2 * makespan)
    assert (told.calls_usd, told.read_bytes, told.write_bytes) == (1.0, 7 * 800.0, 4 * 800.0)
    assert told.requests_usd == pytest.approx(7 * 0.01 + 4 * 0.1)
    assert told.storage_usd == pytest.approx(3200 * makespan * 1e-3)
    overlapping = Blocked("cholesky", 20, (10,), (option,), (1,), store, pipeline=2)
    assert account(overlapping, menu_of(overlapping).plan(0)).makespan == pytest.approx(2 * 2.5 + 3 + 4.5)


def test_solve_is_the_best_of_all_rows() -> None:
    """Every goal within a limit, over small graphs with several options: by enumeration of rows and orders."""
    none = 0
    for seed in range(8):
        graph, seconds, edges = drawn(100 + seed, 5)
        rng = random.Random(seed)
        options = tuple(
            Option(
                f"o{n}",
                rng.random() < 0.5,
                rng.choice((1.0, 2.0)),
                1e9,
                rng.choice((1.0, 3.0)),
                0.1,
                rng.choice((0.0, 2.0)),
                1e9,
            )
            for n in range(2)
        )
        problem = Blocked("", 0, (0,), options, (1, 2, 3), FREE, given=graph)
        rows = []
        for own, workers in itertools.product(options, (1, 2, 3)):
            takes = [s / own.flops_per_s for s in seconds]
            time = own.start_s + shortest(takes, edges, workers)
            paid = sum(takes) if own.is_function else workers * time
            rows.append({"time": time, "cost": paid * own.usd_per_s + 0.1 * len(takes)})
        goal, other = ("time", "cost") if seed % 2 else ("cost", "time")
        most = sorted(row[other] for row in rows)[2] * (0.1 if seed == 4 else 1.0)
        kept = [row[goal] for row in rows if row[other] <= most * (1 + 1e-9)]
        found = so.solve(Question("blocked", "drawn", goal, {other: most}, problem))
        assert found.status == ("optimal" if kept else "infeasible")
        assert not kept or found.objective.value == pytest.approx(min(kept), rel=1e-6)
        none += not kept
        front = so.pareto(Question("blocked", "drawn", goal, {}, problem), ["time", "cost"])
        points = {(round(r["time"], 6), round(r["cost"], 6)) for r in rows}
        best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
        assert {(round(a, 6), round(b, 6)) for a, b in front.points} == best
    assert none == 1


OWN = """
schema = 1
kind = "blocked"
name = "own"
workers = [1, 2]
[graph]
tasks = "tasks.csv"
edges = "edges.csv"
[[option]]
name = "core"
kind = "vm"
flops_per_s = 1e9
usd_per_hour = 3.6
"""
TASKS = "task,flops,read_bytes,write_bytes\nload,0,0,87e6\nleft,4e9,130e6,87e6\nright,2e9,130e6,87e6\n"
EDGES = "before,after\nload,left\nload,right\n"


def folder(path: Path, old: str = "", new: str = "", tasks: str = TASKS, edges: str = EDGES) -> Path:
    """Write the graph of three tasks, a part of it replaced."""
    assert old in OWN
    (path / "instance.toml").write_text(OWN.replace(old, new, 1) if old else OWN, encoding="utf-8")
    (path / "tasks.csv").write_text(tasks, encoding="utf-8")
    (path / "edges.csv").write_text(edges, encoding="utf-8")
    return path


MATRIX = '[matrix]\nalgorithm = "cholesky"\nrows = 100\nblock = [10]\n'


@pytest.mark.parametrize(
    ("old", "new", "tasks", "edges", "said"),
    [
        ("", "", TASKS, EDGES + "left,load\n", "wait for each other: load, left"),
        ("", "", TASKS, EDGES + "left,rigth\n", "no such task"),
        ("", "", TASKS + "left,1,0,0\n", EDGES, "'left' twice"),
        ("[1, 2]", "[0]", TASKS, EDGES, "workers"),
        ("[graph]", MATRIX + "[graph]", TASKS, EDGES, "either \\[matrix\\] or \\[graph\\]"),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            MATRIX.replace("[10]", "[200]"),
            TASKS,
            EDGES,
            "at most 100",
        ),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            "tasks_max = 99\n" + MATRIX,
            TASKS,
            EDGES,
            "10 blocks a side, 220",
        ),
        (
            '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"',
            MATRIX.replace("block", "columns = 9\nblock"),
            TASKS,
            EDGES,
            "square",
        ),
        ("usd_per_hour = 3.6", "", TASKS, EDGES, "usd_per_hour"),
        ("usd_per_hour = 3.6", 'vm = "c6i.lagre"', TASKS, EDGES, "c6i.large"),
    ],
)
def test_bad_input(tmp_path: Path, old: str, new: str, tasks: str, edges: str, said: str) -> None:
    """Cycles, unknown tasks, graphs beyond all measure and mistyped machines are named before anything is planned."""
    with pytest.raises(so.InputError, match=said):
        so.load(folder(tmp_path, old, new, tasks, edges))


def test_blocks_that_no_worker_holds(tmp_path: Path) -> None:
    """Four blocks of 512 rows are 8 MB."""
    given = MATRIX.replace("100", "1024").replace("[10]", "[512]")
    own = folder(tmp_path, '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"', given)
    text = (own / "instance.toml").read_text()
    (own / "instance.toml").write_text(text + "memory_mb = 7\n")
    with pytest.raises(so.InputError, match="4 blocks take 8 MB"):
        so.load(own)


def test_commands(tmp_path: Path) -> None:
    """Two workers: 1.03 s of loading, then 4 + 1.03 + 1.03 s; every verb on it."""
    own = folder(tmp_path)
    solved = run("solve", own, "--json", "--plot", tmp_path / "plan.png")
    assert solved.code == 0
    document = json.loads(solved.stdout)
    assert document["objective"]["value"] == pytest.approx(1.03 + 4 + 1.03 + 1.03)
    assert document["status"] == "optimal"
    whose = {own["task"]: own["worker"] for own in document["plan"]["schedule"]}
    assert (whose["load"], whose["left"] + whose["right"]) == (1, 3)
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert json.loads(run("evaluate", own, file, "--json").stdout)["metrics"] == document["metrics"]
    document["plan"]["workers"] = 3
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run("evaluate", own, file).code == 2
    assert run("pareto", own, "time", "cost", "--json").document["complete"]
    explained = run("explain", own, "--set", "workers_max=1")
    assert (explained.code, "2 workers" in explained.stdout) == (0, True)
    refused = run("solve", own, "--set", "deadline_s=7")
    assert (refused.code, "deadline_s" in refused.stdout) == (3, True)
    assert BLOCKED.kind in run("schema", "blocked").stdout
