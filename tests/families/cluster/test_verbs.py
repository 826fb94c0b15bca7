"""The verbs on a cluster instance, figures of INFless, and everything that is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run

import serflow_opt as so
from serflow_opt.families.cluster.plot import plot_servers

INSTANCES = Path(__file__).parents[3] / "instances"
SMALL = """
schema = 1
kind = "cluster"
name = "small"

[[model]]
name = "net"
slo_ms = 200
rate_per_s = 100
profiles = "p.csv"

[[server]]
name = "box"
cores = 4
gpus = 1
usd_per_hour = 2
"""
PROFILES = """cpu_cores,gpu_percent,batch,ms
1,0,1,150
1,50,1,40
1,50,4,80
2,50,4,100
"""
"""1 core alone serves 6 requests/s; with half of a card 25 one by one, 50 four by four from 34 = ceil(4 / 0.12) on. The
last is outclassed. A server has 2 x 50 and 2 x 6: 112 requests/s. 100 requests/s take one."""


def small(folder: Path, old: str = "", new: str = "", profiles: str = PROFILES) -> Path:
    """Write the small instance, with a part of it replaced."""
    folder.mkdir(exist_ok=True)
    assert old in SMALL
    (folder / "instance.toml").write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    (folder / "p.csv").write_text(profiles, encoding="utf-8")
    return folder


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """One server for 100 requests/s, 112 at most; and what a core and a tenth of a GPU are worth."""
    folder = small(tmp_path)
    solution = so.solve(folder)
    assert (solution.status, solution.objective.value, solution.achieved("cost")) == ("optimal", 1.0, 2.0)
    most = so.solve(folder / "instance.toml")
    assert type(most).from_dict(json.loads(json.dumps(most.to_dict()))) == most
    done = run("solve", str(folder), "--set", "objective=throughput", "--set", "servers_max=1", "--json")
    document = json.loads(done.stdout)
    assert document["objective"]["value"] == 112.0
    (worth,) = document["plan"]["worth"]
    assert worth["core_per_s"] == pytest.approx(6.0)
    assert worth["tenth_of_gpu_per_s"] == pytest.approx((50 - 6) / 5)
    assert document["plan"]["unused"] == {"cpu_cores": 0.0, "gpus": 0.0}


def test_requests_are_dispatched_as_infless_does(tmp_path: Path) -> None:
    """Every instance is taken down from its most by the same share of the way to its least, and all get 100."""
    (model,) = so.solve(small(tmp_path)).plan["models"]
    given = [(own["instances"], own["rate_per_s"]) for own in model["instances"]]
    assert sum(count * rate for count, rate in given) == pytest.approx(100)
    shares = [
        (own["rate_max_per_s"] - own["rate_per_s"]) / (own["rate_max_per_s"] - own["rate_min_per_s"])
        for own in model["instances"]
    ]
    assert shares == pytest.approx([shares[0]] * len(shares))


def test_what_infless_published(tmp_path: Path) -> None:
    """340 requests/s of ResNet-50 on a server of 40 cores and 3 GPUs one by one, 780 in batches; and its rates."""
    problem = so.load(INSTANCES / "resnet50-cluster")
    published = {(4, 4, 30): 53, (1, 2, 10): 16, (2, 2, 10): 27, (2, 2, 40): 33, (4, 4, 50): 55, (2, 2, 50): 39}
    published |= {(2, 2, 30): 31, (2, 2, 20): 28, (8, 4, 30): 69, (1, 2, 0): 6, (4, 4, 10): 40, (4, 4, 20): 45}
    published |= {(4, 2, 20): 43, (8, 4, 10): 48, (8, 8, 10): 50, (8, 4, 20): 57, (8, 8, 20): 59, (4, 2, 10): 35}
    published |= {(2, 2, 0): 8, (8, 8, 0): 25, (4, 4, 0): 14, (4, 2, 50): 50}
    ours = {(own.batch, own.cores, own.percent): own for own in problem.data.configs}
    assert {key: ours[key].measured for key in published} == published
    assert all(own.measured == pytest.approx(own.batch / own.time_s, abs=1.0) for own in ours.values())
    one = ["--set", "objective=throughput", "--set", "servers_max=1"]
    document = json.loads(run("explain", "resnet50-cluster", *one, "--json").stdout)
    assert (document["plan"]["status"], document["plan"]["objective"]["value"]) == ("optimal", 780.0)
    assert {own["name"]: own["value"] for own in document["beside"]}["one by one"] == 340.0


def test_every_verb(tmp_path: Path) -> None:
    """On one small instance: validate, table, front, fleet, clashing limits, picture."""
    folder = small(tmp_path)
    assert "1 miss" not in run("validate", str(folder)).stdout
    assert "1 are outclassed" in run("validate", str(folder)).stdout
    assert "fragments" in run("solve", str(folder)).stdout
    front = so.pareto(so.load(folder), ("servers", "resources"))
    assert front.complete
    done = run("solve", str(folder), "--set", "servers_max=1", "--set", "throughput_min_per_s=120")
    assert done.code == 3
    assert has_line(done.stdout, "least servers with throughput at least 120 requests/s is 2")
    fleet = run("fleet", str(folder), str(small(tmp_path / "b", '"small"', '"other"')), "--budget-usd-per-hour", "4")
    assert "optimal" in fleet.stdout
    axes = plot_servers(so.solve(folder))
    assert len(axes.patches) >= 2


def test_operators_add_up_along_the_longest_way(tmp_path: Path) -> None:
    """3 x 10 ms, then 40 ms beside 2 x 25 ms, then 10 ms: 90 ms, times a safety of 1.1."""
    steps = """operators = "ops.csv"
