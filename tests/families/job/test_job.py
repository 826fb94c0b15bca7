"""Jobs on functions or machines: LambdaML's figures, enumeration by scalar code, every verb, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracles.job import drawn, rows
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.job.channels import shipped
from serflow_opt.families.job.evaluate import account, value
from serflow_opt.families.job.family import JOB
from serflow_opt.families.job.menu import menu_of
from serflow_opt.families.job.problem import Algorithm, Channel, Job, Option, Plan
from serflow_opt.families.protocol import Question
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import Settings

NAMES = ("time", "cost", "functions")


def exchange(w: int, m: float, pattern: str, channel: Channel) -> float:
    """Seconds of one exchange by the witness."""
    option = Option("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((1.0, 0.0),), (0,))
    job = Job(0.0, m, 1.0, (w,), (Algorithm("ga-sgd", (1,), (1.0,)),), (option,), (channel,), (pattern,))
    return account(job, Plan(0, -1, 0, 0, pattern, 0)).exchange_s


def test_exchanges_are_those_that_lambdaml_printed() -> None:
    """AllReduce through S3 at 65 MB/s and 80 ms: 12 x (12 / 65 + 0.08) = 3.18 s, printed 3.3; 17.39 s, printed 17.3."""
    s3 = shipped()["s3"]
    channel = Channel("s3", "store", s3["mb_per_s"] * 1e6, s3["latency_ms"] / 1000)
    assert exchange(10, 12e6, "allreduce", channel) == pytest.approx(3.175, abs=1e-3)
    assert exchange(10, 89e6, "allreduce", channel) == pytest.approx(17.39, abs=5e-3)
    # 28 x (8.9 / 65 + 0.08) = 6.07 s; printed 8.5
    assert exchange(10, 89e6, "scatterreduce", channel) == pytest.approx(6.074, abs=1e-3)


def test_dynamodb_takes_no_mobilenet_but_its_parts() -> None:
    """400 KB an item: 12 MB do not go as a whole (printed N/A), a 50th of 12 MB, 240 KB, does."""
    own = shipped()["dynamodb"]
    channel = Channel("dynamodb", "store", 65e6, 0.03, item_max=own["item_bytes_max"])
    options = (Option("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((50.0, 1.0),), (0,)),)
    job = Job(0.0, 12e6, 1.0, (50,), (Algorithm("ga-sgd", (1,), (1.0,)),), options, (channel,), ("allreduce",))
    assert menu_of(job).plans == ()
    assert [own.limit for own in value(job, Plan(0, -1, 0, 0, "allreduce", 0)).breaches] == ["item_bytes_max"]
    assert not value(job, Plan(0, -1, 0, 0, "scatterreduce", 0)).breaches


def test_requests_of_fifty_workers() -> None:
    """51 writes and 99 reads: 0.000295 USD a round; 2,500 and 4,900: 0.01446 USD, over 1,000 rounds 14.5 USD."""
    channel = Channel("s3", "store", 65e6, 0.08, 5e-6, 4e-7)
    options = (Option("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((50.0, 1.0),), (0,)),)
    job = Job(0.0, 1e6, 1.0, (50,), (Algorithm("ga-sgd", (1000,), (1.0,)),), options, (channel,), ("allreduce",))
    assert account(job, Plan(0, -1, 0, 0, "allreduce", 0)).requests_usd == pytest.approx(0.2946)
    assert account(job, Plan(0, -1, 0, 0, "scatterreduce", 0)).requests_usd == pytest.approx(14.46)


def test_functions_are_faster_and_never_much_cheaper() -> None:
    """The abstract's conclusion, on the shipped job: fastest on functions, cheapest on machines."""
    problem = JOB.changed(so.load("higgs-lr"), {"deadline_s": None, "budget_usd": None})
    assert so.solve(problem).plan["platform"] == "functions"
    assert so.solve(JOB.changed(problem, {"objective": "cost"})).plan["platform"] == "machines"


