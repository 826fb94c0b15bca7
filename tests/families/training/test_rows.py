"""Rows of trainings are worth what the witness says."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from oracles import training as oracle
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.evaluate import value_plan
from serflow_opt.families.training.problem import ClientRow, TrainingPlan
from serflow_opt.families.training.rows import LINEAR, rows_of

KNOBS = """dropout = "dropout.csv"
selection = "selection.csv"
[[federated.topology]]
name = "star"
kind = "star"
[[federated.topology]]
name = "near"
kind = "edge"
edges = 2
cloud_every = 3
lan_mbit_s = 50
wan_mbit_s = 5
usd_per_gb = 0.5
[[federated.topology]]
name = "ring"
kind = "ring"
neighbours = 1
rounds_factor = 1.5
"""


TABLES = {
    "dropout": "name,down_kept,up_kept,client_flop_factor,rounds_factor,accuracy_loss\nnone,1,1,1,1,0\n"
    "d,0.5,0.6,0.5,1.3,0.01\n",
    "selection": "name,rounds_factor,up_bytes,peer_up_bytes,peer_down_bytes,peer_s,client_s\nnone,1,0,0,0,0,0\n"
    "by-loss,0.8,300,10,20,0.01,0.2\n",
}


def full(seed: int, folder: Path, training: str) -> so.families.protocol.Question:
    """A case with knobs, topologies, rounds that end, and clients that are late, gone, paid and short of memory."""
    case = oracle.drawn(seed)
    case.clients = [own | {"count": own["count"] + 5, "usd_per_hour": 0.3, "memory_mb": 9.0} for own in case.clients]
    for name, text in TABLES.items():
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    write(case, folder, training=training)
    text = (folder / "instance.toml").read_text()
    knobs = KNOBS[: KNOBS.index("[[")] if "synchronous" in training else KNOBS
    (folder / "instance.toml").write_text(text.replace("[[client]]", knobs + "[[client]]", 1))
    return so.load(folder)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "training",
    ["round_deadline_s = [1, 3, 10, 30, 100]\nshare_min = 0.2\nbatch = 16", "", "synchronous = false\nstaleness = 1.2"],
)
def test_rows_are_worth_what_the_witness_says(tmp_path: Path, seed: int, training: str) -> None:
    """Every quantity of a random choice of rows, and that no row that is offered breaks anything but limits."""
    draw = random.Random(seed)
    data = full(seed, tmp_path, training).data
    looked_at: set[tuple[str, str]] = set()
    for setting in draw.sample(data.settings, min(len(data.settings), 60)):
        rows = rows_of(data, setting)
        if rows is None or not rows.offered.any(axis=1).all():
            continue
        choice = np.array([draw.choice(np.flatnonzero(own).tolist()) for own in rows.offered])
        at = (np.arange(len(choice)), choice)
        chosen: list[ClientRow | None] = [None] * len(data.clients)
        for k, o in zip(rows.members, choice, strict=True):
            chosen[int(k)] = rows.rows[int(o)]
        found = value_plan(data, TrainingPlan(setting, tuple(chosen)))
        if rows.rates is None:
            t = max(float(rows.lasts[at].max()), float(rows.served[at].sum()))
            by = 1.0
        else:
            assert rows.load is not None
            shared = not data.servers[setting.server].is_function
            t = by = rows.needed / float(rows.rates[at].sum())
            assert float(rows.load[at].sum()) == pytest.approx(found.served if shared else 0.0, rel=1e-9)
        for name in LINEAR:
            value = rows.fixed[name] + rows.per_t[name] * t + by * float(rows.parts[name][at].sum())
            assert value == pytest.approx(found.values[name], rel=1e-9), (name, setting)
        assert float(rows.leak[choice].max()) == found.values["privacy"]
        assert rows.accuracy - float(rows.loss[choice].max()) == pytest.approx(found.values["accuracy"])
        broken = {own.limit.split(" of ")[0] for own in found.breaches}
        assert broken <= ({"round_deadline_s"} if t > rows.most_t else set()) | {"workers"}
        looked_at.add((setting.mode, data.topologies[setting.topology].name))
    assert len(looked_at) > 2
