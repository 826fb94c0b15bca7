"""A batching instance whose optima are worked out by hand."""

from __future__ import annotations

from pathlib import Path

SMALL = """
schema = 1
kind = "batching"
name = "small"
arrivals = "smooth"
promises = [0.5, 1.0]

[[application]]
name = "a"
slo_ms = 400
rate_per_s = 10

[[application]]
name = "b"
slo_ms = 800
rate_per_s = 10

[[function]]
name = "f"
vcpus = [1, 2]
batch = [1, 2, 4]
times = "f.csv"
price = { vcpu_s = 1.0, request = 0.01 }
"""


TIMES = """vcpus,batch,mean_ms,max_ms
1,1,100,200
1,2,120,240
1,4,160,320
2,1,60,120
2,2,70,140
2,4,90,180
"""
"""USD a request on 1 vCPU: 0.1 + 0.01, (0.12 + 0.01) / 2 = 0.065, (0.16 + 0.01) / 4 = 0.0425; on 2 vCPUs 0.13,
(0.14 + 0.01) / 2 = 0.075, (0.18 + 0.01) / 4 = 0.0475.

Within whole targets: a, with room for 3 - 1 = 2 in 0.2 s, takes at most 2 on 1 vCPU (400 - 240 = 160 ms, 1.6 come) or
4 on neither (80 ms; 220 ms, 2.2 come): 0.065. b: 4 on 1 vCPU (480 ms, 4.8 come): 0.0425. Both: T = T1 + (1 - exp(-10
(T2 - T1))) / 20 with T1 = 80, T2 = 480 ms on 1 vCPU, so 0.08 + 0.0491 = 0.129 s, 2.58 come of the 3 that 4 take; on 2
vCPUs 0.220 + 0.0491 = 0.269 s, 5.4 come: 0.0475. So together 0.0475, and apart (0.065 + 0.0425) / 2 = 0.05375.

Within half of the targets, 200 and 400 ms: a alone 1 on 1 vCPU for 0.11 or 2 on 2 (60 ms, 0.6 come) no; so 0.11. b: 2
on 1 vCPU (160 ms, 1.6 come) 0.065; 4 on 2 (220 ms, 2.2 come) no. Together: 2 vCPUs, 2 (T1 = 60, T2 = 260 ms: 0.06 +
0.0432 = 0.103 s, 2.06 come) for 0.075; 4 (20, 220: 0.0632 s) no. So together 0.075, and apart (0.11 + 0.065) / 2 =
0.0875.
"""


def small(folder: Path, old: str = "", new: str = "", times: str = TIMES) -> Path:
    """Write the small instance, with a part of it replaced."""
    folder.mkdir(exist_ok=True)
    assert old in SMALL
    (folder / "instance.toml").write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    (folder / "f.csv").write_text(times, encoding="utf-8")
    return folder