safety = 1.1
step = [
  { operator = "conv", calls = 3 },
  { operator = "left" },
  { operator = "right", calls = 2, after = ["conv"] },
  { operator = "conv", name = "join", after = ["left", "right"] },
]
"""
    folder = small(tmp_path, 'profiles = "p.csv"\n', steps)
    rows = ["operator,batch,ms,cpu_cores", "conv,1,10,1", "left,1,40,1", "right,1,25,1", "conv,2,15,1"]
    (folder / "ops.csv").write_text("\n".join(rows), encoding="utf-8")
    (config,) = so.load(folder).data.configs
    assert (config.batch, config.time_s) == (1, pytest.approx(0.099))


BAD = [
    ("slo_ms = 200", "slo_ms = 30", PROFILES, "slo_ms", "at least 40"),
    ("rate_per_s = 100", "rate_per_s = 0", PROFILES, "rate_per_s", "greater than 0"),
    ("", "", PROFILES.replace("1,50,1,40", "1,50,0,40"), "batch", "at least 1"),
    ("", "", PROFILES + "1,50,4,90\n", "line 6", "each configuration once"),
    ("", "", "cpu_cores,batch,ms\n0,1,10\n", "line 2", "takes nothing"),
    ("", "", "cpu_cores,gpu_percent,batch,ms\n1,120,1,10\n", "gpu_percent", "100"),
    ("", "", "cpu_cores,batch,ms\n1,1,0\n", "line 2", "above 0"),
    ("", "", "cpu_cores,batch,ms\n9,1,10\n", "net", "no instance within its target fits"),
    ("", "", "cpu_cores,batch,ms\n1,1,1500\n", "slo_ms", "at least 1500"),
    ("slo_ms = 200", "slo_ms = 2000", "cpu_cores,batch,ms\n1,1,1500\n", "net", "exact"),
    ("", "", "model,cpu_cores,batch,ms\nnett,1,1,15\n", "column model", "nett"),
    ("gpus = 1", "gpus = 1\nlayouts = [[]]", PROFILES, "layouts", "one slice"),
    ("gpus = 1", 'gpus = 1\nlayouts = [["1g"]]', "slice,batch,ms\n2g,1,10\n", "column slice", "1g"),
    ("cores = 4\ngpus = 1", "cores = 0", PROFILES, "server", "cores"),
    ("gpus = 1", "gpus = 17", PROFILES, "gpus", "16"),
    ("usd_per_hour = 2", "usd_per_hour = -2", PROFILES, "usd_per_hour", "0"),
    ('profiles = "p.csv"', 'profiles = "p.csv"\noperators = "o.csv"', PROFILES, "model", "either"),
    ('profiles = "p.csv"', 'profiles = "q.csv"', PROFILES, "q.csv", ""),
]


@pytest.mark.parametrize(("old", "new", "profiles", "place", "cure"), BAD)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, profiles: str, place: str, cure: str) -> None:
    """File, place, value, cure; exit code 2."""
    with pytest.raises(so.InputError) as error:
        so.load(small(tmp_path, old, new, profiles))
    assert place in str(error.value)
    assert cure in str(error.value)


def test_too_few_requests_for_any_batch(tmp_path: Path) -> None:
    """Batches of four alone take 34 requests/s: at 20 there is no plan, and it is said why."""
    folder = small(tmp_path, "rate_per_s = 100", "rate_per_s = 20", "cpu_cores,gpu_percent,batch,ms\n1,50,4,80\n")
    solution = so.solve(folder)
    assert solution.status == "infeasible"
    assert any("fill no batch in time" in note for note in solution.notes)
