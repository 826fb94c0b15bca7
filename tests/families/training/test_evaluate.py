"""The witness of trainings, of plans drawn from all there are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from oracles import training as oracle
from support.drawn_training import small
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING


@pytest.mark.parametrize("seed", range(4, 6))
def test_a_plan_is_worth_what_its_parts_are(tmp_path: Path, seed: int) -> None:
    """The witness, of plans drawn from all there are; and a plan comes back out of its document."""
    case = small(seed)
    problem = so.load(write(case, tmp_path))
    every = list(oracle.plans(case))
    for values, (mode, server, row, options) in random.Random(seed).sample(every, 20):
        groups = [
            {"client": f"c{k}", "cut": c, "packing": case.packing[p][0], "protection": case.privacy[n][1]}
            for k, (c, p, n) in enumerate(options)
        ]
        document = {
            "mode": mode,
            "local_epochs": row[0],
            "clients_per_round": row[1],
            "compression": row[2],
            "accuracy_measured": row[3],
            "rounds_measured": row[4],
            "server": f"s{case.servers.index(server)}",
            "workers": server["workers"],
            "groups": groups,
        }
        decision = TRAINING.decision_of(problem, document)
        valued = TRAINING.evaluate(problem, decision)
        assert not valued.breaches
        for name, value in values.items():
            assert valued.values[name] == pytest.approx(value, rel=1e-9), name
        assert TRAINING.decision_of(problem, TRAINING.document_of(problem, decision)) == decision
