"""Golden cases of carbon: see `test_formulations.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import add_scaled, golden, minimise, model

from serflow_opt.formulations import carbon
from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.emissions import Emissions
from serflow_opt.problem.instance import Instance


def emitting(**changes: Any) -> Instance:
    """`in_ways` with 2 and 4 g/J in its tiers; v emits 0.5 g/s by being on and 0.25 g/s more at work, f 1 g/s."""
    instance = tiny.in_ways()
    v, f = instance.options
    vm, fn = instance.tiers
    known = {
        "tiers": (dataclasses.replace(vm, g_per_joule=2.0), dataclasses.replace(fn, g_per_joule=4.0)),
        "options": (
            dataclasses.replace(v, emissions=Emissions(0.5, 0.25)),
            dataclasses.replace(f, emissions=Emissions(0.0, 1.0)),
        ),
    }
    return dataclasses.replace(instance, **(known | changes))


@golden("carbon.carbon")
def by_use() -> Any:
    """In units of 4 g. Stages: v 0.75 x 1 + 2 x 0.25 = 1.25 g and 0.75 x 2 + 2 x 0.5 = 2.5 g; f 0.25 + 4 x 0.5 = 2.25 g
    and 0.25 + 4 x 1 = 4.25 g. From v in the three ways 0.5, 0.375 + 0.25, 0.5 + 0.5 s at 0.75 g/s and 0.5, 0.3125,
    0.625 J at 2 g/J: 1.375, 1.09375, 2 g. Into f 0.25 s of cold start at 1 g/s: 0.25 g; in way 1 0.125 s and 0.25 J
    at 4 g/J more: 1.375 g.
    """
    data = Data(emitting())
    m = model()
    return minimise(m, carbon.carbon(m, data, add_scaled(m, data)))


@golden("carbon.carbon-reserved")
def whole_machines() -> Any:
    """In units of 4 g; 2 requests a second. v 0.25 x 1 + 2 x 0.25 = 0.75 g and 1.5 g; from v 0.125 + 1 = 1.125,
    0.15625 + 0.625 = 0.78125, 0.25 + 1.25 = 1.5 g; f as by use. A machine that is on: 0.5 g/s / 2/s = 0.25 g n_v.
    """
    data = Data(emitting(accounting="reserved", rate_per_s=2.0))
    m = model()
    m.n = pyo.Var([0], domain=pyo.NonNegativeIntegers, bounds=(0, 9))
    return minimise(m, carbon.carbon(m, data, add_scaled(m, data)))


@golden("carbon.add_carbon_ceiling")
def carbon_ceiling() -> Any:
    """Twice what `carbon.carbon` has, <= 2 x 2 g / 4 g = 1, nearly."""
    data = Data(emitting(carbon_max_g=2.0))
    m = model()
    carbon.add_carbon_ceiling(m, data, carbon.carbon(m, data, add_scaled(m, data)))
    return m
