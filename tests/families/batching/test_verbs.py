"""The verbs on a batching instance, and everything that is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run

import serflow_opt as so
from serflow_opt.families.batching.plot import plot_groups

SMALL = """
schema = 1
kind = "batching"
name = "small"
arrivals = "smooth"
promises = [0.5, 1.0]

[[application]]
name = "a"
slo_ms = 400
rate_per_s = 10

[[application]]
name = "b"
slo_ms = 800
rate_per_s = 10

[[function]]
name = "f"
vcpus = [1, 2]
batch = [1, 2, 4]
times = "f.csv"
price = { vcpu_s = 1.0, request = 0.01 }
"""
TIMES = """vcpus,batch,mean_ms,max_ms
1,1,100,200
1,2,120,240
1,4,160,320
2,1,60,120
2,2,70,140
2,4,90,180
"""
"""USD a request on 1 vCPU: 0.1 + 0.01, (0.12 + 0.01) / 2 = 0.065, (0.16 + 0.01) / 4 = 0.0425; on 2 vCPUs 0.13,
(0.14 + 0.01) / 2 = 0.075, (0.18 + 0.01) / 4 = 0.0475.

Within whole targets: a, with room for 3 - 1 = 2 in 0.2 s, takes at most 2 on 1 vCPU (400 - 240 = 160 ms, 1.6 come) or
4 on neither (80 ms; 220 ms, 2.2 come): 0.065. b: 4 on 1 vCPU (480 ms, 4.8 come): 0.0425. Both: T = T1 + (1 - exp(-10
(T2 - T1))) / 20 with T1 = 80, T2 = 480 ms on 1 vCPU, so 0.08 + 0.0491 = 0.129 s, 2.58 come of the 3 that 4 take; on 2
vCPUs 0.220 + 0.0491 = 0.269 s, 5.4 come: 0.0475. So together 0.0475, and apart (0.065 + 0.0425) / 2 = 0.05375.

Within half of the targets, 200 and 400 ms: a alone 1 on 1 vCPU for 0.11 or 2 on 2 (60 ms, 0.6 come) no; so 0.11. b: 2
on 1 vCPU (160 ms, 1.6 come) 0.065; 4 on 2 (220 ms, 2.2 come) no. Together: 2 vCPUs, 2 (T1 = 60, T2 = 260 ms: 0.06 +
0.0432 = 0.103 s, 2.06 come) for 0.075; 4 (20, 220: 0.0632 s) no. So together 0.075, and apart (0.11 + 0.065) / 2 =
0.0875.
"""

SLICED = """gpu_gb = [2]
batch = [1]
gpu_times = { per_request_s = 0.001, fixed_s = 0.001, slice_s = 2.0, whole_gb = 24 }"""
MANY = "".join(f'[[application]]\nname = "n{n}"\nslo_ms = 900\nrate_per_s = 1\n\n' for n in range(15))
MANY = f'groups = "any"\n\n{MANY}[[application]]\nname = "a"'


def small(folder: Path, old: str = "", new: str = "", times: str = TIMES) -> Path:
    """Write the small instance, with a part of it replaced."""
    folder.mkdir(exist_ok=True)
    assert old in SMALL
    (folder / "instance.toml").write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    (folder / "f.csv").write_text(times, encoding="utf-8")
    return folder


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """Together on 2 vCPUs, 4 at a time; and the plan comes back out of its document."""
    solution = so.solve(small(tmp_path))
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(0.0475)
    (group,) = solution.plan["groups"]
    assert (group["applications"], group["size"], group["batch"]) == (["a", "b"], 2.0, 4)
    assert group["timeouts_ms"] == {"a": pytest.approx(220), "b": pytest.approx(620)}
    assert solution.achieved("calls") == pytest.approx(20 * 0.09 / 4)
    assert solution.achieved("cost_per_hour") == pytest.approx(0.0475 * 20 * 3600)
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    (tmp_path / "plan.json").write_text(json.dumps(solution.to_dict()))
    valued = run("evaluate", tmp_path, tmp_path / "plan.json", "--json")
    assert valued.code == 0
    assert valued.document["objective"]["value"] == pytest.approx(0.0475)
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--set", "latency_max=0.5").code == 3


def test_limits_and_goals_by_hand(tmp_path: Path) -> None:
    """Promises, money, groups and calls; the first by dynamic programming, calls by the model."""
    folder = small(tmp_path)

    def best(*options: str) -> tuple[float, float]:
        document = run("solve", folder, "--json", *(f"--set={own}" for own in options)).document
        assert document["status"] == "optimal"
        values = {own["name"]: own["value"] for own in document["metrics"]}
        return values["cost"], values["calls"]

    assert best("latency_max=0.6")[0] == pytest.approx(0.075)
    assert best("objective=latency")[0] == pytest.approx(0.075)
    assert best("objective=latency", "cost_max_usd=0.07")[0] == pytest.approx(0.0475)
    assert best("objective=functions")[0] == pytest.approx(0.0475)
    assert best("objective=calls")[1] == pytest.approx(20 * 0.09 / 4)
    assert best("calls_max=0.5")[0] == pytest.approx(0.0475)
    assert best("objective=cost_per_hour", "functions_max=1")[0] == pytest.approx(0.0475)
    assert run("solve", folder, "--objective", "latency").code == 0


def test_who_stands_in_the_way_is_named(tmp_path: Path) -> None:
    """Half of a's target is less than any call takes; and nobody gets along with so little money."""
    tight = small(tmp_path / "tight", "slo_ms = 400", "slo_ms = 230")
    solution = so.solve(so.load(tight))
    assert solution.status == "optimal"
    ran = run("solve", tight, "--set", "latency_max=0.5")
    assert ran.code == 3
    assert has_line(ran.stdout, "a: 0.5 of its target is 115 ms", "f of 2 vCPU, batch 1, takes 120 ms")
    assert not has_line(ran.stdout, "b: 0.5")
    document = run(
        "solve", small(tmp_path / "dear"), "--cost-max-usd", "0.05", "--set=latency_max=0.5", "--json"
    ).document
    assert [sorted(own["limits"]) for own in document["infeasible_because"][0]["sets"]] == [
        ["cost_max_usd", "latency_max"]
    ]
    assert {own["limit"]: own["best"] for own in document["infeasible_because"]} == {
        "cost_max_usd": pytest.approx(0.075),
        "latency_max": pytest.approx(1.0),
    }
    assert any("a, b: 0.075 USD a request in the cheapest plan" in own for own in document["notes"])


