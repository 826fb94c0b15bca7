"""The verbs on a training, knobs by hand, and everything that is wrong with an instance."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from support.helpers import has_line, run

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING
from serflow_opt.families.training.plot import plot_round
from serflow_opt.families.training.simulate import simulate

SMALL = """
schema = 1
kind = "training"
name = "small"

[training]
mode = "federated"
stages = "stages.csv"
rounds = "rounds.csv"

[federated]

[[client]]
name = "phone"
count = 10
samples = 100
flops_per_s = 1e11
up_mbit_s = 8
down_mbit_s = 16

[[server]]
name = "adds-up"
flops_per_s = 1e12
usd_per_hour = 3.6
"""
TABLES = {
    "stages": "stage,forward_flops,activation_bytes,parameter_bytes\na,1e9,1000,1e6\n",
    "rounds": "local_epochs,clients,accuracy,rounds\n1,5,0.5,4\n1,5,0.7,10\n2,5,0.7,7\n",
    "compression": "name,down_kept,up_kept,client_flop_factor\nnone,1,1,1\nhalf,0.5,0.25,1.1\n",
    "dropout": "name,down_kept,up_kept,client_flop_factor,rounds_factor\n0.5,0.25,0.25,0.25,1.5\n",
    "noise": "multiplier,epsilon,accuracy_loss\n0,,0\n1,4,0.05\n2,1,0.1\n",
    "selection": "name,rounds_factor,up_bytes\nby-loss,0.75,1000\n",
    "secure": "name,peer_up_bytes,peer_down_bytes,peer_s,up_kept\nmasks,1000,1000,0.01,1\nverified,1000,2000,0.01,2\n",
    "privacy": "cut,leak\n1,0.25\n",
}
"""A client computes 100 x 3e9 / 1e11 = 3 s an epoch, sends 1e6 bytes in 1 s and receives them in 0.5 s: ten rounds of
one epoch take 45 s, seven of two 52.5 s. Five clients send 5 x 2 MB a round."""


def small(folder: Path, old: str = "", new: str = "", tables: dict[str, str] | None = None) -> Path:
    """Write the small instance, with a part of it replaced, and its tables."""
    folder.mkdir(exist_ok=True)
    assert old in SMALL
    (folder / "instance.toml").write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    for name, text in {**TABLES, **(tables or {})}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def best(folder: Path, *options: str) -> dict[str, float]:
    """Return what the best plan achieves."""
    changes = dict(own.split("=") for own in options)
    solution = so.solve(TRAINING.changed(so.load(folder), {"accuracy_min": 0.55, **changes}))
    assert solution.status == "optimal"
    assert solution.plan is not None
    return {own.name: own.value for own in solution.metrics} | {"rounds": solution.plan["rounds"]}


def federated(keys: str) -> tuple[str, str]:
    """Replace [federated]."""
    return "[federated]\n", f"[federated]\n{keys}\n"


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """Ten rounds of one epoch, 4.5 s each, at 3.6 USD an hour; less accuracy takes four."""
    found = best(small(tmp_path))
    assert found["time"] * 3600 == pytest.approx(45)
    assert found["cost"] == pytest.approx(0.045)
    assert found["traffic"] == pytest.approx(10 * 5 * 2e6 / 1e9)
    assert found["accuracy"] == 0.7
    assert so.solve(so.load(tmp_path)).achieved("time") * 3600 == pytest.approx(18)
    solution = so.solve(so.load(tmp_path))
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    (tmp_path / "plan.json").write_text(json.dumps(solution.to_dict()))
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--json").document["objective"]["value"] * 3600 == (
        pytest.approx(18)
    )
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--set", "accuracy_min=0.6").code == 3
    assert has_line(run("solve", tmp_path).stdout, "phone", "10", "adds-up") is False
    assert run("solve", tmp_path, "--set", "accuracy_min=0.9").code == 3


@pytest.mark.parametrize(
    ("keys", "round_s", "rounds", "megabytes"),
    [
        ('compression = "compression.csv"', 3.3 + 0.25 + 0.25, 10, 5 * 0.75),
        ('dropout = "dropout.csv"', 0.75 + 0.25 + 0.125, 15, 5 * 0.5),
        ('selection = "selection.csv"', 3 + 1.001 + 0.5, 8, 5 * 2.001),
        ('secure = "secure.csv"\nsecure_aggregation = "masks"', 3.04 + 1.004 + 0.502, 10, 5 * 2.008),
        ('secure = "secure.csv"\nsecure_aggregation = "verified"', 3.04 + 2.004 + 0.504, 10, 5 * 3.012),
        (
            '[[federated.topology]]\nname = "near"\nkind = "edge"\nedges = 2\ncloud_every = 5\nlan_mbit_s = 80\n'
            "wan_mbit_s = 40",
            3 + 0.2 + 2 / 25,
            10,
            2 * 2 / 5,
        ),
        ('[[federated.topology]]\nname = "r"\nkind = "ring"\nneighbours = 2\nrounds_factor = 2', 6, 20, 5 * 4),
    ],
)
def test_knobs_by_hand(tmp_path: Path, keys: str, round_s: float, rounds: int, megabytes: float) -> None:
    """Bytes, operations and rounds of each; in one setting whatever is the fastest."""
    found = best(small(tmp_path, *federated(keys)), "objective=time")
    assert found["rounds"] == rounds
    assert found["time"] * 3600 == pytest.approx(rounds * round_s)
    assert found["traffic"] == pytest.approx(rounds * megabytes / 1000)


def test_knobs_together_multiply_and_those_outclassed_are_left_out(tmp_path: Path) -> None:
    """Half the bytes of a part of the model: 0.25 x 0.25 up, 0.5 x 0.25 down, 0.275 of the operations."""
    keys = 'compression = "compression.csv"\ndropout = "dropout.csv"\nnoise = "noise.csv"'
    folder = small(tmp_path, *federated(keys))
    assert best(folder)["time"] * 3600 == pytest.approx(15 * (0.825 + 0.0625 + 0.0625))
    problem = so.load(folder)
    assert {own.knobs[2] for own in problem.data.settings} == {0}, (
        "noise only loses accuracy, where it is not asked for"
    )


def test_noise_leaves_no_more_open_than_is_allowed(tmp_path: Path) -> None:
    """Epsilon at most 2 takes the second multiplier, and 0.1 of the accuracy."""
    folder = small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 2'))
    assert best(folder)["accuracy"] == pytest.approx(0.6)
    assert has_line(run("solve", folder).stdout, "noise 2")
    with pytest.raises(so.InputError, match="no noise leaves at most"):
        so.load(small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 0.5')))


def test_an_accountant_computes_what_noise_leaves_open(tmp_path: Path) -> None:
    """Where it is installed; more noise leaves less open. Where not, the cure is told."""
    tables = {"noise": "multiplier,accuracy_loss\n1,0.05\n3,0.1\n"}
    folder = small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 6\ndelta = 0.00001'), tables)
    try:
        import dp_accounting  # noqa: F401
    except ImportError:
        with pytest.raises(so.InputError, match="pip install dp-accounting"):
            so.load(folder)
    else:
        assert {so.load(folder).data.knobs[2][own.knobs[2]].name for own in so.load(folder).data.settings} == {"3"}


def test_who_is_late_is_left_out_and_more_are_drawn(tmp_path: Path) -> None:
    """With rounds that end at 5 s a tenth that takes 9 s is lost: 5 / 0.9 are drawn. Without an end rounds take 9 s."""
    keys = ("count = 10", "count = 10\nlate = 0.1\nlate_factor = 2")
    assert best(small(tmp_path / "waits", *keys))["time"] * 3600 == pytest.approx(10 * 9)
    folder = small(tmp_path / "ends", *keys)
    text = (folder / "instance.toml").read_text().replace("[training]", "[training]\nround_deadline_s = [5]")
    (folder / "instance.toml").write_text(text)
    found = best(folder)
    assert found["time"] * 3600 == pytest.approx(45)
    assert found["traffic"] == pytest.approx(10 * 5 / 0.9 * 2e6 / 1e9)
    plan = run("solve", folder, "--json").document["plan"]
    assert plan["groups"][0]["drawn"] == pytest.approx(5 / 0.9)


def test_hybrid_sends_less_up_to_so_many_samples(tmp_path: Path) -> None:
    """q = 16,384 bytes, W = 5.12 MB, a tenth of it before the cut: 281.25 samples."""
    stages = "stage,forward_flops,activation_bytes,gradient_bytes,parameter_bytes\na,1,16384,16384,512000\n"
    tables = {"stages": stages + "b,1,40,40,4608000\n"}
    for samples, cut in ((281, 1), (282, 2)):
        folder = small(tmp_path / str(samples), 'mode = "federated"', 'mode = "hybrid"', tables)
        text = (folder / "instance.toml").read_text().replace("samples = 100", f"samples = {samples}")
        (folder / "instance.toml").write_text(text)
        for goal in ("time", "traffic"):
            plan = so.solve(TRAINING.changed(so.load(folder), {"objective": goal})).plan
            assert plan["groups"][0]["cut"] == cut


def test_the_published_rounds_of_resnet18() -> None:
    """27.135 s + E x 11.125 s: 0.60 takes five rounds of two epochs, 0.50 five of one; ten of two take 493.85 s."""
    problem = so.load("resnet18-serverless-rounds")
    solution = so.solve(problem)
    assert (solution.plan["local_epochs"], solution.plan["rounds"]) == (2, 5)
    assert solution.objective.value * 3600 == pytest.approx(246.925, rel=1e-6)
    half = so.solve(TRAINING.changed(problem, {"accuracy_min": 0.5}))
    assert (half.plan["local_epochs"], half.objective.value * 3600) == (1, pytest.approx(191.3, rel=1e-6))
    document = {**solution.plan, "rounds_measured": 10, "accuracy_measured": 0.7056}
    ten = so.evaluate(problem, TRAINING.decision_of(problem, document))
    assert ten.values["time"] == pytest.approx(493.85, rel=1e-6)


def test_simulated_rounds_meet_the_plan(tmp_path: Path) -> None:
    """Who is drawn, late or gone by chance: time and money within 3 % of what is expected, in each way of waiting."""
    keys = ("count = 10", "count = 10\nlate = 0.1\nlate_factor = 1.5\ndrops = 0.05\nusd_per_round = 0.001")
    for n, more in enumerate(("", "round_deadline_s = [5]", "synchronous = false")):
        folder = small(tmp_path / str(n), *keys, {"rounds": "local_epochs,clients,accuracy,rounds\n1,5,0.7,60\n"})
        text = (folder / "instance.toml").read_text().replace("[training]", f"[training]\n{more}")
        (folder / "instance.toml").write_text(text)
        found = simulate(so.load(folder), trainings=60, seed=3)
        assert all(abs(own.off) < 0.03 for own in found.figures), found.figures
        assert found.arrived == pytest.approx(5, rel=0.02)
    ran = run("simulate", small(tmp_path / "3"), "--trainings", "5", "--json")
    assert [own["off"] for own in ran.document["figures"]] == [pytest.approx(0, abs=1e-12)] * 3
    assert has_line(run("simulate", tmp_path / "3").stdout, "round s", "4.5")
    assert type(found).from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert run("simulate", tmp_path / "3", "--trace", "twitter-day").code == 2


def test_explain_tells_who_holds_a_round_up_and_what_other_modes_take(tmp_path: Path) -> None:
    """The phone's computing; another worker adds nothing but rent."""
    ran = run("explain", small(tmp_path), "--json")
    assert ran.document["held_up_by"] == "client phone, its computing"
    assert ran.document["worker"] == {
        "server": "adds-up",
        "workers": 2,
        "value": pytest.approx(18 / 3600),
        "better_by": pytest.approx(0, abs=1e-12),
    }
    assert [(own["mode"], own["value"] * 3600) for own in ran.document["modes"]] == [("federated", pytest.approx(18))]
    text = run("explain", tmp_path).stdout
    assert has_line(text, "a round is held up by client phone")
    assert has_line(text, "2 x adds-up", "no better")


