"""What the catalogue knows of one thing that can be rented: size, limits, price, and the day of the price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

DEFAULT_REGION = "us-east-1"
ON_DEMAND = "on-demand"
Key = tuple[str, ...]
"""What identifies a row: (name, region, term) of a VM type, (provider, region, arch) of a function price."""


PER_HOUR = "per-hour"
PER_SECOND = "per-second"
NOT_HOURLY = {
    PER_SECOND: (
        "is paid by the second of use",
        "write it as [[tier.option]] of a tier of kind 'function', with flops_per_s and memory_mb",
    ),
    "per-gpu": (
        "is priced by the hour of one GPU of a machine that may have more",
        "give usd_per_hour of the whole machine, as [[tier.option]]",
    ),
    "gpu-only": (
        "is a GPU without a machine, which is paid beside it",
        "give usd_per_hour of machine and GPU together, as [[tier.option]]",
    ),
}
"""What is not rented as a machine by the hour: why, and what to do instead."""
OWN_CHIPS = {"inf1": "Inferentia", "inf2": "Inferentia2", "trn1": "Trainium"}
"""Families with accelerators that are no GPUs."""
BURSTABLE = frozenset({"t2", "t3", "t3a", "t4g", "Bs", "Bms"})
"""Families whose vCPUs run at full speed only as long as credits last: AWS's T and Azure's B."""
SHARED_CORE = frozenset({"e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"})
"""Google's types that have a part of a core and burst beyond it."""


@dataclass(frozen=True, slots=True)
class VmType:
    """A virtual machine type rented by the hour, in one region; or a GPU that is paid otherwise.

    Attributes
    ----------
    name, region
        What the provider calls it (`c6i.large`, `us-east-1`). GPU clouds whose source names no region have their own
        name there.
    term
        How it is rented: `on-demand`, `spot` (the provider may take it back at any time), or a commitment of
        `terms.csv` such as `1yr_no_upfront`. Name, region and term are the key of the row.
    arch
        Processor architecture, `x86_64` or `arm64`; "": unknown.
    vcpus
        Virtual CPUs; None: unknown, which only types with GPUs may be.
    memory_mb
        Main memory in units of 2^20 bytes; None: unknown, as vcpus.
    gpu, gpu_count, gpu_memory_mb
        Model of the GPU ("" without one), how many, and the memory of each one in units of 2^20 bytes.
    usd_per_hour
        Rent of the whole machine on this term, USD per hour; what is paid up front is spread over the term.
    source, as_of
        Where the price comes from, and the day for which that source gives it.
    billing
        `per-hour`; `per-second`: for the time of use only, at usd_per_hour / 3600; `per-gpu`: by the hour, of one GPU
        of a machine that may have more; `gpu-only`: the machine is paid beside it.
    """

    name: str
    provider: str
    region: str
    term: str
    family: str
    arch: str
    vcpus: float | None
    memory_mb: int | None
    gpu: str
    gpu_count: int
    gpu_memory_mb: int
    usd_per_hour: float
    source: str
    as_of: date
    billing: str = PER_HOUR

    @property
    def key(self) -> Key:
        """What identifies the row: name, region and term."""
        return (self.name, self.region, self.term)

    @property
    def burstable(self) -> bool:
        """Whether it keeps up its full speed for a part of the time only."""
        return self.family in BURSTABLE or self.name in SHARED_CORE

    def working_mb(self, measured: bool) -> int | None:
        """Return the memory that a network has to fit into, in units of 2^20 bytes; None: unknown.

        Parameters
        ----------
        measured
            Whether times were measured on the machine: with a GPU on that, and a request is on one of them.
        """
        return self.gpu_memory_mb if measured and self.gpu and self.gpu_memory_mb else self.memory_mb

    @property
    def accelerator(self) -> str:
        """What it computes with beside its vCPUs: 4 x A10G, or a chip of the provider's; "" without."""
        if self.gpu:
            return f"{self.gpu_count} x {self.gpu}"
        return OWN_CHIPS.get(self.family, "")


@dataclass(frozen=True, slots=True)
class FunctionPrice:
    """Price and limits of a cloud function service in one region and on one processor architecture.

    Prices are those of the first volume tier; a free allowance is not taken off.

    Attributes
    ----------
    provider, region, arch
        Together the key of the row; `arch` is `x86_64` or `arm64`.
    usd_per_gb_s
        USD per second and per 1,024 MB of configured memory.
    usd_per_vcpu_s
        USD per second and vCPU, where the provider charges them apart (0 where memory pays for both).
    usd_per_request
        Fee per invocation, USD.
    memory_min_mb, memory_max_mb, memory_step_mb
        Sizes on offer, in units of 2^20 bytes.
    mb_per_vcpu
        Memory that comes with one vCPU; a function of m MB has m / mb_per_vcpu vCPUs.
    payload_max_bytes
        Largest request or response of a synchronous invocation, bytes.
    duration_max_s
        Longest invocation, seconds.
    billing_step_ms, billing_min_ms
        Busy time is rounded up to the step, and at least the minimum is billed, milliseconds.
    package_max_bytes, image_max_bytes
        Largest unzipped package and largest container image, bytes.
    source, as_of
        Where the numbers come from, and the day for which that source gives the prices.
    """

    name: str
    provider: str
    region: str
    arch: str
    usd_per_gb_s: float
    usd_per_vcpu_s: float
    usd_per_request: float
    memory_min_mb: int
    memory_max_mb: int
    memory_step_mb: int
    mb_per_vcpu: float
    payload_max_bytes: int
    duration_max_s: float
    billing_step_ms: float
    billing_min_ms: float
    package_max_bytes: int
    image_max_bytes: int
    source: str
    as_of: date

    @property
    def key(self) -> Key:
        """What identifies the row: provider, region and architecture."""
        return (self.provider, self.region, self.arch)

    @property
    def usd_per_gb_s_with_vcpus(self) -> float:
        """USD per second and 1,024 MB, the vCPUs that come with them included."""
        return self.usd_per_gb_s + self.usd_per_vcpu_s * 1024 / self.mb_per_vcpu


@dataclass(frozen=True, slots=True)
class Commitment:
    """A rent for months or years at a discount, as the provider's average over its types.

    Attributes
    ----------
    provider, term
        The key of the row, such as `aws` and `1yr_no_upfront`.
    months
        How long one pays, used or not.
    upfront_fraction
        Share of the whole that is paid at the start.
    discount
        Share of the on-demand rent that is not paid.
    source, as_of
        Where the discount comes from, and the day for which that source gives it.
    """

    provider: str
    term: str
    months: int
    upfront_fraction: float
    discount: float
    source: str
    as_of: date

    @property
    def key(self) -> Key:
        """What identifies the row: provider and term."""
        return (self.provider, self.term)

    def of(self, vm: VmType) -> VmType:
        """Return the type as it costs under this commitment."""
        told = f"{vm.source}; {self.discount:.0%} off for {self.term} on average: {self.source}"
        rent = vm.usd_per_hour * (1 - self.discount)
        return replace(vm, term=self.term, usd_per_hour=rent, source=told, as_of=min(vm.as_of, self.as_of))