def test_the_front_by_hand(tmp_path: Path) -> None:
    """Money against promises, complete; the table says who shares what."""
    front = so.pareto(small(tmp_path), ("cost", "latency"))
    assert front.complete
    assert [tuple(point) for point in front.points] == [
        (pytest.approx(0.0475), pytest.approx(1.0)),
        (pytest.approx(0.075), pytest.approx(0.5)),
    ]
    assert "a + b on f 2 x 4" in run("pareto", tmp_path, "cost", "latency").stdout


def test_explain_tells_limits_and_what_others_would_do(tmp_path: Path) -> None:
    """Each alone (0.065 + 0.0425) / 2; the whole target again once it may be promised.

    Divided into two groups of 10/s each: a and b, as alone.
    """
    costs = so.explain(so.load(small(tmp_path)))
    assert {own.name: own.value for own in costs.beside} == {
        "alone": pytest.approx(0.05375),
        "together": pytest.approx(0.0475),
        "evenly": pytest.approx(0.05375),
    }
    ran = run("explain", tmp_path, "--set", "latency_max=0.5", "--json")
    (row,) = ran.document["limits"]
    assert row["binds"]
    assert row["next_at"] == pytest.approx(1.0)
    assert row["value_without"] == pytest.approx(0.0475)
    assert has_line(run("explain", tmp_path).stdout, "alone", "each application alone", "0.05375")


def test_a_fleet_shares_what_an_hour_costs(tmp_path: Path) -> None:
    """Two of them, promises least within a budget: the hour of one costs 3,420 USD or, at half, 5,400."""
    both = [small(tmp_path / "1"), small(tmp_path / "2", 'name = "small"', 'name = "other"')]
    fleet = so.solve_fleet(both, budget_usd_per_hour=9000.0, minimize="latency")
    assert fleet.status == "optimal"
    assert fleet.value == pytest.approx(1.5)
    assert fleet.total == pytest.approx(3420 + 5400)
    assert run("fleet", *both, "--budget-usd-per-hour", "6000").code == 3


def test_the_picture_has_a_bar_for_each_application(tmp_path: Path) -> None:
    """220 ms of waiting and 180 ms of running are a's 400 ms; and the command draws it."""
    folder = small(tmp_path / "small")
    axes = plot_groups(so.solve(folder))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    assert [bar.get_width() for bar in axes.patches] == [pytest.approx(w) for w in (220, 180, 620, 180)]
    assert run("solve", folder, "--plot", tmp_path / "small.png").code == 0
    assert (tmp_path / "small.png").stat().st_size > 1000


def test_a_stopped_search_says_so(tmp_path: Path) -> None:
    """Without time each application is still served alone, and nothing is proven of it."""
    solution = so.solve(so.load(small(tmp_path)), time_limit=0.0)
    assert solution.status == "feasible"
    assert solution.bound is None
    assert solution.objective.value == pytest.approx(0.05375)
    assert solution.notes == ["time ran out before all groups were looked at"]