def test_the_picture_has_a_bar_for_each_part(tmp_path: Path) -> None:
    """3 s, 1 s, none of the server and 0.5 s; nobody waits."""
    folder = small(tmp_path / "a")
    axes = plot_round(so.solve(folder))
    assert [bar.get_width() for bar in axes.patches] == [pytest.approx(w) for w in (3, 1, 0, 0.5, 0)]
    assert run("solve", folder, "--plot", tmp_path / "a.png").code == 0
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_names_and_new_instances(tmp_path: Path) -> None:
    """The schema, a copy, its size; and the front says who holds what."""
    assert run("schema", "training").document["properties"]["client"]
    folder = small(tmp_path / "small")
    assert "10 clients in 1 groups, 1 stages" in run("validate", folder).stdout
    assert run("solve", small(tmp_path / "bad", "count = 10", "count = 0")).code == 2
    front = run("pareto", folder, "time", "accuracy")
    assert has_line(front.stdout, "2 decisions", "complete")
    assert has_line(front.stdout, "0.0125", "0.7", "10 hold 1")
    assert run("solve", folder, "--set", "mode=federated").code == 0
    assert has_line(run("solve", folder, "--set", "mode=split").stderr, "mode: 'split'", "federated")
    ran = run("provision", folder)
    assert ran.code == 2
    assert "a training takes solve" in ran.stderr


