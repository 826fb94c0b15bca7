"""Write stages.csv, rounds.csv and packing.csv; with the phones' scores phones.csv, too, and print the clients.

    python derive.py --data phones_ai_benchmark.csv

Times and bytes of VGG-16 by stage are PipeDream's on a V100 (github.com/msr-fiddle/pipedream at commit
7db6a1c3e64996d5b319faec6ca38cb31bfea1c4, MIT licence, profiler/image_classification/profiles/vgg16, batch 128). The
scores are of 333 phones in AI Benchmark, columns model and cpu_float_score, from FLASH (github.com/PKU-Chengxu/FLASH at
commit 55cbede0131877b583ed55333e980985a1925afd, BSD 2-clause, models/utils/device_util/raw_ai_benchmark_list.json).
Accuracies by round are those of ../resnet18-serverless-rounds/derive.py.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
from pathlib import Path

HERE = Path(__file__).parent
TENTHS = 10
PIXEL_2 = 1.464e10
"""FLOP/s of a Pixel 2, as in ../vgg16-edge-cloud."""
LINKS = {"wifi": (82.8, 82.8), "mobile": (10.0, 50.0)}
"""Mbit/s up and down."""
STAGES = (
    (0.63441, 1.20614, 3211264, 154880),
    (0.34609, 0.79041, 1605632, 885760),
    (0.37697, 0.66346, 802816, 5901312),
    (0.31203, 0.5308, 401408, 23599104),
    (0.1248, 0.18977, 100352, 28317696),
    (0.03305, 0.04624, 4000, 494571424),
)
"""Forward and backward milliseconds of a picture, bytes that go on and come back, bytes of parameters."""
ACCURACY = {
    1: [0.1001, 0.1787, 0.3741, 0.4714, 0.5016, 0.5487, 0.5895, 0.5931, 0.6218, 0.6357],
    2: [0.1, 0.264, 0.4707, 0.5617, 0.608, 0.6357, 0.6615, 0.6814, 0.6983, 0.7056],
    5: [0.1071, 0.2856, 0.5463, 0.6468, 0.6748, 0.706, 0.7227, 0.7326, 0.7467, 0.7506],
}
CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
LINEAR = (25088, 4096, 4096, 1000)


def flops() -> list[int]:
    """Forward operations of a 224 x 224 picture by stage: 2 a multiplication of convolutions and linear layers."""
    found, size, before = [], 224, 3
    for stage in CHANNELS:
        total = 0
        for channels in stage:
            total += 2 * 9 * before * channels * size * size
            before = channels
        found.append(total)
        size //= 2
    return [*found, sum(2 * a * b for a, b in itertools.pairwise(LINEAR))]


def write(name: str, rows: list[tuple[object, ...]]) -> None:
    """Write a table beside this file."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="scores of phones")
    data = parser.parse_args().data
    head = ("stage", "forward_ms", "backward_ms", "activation_bytes", "gradient_bytes", "parameter_bytes")
    stages = zip(STAGES, flops(), strict=True)
    rows = [(n, fwd, bwd, out, out, own, work) for n, ((fwd, bwd, out, own), work) in enumerate(stages, 1)]
    write("stages.csv", [(*head, "forward_flops"), *rows])
    rounds = [(epochs, 10, own, n) for epochs, run in ACCURACY.items() for n, own in enumerate(run, 1)]
    write("rounds.csv", [("local_epochs", "clients", "accuracy", "rounds"), *rounds])
    write("packing.csv", [("name", "kept"), ("none", 1), ("int8", 0.25)])
    if data is not None:
        phones(data)


def phones(path: Path) -> None:
    """Write the tenths of the phones, and print two groups of clients for each."""
    with path.open(encoding="utf-8") as file:
        models = [(row["model"], float(row["cpu_float_score"])) for row in csv.DictReader(file)]
    scores = sorted(score for _, score in models)
    median = statistics.median(scores)
    anchor = statistics.mean(score for model, score in models if model == "Google Pixel 2")
    flops_of_median = PIXEL_2 * median / anchor
    print(f"# median score {median:g}, Pixel 2 {anchor:g}: the median phone has {flops_of_median:.6g} FLOP/s\n")
    rows, clients = [], []
    for n in range(TENTHS):
        own = scores[len(scores) * n // TENTHS : len(scores) * (n + 1) // TENTHS]
        score = statistics.median(own)
        speed = score / median
        rows.append((n + 1, len(own), own[0], score, own[-1], f"{speed:.6g}", f"{flops_of_median * speed:.6g}"))
        for k, (link, (up, down)) in enumerate(LINKS.items()):
            count = len(own) // 2 if k else len(own) - len(own) // 2
            clients.append(
                f'[[client]]\nname = "{link}-{n + 1}"\ncount = {count}\nflops_per_s = {flops_of_median * speed:.6g}\n'
                f"samples = 200\nup_mbit_s = {up}\ndown_mbit_s = {down}\navailable = 0.8\njoules_per_flop = 3.006e-10\n"
                f"joules_per_mb = 0.2957\n" + ("usd_per_gb = 1.0\n" if link == "mobile" else "")
            )
    head = ("tenth", "phones", "lowest_score", "median_score", "highest_score", "speed", "flops_per_s")
    write("phones.csv", [head, *rows])
    print("\n".join(clients))


if __name__ == "__main__":
    main()
