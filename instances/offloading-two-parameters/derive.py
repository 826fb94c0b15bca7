"""Solve the survey's Table 3 for two unknowns a method, compute seconds and bytes; write tables and baseline-plan.json.

latency = compute + bytes x 8 / bandwidth, at 82.8 and at 276 Mbit/s.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from serflow_opt.instances.architectures import write_table

FOLDER = Path(__file__).parent
BANDWIDTHS = (82.8e6, 276e6)
"""bit/s."""
PUBLISHED = {"none": ((34.56, 22.96), (0.700, 0.758)), "dre+psi+mvot": ((17.23, 15.52), (0.864, 0.911))}
"""End-to-end ms and IoU at the two bandwidths; none is the survey's Baseline."""
TITAN_XP = 2.134e12
"""FLOP/s: survey, Table 5, VGG-16 in 14.5 ms; ../vgg16-edge-cloud. Only turns seconds into operations."""
PIXELS = 1280 * 720
"""A frame of the cited paper (MobiCom 2019)."""
HEADER = (
    "cut,method,width,kept_fraction,kept_sd,accuracy,cross_entropy,encode_flops,decode_flops,"
    "encode_ms,encode_sd_ms,decode_ms,decode_sd_ms,samples"
)


class Fit(NamedTuple):
    """Seconds that do not depend on the bandwidth, and bytes sent."""

    compute_s: float
    sent: float

    def ms(self, bandwidth: float) -> float:
        """Latency at a bandwidth of so many bit/s."""
        return (self.compute_s + self.sent * 8 / bandwidth) * 1e3


def fit(slow_ms: float, fast_ms: float) -> Fit:
    """Solve the two equations."""
    slow, fast = BANDWIDTHS
    bits = (slow_ms - fast_ms) / 1e3 / (1 / slow - 1 / fast)
    return Fit(slow_ms / 1e3 - bits / slow, bits / 8)


def main() -> None:
    """Run from the command line."""
    fits = {method: fit(*latencies) for method, (latencies, _) in PUBLISHED.items()}
    plain = fits["none"]
    least = min(fits.values()).compute_s
    frame = round(plain.sent)
    write_table(
        FOLDER / "stages.csv",
        "stage,flops,activation_bytes,parameter_bytes",
        [(1, round(least * TITAN_XP), 0, 0)],
    )
    for number, name in enumerate(("", "-276")):
        rows = []
        for method, (_, accuracies) in PUBLISHED.items():
            more = fits[method].compute_s - least
            kept = 1.0 if method == "none" else round(fits[method].sent / frame, 9)
            decode = (round(more * TITAN_XP), 0, 0, round(more * 1e3, 6), 0)
            rows.append((0, method, "", kept, 0, accuracies[number], 0, 0, *decode, 1))
        write_table(FOLDER / f"handovers{name}.csv", HEADER, rows)
        last = [(1, 0.0, 1.0, PUBLISHED["none"][1][number])]
        write_table(FOLDER / f"exits{name}.csv", "stage,threshold,exit_rate,accuracy", last)
    way = {"before_stage": 1, "compression": "none", "protection": "none", "scale": 0.0}
    place = {"stage": 1, "tier": "edge", "option": "titan-xp"}
    plan = {"placement": [place], "cut": 0, "thresholds": [], "handovers": [way]}
    (FOLDER / "baseline-plan.json").write_text(json.dumps({"plan": plan}, indent=2) + "\n", encoding="utf-8")
    print(f"input_bytes {frame}")
    for method, (latencies, _) in PUBLISHED.items():
        found = fits[method]
        print(f"{method}: compute {found.compute_s * 1e3:.3f} ms, {found.sent:,.0f} bytes a frame, ", end="")
        print(f"{found.sent * 8 / PIXELS:.3f} bit a pixel")
        for bandwidth, published in zip(BANDWIDTHS, latencies, strict=True):
            print(f"  {bandwidth / 1e6:g} Mbit/s: published {published} ms, reproduced {found.ms(bandwidth):.2f} ms")
        for bandwidth in (20e6, 40e6, 150e6, 1e9):
            print(f"  {bandwidth / 1e6:g} Mbit/s: predicted {found.ms(bandwidth):.2f} ms")


if __name__ == "__main__":
    main()
