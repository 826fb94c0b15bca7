"""Old import paths, for one release: they give what stands at the new ones, with a `DeprecationWarning`.

Listed are the modules that pages or notebooks showed and those that public names came from. The package's finder
asks here last, for names that nothing else finds, so other imports do not notice.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ROOT = "serflow_opt."
MODULES = {
    "catalog": "problem.catalog",
    "evaluator": "plan.evaluator",
    "explaining": "sensitivity.explain",
    "fleet": "fleets.batch",
    "fleets.solving": "fleets.solve",
    "front": "fronts.front",
    "highs": "backend.highs",
    "instance": "problem.instance",
    "loader": "problem.loader",
    "pareto_fronts": "fronts.pareto",
    "policy": "planner.policy",
    "profiling.calibration": "profiling.measure.calibration",
    "profiling.counting": "profiling.measure.counting",
    "profiling.cutting": "profiling.stages.cutting",
    "profiling.heads": "profiling.stages.heads",
    "profiling.network": "profiling.stages.network",
    "profiling.onnx_model": "profiling.onnx.model",
    "profiling.timing": "profiling.measure.timing",
    "profiling.training": "profiling.measure.training",
    "relaxing": "sensitivity.relax",
    "solver": "solving",
    "spending": "plan.spending",
    "traffic.comparing": "traffic.control.compare",
    "traffic.controller": "traffic.control.controller",
    "traffic.of_structure": "traffic.provision.service_of",
    "traffic.policy": "traffic.scaling_policy",
    "traffic.provisioning": "traffic.provision.solve",
    "traffic.rates": "traffic.demand.rates",
    "traffic.simulator": "traffic.simulate.simulate",
    "traffic.trace": "traffic.demand.trace",
    "traffic.trace_file": "traffic.demand.trace_file",
}
"""Modules by their old names."""
NAMES = {
    "plan": {"Plan": "plan.document"},
    "planner": {"Planner": "planner.planner"},
    "profiling.compression": {"measure_compression": "profiling.compression.measure"},
    "profiling.measure.training": {"Training": "profiling.measure.training:TrainingSettings"},
    "profiling.privacy": {"measure_privacy": "profiling.privacy.measure"},
    "profiling.settings": {"Settings": "profiling.settings:ProfileSettings"},
    "traffic.schedule": {"schedule": "traffic.schedule.solve"},
}
"""Names of old modules whose place a package has taken, and of classes that have another name now."""


class Loader:
    """Gives the module of the new name."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of the new name in the place of the empty one."""
        from importlib import import_module

        name = module.__name__
        sys.modules[name] = import_module(ROOT + MODULES[name.removeprefix(ROOT)])


def spec_of(name: str) -> ModuleSpec | None:
    """Return a specification for the full name of an old module, None for others."""
    new = MODULES.get(name.removeprefix(ROOT))
    if new is None:
        return None
    _warn(name, ROOT + new, 4)
    return ModuleSpec(name, Loader())  # type: ignore[arg-type]  # a loader by its methods


def old_names(package: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package or module whose names stand elsewhere, or have changed."""
    homes = NAMES[package.removeprefix(ROOT)]

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        from importlib import import_module

        home, _, own = homes[name].partition(":")
        own = own or name
        _warn(f"{package}.{name}", f"{ROOT}{home}.{own}", 3)
        return getattr(import_module(ROOT + home), own)

    return get


def _warn(old: str, new: str, level: int) -> None:
    import warnings

    warnings.warn(f"{old} is now {new}; the old path goes with the next release", DeprecationWarning, stacklevel=level)
