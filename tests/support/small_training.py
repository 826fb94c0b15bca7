"""A training of two clients whose rounds are worked out by hand."""

from __future__ import annotations

from pathlib import Path

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING

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
