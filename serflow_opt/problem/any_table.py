"""What a machine of the catalogue must be to be offered: the table `any` of a tier."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import Field

from serflow_opt.problem.catalog import VmType
from serflow_opt.problem.key_types import InstanceTable, Name, Positive, Range


class AnyTable(InstanceTable):
    """tier.any: what a type of the catalogue must be."""

    vcpus: Range | None = Field(default=None, description="fewest and most vCPUs")
    memory_gb: Range | None = Field(default=None, description="least and most main memory, 1,024 MB")
    arch: list[Name] = Field(default=[], description="x86_64, arm64, or both (any)")
    family: list[Name] = Field(default=[], description="families, or patterns such as c*")
    gpu: list[Name] = Field(default=[], description="models of GPUs, or patterns; left out: types without accelerators")
    usd_per_hour_max: Positive | None = Field(default=None, description="most rent")
    burstable: bool = Field(default=False, description="also types that keep up their speed for a part of the time")

    def fits(self, vm: VmType) -> bool:
        """Whether a type is as said."""
        memory_gb = None if vm.memory_mb is None else vm.memory_mb / 1024
        return (
            _within(vm.vcpus, self.vcpus)
            and _within(memory_gb, self.memory_gb)
            and (not self.arch or vm.arch in self.arch)
            and (not self.family or _like(vm.family, self.family))
            and (_like(vm.gpu, self.gpu) if self.gpu else not vm.accelerator)
            and (self.usd_per_hour_max is None or vm.usd_per_hour <= self.usd_per_hour_max)
            and (self.burstable or not vm.burstable)
        )


def _within(size: float | None, span: Sequence[float] | None) -> bool:
    """Whether a size is within a span; one that is not known is within none."""
    return span is None or (size is not None and span[0] <= size <= span[1])


def _like(name: str, patterns: Sequence[str]) -> bool:
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