RING = '[federated]\n[[federated.topology]]\nname = "r"\nkind = "ring"\nneighbours = 1'
SECURE = '[federated]\nsecure = "secure.csv"\nsecure_aggregation = '


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        ("samples = 100", "samples = 0", "client[1].samples", "greater than or equal to 1"),
        ("count = 10", "count = 10\navailable = 0", "client[1].available", "greater than 0"),
        ("count = 10", "count = 10\navailable = 0.4", "training.clients_per_round", "at most 4"),
        ("count = 10", "count = 10\nflop = 1", "client[1].flop", "remove it"),
        ("count = 10", "count = 10\nmemory_mb = 1", "client 'phone'.memory_mb", "training stage 'a' takes 2.001 MB"),
        ("flops_per_s = 1e11", "speed = 1", "client 'phone'.speed", "no column forward_ms"),
        ("flops_per_s = 1e11", "", "client[1]", "either `flops_per_s` or `speed`"),
        ("usd_per_hour = 3.6", "", "server[1]", "one of `vm`"),
        ("usd_per_hour = 3.6", 'vm = "c6i.larg"', "server 'adds-up'.vm", "c6i.large"),
        ("usd_per_hour = 3.6", "usd_per_gb_s = 1", "server[1]", "`memory_gb` goes with"),
        (
            'rounds = "rounds.csv"',
            'rounds = "rounds.csv"\nlocal_epochs = [3]',
            "local_epochs, clients",
            "(1, 5), (2, 5)",
        ),
        ('rounds = "rounds.csv"', 'rounds = "rounds.csv"\nclients_per_round = [6]', "local_epochs, clients", "measure"),
        ('rounds = "rounds.csv"', 'rounds = "r.csv"', "", "no such file"),
        ('rounds = "rounds.csv"', 'rounds = "rounds.csv"\ncuts = [2]', "training.cuts", "1 to 1"),
        ('name = "small"', 'name = "small"\nlimits = { accuracy_min = 0.9 }', "limits.accuracy_min", "at most 0.7"),
        ('mode = "federated"', 'mode = "hybrid"', "training.cuts", "no cut for mode 'hybrid'"),
        ('mode = "federated"', 'mode = "central"', "training.input_bytes", "how large a sample"),
        ('mode = "federated"', 'mode = "split"\nsynchronous = false', "training.synchronous", "wait for each other"),
        ('mode = "federated"', 'mode = "both"', "training.mode", "federated"),
        ("[federated]\n", f'{SECURE}"mask"\n', "federated.secure_aggregation", "masks"),
        ("[federated]\n", '[federated]\nsecure_aggregation = "masks"\n', "federated.secure", "secure.csv"),
        ("[federated]\n", '[federated]\nnoise = "noise.csv"\nepsilon_max = 0\n', "epsilon_max", "greater than 0"),
        ("[federated]\n", RING.replace("= 1", "= 10"), "neighbours", "at most 9"),
        ("[federated]\n", RING.replace("neighbours = 1", ""), "topology", "`neighbours` goes with"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """File, place, value and cure."""
    folder = small(tmp_path, old, new)
    with pytest.raises(so.InputError) as error:
        so.load(folder)
    assert any(place in own.place and cure in f"{own.cure} {own.found}" for own in error.value.problems), error.value


def test_what_does_not_go_together_is_told(tmp_path: Path) -> None:
    """Sums that nobody sees into with activations; a ring of one; a cut that nothing comes back over."""

    def wrong(*changes: tuple[str, str], tables: dict[str, str] | None = None) -> str:
        folder = small(tmp_path, tables=tables)
        text = (folder / "instance.toml").read_text()
        for old, new in changes:
            text = text.replace(old, new, 1)
        (folder / "instance.toml").write_text(text)
        with pytest.raises(so.InputError) as error:
            so.load(folder)
        return str(error.value)

    hybrid = ('mode = "federated"', 'mode = "hybrid"')
    assert "activations are no sums" in wrong(hybrid, ("[federated]\n", f'{SECURE}"masks"\n'))
    assert "a ring takes two" in wrong(("[federated]\n", RING), ("count = 10", "count = 1"))
    two = {"stages": "stage,forward_flops,activation_bytes,parameter_bytes\na,1e9,1000,1e6\nb,1e9,1000,1e6\n"}
    assert "no gradient_bytes" in wrong(('mode = "federated"', 'mode = "hybrid"\ncuts = [1, 2]'), tables=two)
    varied = {"rounds": "local_epochs,clients,compression,accuracy,rounds\n1,5,none,0.7,10\n"}
    keys = ("[federated]\n", '[federated]\ncompression = "compression.csv"\n')
    assert "compression half; measure them" in wrong(keys, tables=varied)
    assert "listed before" in wrong(
        ("[federated]\n", "[federated]\n"),
        ('stages = "stages.csv"', 'stages = "stages.csv"\nprivacy = "privacy.csv"'),
        tables={"privacy": "cut,leak\n1,0.25\n1,0.5\n"},
    )


def test_a_budget_below_the_cheapest_plan_says_how_much_that_is(tmp_path: Path) -> None:
    """0.045 USD are needed, of which 0.01 are there."""
    solution = so.solve(TRAINING.changed(so.load(small(tmp_path)), {"accuracy_min": 0.6, "cost_max_usd": 0.01}))
    assert solution.status == "infeasible"
    least = {own.limit: own.best for own in solution.infeasible_because}
    assert least["cost_max_usd"] == pytest.approx(0.045)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"mode": "split"}, "mode"),
        ({"local_epochs": 3}, "rounds_measured"),
        ({"workers": 3}, "workers"),
        ({"server": "other"}, "server"),
        ({"compression": "half"}, "compression"),
        ({"groups": []}, "groups"),
        ({"groups": [{"client": "phone", "cut": 0}]}, "groups[1].cut"),
        ({"groups": [{"client": "tablet", "cut": 1}]}, "groups[1].client"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(tmp_path: Path, changes: dict[str, object], place: str) -> None:
    """By its place in the document."""
    problem = so.load(small(tmp_path))
    plan = so.solve(problem).plan
    with pytest.raises(so.InputError) as error:
        TRAINING.decision_of(problem, {**plan, **changes})
    assert place in str(error.value)


def test_federated_plans_become_the_run_configuration_of_a_flower_app(tmp_path: Path) -> None:
    """Ten rounds of 3.3 + 0.25 + 0.25 s; a deadline is the timeout; what Flower cannot do is refused."""
    folder = small(tmp_path / "a", *federated('compression = "compression.csv"'))
    plan = tmp_path / "plan.json"
    assert run("solve", folder, "--set", "accuracy_min=0.55", "--out", plan).code == 0
    found = tomllib.loads(run("export", plan, "--format", "flower").stdout)
    assert found == {
        "num-server-rounds": 10,
        "round-timeout": 3.8,
        "fraction-fit": 0.0,
        "min-fit-clients": 5,
        "min-available-clients": 5,
        "local-epochs": 1,
        "compression": "half",
    }
    document = json.loads(plan.read_text())
    document["plan"]["round_deadline_s"] = 30.0
    plan.write_text(json.dumps(document))
    assert tomllib.loads(run("export", plan, "--format", "flower").stdout)["round-timeout"] == 30
    for key, value in (("mode", "split"), ("synchronous", False), ("topology", "ring"), ("groups", 3)):
        plan.write_text(json.dumps(document | {"plan": document["plan"] | {key: value}}))
        assert run("export", plan, "--format", "flower").code == 2
    plan.write_text(json.dumps(document))
    for wrong in ("triton", "kserve"):
        assert run("export", plan, "--format", wrong).code == 2
    plan.write_text(json.dumps({"kind": "cluster", "plan": {}}))
    assert "kind training" in run("export", plan, "--format", "flower").stderr
