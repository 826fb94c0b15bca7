"""Write layers.csv: the layers of VGG-16, mini-batches of 128 on one V100.

    python derive.py

The numbers are those of PipeDream (MIT licence), profiler/image_classification/profiles/vgg16/graph.txt of
https://github.com/msr-fiddle/pipedream at commit 7db6a1c3e64996d5b319faec6ca38cb31bfea1c4. Loading the input takes no
time, as in PipeDream's own optimiser. What crosses a cut is what earlier nodes give later ones: node 34 reads 32 and
33, any other the one before it. What a layer keeps is its output, but nothing for a layer in place or a view.
"""

from __future__ import annotations

import csv
from pathlib import Path

NODES = [  # name, forward ms, backward ms, bytes of activations, bytes of weights
    ("Input0", 17.972, 0.0, 77070336, 0),
    ("Conv2d(3, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 22.307, 24.613, 1644167168, 7168),
    ("ReLU(inplace)", 4.446, 5.553, 1644167168, 0),
    ("Conv2d(64, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 46.201, 113.33, 1644167168, 147712),
    ("ReLU(inplace)", 4.455, 5.311, 1644167168, 0),
    ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)", 3.795, 5.579, 411041792, 0),
    ("Conv2d(64, 128, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 15.155, 39.648, 822083584, 295424),
    ("ReLU(inplace)", 2.359, 2.738, 822083584, 0),
    ("Conv2d(128, 128, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 22.062, 53.379, 822083584, 590336),
    ("ReLU(inplace)", 2.513, 2.62, 822083584, 0),
    ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)", 2.211, 2.788, 205520896, 0),
    ("Conv2d(128, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 10.814, 18.335, 411041792, 1180672),
    ("ReLU(inplace)", 1.377, 1.38, 411041792, 0),
    ("Conv2d(256, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 17.458, 27.023, 411041792, 2360320),
    ("ReLU(inplace)", 1.64, 1.463, 411041792, 0),
    ("Conv2d(256, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 14.245, 33.888, 411041792, 2360320),
    ("ReLU(inplace)", 1.549, 1.321, 411041792, 0),
    ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)", 1.169, 1.513, 102760448, 0),
    ("Conv2d(256, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 9.249, 14.574, 205520896, 4720640),
    ("ReLU(inplace)", 1.026, 0.696, 205520896, 0),
    ("Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 15.359, 21.9, 205520896, 9439232),
    ("ReLU(inplace)", 0.848, 0.679, 205520896, 0),
    ("Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 11.775, 28.67, 205520896, 9439232),
    ("ReLU(inplace)", 0.881, 0.642, 205520896, 0),
    ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)", 0.802, 0.781, 51380224, 0),
    ("Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 5.608, 7.381, 51380224, 9439232),
    ("ReLU(inplace)", 0.784, 0.266, 51380224, 0),
    ("Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 4.07, 7.396, 51380224, 9439232),
    ("ReLU(inplace)", 0.463, 0.19, 51380224, 0),
    ("Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", 4.042, 8.648, 51380224, 9439232),
    ("ReLU(inplace)", 0.455, 0.175, 51380224, 0),
    ("MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)", 0.553, 0.234, 12845056, 0),
    ("Size(0)", 0.0, 0.0, 4, 0),
    ("View(-1)", 0.0, 0.0, 12845056, 0),
    ("Linear(in_features=25088, out_features=4096, bias=True)", 2.475, 4.575, 2097152, 411058176),
    ("ReLU(inplace)", 0.377, 0.03, 2097152, 0),
    ("Dropout(p=0.5)", 0.0, 0.0, 2097152, 0),
    ("Linear(in_features=4096, out_features=4096, bias=True)", 0.709, 0.734, 2097152, 67125248),
    ("ReLU(inplace)", 0.277, 0.032, 2097152, 0),
    ("Dropout(p=0.5)", 0.0, 0.0, 2097152, 0),
    ("Linear(in_features=4096, out_features=1000, bias=True)", 0.393, 0.548, 512000, 16388000),
]
READS = {34: (32, 33)}
NOTHING_KEPT = ("inplace", "View", "Size", "Input")


def main() -> None:
    """Write the table beside this file."""
    count = len(NODES)
    last = dict.fromkeys(range(1, count + 1), 0)
    for node in range(2, count + 1):
        for read in READS.get(node, (node - 1,) if node != 33 else ()):
            last[read] = node
    with Path(__file__).with_name("layers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        times = ("forward_ms", "backward_ms")
        writer.writerow(
            ("layer", "name", *times, "activation_bytes", "parameter_bytes", "crossing_bytes", "held_bytes")
        )
        for n, (name, there, back, size, weights) in enumerate(NODES, start=1):
            there = 0.0 if name.startswith("Input") else there
            crossing = sum(NODES[u - 1][3] for u in range(1, n + 1) if last[u] > n)
            held = 0 if any(word in name for word in NOTHING_KEPT) else size
            writer.writerow((n, name, f"{there:.3f}", f"{back:.3f}", size, weights, crossing, held))


if __name__ == "__main__":
    main()
