"""Coefficients of models: their units."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny
from support.golden_core import whole_instance
from support.golden_parts import lp_text

from serflow_opt.formulations.coefficients import NOTHING, Crossed, Data
from serflow_opt.formulations.model import build


def test_units_do_not_show() -> None:
    """With 2^10 times shorter times and 2^20 times less money the model is the same, digit by digit."""
    shorter, smaller = 2.0**-10, 2.0**-20
    instance = whole_instance()
    options = tuple(
        dataclasses.replace(
            option,
            stage_seconds=tuple(t * shorter for t in option.stage_seconds),
            cold_start_s=option.cold_start_s * shorter,
            usd_per_s=option.usd_per_s * smaller / shorter,
            usd_per_request=option.usd_per_request * smaller,
        )
        for option in instance.options
    )
    links = {
        ends: dataclasses.replace(
            link,
            bytes_per_s=link.bytes_per_s / shorter,
            round_trip_s=link.round_trip_s * shorter,
            usd_per_byte=link.usd_per_byte * smaller,
        )
        for ends, link in instance.links.items()
    }
    built = build(dataclasses.replace(instance, options=options, links=links, latency_slo_s=3.0 * shorter))
    assert built.unit == smaller
    assert lp_text(built.model) == lp_text(build(instance).model)


def test_units_do_not_show_in_a_weighted_goal() -> None:
    """Weights are of USD, seconds and joules: with all figures and weights in other units the model is the same."""
    instance = tiny.adapted()
    unit = 2.0**-12
    options = tuple(
        dataclasses.replace(
            option,
            stage_seconds=tuple(t * unit for t in option.stage_seconds),
            flops_per_s=option.flops_per_s / unit,
            cold_start_s=option.cold_start_s * unit,
            usd_per_request=option.usd_per_request * unit,
            joules_per_flop=option.joules_per_flop * unit,
        )
        for option in instance.options
    )
    links = {
        ends: dataclasses.replace(
            link,
            bytes_per_s=link.bytes_per_s / unit,
            round_trip_s=link.round_trip_s * unit,
            usd_per_byte=link.usd_per_byte * unit,
        )
        for ends, link in instance.links.items()
    }
    tiers = tuple(dataclasses.replace(tier, joules_per_byte=tier.joules_per_byte * unit) for tier in instance.tiers)
    other = dataclasses.replace(instance, options=options, links=links, tiers=tiers)
    goal = {"cost": 1.0, "latency": 2.0, "energy": 0.5, "privacy": 0.25, "accuracy": 3.0}
    scaled = {name: weight / unit if name in ("cost", "latency", "energy") else weight for name, weight in goal.items()}
    assert lp_text(build(other, scaled).model) == lp_text(build(instance, goal).model)  # type: ignore[arg-type]


def test_what_is_crossed_by_hand() -> None:
    """A link takes its round trip and bytes over its rate, and the price of these; without a link there is nothing."""
    data = Data(tiny.two_vms())
    for hop in data.hops:
        s, e, k, w = hop
        names = [tier.name for tier in data.instance.tiers]
        source = data.instance.source if s == 1 else names[data.tier[e]]
        link = data.instance.links.get((source, names[k]))
        if w == NOTHING or link is None:
            assert data.crossed(hop) == Crossed(0.0, 0.0, 0.0, 0.0)
            continue
        size = data.sent_bytes(hop)
        seconds = link.round_trip_s + size / link.bytes_per_s
        assert data.crossed(hop).time * data.second == pytest.approx(seconds, rel=1e-12)
        assert data.crossed(hop).price * data.dollar == pytest.approx(size * link.usd_per_byte, rel=1e-12)