def test_every_row_and_the_front_against_enumeration() -> None:
    """Menu and witness against scalar code written apart: every kind of row is on some front."""
    kinds = set()
    for seed in range(45):
        job = drawn(seed)
        known = list(rows(job))
        for plan, own in known[::3]:
            valued = value(job, plan)
            assert not valued.breaches, (seed, plan)
            assert [valued.values[n] for n in NAMES] == pytest.approx([own[n] for n in NAMES]), (seed, plan)
        points = {(round(v["time"], 6), round(v["cost"], 8), v["functions"]) for _, v in known}
        best = {p for p in points if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)}
        menu = menu_of(job)
        found = {(round(t, 6), round(c, 8), f) for t, c, f in menu.values[list(menu.best)].tolist()}
        assert found == best, seed
        kinds |= {menu.kinds[n] for n in menu.best}
    assert kinds == {0, 1, 2}


def test_search_and_model_agree_with_enumeration() -> None:
    """Each quantity under limits on the others: the same optimum by the menu and by the model, or none by both."""
    infeasible = 0
    for seed in range(60, 75):
        job = drawn(seed)
        known = [own for _, own in rows(job)]
        if not known:
            continue
        goal, other = NAMES[seed % 2], NAMES[1 - seed % 2]
        most = sorted(own[other] for own in known)[len(known) // 3] * (0.2 if seed % 5 == 0 else 1.0)
        kept = [own[goal] for own in known if own[other] <= most * (1 + 1e-9)]
        asked = Question("job", "drawn", goal, {other: most}, job)
        settings = Settings(1e-6, Deadline(), 1)
        found = [JOB.search(asked, {goal: 1.0}, settings)]
        found.append(solve_witnessed(JOB, asked, {goal: 1.0}, settings) if seed % 3 == 0 else found[0])
        for own in found:
            assert own is not None
            assert own.infeasible is not bool(kept)
            assert not kept or own.value == pytest.approx(min(kept), rel=1e-6)
        infeasible += not kept
    assert 0 < infeasible < 8


def test_restarts_by_arithmetic() -> None:
    """Ten rounds of 4 s, lives of 15 s, data in 1 s, the model in 1 s: 3 rounds (1 + 12 + 1), 3 (1 + 1 + 12 + 1), 3,
    and the last: 3 restarts of 0.5 + 1 + 2 s beside 1 + 40 s."""
    option = Option("f", True, 1e12, 1.0, 2.0, 0.0, 15.0, 0.0, 1e12, 0.0, ((1.0, 0.5),), (0,))
    job = Job(
        1.0,
        1.0,
        20.0,
        (1,),
        (Algorithm("ga-sgd", (10,), (2.0,)),),
        (option,),
        (Channel("s3", "store"),),
        ("allreduce",),
        0.0,
        1.0,
    )
    valued = value(job, Plan(0, -1, 0, 0, "allreduce", 0))
    assert account(job, Plan(0, -1, 0, 0, "allreduce", 0)).restarts == 3
    assert valued.values["time"] == pytest.approx(0.5 + 41 + 3 * 3.5)
    assert valued.values["cost"] == pytest.approx(2.0 * (41 + 3 * 3))
    assert menu_of(job).values[0].tolist() == pytest.approx([52.0, 100.0, 1.0])


SMALL = """
schema = 1
kind = "job"
name = "small"
data_bytes = 1e9
model_bytes = 1e6
pass_vcpu_s = 100
rounds = "rounds.csv"
workers = [2, 4]
[[platform]]
kind = "function"
memory_mb = [1769, 3538]
channels = ["s3"]
[[platform]]
kind = "vm"
options = ["c6i.large"]
"""
ROUNDS = "algorithm,workers,rounds,passes\nga-sgd,2,40,10\nga-sgd,4,30,12\n"


def folder(path: Path, old: str = "", new: str = "", rounds: str = ROUNDS, name: str = "small") -> Path:
    """Write the small instance, a part of it replaced."""
    assert old in SMALL
    path.mkdir(exist_ok=True)
    text = SMALL.replace(old, new, 1) if old else SMALL
    (path / "instance.toml").write_text(text.replace('"small"', f'"{name}"'), encoding="utf-8")
    (path / "rounds.csv").write_text(rounds, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "rounds", "said"),
    [
        ("[2, 4]", "[2, 8]", ROUNDS, "no rounds for 8 workers"),
        ("[2, 4]", "{from = 4, to = 2}", ROUNDS, "at least as large"),
        ("[2, 4]", "[]", ROUNDS, "list at least one"),
        ("[2, 4]", "[2, 4]\nconcurrency_max = 3", ROUNDS, "at most concurrency_max, 3"),
        ("[2, 4]", "[2, 4]\nconvex = false", ROUNDS + "admm,2,3,30\nadmm,4,3,30\n", "convex = false"),
        ("model_bytes = 1e6", "model_bytes = 4e9", ROUNDS, "3 times the model"),
        ('["s3"]', '["s4"]', ROUNDS, "known: s3"),
        ('["s3"]', '["direct"]', ROUNDS, "functions take no connections"),
        (
            '["s3"]',
            '["own"]\n[[channel]]\nname = "own"\nkind = "store"\nmb_per_s = 9\nlatency_ms = 1',
            ROUNDS,
            "usd_per_write",
        ),
        ('["c6i.large"]', '["c6i.lagre"]', ROUNDS, "c6i.large"),
        ('["c6i.large"]', '["c6i.large"]\nstarts = [[2, 100]]', ROUNDS, "the time that 4 workers take"),
        ("[1769, 3538]", "[64]", ROUNDS, "128 to 10,240 MB"),
        ("schema = 1", 'schema = 1\npatterns = ["server"]', ROUNDS, "a parameter server, ring for direct"),
        ("schema = 1", "schema = 1", ROUNDS.replace("40,10", "40,0"), "more than 0"),
    ],
)
def test_bad_input(tmp_path: Path, old: str, new: str, rounds: str, said: str) -> None:
    """Each fault of a job's file is named with the value that is wrong or the cure."""
    with pytest.raises(so.InputError, match=said):
        so.load(folder(tmp_path, old, new, rounds))