def test_names_and_new_instances(tmp_path: Path) -> None:
    """The schema knows the tables, `new` copies the shipped one, `validate` says how large it is."""
    assert run("schema", "batching").document["properties"]["application"]
    assert run("new", tmp_path / "mine", "--from", "vgg19-three-apps").code == 0
    assert "3 applications, 35 requests/s, 2,000 configurations" in run("validate", tmp_path / "mine").stdout
    ran = run("provision", small(tmp_path / "small"))
    assert ran.code == 2
    assert "a batching takes solve" in ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        (
            "slo_ms = 400",
            "slo_ms = 100",
            "application 'a'.slo_ms",
            "at least 120 ms: the fastest is f of 2 vCPU, batch 1",
        ),
        ("rate_per_s = 10", "rate_per_s = 0", "application[1].rate_per_s", "greater than 0"),
        ("rate_per_s = 10", "rate_per_s = -1", "application[1].rate_per_s", "greater than 0"),
        ('name = "b"', 'name = "a"', "application[2].name", "a name of its own"),
        ("batch = [1, 2, 4]", "batch = [0, 2]", "function 'f'.batch", "batches of 1 to"),
        ("batch = [1, 2, 4]", "batch = [1, 1]", "function 'f'.batch", "each value once"),
        ("batch = [1, 2, 4]", "batch = []", "function 'f'.batch", "each value once"),
        ("batch = [1, 2, 4]", "batch = [1, 3]", "function 'f'", "offer fewer sizes and batches"),
        ("vcpus = [1, 2]", "vcpus = [1, 3]", "function 'f'", "offer fewer sizes and batches"),
        ("vcpus = [1, 2]", "gpu_gb = [1, 2]", "line 1", "columns: gpu_gb"),
        ("vcpus = [1, 2]", "", "function[1]", "either `vcpus` or `gpu_gb`"),
        ("promises = [0.5, 1.0]", "promises = [1.5]", "promises", "less than or equal to 1"),
        ("promises = [0.5, 1.0]", "promises = [0.1]", "application 'a'.slo_ms", "at least 1200 ms"),
        ("promises = [0.5, 1.0]", 'currency = { name = "CNY" }', "currency.per_usd", "how many CNY a USD is"),
        ("promises = [0.5, 1.0]", "currency = { per_usd = 7.0 }", "currency.name", "name the currency"),
        ("promises = [0.5, 1.0]", "colour = 1", "colour", "remove it"),
        (
            'times = "f.csv"',
            'times = "f.csv"\nmemory_mb = { fixed = 9000 }\ngb_per_vcpu_max = 4',
            "memory_mb",
            "larger",
        ),
        ('times = "f.csv"', 'times = "g.csv"', "", "no such file"),
        ('vcpus = [1, 2]\nbatch = [1, 2, 4]\ntimes = "f.csv"', SLICED, "function 'f'.gpu_times.slice_s", "thousandths"),
        ('[[application]]\nname = "a"', MANY, "groups", "at most 12 applications"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """File, place, value and cure."""
    folder = small(tmp_path, old, new)
    with pytest.raises(so.InputError) as error:
        so.load(folder)
    assert any(place in own.place and cure in f"{own.cure} {own.found}" for own in error.value.problems), error.value
    assert run("solve", folder).code == 2


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        ("1,1,100,200", "1,1,300,200", "function 'f': 1 vcpus, batch 1", "at least the mean"),
        ("1,2,120,240", "1,1,120,240", "line 3", "list each once"),
        ("mean_ms", "time_ms", "line 1", "columns: vcpus, batch, mean_ms, max_ms"),
    ],
)
def test_what_is_wrong_with_times_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """In the table beside the file."""
    with pytest.raises(so.InputError) as error:
        so.load(small(tmp_path, times=TIMES.replace(old, new)))
    assert any(place in own.place and cure in own.cure for own in error.value.problems), error.value


def test_a_card_has_an_end_and_times_that_fall_are_doubted(tmp_path: Path) -> None:
    """25 GB of a card of 24; and a batch of 2 that is faster than one of 1."""
    slices = "gpu_times = { per_request_s = 0.001, fixed_s = 0.001, slice_s = 0.002, whole_gb = 24 }"
    text = SMALL.replace("vcpus = [1, 2]", "gpu_gb = [2, 25]").replace('times = "f.csv"', slices)
    (tmp_path / "instance.toml").write_text(text)
    with pytest.raises(so.InputError, match="the card has 24 GB"):
        so.load(tmp_path)
    folder = small(tmp_path / "falls", times=TIMES.replace("1,2,120,240", "1,2,90,240"))
    assert "a batch of 2 on 1 vcpus takes less time than one of 1" in run("validate", folder).stderr


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"applications": ["a", "c"]}, "groups[1].applications"),
        ({"applications": ["a"]}, "groups"),
        ({"function": "g"}, "groups[1].function"),
        ({"size": 3}, "groups[1].size"),
        ({"batch": 3}, "groups[1].batch"),
        ({"timeouts_ms": {"a": -1, "b": 0}}, "groups[1].timeouts_ms.a"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(tmp_path: Path, changes: dict[str, object], place: str) -> None:
    """By its place in the document."""
    problem = so.load(small(tmp_path))
    document = so.solve(problem).to_dict()
    document["plan"]["groups"][0] |= changes
    (tmp_path / "plan.json").write_text(json.dumps(document))
    ran = run("evaluate", tmp_path, tmp_path / "plan.json")
    assert ran.code == 2
    assert place in ran.stderr
