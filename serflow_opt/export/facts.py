"""What a name in a plan stands for: by the instance where it is given, else by the catalogue and how names are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.export.description import DescribedFunction, DescribedMachine
from serflow_opt.problem.catalog import load_catalog
from serflow_opt.problem.catalog.rows import VmType
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import TierKind
from serflow_opt.problem.offers import Option
from serflow_opt.problem.ranges import MIB

FUNCTION = re.compile(r"(?P<service>lambda|cloud-run|azure-functions)-(?:(?P<arch>arm64)-)?(?P<memory>\d+(?:\.\d+)?)MB")
"""Names that `ranges.function_name` makes."""

Kind = TierKind | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Knows what is behind names; `file` is the plan, for messages."""

    file: str
    instance: Instance | None

    def option(self, name: str, tier: str | None, place: str) -> Option | None:
        """Return the instance's option, None without instance or where the option is a member of a range.

        Parameters
        ----------
        name
            Of the option, as the plan has it.
        tier
            Name of its tier; None: any.
        place
            Where the plan says so, for messages.

        Raises
        ------
        InputError
            When the instance has nothing of this name.
        """
        if self.instance is None:
            return None
        named = [o for o in self.instance.options if tier in (None, self.instance.tiers[o.tier].name)]
        found = next((o for o in named if o.name == name), None)
        if found is None and not (self.instance.families and FUNCTION.fullmatch(name)):
            known = [o.name for o in named]
            cure = f"{nearest(name, known)}; give the instance that the plan is of"
            raise InputError([Problem(self.file, place, f"'{name}' is not in '{self.instance.name}'", cure)])
        return found

    def kind(self, name: str, tier: str, place: str, rented: bool) -> Kind:
        """Return what kind of thing an option is.

        Parameters
        ----------
        name, tier, place
            As of `option`.
        rented
            Whether the plan counts machines of it.

        Raises
        ------
        InputError
            When nothing tells, or the instance has nothing of this name.
        """
        if self.instance is not None:
            self.option(name, tier, place)
            return next(t.kind for t in self.instance.tiers if t.name == tier)
        if FUNCTION.fullmatch(name):
            return "function"
        if rented or vm_type(name) is not None:
            return "vm"
        found = f"cannot tell whether '{name}' is a machine, a function or a device"
        raise InputError([Problem(self.file, place, found, "give the plan's instance: --instance FILE")])

    def machine(
        self, name: str, tier: str | None, place: str, count: int | None = None, busy: float | None = None
    ) -> DescribedMachine:
        """Describe a machine.

        Parameters
        ----------
        name, tier, place
            As of `option`.
        count
            Machines; None: not known.
        busy
            Share of the time that they are busy; None: not known.

        Raises
        ------
        InputError
            When the instance has nothing of this name.
        """
        option, vm = self.option(name, tier, place), vm_type(name)
        machine = DescribedMachine(type=name, count=count, busy=busy)
        if vm is not None:
            known = {"provider": vm.provider, "vcpus": vm.vcpus, "gpus": vm.gpu_count, "architecture": vm.arch}
            machine = machine.model_copy(update=known)
        if option is not None and self.instance is not None:
            its = self.instance.tiers[option.tier]
            scaling = {"start_s": its.scaling.start_s, "machines_max": its.scaling.machines_max}
            machine = machine.model_copy(
                update={"busy_max": self.instance.utilisation_cap, "workers": option.workers, **scaling}
            )
            if its.kind == "edge":  # of one's own, whatever it is called
                machine = machine.model_copy(update={"provider": None})
        return machine

    def function(
        self, name: str, tier: str | None, place: str, requests_per_s: float | None, concurrency: float | None
    ) -> DescribedFunction:
        """Describe a function.

        Parameters
        ----------
        name, tier, place
            As of `option`.
        requests_per_s
            Of the requests that it gets; None: not known.
        concurrency
            Requests that it has at once; None: not known.

        Raises
        ------
        InputError
            When the instance has nothing of this name.
        """
        option, made = self.option(name, tier, place), FUNCTION.fullmatch(name)
        function = DescribedFunction(name=name, requests_per_s=requests_per_s, concurrency=concurrency)
        if made is not None:
            of_name = {
                "memory_mb": float(made["memory"]),
                "architecture": made["arch"] or "x86_64",
            }
            function = function.model_copy(update=of_name)
        if option is not None and self.instance is not None:
            scaling = self.instance.tiers[option.tier].scaling
            update = {"keep_alive_s": scaling.keep_alive_s, "concurrency_max": scaling.concurrency_max}
            if option.memory_bytes is not None:
                update["memory_mb"] = option.memory_bytes / MIB
            function = function.model_copy(update=update)
        return function


def vm_type(name: str) -> VmType | None:
    """Return the catalogue's type of known size, of any region: size and architecture do not differ between them."""
    return next((vm for vm in load_catalog().vms if vm.name == name and vm.vcpus is not None), None)
