"""Write stages.csv, privacy.csv and rounds.csv, and print the clients.

    python derive.py

Stages and leaks are those of ../digits, speeds of phones those of ../vgg16-phones. RIGHT is what
`serflow-opt profile digits --data mnist --rounds` saw with one local epoch and two; README.md tells how.
"""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

from serflow_opt.problem.loader import shipped_folder

HERE = Path(__file__).parent
GUESS = 0.0672312
"""Mean squared error of guessing the mean digit: baseline_mse of ../digits."""
LINKS = {"wifi": (82.8, 82.8), "mobile": (10.0, 50.0)}
"""Mbit/s up and down."""
SAMPLES = 100
GRID = (*range(10, 80, 10), *range(80, 100, 2))
"""Accuracies of which the rounds are told, in hundredths."""
RIGHT = {
    ("federated", 1, 5, "none", "none"): (
        (97, 114, 278, 416, 616, 609, 759, 875, 902),
        (94, 150, 133, 597, 624, 852, 665, 801, 791, 907),
        (114, 191, 443, 767, 875, 906),
    ),
    ("split", 1, 5, "none", "none"): (
        (199, 115, 565, 501, 724, 627, 693, 519, 734, 634, 823, 780, 800, 863),
        (302, 377, 294, 438, 482, 601, 699, 833, 919),
        (268, 304, 547, 845, 747, 898, 744, 701, 882, 885, 921),
    ),
    ("federated", 2, 5, "none", "none"): (
        (98, 434, 421, 618, 852, 836, 882, 911),
        (86, 471, 677, 763, 906),
        (93, 322, 806, 840, 865, 926),
    ),
    ("split", 2, 5, "none", "none"): (
        (266, 570, 873, 791, 783, 873, 802, 918),
        (533, 573, 531, 634, 642, 591, 720, 747, 931),
        (365, 526, 836, 823, 898, 851, 825, 841, 937),
    ),
    ("federated", 1, 10, "none", "none"): (
        (98, 111, 531, 660, 696, 912),
        (99, 339, 797, 833, 903),
        (111, 93, 440, 806, 807, 922),
    ),
    ("federated", 1, 5, "int8", "none"): (
        (97, 114, 265, 437, 623, 610, 769, 873, 862, 820, 889, 824, 767, 888),
        (94, 148, 133, 598, 638, 864, 662, 799, 796, 873, 909),
        (114, 190, 506, 756, 838, 897, 747, 872, 837, 883, 926),
    ),
    ("federated", 1, 5, "tenth", "none"): (
        (98, 109, 198, 221, 571, 544, 690, 845, 830, 843, 854, 818, 835, 884),
        (88, 158, 120, 632, 768, 871, 878, 772, 798, 901),
        (91, 167, 473, 676, 737, 844, 809, 802, 754, 843, 913),
    ),
    ("federated", 1, 5, "none", "without-stragglers"): (
        (106, 285, 182, 754, 468, 793, 733, 738, 777, 787, 897, 879, 923),
        (93, 93, 433, 632, 780, 768, 793, 877, 910),
        (91, 145, 512, 718, 772, 845, 812, 883, 889, 848, 921),
    ),
}
"""Of 1,000 digits by round, for seeds 0, 1 and 2: mode, local epochs, clients, compression and selection. Each training
ended at 900 or after 14 rounds. Hybrid trainings take the steps of federated ones."""


def rows(instance: str, table: str) -> list[dict[str, str]]:
    """Read a table of another instance."""
    with (shipped_folder() / instance / table).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name: str, lines: list[tuple[object, ...]]) -> None:
    """Write a table beside this file."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def rounds() -> list[tuple[object, ...]]:
    """Return the first round that reached an accuracy, mean and deviation over seeds, where all of them did."""
    found: list[tuple[object, ...]] = []
    for (mode, *of), seeds in RIGHT.items():
        for percent in GRID:
            first = [next((n for n, own in enumerate(run, 1) if own >= 10 * percent), 0) for run in seeds]
            if not all(first):
                break
            numbers = (f"{statistics.fmean(first):.6g}", f"{statistics.stdev(first):.6g}", len(first))
            modes = ("federated", "hybrid") if mode == "federated" else (mode,)
            found += [(own, *of, f"{percent / 100:g}", *numbers) for own in modes]
    return found


def main() -> None:
    """Write the tables, and print two clients for each tenth of the phones."""
    stages = rows("digits", "stages.csv")
    head = ("stage", "forward_flops", "activation_bytes", "gradient_bytes", "parameter_bytes")
    crossing = [row["activation_bytes"] for row in stages]
    parts = [(s["stage"], s["flops"], out, out, s["parameter_bytes"]) for s, out in zip(stages, crossing, strict=True)]
    write("stages.csv", [head, *parts])
    plain = [row for row in rows("digits", "privacy.csv") if row["protection"] == "none"]
    leaks = [(row["cut"], f"{1 - float(row['mse']) / GUESS:.6g}") for row in plain]
    write("privacy.csv", [("cut", "leak"), *leaks, (len(stages), 0)])
    titles = ("mode", "local_epochs", "clients", "compression", "selection", "accuracy", "rounds", "rounds_sd", "seeds")
    write("rounds.csv", [titles, *rounds()])
    for phone in rows("vgg16-phones", "phones.csv"):
        for link, (up, down) in LINKS.items():
            print(
                f'[[client]]\nname = "{link}-{phone["tenth"]}"\nflops_per_s = {phone["flops_per_s"]}\n'
                f"samples = {SAMPLES}\nup_mbit_s = {up}\ndown_mbit_s = {down}\njoules_per_flop = 3.006e-10\n"
                f"joules_per_mb = 0.2957\n" + ("usd_per_gb = 1.0\n" if link == "mobile" else "")
            )


if __name__ == "__main__":
    main()