def test_commands(tmp_path: Path) -> None:
    """Solve, evaluate again, the front, explain, the picture, and what cannot be had."""
    own = folder(tmp_path / "one")
    solved = run("solve", own, "--json", "--set", "objective=cost", "--plot", tmp_path / "plan.png")
    assert solved.code == 0
    assert (tmp_path / "plan.png").exists()
    document = json.loads(solved.stdout)
    assert sum(document["plan"]["usd"].values()) == pytest.approx(document["objective"]["value"])
    file = tmp_path / "plan.json"
    file.write_text(solved.stdout, encoding="utf-8")
    assert json.loads(run("evaluate", own, file, "--json").stdout)["metrics"] == document["metrics"]
    document["plan"]["channel"] = "memcached"
    file.write_text(json.dumps(document), encoding="utf-8")
    bad = run("evaluate", own, file)
    assert (bad.code, "channel" in bad.stderr) == (2, True)
    assert "complete front" in run("pareto", own).stdout
    explained = run("explain", own, "--set", "budget_usd=0.04")
    assert "machines" in explained.stdout.split("beside")[1]
    refused = run("solve", own, "--set", "deadline_s=10")
    assert refused.code == 3
    assert "deadline_s" in refused.stdout
    none = run("solve", folder(tmp_path / "none", "data_bytes = 1e9", "data_bytes = 1e12"))
    assert none.code == 3
    assert "4 workers hold" in none.stdout


def test_jobs_share_a_budget_and_functions(tmp_path: Path) -> None:
    """Two jobs alike: each choice of two rows of one job's menu, by brute force."""
    given = [folder(tmp_path / name, name=name) for name in ("one", "two")]
    known = [v for _, v in rows(so.load(given[0]).data)]
    alone = sorted(known, key=lambda own: own["time"])[0]
    budget, most = 1.5 * alone["cost"], 6
    best = min(
        a["time"] + b["time"]
        for a in known
        for b in known
        if a["cost"] + b["cost"] <= budget and a["functions"] + b["functions"] <= most
    )
    ran = run("fleet", *given, "--budget-usd-per-hour", f"{budget!r}", "--machines", f"functions={most}", "--json")
    assert ran.code == 0
    assert ran.document["value"] == pytest.approx(best)
    only = run("fleet", *given, "--machines", "functions=4")
    assert only.code == 0
    assert run("fleet", *given, "--machines", "c6i.large=4").code == 2
