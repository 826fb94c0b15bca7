"""Trainings in words."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from serflow_opt.families.training.report import held_up, plan_parts, plan_words

GROUP: dict[str, Any] = {
    "client": "phone",
    "count": 10,
    "cut": 1,
    "packing": "none",
    "protection": "none",
    "up_mb": 1.0,
    "down_mb": 1.0,
    "computes_s": 3.0,
    "sends_s": 1.0,
    "receives_s": 0.5,
    "server_s": 0.0,
    "chain_s": 4.5,
}
PLAN: dict[str, Any] = {
    "mode": "federated",
    "clients_per_round": 5,
    "local_epochs": 1,
    "rounds": 10,
    "server": "adds-up",
    "workers": 1,
    "topology": "star",
    "round_deadline_s": None,
    "stages": 1,
    "round_s": 4.5,
    "mean_round_s": 4.5,
    "chain_s": 4.5,
    "served_s": 0.0,
    "groups": [GROUP],
    **dict.fromkeys(("compression", "dropout", "noise", "selection", "secure"), "none"),
}


def test_a_plan_in_a_line_counts_epochs_and_who_holds_what() -> None:
    """One epoch, two epochs; groups that take no part hold nothing."""
    assert plan_words(PLAN) == ("federated, 5 clients a round, 1 local epoch, 10 rounds, 1 x adds-up; 10 hold 1")
    two = PLAN | {"local_epochs": 2, "noise": "1", "round_deadline_s": 5.0, "groups": [GROUP, GROUP | {"cut": None}]}
    assert plan_words(two) == (
        "federated, 5 clients a round, 2 local epochs, 10 rounds, 1 x adds-up, noise 1, rounds end at 5 s; 10 hold 1"
    )


def test_what_holds_a_round_up() -> None:
    """The slowest client, or the server where its work takes as long; nobody where nobody takes part."""
    slow = GROUP | {"client": "old", "chain_s": 9.0}
    assert "client old computes" in held_up(PLAN | {"groups": [GROUP, slow]})
    assert held_up(PLAN | {"served_s": 4.5}) == "round 4.5 s: 1 x adds-up work 4.5 s for all clients"
    assert held_up(PLAN | {"groups": [GROUP | {"cut": None}]}) == "nobody takes part"


def test_a_mean_round_is_told_where_it_differs() -> None:
    """One per cent is no difference; two are, with the reason."""
    for mean, told in ((4.54, 0), (4.4, 1), (4.6, 1)):
        lines = [p.plain for p in plan_parts(PLAN | {"mean_round_s": mean}) if isinstance(p, Text)]
        assert sum("on average" in line for line in lines) == told
