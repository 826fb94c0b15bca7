"""Trainings that are wrong: file, place, value and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_training import small

import serflow_opt as so

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
        ("flops_per_s = 1e11", "", "client[1]", "one of `flops_per_s`, `speed` and `times`"),
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


def test_times_measured_on_each_type(tmp_path: Path) -> None:
    """A client twice as fast as the phone that took 30 ms there and back: a round of 100 samples computes 1.5 s."""
    folder = small(tmp_path, "flops_per_s = 1e11", 'times = "pixel"\nspeed = 2')
    text = (folder / "instance.toml").read_text().replace("[training]", '[training]\ntimes = "times.csv"')
    (folder / "instance.toml").write_text(text)
    (folder / "times.csv").write_text("stage,machine,forward_ms,backward_ms\na,pixel,10,20\na,galaxy,5,\n")
    plan = so.solve(folder).plan
    assert plan is not None
    assert plan["groups"][0]["computes_s"] == pytest.approx(1.5, rel=1e-12)
    (folder / "instance.toml").write_text(text.replace('"pixel"', '"pixle"'))
    with pytest.raises(so.InputError, match=r"client 'phone'\.times.*pixle.*pixel"):
        so.load(folder)


def test_modes_that_nothing_can_be_cut_for(tmp_path: Path) -> None:
    """A mode that is asked for is refused without gradients; of any, the rest is left, and that is said."""
    listed = small(tmp_path, 'mode = "federated"', 'mode = ["federated", "split"]')
    with pytest.raises(so.InputError, match="no cut for mode 'split'"):
        so.load(listed)
    problem = so.load(small(tmp_path, 'mode = "federated"', 'mode = "any"'))
    assert problem.data.modes == ("federated",)
    assert "split" in " ".join(problem.data.cautions)
