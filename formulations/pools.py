"""What the model of `provisioning.py` is made of: blocks, sizes they may have, and what latency asks of thresholds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolSizes:
    """Numbers of machines to choose from, and what they carry.

    Attributes
    ----------
    counts
        K_b.
    lines
        By group and line, for each number its (slope, icpt).
    low, high
        lo_b and hi_b, seconds a request.
    waits
        By line, for each number its (wslope, wicpt); empty where the mean does not count.
    late
        For each number g_{b,k,s} of the stages from the block on; empty where no share of late requests counts.
    """

    counts: tuple[int, ...]
    lines: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]
    low: float
    high: float
    waits: tuple[tuple[tuple[float, float], ...], ...] = ()
    late: tuple[tuple[float, ...], ...] = ()

    @property
    def sloping(self) -> bool:
        """Whether what is carried, or waits, depends on the work."""
        return bool(self.waits) or any(slope for lines in self.lines for line in lines for slope, _ in line)


@dataclass(frozen=True, slots=True)
class BlockModel:
    """One block; stages are numbered 1..M.

    Attributes
    ----------
    rent, workers, times, sending
        c_b, ω_b, t_s by stage and τ_b; no times: no machines.
    fee, prices
        fee_b and f_s by stage; no prices: no function.
    handover
        h_b.
    most
        Most machines that can be of use, or that may be rented.
    sizes
        None: any number up to `most`, at the utilisation cap.
    """

    first: int
    last: int
    rent: float
    workers: int
    times: dict[int, float]
    sending: float
    fee: float
    prices: dict[int, float]
    handover: float
    most: int
    sizes: PoolSizes | None = None

    @property
    def stages(self) -> range:
        """Stages of the block."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class LateLimit:
    """Limit on latency that thresholds decide: Σ_s R_s weights_s + what waits <= room; no weights: none."""

    weights: tuple[float, ...] = ()
    room: float = 1.0
